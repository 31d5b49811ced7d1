"""Long threads stay in memory between calls, and nobody can tell but by the clock."""

import asyncio
import gc
import operator
import weakref
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

from runtime import (
    START,
    Command,
    CompiledGraph,
    InMemorySaver,
    MessagesState,
    Send,
    SqliteSaver,
    StateGraph,
    ThreadBusyError,
    interrupt,
)
from runtime.engine.heads import LEAST_BYTES, heads_of
from runtime.errors import StaleHeadError
from runtime.store import CheckpointStore, Log, Mark

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(MessagesState, total=False):
    notes: dict[str, list[str]]


class Counting(InMemorySaver):
    """Says how many entries it had to hand out."""

    read = 0
    full = False

    async def load(self, thread_id: str, *, whole: bool = False, since: Mark | None = None) -> Log:
        log = await super().load(thread_id, whole=whole, since=since)
        self.read += len(log.entries)
        return log

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        if self.full:
            raise StaleHeadError(thread_id, expected)
        await super().append(thread_id, expected, entry, snapshot=snapshot)


def chat(saver: CheckpointStore) -> CompiledGraph:
    def reply(state: Any) -> Any:
        return {"messages": [("ai", "y" * LEAST_BYTES)]}

    return StateGraph(State).add_node("reply", reply).add_edge(START, "reply").compile(saver)


def turn(graph: CompiledGraph, text: str) -> Any:
    return graph.invoke({"messages": [text], "notes": {"said": [text]}}, CONFIG, durability="exit")


def stored(saver: InMemorySaver) -> Any:
    """The state as a process that has never seen the thread reads it."""
    other = InMemorySaver()
    for number, entry in enumerate(asyncio.run(saver.load("one", whole=True)).entries):
        asyncio.run(other.append("one", number, entry))
    return chat(other).get_state(CONFIG).values


def test_a_long_thread_is_not_read_again() -> None:
    saver = Counting()
    graph = chat(saver)
    for number in range(20):
        turn(graph, str(number))
    assert saver.read < 25
    assert len(graph.get_state(CONFIG).values["messages"]) == 40


def test_what_programs_do_to_states_they_were_given_changes_nothing() -> None:
    saver = InMemorySaver()
    graph = chat(saver)

    def scribble(state: Any) -> None:
        state["messages"][0].content = "scribbled"
        state["notes"]["said"].append("scribbled")

    careless = StateGraph(State).add_node("scribble", scribble).add_edge(START, "scribble").compile(saver)
    for number in range(3):
        state = turn(graph, str(number))
        for seen in (state, graph.get_state(CONFIG).values):
            scribble(seen)
            seen["messages"].clear()
        careless.invoke({"messages": []}, CONFIG)
    assert graph.get_state(CONFIG).values == stored(saver)
    assert stored(saver)["messages"][0].content == "0"
    assert stored(saver)["notes"] == {"said": ["2"]}


def test_what_another_process_wrote_is_seen(tmp_path: Path) -> None:
    with SqliteSaver(tmp_path / "a.sqlite") as ours, SqliteSaver(tmp_path / "a.sqlite") as theirs:
        for number in range(3):
            turn(chat(ours), f"ours {number}")
            turn(chat(theirs), f"theirs {number}")
        said = [message.content for message in chat(ours).get_state(CONFIG).values["messages"][::2]]
    assert said == [f"{who} {number}" for number in range(3) for who in ("ours", "theirs")]


def test_a_thread_that_was_deleted_and_begun_again_is_another(tmp_path: Path) -> None:
    with SqliteSaver(tmp_path / "a.sqlite") as ours, SqliteSaver(tmp_path / "a.sqlite") as theirs:
        for number in range(3):
            turn(chat(ours), f"old {number}")
        asyncio.run(theirs.delete("one"))
        for number in range(2):
            turn(chat(theirs), f"new {number}")
        assert asyncio.run(ours.load("one")).head == 2
        said = [message.content for message in chat(ours).get_state(CONFIG).values["messages"][::2]]
    assert said == ["new 0", "new 1"]


