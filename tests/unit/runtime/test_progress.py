"""What a graph does, read from its streams: our graphs' and LangGraph's alike."""

from collections.abc import AsyncIterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph import graph as langgraph

import runtime
from runtime.requests.progress import Doing, Event, Said, Step, StepState, events, modes


class State(TypedDict, total=False):
    order: str
    paid: bool


def look_up(state: State) -> State:
    return {"order": "7"}


def pay(state: State) -> State:
    return {"paid": True}


def broken(state: State) -> State:
    raise RuntimeError("no money")


async def told(stream: AsyncIterator[Any]) -> list[Event]:
    """What was told, to the end or to the failure."""
    heard: list[Event] = []
    with suppress(RuntimeError):
        async for mode, chunk in stream:
            heard.extend(events(mode, chunk))
    return heard


@pytest.mark.parametrize("library", [runtime, langgraph], ids=["ours", "LangGraph's"])
async def test_each_node_is_told_as_it_begins_and_as_it_ends(library: Any) -> None:
    graph = library.StateGraph(State).add_sequence([look_up, pay]).add_edge(library.START, "look_up").compile()
    steps = await told(graph.astream({}, stream_mode=["tasks", "custom"]))
    assert [(step.node, step.state) for step in steps if isinstance(step, Step)] == [
        ("look_up", StepState.RUNNING),
        ("look_up", StepState.DONE),
        ("pay", StepState.RUNNING),
        ("pay", StepState.DONE),
    ]


async def test_a_node_that_asks_is_not_done() -> None:
    graph = runtime.StateGraph(State).add_node("ask", lambda _: runtime.interrupt("sure?"))
    compiled = graph.add_edge(runtime.START, "ask").compile(checkpointer=runtime.InMemorySaver())
    steps = await told(compiled.astream({}, {"configurable": {"thread_id": "1"}}, stream_mode=["tasks"]))
    assert {step.state for step in steps if isinstance(step, Step)} == {StepState.RUNNING}


async def test_a_node_that_fails_is_told() -> None:
    graph = runtime.StateGraph(State).add_node("pay", broken).add_edge(runtime.START, "pay").compile()
    steps = await told(graph.astream({}, stream_mode=["tasks"]))
    assert [step.state for step in steps if isinstance(step, Step)][-1:] == [StepState.FAILED]


async def test_a_model_is_heard_word_by_word_and_a_person_is_not() -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("two words")]))

    async def say(state: runtime.MessagesState) -> Any:
        return {"messages": [HumanMessage("unheard"), await model.ainvoke("go")]}

    graph = runtime.StateGraph(runtime.MessagesState).add_node("say", say).add_edge(runtime.START, "say").compile()
    assert "messages" in modes()
    said = [event.text for event in await told(graph.astream({}, stream_mode=modes())) if isinstance(event, Said)]
    assert said == ["two", " ", "words"]


async def test_an_agent_can_say_what_it_is_doing() -> None:
    def search(state: State) -> State:
        runtime.get_stream_writer()({"status": "Searching the archive"})
        return {}

    graph = runtime.StateGraph(State).add_node("search", search).add_edge(runtime.START, "search").compile()
    assert Doing("Searching the archive") in await told(graph.astream({}, stream_mode=["custom", "tasks"]))


@pytest.mark.parametrize(
    ("mode", "chunk"),
    [("custom", "text"), ("custom", {"status": 3}), ("tasks", {"id": 1}), ("messages", None), ("updates", {})],
)
def test_what_is_of_no_known_shape_tells_nothing(mode: str, chunk: Any) -> None:
    assert list(events(mode, chunk)) == []


def test_a_message_whose_text_is_a_method_is_heard() -> None:
    message = SimpleNamespace(type="AIMessageChunk", text=lambda: "hello")
    assert list(events("messages", (message, {}))) == [Said("hello")]
