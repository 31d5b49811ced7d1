"""One property of a form: which input it gets, what that shows at first, and whether it may be left empty."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final

from handlers.cards import asks, schemas
from handlers.cards.asks import Option, property_label
from handlers.cards.ids import field_block
from handlers.cards.masking import hides, mask_text, masked, secret_names
from handlers.cards.model import AskForm
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
    LINES = auto()
    JSON = auto()


TEXTS = frozenset({Kind.TEXT, Kind.LONG_TEXT, Kind.EMAIL, Kind.URL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A property with all that drawing and reading its input needs."""

    block_id: str
    name: str
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

    @property
    def must(self) -> bool:
        """Whether leaving the input empty means nothing."""
        if self.hidden or self.nullable:
            return False
        if self.required or self.kind in TEXTS or self.kind is Kind.LINES:
            return self.required
        return self.initial is not MISSING

    @property
    def fits(self) -> bool:
        """Whether an input can hold the value."""
        return size(self.shown) <= MAX_TEXT


def fields(ask: AskForm) -> Iterator[Field]:
    """The form's properties in schema order."""
    properties = ask.schema.get("properties", {})
    required = ask.schema.get("required", [])
    secrets = secret_names(ask.schema)
    for index, (name, schema) in enumerate(properties.items()):
        found, nullable = schemas.read(schema, ask.schema)
        initial = ask.values.get(name, found.get("default", MISSING))
        options = tuple(asks.options(schema, ask.schema))
        kind = _kind(found, initial, options)
        secret = initial is not MISSING and hides(initial, key=name, secrets=secrets)
        hidden = secret and kind in TEXTS
        kind = kind if hidden or not secret else Kind.JSON
        empty = hidden or initial is MISSING or initial is None
        yield Field(
            block_id=field_block(index),
            name=name,
            label=property_label(name, found),
            schema=found,
            kind=kind,
            options=options,
            initial=initial,
            nullable=nullable,
            required=name in required,
            hidden=hidden,
            shown="" if empty else _shown(kind, initial, name, secrets),
            secrets=secrets,
        )


def _shown(kind: Kind, value: Any, name: str, secrets: frozenset[str]) -> str:
    match kind:
        case Kind.INTEGER | Kind.NUMBER:
            return format(Decimal(str(value)), "f")
        case Kind.LINES:
            return clean(mask_text("\n".join(value)))
        case Kind.JSON:
            return dump(masked(plain(value), key=name, secrets=secrets))
        case Kind.DATE:
            return str(value)[:10]
        case Kind.MOMENT | Kind.YES_NO | Kind.CHOICE:
            return ""  # these start from the value itself
        case _:
            return clean(mask_text(value))


def moment(value: Any) -> datetime | None:
    """A date and time that says its time zone and that Slack's picker can show (ten digits), else None."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None and 10**9 <= found.timestamp() < 10**10 else None


def _kind(schema: Schema, initial: Any, options: tuple[Option, ...]) -> Kind:
    wanted = _wanted(schema, initial, options)
    fits = initial is MISSING or initial is None or _holds(wanted, initial)
    return wanted if fits else Kind.JSON


def _wanted(schema: Schema, initial: Any, options: tuple[Option, ...]) -> Kind:
    if 0 < len(options) <= MAX_OPTIONS:
        return Kind.CHOICE
    match schema:
        case {"type": "string"}:
            return _text_kind(schema, initial)
        case {"type": "integer"}:
            return Kind.INTEGER
        case {"type": "number"}:
            return Kind.NUMBER
        case {"type": "boolean"}:
            return Kind.YES_NO
        case {"type": "array", "items": {"type": "string"}}:
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


def _holds(kind: Kind, value: Any) -> bool:
    """Whether an input of this kind can show the value and give it back."""
    match kind:
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
        case Kind.YES_NO:
            return isinstance(value, bool)
        case Kind.LINES:
            return isinstance(value, list) and all(_is_line(item) for item in value)
        case Kind.DATE | Kind.MOMENT | Kind.CHOICE | Kind.JSON:
            return True
        case _:
            return isinstance(value, str)


def _is_line(item: Any) -> bool:
    return isinstance(item, str) and bool(item) and item == item.strip() and "\n" not in clean(item)
