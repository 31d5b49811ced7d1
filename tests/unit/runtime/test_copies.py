"""A thread is copied as it was before an answer: whole, once, on every store, and the original stays as it is."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypedDict

import pytest

from runtime import START, Command, InMemorySaver, MongoDBSaver, SqliteSaver, StateGraph, interrupt
from runtime.graph.copies import copy_before_answer
from runtime.store import Store
from tests.mongodb import fresh_uri

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: InMemorySaver(),
    "sqlite": lambda folder: SqliteSaver(folder / "andon.db"),
    "mongodb": lambda _: MongoDBSaver.from_conn_string(fresh_uri()),
}
OLD: dict[str, Any] = {"configurable": {"thread_id": "old"}}
NEW: dict[str, Any] = {"configurable": {"thread_id": "new"}}


class State(TypedDict, total=False):
    said: list[Any]


def node(_: State) -> State:
    return {"said": [interrupt("First?"), interrupt("Second?")]}


def nested() -> StateGraph:
    below = StateGraph(State).add_node("node", node).add_edge(START, "node")
    return StateGraph(State).add_node("below", below.compile()).add_edge(START, "below")


GRAPHS = {"flat": lambda: StateGraph(State).add_node("node", node).add_edge(START, "node"), "nested": nested}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = STORES[request.param](tmp_path)
    yield opened
    await opened.aclose()


@pytest.mark.parametrize("shape", GRAPHS)
async def test_a_copy_waits_where_the_original_was_answered(store: Store, shape: str) -> None:
    graph = GRAPHS[shape]().compile(checkpointer=store)
    asked = [(await graph.ainvoke({}, OLD))["__interrupt__"][0]]
    asked.append((await graph.ainvoke(Command(resume="one"), OLD))["__interrupt__"][0])
    done = await graph.ainvoke(Command(resume="two"), OLD)
    assert await copy_before_answer(store, "old", asked[1].id, "new")
    assert await copy_before_answer(store, "old", asked[1].id, "new")
    (pending,) = [question for task in (await graph.aget_state(NEW)).tasks for question in task.interrupts]
    assert (pending.id, pending.value) == (asked[1].id, "Second?")
    assert await graph.ainvoke(Command(resume={pending.id: "three"}), NEW) == {"said": ["one", "three"]}
    assert (await graph.aget_state(OLD)).values == done == {"said": ["one", "two"]}


async def test_what_was_never_asked_cannot_be_copied(store: Store) -> None:
    graph = GRAPHS["flat"]().compile(checkpointer=store)
    await graph.ainvoke({}, OLD)
    assert not await copy_before_answer(store, "old", "0" * 32, "new")
    assert not await copy_before_answer(store, "nobody", "0" * 32, "new")
    assert (await store.load("new")).head == 0
