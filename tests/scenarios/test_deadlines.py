"""Nobody answers: people are reminded, told directly, others may answer too, and at last policy decides."""

from typing import Any

import pytest

from bot.sandbox import Fault
from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval, Choice, Decision, Option, Question
from tests.office import Office, OpenOffice, State, asking, settle, shown
from tests.scenarios.test_policy import asked, with_policy

HOUR = 3600.0
LADDER = with_policy(approvers=("@finance",), deadline="8h", escalate_to=("@ops", "U0ANA", "C0DEPLOYS"))
REFUND = Approval(title="Refund order 7?", args={"amount": 40})


async def pass_time(office: Office, hours: float) -> None:
    """Let time pass, and the bot see to what is due."""
    office.late += hours * HOUR
    await office.bot.runner.recover()
    await settle(office)


def told_in_dm(office: Office, name: str) -> str:
    return shown(office.sandbox.messages(f"@{name}"))


async def test_nobody_answers_until_the_deadline(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=LADDER) as office:
        card = await asked(office)
        assert "answer by <!date^" in shown(card)
        assert "otherwise rejected automatically" in shown(card)
        await pass_time(office, 4.1)
        thread = office.sandbox.thread("refunds", card["thread_ts"])
        assert "⏰ *Refund* is still waiting for an answer of @finance" in shown(thread)
        assert told_in_dm(office, "ben") == ""
        await pass_time(office, 2)
        for name in ("ben", "carla"):
            assert "is waiting for an answer: you can give it. Requested by <@U0ANA>" in told_in_dm(office, name)
        assert told_in_dm(office, "ana") == ""
        await pass_time(office, 1)
        assert "members of <#C0DEPLOYS> may answer too" in shown(office.sandbox.thread("refunds", card["thread_ts"]))
        assert "you can give it" in told_in_dm(office, "ana")
        assert "you can give it" in shown(office.sandbox.messages("deploys"))
        await pass_time(office, 1)
        outcome = shown(await office.outcome())
        assert "approved=False" in outcome
        assert "timed_out=True" in outcome
        assert "⌛ *No answer by <!date^" in shown(await office.sees("refunds", card["ts"], "rejected automatically"))
        assert "⌛ *No answer by" in told_in_dm(office, "ben")


async def test_an_agent_can_tell_a_refusal_from_silence_from_a_stop(open_office: OpenOffice) -> None:
    heard: dict[str, Decision] = {}

    def ask(state: State) -> State:
        heard[state["request"]] = interrupt(REFUND)
        return {"outcome": "No refund."}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
    async with open_office({"refund": graph}, specs=with_policy(deadline="8h")) as office:
        for what in ("refuse", "stop", "wait"):
            await office.person("ana").command(f"/agent refund {what}", channel="refunds")
            card = await office.card()
            if what == "refuse":
                await office.person("ben").press(card, "Reject…")
                await office.modal("ben")
                assert await office.person("ben").submit({"Reason": "Too much"}) == {}
                await office.outcome()
            if what == "stop":
                await office.person("ana").say("!stop", channel="refunds", thread_ts=card["thread_ts"])
                await office.sees("refunds", card["ts"], "Run stopped")
        await pass_time(office, 8.1)
        await office.outcome(count=2)
        told = {what: (one.approved, one.reason, one.timed_out) for what, one in heard.items()}
        assert told == {"refuse": (False, "Too much", False), "wait": (False, None, True)}


async def test_a_click_after_the_deadline_is_too_late(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=with_policy(deadline="1h")) as office:
        card = await asked(office)
        office.late = 2 * HOUR  # and nobody has seen to it yet
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "This expired: <!date^")
        assert "timed_out=True" in shown(await office.outcome())


async def test_whoever_it_is_escalated_to_can_answer_then_and_not_before(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=LADDER) as office:
        card = await asked(office)
        await office.person("ana").press(card, "Approve")
        await office.told("ana", "Only @finance can answer this")
        await pass_time(office, 7.5)
        await office.person("ana").press(card, "Approve")
        assert "approved=True" in shown(await office.outcome())
        await settle(office)
        assert "Approved* by <@U0ANA>" in told_in_dm(office, "ben")


async def test_a_deadline_outlives_the_bot_and_what_was_missed_is_not_said_late(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=LADDER) as office:
        card = await asked(office)
        await office.stop_bot()
        office.late = 9 * HOUR
        await office.start_bot()
        await office.sees("refunds", card["ts"], "rejected automatically")
        assert told_in_dm(office, "ben") == ""


async def test_people_are_told_once_however_often_the_bot_looks(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=LADDER) as office:
        await asked(office)
        for _ in range(3):
            await pass_time(office, 2.1)
        assert len(office.sandbox.messages("@ben")) == 1


async def test_who_cannot_be_looked_up_is_told_later(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=LADDER) as office:
        await asked(office)
        office.sandbox.inject(Fault(method="usergroups.users.list", kind="500", times=1000))
        await pass_time(office, 6.1)
        assert told_in_dm(office, "ben") == ""
        office.sandbox.heal()
        await pass_time(office, 0.1)
        assert "you can give it" in told_in_dm(office, "ben")


@pytest.mark.parametrize(
    ("payload", "policy", "otherwise", "outcome"),
    [
        ({"question": "Go?", "amount": 5}, {}, "rejected automatically", "Got False"),
        ({"question": "Go?", "amount": 5}, {"on_timeout": "approve"}, "approved automatically", "Got True"),
        (Question(title="Which?"), {}, "the agent goes on without an answer", "approved=False"),
        (
            Choice(title="Which?", options=[Option(value="a", label="A")]),
            {},
            "the agent goes on without an answer",
            "timed_out=True",
        ),
    ],
)
async def test_what_silence_means_stands_on_the_card_before_and_after(
    open_office: OpenOffice, payload: Any, policy: dict[str, Any], otherwise: str, outcome: str
) -> None:
    async with open_office({"refund": asking(payload)}, specs=with_policy(deadline="1h", **policy)) as office:
        card = await asked(office)
        assert f"otherwise {otherwise}" in shown(card)
        await pass_time(office, 1.1)
        assert outcome in shown(await office.outcome())
        await office.sees("refunds", card["ts"], f"*: {otherwise}")


async def test_a_question_without_a_no_stops_the_run(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which one?")}, specs=with_policy(deadline="1h")) as office:
        card = await asked(office)
        assert "otherwise the run stops" in shown(card)
        await pass_time(office, 1.1)
        await office.sees("refunds", card["ts"], "⌛ *No answer by")
        assert "🛑 Run stopped" in shown(await office.root())


async def test_a_payload_can_shorten_the_deadline(open_office: OpenOffice) -> None:
    payload = Approval(title="Refund order 7?", deadline="30m")
    async with open_office({"refund": asking(payload)}, specs=with_policy(deadline="1h")) as office:
        await asked(office)
        await pass_time(office, 0.6)
        assert "timed_out=True" in shown(await office.outcome())
