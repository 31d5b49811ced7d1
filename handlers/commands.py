"""`/agent`: start one, or ask about those under way.

People see their own runs, and those of the conversation they type in: what was said elsewhere is not shown around.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from handlers import home, policies, replies
from handlers.afterwards import PAGES
from handlers.cards import words
from handlers.desk import Desk
from handlers.payloads import SlashCommand, slash_command
from handlers.pictures.standing import draw
from runtime.policy.audience import Audience
from runtime.policy.directory import LookupFailedError
from runtime.policy.terms import terms_of
from runtime.requests.agents import Agent
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import Person, RequestStatus, Thread, ThreadStatus

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]
Verb = Callable[[Desk, SlashCommand, str], Awaitable[str]]

COMMAND = "/agent"
UNDER_WAY = (ThreadStatus.RUNNING, ThreadStatus.WAITING)
LISTED = 15
LOOKED_THROUGH = 500
"""Runs that are looked through, newest first."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to the one slash command."""

    @app.command(COMMAND)
    async def agent(ack: Ack, body: Body) -> None:
        await ack(await _answer(desk, slash_command(body)))


async def _answer(desk: Desk, typed: SlashCommand) -> str:
    """Do what was typed; return what only the caller reads."""
    verb, rest = replies.first_word(typed.text)
    if typed.by.team != desk.team:
        return await desk.refuse("command", Refusal(Reason.UNKNOWN), typed.by)
    if verb in _VERBS:
        return await _VERBS[verb](desk, typed, rest)
    if verb in desk.agents and rest:
        place = {"team": typed.by.team, "channel": typed.channel}
        await desk.runner.start(verb, rest, typed.by, place, typed.key)
        return replies.starting(desk.agents[verb])
    return replies.how_to_start(desk.agents, verb, typed.text)


async def _list(desk: Desk, typed: SlashCommand, _: str) -> str:
    threads = await _known(desk, typed, *UNDER_WAY)
    return replies.list_text(threads[:LISTED], desk.board.title, lambda thread: _link(desk, thread))


async def _inbox(desk: Desk, typed: SlashCommand, _: str) -> str:
    """List what waits for the caller, in a moment: looking that up can take longer than Slack waits for an answer."""
    desk.later(_list_waiting(desk, typed), typed.by)
    return ""


async def _list_waiting(desk: Desk, typed: SlashCommand) -> None:
    waiting, more = await home.waiting_for(desk, typed.by)
    shown = [(request, await desk.board.card_link(request, typed.by.id)) for request in waiting[:LISTED]]
    text = replies.inbox_text(shown, len(waiting) - len(shown), desk.agents, more=more)
    await desk.tell(typed.by, typed.channel, text)


async def _status(desk: Desk, typed: SlashCommand, ref: str) -> str:
    thread = await _find(desk, typed, ref)
    if isinstance(thread, str):
        return thread
    requests = await desk.ledger.requests(thread.id, RequestStatus.OPEN, RequestStatus.DECIDED)
    granted = policies.grants_text(await desk.ledger.grants.holding(desk.clock(), thread_id=thread.id))
    return replies.status_text(thread, requests, desk.board.title(thread), _link(desk, thread)) + granted


async def _revoke(desk: Desk, typed: SlashCommand, ref: str) -> str:
    revoked = await desk.runner.revoke(ref.strip("`").lower(), typed.by)
    if not isinstance(revoked, Refusal):
        return words.revoked(revoked.tools)
    return words.NO_SUCH_GRANT if revoked.reason is Reason.UNKNOWN else await desk.words_for(revoked, typed.by)


async def _graph(desk: Desk, typed: SlashCommand, ref: str) -> str:
    """Draw where a run stands, for everybody in its conversation: files cannot be private."""
    thread = await _find(desk, typed, ref)
    if isinstance(thread, str):
        return thread
    agent = desk.agents.get(thread.agent)
    if agent is None or not thread.where:
        return replies.nothing_to_draw(desk.board.title(thread))
    desk.later(_share_picture(desk, agent, thread, typed.by), typed.by)
    return replies.drawing(agent.title, _link(desk, thread))


async def _share_picture(desk: Desk, agent: Agent, thread: Thread, by: Person) -> None:
    words.use(await desk.languages.among(thread.place["channel"], thread.started_by.id))
    file = await draw(agent, thread)
    await desk.slack.upload(thread.place["channel"], thread.place["ts"], file, replies.asked_for_picture(by))


async def _policy(desk: Desk, typed: SlashCommand, name: str) -> str:
    """Say who may answer, and name them."""
    agent = desk.agents.get(name.lower()) or (next(iter(desk.agents.values())) if len(desk.agents) == 1 else None)
    if agent is None:
        return policies.which_agent(desk.agents)
    terms = terms_of(agent.policy)
    audience = Audience(directory=desk.directory, terms=terms, requester=typed.by, channel=typed.channel)
    try:
        people: Sequence[str] | None = await audience.people()
    except LookupFailedError:
        people = None
    granted = await desk.ledger.grants.holding(desk.clock(), agent=agent.name)
    heard_of = {thread.id for thread in await _known(desk, typed)} if granted else set()
    listed = policies.grants_text([grant for grant in granted if grant.thread_id in heard_of])
    return policies.policy_text(agent, people) + listed


async def _stop(desk: Desk, typed: SlashCommand, ref: str) -> str:
    thread = await _find(desk, typed, ref, *UNDER_WAY)
    if isinstance(thread, str):
        return thread
    stopped = await desk.runner.stop(thread.id, typed.by)
    if isinstance(stopped, Refusal):
        return await desk.words_for(stopped, typed.by)
    return replies.stopped(desk.board.title(thread))


async def _afterwards(desk: Desk, typed: SlashCommand, ref: str, *, verb: str) -> str:
    thread = await _find(desk, typed, ref)
    if isinstance(thread, str):
        return thread
    desk.later(_open(desk, typed, verb, thread), typed.by)
    return ""


async def _open(desk: Desk, typed: SlashCommand, verb: str, thread: Thread) -> None:
    await desk.show(typed, await PAGES[verb](desk, thread, 0))


async def _known(desk: Desk, typed: SlashCommand, *statuses: ThreadStatus) -> Sequence[Thread]:
    """The runs this person may hear of, newest first."""
    threads = await desk.ledger.threads(*statuses, team=typed.by.team, limit=LOOKED_THROUGH)
    return [thread for thread in threads if thread.started_by == typed.by or thread.place["channel"] == typed.channel]


async def _find(desk: Desk, typed: SlashCommand, ref: str, *statuses: ThreadStatus) -> Thread | str:
    """Find the run that is meant: by the start of its id, or the caller's own latest with one of these statuses."""
    if not ref:
        own = await desk.ledger.threads(*statuses, team=typed.by.team, starter=typed.by.id, limit=1)
        return own[0] if own else replies.list_text((), desk.board.title, lambda _: "")
    ref = ref.strip("`").lower()
    meant = [thread for thread in await _known(desk, typed) if thread.id.startswith(ref)]
    if len(meant) > 1:
        return replies.several_runs(ref)
    return meant[0] if meant else replies.no_such_run(ref)


def _link(desk: Desk, thread: Thread) -> str:
    return desk.link(thread.place) if thread.where else ""


_VERBS: Final[Mapping[str, Verb]] = {
    "list": _list,
    "inbox": _inbox,
    "status": _status,
    "graph": _graph,
    "policy": _policy,
    "revoke": _revoke,
    "stop": _stop,
    **{verb: partial(_afterwards, verb=verb) for verb in PAGES},
}
"""By the word after `/agent`; each returns what only the caller reads."""
