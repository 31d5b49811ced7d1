"""Submitted modals. A refusal takes the place of the form: a private message would hide behind it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers.cards import ids
from handlers.cards.forms import read_form
from handlers.cards.model import decide
from handlers.cards.payloads import compile_card
from handlers.cards.refusals import notice_view
from handlers.desk import Desk
from handlers.payloads import Submission, submission
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import RequestId, ThreadId

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every modal of ours, and answer those that are not ours any more."""

    @app.view(ids.ANSWER)
    async def answer(ack: Ack, body: Body) -> None:
        sent = submission(body)
        result = await _answer(desk, sent)
        match result:
            case None:
                await ack()
            case Refusal():
                await _replace(desk, ack, result, sent)
            case errors:
                await ack(response_action="errors", errors=errors)

    @app.view(ids.STOP)
    async def stop(ack: Ack, body: Body) -> None:
        sent = submission(body)
        ref = ids.parse_view_ref(sent.metadata)
        stopped = await desk.runner.stop(ThreadId((ref and ref.thread_id) or ""), sent.by)
        if isinstance(stopped, Refusal):
            await _replace(desk, ack, stopped, sent)
        else:
            await ack()

    @app.view(re.compile(".*"))
    async def unknown(ack: Ack, body: Body) -> None:
        sent = submission(body)
        await _replace(desk, ack, await desk.runner.refused("submit", Refusal(Reason.UNKNOWN), sent.by), sent)

    @app.view_closed(re.compile(".*"))
    async def closed(ack: Ack) -> None:
        """Closing decides nothing."""
        await ack()


async def _answer(desk: Desk, sent: Submission) -> Refusal | dict[str, str] | None:
    """Decide with what the modal holds: None when that is done, a refusal, or errors by block id."""
    ref = ids.parse_view_ref(sent.metadata)
    request = await desk.runner.check(RequestId((ref and ref.request_id) or ""), sent.by)
    if isinstance(request, Refusal):
        return request
    action = compile_card(request.payload, request.response_schema).action((ref and ref.action) or "")
    if action is None:
        return await desk.runner.refused("answer", Refusal(Reason.CHANGED, request), sent.by)
    reply = read_form(action, sent.values, by=sent.by, at=desk.clock())
    if isinstance(reply, dict):
        return reply
    decided = await desk.runner.answer(request, decide(action, reply))
    return decided if isinstance(decided, Refusal) else None


async def _replace(desk: Desk, ack: Ack, refusal: Refusal, sent: Submission) -> None:
    await ack(response_action="update", view=notice_view(await desk.words_for(refusal, sent.by)))
