"""Subgraphs as nodes and as functions: what is entered again, whose question it is, what comes back."""

import asyncio
import json
import operator
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

from runtime import END, START, Command, CompiledGraph, InMemorySaver, InvalidUpdateError, StateGraph, interrupt

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
SAMPLES: dict[str, str] = json.loads(Path(__file__).with_name("memory_samples.json").read_text("utf-8"))


class State(TypedDict, total=False):
    counter: int
    log: Annotated[list[Any], operator.add]


def chain(*nodes: Callable[..., Any]) -> StateGraph:
    return StateGraph(State).add_sequence(nodes).add_edge(START, nodes[0].__name__)


def counted(entered: Counter[str], name: str, node: Callable[[State], Any] | None = None) -> Callable[[State], Any]:
    def run(state: State) -> Any:
        entered[name] += 1
        return node(state) if node else {"log": [name]}

    run.__name__ = name
    return run


def ask(state: State) -> Any:
    return {"log": [interrupt("what is your name?")]}


def values(result: Any) -> list[Any]:
    return [question.value for question in result["__interrupt__"]]


@pytest.mark.parametrize("with_own_saver", [False, True])
def test_parent_and_subgraph_run_again_only_where_the_question_was_asked(with_own_saver: bool) -> None:
    entered: Counter[str] = Counter()
    inner = chain(counted(entered, "sub_1"), counted(entered, "sub_2", ask), counted(entered, "sub_3"))
    subgraph = inner.compile(checkpointer=InMemorySaver() if with_own_saver else None)

    def call(state: State) -> Any:
        return {"log": subgraph.invoke(state)["log"]}

    outer = chain(counted(entered, "node_1"), counted(entered, "node_2", call), counted(entered, "node_3"))
    graph = outer.compile(checkpointer=InMemorySaver())
    (question,) = graph.invoke({"counter": 1}, CONFIG)["__interrupt__"]
    assert [part.split(":")[0] for part in question.ns] == ["node_2", "sub_2"]
    assert entered == {"node_1": 1, "node_2": 1, "sub_1": 1, "sub_2": 1}
    result = graph.invoke(Command(resume="35"), CONFIG)
    assert entered == {"node_1": 1, "node_2": 2, "node_3": 1, "sub_1": 1, "sub_2": 2, "sub_3": 1}
    assert result["log"] == ["node_1", "node_1", "sub_1", "35", "sub_3", "node_3"]


def test_a_subgraph_that_returns_a_whole_state_does_not_conflict() -> None:
    class Plain(TypedDict):
        counter: int

    def silent(state: Plain) -> None:
        interrupt("what is your name?")

    subgraph = StateGraph(Plain).add_node(silent).add_edge(START, "silent").compile()
    graph = StateGraph(Plain).add_node("parent", subgraph.invoke).add_edge(START, "parent").compile(InMemorySaver())
    graph.invoke({"counter": 1}, CONFIG)
    assert list(graph.stream(Command(resume="35"), CONFIG)) == [{"parent": {"counter": 1}}]


def test_the_question_is_shown_in_the_subgraph_and_at_the_root_under_one_id() -> None:
    graph = StateGraph(State).add_node("child", chain(ask).compile()).add_edge(START, "child").compile(InMemorySaver())
    chunks = [
        (tuple(part.split(":")[0] for part in ns), chunk["__interrupt__"][0].id)
        for ns, chunk in graph.stream({}, CONFIG, subgraphs=True)
    ]
    assert [ns for ns, _ in chunks] == [("child",), ()]
    assert len({question for _, question in chunks}) == 1
    state = graph.get_state(CONFIG, subgraphs=True)
    assert state.tasks[0].state.next == ("ask",)
    assert state.tasks[0].state.interrupts == state.interrupts
    assert graph.get_state(CONFIG).tasks[0].state["configurable"]["checkpoint_ns"].startswith("child:")


