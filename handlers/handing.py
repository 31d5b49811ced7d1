"""What a card's menu offers to whoever does not answer now: ask somebody else, or be reminded."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from handlers import home
from handlers.cards import ids, words
from handlers.cards.handing import WHOM, ask_view, read_ask
from handlers.cards.payloads import card_of
from handlers.cards.refusals import notice_view
from handlers.cards.text import date_token
from handlers.desk import Desk
from handlers.payloads import Click, Submission, submission
from runtime.requests.policy import Reason, Refusal, is_pending
from runtime.requests.records import RequestId

REMIND_AFTER: Final = 3600.0
"""Seconds."""
_OF_THEM = {Reason.NOT_THEM, Reason.CANNOT_LET}


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to the modal."""

    @app.view(ids.HAND_OVER)
    async def asked(ack: Callable[..., Awaitable[Any]], body: Mapping[str, Any]) -> None:
        sent = submission(body)
        await ack(**await _hand_over(desk, sent))
        desk.later(home.refresh(desk, sent.by), sent.by)


async def ask_whom(desk: Desk, pressed: Click, request_id: RequestId) -> Refusal | None:
    """Open the modal; whether whoever asks may is looked up when it is sent."""
    request = await desk.ledger.request(request_id)
    refusal = is_pending(request, pressed.by, desk.clock())
    if refusal is not None or request is None:
        return await desk.runner.refused("hand_over", refusal or Refusal(Reason.UNKNOWN), pressed.by)
    desk.later(desk.show(pressed, ask_view(card_of(request), request)), pressed.by)
    return None


async def _hand_over(desk: Desk, sent: Submission) -> dict[str, Any]:
    """Ask whom the modal names; return the acknowledgement."""
    ref = ids.parse_view_ref(sent.metadata) or ids.ViewRef()
    match read_ask(sent.values, sent.by):
        case (to, note):
            result = await desk.runner.hand_over(RequestId(ref.request_id or ""), sent.by, to, note)
        case errors:
            return {"response_action": "errors", "errors": errors}
    if not isinstance(result, Refusal):
        return {}
    text = await desk.words_for(result, sent.by)
    if result.reason in _OF_THEM:
        return {"response_action": "errors", "errors": {WHOM: text}}
    return {"response_action": "update", "view": notice_view(text)}


async def remind(desk: Desk, pressed: Click, request_id: RequestId) -> object:
    """Have whoever pressed it reminded, and tell them when."""
    request = await desk.runner.remind(request_id, pressed.by, desk.clock() + REMIND_AFTER)
    if not isinstance(request, Refusal):
        at = next(reminder.at for reminder in request.reminders if reminder.to == pressed.by)
        text = words.will_remind(date_token(at))
        desk.later(desk.tell(pressed.by, pressed.channel, text, pressed.thread_ts), pressed.by)
    return request
