"""A form in as many pages as its modal needs: the blocks of each, and which inputs are there to be read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.cards import words
from handlers.cards.elements import input_block
from handlers.cards.inputs import Field
from handlers.cards.layout import Group, Row, rows
from handlers.cards.literal import Block, context, excerpt, paragraph, plain_text
from handlers.cards.model import INSIDE, AskForm
from handlers.cards.text import escape, size

MAX_BLOCKS = 90
MAX_BYTES = 180_000
"""Of a page's blocks, as JSON in ASCII: well under the 250 kB of a view."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands between the question and the note."""

    rows: tuple[Row, ...]
    blocks: tuple[Block, ...]

    @property
    def inputs(self) -> list[Field]:
        """The fields that have an input here; a value too long for one stays as it is."""
        return [row for row in self.rows if isinstance(row, Field) and row.fits]


def pages(ask: AskForm) -> list[Page]:
    """The form's pages; a form without fields has one."""
    return list(_pages(ask))


def _pages(ask: AskForm) -> Iterator[Page]:
    taken: list[Row] = []
    blocks: list[Block] = []
    room = MAX_BYTES
    for row in rows(ask):
        drawn = _drawn(row)
        bytes_needed = len(json.dumps(drawn))
        if blocks and (len(blocks) + len(drawn) > MAX_BLOCKS or bytes_needed > room):
            yield Page(tuple(taken), tuple(blocks))
            taken, blocks, room = [], [], MAX_BYTES
        taken.append(row)
        blocks += drawn
        room -= bytes_needed
    yield Page(tuple(taken), tuple(blocks))


def _drawn(row: Row) -> list[Block]:
    match row:
        case Group():
            title = {"type": "header", "text": plain_text(INSIDE.join(row.labels), 150)}
            said = excerpt(row.description or "", 600).text
            return [title, *([context(escape(said))] if said.strip() else [])]
        case Field() if row.fits:
            return [input_block(row)]
        case Field():
            return [paragraph(excerpt(words.too_long_to_edit(row.label, size(row.shown)), 2900).text)]
