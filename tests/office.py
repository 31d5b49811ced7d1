"""A workspace and a bot in one process, connected by Slack's protocols: what scenario and fault tests drive."""

import asyncio
import copy
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, TypedDict
from urllib.parse import urlencode

from bot.agents import AgentSpec
from bot.app import Application, application
from bot.database import open_store
from bot.sandbox import Person, Sandbox, cast, payloads
from bot.serve import http, socket_mode
from bot.settings import Settings
from handlers.live import DEFAULT_PACE, Pace
from runtime import START, StateGraph, interrupt

Json = dict[str, Any]
TRANSPORTS = ("socket mode", "signed http")
WRONG_SHAPES = frozenset(
    {"invalid_blocks", "invalid_arguments", "view_too_large", "msg_too_long", "no_text", "metadata_too_large"}
)
SOON = (0.05, 0.1, 0.2)
"""Seconds after which the bot tries again what failed: tests do not wait for real ones."""


@dataclass(slots=True, kw_only=True)
class Office:
    """A workspace with a bot in it; the bot can be restarted over the same data."""

    sandbox: Sandbox
    settings: Settings
    specs: list[AgentSpec]
    graphs: dict[str, object]
    pace: Pace = DEFAULT_PACE
    app: Application | None = None
    late: float = 0.0
    """By how many seconds the bot's clock is ahead: how tests let time pass."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def bot(self) -> Application:
        """The running bot."""
        assert self.app is not None
        return self.app

    def clock(self) -> float:
        """What time the bot believes it is."""
        return time.time() + self.late

    def person(self, name: str) -> Person:
        """Somebody of the workspace."""
        return self.sandbox.person(name)

    async def start_bot(self) -> None:
        """Start the bot over whatever an earlier one left."""
        stack = AsyncExitStack()
        store = await stack.enter_async_context(open_store(self.settings))
        self.app = await stack.enter_async_context(
            application(
                self.settings,
                self.specs,
                self.graphs,
                store,
                clock=self.clock,
                retry_seconds=SOON,
                pace=self.pace,
            )
        )
        if self.settings.socket_mode:
            await stack.enter_async_context(socket_mode(self.settings, self.app))
            await self.sandbox.connected()
        else:
            await stack.enter_async_context(http(self.settings, self.app))
        await self.app.runner.recover()
        self._stack = stack

    async def stop_bot(self) -> None:
        """Stop it in good order."""
        await self._stack.aclose()
        self.app = None

    def submission(self, name: str) -> Json:
        """What Slack would send if somebody submitted the modal in front of them as it is."""
        view = self.person(name).modal
        assert view is not None
        member = next(member for member in cast.PEOPLE if member.name == name)
        return copy.deepcopy(payloads.view_submission(member, view, trigger_id="1.2.3", response_urls=[]))

    async def deliver(self, payload: Json) -> tuple[int, str]:
        """Deliver an interaction made by hand, properly signed. Signed HTTP only."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self.sandbox.sign(body)}
        return await self.sandbox.deliver_raw(headers, body)

    async def deliver_event(self, event: Json) -> tuple[int, str]:
        """Deliver an event made by hand, properly signed. Signed HTTP only."""
        envelope = {"type": "event_callback", "team_id": cast.TEAM_ID, "api_app_id": cast.APP_ID, "event_id": "Ev1"}
        body = json.dumps({**envelope, "event": event}).encode()
        return await self.sandbox.deliver_raw({"Content-Type": "application/json", **self.sandbox.sign(body)}, body)

    # What tests look for.

    def wrongly_shaped(self) -> list[str]:
        """Methods that were called with what Slack never takes; the sandbox validates every payload."""
        return [call.method for call in self.sandbox.calls if call.response.get("error") in WRONG_SHAPES]

    def roots(self, channel: str = "refunds") -> list[Json]:
        """Messages that are no replies."""
        return [m for m in self.sandbox.messages(channel) if m.get("thread_ts", m["ts"]) == m["ts"]]

    async def root(self, channel: str = "refunds", nth: int = 0) -> Json:
        """The nth root message of the bot, waited for."""
        return await self.sandbox.until(lambda: [m for m in self.roots(channel) if m.get("bot_id")][nth])

    def cards(self, channel: str = "refunds") -> list[Json]:
        """Messages that show a request, oldest first."""
        return [m for m in self.sandbox.messages(channel) if key_of(m).startswith("request:")]

    async def card(self, channel: str = "refunds", nth: int = -1, *, count: int = 1) -> Json:
        """A card with buttons, waited for until there are `count` of them."""

        def ready() -> Json | None:
            cards = [card for card in self.cards(channel) if is_open(card)]
            return cards[nth] if len(cards) >= count else None

        card = await self.sandbox.until(ready)
        assert card is not None
        return card

    def outcomes(self, channel: str = "refunds") -> list[Json]:
        """What agents said at the end, oldest first."""
        return [m for m in self.sandbox.messages(channel) if key_of(m).startswith("outcome:")]

    async def outcome(self, channel: str = "refunds", nth: int = -1, *, count: int = 1) -> Json:
        """What an agent said at the end, waited for until there are `count` of them."""
        await self.sandbox.until(lambda: len(self.outcomes(channel)) >= count)
        return self.outcomes(channel)[nth]

    async def sees(self, channel: str, ts: str, words: str) -> Json:
        """Wait until the message at `ts` shows these words."""
        message = await self.sandbox.until(
            lambda: next(m for m in self.sandbox.messages(channel) if m["ts"] == ts and words in shown(m))
        )
        assert message is not None
        return message

    async def told(self, name: str, words: str, channel: str | None = None) -> Json:
        """Wait until somebody was told these words privately."""
        person = self.person(name)
        message = await self.sandbox.until(lambda: next(m for m in person.ephemerals(channel) if words in shown(m)))
        assert message is not None
        return message

    async def modal(self, name: str) -> Json:
        """The modal in front of somebody, waited for."""
        view = await self.sandbox.until(lambda: self.person(name).modal)
        assert view is not None
        return view


