"""`/agent`: start one, or ask about those under way."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers import replies
from handlers.cards import words
from handlers.desk import Desk
from handlers.payloads import SlashCommand, slash_command
from handlers.slack import SlackRefusedError
from runtime.policy import Refusal
from runtime.records import RequestStatus, Thread, ThreadStatus
from runtime.runner import AT_REST

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]

COMMAND = "/agent"
UNDER_WAY = (ThreadStatus.RUNNING, ThreadStatus.WAITING)
LISTED = 15
LOOKED_THROUGH = 500
"""Runs among which a typed id is looked for, newest first."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to the one slash command."""

    @app.command(COMMAND)
    async def agent(ack: Ack, body: Body) -> None:
        typed = slash_command(body)
        if typed.by.team != desk.team:
            await ack(words.STRANGER)
            return
        first, _, rest = typed.text.partition(" ")
        verb, rest = first.lower(), rest.strip()
        match verb:
            case "" | "help":
                await ack(replies.help_text(desk.agents))
            case "list":
                await ack(await _list(desk, typed))
            case "status":
                await ack(await _status(desk, typed, rest))
            case "stop":
                await ack(await _stop(desk, typed, rest))
            case _ if verb in desk.agents and rest:
                await _start(desk, ack, typed, verb, rest)
            case _:
                await ack(replies.how_to_start(desk.agents, verb, typed.text))


async def _start(desk: Desk, ack: Ack, typed: SlashCommand, name: str, text: str) -> None:
    """Store the run, then acknowledge, then let it go: a command that was acknowledged is never lost."""
    place = {"team": typed.by.team, "channel": typed.channel}
    thread = await desk.runner.start(name, text, typed.by, place, typed.key)
    await ack(replies.starting(desk.agents[name]))
    desk.later(_begin(desk, typed, thread))


async def _begin(desk: Desk, typed: SlashCommand, thread: Thread) -> None:
    """Open the conversation before the agent runs: where it may not speak, it must not act either."""
    try:
        await desk.board.refresh(thread.id)
    except SlackRefusedError as refusal:
        await desk.runner.stop(thread.id, typed.by)
        await desk.slack.say(typed.by.id, words.cannot_post(typed.channel, refusal.code), thread_ts="")
        return
    desk.runner.wake(thread.id)


async def _list(desk: Desk, typed: SlashCommand) -> str:
    threads = await desk.ledger.threads(*UNDER_WAY, team=typed.by.team, limit=LISTED)
    return replies.list_text(threads, desk.board.title, lambda thread: _link(desk, thread))


async def _status(desk: Desk, typed: SlashCommand, ref: str) -> str:
    thread = await _find(desk, typed, ref, any_status=True)
    if isinstance(thread, str):
        return thread
    requests = await desk.ledger.requests(thread.id, RequestStatus.OPEN, RequestStatus.DECIDED)
    return replies.status_text(thread, requests, desk.board.title(thread), _link(desk, thread))


async def _stop(desk: Desk, typed: SlashCommand, ref: str) -> str:
    thread = await _find(desk, typed, ref, any_status=False)
    if isinstance(thread, str):
        return thread
    stopped = await desk.runner.stop(thread.id, typed.by)
    if isinstance(stopped, Refusal):
        return await desk.words_for(stopped, typed.by)
    return replies.stopped(desk.board.title(thread))


async def _find(desk: Desk, typed: SlashCommand, ref: str, *, any_status: bool) -> Thread | str:
    """Find the run that is meant: by the start of its id, or, with none given, the caller's own latest."""
    statuses = () if any_status or ref else UNDER_WAY
    if not ref:
        own = await desk.ledger.threads(*statuses, team=typed.by.team, starter=typed.by.id, limit=1)
        return own[0] if own else replies.list_text((), desk.board.title, lambda _: "")
    ref = ref.strip("`").lower()
    known = await desk.ledger.threads(team=typed.by.team, limit=LOOKED_THROUGH)
    meant = [thread for thread in known if thread.id.startswith(ref)]
    meant.sort(key=lambda thread: thread.status in AT_REST)
    return meant[0] if meant else replies.no_such_run(ref)


def _link(desk: Desk, thread: Thread) -> str:
    return desk.link(thread.place) if thread.where else ""
