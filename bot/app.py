"""Puts it together: the one place that builds objects and gives them to each other."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib import import_module
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from bot.agents import AgentSpec
from bot.errors import ConfigurationError
from bot.metrics import Metrics
from bot.settings import Settings
from handlers.board import Board
from handlers.calls import Calls, SlackRefusedError, SlackUncertainError
from handlers.cards.asked import asked
from handlers.cards.automatic import automatic
from handlers.desk import Desk
from handlers.directory import SlackDirectory
from handlers.languages import Languages
from handlers.live import DEFAULT_PACE, Pace
from handlers.payloads import MalformedError, check_shape, kind_of
from handlers.slack import Slack
from runtime import Command, CompiledGraph, StateGraph
from runtime.codec.process import CODEC
from runtime.graph.copies import copy_before_answer
from runtime.requests.agents import Agent, Graph
from runtime.requests.drives import RETRY_SECONDS
from runtime.requests.ledger import Ledger
from runtime.requests.retention import Keep, Retention
from runtime.requests.runner import Runner
from runtime.store import Store

logger = logging.getLogger(__name__)
SLACK_SECONDS = 30.0
DAY_SECONDS = 86_400.0
GRACE_SECONDS = 8.0
"""For what is in hand when the bot stops; what takes longer goes on after a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The running bot, without the way Slack reaches it (`bot.serve`)."""

    bolt: AsyncApp
    desk: Desk
    runner: Runner
    directory: SlackDirectory
    metrics: Metrics


@asynccontextmanager
async def application(
    settings: Settings,
    specs: Iterable[AgentSpec],
    graphs: Mapping[str, object],
    store: Store,
    *,
    clock: Callable[[], float] = time.time,
    retry_seconds: Sequence[float] = RETRY_SECONDS,
    pace: Pace = DEFAULT_PACE,
) -> AsyncIterator[Application]:
    """Build the bot over a store, finish what an earlier process left, and on the way out what is in hand.

    Raises `ConfigurationError` when Slack does not know the token, or does not answer.
    """
    agents = _agents(specs, graphs, store)
    metrics = Metrics()
    timeout = aiohttp.ClientTimeout(total=SLACK_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        token = settings.bot_token.get_secret_value()
        client = AsyncWebClient(token, base_url=settings.api_url, session=session)
        slack = Slack(Calls(client, called=metrics.called))
        identity = await _identity(slack, settings.api_url)
        ledger = Ledger(store, CODEC, metrics.noted)
        directory = SlackDirectory(slack, clock, identity["team_id"])
        languages = Languages(directory.locale, settings.language)
        board = Board(ledger, agents, slack, clock, languages, team_url=identity.get("url", ""), pace=pace)
        runner = Runner(
            ledger,
            agents,
            board,
            CODEC,
            clock,
            directory=directory,
            retry_seconds=retry_seconds,
            lease_seconds=settings.lease_seconds,
            sweep_seconds=settings.sweep_seconds,
            soon_seconds=pace.soon,
            retention=Retention(
                ledger, store, agents, clock, keep=_keep(settings), lease_seconds=settings.lease_seconds
            ),
        )
        desk = Desk(
            runner=runner,
            ledger=ledger,
            board=board,
            slack=slack,
            directory=directory,
            languages=languages,
            agents=agents,
            clock=clock,
            team=identity["team_id"],
            user=identity["user_id"],
            team_url=identity.get("url", ""),
        )
        # Bolt gets a client without a token: it would warn that `authorize` makes the token superfluous.
        bolt = _bolt(settings, AsyncWebClient(base_url=settings.api_url, session=session), identity, metrics)
        handlers.register(bolt, desk)
        try:
            yield Application(bolt=bolt, desk=desk, runner=runner, directory=directory, metrics=metrics)
        finally:
            await asyncio.gather(desk.drain(GRACE_SECONDS), runner.aclose(GRACE_SECONDS))


def _keep(settings: Settings) -> Keep:
    def seconds(days: float | None) -> float | None:
        return None if days is None else days * DAY_SECONDS

    return Keep(threads=seconds(settings.retention_days), trails=seconds(settings.audit_retention_days))


async def _identity(slack: Slack, api_url: str) -> Mapping[str, Any]:
    try:
        return await slack.identity()
    except SlackRefusedError as refusal:
        raise ConfigurationError([f"Slack refuses SLACK_BOT_TOKEN: {refusal.code}."]) from None
    except SlackUncertainError as problem:
        raise ConfigurationError([f"Slack does not answer at {api_url} ({problem}); check SLACK_API_URL."]) from None


def _bolt(settings: Settings, client: AsyncWebClient, identity: Mapping[str, Any], metrics: Metrics) -> AsyncApp:
    """Make Bolt's app. Who we are is known already, so no listener is skipped because `auth.test` failed just then."""
    known = AuthorizeResult(
        enterprise_id=identity.get("enterprise_id"),
        team_id=identity["team_id"],
        bot_id=identity["bot_id"],
        bot_user_id=identity["user_id"],
        bot_token=settings.bot_token.get_secret_value(),
    )

    async def authorize() -> AuthorizeResult:
        return known

    secret = settings.signing_secret
    return _App(
        metrics,
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else None,
        process_before_response=True,  # what listeners store, they store before Slack believes that it arrived
        request_verification_enabled=secret is not None and not settings.socket_mode,
    )


