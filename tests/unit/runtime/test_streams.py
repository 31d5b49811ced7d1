"""Streams: what comes when, to whom, and who sets the pace. Chunks that equal LangGraph's are compared in contracts."""

import asyncio
import operator
import threading
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest

from runtime import START, Command, InMemorySaver, StateGraph, get_stream_writer, interrupt

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


def chain(*nodes: Callable[..., Any]) -> StateGraph:
    return StateGraph(State).add_sequence(nodes).add_edge(START, nodes[0].__name__)


def first(state: State) -> Any:
    return {"log": ["first"]}


def ask(state: State) -> Any:
    return {"log": [interrupt("go?")]}


async def test_a_question_is_told_while_its_sibling_still_runs() -> None:
    answered = asyncio.Event()

    async def slow(state: State) -> Any:
        await answered.wait()
        return {"log": ["slow"]}

    graph = chain(first, ask).add_node(slow).add_edge("first", "slow").compile(InMemorySaver())
    seen = []
    async for chunk in graph.astream({}, CONFIG):
        seen += list(chunk)
        if "__interrupt__" in chunk:
            answered.set()
    assert seen == ["first", "__interrupt__", "slow"]


async def test_custom_chunks_come_from_any_thread_and_in_order() -> None:
    loop_thread = threading.get_ident()

    def busy(state: State) -> None:
        assert threading.get_ident() != loop_thread
        for number in range(100):
            get_stream_writer()(number)

    chunks = [chunk async for chunk in chain(busy).compile().astream({}, stream_mode="custom")]
    assert chunks == list(range(100))


def test_open_questions_of_earlier_calls_are_told_again() -> None:
    builder = chain(ask).add_node("other", lambda state: {"log": [interrupt("also?")]}).add_edge(START, "other")
    graph = builder.compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    questions = {question.value: question for question in graph.get_state(CONFIG).interrupts}
    chunks = list(graph.stream(Command(resume={questions["go?"].id: "yes"}), CONFIG))
    assert chunks == [{"ask": {"log": ["yes"]}}, {"__interrupt__": (questions["also?"],)}]


def test_static_breakpoints_show_in_updates_and_results() -> None:
    graph = chain(first, ask).compile(InMemorySaver(), interrupt_before=["ask"])
    assert list(graph.stream({}, CONFIG))[-1] == {"__interrupt__": ()}
    assert graph.invoke(None, CONFIG)["__interrupt__"][0].value == "go?"
    other = {"configurable": {"thread_id": "two"}}
    assert graph.invoke({}, other) == {"log": ["first"], "__interrupt__": []}


def test_an_empty_list_switches_compiled_breakpoints_off() -> None:
    graph = chain(first, first_again).compile(InMemorySaver(), interrupt_before="*")
    assert graph.invoke({}, CONFIG, interrupt_before=[]) == {"log": ["first", "again"]}


def first_again(state: State) -> Any:
    return {"log": ["again"]}


async def test_the_reader_sets_the_pace() -> None:
    entered: list[str] = []

    def counting(state: State) -> Any:
        entered.append("second")

    stream = chain(first, counting).compile().astream({})
    await anext(stream)
    await asyncio.sleep(0)
    assert entered == []
    assert [chunk async for chunk in stream] == [{"counting": None}]


def test_a_failing_node_ends_the_stream_with_its_error() -> None:
    def fails(state: State) -> Any:
        raise ConnectionError("down")

    stream = chain(first, fails).compile().stream({})
    assert next(stream) == {"first": {"log": ["first"]}}
    with pytest.raises(ConnectionError, match="down"):
        next(stream)


def test_unknown_modes_are_named_before_anything_runs() -> None:
    graph = chain(first).compile()
    with pytest.raises(ValueError, match="no stream mode 'zzz'"):
        graph.stream({}, stream_mode="zzz")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(ValueError, match="no stream mode 'zzz'"):
        graph.astream({}, stream_mode=["values", "zzz"])  # type: ignore[list-item]  # the mistake under test


def test_invoke_collects_the_chunks_of_other_modes() -> None:
    assert chain(first).compile().invoke({}, stream_mode="updates") == [{"first": {"log": ["first"]}}]
    assert chain(first).compile().invoke({}, output_keys=["log"]) == {"log": ["first"]}
    assert chain(first).compile().invoke({}, output_keys="log") == ["first"]
    paused = chain(first, ask).compile(InMemorySaver()).invoke({}, CONFIG, output_keys="log")
    assert list(paused) == ["__interrupt__"]


def test_without_a_checkpointer_there_are_no_checkpoints_to_tell_of() -> None:
    assert list(chain(first).compile().stream({}, stream_mode="checkpoints")) == []
    assert [chunk["type"] for chunk in chain(first).compile().stream({}, stream_mode="debug")] == [
        "task",
        "task_result",
    ]


def test_version_2_says_what_a_chunk_is() -> None:
    def writes(state: State) -> None:
        get_stream_writer()("hello")

    (chunk,) = chain(writes).compile().stream({}, stream_mode="custom", version="v2")
    assert chunk == {"type": "custom", "ns": (), "data": "hello"}
    finished = chain(first).compile().invoke({}, version="v2")
    assert (finished.value, finished.interrupts) == ({"log": ["first"]}, ())


def test_a_task_tells_of_every_write_to_a_key() -> None:
    def often(state: State) -> Any:
        return [{"log": [number]} for number in range(3)]

    result = list(chain(often).compile().stream({}, stream_mode="tasks"))[-1]["result"]
    assert result == {"log": {"$writes": [[0], [1], [2]]}}


def test_a_checkpoint_tells_how_the_tasks_of_its_step_stand() -> None:
    def fails(state: State) -> Any:
        raise ConnectionError("down")

    builder = chain(ask).add_node("done", lambda state: {"log": ["done"]}).add_node(fails)
    graph = builder.add_edge(START, "done").add_edge(START, "fails").compile(InMemorySaver())
    with pytest.raises(ConnectionError):
        graph.invoke({}, CONFIG)
    stream = graph.stream(None, CONFIG, stream_mode="checkpoints")
    tasks = {task["name"]: task for task in next(stream)["tasks"]}
    stream.close()
    assert [question["value"] for question in tasks["ask"]["interrupts"]] == ["go?"]
    assert tasks["done"]["result"] == {"log": ["done"]}
    assert tasks["fails"]["error"] == "ConnectionError('down')"
