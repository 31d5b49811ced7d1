"""Tasks side by side: order of results, failures, and what is not lost when one of them fails."""

import asyncio
import operator
import threading
from typing import Annotated, Any, TypedDict

import pytest

from runtime import START, Command, InMemorySaver, Send, StateGraph, interrupt

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


def fan(**nodes: Any) -> StateGraph:
    builder = StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node).add_edge(START, name)
    return builder


async def test_results_merge_in_order_of_names_and_sends_whoever_was_first() -> None:
    turns = {name: asyncio.Event() for name in ("s1", "s0", "b", "a")}
    order = list(turns)

    async def take_turns(name: str) -> Any:
        place = order.index(name)
        if place:
            await turns[order[place - 1]].wait()
        turns[name].set()
        return {"log": [name]}

    builder = StateGraph(State).add_node("start", lambda state: None).add_edge(START, "start")
    builder.add_node("s", lambda_async(take_turns))
    for name in "ba":
        builder.add_node(name, lambda_async(take_turns, name)).add_edge("start", name)
    builder.add_conditional_edges("start", lambda state: [Send("s", "s0"), Send("s", "s1")], ["s"])
    assert (await builder.compile().ainvoke({}))["log"] == ["a", "b", "s0", "s1"]


def lambda_async(take_turns: Any, name: str | None = None) -> Any:
    async def node(state: Any) -> Any:
        return await take_turns(name or state)

    return node


async def test_a_failure_cuts_async_siblings_down_and_lets_sync_ones_finish() -> None:
    cut, began, failed = asyncio.Event(), threading.Event(), threading.Event()

    async def waits(state: State) -> Any:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cut.set()
            raise

    def works(state: State) -> Any:
        began.set()
        assert failed.wait(10)
        return {"log": ["works"]}

    async def fails(state: State) -> Any:
        await asyncio.to_thread(began.wait)
        asyncio.get_running_loop().call_later(0, failed.set)
        raise ConnectionError("down")

    graph = fan(waits=waits, works=works, fails=fails).compile(InMemorySaver())
    with pytest.raises(ConnectionError):
        await graph.ainvoke({}, CONFIG)
    assert cut.is_set()
    state = await graph.aget_state(CONFIG)
    assert (sorted(state.next), state.values["log"]) == (["fails", "waits"], ["works"])


async def test_what_has_not_begun_when_a_task_fails_does_not_begin() -> None:
    begun: list[int] = []

    async def fails(number: int) -> Any:
        begun.append(number)
        raise ConnectionError("down")

    builder = StateGraph(State).add_node("fails", fails)
    builder.add_conditional_edges(START, lambda _: [Send("fails", number) for number in range(3)], ["fails"])
    graph = builder.compile(checkpointer=InMemorySaver())
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await graph.ainvoke({} if not begun else None, {**CONFIG, "max_concurrency": 1})
    assert begun == [0, 0]
    assert len((await graph.aget_state(CONFIG)).next) == 3


def test_a_question_stays_open_beside_a_failure() -> None:
    failures: list[int] = []

    def fails_once(state: State) -> Any:
        failures.append(1)
        if len(failures) == 1:
            raise ConnectionError("down")
        return {"log": ["worked"]}

    graph = fan(ask=lambda state: {"log": [interrupt("go?")]}, fails=fails_once).compile(InMemorySaver())
    with pytest.raises(ConnectionError):
        graph.invoke({}, CONFIG)
    (question,) = graph.get_state(CONFIG).interrupts
    rest = graph.invoke(None, CONFIG)
    assert (rest["log"], rest["__interrupt__"]) == (["worked"], [question])
    assert graph.invoke(Command(resume="yes"), CONFIG)["log"] == ["yes", "worked"]


def test_a_pause_does_not_stop_siblings() -> None:
    graph = fan(ask=lambda state: interrupt("go?"), works=lambda state: {"log": ["works"]}).compile(InMemorySaver())
    assert graph.invoke({}, CONFIG)["log"] == ["works"]


def test_new_input_keeps_what_siblings_of_an_open_question_wrote() -> None:
    class Both(State, total=False):
        top: Annotated[int, max]

    tops = [7, 1]
    builder = StateGraph(Both).add_node("ask", lambda state: interrupt("go?")).add_edge(START, "ask")
    builder.add_node("works", lambda state: {"log": ["works"], "top": tops.pop(0)}).add_edge(START, "works")
    graph = builder.compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    graph.invoke({"log": ["again"]}, CONFIG)
    assert graph.get_state(CONFIG).values == {"log": ["works", "again", "works"], "top": 7}


def test_goto_does_not_enter_a_waiting_node_twice() -> None:
    entered: list[int] = []

    def ask(state: State) -> Any:
        entered.append(1)
        return {"log": [interrupt("go?")]}

    graph = fan(ask=ask).compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    (question,) = graph.invoke(Command(goto="ask"), CONFIG)["__interrupt__"]
    assert graph.invoke(Command(resume={question.id: "yes"}), CONFIG)["log"] == ["yes"]
    assert len(entered) == 2
