"""A person's conversation with one of our example agents: read a card, press a button, hear the outcome.

Cards and answers are made by the code that makes them for Slack, so an example that its card cannot answer fails here.
Every step builds the agent anew over the store, as a process that was started again would.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path
from typing import Any

from bot.agents import AgentSpec, load_agents, load_graphs
from bot.app import agent
from handlers.cards.model import Card, Reply, decide
from handlers.cards.payloads import compile_card
from runtime.requests.agents import Agent
from runtime.store import Store
from tests.cards_kit import AT, BEN, filled, wrong

ROOT = Path(__file__).parents[1]
CONFIG = {"configurable": {"thread_id": "t1"}}

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
Talk = Callable[[str], "Conversation"]
Effects = Callable[[], list[dict[str, Any]]]


@cache
def _agents() -> dict[str, tuple[AgentSpec, object]]:
    specs = load_agents(ROOT / "andon.toml")
    graphs = load_graphs(specs)
    return {spec.name: (spec, graphs[spec.name]) for spec in specs}


def example(name: str, store: Store) -> Agent:
    """One of the agents of `andon.toml`, built as the bot builds it."""
    spec, graph = _agents()[name]
    return agent(spec, graph, store)


class Conversation:
    """One thread of an example agent. Buttons go by their label, questions by their title."""

    def __init__(self, name: str, open_store: OpenStore) -> None:
        self.outcome: str | None = None
        """What the agent said at the end; None while it is waiting."""
        self._name = name
        self._open_store = open_store
        self._asked: list[tuple[str, Card]] = []

    async def write(self, text: str) -> None:
        """Start, or say something after the end."""
        async with self._open_store() as store:
            built = example(self._name, store)
            await self._run(built, built.to_input(text))

    async def recover(self) -> None:
        """Go on after a crash: look what is open, and run what was running."""
        async with self._open_store() as store:
            built = example(self._name, store)
            await self._look(built)
            if not self._asked:
                await self._run(built, None)

    async def press(self, label: str, title: str | None = None, **typed: Any) -> None:
        """Press a button, and send the form it opens with these inputs filled in (`_` for a space)."""
        interrupt_id, card = self._find(title)
        key = _key(card, label)
        action = card.action(key)
        assert action is not None
        reply = filled(card, key, **typed) if action.ask else Reply(by=BEN, at=AT)
        async with self._open_store() as store:
            built = example(self._name, store)
            await self._run(built, built.command(resume={interrupt_id: decide(action, reply).value}))

    async def reply(self, text: str) -> None:
        """Answer the question."""
        await self.press("Answer", Your_answer=text)

    def refused(self, label: str, **typed: Any) -> dict[str, str]:
        """What the form says of these inputs, by their labels."""
        return wrong(self.card, _key(self.card, label), **typed)

    @property
    def card(self) -> Card:
        """The only card there is to answer."""
        return self._find(None)[1]

    def card_of(self, title: str) -> Card:
        """The card with this title."""
        return self._find(title)[1]

    @property
    def titles(self) -> list[str]:
        """The questions waiting for an answer."""
        return [card.title for _, card in self._asked]

    def _find(self, title: str | None) -> tuple[str, Card]:
        found = [item for item in self._asked if title in {item[1].title, None}]
        assert len(found) == 1, f"{title!r} of {self.titles}"
        return found[0]

    async def _run(self, built: Agent, given: Any) -> None:
        async for _ in built.graph.astream(given, CONFIG, stream_mode="updates"):
            pass
        await self._look(built)

    async def _look(self, built: Agent) -> None:
        state = await built.graph.aget_state(CONFIG)
        pending = [interrupt for task in state.tasks for interrupt in task.interrupts]
        self._asked = [(item.id, compile_card(item.value, item.response_schema)) for item in pending]
        self.outcome = None if pending else built.to_outcome(state.values)


def labels(card: Card) -> list[str]:
    """What the buttons say."""
    return [action.label for action in card.actions]


def _key(card: Card, label: str) -> str:
    return {action.label: action.key for action in card.actions}[label]