class _App(AsyncApp):
    """Bolt, given only what is of Slack's shape: it looks into payloads before any listener or error handler does."""

    def __init__(self, metrics: Metrics, **options: Any) -> None:
        super().__init__(**options)
        self._metrics = metrics

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Count what Slack sent, and how soon it was acknowledged."""
        began = time.perf_counter()
        response = await self._dispatch(req)
        self._metrics.asked(kind_of(req.body), response.status, time.perf_counter() - began)
        return response

    async def _dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        try:
            check_shape(req.body)
        except MalformedError as problem:
            logger.warning("refused a payload: no usable %s", problem)
            return BoltResponse(status=HTTPStatus.BAD_REQUEST)
        return await super().async_dispatch(req)


def _agents(specs: Iterable[AgentSpec], graphs: Mapping[str, object], store: Store) -> dict[str, Agent]:
    """Make every agent. Raises `ConfigurationError` with the problems of all."""
    agents: dict[str, Agent] = {}
    problems: list[str] = []
    for spec in specs:
        try:
            agents[spec.name] = agent(spec, graphs[spec.name], store)
        except Exception as error:  # noqa: BLE001 - a factory is somebody's own code
            problems.append(f"Agent {spec.name}: {type(error).__name__}: {error}")
    if problems:
        raise ConfigurationError(problems)
    return agents


def agent(spec: AgentSpec, graph: object, store: Store) -> Agent:
    """Make an agent of what its configuration names: a `StateGraph`, a compiled graph, or a function that gives one.

    Raises `ValueError` in words for a graph that cannot be run here.
    """
    if not isinstance(graph, (StateGraph, CompiledGraph)) and not hasattr(graph, "compile") and callable(graph):
        graph = graph()
    compiled = _compiled(spec.name, graph, store)
    return Agent(
        name=spec.name,
        title=spec.title,
        graph=compiled,
        description=spec.description,
        example=spec.example,
        policy=spec.rules,
        to_input=spec.input_for,
        to_outcome=outcome,
        to_asked=asked,
        to_decision=automatic,
        copy=_copier_of(compiled),
        forget=getattr(compiled.checkpointer, "adelete_thread", None),
        command=_command_of(compiled),
    )


def _compiled(name: str, graph: object, store: Store) -> Any:
    """Give the graph our store; one of LangGraph's own keeps its checkpointer, and must have one."""
    if isinstance(graph, StateGraph):
        return graph.compile(checkpointer=store, name=name)
    if isinstance(graph, CompiledGraph):
        return graph.with_checkpointer(store) if graph.checkpointer is None else graph
    if not hasattr(graph, "aget_state"):
        ours = (
            "is not compiled"
            if hasattr(graph, "compile")
            else f"is an object of type {type(graph).__name__}, and no graph"
        )
        raise ValueError(f"what it names {ours}; name a StateGraph of ours, or a compiled graph")
    if not getattr(graph, "checkpointer", None):
        raise ValueError("a LangGraph graph needs a checkpointer of its own: compile(checkpointer=AsyncSqliteSaver(…))")
    return graph


def _copier_of(graph: Graph) -> Callable[[str, str, str], Awaitable[bool]] | None:
    """Return how a thread of the graph is copied; None for one that is not ours."""
    if not isinstance(graph, CompiledGraph) or graph.checkpointer is None or isinstance(graph.checkpointer, bool):
        return None
    return partial(copy_before_answer, graph.checkpointer)


def _command_of(graph: Graph) -> Callable[..., Any]:
    """Find the kind of `Command` the graph understands: LangGraph's is an extra, there when such a graph is."""
    return Command if isinstance(graph, CompiledGraph) else import_module("langgraph.types").Command


def outcome(state: Any) -> str | None:
    """What an agent says at the end: its last message in a conversation, else the key `outcome`."""
    values = state if isinstance(state, Mapping) else vars(state)
    messages = values.get("messages")
    if messages:
        last = messages[-1]
        return str(last.content) if getattr(last, "type", None) == "ai" else None
    said = values.get("outcome")
    return said if isinstance(said, str) else None
