"""Going back to a checkpoint inside a subgraph: the whole thread goes back, in one record, and asks under new ids."""

import asyncio
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest

from runtime import (
    START,
    Command,
    CompiledGraph,
    InMemorySaver,
    StateGraph,
    StateSnapshot,
    UnknownInterruptError,
    interrupt,
)

CONFIG: Any = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[str], operator.add]


def asking(name: str, ran: list[str]) -> Callable[[State], Any]:
    def node(state: State) -> Any:
        ran.append(name)
        return {"log": [f"{name} {interrupt(f'{name}?')}"]}

    return node


def telling(name: str, ran: list[str]) -> Callable[[State], Any]:
    def node(state: State) -> Any:
        ran.append(name)
        return {"log": [name]}

    return node


def program(ran: list[str], store: InMemorySaver) -> CompiledGraph:
    """Return a graph of a subgraph (told, two questions) and a sibling that asks, too."""
    inner = StateGraph(State).add_node("told", telling("told", ran)).add_node("p", asking("p", ran))
    inner.add_node("q", asking("q", ran)).add_edge(START, "told").add_edge("told", "p").add_edge("p", "q")
    builder = StateGraph(State).add_node("child", inner.compile()).add_node("beside", asking("beside", ran))
    return builder.add_edge(START, "child").add_edge(START, "beside").compile(store)


def inside(graph: CompiledGraph) -> StateSnapshot:
    state: StateSnapshot = next(
        task.state for task in graph.get_state(CONFIG, subgraphs=True).tasks if task.name == "child"
    )
    return state


def ids(graph: CompiledGraph) -> dict[str, str]:
    return {question.value: question.id for question in graph.get_state(CONFIG).interrupts}


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def store() -> InMemorySaver:
    return InMemorySaver()


@pytest.fixture
def past(ran: list[str], store: InMemorySaver) -> tuple[CompiledGraph, StateSnapshot, dict[str, str]]:
    """A thread that is over, its subgraph at its first question, and the ids of all questions it has asked."""
    graph = program(ran, store)
    graph.invoke({}, CONFIG)
    then, used = inside(graph), ids(graph)
    for asked in ("p?", "q?", "beside?"):
        graph.invoke(Command(resume={(used := used | ids(graph))[asked]: "yes"}), CONFIG)
    ran.clear()
    return graph, then, used


Past = tuple[CompiledGraph, StateSnapshot, dict[str, str]]


def test_what_a_subgraph_had_done_by_then_is_not_done_again(past: Past, ran: list[str]) -> None:
    graph, then, _ = past
    graph.invoke(None, then.config)
    assert sorted(ran) == ["beside", "p"]
    assert inside(graph).values == then.values
    graph.invoke(Command(resume={ids(graph)["p?"]: "no", ids(graph)["beside?"]: "no"}), CONFIG)
    result = graph.invoke(Command(resume="no"), CONFIG)
    assert result["log"] == ["beside no", "told", "p no", "q no"]


def test_no_id_of_the_old_branch_answers_anything_in_the_new_one(past: Past) -> None:
    graph, then, used = past
    graph.invoke(None, then.config)
    assert not set(used.values()) & set(ids(graph).values())
    for question in used.values():
        with pytest.raises(UnknownInterruptError):
            graph.invoke(Command(resume={question: "no"}), CONFIG)


def test_an_answer_to_a_subgraphs_older_checkpoint_answers_the_question_it_stood_at(
    ran: list[str], store: InMemorySaver
) -> None:
    inner = StateGraph(State).add_node("p", asking("p", ran)).add_node("q", asking("q", ran))
    inner.add_edge(START, "p").add_edge("p", "q")
    graph = StateGraph(State).add_node("child", inner.compile()).add_edge(START, "child").compile(store)
    graph.invoke({}, CONFIG)
    then = inside(graph)
    graph.invoke(Command(resume="1"), CONFIG)
    graph.invoke(Command(resume="2"), CONFIG)
    graph.invoke(Command(resume="other"), then.config)
    assert list(ids(graph)) == ["q?"]
    assert graph.invoke(Command(resume="3"), CONFIG)["log"] == ["p other", "q 3"]


def test_a_state_written_into_the_past_of_a_subgraph_is_gone_on_from(past: Past, store: InMemorySaver) -> None:
    graph, then, _ = past
    entries = asyncio.run(store.load("one")).head
    branch = graph.update_state(then.config, {"log": ["edited"]}, as_node="p")
    assert asyncio.run(store.load("one")).head == entries + 1
    assert graph.get_state(branch).next == ("q",)
    assert graph.invoke(None, branch)["__interrupt__"]
    graph.invoke(Command(resume={ids(graph)["q?"]: "no", ids(graph)["beside?"]: "no"}), branch)
    assert graph.get_state(CONFIG).values["log"] == ["beside no", "told", "edited", "q no"]


def test_new_input_at_a_subgraphs_older_checkpoint_begins_a_turn_there(past: Past) -> None:
    graph, then, _ = past
    graph.invoke({"log": ["new"]}, then.config)
    assert graph.get_state(CONFIG).values["log"] == ["new"]


def test_a_checkpoint_that_never_was_is_refused_and_changes_nothing(past: Past) -> None:
    graph, then, _ = past
    before = graph.get_state(CONFIG)
    place = then.config["configurable"]
    with pytest.raises(ValueError, match="no checkpoint 'x'"):
        graph.invoke(None, {"configurable": {**place, "checkpoint_id": "x"}})
    with pytest.raises(ValueError, match="'elsewhere' neither is a graph"):
        graph.update_state({"configurable": {**place, "checkpoint_ns": "elsewhere"}}, {"log": ["x"]})
    with pytest.raises(ValueError, match="no subgraph is under way"):
        graph.update_state({"configurable": {"thread_id": "one", "checkpoint_ns": "child:1"}}, {"log": ["x"]})
    assert graph.get_state(CONFIG) == before


@pytest.mark.parametrize("copied", [True, False])
def test_what_a_subgraph_keeps_goes_back_with_the_step_that_is_done_anew(
    copied: bool, ran: list[str], store: InMemorySaver
) -> None:
    def count(state: State) -> Any:
        return {"log": [f"{len(state['log'])} known"]}

    kept = StateGraph(State).add_node(count).add_edge(START, "count").compile(checkpointer=True)
    asks = StateGraph(State).add_node("p", asking("p", ran)).add_node("q", asking("q", ran))
    child = asks.add_edge(START, "p").add_edge("p", "q").compile()
    builder = StateGraph(State).add_node("kept", kept).add_node("child", child)
    graph = builder.add_edge(START, "kept").add_edge(START, "child").compile(store)
    graph.invoke({"log": ["in"]}, CONFIG)
    graph.invoke(Command(resume="1"), CONFIG)
    then = inside(graph)
    if copied:
        graph.update_state(CONFIG, None, as_node="__copy__")
        graph.invoke(None, CONFIG)
    else:
        graph.invoke(Command(resume="2"), CONFIG)
        graph.invoke(None, then.config)
    place = {"configurable": {"thread_id": "one", "checkpoint_ns": "kept"}}
    assert graph.get_state(place).values["log"] == ["in", "1 known"]
