"""What a card is about: its title, why it is asked, and its fields, as much of them as is read at a glance."""

from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Any

from handlers.cards import words
from handlers.cards.asks import property_label
from handlers.cards.folds import folds
from handlers.cards.literal import Block, excerpt, paragraph, plain_text, preformatted, quote, rich_text, run, section
from handlers.cards.masking import hides, masked, secret_names
from handlers.cards.model import Card
from handlers.cards.plain import brief, dump, outline, plain
from handlers.cards.text import size

HEADER = 150
BUTTON = 75
"""What a button says at most; a longer label stands above the buttons as well."""
MAX_FIELDS = 12
MAX_LINES = 14
BUDGET = 2400
"""Characters for all fields of a card together; each gets its share of them, within bounds."""
INLINE = 120
"""Up to this length a value stands beside its label."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as text that may be shown; `structured` is JSON rather than words."""

    text: str
    structured: bool = False

    @property
    def inline(self) -> bool:
        """Whether it is short enough to stand beside its label."""
        return not self.structured and len(self.text) <= INLINE and "\n" not in self.text


@dataclass(frozen=True, slots=True)
class Body:
    """The upper part of a card, and whether that is all there is to see."""

    blocks: list[Block]
    complete: bool


def body(card: Card) -> Body:
    """The blocks above a card's buttons."""
    share = max(150, min(1500, BUDGET // max(1, len(card.fields))))
    secrets = secret_names(card.schema)
    values = [show(value, key=key, secrets=secrets) for key, value in islice(card.fields.items(), MAX_FIELDS)]
    lines = [_line(card, key, shown, share) for key, shown in zip(card.fields, values, strict=False)]
    hidden = len(card.fields) - len(lines)
    title, why = excerpt(card.title, 1500, lines=MAX_LINES), excerpt(card.why or "", 600, lines=6)
    labels = [action.label for action in card.actions if size(action.label) >= BUTTON]
    blocks = [
        *_title(title.text.strip()),
        *([paragraph(why.text)] if why.text.strip() else []),
        *([rich_text(*_stacked(lines))] if lines else []),
        *folds((line.name, shown.text) for line, shown in zip(lines, values, strict=True) if line.cut),
        *([paragraph(words.more_fields(hidden))] if hidden else []),
        *([rich_text(*(quote(excerpt(label, INLINE * 5).text) for label in labels))] if labels else []),
    ]
    return Body(blocks, complete=not hidden and not title.cut and not why.cut and not any(line.cut for line in lines))


def _title(title: str) -> list[Block]:
    """A header for the first line, if it fits into one; what does not is text."""
    first, _, rest = title.partition("\n")
    if size(first) > HEADER:
        return [paragraph(title, bold=True)]
    return [{"type": "header", "text": plain_text(first, HEADER)}, *([paragraph(rest.strip())] if rest.strip() else [])]


def show(value: Any, *, key: str = "", secrets: frozenset[str] = frozenset(), exact: bool = False) -> Shown:
    """A value as people read it; `exact`: nested values as JSON, not as an outline.

    Secrets are masked, but for tokens inside a text: `excerpt` and the details view do that as they cut it.
    """
    if isinstance(value, str) and value and not hides(value, key=key, secrets=secrets):
        return Shown(value)
    return readable(masked(plain(value), key=key, secrets=secrets), exact=exact)


def readable(value: Any, *, exact: bool) -> Shown:
    """Plain JSON as people read it, with everything that is in it."""
    match value:
        case None | str() | list() | dict() if not value:
            return Shown(words.EMPTY)
        case bool():
            return Shown(words.YES if value else words.NO)
        case str() | int() | float():
            return Shown(str(value))
        case list() if brief(value) and not exact:
            return Shown(", ".join(str(item) for item in value) or words.EMPTY)
        case _:
            return Shown(dump(value) if exact else outline(value), structured=True)


@dataclass(frozen=True, slots=True)
class _Line:
    """A label with a value, beside it or below it."""

    name: str
    shown: Shown
    cut: str | None
    """How much of it that is, where it is not all."""

    @property
    def label(self) -> str:
        return words.shown_in_part(self.name, self.cut) if self.cut else self.name


def _line(card: Card, key: str, shown: Shown, share: int) -> _Line:
    label = property_label(key, card.schema.get("properties", {}).get(key))
    part = excerpt(shown.text, share, lines=MAX_LINES)
    return _Line(excerpt(label, 80).text, replace(shown, text=part.text), part.cut)


def _stacked(lines: list[_Line]) -> list[Block]:
    """Short values as lines of one paragraph, each longer one under its label."""
    elements: list[Block] = []
    for inline, group in groupby(lines, key=lambda line: line.shown.inline):
        if inline:
            runs = [(run(f"{line.label}: ", bold=True), run(f"{line.shown.text}\n")) for line in group]
            elements.append(section(*(part for pair in runs for part in pair)))
            continue
        for line in group:
            elements.append(section(run(line.label, bold=True)))
            elements.append(preformatted(line.shown.text) if line.shown.structured else quote(line.shown.text))
    return elements