def test_a_commit_that_failed_is_forgotten() -> None:
    saver = Counting()
    graph = chat(saver)
    for text in ("first", "second", "third"):
        turn(graph, text)
    saver.full = True
    with pytest.raises(ThreadBusyError):
        turn(graph, "lost")
    saver.full = False
    assert [message.content for message in turn(graph, "fourth")["messages"][::2]] == [
        "first",
        "second",
        "third",
        "fourth",
    ]


class Saying(MessagesState):
    said: Annotated[list[Any], operator.add]


def asking(saver: CheckpointStore, seen: list[Any]) -> CompiledGraph:
    """Two tasks ask, given what nobody may spoil for the next who looks."""

    def ask(given: Any) -> Any:
        seen.append(deepcopy(given))
        answer = interrupt({"of": given["of"]})
        given["of"].append("spoilt")
        return {"said": [[seen[-1], answer]]}

    builder = StateGraph(Saying).add_node("ask", ask)
    builder.add_conditional_edges(START, lambda _: [Send("ask", {"of": [name]}) for name in "ab"])
    return builder.compile(saver)


def waiting(graph: CompiledGraph) -> list[Any]:
    """Begin a long thread, look at it until it is kept, and spoil what is seen."""
    graph.invoke({"messages": ["x" * LEAST_BYTES]}, CONFIG)
    for _ in range(3):
        assert [each.value for each in graph.get_state(CONFIG).interrupts] == [{"of": ["a"]}, {"of": ["b"]}]
        for each in graph.get_state(CONFIG).interrupts:
            each.value["of"].append("spoilt")
    return [each.id for each in graph.get_state(CONFIG).interrupts]


def test_a_task_is_as_it_was_whoever_saw_it() -> None:
    seen: list[Any] = []
    graph = asking(InMemorySaver(), seen)
    first, second = waiting(graph)
    state = graph.invoke(Command(resume={first: "yes"}), CONFIG)
    for spoilt in (state, graph.get_state(CONFIG).values):
        spoilt["said"][0].append("spoilt")
    said = graph.invoke(Command(resume={second: "no"}), CONFIG)["said"]
    assert said == [[{"of": ["a"]}, "yes"], [{"of": ["b"]}, "no"]]
    assert seen == [{"of": ["a"]}, {"of": ["b"]}] * 2


def test_an_answer_that_comes_with_an_update_counts() -> None:
    graph = asking(InMemorySaver(), [])
    first, second = waiting(graph)
    command: Command[Any] = Command(resume={first: "yes", second: "no"}, update={"messages": ["by the way"]})
    state = graph.invoke(command, CONFIG)
    assert (len(state["messages"]), len(state["said"])) == (2, 2)


def test_a_graph_with_other_reducers_reads_the_thread_anew() -> None:
    class Plain(TypedDict):
        messages: list[Any]

    saver = InMemorySaver()
    for number in range(3):
        turn(chat(saver), str(number))
    plain = StateGraph(Plain).add_node("end", lambda state: None).add_edge(START, "end").compile(saver)
    assert len(plain.get_state(CONFIG).values["messages"]) == 1
    assert len(chat(saver).get_state(CONFIG).values["messages"]) == 6


def test_only_so_much_is_kept_and_short_threads_not_at_all() -> None:
    saver = Counting()
    heads = heads_of(saver)
    heads.most_bytes = 8 * LEAST_BYTES
    graph = chat(saver)
    for name in "abcdef":
        for _ in range(3):
            graph.invoke(
                {"messages": ["x"], "notes": {"said": []}}, {"configurable": {"thread_id": name}}, durability="exit"
            )
    assert heads.take("a", graph.channels) is None
    assert heads.take("f", graph.channels) is not None
    ask = StateGraph(State).add_node("ask", lambda state: interrupt("?")).add_edge(START, "ask").compile(saver)
    ask.invoke({"messages": []}, {"configurable": {"thread_id": "short"}})
    ask.invoke(Command(resume=None), {"configurable": {"thread_id": "short"}})
    assert heads.take("short", ask.channels) is None


def test_a_store_that_nobody_uses_any_more_is_let_go() -> None:
    saver = InMemorySaver()
    graph = chat(saver)
    for number in range(3):
        turn(graph, str(number))
    assert heads_of(saver).take("one", graph.channels) is not None
    turn(graph, "kept again")
    gone = weakref.ref(saver)
    del saver, graph
    gc.collect()
    assert gone() is None
