"""Asking somebody else: the modal that says whom, and the line on the card that says so."""

from collections.abc import Mapping
from typing import Any, Final

from handlers.cards import words
from handlers.cards.elements import labelled, text_input
from handlers.cards.filling import element
from handlers.cards.ids import HAND_OVER, NOTE, ViewRef
from handlers.cards.literal import Block, context, excerpt, paragraph, plain_text
from handlers.cards.model import Card
from handlers.cards.reading import InvalidInputError, read_text
from handlers.cards.text import escape, mention
from runtime.requests.records import Person, Request

WHOM: Final = "whom"
"""Block id of the person."""
LONGEST_NOTE: Final = 300
"""Of a note on a card."""


def ask_view(card: Card, request: Request) -> dict[str, Any]:
    """The modal."""
    return {
        "type": "modal",
        "callback_id": HAND_OVER,
        "private_metadata": ViewRef(request_id=request.id).dump(),
        "title": plain_text(words.ASK_SOMEBODY_TITLE, 24),
        "submit": plain_text(words.ASK, 24),
        "close": plain_text(words.BACK, 24),
        "blocks": [
            paragraph(excerpt(card.title, 600, lines=6).text, bold=True),
            labelled(WHOM, words.WHOM, {"type": "users_select"}, hint=words.WHOM_HINT),
            labelled(NOTE, words.NOTE, text_input(multiline=True), hint=words.NOTE_HINT, optional=True),
        ],
    }


def read_ask(values: Mapping[str, Any], by: Person) -> tuple[Person, str] | dict[str, str]:
    """Whom to ask, and the note; or errors by block id."""
    given = element(values, WHOM)
    chosen = given.get("selected_user") if isinstance(given, dict) else None
    try:
        note = read_text(element(values, NOTE)) or ""
    except InvalidInputError as error:
        return {NOTE: str(error)}
    if not isinstance(chosen, str) or chosen == by.id:
        return {WHOM: words.CHOOSE_SOMEBODY_ELSE}
    return Person(team=by.team, id=chosen), note


def handed_lines(request: Request) -> list[str]:
    """Who asks whom to answer, in mrkdwn."""
    return [
        (words.handed_to if one.lets else words.asks_to_answer)(
            mention(one.by), mention(one.to), escape(excerpt(one.note, LONGEST_NOTE, lines=3).text)
        )
        for one in request.handed
    ]


def handed_blocks(request: Request) -> list[Block]:
    """The same, on the card."""
    return [context("\n".join(lines))] if (lines := handed_lines(request)) else []
