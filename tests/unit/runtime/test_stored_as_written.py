"""What is stored is what was given and returned then, whatever becomes of the same objects in memory afterwards."""

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import pytest

from runtime import START, Command, InMemorySaver, Message, StateGraph, add_messages, interrupt, once
from runtime.types import Durability

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]
    plan: dict[str, Any]
    messages: Annotated[list[Message], add_messages]


def spoil(state: State) -> None:
    """Change everything in the state in place."""
    for item in state.get("log", []):
        item["spoilt"] = True
    state["plan"].setdefault("steps", []).append("spoilt")
    for message in state["messages"]:
        message.content = "spoilt"


def ask(state: State) -> None:
    interrupt("go on?")


def stored(graph: Any) -> Any:
    values = graph.get_state(CONFIG).values
    return {**values, "messages": [message.content for message in values["messages"]]}


def fresh_input() -> Any:
    return {"log": [{"n": 1}], "plan": {"steps": ["a"]}, "messages": [Message(type="human", content="hi", id="h")]}


GIVEN = {"log": [{"n": 1}], "plan": {"steps": ["a"]}, "messages": ["hi"]}


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_what_was_given_is_stored_as_it_was(durability: Durability) -> None:
    graph = StateGraph(State).add_sequence([spoil, ask]).add_edge(START, "spoil").compile(InMemorySaver())
    graph.invoke(fresh_input(), CONFIG, durability=durability)
    assert stored(graph) == GIVEN


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_what_a_node_returned_is_stored_as_it_was(durability: Durability) -> None:
    kept = fresh_input()

    def give(state: State) -> Any:
        return kept

    def spoil_more(state: State) -> None:
        spoil(state)
        kept["log"].append("added later")

    builder = StateGraph(State).add_sequence([give, spoil_more, ask]).add_edge(START, "give")
    graph = builder.compile(InMemorySaver())
    graph.invoke({}, CONFIG, durability=durability)
    assert stored(graph) == GIVEN


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_what_a_node_returned_is_stored_as_it_was_while_others_still_run(durability: Durability) -> None:
    kept, given = fresh_input(), asyncio.Event()

    async def give(state: State) -> Any:
        given.set()
        return kept

    async def spoil_beside(state: State) -> None:
        await given.wait()
        for _ in range(10):  # turns of the loop: the engine sees that the other one is done
            await asyncio.sleep(0)
        spoil(kept)
        interrupt("go on?")

    builder = StateGraph(State).add_node(give).add_node(spoil_beside)
    graph = builder.add_edge(START, "give").add_edge(START, "spoil_beside").compile(InMemorySaver())
    await graph.ainvoke({}, CONFIG, durability=durability)
    assert await asyncio.to_thread(stored, graph) == GIVEN


def test_an_answer_is_kept_as_it_was() -> None:
    heard = []

    def asks_twice(state: State) -> None:
        answer = interrupt("first?")
        heard.append(dict(answer))
        answer["spoilt"] = True
        interrupt("second?")

    graph = StateGraph(State).add_node(asks_twice).add_edge(START, "asks_twice").compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume={"a": 1}), CONFIG)
    graph.invoke(Command(resume="second"), CONFIG)
    assert heard == [{"a": 1}, {"a": 1}]


def test_the_result_of_once_is_kept_as_it_was() -> None:
    got = []

    def books(state: State) -> None:
        booked = once("book", lambda: {"seats": [1]})
        got.append([*booked["seats"]])
        booked["seats"].append(2)
        interrupt("fine?")

    graph = StateGraph(State).add_node(books).add_edge(START, "books").compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume="yes"), CONFIG)
    assert got == [[1], [1]]
