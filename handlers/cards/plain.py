"""Any Python value as plain JSON, for showing: never deeper than people can follow, and never an error."""

import json
from typing import Any

from pydantic_core import to_jsonable_python

from handlers.cards.schemas import MAX_DEPTH

DEEPER = "… (nested deeper than can be shown)"


def plain(value: object) -> Any:
    """A JSON copy; what has no JSON form becomes its text."""
    return to_jsonable_python(value, fallback=repr, bytes_mode="base64", inf_nan_mode="strings")


def pruned(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy in which everything below `depth` levels is replaced by a word about it."""
    match value:
        case dict() | list() | tuple() if depth == 1:
            return DEEPER if value else value
        case dict():
            return {key: pruned(item, depth - 1) for key, item in value.items()}
        case list() | tuple():
            return [pruned(item, depth - 1) for item in value]
        case _:
            return value


def dump(value: object, *, indent: int | None = 2) -> str:
    """JSON text as people read and edit it."""
    return json.dumps(value, indent=indent, ensure_ascii=False)
