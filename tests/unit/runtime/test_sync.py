"""Sync calls on an async engine: from plain code, from inside a loop, from nodes; and sync nodes that block nobody."""

import asyncio
import gc
import operator
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

from runtime import START, Command, InMemorySaver, StateGraph, interrupt

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


def chain(*nodes: Callable[..., Any]) -> StateGraph:
    return StateGraph(State).add_sequence(nodes).add_edge(START, nodes[0].__name__)


def ask(state: State) -> Any:
    return {"log": [interrupt("go?")]}


async def test_a_sync_node_does_not_block_the_loop() -> None:
    began, finish = threading.Event(), threading.Event()

    def blocking(state: State) -> Any:
        began.set()
        return {"log": [finish.wait(10)]}

    running = asyncio.ensure_future(chain(blocking).compile().ainvoke({}))
    await asyncio.to_thread(began.wait)
    finish.set()  # the loop is free to get here
    assert await running == {"log": [True]}


def test_parallel_sync_nodes_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)
    builder = StateGraph(State)
    for name in "abc":
        builder.add_node(name, lambda state: {"log": [meeting.wait() >= 0]}).add_edge(START, name)
    assert builder.compile().invoke({}) == {"log": [True, True, True]}


def test_a_lone_sync_node_of_a_sync_call_runs_in_the_caller_s_thread() -> None:
    def where(state: State) -> Any:
        return {"log": [threading.get_ident()]}

    assert chain(where).compile().invoke({}) == {"log": [threading.get_ident()]}


async def test_the_sync_api_works_inside_a_running_loop() -> None:
    graph = chain(ask).compile(InMemorySaver())
    assert graph.invoke({}, CONFIG)["__interrupt__"]
    assert graph.get_state(CONFIG).next == ("ask",)
    assert list(graph.stream(Command(resume="yes"), CONFIG)) == [{"ask": {"log": ["yes"]}}]


def test_async_nodes_run_under_the_sync_api() -> None:
    async def node(state: State) -> Any:
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
        return {"log": ["async"]}

    assert chain(node).compile().invoke({}) == {"log": ["async"]}


@pytest.mark.parametrize("call", ["invoke", "ainvoke"])
def test_stop_iteration_in_a_node_is_an_error_and_no_end(call: str) -> None:
    def exhausted(state: State) -> Any:
        return next(iter(()))

    graph = chain(exhausted).compile()
    with pytest.raises(RuntimeError, match="StopIteration"):
        graph.invoke({}) if call == "invoke" else asyncio.run(graph.ainvoke({}))


def test_keyboard_interrupt_leaves_nothing_running() -> None:
    async def interrupted(state: State) -> Any:
        asyncio.get_running_loop().call_soon(raise_keyboard_interrupt)
        await asyncio.sleep(3600)

    def raise_keyboard_interrupt() -> None:
        raise KeyboardInterrupt

    graph = chain(ask, interrupted).compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    with pytest.raises(KeyboardInterrupt):
        graph.invoke(Command(resume="yes"), CONFIG)
    assert graph.get_state(CONFIG).next == ("interrupted",)


def test_threads_that_made_sync_calls_leave_no_loop_open() -> None:
    def work() -> None:
        assert chain(lambda_free).compile().invoke({}) == {"log": ["x"]}

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    gc.collect()  # an open loop would warn here, and a warning is an error


def lambda_free(state: State) -> Any:
    return {"log": ["x"]}


def test_a_process_ends_without_a_word() -> None:
    program = """
import logging
import threading
from typing import TypedDict
from runtime import START, InMemorySaver, StateGraph
logging.getLogger("asyncio").setLevel(logging.ERROR)  # a slow machine is a warning, a task left behind an error
class State(TypedDict, total=False):
    n: int
def inner(state: State):
    return {"n": 1}
below = StateGraph(State).add_node(inner).add_edge(START, "inner").compile()
builder = StateGraph(State)
for name in "ab":
    builder.add_node(name, lambda state: below.invoke({}) and None).add_edge(START, name)
graph = builder.compile(InMemorySaver())
other = threading.Thread(target=lambda: graph.invoke({}, {"configurable": {"thread_id": "2"}}))
other.start()
graph.invoke({}, {"configurable": {"thread_id": "1"}})
other.join()
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program]
    done = subprocess.run(command, env={"PYTHONPATH": str(Path.cwd())}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
