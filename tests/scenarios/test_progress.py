"""What people see of an agent while it works, and that nothing of it stays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from bot.sandbox import Fault
from handlers.live import Pace, live_key
from runtime import START, MessagesState, StateGraph, get_stream_writer, interrupt
from tests.office import Office, OpenOffice, settle, shown

AT_ONCE = Pace(first=0.0, every=0.02)


class State(MessagesState, total=False):
    request: str


class Slow:
    """An agent of three nodes, the second of which waits for the test."""

    def __init__(self, text: str = "", status: str = "") -> None:
        self.on, self.go = asyncio.Event(), asyncio.Event()
        self.text, self.status = text, status
        graph = StateGraph(State).add_sequence([self.look_up, self.write, self.ask])
        self.graph = graph.add_edge(START, "look_up")

    async def look_up(self, state: State) -> Any:
        return {}

    async def write(self, state: State) -> Any:
        if self.status:
            get_stream_writer()({"status": self.status})
        said = [await self.model().ainvoke("go")] if self.text else []
        await self.on.wait()
        get_stream_writer()({"status": "Checking once more"})
        await self.go.wait()
        return {"messages": said}

    def model(self) -> GenericFakeChatModel:
        return GenericFakeChatModel(messages=iter([AIMessage(self.text)]))

    async def ask(self, state: State) -> Any:
        interrupt({"question": "Pay?"})
        return {}


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    slow = Slow("I found the order. It was paid twice.")
    yield slow
    slow.on.set()
    slow.go.set()


async def working(office: Office, words: str) -> Any:
    """The message that shows the run, once it says this."""

    def ready() -> Any:
        return [one for one in office.sandbox.messages("refunds") if words in shown(one.get("blocks", []))][-1]

    return await office.sandbox.until(ready)


async def intended(office: Office) -> None:
    """Wait until the bot is about to post what shows the run."""
    ledger = office.bot.desk.ledger
    async with asyncio.timeout(10):
        while not [one for one in await ledger.threads() if await ledger.post(live_key(one))]:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)


async def start(office: Office) -> None:
    await office.person("ana").command("/agent refund order 7", channel="refunds")


def called(office: Office, method: str) -> int:
    return sum(call.method == method for call in office.sandbox.calls)


async def test_steps_are_ticked_off_and_text_comes_word_by_word(open_office: OpenOffice, slow: Slow) -> None:
    async with open_office({"refund": slow.graph}, pace=AT_ONCE) as office:
        await start(office)
        message = await working(office, "I found the order. It was paid")
        plan, text = message["blocks"]
        assert [(task["title"], task["status"]) for task in plan["tasks"]] == [
            ("Look up", "complete"),
            ("Write", "in_progress"),
        ]
        assert text["type"] == "markdown"
        slow.on.set()
        slow.go.set()
        await office.card()
        await settle(office)
        assert message["ts"] not in [one["ts"] for one in office.sandbox.messages("refunds")]


async def test_where_slack_has_no_streams_a_message_is_edited(open_office: OpenOffice, slow: Slow) -> None:
    async with open_office({"refund": slow.graph}, pace=AT_ONCE) as office:
        office.sandbox.inject(Fault(method="chat.startStream", kind="unknown", times=9))
        await start(office)
        message = await working(office, "I found the order. It was paid")
        assert "✓ Done: Look up" in shown(message["blocks"])
        assert "▸ Under way: Write" in shown(message["blocks"])
        slow.on.set()
        slow.go.set()
        await office.card()
        await settle(office)
        assert message["ts"] not in [one["ts"] for one in office.sandbox.messages("refunds")]
        assert called(office, "chat.startStream") == 1, "it is not asked for again"


async def test_an_agent_that_says_what_it_does_gives_the_plan_its_title(open_office: OpenOffice) -> None:
    slow = Slow(status="Searching the archive of <!channel>")
    async with open_office({"refund": slow.graph}, pace=AT_ONCE) as office:
        await start(office)
        await working(office, "Searching the archive of <!channel>")
        slow.on.set()
        slow.go.set()
        await office.card()


async def test_a_single_step_is_a_status_and_no_message(open_office: OpenOffice, slow: Slow) -> None:
    slow.text = ""
    graph = StateGraph(State).add_node("write", slow.write).add_edge(START, "write")
    async with open_office({"refund": graph}, pace=AT_ONCE) as office:
        await start(office)
        await office.sandbox.until(lambda: called(office, "assistant.threads.setStatus"))
        (status,) = [call.args for call in office.sandbox.calls if call.method == "assistant.threads.setStatus"]
        assert status["status"] == "is working: Write"
        slow.on.set()
        slow.go.set()
        await office.outcome()
        assert called(office, "chat.startStream") == 0


async def test_a_run_that_is_over_soon_is_not_shown(open_office: OpenOffice, slow: Slow) -> None:
    slow.on.set()
    slow.go.set()
    async with open_office({"refund": slow.graph}) as office:
        await start(office)
        await office.card()
        assert called(office, "chat.startStream") + called(office, "assistant.threads.setStatus") == 0


async def test_what_began_to_show_as_the_run_ended_is_taken_away(open_office: OpenOffice, slow: Slow) -> None:
    async with open_office({"refund": slow.graph}, pace=AT_ONCE) as office:
        office.sandbox.inject(Fault(method="chat.startStream", kind="slow", seconds=0.2))
        await start(office)
        await intended(office)
        slow.on.set()
        slow.go.set()
        await office.card()
        await settle(office)
        assert called(office, "chat.startStream") == called(office, "chat.delete") == 1
        assert len(office.sandbox.messages("refunds")) == 2, "the root and the card"


@pytest.mark.parametrize("kind", ["500", "lost_reply"])
async def test_trouble_with_showing_a_run_does_not_trouble_the_run(
    open_office: OpenOffice, slow: Slow, kind: str
) -> None:
    async with open_office({"refund": slow.graph}, pace=AT_ONCE) as office:
        for method in ("chat.startStream", "chat.appendStream", "chat.delete"):
            office.sandbox.inject(Fault(method=method, kind=kind, times=1, retry_after=0))
        await start(office)
        slow.on.set()
        slow.go.set()
        card = await office.card()
        await office.person("ana").press(card, "Approve")
        assert (await office.outcome())["thread_ts"] == card["thread_ts"]


async def test_whoever_presses_slacks_own_stop_button_is_told_how_to_stop_the_run(
    open_office: OpenOffice, slow: Slow
) -> None:
    async with open_office({"refund": slow.graph}, pace=AT_ONCE) as office:
        await start(office)
        message = await working(office, "I found the order. It was paid")
        office.person("ana").stop_stream(message)
        slow.on.set()
        await office.sandbox.until(lambda: "write `!stop`" in shown(office.person("ana").ephemerals("refunds")))
        slow.go.set()
        await office.card()
        await settle(office)
        assert message["ts"] not in [one["ts"] for one in office.sandbox.messages("refunds")]
