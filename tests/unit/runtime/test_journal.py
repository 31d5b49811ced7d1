"""The log of a thread: small, replayable, without holes, and readable by whoever comes later."""

import asyncio
import json
import operator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

from runtime import (
    START,
    CodecError,
    Command,
    InMemorySaver,
    Message,
    MessagesState,
    Send,
    StaleHeadError,
    StateGraph,
    ThreadBusyError,
    add_messages,
    interrupt,
)
from runtime.codec.process import CODEC
from runtime.engine.frames import Next
from runtime.engine.ids import derive_id, new_id
from runtime.engine.journal import Journal
from runtime.engine.stored import SNAPSHOT_BYTES

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
SAMPLES: dict[str, str] = json.loads(Path(__file__).with_name("journal_samples.json").read_text("utf-8"))


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]
    top: Annotated[int, max]
    handle: Any


class Conversing(TypedDict):
    messages: Annotated[list[Message], add_messages]


def test_new_ids_are_unique_and_sort_by_age() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {32}


def test_derived_ids_depend_on_their_parts_only() -> None:
    assert derive_id("a", "1") == derive_id("a", "1") != derive_id("a", "2")
    assert len(derive_id("\ud800")) == 32


async def entries(saver: InMemorySaver) -> list[int]:
    return [len(entry) for entry in (await saver.load("one", whole=True)).entries]


async def test_a_conversation_grows_by_what_was_said() -> None:
    saver = InMemorySaver()
    builder = StateGraph(MessagesState).add_node("answer", lambda state: {"messages": [("ai", "y" * 1000)]})
    graph = builder.add_edge(START, "answer").compile(saver)
    for _ in range(100):
        await graph.ainvoke({"messages": ["x" * 1000]}, CONFIG, durability="exit")
    sizes = await entries(saver)
    assert max(sizes[-10:]) < 1.1 * max(sizes[:10]) < 3000
    assert (await saver.load("one")).snapshot is None  # it would say the same again


async def test_many_messages_are_stored_as_a_table_and_shown_as_a_list() -> None:
    saver = InMemorySaver()

    def answer(state: Any) -> Any:
        assert type(state["messages"][0]) is Message
        return {"messages": [Message(type="ai", content=str(number), id=f"a{number}") for number in range(100)]}

    builder = StateGraph(Conversing).add_node("answer", answer).add_edge(START, "answer")
    graph = builder.compile(saver)
    said = [Message(type="human", content=str(number), id=str(number)) for number in range(100)]
    state = await graph.ainvoke({"messages": said}, CONFIG)
    assert (await graph.aget_state(CONFIG)).values == state
    assert [message.content for message in state["messages"]] == [*map(str, range(100)), *map(str, range(100))]
    assert sum(await entries(saver)) < 6_000
    updates = [chunk async for chunk in graph.astream({"messages": said}, CONFIG)]
    assert type(updates[0]["answer"]["messages"]) is list


async def test_what_is_overwritten_is_not_read_for_ever() -> None:
    saver = InMemorySaver()
    builder = StateGraph(State).add_node("renew", lambda state: {"handle": "x" * 1000}).add_edge(START, "renew")
    graph = builder.compile(saver)
    for _ in range(300):
        await graph.ainvoke({}, CONFIG, durability="exit")
    log = await saver.load("one")
    assert log.snapshot is not None
    assert len(log.snapshot) < 3000
    assert sum(map(len, log.entries)) < 2 * SNAPSHOT_BYTES