def deep(levels: int) -> CompiledGraph:
    graph = chain(ask).compile()
    for level in range(levels):
        builder = StateGraph(State)
        if level % 2:
            builder.add_node("down", graph)
        else:
            builder.add_node("down", lambda state, graph=graph: graph.invoke({}))
        graph = builder.add_edge(START, "down").compile()
    return graph


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
async def test_a_question_comes_up_from_any_depth(levels: int) -> None:
    for call in (in_a_thread("invoke"), lambda graph, given: graph.ainvoke(given, CONFIG)):
        graph = deep(levels).with_checkpointer(InMemorySaver())
        assert values(await call(graph, {})) == ["what is your name?"]
        assert (await call(graph, Command(resume="Ann")))["log"] == ["Ann"]


def in_a_thread(method: str) -> Callable[[CompiledGraph, Any], Any]:
    return lambda graph, given: asyncio.to_thread(getattr(graph, method), given, CONFIG)


def test_sync_calls_nest_inside_a_running_loop() -> None:
    async def main() -> Any:
        graph = deep(2).with_checkpointer(InMemorySaver())
        graph.invoke({}, CONFIG)
        return graph.invoke(Command(resume="Ann"), CONFIG)["log"]

    assert asyncio.run(main()) == ["Ann"]


async def test_gathered_subgraph_calls_ask_together_and_are_answered_alone() -> None:
    entered: Counter[str] = Counter()

    def child(name: str) -> CompiledGraph:
        async def asks(state: State) -> Any:
            entered[name] += 1
            await asyncio.sleep(0)
            return {"log": [interrupt(name)]}

        return chain(asks).compile()

    a, b = child("a"), child("b")

    async def both(state: State) -> Any:
        results = await asyncio.gather(a.ainvoke({}), b.ainvoke({}))
        return {"log": [result["log"] for result in results]}

    graph = chain(both).compile(InMemorySaver())
    asked = (await graph.ainvoke({}, CONFIG))["__interrupt__"]
    assert [question.value for question in asked] == ["a", "b"]
    rest = await graph.ainvoke(Command(resume={asked[1].id: 2}), CONFIG)
    assert (values(rest), dict(entered)) == (["a"], {"a": 1, "b": 2})
    assert (await graph.ainvoke(Command(resume=1), CONFIG))["log"] == [[1], [2]]


def test_a_call_under_another_thread_id_is_a_run_of_its_own() -> None:
    saver = InMemorySaver()
    detached = chain(ask).compile(saver)

    def call(state: State) -> Any:
        result = detached.invoke({}, {"configurable": {"thread_id": "other"}})
        return {"log": values(result)}

    graph = chain(call).compile(saver)
    assert graph.invoke({}, CONFIG) == {"log": ["what is your name?"]}
    assert detached.get_state({"configurable": {"thread_id": "other"}}).next == ("ask",)


def test_a_static_breakpoint_of_a_subgraph_pauses_its_parent() -> None:
    child = chain(counted(Counter(), "inside")).compile(interrupt_before=["inside"])
    graph = StateGraph(State).add_node("child", child).add_edge(START, "child").compile(InMemorySaver())
    assert graph.invoke({}, CONFIG) == {"log": [], "__interrupt__": []}
    assert graph.get_state(CONFIG).next == ("child",)
    assert graph.invoke(None, CONFIG) == {"log": ["inside"]}


def test_breakpoints_of_the_parent_are_not_those_of_the_child() -> None:
    child = chain(counted(Counter(), "same")).compile()
    outer = StateGraph(State).add_node("child", child).add_node("same", lambda state: {"log": ["outer"]})
    graph = outer.add_edge(START, "child").add_edge("child", "same").compile(InMemorySaver())
    assert graph.invoke({}, CONFIG, interrupt_before=["same"])["log"] == ["same"]
    assert graph.invoke(None, CONFIG)["log"] == ["same", "outer"]


def test_a_command_for_the_parent_needs_a_parent() -> None:
    def leave(state: State) -> Any:
        return Command(graph=Command.PARENT, goto="elsewhere")

    with pytest.raises(InvalidUpdateError, match="no parent graph"):
        chain(leave).compile().invoke({})
    with pytest.raises(InvalidUpdateError, match="no parent graph"):
        chain(ask).compile(InMemorySaver()).invoke(Command(graph=Command.PARENT, goto="x"), CONFIG)


