"""However a thread is interrupted, reloaded, crashed and answered: it ends where the uninterrupted run ends.

A random graph is run once straight through, each question answered at once. Then it is run again over a store that dies
before or after any append, with answers in any order, one by one or several at once, with wrong ids in between, and a
new graph object for every call. State and effects after questions must come out the same.
"""

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Any, TypedDict

import pytest
from hypothesis import given, settings, strategies as st

from runtime import (
    START,
    Command,
    CompiledGraph,
    InMemorySaver,
    Send,
    StateGraph,
    UnknownInterruptError,
    add_messages,
    interrupt,
)
from runtime.engine.heads import heads_of
from runtime.types import Durability

DURABILITIES: tuple[Durability, ...] = ("sync", "async", "exit")
CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


def latest(old: str, new: str) -> str:
    """Another one, that takes what was written last."""
    return new


def largest(old: int, new: int) -> int:
    """A reducer of the program's own: its results are kept, not its writes."""
    return max(old, new)


class State(TypedDict, total=False):
    heard: Annotated[list[str], operator.add]
    total: Annotated[int, largest]
    messages: Annotated[list[Any], add_messages]
    plain: Annotated[str, latest]


@dataclass(frozen=True)
class Node:
    """What a node of a random graph does: ask some questions, write, and lead to the next layer."""

    name: str
    questions: int = 0
    kind: str = "plain"
    """`plain`, `subgraph`, `calls` (a subgraph as a function) or `sends` (fans out)."""
    below: "tuple[tuple[Node, ...], ...]" = ()
    keeps: bool | None = None
    """Whether its subgraph keeps its state: as `compile(checkpointer=…)` takes it."""


@dataclass
class World:
    """What nodes did to the outside after their last question."""

    effects: Counter[str] = field(default_factory=Counter)


class CrashedError(Exception):
    """The process is gone."""


class Mortal(InMemorySaver):
    """Dies at one append, before or after it took effect."""

    def __init__(self) -> None:
        super().__init__()
        heads_of(self).least_bytes = 0
        self.fuse: int | None = None
        self.after = False

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        dies = self.fuse == 0
        self.fuse = None if self.fuse is None or dies else self.fuse - 1
        if dies and not self.after:
            raise CrashedError
        await super().append(thread_id, expected, entry, snapshot=snapshot)
        if dies:
            raise CrashedError


def answer_to(question: str) -> str:
    return f"answer to {question}"


def asking(node: Node, world: World, label: str = "") -> Callable[[Any], Any]:
    name = f"{node.name}{label}"

    def run(state: Any) -> dict[str, Any]:
        heard = []
        for number in range(node.questions):
            question = f"{name}.{number}"
            heard.append(interrupt(question))
            assert heard[-1] == answer_to(question)
        world.effects[name] += 1
        message = {"role": "ai", "content": name, "id": name}
        return {"heard": [name, *heard], "total": len(name), "messages": [message]}

    return run


def calling(node: Node, world: World) -> Callable[[Any], Any]:
    below = built(node.below, world).compile(checkpointer=node.keeps)
    ask = asking(node, world)

    def run(state: Any) -> dict[str, Any]:
        inner = below.invoke({"plain": node.name})
        outer: dict[str, Any] = ask(state)
        return outer | {"heard": [*inner["heard"], *outer["heard"]]}

    return run


def sent(node: Node, world: World) -> Callable[[Any], Any]:
    return lambda state: asking(node, world, label=f"-{state['plain']}")(state)


def built(layers: tuple[tuple[Node, ...], ...], world: World) -> StateGraph:
    """A graph of layers: every node of one leads to every node of the next, which waits for all of them."""
    builder = StateGraph(State)
    previous: list[str] = []
    for depth, layer in enumerate(layers):
        names: list[str] = []
        for node in layer:
            match node.kind:
                case "subgraph":
                    builder.add_node(node.name, built(node.below, world).compile(checkpointer=node.keeps))
                    names.append(node.name)
                case "calls":
                    builder.add_node(node.name, calling(node, world))
                    names.append(node.name)
                case "sends":
                    fan, work = f"{node.name}fan", node.name
                    builder.add_node(fan, lambda state: {})
                    builder.add_node(work, sent(node, world))
                    builder.add_conditional_edges(fan, fan_out(work), [work])
                    builder.add_node(f"{node.name}end", lambda state: {}).add_edge(work, f"{node.name}end")
                    names.append(f"{node.name}end")
                case _:
                    builder.add_node(node.name, asking(node, world))
                    names.append(node.name)
            entry = f"{node.name}fan" if node.kind == "sends" else node.name
            builder.add_edge(previous if depth else START, entry)
        previous = names
    return builder


