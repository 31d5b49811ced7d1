"""Who does not answer now: somebody else is asked, or they are reminded."""

from typing import Any

import pytest

from tests.office import Json, Office, OpenOffice, asking, is_open, settle, shown
from tests.scenarios.test_deadlines import pass_time, told_in_dm
from tests.scenarios.test_home import home_of
from tests.scenarios.test_policy import asked, with_policy

QUESTION = {"question": "Refund order 7?", "amount": 40}
FOR_BEN = with_policy(approvers=("U0BEN",))


async def hand_over(office: Office, card: Json, by: str, to: str, note: str = "") -> dict[str, str]:
    """Ask somebody else from the card's menu; returns what the modal complained about."""
    await office.person(by).choose(card, "Ask someone else…")
    await office.modal(by)
    errors = await office.person(by).submit({"Who should answer this?": to, "Note": note})
    await settle(office)
    return errors


async def test_whom_an_approver_hands_it_to_gets_the_card_and_may_answer(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FOR_BEN) as office:
        card = await asked(office)
        await office.person("carla").press(card, "Approve")
        await office.told("carla", "Only <@U0BEN> can answer this")
        assert await hand_over(office, card, "ben", "carla", "you know <them>") == {}
        line = "Handed to <@U0CARLA> by <@U0BEN>: you know &lt;them&gt;"
        await office.sees("refunds", card["ts"], line)
        hers = await office.card("@carla")
        assert line in hers["text"]
        assert "Open its conversation" in shown(hers)
        assert "Waiting for you (1)" in shown(await home_of(office, "carla"))
        await office.person("carla").press(hers, "Approve")
        await office.outcome()
        for where, one in (("refunds", card), ("@carla", hers)):
            now = await office.sees(where, one["ts"], "✅ *Approved* by <@U0CARLA>")
            assert line in shown(now)
            assert not is_open(now)
        await office.person("ben").command("/agent audit", channel="refunds")
        trail = await office.bot.desk.ledger.trail((await office.bot.desk.ledger.threads())[0].id)
        assert [(entry["what"], entry["detail"]) for entry in trail if entry["what"] == "hand_over"] == [
            ("hand_over", "U0CARLA")
        ]


async def test_whoever_asked_can_ask_those_who_may_answer_and_nobody_else(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FOR_BEN) as office:
        card = await asked(office)
        assert "you cannot let them" in str(await hand_over(office, card, "ana", "carla"))
        await office.person("ana").close_modal()
        assert await hand_over(office, card, "ana", "ben", "please") == {}
        assert "<@U0ANA> asks <@U0BEN> to answer this: please" in told_in_dm(office, "ben")
        assert office.sandbox.messages("@carla") == []


async def test_somebody_who_has_nothing_to_do_with_it_cannot_ask(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FOR_BEN) as office:
        card = await asked(office)
        assert await hand_over(office, card, "carla", "ben") == {}
        assert "Only <@U0BEN> can answer this" in shown(await office.modal("carla"))
        assert office.sandbox.messages("@ben") == []


@pytest.mark.parametrize(
    ("policy", "to", "why"),
    [
        ({"may_hand_over": False}, "carla", "you cannot let them"),
        ({"no_self_approval": True}, "ana", "it was their own request"),
        ({}, "dan", "guests may not"),
        ({}, "ben", "Choose somebody else."),
    ],
)
async def test_who_cannot_be_asked_is_said_beside_the_field(
    open_office: OpenOffice, policy: dict[str, Any], to: str, why: str
) -> None:
    specs = with_policy(approvers=("U0BEN",), **policy)
    async with open_office({"refund": asking(QUESTION)}, specs=specs) as office:
        card = await asked(office)
        assert why in (await hand_over(office, card, "ben", to))["Who should answer this?"]
        assert office.sandbox.messages(f"@{to}") == []


async def test_whom_it_was_handed_to_cannot_let_others(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=("U0BEN",))) as office:
        card = await asked(office, "ben")
        assert await hand_over(office, card, "ben", "ana") == {}
        hers = await office.card("@ana")
        assert "you cannot let them" in str(await hand_over(office, hers, "ana", "carla"))


