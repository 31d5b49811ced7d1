"""Handlers that hear when a run pauses and goes on."""

import logging
from contextlib import suppress
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager

from runtime import (
    START,
    Command,
    CompiledGraph,
    GraphCallbackHandler,
    GraphInterruptEvent,
    GraphResumeEvent,
    InMemorySaver,
    StateGraph,
    interrupt,
)

PLACE: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    answer: str


def ask(state: State) -> Any:
    return {"answer": interrupt("pay?")}


def graph_of(node: Any = ask) -> CompiledGraph:
    return StateGraph(State).add_node("node", node).add_edge(START, "node").compile(InMemorySaver())


class Hears(GraphCallbackHandler):
    def __init__(self, graph: CompiledGraph) -> None:
        self.graph = graph
        self.heard: list[Any] = []

    async def on_interrupt(self, event: GraphInterruptEvent) -> None:
        state = await self.graph.aget_state(PLACE)
        self.heard.append(["paused", event.run_id, event.interrupts == state.interrupts, event.checkpoint_id])

    def on_resume(self, event: GraphResumeEvent) -> None:
        self.heard.append(["goes on", event.run_id, event.checkpoint_id])


class Breaks(GraphCallbackHandler):
    def on_interrupt(self, event: GraphInterruptEvent) -> None:
        raise LookupError("nobody there")

    def on_resume(self, event: GraphResumeEvent) -> None:
        raise LookupError("nobody there")


def test_a_handler_that_hears_of_a_pause_finds_it_in_the_store() -> None:
    graph = graph_of()
    handler = Hears(graph)
    config: Any = {**PLACE, "callbacks": [BaseCallbackHandler(), handler], "run_id": "r"}
    graph.invoke({}, config)
    checkpoint = graph.get_state(PLACE).config["configurable"]["checkpoint_id"]
    assert graph.invoke(Command(resume="yes"), config) == {"answer": "yes"}
    assert handler.heard == [["paused", "r", True, checkpoint], ["goes on", "r", checkpoint]]


async def test_whoever_streams_is_heard_of_as_well_and_a_manager_will_do() -> None:
    graph = graph_of()
    manager = CallbackManager(handlers=[handler := Hears(graph)])
    config: Any = {**PLACE, "callbacks": manager}
    assert [chunk async for chunk in graph.astream({}, config)]
    assert [chunk async for chunk in graph.astream(None, config)]
    assert [kind for kind, *_ in handler.heard] == ["paused", "goes on", "paused"]


def test_an_end_and_a_failure_are_no_pause() -> None:
    def fails(state: State) -> Any:
        raise ConnectionError("down")

    for node in (lambda state: None, fails):
        graph = graph_of(node)
        handler = Hears(graph)
        with suppress(ConnectionError):
            graph.invoke({}, {**PLACE, "callbacks": [handler]})
        assert handler.heard == []


def test_a_handler_that_fails_is_logged_and_the_others_hear(caplog: pytest.LogCaptureFixture) -> None:
    graph = graph_of()
    handler = Hears(graph)
    config: Any = {**PLACE, "callbacks": [Breaks(), handler]}
    with caplog.at_level(logging.ERROR):
        assert "__interrupt__" in graph.invoke({}, config)
        assert graph.invoke(Command(resume="yes"), config) == {"answer": "yes"}
    assert [kind for kind, *_ in handler.heard] == ["paused", "goes on"]
    assert [record.message.partition(" of ")[0] for record in caplog.records] == ["on_interrupt", "on_resume"]


def test_a_handler_may_insist_and_nothing_is_lost() -> None:
    breaks = Breaks()
    breaks.raise_error = True
    graph = graph_of()
    config: Any = {**PLACE, "callbacks": [breaks]}
    with pytest.raises(LookupError):
        graph.invoke({}, config)
    assert [question.value for question in graph.get_state(PLACE).interrupts] == ["pay?"]
    with pytest.raises(LookupError):
        graph.invoke(Command(resume="yes"), config)
    assert graph.invoke(None, PLACE) == {"answer": "yes"}
