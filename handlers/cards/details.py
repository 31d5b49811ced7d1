"""Everything there is to read about a request or a run, in a modal, page by page."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from handlers.cards import ids, words
from handlers.cards.asks import property_label
from handlers.cards.body import Shown, readable, show
from handlers.cards.literal import Block, paragraph, plain_text, preformatted, rich_text, run, section
from handlers.cards.masking import mask_text, masked, secret_names
from handlers.cards.model import Card
from handlers.cards.plain import plain
from handlers.cards.text import PIECE, clean, pieces
from runtime.requests.records import Request, RequestStatus, Thread, Turn

MAX_BLOCKS = 90
LONG = 20_000
"""Characters from which on people get a file as well: that is seven screens of a modal."""
MAX_BYTES = 180_000
"""Of a page's blocks, as JSON in ASCII: well under the 250 kB of a view."""


def details_view(card: Card, request: Request, page: int = 0, *, revealed: bool = False) -> dict[str, Any]:
    """The card in full; `page` counts from 0, one beyond the end is the last. `revealed`: hidden values too."""
    view = _view(_parts(card, revealed=revealed), ids.ViewRef(request_id=request.id, revealed=revealed), page)
    if page <= 0 and not revealed and request.status is RequestStatus.OPEN and _hides_something(card):
        view["blocks"].insert(1, _reveal(request))  # below the title, where nobody has to scroll for it
    return view


def in_full(card: Card) -> str | None:
    """Everything there is to read as one text, where it is too long to be read in a modal; secrets masked."""
    parts = _parts(card, revealed=False)
    if sum(len(shown.text) for _, shown in parts) <= LONG:
        return None
    return "\n\n".join(mask_text(clean(f"{label}:\n{shown.text}" if label else shown.text)) for label, shown in parts)


def _parts(card: Card, *, revealed: bool) -> list[tuple[str, Shown]]:
    """What there is to read, each with its label."""
    secrets = secret_names(card.schema)
    parts = [("", Shown(card.title)), *([(words.WHY, Shown(card.why))] if card.why else [])]
    for key, value in card.fields.items():
        label = property_label(key, card.schema.get("properties", {}).get(key))
        shown = show(value, key=key, secrets=secrets, exact=True)
        parts.append((label, readable(plain(value), exact=True) if revealed else shown))
    return parts


def _hides_something(card: Card) -> bool:
    texts, values = {"title": card.title, "why": card.why}, plain(card.fields)
    return bool(masked(texts) != texts or masked(values, secrets=secret_names(card.schema)) != values)


def _reveal(request: Request) -> Block:
    button = {"type": "button", "action_id": ids.REVEAL, "value": request.id, "text": plain_text(words.REVEAL, 75)}
    return {"type": "actions", "elements": [button]}


def run_view(thread: Thread, page: int = 0) -> dict[str, Any]:
    """What a run was asked, in full."""
    return _view([(words.ASKED, Shown(thread.prompt))], ids.ViewRef(thread_id=thread.id), page)


def turn_view(turn: Turn, page: int = 0) -> dict[str, Any]:
    """What was said in a turn and how it ended, in full."""
    parts = [(words.ASKED, Shown(turn.text)), (words.OUTCOME, Shown(turn.outcome or ""))]
    return _view(parts, ids.ViewRef(turn_id=turn.id), page)


def _view(parts: list[tuple[str, Shown]], ref: ids.ViewRef, page: int) -> dict[str, Any]:
    return paged_view(_blocks(parts, str if ref.revealed else mask_text), ref, page, title=words.EVERYTHING)


def paged_view(blocks: Iterable[Block], ref: ids.ViewRef, page: int, *, title: str) -> dict[str, Any]:
    """One page of any number of blocks, with buttons to turn it. `ref`: what it is about, to make the next page of."""
    pages = list(_pages(blocks))
    number = max(0, min(page, len(pages) - 1))
    return {
        "type": "modal",
        "callback_id": ids.DETAILS,
        "private_metadata": replace(ref, page=number).dump(),
        "title": plain_text(title, 24),
        "close": plain_text(words.CLOSE, 24),
        "blocks": [*pages[number], *_turning(number, len(pages))],
    }


def _pages(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    page: list[Block] = []
    room = MAX_BYTES
    for block in blocks:
        size = len(json.dumps(block))
        if page and (size > room or len(page) == MAX_BLOCKS):
            yield page
            page, room = [], MAX_BYTES
        page.append(block)
        room -= size
    yield page


def _blocks(parts: list[tuple[str, Shown]], fit: Callable[[str], str]) -> Iterator[Block]:
    for label, shown in parts:
        if label and shown.inline:
            yield rich_text(section(run(f"{fit(clean(label))[:PIECE]}: ", bold=True), run(fit(clean(shown.text)))))
            continue
        if label:
            yield paragraph(fit(clean(label))[:PIECE], bold=True)
        for piece in pieces(fit(clean(shown.text)), PIECE):
            yield rich_text(preformatted(piece) if shown.structured else section(run(piece, bold=not label)))


def _turning(number: int, count: int) -> list[Block]:
    if count == 1:
        return []
    turns = [(words.PREVIOUS, number - 1), (words.NEXT, number + 1)]
    buttons = [
        {"type": "button", "action_id": f"{ids.PAGE}:{to}", "value": str(to), "text": plain_text(text, 75)}
        for text, to in turns
        if 0 <= to < count
    ]
    return [paragraph(words.page_of(number + 1, count)), {"type": "actions", "elements": buttons}]
