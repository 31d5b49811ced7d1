"""Submitted modals. A refusal takes the place of the form: a private message would hide behind it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers import drafts, home, rest
from handlers.cards import ids, words
from handlers.cards.forms import Draft, form_view, named, own_errors, read_form
from handlers.cards.model import Action, Reply, decide
from handlers.cards.payloads import card_of
from handlers.cards.refusals import notice_view
from handlers.cards.rest import progress_view
from handlers.desk import Desk
from handlers.payloads import Submission, submission
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import Decision, Request, RequestId, ThreadId

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]
PATIENCE = 2.0
"""Seconds after which a form is taken as it is; Slack gives up after three."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every modal of ours, and answer those that are not ours any more."""

    @app.view(ids.ANSWER)
    async def answer(ack: Ack, body: Body) -> None:
        sent = submission(body)
        result = await _answer(desk, sent)
        match result:
            case None:
                desk.later(home.refresh(desk, sent.by), sent.by)
                await ack()
            case Refusal():
                await _replace(desk, ack, result, sent)
            case _Unfinished(view):
                await ack(response_action="update", view=view)
            case errors:
                await ack(response_action="errors", errors=errors)

    @app.view(ids.REST)
    async def approve_the_rest(ack: Ack, body: Body) -> None:
        sent = submission(body)
        await ack(response_action="update", view=progress_view(words.APPROVING))
        desk.later(rest.approve(desk, sent), sent.by)

    @app.view(ids.STOP)
    async def stop(ack: Ack, body: Body) -> None:
        sent = submission(body)
        ref = ids.parse_view_ref(sent.metadata)
        stopped = await desk.runner.stop(ThreadId((ref and ref.thread_id) or ""), sent.by)
        if isinstance(stopped, Refusal):
            await _replace(desk, ack, stopped, sent)
        else:
            desk.later(home.refresh(desk, sent.by), sent.by)
            await ack()

    @app.view(re.compile(".*"))
    async def unknown(ack: Ack, body: Body) -> None:
        sent = submission(body)
        await _replace(desk, ack, await desk.runner.refused("submit", Refusal(Reason.UNKNOWN), sent.by), sent)

    @app.view_closed(re.compile(".*"))
    async def closed(ack: Ack, body: Body) -> None:
        """Closing decides nothing."""
        await desk.ledger.drafts.drop(submission(body).view_id)
        await ack()


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """The form goes on with another view."""

    view: dict[str, Any]


async def _answer(desk: Desk, sent: Submission) -> Refusal | _Unfinished | dict[str, str] | None:
    """Decide with what the modal holds: None when that is done, a refusal, or errors by block id."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    ref = ids.parse_view_ref(sent.metadata) or ids.ViewRef()
    request = await desk.runner.check(RequestId(ref.request_id or ""), sent.by)
    if isinstance(request, Refusal):
        return request
    card = card_of(request)
    action = card.action(ref.action or "")
    if action is None:
        return await desk.runner.refused("answer", Refusal(Reason.CHANGED, request), sent.by)
    before = await drafts.kept(desk, sent.view_id, request, ref.page)
    match read_form(action, sent.values, by=sent.by, at=desk.clock(), draft=before):
        case Draft() as draft:
            await drafts.keep(desk, sent.view_id, request, draft)
            return _Unfinished(form_view(card, action, request, draft))
        case Reply() as reply:
            errors = await own_errors_by(deadline, action, reply, before)
            if not errors:
                return await _decide(desk, sent, request, decide(action, reply))
        case wrong:
            errors = wrong
    await desk.runner.refused("answer", Refusal(Reason.INVALID, request), sent.by)
    return errors


async def own_errors_by(deadline: float, action: Action, reply: Reply, draft: Draft | None) -> dict[str, str]:
    """What the validators of a form's type say, where they say it by `deadline` (the loop's time).

    They are the program's own code, which nobody promised to be quick: in a thread, and no longer than Slack's patience
    allows. Whom they do not tell here hears it from the graph, which asks again.
    """
    if not named(action):
        return {}
    try:
        async with asyncio.timeout_at(deadline):
            return await asyncio.to_thread(own_errors, action, reply, draft)
    except TimeoutError:
        return {}


async def _decide(desk: Desk, sent: Submission, request: Request, decision: Decision) -> Refusal | None:
    decided = await desk.runner.answer(request, decision)
    if isinstance(decided, Refusal):
        return decided
    desk.later(desk.ledger.drafts.drop(sent.view_id), sent.by)
    return None


async def _replace(desk: Desk, ack: Ack, refusal: Refusal, sent: Submission) -> None:
    await ack(response_action="update", view=notice_view(await desk.words_for(refusal, sent.by)))
