"""Text from agents and people as rich text: shown as it is, so nothing in it can mention, link or format.

Secrets are masked before anything is cut: half a token is still half a secret.
"""

from typing import Any

from handlers.cards.masking import mask_text
from handlers.cards.text import Excerpt, clean, shorten

Block = dict[str, Any]
_LONGEST_TOKEN = 5000
"""So much beyond the cut is looked at, for a token that begins before it."""


def excerpt(text: str, limit: int, *, lines: int | None = None) -> Excerpt:
    """The beginning of a text, fit to be shown."""
    looked_at = limit + _LONGEST_TOKEN
    return shorten(mask_text(clean(text[:looked_at])), limit, lines=lines, rest=text[looked_at:])


def run(text: str, **style: bool) -> Block:
    """A stretch of text with `bold`, `italic`, `strike` or `code`."""
    on = {name: True for name, value in style.items() if value}
    return {"type": "text", "text": text} | ({"style": on} if on else {})


def section(*runs: Block) -> Block:
    """A paragraph of stretches of text."""
    return {"type": "rich_text_section", "elements": list(runs)}


def quote(text: str) -> Block:
    """Somebody's words, set off."""
    return {"type": "rich_text_quote", "elements": [run(text)]}


def preformatted(text: str) -> Block:
    """Structured data, in a fixed width."""
    return {"type": "rich_text_preformatted", "elements": [run(text)]}


def rich_text(*elements: Block) -> Block:
    """A block of paragraphs, quotes and the like."""
    return {"type": "rich_text", "elements": list(elements)}


def paragraph(text: str, *, bold: bool = False) -> Block:
    """A block with one text; it must not be empty."""
    return rich_text(section(run(text, bold=bold)))


def plain_text(text: str, limit: int) -> Block:
    """A text object on one line, for places where only that fits."""
    line = " ".join(mask_text(clean(text)).split())
    return {"type": "plain_text", "text": shorten(line, limit).text or "—"}


def context(mrkdwn: str) -> Block:
    """A small line of our own words; anything else in it has been escaped."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn, "verbatim": True}]}
