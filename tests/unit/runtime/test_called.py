"""Which graph a node's code calls is found in what the function can reach, or not said at all."""

from functools import partial, wraps
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest

from runtime import START, StateGraph
from runtime.graph.called import called_by


class State(TypedDict, total=False):
    n: int


def leaf() -> Any:
    return StateGraph(State).add_node("leaf", lambda state: {"n": 1}).add_edge(START, "leaf").compile()


KNOWN, OTHER = leaf(), leaf()
BOX = SimpleNamespace(inner=SimpleNamespace(graph=KNOWN, other=OTHER))


class Holder:
    def __init__(self) -> None:
        self.graph = KNOWN
        self.other = OTHER

    def node(self, state: State) -> Any:
        return self.graph.invoke(state)

    def __call__(self, state: State) -> Any:
        return self.graph.invoke(state)


def enclosed(graph: Any) -> Any:
    def node(state: State) -> Any:
        return graph.invoke(state)

    return node


def named(state: State) -> Any:
    return KNOWN.invoke(state)


def reached(state: State) -> Any:
    return BOX.inner.graph.invoke(state)


def nested(state: State) -> Any:
    return {key: KNOWN.invoke({"n": n}) for key, n in state.items()}


@wraps(named)
def wrapped(state: State) -> Any:
    return {}


def given(graph: Any, state: State) -> Any:
    return graph.invoke(state)


def both(state: State) -> Any:
    return KNOWN.invoke(OTHER.invoke(state))


def neither(state: State) -> Any:
    return {"n": len(state)}


def early() -> Any:
    def node(state: State) -> Any:
        return late.invoke(state)

    found = called_by(node)
    late = KNOWN
    return found, late


FUNCTIONS = {
    "in its closure": enclosed(KNOWN),
    "a global": named,
    "an attribute": reached,
    "in a function of its own": nested,
    "of what it wraps": wrapped,
    "an argument": partial(given, KNOWN),
    "a keyword": partial(given, graph=KNOWN),
    "of its object": Holder().node,
    "of the object it is": Holder(),
    "the object it is a method of": KNOWN.invoke,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_one_graph_that_a_function_can_reach_is_found(function: Any) -> None:
    assert called_by(function) is KNOWN


@pytest.mark.parametrize("function", [both, neither, len, SimpleNamespace(), None])
def test_nothing_is_said_of_several_graphs_or_none(function: Any) -> None:
    assert called_by(function) is None


def test_a_name_without_a_value_is_no_graph_yet() -> None:
    assert early() == (None, KNOWN)
