"""A workspace and a bot in one process, connected by Slack's protocols: what scenario tests drive."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.agents import AgentSpec
from bot.app import Application, application
from bot.manifest import load_manifest
from bot.sandbox import Person, Sandbox
from bot.serve import http, socket_mode
from bot.settings import Settings, load_settings
from runtime import SqliteSaver, StateGraph

Json = dict[str, Any]
TRANSPORTS = ("socket mode", "signed http")


@dataclass(slots=True, kw_only=True)
class Office:
    """A workspace with a bot in it; the bot can be restarted over the same data."""

    sandbox: Sandbox
    settings: Settings
    specs: list[AgentSpec]
    graphs: dict[str, object]
    app: Application | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def bot(self) -> Application:
        """The running bot."""
        assert self.app is not None
        return self.app

    def person(self, name: str) -> Person:
        """Somebody of the workspace."""
        return self.sandbox.person(name)

    async def start_bot(self) -> None:
        """Start the bot over whatever an earlier one left."""
        stack = AsyncExitStack()
        store = await stack.enter_async_context(SqliteSaver(str(self.settings.data_dir / "andon.db")))
        self.app = await stack.enter_async_context(application(self.settings, self.specs, self.graphs, store))
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

    # What tests look for.

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

    async def outcome(self, channel: str = "refunds", nth: int = -1, *, count: int = 1) -> Json:
        """What an agent said at the end, waited for."""
        found = lambda: [m for m in self.sandbox.messages(channel) if key_of(m).startswith("outcome:")]  # noqa: E731
        messages = await self.sandbox.until(lambda: found() if len(found()) >= count else None)
        assert messages is not None
        return messages[nth]

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


OpenOffice = Callable[..., Any]


@pytest.fixture
def open_office(tmp_path: Path, unused_tcp_port_factory: Callable[[], int]) -> OpenOffice:
    """Open an office with these agents: `async with open_office({"refund": graph}) as office`."""

    @asynccontextmanager
    async def opened(
        graphs: Mapping[str, StateGraph], *, transport: str = "socket mode", specs: Mapping[str, Json] | None = None, **more: Any
    ) -> AsyncIterator[Office]:
        port = unused_tcp_port_factory()
        url = None if transport == "socket mode" else f"http://127.0.0.1:{port}/slack/events"
        async with Sandbox(manifest=load_manifest(), request_url=url, **more) as sandbox:
            environ = {
                "SLACK_BOT_TOKEN": sandbox.bot_token,
                "SLACK_API_URL": sandbox.api_url,
                "ANDON_DATA_DIR": str(tmp_path),
                **({"SLACK_APP_TOKEN": sandbox.app_token} if url is None else {}),
                **({} if url is None else {"SLACK_SIGNING_SECRET": sandbox.signing_secret, "PORT": str(port)}),
            }
            office = Office(
                sandbox=sandbox,
                settings=load_settings(environ),
                specs=[_spec(name, (specs or {}).get(name, {})) for name in graphs],
                graphs=dict(graphs),
            )
            await office.start_bot()
            try:
                yield office
            finally:
                await office.stop_bot()

    return opened


def _spec(name: str, more: Json) -> AgentSpec:
    fields = {"title": name.capitalize(), "example": "order 7", "input": {"request": "$text"}} | more
    return AgentSpec(name=name, graph=f"tests:{name}", search_path=(), **fields)


async def settle(office: Office) -> None:
    """Wait until the bot has nothing in hand."""
    await office.bot.desk.drain()
    while office.bot.runner.busy:
        await asyncio.gather(*office.bot.runner.busy, return_exceptions=True)
    await office.bot.desk.drain()