async def test_a_snapshot_says_what_its_entries_said() -> None:
    saver, half = InMemorySaver(), "x" * (SNAPSHOT_BYTES // 2)

    def ask(state: State) -> Any:
        return {"log": [interrupt("go?")], "top": len(state["log"]), "handle": half}

    graph = StateGraph(State).add_node(ask).add_edge(START, "ask").compile(saver)
    for turn in range(5):
        await graph.ainvoke({"log": [str(turn)], "handle": None}, CONFIG)
        await graph.ainvoke(Command(resume=turn), CONFIG)
    await graph.ainvoke({"log": ["open"]}, CONFIG)
    short = await Journal.load("one", CODEC, saver)
    whole = Journal("one", CODEC, saver)
    whole.replay(await saver.load("one", whole=True))
    assert (await saver.load("one")).snapshot_at > 0
    for journal in (short, whole):
        journal.frames[""].attach(graph.channels)
    assert short.frames == whole.frames
    assert short.head == whole.head


async def test_a_value_that_cannot_be_stored_is_named_and_takes_nothing_along() -> None:
    def fine(state: State) -> Any:
        return {"log": ["fine"]}

    def wrong(state: State) -> Any:
        return {"handle": {"a": [1, {"lock": object()}]}}

    graph = StateGraph(State).add_sequence([fine, wrong]).add_edge(START, "fine").compile(InMemorySaver())
    with pytest.raises(CodecError) as refused:
        await graph.ainvoke({}, CONFIG)
    assert refused.value.path == "handle.a[1].lock"
    state = await graph.aget_state(CONFIG)
    assert (state.next, state.values["log"]) == (("wrong",), ["fine"])


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_a_log_never_goes_on_after_a_write_that_failed(durability: Any) -> None:
    class Full(InMemorySaver):
        full = False

        async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
            if self.full:
                self.full = False
                raise StaleHeadError(thread_id, expected)
            await super().append(thread_id, expected, entry, snapshot=snapshot)

    saver = Full()
    builder = StateGraph(State).add_sequence([(name, said(name)) for name in "abc"]).add_edge(START, "a")
    graph = builder.compile(saver)
    graph.invoke({}, CONFIG, interrupt_before=["b"])
    saver.full = True
    with pytest.raises(ThreadBusyError):
        graph.invoke(None, CONFIG, durability=durability)
    assert graph.get_state(CONFIG).next == ("b",)
    assert graph.invoke(None, CONFIG)["log"] == ["a", "b", "c"]


def said(name: str) -> Any:
    return lambda state: {"log": [name]}


async def test_what_happens_during_a_commit_is_left_for_the_next() -> None:
    appending, go_on = asyncio.Event(), asyncio.Event()

    class Slow(InMemorySaver):
        async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
            appending.set()
            await go_on.wait()
            await super().append(thread_id, expected, entry, snapshot=snapshot)

    saver = Slow()
    journal = Journal("one", CODEC, saver)
    journal.checkpoint("", "input", Next(tasks=[]))
    first = asyncio.ensure_future(journal.commit())
    await appending.wait()
    journal.checkpoint("", "loop", Next(tasks=[]))
    assert not journal.pending
    await journal.commit()
    go_on.set()
    await first
    assert journal.pending
    await journal.commit()
    assert (await Journal.load("one", CODEC, saver)).frames[""].step == 0
    assert journal.head == 2


async def test_a_finished_sibling_is_recorded_once() -> None:
    turns = [asyncio.Event() for _ in range(4)]

    async def wait(state: Any) -> Any:
        turns[state["top"]].set()
        if state["top"]:
            await turns[state["top"] - 1].wait()
            await asyncio.sleep(0)
        return {"log": ["mark"]}

    saver = InMemorySaver()
    builder = StateGraph(State).add_node("wait", wait).add_node("ask", lambda state: interrupt("go?"))
    builder.add_conditional_edges(START, lambda state: ["ask", *(Send("wait", {"top": n}) for n in range(4))])
    await builder.compile(saver).ainvoke({}, CONFIG)
    assert b"".join((await saver.load("one")).entries).count(b"mark") == 4


async def test_operations_of_a_later_version_are_refused() -> None:
    saver = InMemorySaver()
    graph = StateGraph(State).add_node("a", said("a")).add_edge(START, "a").compile(saver)
    await graph.ainvoke({}, CONFIG)
    head = (await saver.load("one")).head
    await saver.append("one", head, CODEC.encode([1, [["zzz", ""]]]))
    with pytest.raises(CodecError, match="'zzz'"):
        await graph.aget_state(CONFIG)


@pytest.mark.parametrize("entry", SAMPLES.values(), ids=SAMPLES)
async def test_entries_of_every_format_are_read_for_ever(entry: str) -> None:
    """Each is a thread that waits for the answer to "go?"; a new format adds a sample, none is ever changed."""

    class Asking(MessagesState, total=False):
        verdict: str

    def ask(state: Any) -> Any:
        return {"messages": [("ai", "noted")], "verdict": interrupt("go?")}

    saver = InMemorySaver()
    await saver.append("one", 0, bytes.fromhex(entry))
    graph = StateGraph(Asking).add_node("ask", ask).add_edge(START, "ask").compile(saver)
    assert (await graph.aget_state(CONFIG)).interrupts[0].value == "go?"
    state = await graph.ainvoke(Command(resume="yes"), CONFIG)
    assert [message.content for message in state["messages"]] == ["hello", "noted"]
    assert state["verdict"] == "yes"


def test_metadata_of_the_run_is_in_its_checkpoints() -> None:
    graph = StateGraph(State).add_node("a", said("a")).add_edge(START, "a").compile(InMemorySaver())
    graph.invoke({}, CONFIG | {"metadata": {"who": "ann"}})
    assert graph.get_state(CONFIG).metadata == {"source": "loop", "step": 1, "parents": {}, "who": "ann"}
