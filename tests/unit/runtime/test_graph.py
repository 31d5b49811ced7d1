"""Building graphs: what they may look like, and the mistakes that are found before anything runs."""

import operator
import re
from typing import Annotated, Any, Literal, TypedDict, cast

import pytest

from runtime import END, START, Command, InvalidGraphError, InvalidUpdateError, Send, StateGraph


class State(TypedDict, total=False):
    n: int
    log: Annotated[list[Any], operator.add]


def a(state: State) -> Any:
    return {"log": ["a"]}


def b(state: State) -> Any:
    return {"log": ["b"]}


def graph_of_two() -> StateGraph:
    return StateGraph(State).add_node(a).add_node(b).add_edge(START, "a")


def test_edges_sequences_and_entry_points() -> None:
    assert graph_of_two().add_edge("a", "b").add_edge("b", END).compile().invoke({})["log"] == ["a", "b"]
    sequence = StateGraph(State).add_sequence([("x", a), b]).set_entry_point("x").set_finish_point("b")
    assert sequence.compile().invoke({})["log"] == ["a", "b"]
    conditional = StateGraph(State).add_node(a).add_node(b)
    conditional.set_conditional_entry_point(lambda state: state["n"] > 0, {True: "a", False: "b"})
    assert [conditional.compile().invoke({"n": n})["log"] for n in (1, 0)] == [["a"], ["b"]]


class Plain:
    n: int


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: StateGraph(State).add_node(a).compile(), "no entry point"),
        (lambda: graph_of_two().add_edge("a", "c").compile(), "no node named 'c'"),
        (lambda: graph_of_two().add_edge(["a", "d"], "b").compile(), "no node named 'd'"),
        (lambda: graph_of_two().add_conditional_edges("a", lambda s: 1, {1: "e"}).compile(), "no node named 'e'"),
        (lambda: graph_of_two().compile(interrupt_before=["f"]), "no node named 'f'"),
        (lambda: graph_of_two().add_node(a), "a node 'a' already"),
        (lambda: graph_of_two().add_node("x|y", a), "'x|y' cannot be the name"),
        (lambda: graph_of_two().add_node(END, a), "cannot be the name"),
        (lambda: graph_of_two().add_node("nothing"), "needs a function"),
        (lambda: graph_of_two().add_node(lambda state: None), "has none"),
        (lambda: graph_of_two().add_edge(END, "a"), "from '__end__' to 'a'"),
        (lambda: graph_of_two().add_edge("a", START), "from 'a' to '__start__'"),
        (lambda: StateGraph(Plain), "TypedDict, a dataclass or a pydantic model"),
    ],
)
def test_mistakes_are_named_before_anything_runs(mistake: Any, words: str) -> None:
    with pytest.raises(InvalidGraphError, match=re.escape(words)):
        mistake()


def test_call_time_breakpoints_name_nodes_too() -> None:
    with pytest.raises(InvalidGraphError, match="'zzz'"):
        graph_of_two().compile().invoke({}, interrupt_before=["zzz"])


def test_one_key_has_one_reducer() -> None:
    class Other(TypedDict):
        log: Annotated[list[Any], operator.concat]

    def node(state: Other) -> None: ...

    with pytest.raises(InvalidGraphError, match="'log' has two different reducers"):
        graph_of_two().add_node(node).compile()


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"unknown": 1}, "node 'node' writes 'unknown', but the state has only n, log"),
        (7, "node 'node' must give a dict of state keys, got int"),
        (Command(goto="nowhere"), "'node' goes to 'nowhere', but there is no such node"),
        (Command(goto=Send("nowhere", 1)), "'node' goes to 'nowhere'"),
        (Command(goto=cast("Any", [7])), "give a node's name, a Send, or END"),
        (Command(goto=START), "no such node"),
    ],
)
def test_what_a_node_returns_is_checked(result: Any, words: str) -> None:
    graph = StateGraph(State).add_node("node", lambda state: result).add_edge(START, "node").compile()
    with pytest.raises(InvalidUpdateError, match=re.escape(words)):
        graph.invoke({})


