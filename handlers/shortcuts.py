"""The shortcut on a message: ask an agent about it. The run's conversation is the message's thread."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers.cards import ids, words
from handlers.cards.refusals import notice_view
from handlers.cards.starts import read_place, read_start, start_view
from handlers.desk import Desk
from handlers.payloads import MessageShortcut, Submission, message_shortcut, submission
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import Place, where_of

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to the shortcut and to its modal."""

    @app.shortcut({"type": "message_action", "callback_id": ids.ASK_AGENT})
    async def used(ack: Ack, body: Body) -> None:
        used = message_shortcut(body)
        desk.later(_open(desk, used), used.by)
        await ack()

    @app.view(ids.START)
    async def start(ack: Ack, body: Body) -> None:
        await ack(**await _start(desk, submission(body)))


async def _open(desk: Desk, used: MessageShortcut) -> None:
    if used.by.team != desk.team:
        return await desk.tell(used.by, used.channel, await desk.refuse("shortcut", Refusal(Reason.UNKNOWN), used.by))
    if not desk.agents:
        return await desk.tell(used.by, used.channel, words.NO_AGENTS)
    return await desk.slack.open_view(used.trigger_id, start_view(desk.agents, used.text, await _place(desk, used)))


async def _place(desk: Desk, used: MessageShortcut) -> Place:
    """The message's thread; where that is a run's already, a conversation of its own."""
    taken = await desk.ledger.thread_at(where_of(used.place))
    return {"team": used.by.team, "channel": used.channel} if taken else used.place


async def _start(desk: Desk, sent: Submission) -> dict[str, Any]:
    """Start what the modal says; return the acknowledgement."""
    place = read_place(sent.metadata)
    if sent.by.team != desk.team or place.get("team") != desk.team:
        text = await desk.refuse("shortcut", Refusal(Reason.UNKNOWN), sent.by)
        return {"response_action": "update", "view": notice_view(text)}
    match read_start(sent.values, desk.agents):
        case (name, text):
            await desk.runner.start(name, text, sent.by, place, f"view/{sent.view_id}")
            return {}
        case errors:
            return {"response_action": "errors", "errors": errors}
