"""What a JSON Schema asks of a person: one button for each of a few options, else a form."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.cards import schemas, words
from handlers.cards.model import AskForm, AskReason, Reply
from handlers.cards.schemas import Schema
from handlers.cards.text import label

ANSWER_KEY = "answer"
"""The only property of the form for a schema that is not an object's."""
FEW = 5
"""Up to this many options are buttons."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of several values to choose from."""

    value: Any
    label: str
    description: str | None = None


def form(
    schema: Schema,
    values: Mapping[str, Any],
    *,
    title: str = "",
    submit: str = "",
    note: AskReason | None = None,
) -> tuple[AskForm, Callable[[Reply], Any]]:
    """A form, and how its answer is made: the object, or the value itself if the schema is no object's."""
    title, submit = title or words.ANSWER, submit or words.SEND
    if isinstance(schema.get("properties"), dict):
        return AskForm(schema=schema, values=values, title=title, submit=submit, note=note), lambda reply: reply.values
    root = {key: value for key, value in schema.items() if key in {"$defs", "definitions"}}
    only = {"title": words.YOUR_ANSWER, **{key: value for key, value in schema.items() if key not in root}}
    wrapped = {**root, "type": "object", "properties": {ANSWER_KEY: only}, "required": [ANSWER_KEY]}
    if not schemas.usable(wrapped):  # it refers to its own top, which is somewhere else now: whoever asked checks it
        wrapped = {"type": "object", "properties": {ANSWER_KEY: {"title": words.YOUR_ANSWER}}, "required": [ANSWER_KEY]}
    ask = AskForm(schema=wrapped, title=title, submit=submit, note=note)
    return ask, lambda reply: (reply.values or {}).get(ANSWER_KEY)


def options(schema: object, root: Schema) -> list[Option]:
    """The values a property's schema lets people choose from; empty if it is none of that kind."""
    found, _ = schemas.read(schema, root)
    if isinstance(found.get("enum"), list):
        return [Option(value, str(value)) for value in found["enum"]]
    if "const" in found:
        return [Option(found["const"], str(found["const"]))]
    variants = found.get("oneOf") or found.get("anyOf") or []
    labelled = list(_labelled(variants))
    return labelled if len(labelled) == len(variants) else []


def buttons(schema: Schema) -> list[Option]:
    """The options of a schema that a few buttons can answer: a yes or no, or one of up to `FEW` values."""
    found, nullable = schemas.read(schema, schema)
    if nullable:
        return []
    if found.get("type") == "boolean":
        return [Option(True, words.YES), Option(False, words.NO)]
    few = options(schema, schema)
    return few if 1 < len(few) <= FEW else []


def _labelled(variants: list[Any]) -> Iterator[Option]:
    for variant in variants:
        if isinstance(variant, dict) and "const" in variant:
            name = variant.get("title", variant["const"])
            yield Option(variant["const"], str(name), variant.get("description"))


def property_label(key: str, schema: object) -> str:
    """What a field is called: by its schema, else by its key."""
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) and title.strip() else label(key)
