"""Any Python value as plain JSON, for showing: never deeper than people can follow, and never an error."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from handlers.cards import words
from handlers.cards.schemas import MAX_DEPTH


def plain(value: object) -> Any:
    """A JSON copy; what has no JSON form becomes its text. Walked here: pydantic refuses texts that are no UTF-8."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case dict():
            return {key if isinstance(key, str) else str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case BaseModel():
            return plain(dict(value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return to_jsonable_python(value, fallback=repr, bytes_mode="base64", inf_nan_mode="strings")


def pruned(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy in which everything below `depth` levels is replaced by a word about it."""
    match value:
        case dict() | list() | tuple() if depth == 1:
            return words.DEEPER if value else value
        case dict():
            return {key: pruned(item, depth - 1) for key, item in value.items()}
        case list() | tuple():
            return [pruned(item, depth - 1) for item in value]
        case _:
            return value


def outline(value: Any) -> str:
    """Nested values as indented lines, for reading only: what JSON says with fewer marks."""
    return "\n".join(_lines(value))


def _lines(value: Any) -> Iterator[str]:
    pairs = value.items() if isinstance(value, dict) else (("-", item) for item in value)
    for key, item in pairs:
        name = key if isinstance(value, list) else f"{key}:"
        if isinstance(item, dict | list) and item and not brief(item):
            yield name
            yield from (f"  {line}" for line in _lines(item))
        else:
            yield f"{name} {_short(item)}"


def brief(value: Any) -> bool:
    """Whether this is a list of scalars short enough for one line."""
    return (
        isinstance(value, list)
        and len(value) <= 10
        and all(isinstance(item, str | int | float) and "\n" not in str(item) for item in value)
        and sum(len(str(item)) for item in value) <= 120
    )


def _short(item: Any) -> str:
    if brief(item) and item:
        return ", ".join(str(part) for part in item)
    return item if isinstance(item, str) and item and "\n" not in item else dump(item, indent=None)


def dump(value: object, *, indent: int | None = 2) -> str:
    """JSON text as people read and edit it."""
    return json.dumps(value, indent=indent, ensure_ascii=False)