def fan_out(work: str) -> Callable[[Any], list[Send]]:
    return lambda state: [Send(work, {"plain": str(number)}) for number in range(3)]


@st.composite
def layers_of(draw: st.DrawFn, prefix: str = "n", depth: int = 2) -> tuple[tuple[Node, ...], ...]:
    kinds = ["plain", "plain", "subgraph", "calls", "sends"] if depth else ["plain", "plain", "sends"]
    layers = []
    for layer in range(draw(st.integers(1, 3))):
        nodes = []
        for place in range(draw(st.integers(1, 3))):
            name, kind = f"{prefix}{layer}{place}", draw(st.sampled_from(kinds))
            questions, is_graph = draw(st.integers(0, 2)), kind in {"subgraph", "calls"}
            below = draw(layers_of(prefix=f"{name}x", depth=depth - 1)) if is_graph else ()
            nodes.append(Node(name, questions, kind, below, draw(st.sampled_from([None, True])) if is_graph else None))
        layers.append(tuple(nodes))
    return tuple(layers)


def straight_through(layers: tuple[tuple[Node, ...], ...]) -> tuple[Any, Counter[str]]:
    world = World()
    graph = built(layers, world).compile(checkpointer=InMemorySaver())
    result = graph.invoke({"heard": ["start"]}, CONFIG)
    while "__interrupt__" in result:
        answers = {question.id: answer_to(question.value) for question in result["__interrupt__"]}
        result = graph.invoke(Command(resume=answers), CONFIG)
    return seen(result), world.effects


def seen(result: Any) -> Any:
    return {**result, "messages": [message.content for message in result["messages"]]}


@pytest.mark.timeout(300)
@settings(deadline=None, max_examples=60)
@given(layers=layers_of(), seed=st.integers(0, 2**32))
def test_any_interleaving_ends_where_the_straight_run_ends(layers: tuple[tuple[Node, ...], ...], seed: int) -> None:
    expected, effects = straight_through(layers)
    chance, world, store = Random(seed), World(), Mortal()
    given_next: Any = {"heard": ["start"]}
    used: set[str] = set()
    crashed = False
    for _ in range(1000):
        graph = built(layers, world).compile(checkpointer=store)
        store.fuse, store.after = chance.choice([None, None, 0, 1, 2]), chance.random() < 0.5
        try:
            graph.invoke(given_next, CONFIG, durability=chance.choice(DURABILITIES))
        except CrashedError:
            crashed = True
        store.fuse = None
        state = graph.get_state(CONFIG)
        if state.created_at is None:
            continue  # it died before it had begun
        if not state.next:
            break
        questions = {question.id: question.value for question in state.interrupts}
        assert crashed or not used & set(questions)
        given_next = None
        if len(questions) > 1 and chance.random() < 0.2:
            refuse(graph, "to nobody in particular")
        if questions and chance.random() < 0.7:
            chosen = chance.sample(list(questions), chance.randint(1, len(questions)))
            if chance.random() < 0.2:
                refuse(graph, dict.fromkeys([*chosen, "0" * 32], "wrong"))
            given_next = Command(resume={key: answer_to(questions[key]) for key in chosen})
            used |= set(chosen)
    else:
        pytest.fail("the run does not end")
    assert seen(graph.get_state(CONFIG).values) == expected
    assert set(world.effects) == set(effects)
    if not crashed:
        assert world.effects == effects


def refuse(graph: CompiledGraph, resume: Any) -> None:
    before = graph.get_state(CONFIG)
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume=resume), CONFIG)
    assert graph.get_state(CONFIG) == before
