"""Modals that answer a request, and what comes back from them.

The same plan of a form, made from the card alone, draws it and reads it; so nothing about it travels through Slack.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.cards import schemas, words
from handlers.cards.body import MAX_LINES
from handlers.cards.elements import input_block, labelled, text_input
from handlers.cards.ids import ANSWER, INPUT, NOTE, TEXT, ViewRef, field_block
from handlers.cards.inputs import MISSING, Field, fields
from handlers.cards.literal import Block, excerpt, paragraph, plain_text
from handlers.cards.model import Action, AskForm, AskReason, AskText, Card, Reply
from handlers.cards.plain import plain
from handlers.cards.reading import InvalidInputError, read_text, read_value
from handlers.cards.text import label, size
from runtime.requests.records import Person, Request

MAX_INPUTS = 90
MAX_BYTES = 180_000
"""Of all inputs, as JSON in ASCII: well under the 250 kB of a view."""

Errors = dict[str, str]
"""Words by block id, as Slack shows them beside the inputs."""


def form_view(card: Card, action: Action, request: Request) -> dict[str, Any]:
    """The modal for an action that asks for something. Raises `ValueError` for one that does not."""
    blocks = [paragraph(excerpt(card.title, 1500, lines=MAX_LINES).text, bold=True)]
    return {
        "type": "modal",
        "callback_id": ANSWER,
        "private_metadata": ViewRef(request_id=request.id, action=action.key).dump(),
        "title": plain_text(_title(action), 24),
        "submit": plain_text(_submit(action), 24),
        "close": plain_text(words.BACK, 24),
        "blocks": [*blocks, *_inputs(action)],
    }


def read_form(action: Action, state: Mapping[str, Any], *, by: Person, at: float) -> Reply | Errors:
    """What the person gave, or what is wrong with it. `state`: the submitted view's `state.values`."""
    try:
        note = _note(state)
    except InvalidInputError as error:
        return {NOTE: str(error)}
    match action.ask:
        case AskText():
            return _read_answer(state, by=by, at=at)
        case AskForm() as ask:
            return _read_fields(ask, state, note=note, by=by, at=at)
        case _:
            return Reply(note=note, by=by, at=at)


def read_reply(action: Action, text: str, *, by: Person, at: float) -> Reply | str:
    """What a plain message answers to a card's `text_action`, or in words why it cannot be the answer."""
    block_id = TEXT if isinstance(action.ask, AskText) else field_block(0)
    read = read_form(action, {block_id: {INPUT: {"value": text}}}, by=by, at=at)
    return read if isinstance(read, Reply) else next(iter(read.values()))


@dataclass(frozen=True, slots=True)
class _Row:
    """A field and whether this form has an input for it."""

    field: Field
    fit: bool
    """Whether an input can hold the value and the form the input. If not, the value stays as it is."""


def _rows(ask: AskForm) -> Iterator[_Row]:
    room, count = MAX_BYTES, 0
    for field in fields(ask):
        fit = field.fits and count < MAX_INPUTS
        if fit:
            room, count = room - len(json.dumps(input_block(field))), count + 1
        yield _Row(field, fit=fit and room >= 0)


def _inputs(action: Action) -> list[Block]:
    match action.ask:
        case AskText(placeholder=placeholder, multiline=multiline):
            return [labelled(TEXT, words.YOUR_ANSWER, text_input(multiline=multiline, placeholder=placeholder))]
        case AskReason() as ask:
            return [_note_input(words.REASON, ask)]
        case AskForm() as ask:
            rows = list(_rows(ask))
            shown = [input_block(row.field) for row in rows if row.fit]
            kept = [row.field for row in rows if not row.fit]
            notes = [_note_input(words.NOTE_TOLD if ask.note.told else words.NOTE, ask.note)] if ask.note else []
            return [*shown, *_kept_lines(kept), *notes]
        case None:
            raise ValueError(f"the action {action.key!r} asks for nothing, so it has no form")


def _kept_lines(kept: list[Field]) -> list[Block]:
    """What cannot be edited here, and why."""
    lines = [words.too_long_to_edit(field.label, size(field.shown)) for field in kept if not field.fits]
    if unfit := sum(field.fits for field in kept):
        lines.append(words.not_editable(unfit))
    return [paragraph(excerpt("\n".join(lines), 2900).text)] if lines else []


def _note_input(label: str, ask: AskReason) -> Block:
    hint = words.REASON_TOLD if ask.told else words.REASON_UNTOLD
    return labelled(NOTE, label, text_input(multiline=True), hint=hint, optional=True)


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


def _state(state: Mapping[str, Any], block_id: str) -> object:
    block = state.get(block_id)
    return block.get(INPUT) if isinstance(block, dict) else None


def _note(state: Mapping[str, Any]) -> str | None:
    element = _state(state, NOTE)
    return read_text(element) if element is not None else None


def _read_answer(state: Mapping[str, Any], *, by: Person, at: float) -> Reply | Errors:
    try:
        text = read_text(_state(state, TEXT))
    except InvalidInputError as error:
        return {TEXT: str(error)}
    return Reply(text=text, by=by, at=at) if text else {TEXT: words.WRITE_ANSWER}


def _read_fields(ask: AskForm, state: Mapping[str, Any], *, note: str | None, by: Person, at: float) -> Reply | Errors:
    values, errors, blocks = dict(ask.values), {}, {}
    for row in _rows(ask):
        field = row.field
        if not row.fit:
            continue
        blocks[field.name] = field.block_id
        try:
            value = read_value(field, _state(state, field.block_id))
        except InvalidInputError as error:
            errors[field.block_id] = str(error)
            continue
        values = {**values, field.name: value}
        if value is MISSING:
            del values[field.name]
    errors = errors or _faults(ask, values, blocks)
    return errors or Reply(values=values, note=note, by=by, at=at)


def _faults(ask: AskForm, values: dict[str, Any], blocks: dict[str, str]) -> Errors:
    """What the schema says about the whole; what concerns no input is said at the first one."""
    errors: Errors = {}
    first = next(iter(blocks.values()), NOTE)
    for name, problem in schemas.faults(ask.schema, plain(values)):
        if name is None or name in blocks:
            errors.setdefault(blocks.get(name or "", first), problem)
        else:
            errors.setdefault(first, f"{label(name)}: {problem}")
    return errors
