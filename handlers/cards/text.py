"""Text as Slack needs it: measured, cut with a word about it, escaped, free of characters that hide or break things.

Lengths are UTF-16 units: Slack does not say what it counts, and this is never less than the number of characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.cards import words
from runtime.requests.records import Person

_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, lone surrogates, and the marks that make text read in another order than it is."""
PIECE = 2900
"""Units of text that surely fit one block."""
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,30}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def size(text: str) -> int:
    """Length as Slack may count it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """The same text with one kind of line end and visible marks in place of characters nobody should send."""
    return _HARMFUL.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def escape(text: str) -> str:
    """For mrkdwn: nothing in it can mention, link or format a date. Formatting marks stay what they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def head(text: str, limit: int) -> str:
    """The first `limit` units, never half a character."""
    if size(text) <= limit:
        return text
    return text[:limit].encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")


def pieces(text: str, limit: int) -> Iterator[str]:
    """All of a text in pieces of at most `limit` units, cut at line ends where there are any."""
    at = 0
    while at < len(text):
        piece = head(text[at : at + limit], limit)
        end = piece.rfind("\n") + 1 if at + len(piece) < len(text) else 0
        piece = piece[:end] if end > limit // 2 else piece
        at += len(piece)
        yield piece


@dataclass(frozen=True, slots=True)
class Excerpt:
    """As much of a text as may be shown."""

    text: str
    cut: str | None
    """How much that is, for people: "14 of 220 lines"; None when it is all of it."""


def shorten(text: str, limit: int, *, lines: int | None = None, rest: str = "") -> Excerpt:
    """The beginning of `text + rest`, taken from `text`: at most `limit` units and `lines` lines, ellipsis included."""
    kept = "\n".join(text.split("\n", lines)[:lines]) if lines else text
    if size(kept) > limit or (rest and kept == text):
        kept = head(kept, limit - 1).rstrip()
        return Excerpt(f"{kept}…", words.characters_of(len(kept), len(text) + len(rest)))
    shown, total = kept.count("\n") + 1, (text + rest).rstrip("\n").count("\n") + 1
    if shown < total and kept != text:
        return Excerpt(f"{head(kept, limit - 2)}\n…", words.lines_of(shown, total))
    return Excerpt(kept, None)


def one_line(text: str, limit: int) -> str:
    """The text on one line, with an ellipsis where it was cut; for places whose whole text stands elsewhere."""
    return shorten(" ".join(text.split()), limit).text


def mention(person: Person | str) -> str:
    """A mention in mrkdwn. An id that is none of Slack's user ids is shown as text: it may come from an agent."""
    user = person.id if isinstance(person, Person) else person
    return f"<@{user}>" if _USER_ID.fullmatch(user) else f"@{escape(one_line(clean(user), 40))}"


def date_token(at: float) -> str:
    """A moment in mrkdwn, shown in each reader's own time zone. `at` in seconds since the epoch."""
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{words.DATE_AND_TIME}|{fallback}>"


def label(key: str) -> str:
    """A key as people read it: `order_id` and `orderId` become "Order id"."""
    said = " ".join(_HUMP.sub(" ", clean(key).replace("_", " ").replace("-", " ")).split())
    if not said:
        return words.VALUE
    first, _, rest = said.partition(" ")
    return " ".join(part for part in (first[0].upper() + first[1:], rest if rest.isupper() else _lower(rest)) if part)


def _lower(said: str) -> str:
    """Lower case but for acronyms: "VAT ID" stays."""
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in said.split())
