"""Calls that somebody asks to stop: between two steps, with nothing lost and nothing done twice."""

import asyncio
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest

from runtime import (
    START,
    Command,
    CompiledGraph,
    GraphDrained,
    InMemorySaver,
    InvalidUpdateError,
    NoRunError,
    ParentCommand,
    RunControl,
    Runtime,
    StateGraph,
    entrypoint,
    interrupt,
    task,
)

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


def tell(name: str) -> Callable[[State], Any]:
    return lambda state: {"log": [name]}


def stopping(control: RunControl) -> Callable[[State], Any]:
    def asks(state: State) -> Any:
        control.request_drain("deploy")
        return {"log": ["asks"]}

    return asks


def chain(*nodes: Any) -> StateGraph:
    names = [str(number) for number in range(len(nodes))]
    return StateGraph(State).add_sequence(list(zip(names, nodes, strict=True))).add_edge(START, "0")


def test_a_call_that_is_asked_to_stop_says_why_and_goes_on_later() -> None:
    control = RunControl()
    graph = chain(stopping(control), tell("after")).compile(InMemorySaver())
    with pytest.raises(GraphDrained, match="asked to stop \\(deploy\\)") as raised:
        graph.invoke({}, CONFIG, control=control)
    assert raised.value.reason == "deploy"
    assert graph.get_state(CONFIG).next == ("1",)
    assert graph.invoke(None, CONFIG) == {"log": ["asks", "after"]}


async def test_whoever_reads_a_stream_hears_it_after_the_last_chunk() -> None:
    control = RunControl()
    graph = chain(stopping(control), tell("after")).compile()
    stream = graph.astream({}, control=control)
    assert await anext(stream) == {"0": {"log": ["asks"]}}
    with pytest.raises(GraphDrained):
        await anext(stream)


def test_a_call_that_was_asked_before_it_began_does_nothing() -> None:
    control = RunControl()
    control.request_drain()
    graph = chain(tell("never")).compile(InMemorySaver())
    with pytest.raises(GraphDrained):
        graph.invoke({}, CONFIG, control=control)
    assert graph.invoke(None, CONFIG) == {"log": ["never"]}


def test_the_end_of_a_graph_is_the_end() -> None:
    control = RunControl()
    assert chain(stopping(control)).compile().invoke({}, control=control) == {"log": ["asks"]}


def side_by_side(**nodes: Any) -> CompiledGraph:
    builder = StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node).add_edge(START, name)
    return builder.compile(InMemorySaver())


async def test_what_runs_beside_a_subgraph_that_stops_is_not_cut_down() -> None:
    async def slow(state: State) -> Any:
        await stopped.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        ran.append("slow")
        return {"log": ["slow"]}

    async def asks(state: State) -> Any:
        control.request_drain()
        stopped.set()
        return {"log": ["asks"]}

    control, stopped, ran = RunControl(), asyncio.Event(), list[str]()
    graph = side_by_side(child=chain(asks, tell("inside")).compile(), slow=slow)
    with pytest.raises(GraphDrained):
        await graph.ainvoke({}, CONFIG, control=control)
    assert (await graph.ainvoke(None, CONFIG))["log"] == ["asks", "inside", "slow"]
    assert ran == ["slow"]


def test_a_question_is_shown_rather_than_the_stop() -> None:
    def asks(state: State) -> Any:
        return {"log": [interrupt("pay?")]}

    control = RunControl()
    graph = side_by_side(asks=asks, child=chain(stopping(control), tell("inside")).compile())
    assert [each.value for each in graph.invoke({}, CONFIG, control=control)["__interrupt__"]] == ["pay?"]
    assert graph.invoke(Command(resume="yes"), CONFIG)["log"] == ["yes", "asks", "inside"]


def test_a_workflow_that_has_begun_may_call_its_tasks() -> None:
    @task
    def double(number: int) -> int:
        return number * 2

    @entrypoint()
    def flow(number: int) -> Any:
        control.request_drain()
        return double(number).result()

    control = RunControl()
    assert flow.invoke(2, control=control) == 4


# What else surrounds a node.


def test_a_runtime_made_by_hand_is_of_no_execution() -> None:
    assert Runtime(context="a").merge(Runtime(previous=1)) == Runtime(context="a", previous=1)
    with pytest.raises(NoRunError):
        Runtime().patch_execution_info(node_attempt=2)


@pytest.mark.parametrize("kind", [ParentCommand, InvalidUpdateError])
def test_a_command_without_a_parent_is_an_error_of_both_kinds(kind: type[BaseException]) -> None:
    graph = chain(lambda state: Command(graph=Command.PARENT, goto="away")).compile()
    with pytest.raises(kind, match="there is no parent graph for"):
        graph.invoke({})


def test_a_command_that_left_a_detached_graph_is_not_obeyed_by_the_graph_around_it() -> None:
    def leaves(state: State) -> Any:
        return Command(graph=Command.PARENT, goto="after")

    detached = chain(leaves).compile(InMemorySaver())

    def calls(state: State) -> Any:
        detached.invoke({}, {"configurable": {"thread_id": "another"}})

    builder = StateGraph(State).add_node("child", chain(calls).compile()).add_edge(START, "child")
    graph = builder.add_node("after", tell("after")).compile(InMemorySaver())
    with pytest.raises(InvalidUpdateError, match="there is no parent graph"):
        graph.invoke({}, CONFIG)
