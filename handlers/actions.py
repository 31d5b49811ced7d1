"""Clicks on cards: answer, view everything, stop the run."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers.cards import ids
from handlers.cards.details import details_view, run_view, turn_view
from handlers.cards.forms import form_view
from handlers.cards.model import Reply, decide
from handlers.cards.payloads import compile_card
from handlers.cards.runs import stop_view
from handlers.desk import Desk
from handlers.payloads import Click, block_of, click
from runtime.policy import Reason, Refusal
from runtime.records import RequestId, ThreadId

Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every button and menu of ours, and answer those that are not ours any more."""

    @app.action(re.compile(f"^{ids.ACT}:"))
    async def answer(ack: Ack, body: Body) -> None:
        pressed = click(body)
        problem = await _answer(desk, pressed)
        await ack()
        if problem:
            desk.later(_refuse(desk, pressed, problem))

    @app.action(ids.VIEW)
    async def view(ack: Ack, body: Body) -> None:
        await ack()
        pressed = click(body)
        desk.later(_view_request(desk, pressed, RequestId(pressed.value)))

    @app.action(ids.VIEW_RUN)
    async def run(ack: Ack, body: Body) -> None:
        await ack()
        desk.later(_view_run(desk, click(body)))

    @app.action(ids.VIEW_TURN)
    async def turn(ack: Ack, body: Body) -> None:
        await ack()
        desk.later(_view_turn(desk, click(body)))

    @app.action(ids.MORE)
    async def more(ack: Ack, body: Body) -> None:
        await ack()
        desk.later(_more(desk, click(body), block_of(body)))

    @app.action(re.compile(f"^{ids.PAGE}"))
    async def page(ack: Ack, body: Body) -> None:
        await ack()
        desk.later(_turn_page(desk, click(body)))

    @app.action(re.compile(".*"))
    async def unknown(ack: Ack, body: Body) -> None:
        await ack()
        pressed = click(body)
        desk.later(_refuse(desk, pressed, Refusal(Reason.UNKNOWN)))


async def _answer(desk: Desk, pressed: Click) -> Refusal | None:
    """Take the click as the answer, or open the modal it leads to. Nothing slow here: Slack waits for the ack."""
    key = ids.action_key(pressed.action_id)
    request = await desk.runner.check(RequestId(pressed.value), pressed.by)
    if isinstance(request, Refusal):
        return request
    card = compile_card(request.payload, request.response_schema)
    action = card.action(key or "")
    if action is None:
        return Refusal(Reason.CHANGED, request)
    if action.ask is not None:
        desk.later(desk.slack.open_view(pressed.trigger_id, form_view(card, action, request)))
        return None
    decided = await desk.runner.answer(request, decide(action, Reply(by=pressed.by, at=desk.clock())))
    return decided if isinstance(decided, Refusal) else None


async def _refuse(desk: Desk, pressed: Click, refusal: Refusal) -> None:
    text = await desk.words_for(refusal, pressed.by)
    await desk.tell(pressed.by, pressed.channel or pressed.by.id, text, pressed.thread_ts)
    if refusal.request is not None:
        await desk.board.refresh(refusal.request.thread_id)


async def _more(desk: Desk, pressed: Click, block_id: str) -> None:
    card = ids.parse_card_block(block_id)
    if card is None or pressed.value not in {ids.VIEW, ids.STOP}:
        return await _refuse(desk, pressed, Refusal(Reason.UNKNOWN))
    if pressed.value == ids.VIEW:
        return await _view_request(desk, pressed, card.request_id)
    request = await desk.ledger.request(card.request_id)
    thread = await desk.ledger.thread(request.thread_id) if request else None
    if thread is None or pressed.by.team != thread.started_by.team:
        return await _refuse(desk, pressed, Refusal(Reason.UNKNOWN))
    return await desk.slack.open_view(pressed.trigger_id, stop_view(thread))


async def _view_request(desk: Desk, pressed: Click, request_id: RequestId) -> None:
    request = await desk.ledger.request(request_id)
    if request is None or request.asked_for.team != pressed.by.team:
        return await _refuse(desk, pressed, Refusal(Reason.UNKNOWN))
    card = compile_card(request.payload, request.response_schema)
    return await desk.slack.open_view(pressed.trigger_id, details_view(card, request))


async def _view_run(desk: Desk, pressed: Click) -> None:
    thread = await desk.ledger.thread(ThreadId(pressed.value))
    if thread is None or thread.started_by.team != pressed.by.team:
        return await _refuse(desk, pressed, Refusal(Reason.UNKNOWN))
    return await desk.slack.open_view(pressed.trigger_id, run_view(thread))


async def _view_turn(desk: Desk, pressed: Click) -> None:
    turn = await desk.ledger.turn(pressed.value)
    if turn is None or turn.by.team != pressed.by.team:
        return await _refuse(desk, pressed, Refusal(Reason.UNKNOWN))
    return await desk.slack.open_view(pressed.trigger_id, turn_view(turn))


async def _turn_page(desk: Desk, pressed: Click) -> None:
    """Show another page of what is being viewed."""
    ref = ids.parse_view_ref(pressed.view_metadata)
    page = int(pressed.value) if pressed.value.isascii() and pressed.value.isdigit() else 0
    if ref is None:
        return
    if ref.request_id and (request := await desk.ledger.request(ref.request_id)):
        card = compile_card(request.payload, request.response_schema)
        view = details_view(card, request, page)
    elif ref.thread_id and (thread := await desk.ledger.thread(ref.thread_id)):
        view = run_view(thread, page)
    elif ref.turn_id and (turn := await desk.ledger.turn(ref.turn_id)):
        view = turn_view(turn, page)
    else:
        return
    await desk.slack.update_view(pressed.view_id, view)
