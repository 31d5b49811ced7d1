"""Clicks: on cards to answer, to see everything, to stop or try again. No click ends in silence.

Before the acknowledgement only what decides: the ledger's guarded write. Everything that calls Slack comes after.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers import drafts, handing, home, rest
from handlers.afterwards import PAGES
from handlers.cards import ids, words
from handlers.cards.blocks import plain_approvals
from handlers.cards.details import details_view, run_view, turn_view
from handlers.cards.forms import form_view
from handlers.cards.model import Reply, decide, decide_as_proposed
from handlers.cards.payloads import card_of
from handlers.cards.refusals import notice_view
from handlers.cards.runs import stop_view
from handlers.desk import Desk
from handlers.payloads import Click, click
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import RequestId, ThreadId

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]
Deciding = Callable[[Desk, Click], Awaitable[object]]
Showing = Callable[[Desk, Click], Coroutine[Any, Any, None]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every button and menu of ours, and answer those that are not ours any more."""

    def decides(action_id: str | re.Pattern[str], use_case: Deciding) -> None:
        @app.action(action_id)
        async def pressed(ack: Ack, body: Body) -> None:
            seen = click(body)
            result = await use_case(desk, seen)
            if isinstance(result, Refusal):
                desk.later(_refuse(desk, seen, result), seen.by)
            elif result is not None:  # opening or turning a form changes nothing that a Home tab shows
                desk.later(home.refresh(desk, seen.by, opened=seen.on_home), seen.by)
            await ack()

    def shows(action_id: str | re.Pattern[str], show: Showing) -> None:
        @app.action(action_id)
        async def pressed(ack: Ack, body: Body) -> None:
            seen = click(body)
            desk.later(show(desk, seen), seen.by)
            await ack()

    @app.action(ids.LINK)
    async def followed(ack: Ack) -> None:
        await ack()

    decides(re.compile(f"^{ids.ACT}:"), _answer)
    decides(ids.RETRY, _retry)
    decides(ids.GRANT, _approve_for_run)
    decides(ids.FORK, _fork)
    decides(ids.REVEAL, _reveal)
    decides(ids.INPUT, drafts.redraw)
    decides(ids.FORM_BACK, drafts.page_back)
    shows(ids.REST, rest.ask)
    shows(ids.STOP_RUN, _ask_to_stop)
    shows(re.compile(f"^{ids.HOME_PAGE}:"), _turn_home)
    shows(ids.VIEW, _view_request)
    shows(ids.VIEW_RUN, _view_run)
    shows(ids.VIEW_TURN, _view_turn)
    decides(ids.MORE, _more)
    shows(re.compile(f"^{ids.PAGE}:"), _turn_page)
    shows(re.compile(".*"), _unknown)


async def _answer(desk: Desk, pressed: Click) -> object:
    """Take the click as the answer, or open the modal it leads to."""
    request = await desk.runner.check(RequestId(pressed.value), pressed.by)
    if isinstance(request, Refusal):
        return request
    card = card_of(request)
    action = card.action(ids.action_key(pressed.action_id) or "")
    if action is None:
        return await desk.runner.refused("answer", Refusal(Reason.CHANGED, request), pressed.by)
    drawn = ids.parse_card_block(pressed.block_id)
    if request.proposed_in > (drawn.revision if drawn else 0):
        return await desk.runner.refused("answer", Refusal(Reason.CHANGED, request), pressed.by)
    if action.ask is not None:
        desk.later(desk.show(pressed, form_view(card, action, request)), pressed.by)
        return None
    decision = decide_as_proposed(card, action, request.proposal, pressed.by, desk.clock())
    return await desk.runner.answer(request, decision)


async def _approve_for_run(desk: Desk, pressed: Click) -> object:
    request = await desk.runner.check(RequestId(pressed.value), pressed.by)
    if isinstance(request, Refusal):
        return request
    approval = next(plain_approvals(card_of(request)), None)
    if approval is None:
        return await desk.runner.refused("grant", Refusal(Reason.CHANGED, request), pressed.by)
    decision = decide(approval, Reply(by=pressed.by, at=desk.clock()))
    return await desk.runner.answer_for_run(request, decision)


async def _retry(desk: Desk, pressed: Click) -> object:
    return await desk.runner.retry(pressed.value, pressed.by)


async def _reveal(desk: Desk, pressed: Click) -> Refusal | None:
    """Show hidden values to somebody who may answer; that they looked is in the audit trail before they see them."""
    request = await desk.runner.check(RequestId(pressed.value), pressed.by)
    if isinstance(request, Refusal):
        return request
    await desk.ledger.audit.note(
        "reveal", at=desk.clock(), by=pressed.by, thread_id=request.thread_id, request_id=request.id
    )
    ref = ids.ViewRef(request_id=request.id, revealed=True)
    desk.later(_show_revealed(desk, pressed, ref), pressed.by)
    return None


async def _show_revealed(desk: Desk, pressed: Click, ref: ids.ViewRef) -> None:
    view = await _page(desk, pressed, ref)
    if view is not None:
        await desk.slack.update_view(pressed.view_id, view)


