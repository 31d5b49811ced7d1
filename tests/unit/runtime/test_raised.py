"""What nodes raise besides errors of their own: timeouts, handled errors, questions and commands by hand."""

import asyncio
import operator
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

from runtime import (
    START,
    Command,
    CompiledGraph,
    GraphInterrupt,
    InMemorySaver,
    Interrupt,
    InvalidAnswerError,
    InvalidGraphError,
    InvalidUpdateError,
    NodeError,
    NodeInterrupt,
    NodeTimeoutError,
    NoRunError,
    ParentCommand,
    RetryPolicy,
    SqliteSaver,
    StateGraph,
    TimeoutPolicy,
    interrupt,
    is_invalid_resume,
)

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    ready: bool
    log: Annotated[list[Any], operator.add]


def graph_of(node: Any, name: str = "node", **options: Any) -> CompiledGraph:
    return StateGraph(State).add_node(name, node, **options).add_edge(START, name).compile(InMemorySaver())


# Timeouts.


async def endless(state: State) -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("limit", [0.01, timedelta(milliseconds=10), TimeoutPolicy(run_timeout=0.01)])
async def test_an_async_node_that_takes_too_long_is_cancelled(limit: Any) -> None:
    with pytest.raises(NodeTimeoutError, match=r"node 'node' took longer than its timeout of 0\.01 s") as raised:
        await graph_of(endless, timeout=limit).ainvoke({}, CONFIG)
    assert (raised.value.node, raised.value.timeout, raised.value.kind) == ("node", 0.01, "run")
    assert raised.value.elapsed >= 0.01


async def test_a_timeout_is_retried_like_any_passing_fault() -> None:
    async def slow_once(state: State) -> Any:
        entered.append(1)
        if len(entered) == 1:
            await asyncio.Event().wait()
        return {"log": ["done"]}

    entered: list[int] = []
    retry = RetryPolicy(initial_interval=0, jitter=False)
    graph = graph_of(slow_once, timeout=0.01, retry_policy=retry)
    assert await graph.ainvoke({}, CONFIG) == {"log": ["done"]}


async def test_a_subgraph_that_takes_too_long_goes_on_where_it_stood() -> None:
    async def slow_once(state: State) -> Any:
        entered.append("slow")
        if len(entered) == 2:
            await asyncio.Event().wait()
        return {"log": ["slow"]}

    def first(state: State) -> Any:
        entered.append("first")
        return {"log": ["first"]}

    entered: list[str] = []
    child = StateGraph(State).add_sequence([first, slow_once]).add_edge(START, "first").compile()
    retry = RetryPolicy(initial_interval=0, jitter=False)
    graph = graph_of(child, timeout=0.2, retry_policy=retry)
    assert await graph.ainvoke({}, CONFIG) == {"log": ["first", "slow"]}
    assert entered == ["first", "slow", "slow"]


async def test_a_thread_that_a_timeout_could_not_stop_does_not_cancel_the_run() -> None:
    def busy(state: State) -> Any:
        finish.wait(5)
        return {"log": ["busy"]}

    async def calls(state: State) -> Any:
        asyncio.get_running_loop().call_later(0.1, finish.set)
        return await child.ainvoke({})

    finish = threading.Event()
    child = StateGraph(State).add_node(busy).add_edge(START, "busy").compile()
    retry = RetryPolicy(initial_interval=0, jitter=False)
    assert await graph_of(calls, timeout=0.05, retry_policy=retry).ainvoke({}, CONFIG) == {"log": ["busy"]}


async def test_a_timeout_of_the_nodes_own_stays_what_it_is() -> None:
    async def raises(state: State) -> Any:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await graph_of(raises, timeout=60).ainvoke({}, CONFIG)


async def test_a_question_is_no_timeout() -> None:
    async def ask(state: State) -> Any:
        return {"log": [interrupt("go?")]}

    graph = graph_of(ask, timeout=60)
    await graph.ainvoke({}, CONFIG)
    assert await graph.ainvoke(Command(resume="yes"), CONFIG) == {"log": ["yes"]}


def test_sync_nodes_and_nothing_cannot_be_timed() -> None:
    with pytest.raises(InvalidGraphError, match="'node' cannot have a timeout: it is not async"):
        graph_of(lambda state: None, timeout=1)
    with pytest.raises(InvalidGraphError, match="must be more than 0 seconds, not 0"):
        graph_of(endless, timeout=0)


# Error handlers.


def fails(state: State) -> Any:
    raise ConnectionError("down")


def reports(state: State, error: NodeError) -> Any:
    return {"log": [(interrupt("what now?"), error.node, repr(error.error))]}


