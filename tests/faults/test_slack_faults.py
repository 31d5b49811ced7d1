"""Whatever Slack does to a call or a delivery: in the end one card, one decision, one outcome."""

import asyncio

import pytest

from bot.sandbox import Fault
from tests.office import Json, Office, OpenOffice, asking, is_open, key_of, settle, shown

AGENT = {"refund": asking({"question": "Send 40 EUR?", "amount": 40})}


async def starts(office: Office) -> Json:
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    card: Json = await office.sandbox.until(lambda: next(c for c in office.cards() if is_open(c)), timeout=10)
    return card


async def ends_well(office: Office, card: Json) -> None:
    """Approve; then everything is there once, and shows the end."""
    await office.person("ben").press(card, "Approve")
    await office.sandbox.until(
        lambda: (
            office.outcomes() and "Finished" in shown(office.roots()[0]) and "Finished" in shown(office.cards()[-1])
        ),
        timeout=15,
    )
    await settle(office)
    keys = [key_of(message) for message in office.sandbox.messages("refunds") if message.get("bot_id")]
    assert len(keys) == len(set(keys)) == 3, keys
    (thread,) = await office.bot.desk.ledger.threads()
    trail = [entry["what"] for entry in await office.bot.desk.ledger.trail(thread.id)]
    assert trail.count("answer") == 1
    assert await office.bot.desk.ledger.unsettled() == []


@pytest.mark.parametrize("kind", ["429", "500", "lost_reply", "drop", "slow"])
@pytest.mark.parametrize("nth", [0, 1, 2], ids=["root", "card", "outcome"])
async def test_every_message_is_there_once(open_office: OpenOffice, kind: str, nth: int) -> None:
    async with open_office(AGENT) as office:
        for _ in range(nth):
            office.sandbox.inject(Fault(method="chat.postMessage", kind="slow", seconds=0.01))
        office.sandbox.inject(Fault(method="chat.postMessage", kind=kind, retry_after=0, seconds=0.2))
        await ends_well(office, await starts(office))


@pytest.mark.parametrize("kind", ["500", "lost_reply", "drop"])
async def test_slack_may_be_away_for_a_while(open_office: OpenOffice, kind: str) -> None:
    async with open_office(AGENT) as office:
        office.sandbox.inject(Fault(method="chat.postMessage", kind=kind, times=3))
        office.sandbox.inject(Fault(method="conversations.history", kind="500", times=2))
        await ends_well(office, await starts(office))


@pytest.mark.parametrize("kind", ["429", "500", "lost_reply", "drop"])
async def test_a_card_is_redrawn_in_the_end(open_office: OpenOffice, kind: str) -> None:
    async with open_office(AGENT) as office:
        card = await starts(office)
        office.sandbox.inject(Fault(method="chat.update", kind=kind, times=3, retry_after=0))
        await ends_well(office, card)


async def test_a_slow_slack_keeps_nobody_waiting_for_an_acknowledgement(open_office: OpenOffice) -> None:
    async with open_office(AGENT, ack_seconds=1.0) as office:
        office.sandbox.inject(Fault(method="chat.postMessage", kind="slow", seconds=1.5, times=2))
        office.sandbox.inject(Fault(method="chat.update", kind="slow", seconds=1.5, times=2))
        await ends_well(office, await starts(office))
        assert all(delivery.acked for delivery in office.sandbox.deliveries)


async def test_a_deleted_card_is_put_up_again_when_it_changes(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = await starts(office)
        office.sandbox._site.workspace.delete("C0REFUNDS", card["ts"])
        await office.person("ana").command("/agent stop", channel="refunds")
        await settle(office)
        assert office.cards() == []  # nobody needs it any more


async def test_a_conversation_that_was_deleted_begins_anew(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = await starts(office)
        office.sandbox._site.workspace.delete("C0REFUNDS", (await office.root())["ts"])
        await office.person("ben").press(card, "Approve")
        outcome = await office.outcome()
        assert outcome["thread_ts"] == (await office.root())["ts"]


@pytest.mark.parametrize("delivery", ["lose_ack", "duplicate", "delay"])
@pytest.mark.parametrize("kind", ["/agent", "block_actions", "message", "app_mention"])
async def test_deliveries_may_be_lost_doubled_or_late(open_office: OpenOffice, delivery: str, kind: str) -> None:
    async with open_office(AGENT, event_retry_delays=(0.0, 0.05)) as office:
        office.sandbox.inject(Fault(delivery=delivery, kind=kind, seconds=0.1))
        await ends_well(office, await starts(office))


@pytest.mark.parametrize("delivery", ["lose_ack", "duplicate", "delay"])
async def test_submissions_may_be_lost_doubled_or_late(open_office: OpenOffice, delivery: str) -> None:
    async with open_office(AGENT) as office:
        card = await starts(office)
        ben = office.person("ben")
        await ben.press(card, "Edit…")
        await office.modal("ben")
        office.sandbox.inject(Fault(delivery=delivery, kind="view_submission", seconds=0.1))
        errors = await ben.submit({"Amount": "25"})
        assert set(errors) <= {""}
        assert "'amount': 25" in shown(await office.outcome())
        if errors:  # the acknowledgement was lost, so the modal is still there: once more
            await ben.submit({"Amount": "30"})
            assert "<@U0BEN> approved this" in shown(ben.modal)
        await settle(office)
        assert len(office.outcomes()) == 1


async def test_a_private_answer_that_fails_changes_nothing(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        card = await starts(office)
        office.sandbox.inject(Fault(method="chat.postEphemeral", kind="drop", times=4))
        await asyncio.gather(*(office.person(name).press(card, "Approve") for name in ("ana", "ben", "carla")))
        await office.outcome()
        await settle(office, 20)
        assert len(office.outcomes()) == 1