async def _refuse(desk: Desk, pressed: Click, refusal: Refusal) -> None:
    """Say why nothing happened; in a modal, where a private message would hide behind it, in its place."""
    text = await desk.words_for(refusal, pressed.by)
    if pressed.on_home:
        await home.refresh(desk, pressed.by, text, opened=True)
    elif pressed.view_id:
        await desk.slack.update_view(pressed.view_id, notice_view(text))
    else:
        await desk.tell(pressed.by, pressed.channel, text, pressed.thread_ts)
    if refusal.request is not None:
        desk.runner.wake(refusal.request.thread_id)  # what is shown may lag


async def _ask_to_stop(desk: Desk, pressed: Click) -> None:
    thread = await desk.ledger.thread(ThreadId(pressed.value))
    if thread is None or thread.started_by.team != pressed.by.team:
        return await _unknown(desk, pressed)
    return await desk.show(pressed, stop_view(thread))


async def _turn_home(desk: Desk, pressed: Click) -> None:
    await home.publish(desk, pressed.by, _number(pressed.value))


def _number(value: str) -> int:
    return int(value[:9]) if value.isascii() and value.isdigit() else 0


async def _unknown(desk: Desk, pressed: Click) -> None:
    await _refuse(desk, pressed, await desk.runner.refused("click", Refusal(Reason.UNKNOWN), pressed.by))


async def _more(desk: Desk, pressed: Click) -> object:
    card = ids.parse_card_block(pressed.block_id)
    if card is not None and pressed.value == ids.WITHDRAW:
        return await desk.runner.withdraw(card.request_id, pressed.by)
    if card is not None and pressed.value == ids.HAND_OVER:
        return await handing.ask_whom(desk, pressed, card.request_id)
    if card is not None and pressed.value == ids.REMIND:
        return await handing.remind(desk, pressed, card.request_id)
    desk.later(_show_more(desk, pressed, card), pressed.by)
    return None


async def _fork(desk: Desk, pressed: Click) -> object:
    """Have a question asked again, to be answered differently."""
    copy = await desk.runner.fork(RequestId(pressed.value), pressed.by)
    if isinstance(copy, Refusal):
        return copy
    text = words.answered_differently(desk.link(copy.place)) if copy.where else words.ASKING_AGAIN
    desk.later(desk.tell(pressed.by, pressed.channel, text, pressed.thread_ts), pressed.by)
    return copy


async def _show_more(desk: Desk, pressed: Click, card: ids.CardRef | None) -> None:
    if card is not None and pressed.value == ids.VIEW:
        return await _show_page(desk, pressed, ids.ViewRef(request_id=card.request_id))
    request = await desk.ledger.request(card.request_id) if card is not None else None
    thread = await desk.ledger.thread(request.thread_id) if request is not None else None
    if thread is None or pressed.value != ids.STOP or pressed.by.team != thread.started_by.team:
        return await _unknown(desk, pressed)
    return await desk.show(pressed, stop_view(thread))


async def _view_request(desk: Desk, pressed: Click) -> None:
    await _show_page(desk, pressed, ids.ViewRef(request_id=RequestId(pressed.value)))


async def _view_run(desk: Desk, pressed: Click) -> None:
    await _show_page(desk, pressed, ids.ViewRef(thread_id=ThreadId(pressed.value)))


async def _view_turn(desk: Desk, pressed: Click) -> None:
    await _show_page(desk, pressed, ids.ViewRef(turn_id=pressed.value))


async def _show_page(desk: Desk, pressed: Click, ref: ids.ViewRef) -> None:
    view = await _page(desk, pressed, ref)
    await (desk.show(pressed, view) if view is not None else _unknown(desk, pressed))


async def _turn_page(desk: Desk, pressed: Click) -> None:
    """Show another page of what is being viewed."""
    page = _number(pressed.value)
    ref = ids.parse_view_ref(pressed.view_metadata) or ids.ViewRef()
    view = await _page(desk, pressed, ref, page)
    if view is None:
        return await _unknown(desk, pressed)
    return await desk.slack.update_view(pressed.view_id, view)


async def _page(desk: Desk, pressed: Click, ref: ids.ViewRef, page: int = 0) -> dict[str, Any] | None:
    """The view of what a reference means; None when that is nothing this person's team has."""
    if ref.request_id and (request := await desk.ledger.request(ref.request_id)):
        if request.asked_for.team != pressed.by.team:
            return None
        card = card_of(request)
        revealed = ref.revealed and not isinstance(await desk.runner.check(request.id, pressed.by), Refusal)
        return details_view(card, request, page, revealed=revealed)
    if ref.thread_id and (thread := await desk.ledger.thread(ref.thread_id)):
        if thread.started_by.team != pressed.by.team:
            return None
        show = PAGES.get(ref.action or "")
        return await show(desk, thread, page) if show else run_view(thread, page)
    if ref.turn_id and (turn := await desk.ledger.turn(ref.turn_id)):
        return turn_view(turn, page) if turn.by.team == pressed.by.team else None
    return None
