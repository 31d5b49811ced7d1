"""The bot is stopped and started again at every stage; nothing is lost and nothing is done twice."""

import threading

import pytest

from runtime import START, StateGraph, interrupt
from tests.office import TRANSPORTS, OpenOffice, State, asking, is_open, key_of, settle, shown

AGENT = {"refund": asking({"question": "Send 40 EUR?", "amount": 40})}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_restart_at_every_stage_changes_nothing(open_office: OpenOffice, transport: str) -> None:
    async with open_office(AGENT, transport=transport) as office:
        ben = office.person("ben")

        async def restart() -> None:
            before = office.sandbox.messages("refunds")
            await office.stop_bot()
            await office.start_bot()
            await settle(office)
            assert [key_of(message) for message in office.sandbox.messages("refunds")] == [key_of(m) for m in before]

        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await restart()
        await ben.press(card, "Edit…")
        await office.modal("ben")
        await restart()
        assert await ben.submit({"Amount": "25"}) == {}
        assert "'amount': 25" in shown(await office.outcome())
        await restart()
        await ben.say("order 8", channel="refunds", thread_ts=(await office.root())["ts"])
        await office.card()
        await restart()
        await ben.press(await office.card(), "Approve")
        await office.outcome(count=2)
        await restart()
        keys = [key_of(message) for message in office.sandbox.messages("refunds") if message.get("bot_id")]
        assert len(keys) == len(set(keys)) == 5
        assert await office.bot.desk.ledger.unsettled() == []


async def test_what_was_asked_while_nobody_listened_is_told_to_the_person(open_office: OpenOffice) -> None:
    async with open_office(AGENT) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await office.stop_bot()
        assert await office.person("ben").press(card, "Approve")
        await office.start_bot()
        assert await office.person("ben").press(card, "Approve") is None
        await office.outcome()


async def test_a_shutdown_waits_for_a_step_and_a_restart_goes_on_after_it(open_office: OpenOffice) -> None:
    go, runs = threading.Event(), list[str]()

    def first(_: State) -> State:
        runs.append("first")
        go.wait(10)
        return {}

    def second(_: State) -> State:
        runs.append("second")
        return {"outcome": f"Got {interrupt('And now?')!r}."}

    graph = StateGraph(State).add_sequence([("first", first), ("second", second)]).add_edge(START, "first")
    async with open_office({"refund": graph}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        root = await office.root()
        threading.Timer(0.2, go.set).start()
        await office.stop_bot()
        await office.start_bot()
        card = await office.card()
        assert runs.count("first") == 1
        assert is_open(card)
        await office.person("ben").say("go on", channel="refunds", thread_ts=root["ts"])
        assert "Got 'go on'." in shown(await office.outcome())
