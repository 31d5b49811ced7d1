"""Which of a payload's texts is the card's title, and what is left as its fields."""

from typing import Any

ASKING_KEYS = ("question", "task", "prompt", "instruction", "instructions")
"""Addressed to the person: the first of these is the title and no field."""
NAMING_KEYS = ("title", "message", "summary", "name", "subject")
"""Without a question these give the title. They stay fields as well: they may be what is to be edited."""


def heading(payload: Any) -> tuple[str | None, dict[str, Any]]:
    """The title, if the payload has one, and its fields by key."""
    match payload:
        case str():
            return payload.strip() or None, {}
        case dict() if all(isinstance(key, str) for key in payload):
            asking = _first(payload, ASKING_KEYS)
            naming = asking or _first(payload, NAMING_KEYS)
            fields = {key: value for key, value in payload.items() if key != asking}
            return (payload[naming].strip() if naming else None), fields
        case None:
            return None, {}
        case _:
            return None, {"value": payload}


def _first(payload: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if isinstance(payload.get(key), str) and payload[key].strip()), None)