def test_a_key_that_neither_graph_has_is_a_mistake() -> None:
    child = StateGraph(State).add_node("c", lambda state: {"counter": 1}).add_edge(START, "c").compile()

    class Plain(TypedDict, total=False):
        counter: int

    def call(state: Plain) -> Any:
        return child.invoke({}) | {"log": [], "conter": 2}

    graph = StateGraph(Plain).add_node(call).add_edge(START, "call").compile()
    with pytest.raises(InvalidUpdateError, match="'conter'"):
        graph.invoke({})


def test_parallel_sync_nodes_call_subgraphs_from_their_threads() -> None:
    child = chain(ask).compile()
    builder = StateGraph(State)
    for number in range(8):
        builder.add_node(f"n{number}", lambda state: {"log": child.invoke({})["log"]}).add_edge(START, f"n{number}")
    graph = builder.compile(InMemorySaver())
    asked = graph.invoke({}, CONFIG)["__interrupt__"]
    answers = {question.id: place for place, question in enumerate(asked)}
    assert graph.invoke(Command(resume=answers), CONFIG)["log"] == list(range(8))


class Mortal(InMemorySaver):
    """Dies after so many appends."""

    def __init__(self, appends: int) -> None:
        super().__init__()
        self.left = appends

    async def append(self, *args: Any, **options: Any) -> None:
        await super().append(*args, **options)
        self.left -= 1
        if self.left == 0:
            raise ConnectionError


@pytest.mark.parametrize("appends", range(1, 8))
def test_a_subgraph_keeps_its_state_whenever_the_process_dies(appends: int) -> None:
    class Log(TypedDict, total=False):
        log: Annotated[list[str], operator.add]

    def tell(state: Log) -> Log:
        return {"log": ["told"]}

    kept = StateGraph(Log).add_sequence([("first", tell), ("second", tell)]).add_edge(START, "first")
    below = kept.compile(checkpointer=True)

    class Turns(TypedDict, total=False):
        turn: int
        seen: list[str]

    def call(state: Turns) -> Turns:
        return {"turn": state["turn"] + 1, "seen": below.invoke({"log": [f"turn {state['turn']}"]})["log"]}

    builder = StateGraph(Turns).add_node(call).add_edge(START, "call")
    builder.add_conditional_edges("call", lambda state: "call" if state["turn"] < 2 else END, ["call", END])
    graph = builder.compile(Mortal(appends))
    try:
        result = graph.invoke({"turn": 0}, CONFIG, durability="sync")
    except ConnectionError:
        result = graph.invoke(None, CONFIG)
    assert result["seen"] == ["turn 0", "told", "told", "turn 1", "told", "told"]


@pytest.mark.parametrize("kept", [["entry"], ["entry", "snapshot"]])
async def test_what_a_subgraph_has_kept_is_read_for_ever(kept: list[str]) -> None:
    """The samples are a thread of one turn, from before memories knew where their history goes on."""

    class Log(TypedDict, total=False):
        log: Annotated[list[str], operator.add]

    def count(state: Log) -> Log:
        return {"log": [f"{len(state['log'])} known"]}

    below = StateGraph(Log).add_node(count).add_edge(START, "count").compile(checkpointer=True)
    saver = InMemorySaver()
    entry, *snapshot = (bytes.fromhex(SAMPLES[name]) for name in kept)
    await saver.append("one", 0, entry, snapshot=snapshot[0] if snapshot else None)
    graph = StateGraph(Log).add_node("child", below).add_edge(START, "child").compile(saver)
    assert (await graph.ainvoke({"log": ["again"]}, CONFIG))["log"][-3:] == ["1 known", "again", "6 known"]
    place = {"configurable": {"thread_id": "one", "checkpoint_ns": "child"}}
    assert [len(record.values["log"]) async for record in graph.aget_state_history(place)] == [7, 6, 2, 2, 1, 0]