def key_of(message: Mapping[str, Any]) -> str:
    """What a message of the bot shows, by its metadata."""
    return str(((message.get("metadata") or {}).get("event_payload") or {}).get("key", ""))


def is_open(message: Mapping[str, Any]) -> bool:
    """Whether a card has answer buttons."""
    return any(
        str(element.get("action_id", "")).startswith("act:")
        for block in message.get("blocks", [])
        if block["type"] == "actions"
        for element in block["elements"]
    )


def shown(value: Any) -> str:
    """Every text in a message or view, fallback included."""
    match value:
        case str():
            return value
        case Mapping():
            return "\n".join(shown(item) for key, item in value.items() if key not in {"metadata", "ts", "action_id"})
        case list():
            return "\n".join(shown(item) for item in value)
        case _:
            return ""


async def settle(office: Office, seconds: float = 10.0) -> None:
    """Wait until the bot has nothing in hand."""
    async with asyncio.timeout(seconds):
        await office.bot.desk.drain(seconds)
        while office.bot.runner.busy:
            await asyncio.gather(*office.bot.runner.busy, return_exceptions=True)
        await office.bot.desk.drain(seconds)


class OpenOffice(Protocol):
    """Opens an office with these agents: `async with open_office({"refund": graph}) as office`.

    `specs`: more about an agent than its graph, by its name. `environ`: more settings. `pace`: when runs are shown
    while they go on. `more`: for the sandbox.
    """

    def __call__(
        self,
        graphs: Mapping[str, object],
        *,
        transport: str = ...,
        specs: Mapping[str, Json] | None = ...,
        environ: Mapping[str, str] | None = ...,
        pace: Pace = ...,
        **more: Any,
    ) -> AbstractAsyncContextManager[Office]: ...


class State(TypedDict, total=False):
    """What the agents of these tests keep."""

    request: str
    outcome: str


def asking(*payloads: Any) -> StateGraph:
    """An agent of one node that asks these one after the other, and says what it was answered."""

    def ask(state: State) -> State:
        answers = [interrupt(payload) for payload in payloads]
        return {"outcome": f"Got {' and '.join(map(repr, answers))} for {state['request']}."}

    return StateGraph(State).add_node("ask", ask).add_edge(START, "ask")


def _merged(old: Json, new: Json) -> Json:
    return {**old, **new}


class Answers(TypedDict, total=False):
    """Answers by node."""

    request: str
    answers: Annotated[Json, _merged]
    outcome: str


def asking_at_once(**payloads: Any) -> StateGraph:
    """An agent of a node per payload, all of which ask at the same time."""

    def asks(name: str, payload: Any) -> Callable[[Answers], Answers]:
        return lambda _: {"answers": {name: interrupt(payload)}}

    graph = StateGraph(Answers)
    for name, payload in payloads.items():
        graph.add_node(name, asks(name, payload)).add_edge(START, name)

    def tell(state: Answers) -> Answers:
        return {"outcome": ", ".join(f"{name}={answer!r}" for name, answer in sorted(state["answers"].items()))}

    return graph.add_node("tell", tell).add_edge(list(payloads), "tell")
