"""Clicks on cards: one wins, everybody else is told why not, and nobody is left without an answer."""

import asyncio
import copy

import pytest

from bot.sandbox import Fault
from runtime.hitl import Approval
from tests.office import TRANSPORTS, Json, Office, OpenOffice, asking, settle, shown

QUESTION = {"question": "Send 40 EUR?", "amount": 40}
AGENT = {"refund": asking(QUESTION)}


async def asked(office: Office, by: str = "ana", channel: str = "refunds") -> Json:
    """Start the agent; return its card."""
    await office.person(by).command("/agent refund order 7", channel=channel)
    return await office.card(channel)


async def decisions(office: Office) -> list[str]:
    """What was decided, by the audit trail."""
    (thread,) = await office.bot.desk.ledger.threads()
    return [str(entry["what"]) for entry in await office.bot.desk.ledger.trail(thread.id)]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_of_two_who_decide_at_once_one_wins_and_the_other_hears_of_it(
    open_office: OpenOffice, transport: str
) -> None:
    async with open_office(
        {
            "refund": asking(
                {"question": "Go?", "actions": [{"label": "Go", "resume": True}, {"label": "Halt", "resume": False}]}
            )
        },
        transport=transport,
    ) as office:
        ana, ben = office.person("ana"), office.person("ben")
        card = await asked(office)
        await asyncio.gather(ana.press(card, "Go"), ben.press(card, "Halt"))
        outcome = shown(await office.outcome())
        await settle(office)
        winner, loser = ("ana", "ben") if "True" in outcome else ("ben", "ana")
        await office.told(loser, f"<@{office.person(winner).id}> ", "refunds")
        assert "Your answer was not used" in shown(office.person(loser).ephemerals("refunds"))
        assert len(office.person(winner).ephemerals("refunds")) == (1 if winner == "ana" else 0)  # "Starting …"
        assert (await decisions(office)).count("answer") == 1
        assert (await decisions(office)).count("answer refused") == 1
        assert len(office.outcomes()) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_double_click_counts_once(open_office: OpenOffice, transport: str) -> None:
    async with open_office(AGENT, transport=transport) as office:
        ben = office.person("ben")
        card = await asked(office)
        await asyncio.gather(ben.press(card, "Approve"), ben.press(card, "Approve"))
        await office.outcome()
        await office.told("ben", "<@U0BEN> approved this", "refunds")
        await settle(office)
        assert (await decisions(office)).count("answer") == 1
        assert len(office.outcomes()) == 1


@pytest.mark.parametrize("fault", ["duplicate", "lose_ack"])
async def test_a_click_that_slack_delivers_oddly_counts_once(open_office: OpenOffice, fault: str) -> None:
    async with open_office(AGENT) as office:
        card = await asked(office)
        office.sandbox.inject(Fault(delivery=fault, kind="block_actions"))
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        await settle(office)
        assert (await decisions(office)).count("answer") == 1
        assert len(office.outcomes()) == 1


async def test_a_click_on_a_decided_card_says_who_was_first(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = await asked(office)
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        await office.person("carla").press(card, "Reject…")
        told = await office.told("carla", "<@U0BEN> approved this", "refunds")
        assert "<!date^" in shown(told)
        assert office.person("carla").modal is None


async def test_a_click_on_a_stopped_card_says_who_stopped_it(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = await asked(office)
        await office.person("ana").command("/agent stop", channel="refunds")
        await office.sees("refunds", card["ts"], "Run stopped")
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "Run stopped by <@U0ANA>", "refunds")
        assert office.outcomes() == []


async def test_a_forged_request_is_refused_in_words(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = copy.deepcopy(await asked(office))
        office.person("ben").button(card, "Approve")["value"] = "0" * 32
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "not known here any more", "refunds")


async def test_an_action_the_card_does_not_have_decides_nothing(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = copy.deepcopy(await asked(office))
        office.person("ben").button(card, "Approve")["action_id"] = "act:launch"
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "nothing was decided", "refunds")
        assert "answer refused" in await decisions(office)


async def test_a_button_of_nobodys_is_answered(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = copy.deepcopy(await asked(office))
        office.person("ben").button(card, "Approve")["action_id"] = "something_else"
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "not known here any more", "refunds")


@pytest.mark.parametrize("label", ["Approve", "Edit…", "Reject…"])
async def test_somebody_of_another_workspace_cannot_decide(open_office: OpenOffice, label: str) -> None:
    async with open_office(AGENT) as office:
        card = await asked(office, channel="shared")
        eve = office.person("eve")
        await eve.press(card, label)
        await office.told("eve", "Only people of this workspace", "shared")
        for option in ("View everything", "Stop the run"):
            await eve.choose(card, option)
        await office.sandbox.until(lambda: len(eve.ephemerals("shared")) == 3)
        assert eve.modal is None
        await settle(office)
        assert "answer" not in await decisions(office)


async def test_only_an_agents_approvers_may_answer(open_office: OpenOffice) -> None:
    async with open_office(AGENT, specs={"refund": {"approvers": ("U0CARLA",)}}) as office:
        card = await asked(office)
        for label in ("Approve", "Edit…"):
            await office.person("ben").press(card, label)
        told = await office.told("ben", "Only <@U0CARLA> can answer this", "refunds")
        assert "Nothing was decided" in shown(told)
        await office.person("carla").press(card, "Approve")
        await office.outcome()
        assert (await decisions(office)).count("answer refused") == 2


async def test_a_payload_narrows_who_may_answer_and_never_widens_it(open_office: OpenOffice) -> None:
    payload = Approval(title="Send it?", approvers=["U0BEN", "U0ANA"])
    async with open_office(
        {"refund": asking(payload)}, specs={"refund": {"approvers": ("U0CARLA", "U0BEN")}}
    ) as office:
        card = await asked(office)
        for name in ("ana", "carla"):
            await office.person(name).press(card, "Approve")
            await office.told(name, "Only <@U0BEN> can answer", "refunds")
        await office.person("ben").press(card, "Approve")
        await office.outcome()


async def test_one_person_named_as_text_is_one_approver(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({**QUESTION, "actions": ["Go"], "approvers": "U0BEN"})}) as office:
        card = await asked(office)
        await office.person("carla").press(card, "Go")
        await office.told("carla", "Only <@U0BEN> can answer", "refunds")


async def test_who_left_the_channel_is_told_in_a_direct_message(open_office: OpenOffice) -> None:
    async with open_office(AGENT, specs={"refund": {"approvers": ("U0CARLA",)}}) as office:
        card = await asked(office)
        office.sandbox.inject(Fault(delivery="delay", kind="block_actions", seconds=0.05))
        pressing = asyncio.create_task(office.person("ben").press(card, "Approve"))
        await asyncio.sleep(0)
        office.sandbox.leave("ben", "refunds")
        await pressing
        await office.sandbox.until(lambda: "Only <@U0CARLA>" in shown(office.sandbox.messages("@ben")))


async def test_a_stop_needs_the_one_who_started_or_an_approver(open_office: OpenOffice) -> None:
    async with open_office(AGENT, specs={"refund": {"approvers": ("U0CARLA",)}}) as office:
        card = await asked(office)
        ben = office.person("ben")
        await ben.choose(card, "Stop the run")
        await office.modal("ben")
        await ben.submit()
        assert "can do that" in shown(ben.modal)
        carla = office.person("carla")
        await carla.choose(card, "Stop the run")
        await office.modal("carla")
        assert await carla.submit() == {}
        await office.sees("refunds", card["ts"], "Run stopped by <@U0CARLA>")
