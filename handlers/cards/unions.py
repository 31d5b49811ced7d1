"""Unions of objects that one property tells apart: `{"kind": "card", …}` or `{"kind": "bank", …}`.

pydantic names that property (`discriminator`); other schemas show it by a `const` that differs in each variant.
"""

from dataclasses import dataclass
from typing import Any

from handlers.cards import schemas
from handlers.cards.asks import property_label
from handlers.cards.schemas import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the objects that a value may be."""

    key: str
    """The property that tells them apart."""
    value: str | int
    """What it is in this one."""
    label: str
    """What the property is called."""
    hint: str | None
    description: str | None
    rest: Schema
    """The object's schema without that property."""


def variants(schema: object, root: Schema) -> list[Variant]:
    """The variants of a property's schema; empty if it is no such union."""
    found, _ = schemas.read(schema, root)
    listed = found.get("oneOf") or found.get("anyOf") or []
    objects = [variant for item in listed if (variant := schemas.read(item, root)[0]).get("type") != "null"]
    if len(objects) < 2 or not all(isinstance(item.get("properties"), dict) for item in objects):
        return []
    return next((told for key in _keys(found, objects) if (told := _told_apart(key, objects, root))), [])


def chosen(among: list[Variant], value: Any) -> Variant | None:
    """The variant that a value is; None if it is none of them."""
    if not isinstance(value, dict):
        return None
    tag = value.get(among[0].key)
    return next((variant for variant in among if variant.value == tag and type(variant.value) is type(tag)), None)


def _keys(found: Schema, objects: list[Schema]) -> list[str]:
    """Properties that may tell the variants apart; the declared one alone, if there is one."""
    declared = found.get("discriminator")
    name = declared.get("propertyName") if isinstance(declared, dict) else None
    return [name] if isinstance(name, str) else [*objects[0]["properties"]]


def _told_apart(key: str, objects: list[Schema], root: Schema) -> list[Variant]:
    made = [variant for item in objects for variant in _variants(key, item, root)]
    values = {variant.value for variant in made}
    return made if len(made) == len(objects) == len(values) <= 100 else []


def _variants(key: str, item: Schema, root: Schema) -> list[Variant]:
    """The variant that an object is, if the property has one value in it."""
    tag, _ = schemas.read(item["properties"].get(key), root)
    only = tag.get("enum") if isinstance(tag.get("enum"), list) else [tag.get("const")]
    if not only or len(only) != 1 or not isinstance(only[0], str | int) or isinstance(only[0], bool):
        return []
    rest = {name: inner for name, inner in item["properties"].items() if name != key}
    required = [name for name in item.get("required", []) if name != key]
    return [
        Variant(
            key=key,
            value=only[0],
            label=property_label(key, tag),
            hint=_text(tag),
            description=_text(item),
            rest={**item, "properties": rest, "required": required},
        )
    ]


def _text(schema: Schema) -> str | None:
    found = schema.get("description")
    return found if isinstance(found, str) else None
