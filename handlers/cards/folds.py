"""Long values in full on their card, folded up: Slack's collapsible container block.

Slack has it since June 2026 and refuses a whole message for one block it does not know, so a message can do without:
what is folded up here is also behind *View everything*. In a container stand plain sections, the one kind of text
that both Slack's documentation and its validator, as others report, let in.
"""

from collections.abc import Iterable, Iterator, Sequence

from handlers.cards import words
from handlers.cards.literal import Block, plain_text
from handlers.cards.masking import mask_text
from handlers.cards.text import PIECE, clean, pieces, size

MOST = 5
BUDGET = 9000
"""Characters folded up on one card; what does not fit is read in a modal or a file."""


def folds(values: Iterable[tuple[str, str]]) -> Iterator[Block]:
    """A folded block for each of these texts, by what it is called, as far as they fit; tokens in them masked."""
    room, left = BUDGET, MOST
    for label, text in values:
        if left and size(text) <= room and text.strip():
            room, left = room - size(text), left - 1
            yield _fold(words.in_full(label), mask_text(clean(text)))


def _fold(title: str, text: str) -> Block:
    return {
        "type": "container",
        "title": plain_text(title, 150),
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": [_section(piece) for piece in pieces(text, PIECE) if piece.strip()],
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def unfolded(blocks: Sequence[Block]) -> list[Block]:
    """The same without what folds."""
    return [block for block in blocks if block["type"] != "container"]
