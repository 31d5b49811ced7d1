"""What a person left in a field's input, as the value of the field's own type.

An input left as it was gives back the very value it was drawn from, whatever its type and however it was shown.
"""

import json
import re
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from handlers.cards import schemas, words
from handlers.cards.inputs import LISTS, MAX_TEXT, MISSING, TEXTS, Field, Kind, moment
from handlers.cards.masking import HiddenPartError, restore
from handlers.cards.text import size

_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?")


MAX_MESSAGE = 40_000
"""What Slack lets somebody write in one message."""


class InvalidInputError(ValueError):
    """What was given is no value for this field; the message says so in words."""


def read_value(field: Field, state: object) -> Any:
    """The field's new value; `MISSING` if it was left out. `state`: Slack's state of the one element.

    Raises `InvalidInputError`.
    """
    given = _given(field.kind, state)
    if given is None:
        return _left_empty(field)
    if isinstance(given, str) and size(given) > MAX_TEXT:
        raise InvalidInputError(words.at_most(MAX_TEXT))
    if given == field.shown and field.initial is not MISSING and not field.hidden:
        return field.initial
    return _parsed(field, given)


def read_text(state: object) -> str | None:
    """A free text, or None if there is none. Raises `InvalidInputError`."""
    text = _given(Kind.TEXT, state)
    if isinstance(text, str) and size(text) > MAX_MESSAGE:
        raise InvalidInputError(words.at_most(MAX_MESSAGE))
    return text.strip() or None if isinstance(text, str) else None


def _given(kind: Kind, state: object) -> str | int | tuple[str, ...] | None:
    """The raw value of an element's state; None for an empty one."""
    if not isinstance(state, dict):
        raise InvalidInputError(words.NOT_RECEIVED)
    match kind:
        case Kind.YES_NO | Kind.CHOICE:
            option = state.get("selected_option")
            given = option.get("value") if isinstance(option, dict) else option
        case Kind.CHOICES:
            return _chosen(state.get("selected_options"))
        case Kind.DATE:
            given = state.get("selected_date")
        case Kind.MOMENT:
            given = state.get("selected_date_time")
            return given if isinstance(given, int) else None
        case _:
            given = state.get("value")
    if given is not None and not isinstance(given, str):
        raise InvalidInputError(words.NOT_RECEIVED)
    return given.replace("\r\n", "\n") or None if given else None


def _chosen(options: object) -> tuple[str, ...] | None:
    values = (
        [option.get("value") for option in options if isinstance(option, dict)] if isinstance(options, list) else []
    )
    if not all(isinstance(value, str) for value in values):
        raise InvalidInputError(words.NOT_RECEIVED)
    return tuple(map(str, values)) or None


def _left_empty(field: Field) -> Any:
    if field.loose:
        return MISSING
    if field.hidden or (field.shown == "" and field.initial is not MISSING and field.initial in (None, "", [])):
        return field.initial
    if field.must:
        raise InvalidInputError(words.MUST)
    if field.nullable:
        return field.start if field.initial is MISSING else None
    if field.initial is not MISSING and field.kind in TEXTS:
        return ""
    return [] if field.initial is not MISSING and field.kind in LISTS else field.start


def _parsed(field: Field, given: str | int | tuple[str, ...]) -> Any:
    match field.kind, given:
        case Kind.INTEGER, str():
            return _whole(given.strip())
        case Kind.NUMBER, str():
            return _number(given.strip())
        case Kind.YES_NO, "true" | "false":
            return given == "true"
        case ((Kind.CHOICE | Kind.CHOICES), (str() | tuple())):
            return _picked(field, given)
        case Kind.DATE, str():
            return _date(field, given)
        case Kind.MOMENT, int():
            return _moment(field, given)
        case Kind.LINES, str():
            return _lines(field, [line.strip() for line in given.split("\n") if line.strip()])
        case Kind.JSON, str():
            return _unmasked(field, _json(given))
        case ((Kind.TEXT | Kind.LONG_TEXT | Kind.EMAIL | Kind.URL), str()):
            return _unmasked(field, given)
        case _:
            raise InvalidInputError(words.NOT_RECEIVED)


def _picked(field: Field, given: str | tuple[str, ...]) -> Any:
    if isinstance(given, str):
        return _option(field, given)
    return _list(field, [_option(field, one) for one in given])


def _option(field: Field, given: str) -> Any:
    if not (given.isascii() and given.isdigit() and int(given[:4]) < len(field.options)):
        _refuse(words.NOT_RECEIVED)
    return field.options[int(given[:4])].value


def _list(field: Field, values: list[Any]) -> list[Any]:
    """The values; the list from before where they are the same ones, in whatever order."""
    before = field.initial
    same = isinstance(before, list) and len(before) == len(values) and all(value in before for value in values)
    return before if same else values


def _lines(field: Field, lines: list[str]) -> Any:
    match field.schema.get("items"):
        case {"type": "integer"}:
            return [_whole(line) for line in lines]
        case {"type": "number"}:
            return [_number(line) for line in lines]
        case _:
            return _unmasked(field, lines)


def _whole(text: str) -> int:
    return int(text) if _WHOLE.fullmatch(text) else _refuse(words.WHOLE_NUMBER)


def _refuse(why: str) -> NoReturn:
    raise InvalidInputError(why)


def _number(text: str) -> float:
    number = float(text) if _DECIMAL.fullmatch(text) else float("nan")
    return number if abs(number) < float("inf") else _refuse(words.NUMBER)


def _date(field: Field, text: str) -> Any:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        _refuse(words.DATE)
    return day if isinstance(field.initial, date) else day.isoformat()


def _moment(field: Field, seconds: int) -> Any:
    before = moment(field.initial) if field.initial is not MISSING else None
    if before and int(before.timestamp()) == seconds:
        return field.initial
    if not 0 <= seconds < 10**10:
        _refuse(words.DATE)
    at = datetime.fromtimestamp(seconds, before.tzinfo if before else UTC)
    return at if isinstance(field.initial, datetime) else at.isoformat()


def _json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _refuse(words.not_json(error.lineno, error.colno, error.msg))
    except (ValueError, RecursionError):
        _refuse(words.NOT_JSON)
    return value if not schemas.too_deep(value) else _refuse(words.NOT_JSON)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _unmasked(field: Field, typed: Any) -> Any:
    original = None if field.initial is MISSING else field.initial
    try:
        return restore(typed, original, key=field.name, secrets=field.secrets)
    except HiddenPartError:
        _refuse(words.HIDDEN)
