"""Questions that are asked elsewhere than in their run's conversation: in another channel, or of people directly."""

import asyncio
from typing import Any

import pytest

from bot.sandbox import Fault
from runtime.hitl import Approval
from tests.office import Json, Office, OpenOffice, asking, is_open, key_of, settle, shown
from tests.scenarios.test_deadlines import pass_time
from tests.scenarios.test_home import home_of
from tests.scenarios.test_policy import with_policy

QUESTION = {"question": "Refund order 7?", "amount": 40}
ELSEWHERE = with_policy(ask_in="#deploys")
DIRECTLY = with_policy(ask_in="dm", approvers=("@finance",))


async def ask(office: Office, where: str, name: str = "ana") -> Json:
    await office.person(name).command("/agent refund order 7", channel="refunds")
    card = await office.card(where)
    await settle(office)
    return card


async def at_home(office: Office) -> str:
    """All that the run's conversation says."""
    await settle(office)
    return shown(office.sandbox.thread("refunds", (await office.root())["ts"]))


@pytest.mark.parametrize("ask_in", ["#deploys", "C0DEPLOYS"])
async def test_the_card_is_in_the_other_channel_and_the_thread_says_so(open_office: OpenOffice, ask_in: str) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(ask_in=ask_in)) as office:
        card = await ask(office, "deploys")
        assert office.cards("refunds") == []
        said = await at_home(office)
        assert "📨 Asked in <#C0DEPLOYS>: <http" in said
        assert f"/archives/C0DEPLOYS/p{card['ts'].replace('.', '')}|open>" in said
        assert "Open its conversation" in shown(card)
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        said = await at_home(office)
        assert said.count("✅ *Approved* by <@U0BEN>") == 2  # in the line, and in what is read out of it
        assert len(office.outcomes()) == 1
        assert not is_open(await office.sees("deploys", card["ts"], "🏁 Finished."))
        assert len(office.sandbox.messages("deploys")) == 1


async def test_where_the_bot_is_not_the_question_comes_home_and_says_why(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=ELSEWHERE) as office:
        office.sandbox.leave("bot", "deploys")
        card = await ask(office, "refunds")
        assert "I cannot post in #deploys, so this is asked here" in await at_home(office)
        await office.person("ben").press(card, "Approve")
        await office.outcome()


async def test_where_slack_does_not_let_the_bot_post_the_question_comes_home(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(ask_in="C0DEPLOYS")) as office:
        office.sandbox.leave("bot", "deploys")
        card = await ask(office, "refunds")
        assert "I cannot post in <#C0DEPLOYS>, so this is asked here" in await at_home(office)
        assert len(office.cards("refunds")) == 1
        await office.person("ben").press(card, "Approve")
        await office.outcome()


@pytest.mark.parametrize("where", ["dm", "here"])
async def test_guests_are_not_asked_what_they_may_not_answer(open_office: OpenOffice, where: str) -> None:
    policy = with_policy(ask_in=where, approvers=("U0BEN", "U0DAN"), direct_message="1h")
    async with open_office({"refund": asking(QUESTION)}, specs=policy) as office:
        await ask(office, "@ben" if where == "dm" else "refunds")
        await pass_time(office, 2)
        assert office.sandbox.messages("@ben") != []
        assert office.sandbox.messages("@dan") == []


async def test_members_of_the_channel_means_the_one_it_is_asked_in(open_office: OpenOffice) -> None:
    policy = with_policy(ask_in="#deploys", approvers=("channel",))
    async with open_office({"refund": asking(QUESTION)}, specs=policy) as office:
        office.sandbox.leave("ana", "deploys")
        office.sandbox.leave("ben", "refunds")
        card = await ask(office, "deploys")
        assert "Waiting for you (0)" in shown(await home_of(office, "ana"))
        await office.person("ben").press(card, "Approve")
        await office.outcome()


async def test_a_question_that_came_home_is_still_for_those_it_was_meant_for(open_office: OpenOffice) -> None:
    policy = with_policy(ask_in="#deploys", approvers=("channel",))
    async with open_office({"refund": asking(QUESTION)}, specs=policy) as office:
        office.sandbox.leave("bot", "deploys")
        card = await ask(office, "refunds")
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "I could not check who is in #deploys, so nothing was decided.")


async def test_a_tool_can_be_asked_about_elsewhere_than_its_agent(open_office: OpenOffice) -> None:
    policy = with_policy(ask_in="#deploys", tools={"look_up": {"ask_in": "here"}})
    payloads = (Approval(title="Look it up?", tool="look_up"), Approval(title="Refund it?", tool="refund"))
    async with open_office({"refund": asking(*payloads)}, specs=policy) as office:
        card = await ask(office, "refunds")
        assert "Asked in" not in await at_home(office)
        await office.person("ben").press(card, "Approve")
        assert "Refund it?" in shown(await office.card("deploys"))


async def test_a_payload_cannot_say_where_it_is_asked(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({**QUESTION, "ask_in": "#deploys"})}) as office:
        await ask(office, "refunds")
        assert office.sandbox.messages("deploys") == []


