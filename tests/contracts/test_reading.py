"""What programs read from a checkpointer itself, on every store."""

import operator
from typing import Annotated, Any, TypedDict

import pytest

from runtime import START, Command, InMemorySaver, StateGraph, interrupt
from runtime.errors import StoreError
from runtime.graph.compiled import CompiledGraph

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[str], operator.add]


def compiled(store: Any) -> CompiledGraph:
    builder = StateGraph(State).add_node("ask", lambda _: {"log": [interrupt("?")]}).add_edge(START, "ask")
    return builder.compile(checkpointer=store)


async def test_every_store_shows_its_checkpoints(store: Any) -> None:
    graph = compiled(store)
    await graph.ainvoke({"log": ["in"]}, CONFIG)
    await graph.ainvoke(Command(resume="yes"), CONFIG)
    latest = await store.aget_tuple(CONFIG)
    assert latest is not None
    assert latest.checkpoint["channel_values"] == {"log": ["in", "yes"]}
    assert latest.checkpoint == await store.aget(CONFIG)
    steps = [found.metadata["step"] async for found in store.alist(CONFIG)]
    assert steps == [1, 0, -1]


async def test_the_newest_graph_that_knows_a_thread_reads_it() -> None:
    store, elsewhere = InMemorySaver(), InMemorySaver()
    graph = compiled(store)
    await graph.ainvoke({"log": ["in"]}, CONFIG)
    for number, entry in enumerate((await store.load("one", whole=True)).entries):
        await elsewhere.append("one", number, entry)
    builder = StateGraph(State).add_node("other", lambda _: None).add_edge(START, "other")
    others = [builder.compile(checkpointer=place) for place in (store, elsewhere)]
    found = await store.aget_tuple(CONFIG)
    assert found is not None
    assert found.checkpoint["channel_values"] == {"log": ["in"]}
    with pytest.raises(StoreError, match="compile it first"):
        await elsewhere.aget_tuple(CONFIG)
    assert len(others) == 2


def test_what_failed_is_among_the_pending_writes() -> None:
    def fails(state: State) -> State:
        raise ConnectionError("down")

    store = InMemorySaver()
    graph = StateGraph(State).add_node(fails).add_edge(START, "fails").compile(checkpointer=store)
    with pytest.raises(ConnectionError):
        graph.invoke({}, CONFIG)
    found = store.get_tuple(CONFIG)
    assert found is not None
    assert [(name, value) for _, name, value in found.pending_writes or ()] == [
        ("__error__", "ConnectionError('down')")
    ]


def test_lists_are_of_one_thread() -> None:
    store = InMemorySaver()
    assert list(store.list(CONFIG)) == []
    with pytest.raises(ValueError, match="of one thread"):
        next(store.list(None))