async def test_two_who_have_to_agree_can_be_one_and_whom_they_asked(open_office: OpenOffice) -> None:
    specs = with_policy(approvers=("U0BEN", "U0CARLA"), required=2)
    async with open_office({"refund": asking(QUESTION)}, specs=specs) as office:
        card = await asked(office)
        await hand_over(office, card, "ben", "ana")
        await office.person("ben").press(card, "Approve")
        await settle(office)
        await office.person("ana").press(await office.card("@ana"), "Approve")
        await office.outcome()
        await office.sees("refunds", card["ts"], "✅ *Approved* by <@U0BEN> and <@U0ANA>")


async def test_a_question_that_was_answered_meanwhile_is_not_handed_over(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FOR_BEN) as office:
        card = await asked(office)
        await office.person("ana").choose(card, "Ask someone else…")
        await office.modal("ana")
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        await office.person("ana").submit({"Who should answer this?": "ben"})
        assert "<@U0BEN> approved this" in shown(await office.modal("ana"))
        await office.person("ana").close_modal()
        await office.person("ana").choose(card, "Ask someone else…")
        await office.told("ana", "<@U0BEN> approved this")


async def test_what_was_handed_over_outlives_the_bot(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FOR_BEN) as office:
        await hand_over(office, await asked(office), "ben", "carla")
        await office.stop_bot()
        await office.start_bot()
        await office.person("carla").press(await office.card("@carla"), "Approve")
        await office.outcome()
        assert len(office.sandbox.messages("@carla")) == 1


async def test_who_wants_to_be_reminded_is_once_if_it_is_still_open(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        card = await asked(office)
        for _ in range(2):
            await office.person("ben").choose(card, "Remind me in 1 hour")
        await office.told("ben", "I will remind you if this is still open then: <!date^")
        await pass_time(office, 0.9)
        assert told_in_dm(office, "ben") == ""
        await office.stop_bot()
        await office.start_bot()
        await pass_time(office, 0.2)
        await pass_time(office, 2)
        (reminder,) = office.sandbox.messages("@ben")
        assert "⏰ You asked me to remind you: *Refund* is still waiting for an answer." in shown(reminder)
        assert f"C0REFUNDS/p{card['ts'].replace('.', '')}" in shown(reminder)
        await office.person("ben").choose(card, "Remind me in 1 hour")
        await pass_time(office, 1.1)
        assert len(office.sandbox.messages("@ben")) == 2
        await office.person("carla").press(card, "Approve")
        await office.outcome()
        await settle(office)
        assert told_in_dm(office, "ben").count("✅ *Approved* by <@U0CARLA>") >= 1


async def test_nobody_is_reminded_of_what_was_decided(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        card = await asked(office)
        await office.person("ben").choose(card, "Remind me in 1 hour")
        await office.person("carla").press(card, "Approve")
        await office.outcome()
        await pass_time(office, 1.1)
        assert told_in_dm(office, "ben") == ""
        await office.person("ben").choose(card, "Remind me in 1 hour")
        await office.told("ben", "<@U0CARLA> approved this")


async def test_the_inbox_lists_what_waits_with_links(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FOR_BEN) as office:
        await office.person("ben").command("/agent inbox", channel="refunds")
        await office.told("ben", "Nothing is waiting for you.")
        card = await asked(office)
        await settle(office)  # where the card is, is noted once Slack has said it
        await office.person("ben").command("/agent inbox", channel="refunds")
        told = shown(await office.told("ben", "Refund order 7?"))
        assert f"C0REFUNDS/p{card['ts'].replace('.', '')}|Refund order 7?> · Refund · <@U0ANA>" in told
        await office.person("ana").command("/agent inbox", channel="refunds")
        await office.told("ana", "Nothing is waiting for you.")


async def test_a_question_that_is_asked_elsewhere_is_handed_over_there_and_at_home_people_read_of_it(
    open_office: OpenOffice,
) -> None:
    specs = with_policy(ask_in="dm", approvers=("U0BEN",))
    async with open_office({"refund": asking(QUESTION)}, specs=specs) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        assert await hand_over(office, await office.card("@ben"), "ben", "carla", "you know them") == {}
        said = shown(office.sandbox.thread("refunds", (await office.root())["ts"]))
        assert "Asked <@U0BEN> directly\n↪️ Handed to <@U0CARLA> by <@U0BEN>: you know them" in said
        await office.person("carla").press(await office.card("@carla"), "Reject…")
        await office.modal("carla")
        await office.person("carla").submit()
        await office.outcome()
        await settle(office)
        for where in ("refunds", "@ben", "@carla"):
            assert "⛔ *Rejected* by <@U0CARLA>" in shown(office.sandbox.messages(where))
