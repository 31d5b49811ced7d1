"""Wherever in its past a thread is gone back to, and whatever is done by hand: it ends where the straight run ends.

The random graphs are those of `test_engine`. In between, the thread goes back to any checkpoint of the graph or of a
subgraph that is under way, its questions are asked anew, and steps are written by hand that a node would have done the
same. A process dies at any append. No id that has been answered, or left behind, ever answers anything again.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from runtime import Command, CompiledGraph, StateSnapshot
from runtime.types import StateUpdate
from tests.properties.test_engine import (
    CONFIG,
    DURABILITIES,
    CrashedError,
    Mortal,
    Node,
    World,
    answer_to,
    built,
    layers_of,
    refuse,
    seen,
    straight_through,
)

Layers = tuple[tuple[Node, ...], ...]
TRAVELS = 4


def plain_nodes(layers: Layers) -> Iterator[Node]:
    for layer in layers:
        for node in layer:
            if node.kind == "plain":
                yield node
            yield from plain_nodes(node.below)


def under_way(state: StateSnapshot) -> Iterator[StateSnapshot]:
    """Where a thread stands, and where its subgraphs do."""
    yield state
    for task in state.tasks:
        if isinstance(task.state, StateSnapshot) and task.result is None:
            yield from under_way(task.state)


def done_by(node: Node) -> StateUpdate:
    """What a node writes, by hand."""
    answers = [answer_to(f"{node.name}.{number}") for number in range(node.questions)]
    message = {"role": "ai", "content": node.name, "id": node.name}
    written = {"heard": [node.name, *answers], "total": len(node.name), "messages": [message]}
    return StateUpdate(written, node.name)


class Traveller:
    """Somebody who does anything with a thread but answer its questions."""

    def __init__(self, chance: Random, layers: Layers) -> None:
        self.chance = chance
        self.plain = {node.name: node for node in plain_nodes(layers)}

    def travels(self, graph: CompiledGraph) -> Any:
        """Go somewhere; returns the config to go on with."""
        places = list(under_way(graph.get_state(CONFIG, subgraphs=True)))
        state = self.chance.choice(places)
        match self.chance.choice(["back", "back", "copy", "by hand"]):
            case "copy":
                return graph.update_state(state.config, None, as_node="__copy__")
            case "by hand" if step := self.step_of(state):
                return graph.bulk_update_state(state.config, [step])
            case _:
                return self.goes_back(graph, state)

    def goes_back(self, graph: CompiledGraph, state: StateSnapshot) -> Any:
        place = {key: value for key, value in state.config["configurable"].items() if key != "checkpoint_id"}
        records = list(graph.get_state_history({"configurable": place}))
        record = self.chance.choice(records)
        assert graph.get_state(record.config).created_at == record.created_at
        if self.chance.random() < 0.5:
            return record.config
        return graph.update_state(record.config, None, as_node="__copy__")

    def step_of(self, state: StateSnapshot) -> list[StateUpdate]:
        """Return a whole step to be done by hand; nothing where some of it was done, or is more than plain nodes."""
        if any(task.name not in self.plain or task.result is not None for task in state.tasks):
            return []
        return [done_by(self.plain[task.name]) for task in state.tasks]


@pytest.mark.timeout(300)
@settings(deadline=None, max_examples=15, derandomize=True)
@given(layers=layers_of(depth=1), seed=st.integers(0, 2**32))
def test_any_journey_ends_where_the_straight_run_ends(layers: Layers, seed: int) -> None:
    expected, _ = straight_through(layers)
    chance, store = Random(seed), Mortal()
    traveller, world, used, known = Traveller(chance, layers), World(), set[str](), set[str]()
    given_next: Any = {"heard": ["start"]}
    config, travels, crashed = CONFIG, 0, False
    for _ in range(1000):
        graph = built(layers, world).compile(checkpointer=store)
        store.fuse, store.after = chance.choice([None, None, None, 0, 1]), chance.random() < 0.5
        try:
            if travels < TRAVELS and given_next is None and chance.random() < 0.5:
                travels += 1
                config = traveller.travels(graph)
            graph.invoke(given_next, config, durability=chance.choice(DURABILITIES))
        except CrashedError:
            crashed = True
        store.fuse, config = None, CONFIG
        state = graph.get_state(CONFIG)
        if state.created_at is None:
            continue  # it died before it had begun
        if not state.next and travels >= TRAVELS:
            break
        questions = {question.id: question.value for question in state.interrupts}
        assert crashed or not used & set(questions)
        for gone in chance.sample(sorted(known - set(questions)), min(2, len(known - set(questions)))):
            refuse(graph, {gone: "wrong"})
        known |= set(questions)
        given_next = None
        if questions and chance.random() < 0.6:
            chosen = chance.sample(list(questions), chance.randint(1, len(questions)))
            given_next = Command(resume={key: answer_to(questions[key]) for key in chosen})
            used |= set(chosen)
    else:
        pytest.fail("the journey does not end")
    assert seen(graph.get_state(CONFIG).values) == expected
