"""One property of a form: which input it gets, what that shows at first, and whether it may be left empty."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final

from handlers.cards.asks import Option
from handlers.cards.masking import hides, mask_text, masked
from handlers.cards.plain import dump, plain
from handlers.cards.schemas import Schema
from handlers.cards.text import clean, size

MAX_TEXT = 3000
"""What an input holds, in units of `text.size`."""
MAX_OPTIONS = 100
_LONG = 80
"""From this length a text gets an input of several lines."""


class _Missing(Enum):
    MISSING = auto()


MISSING: Final = _Missing.MISSING
"""Where there is no value, as opposed to `None`."""


class Kind(Enum):
    """What sort of input a property gets."""

    TEXT = auto()
    LONG_TEXT = auto()
    EMAIL = auto()
    URL = auto()
    INTEGER = auto()
    NUMBER = auto()
    YES_NO = auto()
    CHOICE = auto()
    DATE = auto()
    MOMENT = auto()
    CHOICES = auto()
    LINES = auto()
    JSON = auto()


LISTS = frozenset({Kind.LINES, Kind.CHOICES})
TEXTS = frozenset({Kind.TEXT, Kind.LONG_TEXT, Kind.EMAIL, Kind.URL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A property with all that drawing and reading its input needs."""

    block_id: str
    path: tuple[str, ...]
    """Keys that lead to the value, outermost first."""
    label: str
    schema: Schema
    """References followed, `null` taken out."""
    kind: Kind
    options: tuple[Option, ...]
    initial: Any
    """The value before, unmasked; `MISSING` if there is none."""
    nullable: bool
    required: bool
    hidden: bool
    """Whether the value is a secret, so that the input starts empty and left empty keeps it."""
    shown: str
    """The text the input starts with; empty where it starts empty."""
    secrets: frozenset[str]
    """Keys inside the value that the schema declares secret."""
    loose: bool = False
    """Whether it belongs to a group that is not there and need not be: left empty, it stays like that."""
    branch: bool = False
    """Whether it chooses which fields follow it."""

    @property
    def name(self) -> str:
        """The last of its keys."""
        return self.path[-1]

    @property
    def must(self) -> bool:
        """Whether leaving the input empty means nothing."""
        if self.hidden or self.nullable or self.loose:
            return False
        if self.kind in LISTS:
            return self.required and bool(self.schema.get("minItems"))
        if self.required or self.kind in TEXTS:
            return self.required
        return self.initial is not MISSING

    @property
    def start(self) -> Any:
        """What it is where it is left empty and has to be there; `MISSING` where it has to be given."""
        if not self.required:
            return MISSING
        return None if self.nullable else [] if self.kind in LISTS else MISSING

    @property
    def fits(self) -> bool:
        """Whether an input can hold the value."""
        return size(self.shown) <= MAX_TEXT


def kind_of(schema: Schema, initial: Any, options: tuple[Option, ...], choices: tuple[Option, ...]) -> Kind:
    """Which input a value of this schema gets; JSON where none can hold what is there."""
    wanted = _wanted(schema, initial, options, choices)
    fits = initial is MISSING or initial is None or _holds(wanted, initial, choices)
    return wanted if fits else Kind.JSON


def shown(kind: Kind, value: Any, name: str, secrets: frozenset[str]) -> str:
    """The text an input starts with; empty for those that start from the value itself."""
    match kind:
        case _ if value is MISSING or value is None:
            return ""
        case Kind.INTEGER | Kind.NUMBER:
            return _digits(value)
        case Kind.LINES:
            return clean(mask_text("\n".join(item if isinstance(item, str) else _digits(item) for item in value)))
        case Kind.JSON:
            return dump(masked(plain(value), key=name, secrets=secrets))
        case Kind.DATE:
            return str(value)[:10]
        case Kind.MOMENT | Kind.YES_NO | Kind.CHOICE | Kind.CHOICES:
            return ""
        case _:
            return clean(mask_text(value))


def is_hidden(name: str, value: Any, secrets: frozenset[str]) -> bool:
    """Whether a value is a secret because of its key."""
    return value is not MISSING and hides(value, key=name, secrets=secrets)


def _digits(number: float) -> str:
    return format(Decimal(str(number)), "f")


def moment(value: Any) -> datetime | None:
    """A date and time that says its time zone and that Slack's picker can show (ten digits), else None."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None and 10**9 <= found.timestamp() < 10**10 else None


def _wanted(schema: Schema, initial: Any, options: tuple[Option, ...], choices: tuple[Option, ...]) -> Kind:
    if 0 < len(options) <= MAX_OPTIONS:
        return Kind.CHOICE
    if 0 < len(choices) <= MAX_OPTIONS and schema.get("type") == "array":
        return Kind.CHOICES
    match schema:
        case {"type": "string"}:
            return _text_kind(schema, initial)
        case {"type": "integer"}:
            return Kind.INTEGER
        case {"type": "number"}:
            return Kind.NUMBER
        case {"type": "boolean"}:
            return Kind.YES_NO
        case {"type": "array", "items": {"type": "string" | "integer" | "number"}}:
            return Kind.LINES
        case _:
            return Kind.JSON


def _text_kind(schema: Schema, initial: Any) -> Kind:
    absent = initial is MISSING or initial is None
    match schema.get("format"):
        case "date" if absent or _is_date(initial):
            return Kind.DATE
        case "date-time" if absent or moment(initial):
            return Kind.MOMENT
        case "email":
            return Kind.EMAIL
        case "uri":
            return Kind.URL
        case _:
            long = isinstance(initial, str) and (len(initial) > _LONG or "\n" in initial)
            return Kind.LONG_TEXT if long or schema.get("maxLength", 0) > 4 * _LONG else Kind.TEXT


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, date) or bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _holds(kind: Kind, value: Any, choices: tuple[Option, ...]) -> bool:
    """Whether an input of this kind can show the value and give it back."""
    match kind:
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            return _is_number(value)
        case Kind.YES_NO:
            return isinstance(value, bool)
        case Kind.LINES:
            return isinstance(value, list) and (all(map(_is_line, value)) or all(map(_is_number, value)))
        case Kind.CHOICES:
            known = [option.value for option in choices]
            return isinstance(value, list) and all(item in known for item in value) and _distinct(value)
        case Kind.DATE | Kind.MOMENT | Kind.CHOICE | Kind.JSON:
            return True
        case _:
            return isinstance(value, str)


def _is_line(item: Any) -> bool:
    return isinstance(item, str) and bool(item) and item == item.strip() and "\n" not in clean(item)


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and abs(item) < float("inf")


def _distinct(items: list[Any]) -> bool:
    return not any(item in items[:place] for place, item in enumerate(items))
