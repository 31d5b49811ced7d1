"""Words of people: a mention or a direct message starts a run, a reply in its thread answers it or goes on with it.

Only new messages of people of our own team count, and each counts once, whatever Slack delivers twice: a mention
arrives as mention and as message, and what was not acknowledged in time comes again. What it does is stored before
Slack gets its acknowledgement.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers import replies
from handlers.cards.forms import read_reply
from handlers.cards.model import decide
from handlers.cards.payloads import card_of
from handlers.desk import Desk
from handlers.payloads import Said, said
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import Request, RequestStatus, Thread, ThreadStatus, where_of

Body = Mapping[str, Any]
Listener = Callable[[Desk, Said], Awaitable[str | None]]
STOP = "!stop"
QUEUED, TAKEN = "eyes", "white_check_mark"
"""Reactions: to a reply that waits for its turn, and to one that was taken as the answer."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to mentions and messages."""

    def hears(event: str, listener: Listener) -> None:
        @app.event(event)
        async def heard(body: Body) -> None:
            message = said(body)
            if message is not None:
                answer = await listener(desk, message)
                if answer is not None:
                    desk.later(_tell(desk, message, answer), message.by)

    hears("app_mention", _mention)
    hears("message", _message)


# Each returns what to tell the person, if anything.


async def _mention(desk: Desk, message: Said) -> str | None:
    thread, _ = await _conversation(desk, message)
    return await _first_words(desk, message) if thread is None else None


async def _message(desk: Desk, message: Said) -> str | None:
    thread, request = await _conversation(desk, message)
    if thread is not None:
        return await _reply(desk, thread, message, request)
    return await _first_words(desk, message) if message.is_dm else None


async def _conversation(desk: Desk, message: Said) -> tuple[Thread | None, Request | None]:
    """Find the run whose conversation this is; or, below a card elsewhere, the run and the question."""
    place = {**message.place, "team": desk.team}
    thread = await desk.ledger.thread_at(where_of(place))
    if thread is None and message.parent == desk.user:
        return await desk.board.shown_at(place)
    return thread, None


async def _first_words(desk: Desk, message: Said) -> str | None:
    """Start the agent that was meant, or say how."""
    if message.by.team != desk.team:
        return await desk.refuse("start", Refusal(Reason.UNKNOWN), message.by)
    name, text = _addressed(desk, message.words_to(desk.user))
    if name is None or not text:
        await desk.speak_to(message.by.id)
        return replies.how_to_start(desk.agents, name, text)
    await desk.runner.start(name, text, message.by, message.place, message.key)
    return None


def _addressed(desk: Desk, text: str) -> tuple[str | None, str]:
    """Split words into an agent and what is for it: the only agent there is need not be named."""
    first, rest = replies.first_word(text)
    if first in desk.agents:
        return first, rest
    if len(desk.agents) == 1 and first != replies.HELP:
        return next(iter(desk.agents)), text
    return None, text


async def _reply(desk: Desk, thread: Thread, message: Said, below: Request | None) -> str | None:
    """A message in a run's thread: a stop, the answer to the one open question, or the next turn.

    `below`: the question on whose card elsewhere it was said; nothing said there is a turn.
    """
    if thread.gone:
        return await desk.refuse("say", Refusal(Reason.GONE, thread=thread), message.by)
    if message.by.team != thread.started_by.team:
        return await desk.refuse("say", Refusal(Reason.UNKNOWN, thread=thread), message.by)
    text = message.words_to(desk.user)
    if text == STOP:
        return await _refusal(desk, message, await desk.runner.stop(thread.id, message.by))
    waiting = [below] if below is not None else await desk.ledger.requests(thread.id, RequestStatus.OPEN)
    if await desk.runner.heard(thread, message.key):  # looked up after `waiting`: it may have been the answer just now
        return None
    if below is not None and below.status is not RequestStatus.OPEN and not _takes_words(below):
        return None  # people talk about what was decided
    if below is not None or (thread.status is ThreadStatus.WAITING and waiting):
        return await _answer(desk, thread, waiting, message)
    if await desk.runner.say(thread, text, message.by, message.place, message.key, said_at=message.at):
        desk.later(desk.slack.react(message.channel, message.ts, QUEUED), message.by)
    return None


def _takes_words(request: Request) -> bool:
    return card_of(request).text_action is not None


async def _answer(desk: Desk, thread: Thread, waiting: Sequence[Request], message: Said) -> str | None:
    """Take the words as the answer where they can only mean one thing; otherwise say what to do."""
    if len(waiting) > 1:
        return await desk.refuse("answer", Refusal(Reason.SEVERAL_OPEN, thread=thread), message.by)
    request = await desk.runner.check(waiting[0].id, message.by)
    if isinstance(request, Refusal):
        return await _refusal(desk, message, request)
    await desk.speak_to(message.by.id)
    card = card_of(request)
    action = card.action(card.text_action or "")
    if action is None:
        return await desk.refuse("answer", Refusal(Reason.NEEDS_BUTTONS, request), message.by)
    reply = read_reply(action, message.words_to(desk.user), by=message.by, at=desk.clock())
    if isinstance(reply, str):
        await desk.runner.refused("answer", Refusal(Reason.INVALID, request), message.by)
        return reply
    answered = await desk.runner.answer(request, replace(decide(action, reply), said=message.key))
    if isinstance(answered, Request):
        desk.later(desk.slack.react(message.channel, message.ts, TAKEN), message.by)
    return await _refusal(desk, message, answered)


async def _refusal(desk: Desk, message: Said, result: object) -> str | None:
    """Why nothing happened, if nothing did; a second delivery of the answer itself is nothing to talk about."""
    if not isinstance(result, Refusal):
        return None
    decision = result.request.decision if result.request is not None else None
    if decision is not None and decision.said == message.key:
        return None
    return await desk.words_for(result, message.by)


async def _tell(desk: Desk, message: Said, text: str) -> None:
    """Answer where it was said: only to the person, or plainly where nobody else is."""
    if message.is_dm:
        await desk.slack.say(message.channel, text, thread_ts=message.thread_ts)
    else:
        await desk.tell(message.by, message.channel, text, message.thread_ts if message.is_reply else "")
