"""`andon check`: looks at a deployment as `andon serve` would meet it, and says line by line what is right and wrong.

Each line is a `Finding`. What cannot be seen from here is said too, rather than passed over.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.agents import load_agents
from bot.app import SLACK_SECONDS, agent
from bot.database import open_store, place_of
from bot.errors import ConfigurationError
from bot.graphs import load_graph
from bot.manifest import load_manifest
from bot.settings import Settings, load_settings
from runtime import InMemorySaver, StoreError
from runtime.engine.ids import new_id
from runtime.requests.documents import COLLECTIONS
from runtime.store import Collection, Store

CLOCK_SECONDS: Final = 60.0
"""Slack's signatures count for five minutes; a clock that is a minute off is on its way there."""
LEASE_PART: Final = 12
"""Clocks of processes over one database may differ by a sixth of a lease, so each by half of that."""
RESOLUTION_SECONDS: Final = 1.0
"""Slack's time comes in whole seconds."""
PROBE: Final = Collection("checks", ("probe",))


class Mark(StrEnum):
    """What a line begins with."""

    RIGHT = "✓"
    WRONG = "✗"
    UNSEEN = "?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: for what is wrong, with what to do."""

    mark: Mark
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


async def check(
    environ: Mapping[str, str], *, env_file: Path | None = None, clock: Callable[[], float] = time.time
) -> AsyncIterator[Finding]:
    """Check settings, agents, Slack, the clock and the database. `clock`: seconds since the epoch."""
    settings = None
    try:
        settings = load_settings(environ, env_file=env_file)
        yield _right(f"Settings: {'Socket Mode' if settings.socket_mode else 'HTTP'}.")
    except ConfigurationError as error:
        for problem in error.problems:
            yield _wrong(f"Settings: {problem}")
    for finding in _agents(settings.config if settings else Path(environ.get("ANDON_CONFIG") or "andon.toml")):
        yield finding
    if settings is None:
        yield _unseen("Slack and the database: looked at when the settings are right.")
        return
    async for finding in _slack(settings, clock):
        yield finding
    async for finding in _database(settings, clock):
        yield finding


def _right(text: str) -> Finding:
    return Finding(Mark.RIGHT, text)


def _wrong(text: str) -> Finding:
    return Finding(Mark.WRONG, text)


def _unseen(text: str) -> Finding:
    return Finding(Mark.UNSEEN, text)


# Agents.


def _agents(config: Path) -> Iterator[Finding]:
    """Load and compile every agent, over a store that is thrown away."""
    try:
        specs = load_agents(config)
    except ConfigurationError as error:
        yield from map(_wrong, error.problems)
        return
    for spec in specs:
        try:
            agent(spec, load_graph(spec.graph, spec.search_path), InMemorySaver())
        except ConfigurationError as error:
            yield from (_wrong(f"Agent {spec.name}: {problem}") for problem in error.problems)
        except Exception as error:  # noqa: BLE001 - a factory is somebody's own code
            yield _wrong(f"Agent {spec.name}: {type(error).__name__}: {error}")
        else:
            yield _right(f"Agent {spec.name}: {spec.graph} loads and compiles.")


# Slack.

_ADVICE: Final = {
    "invalid_auth": "it is no token of this workspace; copy it again from the app's settings",
    "not_authed": "it is no token of this workspace; copy it again from the app's settings",
    "account_inactive": "the app was removed from the workspace; install it again",
    "token_revoked": "it was revoked; install the app again and copy the new token",
    "not_allowed_token_type": "it is a token of another kind; Basic Information in the app's settings makes this one",
    "missing_scope": "it lacks the scope connections:write; make another app-level token with it",
}


class _NoAnswerError(Exception):
    """A call that did not work, in words."""


