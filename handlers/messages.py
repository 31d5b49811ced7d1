"""Words of people: a mention or a direct message starts a run, a reply in its thread answers it or goes on with it.

Only new messages of people of our own team count. What was said comes once, whatever Slack delivers twice: a mention
arrives as mention and as message, and a message in a known thread is a reply however it arrives.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers import replies
from handlers.cards import words
from handlers.cards.forms import read_reply
from handlers.cards.model import decide
from handlers.cards.payloads import compile_card
from handlers.desk import Desk
from handlers.payloads import MENTION, Said, said
from runtime.policy import Refusal
from runtime.records import Request, RequestStatus, Thread, ThreadStatus
from runtime.runner import where_of

Body = Mapping[str, Any]
STOP = "!stop"


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to mentions and messages. Bolt acks events by itself, before the listener runs."""

    @app.event("app_mention")
    async def mention(body: Body) -> None:
        message = said(body)
        if message is not None and await _thread(desk, message) is None:
            await _first_words(desk, message)

    @app.event("message")
    async def message(body: Body) -> None:
        words_said = said(body)
        if words_said is None:
            return
        thread = await _thread(desk, words_said)
        if thread is not None:
            await _reply(desk, thread, words_said)
        elif words_said.is_dm:
            await _first_words(desk, words_said)


async def _thread(desk: Desk, message: Said) -> Thread | None:
    """Find the run whose conversation this is."""
    return await desk.ledger.thread_at(where_of({**message.place, "team": desk.team}))


async def _first_words(desk: Desk, message: Said) -> None:
    """Start the agent that was meant, or say how."""
    if message.by.team != desk.team:
        return await _tell(desk, message, words.STRANGER)
    name, text = _addressed(desk, message.words)
    if name is None or not text:
        return await _tell(desk, message, replies.how_to_start(desk.agents, name, message.words))
    thread = await desk.runner.start(name, text, message.by, message.place, message.key)
    desk.runner.wake(thread.id)
    return None


def _addressed(desk: Desk, text: str) -> tuple[str | None, str]:
    """Split words into an agent and what is for it: the only agent there is need not be named."""
    first, _, rest = text.partition(" ")
    if first.lower() in desk.agents:
        return first.lower(), rest.strip()
    return (next(iter(desk.agents)), text) if len(desk.agents) == 1 else (None, text)


async def _reply(desk: Desk, thread: Thread, message: Said) -> None:
    """A message in a run's thread: a stop, the answer to the one open question, or the next turn."""
    if message.by.team != thread.started_by.team:
        return await _tell(desk, message, words.STRANGER)
    if message.words == STOP:
        return await _tell_refusal(desk, message, await desk.runner.stop(thread.id, message.by))
    waiting = await desk.ledger.requests(thread.id, RequestStatus.OPEN)
    if thread.status is ThreadStatus.WAITING and waiting:
        return await _answer(desk, waiting, message)
    busy = await desk.runner.say(thread, MENTION.sub("", message.words), message.by, message.place, message.key)
    return await desk.slack.react(message.channel, message.ts, "eyes") if busy else None


async def _answer(desk: Desk, waiting: Sequence[Request], message: Said) -> None:
    """Take the words as the answer where they can only mean one thing; otherwise say what to do."""
    if len(waiting) > 1:
        return await _tell(desk, message, words.WHICH_ONE)
    request = await desk.runner.check(waiting[0].id, message.by)
    if isinstance(request, Refusal):
        return await _tell_refusal(desk, message, request)
    card = compile_card(request.payload, request.response_schema)
    action = card.action(card.text_action or "")
    if action is None:
        return await _tell(desk, message, words.ANSWER_WITH_BUTTONS)
    reply = read_reply(action, message.words, by=message.by, at=desk.clock())
    if isinstance(reply, str):
        return await _tell(desk, message, reply)
    decided = await desk.runner.answer(request, decide(action, reply))
    return await _tell_refusal(desk, message, decided)


async def _tell_refusal(desk: Desk, message: Said, result: object) -> None:
    """Say why nothing happened, if nothing did."""
    if isinstance(result, Refusal):
        await _tell(desk, message, await desk.words_for(result, message.by))


async def _tell(desk: Desk, message: Said, text: str) -> None:
    """Answer where it was said: only to the person, or plainly where nobody else is."""
    if message.is_dm:
        await desk.slack.say(message.channel, text, thread_ts=message.thread_ts)
    else:
        await desk.tell(message.by, message.channel, text, message.thread_ts if message.is_reply else "")