def test_a_router_s_choice_is_checked() -> None:
    def route(state: State) -> Any:
        return state["n"]

    graph = graph_of_two().add_conditional_edges("a", route, {1: "b", 2: END}).compile()
    assert graph.invoke({"n": 1})["log"] == ["a", "b"]
    assert graph.invoke({"n": 2})["log"] == ["a"]
    with pytest.raises(InvalidUpdateError, match="chose 3, which is none of its ends: 1, 2"):
        graph.invoke({"n": 3})


def test_two_writes_to_a_key_without_reducer_are_an_error() -> None:
    builder = StateGraph(State)
    for name in "xy":
        builder.add_node(name, lambda state: {"n": 1}).add_edge(START, name)
    with pytest.raises(InvalidUpdateError, match="at key 'n': several writes in one step"):
        builder.compile().invoke({})


def test_input_keys_are_checked() -> None:
    with pytest.raises(InvalidUpdateError, match="the input writes 'zzz'"):
        graph_of_two().compile().invoke({"zzz": 1})


async def test_nodes_and_routers_may_be_async_classes_and_partial() -> None:
    class Callable_:  # noqa: N801 - an instance is the node
        async def __call__(self, state: State) -> Any:
            return {"log": ["object"]}

    async def route(state: State) -> Literal["b"]:
        return "b"

    builder = StateGraph(State).add_node("object", Callable_()).add_node(b).add_edge(START, "object")
    graph = builder.add_conditional_edges("object", route).compile()
    assert (await graph.ainvoke({}))["log"] == ["object", "b"]


def test_nodes_and_routers_get_config_and_writer_when_they_ask() -> None:
    def node(state: State, config: Any, writer: Any) -> Any:
        writer("hello")
        return {"n": config["configurable"]["number"]}

    def route(state: State, config: Any) -> str:
        return "b" if config["configurable"]["number"] == state["n"] else END

    graph = StateGraph(State).add_node(node).add_node(b).add_edge(START, "node").add_conditional_edges("node", route)
    config = {"configurable": {"number": 7}}
    assert graph.compile().invoke({}, config) == {"n": 7, "log": ["b"]}
    assert list(graph.compile().stream({}, config, stream_mode="custom")) == ["hello"]


def test_a_join_that_was_reached_starts_over() -> None:
    def again(state: State) -> Any:
        return Command(goto=["x", "y"] if len(state["log"]) < 6 else END)

    builder = StateGraph(State).add_node("again", again)
    for name in "xy":
        builder.add_node(name, lambda state, name=name: {"log": [name]}).add_edge(START, name)
    builder.add_node("both", lambda state: {"log": ["both"]}).add_edge(["x", "y"], "both").add_edge("both", "again")
    assert builder.compile().invoke({})["log"] == ["x", "y", "both"] * 2


def test_the_same_builder_compiles_twice_and_may_grow() -> None:
    builder = graph_of_two()
    first = builder.compile()
    second = builder.add_edge("a", "b").compile()
    assert (first.invoke({})["log"], second.invoke({})["log"]) == (["a"], ["a", "b"])


async def test_what_async_programs_ask_of_a_graph_is_what_sync_ones_get() -> None:
    inner = StateGraph(State).add_node("one", lambda _: None).add_edge(START, "one")
    graph = StateGraph(State).add_node("inner", inner.compile()).add_edge(START, "inner").validate().compile()
    assert await graph.aget_graph(xray=True) == graph.get_graph(xray=True)
    assert (
        [name async for name, _ in graph.aget_subgraphs()] == [name for name, _ in graph.get_subgraphs()] == ["inner"]
    )
    with pytest.raises(InvalidGraphError, match="'zzz'"):
        StateGraph(State).add_node("a", lambda _: None).add_edge(START, "a").validate(["zzz"])
