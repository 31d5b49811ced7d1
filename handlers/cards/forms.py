"""Modals that answer a request, and what comes back from them.

The same plan of a form, made from the card alone, draws it and reads it; so nothing about it travels through Slack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.cards import ids, words
from handlers.cards.body import MAX_LINES
from handlers.cards.elements import labelled, text_input
from handlers.cards.filling import Errors, Values, element, faults, fill, own_faults
from handlers.cards.ids import ANSWER, INPUT, NOTE, REASON, TEXT, ViewRef
from handlers.cards.literal import Block, context, excerpt, paragraph, plain_text
from handlers.cards.model import Action, AskForm, AskReason, AskText, Card, Reply
from handlers.cards.pages import Page, pages
from handlers.cards.reading import InvalidInputError, read_text
from runtime.named_types import TYPE
from runtime.requests.records import Person, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A form that is not done yet: what was filled in so far, and the page to show."""

    values: Values
    page: int


def form_view(card: Card, action: Action, request: Request, draft: Draft | None = None) -> dict[str, Any]:
    """The modal for an action that asks for something. Raises `ValueError` for one that does not."""
    number = draft.page if draft else 0
    blocks = [paragraph(excerpt(card.title, 1500, lines=MAX_LINES).text, bold=True)]
    view = {
        "type": "modal",
        "callback_id": ANSWER,
        "private_metadata": ViewRef(request_id=request.id, action=action.key, page=number).dump(),
        "title": plain_text(_title(action), 24),
        "submit": plain_text(_submit(action), 24),
        "close": plain_text(words.BACK, 24),
        "blocks": [*blocks, *_inputs(action)],
    }
    return view if not isinstance(action.ask, AskForm) else view | _paged(action.ask, draft, view, blocks)


def _paged(ask: AskForm, draft: Draft | None, view: Block, top: list[Block]) -> Block:
    """What is different in a form of several pages, and in one that changes as it is filled in."""
    found = pages(_drafted(ask, draft))
    number = _within(found, draft.page if draft else 0)
    last = number == len(found) - 1
    turning = [context(words.page_of(number + 1, len(found)))] if len(found) > 1 else []
    note = ask.note or (None if found[number].inputs else AskReason(told=False))  # errors need an input to stand at
    notes = [_note_input(words.NOTE_TOLD if note.told else words.NOTE, note)] if note and last else []
    return {
        "blocks": [*top, *turning, *found[number].blocks, *notes, *([_back_button()] if number else [])],
        "submit": view["submit"] if last else plain_text(words.CONTINUE, 24),
        "notify_on_close": True,
    }


def read_form(
    action: Action, state: Mapping[str, Any], *, by: Person, at: float, draft: Draft | None = None
) -> Reply | Errors | Draft:
    """What the person gave, or what is wrong with it, or what to go on with. `state`: the view's `state.values`."""
    try:
        note = _note(state)
    except InvalidInputError as error:
        return {NOTE: str(error)}
    match action.ask:
        case AskText():
            return _read_answer(state, by=by, at=at)
        case AskForm() as ask:
            read = _read_page(_drafted(ask, draft), state, draft.page if draft else 0)
            return Reply(values=read.values, note=note, by=by, at=at) if isinstance(read, _Done) else read
        case AskReason() as ask:
            reason = ": ".join(part for part in (_chosen_reason(ask, state), note) if part) or None
            missing = ask.required and reason is None
            return {NOTE: words.GIVE_A_REASON} if missing else Reply(note=reason, by=by, at=at)
        case None:
            return Reply(note=note, by=by, at=at)


def named(action: Action) -> bool:
    """Whether a form was made of a type, whose own validators can be asked: `own_errors`."""
    return isinstance(action.ask, AskForm) and TYPE in action.ask.schema


def own_errors(action: Action, reply: Reply, draft: Draft | None = None) -> Errors:
    """What the validators of a form's type say about the values it gave. Runs code of the agent's program."""
    if not isinstance(action.ask, AskForm) or reply.values is None:
        return {}
    last = pages(_drafted(action.ask, draft))[-1]
    return own_faults(action.ask.schema, reply.values, last.inputs)


