"""Forms that take several steps: over pages, or with fields that follow from a choice.

Slack keeps what was typed for the view at hand only, and a view carries ids; so what was filled in before is kept in
the ledger, by the view it was filled into, until that is closed or the request is decided.
"""

from collections.abc import Mapping
from typing import Any

from handlers.cards import ids
from handlers.cards.forms import Draft, form_view, keep_page
from handlers.cards.model import AskForm
from handlers.cards.payloads import card_of
from handlers.desk import Desk
from handlers.payloads import Click
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import Request, RequestId


async def kept(desk: Desk, view_id: str, request: Request, page: int) -> Draft | None:
    """What was filled into a view before; None while it is as it was opened."""
    values = await desk.ledger.drafts.draft(view_id, request.id)
    return None if values is None else Draft(values=values, page=page)


async def keep(desk: Desk, view_id: str, request: Request, draft: Draft) -> None:
    """Keep what was filled in so far."""
    await desk.ledger.drafts.keep(view_id, request.id, draft.values, at=desk.clock())


async def redraw(desk: Desk, pressed: Click) -> Refusal | None:
    """Show the fields that follow from a choice somebody just made."""
    return await _turn(desk, pressed, 0)


async def page_back(desk: Desk, pressed: Click) -> Refusal | None:
    """Show the page before, keeping what stands on this one."""
    return await _turn(desk, pressed, -1)


async def _turn(desk: Desk, pressed: Click, by: int) -> Refusal | None:
    ref = ids.parse_view_ref(pressed.view_metadata) or ids.ViewRef()
    request = await desk.runner.check(RequestId(ref.request_id or ""), pressed.by)
    if isinstance(request, Refusal):
        return request
    card = card_of(request)
    action = card.action(ref.action or "")
    if action is None or not isinstance(action.ask, AskForm):
        return await desk.runner.refused("answer", Refusal(Reason.CHANGED, request), pressed.by)
    before = await kept(desk, pressed.view_id, request, ref.page) or Draft(
        values=dict(action.ask.values), page=ref.page
    )
    draft = keep_page(action.ask, pressed.view_values, before, turn=by)
    await keep(desk, pressed.view_id, request, draft)
    view = form_view(card, action, request, draft)
    desk.later(_show(desk, pressed.view_id, view), pressed.by)
    return None


async def _show(desk: Desk, view_id: str, view: Mapping[str, Any]) -> None:
    await desk.slack.update_view(view_id, view)