async def _slack(settings: Settings, clock: Callable[[], float]) -> AsyncIterator[Finding]:
    """Ask Slack who we are, what we may, and what time it is."""
    timeout = aiohttp.ClientTimeout(total=SLACK_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = AsyncWebClient(
            settings.bot_token.get_secret_value(), base_url=settings.api_url, session=session, retry_handlers=[]
        )
        asked_at = clock()
        try:
            identity = await _answer("SLACK_BOT_TOKEN", client.auth_test(), settings)
        except _NoAnswerError as problem:
            yield _wrong(str(problem))
            return
        yield _right(f"SLACK_BOT_TOKEN: {identity['user']} in {identity['team']} ({identity['team_id']}).")
        yield _scopes(identity)
        yield _clock(identity, (asked_at + clock()) / 2, settings)
        yield await _way_in(settings, client)
    yield _unseen(
        "The app's command, events and Home tab: no token of the bot shows them. Compare App Manifest in the app's"
        " settings with what andon manifest prints."
    )


async def _answer(variable: str, call: Awaitable[AsyncSlackResponse], settings: Settings) -> AsyncSlackResponse:
    try:
        return await call
    except SlackApiError as error:
        code = str(error.response.get("error") or f"HTTP {error.response.status_code}")
        raise _NoAnswerError(f"{variable}: Slack says {code}: {_ADVICE.get(code, 'try again later')}.") from None
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        words = (
            f"Slack does not answer at {settings.api_url} ({type(error).__name__}); check SLACK_API_URL and the way out"
        )
        raise _NoAnswerError(f"{words} of this machine.") from None


def _scopes(identity: AsyncSlackResponse) -> Finding:
    """Compare what the bot may with what manifest.yml asks for."""
    header = identity.headers.get("x-oauth-scopes")
    if header is None:
        return _unseen("Scopes: Slack did not say which the bot has.")
    wanted = set(load_manifest()["oauth_config"]["scopes"]["bot"])
    given = {scope.strip() for scope in header.split(",") if scope.strip()}
    if missing := sorted(wanted - given):
        return _wrong(
            f"Scopes: the bot lacks {', '.join(missing)}. Paste what andon manifest prints into App Manifest in the"
            " app's settings, then install the app again."
        )
    more = f" It also has {', '.join(sorted(given - wanted))}, which it does not need." if given - wanted else ""
    return _right(f"Scopes: all {len(wanted)} of manifest.yml.{more}")


def _clock(identity: AsyncSlackResponse, now: float, settings: Settings) -> Finding:
    try:
        ahead = now - parsedate_to_datetime(identity.headers.get("date", "")).timestamp()
    except ValueError:
        return _unseen("Clock: Slack did not say what time it is.")
    limit = CLOCK_SECONDS if settings.mongodb_uri is None else min(CLOCK_SECONDS, settings.lease_seconds / LEASE_PART)
    if abs(ahead) <= limit + RESOLUTION_SECONDS:
        return _right(f"Clock: within {limit:g} s of Slack's.")
    why = (
        "at five minutes its requests are refused" if limit == CLOCK_SECONDS else "processes would cut in on each other"
    )
    return _wrong(
        f"Clock: this machine is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} Slack, and {why}. Let the"
        " machine keep time (timedatectl set-ntp true)."
    )


async def _way_in(settings: Settings, client: AsyncWebClient) -> Finding:
    """How Slack reaches the bot."""
    if settings.app_token is None:
        return _unseen(
            "SLACK_SIGNING_SECRET: only a request of Slack's shows whether it is right. With the bot running, press"
            " Retry beside the Request URL under Event Subscriptions in the app's settings."
        )
    try:
        token = settings.app_token.get_secret_value()
        await _answer("SLACK_APP_TOKEN", client.apps_connections_open(app_token=token), settings)
    except _NoAnswerError as problem:
        return _wrong(str(problem))
    return _right("SLACK_APP_TOKEN: opens Socket Mode connections.")


# The database.


async def _database(settings: Settings, clock: Callable[[], float]) -> AsyncIterator[Finding]:
    try:
        async with open_store(settings) as store:
            yield await _probe(store, place_of(settings), clock())
            yield await _indexes(store)
    except (OSError, StoreError) as error:
        yield _wrong(f"Database: {error}.")


async def _probe(store: Store, where: str, now: float) -> Finding:
    """Write, find and delete a document and an entry of a log."""
    probe = new_id()
    await store.insert(PROBE, {"id": probe, "created_at": now, "probe": probe})
    await store.append(f"check {probe}", 0, probe.encode())
    found = await store.find(PROBE, {"probe": probe})
    log = await store.load(f"check {probe}")
    await store.delete_document(PROBE, probe)
    await store.delete(f"check {probe}")
    if [document["id"] for document in found] != [probe] or log.entries != (probe.encode(),):
        return _wrong(f"Database {where}: gave back something else than was written; restore it from a backup.")
    return _right(f"Database {where}: written to, read and deleted from.")


async def _indexes(store: Store) -> Finding:
    """Look something up by every index: a store makes those that are missing, or says why it cannot."""
    for collection in COLLECTIONS:
        for field in collection.indexes:
            await store.find(collection, {field: ""}, limit=1)
    return _right(f"Indexes: those of all {len(COLLECTIONS)} collections are there.")