def keep_page(ask: AskForm, state: Mapping[str, Any], draft: Draft, *, turn: int = 0) -> Draft:
    """A draft with what a page holds that can be read; what cannot stays as it was before."""
    found = pages(_drafted(ask, draft))
    number = _within(found, draft.page)
    return Draft(values=fill(_drafted(ask, draft).values, found[number].rows, state).values, page=max(0, number + turn))


def read_reply(action: Action, text: str, *, by: Person, at: float) -> Reply | str:
    """What a plain message answers to a card's `text_action`, or in words why it cannot be the answer."""
    only = pages(action.ask)[0].inputs[0].block_id if isinstance(action.ask, AskForm) else TEXT
    match read_form(action, {only: {INPUT: {"value": text}}}, by=by, at=at):
        case Reply() as reply:
            return reply
        case Draft():
            return words.UNFIT
        case errors:
            return next(iter(errors.values()))


@dataclass(frozen=True, slots=True)
class _Done:
    values: Values


def _read_page(ask: AskForm, state: Mapping[str, Any], number: int) -> _Done | Errors | Draft:
    found = pages(ask)
    number = _within(found, number)
    page, last = found[number], number == len(found) - 1
    filled = fill(ask.values, page.rows, state)
    if filled.branched:
        return Draft(values=filled.values, page=number)
    errors = filled.errors or faults(ask.schema, filled.values, page.inputs, last=last)
    if errors:
        return errors
    return _Done(filled.values) if last else Draft(values=filled.values, page=number + 1)


def _drafted(ask: AskForm, draft: Draft | None) -> AskForm:
    return replace(ask, values=draft.values) if draft else ask


def _within(found: list[Page], number: int) -> int:
    return max(0, min(number, len(found) - 1))


def _back_button() -> Block:
    button = {"type": "button", "action_id": ids.FORM_BACK, "text": plain_text(words.PREVIOUS, 75)}
    return {"type": "actions", "elements": [button]}


def _inputs(action: Action) -> list[Block]:
    match action.ask:
        case AskText(placeholder=placeholder, multiline=multiline):
            return [labelled(TEXT, words.YOUR_ANSWER, text_input(multiline=multiline, placeholder=placeholder))]
        case AskReason() as ask:
            return _reason_inputs(ask)
        case AskForm():
            return []
        case None:
            raise ValueError(f"the action {action.key!r} asks for nothing, so it has no form")


def _reason_inputs(ask: AskReason) -> list[Block]:
    """A few reasons to choose from, if there are any, and one's own words."""
    if not ask.reasons:
        return [_note_input(words.REASON, ask)]
    options = [{"text": plain_text(reason, 75), "value": str(index)} for index, reason in enumerate(ask.reasons)]
    few = {"type": "radio_buttons", "options": options}
    own = _note_input(words.OWN_WORDS, replace(ask, required=False), words.ONE_OF_BOTH if ask.required else "")
    return [labelled(REASON, words.REASON, few, optional=True), own]


def _note_input(label: str, ask: AskReason, rule: str = "") -> Block:
    hint = f"{rule} {words.REASON_TOLD if ask.told else words.REASON_UNTOLD}".lstrip()
    return labelled(NOTE, label, text_input(multiline=True), hint=hint, optional=not ask.required)


def _title(action: Action) -> str:
    return action.ask.title if isinstance(action.ask, AskForm) else action.label


def _submit(action: Action) -> str:
    match action.ask:
        case AskForm(submit=submit):
            return submit
        case AskText():
            return words.SEND
        case _:
            return action.label


def _note(state: Mapping[str, Any]) -> str | None:
    given = element(state, NOTE)
    return read_text(given) if given is not None else None


def _chosen_reason(ask: AskReason, state: Mapping[str, Any]) -> str | None:
    match element(state, REASON):
        case {"selected_option": {"value": str() as value}} if value in map(str, range(len(ask.reasons))):
            return ask.reasons[int(value)]
        case _:
            return None


def _read_answer(state: Mapping[str, Any], *, by: Person, at: float) -> Reply | Errors:
    try:
        text = read_text(element(state, TEXT))
    except InvalidInputError as error:
        return {TEXT: str(error)}
    return Reply(text=text, by=by, at=at) if text else {TEXT: words.WRITE_ANSWER}