def test_a_handler_runs_after_the_retries_and_in_place_of_the_edges() -> None:
    def flaky(state: State) -> Any:
        entered.append(1)
        raise ConnectionError("down")

    async def handles(state: State, error: NodeError) -> Any:
        return {"log": [len(entered), error.error]}

    entered: list[int] = []
    retry = RetryPolicy(initial_interval=0, jitter=False, max_attempts=2)
    builder = StateGraph(State).add_node(flaky, retry_policy=retry, error_handler=handles)
    builder.add_node("never", lambda state: {"log": ["never"]}).add_edge("flaky", "never")
    result = builder.add_edge(["flaky"], "never").add_edge(START, "flaky").compile().invoke({})
    assert list(map(repr, result["log"])) == ["2", "ConnectionError('down')"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_handler_that_asks_goes_on_in_another_process(tmp_path: Path, beside: bool) -> None:
    def reopened() -> CompiledGraph:
        builder = StateGraph(State).add_node(fails, error_handler=reports).add_edge(START, "fails")
        if beside:
            builder.add_node("beside", lambda state: {"log": [interrupt("beside?")]}).add_edge(START, "beside")
        return builder.compile(SqliteSaver(tmp_path / "andon.sqlite"))

    reopened().invoke({}, CONFIG)
    if beside:
        reopened().invoke(Command(resume="first"), CONFIG)
    told = ("retry", "fails", "RuntimeError(\"ConnectionError('down')\")")
    assert reopened().invoke(Command(resume="retry"), CONFIG)["log"] == [*(["first"] if beside else []), told]


def test_an_answer_that_does_not_fit_is_not_the_handlers_to_mend() -> None:
    def ask(state: State) -> Any:
        return {"log": [interrupt("how many?", response_schema=int)]}

    graph = graph_of(ask, error_handler=reports)
    graph.invoke({}, CONFIG)
    with pytest.raises(InvalidAnswerError):
        graph.invoke(Command(resume="many"), CONFIG)
    assert graph.invoke(Command(resume=3), CONFIG) == {"log": [3]}


# Questions by hand.


def not_ready(state: State) -> Any:
    if not state.get("ready"):
        raise GraphInterrupt([Interrupt("not ready")])
    return {"log": ["ran"]}


def old_style(state: State) -> Any:
    if not state.get("ready"):
        with pytest.warns(DeprecationWarning, match="call interrupt"):
            raise NodeInterrupt("not ready")
    return {"log": ["ran"]}


@pytest.mark.parametrize("node", [not_ready, old_style])
def test_a_question_raised_by_hand_shows_and_waits_for_another_state(node: Callable[..., Any]) -> None:
    graph = graph_of(node)
    (question,) = graph.invoke({}, CONFIG)["__interrupt__"]
    assert (question.value, len(question.id)) == ("not ready", 32)
    assert graph.get_state(CONFIG).interrupts == (question,)
    goes_on: list[Any] = [None, Command(resume="yes"), Command(resume={question.id: "yes"})]
    for given in goes_on:
        assert graph.invoke(given, CONFIG)["__interrupt__"] == [question]
    assert graph.invoke(Command(update={"ready": True}), CONFIG) == {"ready": True, "log": ["ran"]}


def test_a_written_state_lets_it_go_on() -> None:
    graph = graph_of(not_ready)
    graph.invoke({}, CONFIG)
    graph.update_state(CONFIG, {"ready": True})
    assert graph.invoke(None, CONFIG) == {"ready": True, "log": ["ran"]}


def test_a_node_that_raised_its_question_looks_again_whenever_the_thread_goes_on() -> None:
    def waits(state: State) -> Any:
        if not ready:
            raise GraphInterrupt([Interrupt("not ready")])
        return {"log": ["ran"]}

    ready: list[bool] = []
    graph = graph_of(waits)
    graph.invoke({}, CONFIG)
    ready.append(True)
    assert graph.invoke(None, CONFIG) == {"log": ["ran"]}


def test_an_answer_to_a_question_by_hand_is_never_kept_for_a_real_one() -> None:
    def asks_when_ready(state: State) -> Any:
        if not state.get("ready"):
            raise GraphInterrupt([Interrupt("go?")])
        return {"log": [interrupt("go?")]}

    graph = graph_of(asks_when_ready)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume="yes"), CONFIG)
    (question,) = graph.invoke(Command(update={"ready": True}), CONFIG)["__interrupt__"]
    assert question.value == "go?"
    assert graph.invoke(Command(resume="no"), CONFIG)["log"] == ["no"]


def test_a_pause_without_a_question_is_looked_at_again() -> None:
    def waits(state: State) -> Any:
        entered.append(1)
        if len(entered) == 1:
            raise GraphInterrupt
        return {"log": ["ran"]}

    entered: list[int] = []
    graph = graph_of(waits)
    assert graph.invoke({}, CONFIG)["__interrupt__"] == []
    assert graph.invoke(None, CONFIG) == {"log": ["ran"]}


def test_questions_by_hand_come_one_at_a_time_and_need_a_store() -> None:
    def raises(state: State) -> Any:
        raise GraphInterrupt([Interrupt("a"), Interrupt("b")])

    with pytest.raises(InvalidUpdateError, match="'node' raised 2 questions at once"):
        graph_of(raises).invoke({}, CONFIG)
    with pytest.raises(NoRunError, match="needs a checkpointer"):
        graph_of(not_ready).builder.compile().invoke({})


# Commands by hand.


def test_a_parent_command_raised_by_hand_leaves_the_graph_it_was_raised_in() -> None:
    def leaves(state: State) -> Any:
        raise ParentCommand(Command(update={"log": ["left"]}, goto="there"))

    child = graph_of(leaves, "leaves").builder.compile()
    builder = StateGraph(State).add_node("child", child).add_node("there", lambda state: {"log": ["there"]})
    graph = builder.add_edge(START, "child").compile()
    assert graph.invoke({}) == {"log": ["left", "there"]}
    with pytest.raises(InvalidUpdateError, match="no parent graph"):
        child.invoke({})


def test_an_answer_that_does_not_fit_is_told_from_other_errors() -> None:
    def ask(state: State) -> Any:
        return {"log": [interrupt("how many?", response_schema=int)]}

    graph = graph_of(ask)
    graph.invoke({}, CONFIG)
    with pytest.raises(InvalidAnswerError) as refused:
        graph.invoke(Command(resume="many"), CONFIG)
    assert is_invalid_resume(refused.value)
    assert not is_invalid_resume(ValueError())