async def test_a_reply_below_the_card_is_the_answer_and_no_other_talk_is_heard(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which order?")}, specs=ELSEWHERE) as office:
        card = await ask(office, "deploys")
        assert "reply in this thread" in shown(card)
        await office.person("ben").say("number 7", channel="deploys", thread_ts=card["ts"])
        assert "Got 'number 7'" in shown(await office.outcome())
        await office.person("carla").say("or 8?", channel="deploys", thread_ts=card["ts"])
        await office.told("carla", "<@U0BEN> answered this")
        assert len(office.outcomes()) == 1


async def test_talk_below_a_decided_card_is_left_alone(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=ELSEWHERE) as office:
        card = await ask(office, "deploys")
        await office.person("ben").say("fine with me", channel="deploys", thread_ts=card["ts"])
        await office.told("ben", "Use the buttons on its card.")
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        await office.person("carla").say("thanks", channel="deploys", thread_ts=card["ts"])
        await settle(office)
        assert office.person("carla").ephemerals() == []
        assert len(office.outcomes()) == 1


async def test_everybody_who_may_answer_gets_the_card(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=DIRECTLY) as office:
        ben = await ask(office, "@ben")
        carla = await office.card("@carla")
        assert "Asked <@U0BEN> and <@U0CARLA> directly" in await at_home(office)
        assert office.cards("refunds") == office.cards("@ana") == []
        await office.person("carla").press(carla, "Approve")
        await office.outcome()
        for name, card in (("ben", ben), ("carla", carla)):
            now = await office.sees(f"@{name}", card["ts"], "✅ *Approved* by <@U0CARLA>")
            assert not is_open(now)
            assert len(office.sandbox.messages(f"@{name}")) == 1
        assert "✅ *Approved* by <@U0CARLA>" in await at_home(office)


async def test_of_two_who_press_in_their_own_messages_one_decides(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=DIRECTLY) as office:
        cards = {"ben": await ask(office, "@ben"), "carla": await office.card("@carla")}
        await asyncio.gather(*(office.person(name).press(card, "Approve") for name, card in cards.items()))
        await office.outcome()
        await settle(office)
        first, second = ("ben", "carla") if "by <@U0BEN>" in await at_home(office) else ("carla", "ben")
        for name, card in cards.items():
            await office.sees(f"@{name}", card["ts"], f"✅ *Approved* by <@{office.person(first).id}>")
        await office.told(second, "approved this")
        assert len(office.outcomes()) == 1


async def test_an_answer_typed_below_the_card_in_a_direct_message_counts(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which order?")}, specs=DIRECTLY) as office:
        card = await ask(office, "@ben")
        await office.person("ben").say("number 7", channel="dm", thread_ts=card["ts"])
        assert "Got 'number 7'" in shown(await office.outcome())


async def test_nobody_to_write_to_is_said_and_the_question_comes_home(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(ask_in="dm")) as office:
        await ask(office, "refunds")
        assert "I could not write to those who may answer directly, so this is asked here." in await at_home(office)


async def test_who_cannot_be_written_to_is_left_out(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=DIRECTLY) as office:
        office.sandbox.account("ben", deleted=True)
        await ask(office, "@carla")
        said = await at_home(office)
        assert "Asked <@U0CARLA> directly" in said
        assert "I could not write to <@U0BEN> directly." in said
        assert office.cards("refunds") == []


@pytest.mark.parametrize("specs", [ELSEWHERE, DIRECTLY], ids=["channel", "directly"])
async def test_after_a_restart_there_is_one_card_a_place_and_it_works(
    open_office: OpenOffice, specs: dict[str, Any]
) -> None:
    where = "deploys" if specs is ELSEWHERE else "@ben"
    async with open_office({"refund": asking(QUESTION)}, specs=specs) as office:
        office.sandbox.inject(Fault(method="chat.postMessage", kind="lost_reply", after=1))
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.root()
        await office.stop_bot()
        office.sandbox.heal()
        await office.start_bot()
        card = await office.card(where)
        await settle(office)
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        for place in ("deploys", "@ben", "@carla", "refunds"):
            keys = [key_of(message) for message in office.sandbox.messages(place)]
            assert len(keys) == len(set(keys))


async def test_a_reminder_comes_where_the_card_is(open_office: OpenOffice) -> None:
    specs = with_policy(ask_in="#deploys", deadline="8h", approvers=("@finance",))
    async with open_office({"refund": asking(QUESTION)}, specs=specs) as office:
        card = await ask(office, "deploys")
        await pass_time(office, 4.1)
        assert "⏰ *Refund* is still waiting" in shown(office.sandbox.thread("deploys", card["ts"]))
        assert "⏰" not in await at_home(office)
        await pass_time(office, 2)
        assert f"C0DEPLOYS/p{card['ts'].replace('.', '')}" in shown(office.sandbox.messages("@ben"))
        await pass_time(office, 2)
        assert "⌛ *No answer by" in await at_home(office)
