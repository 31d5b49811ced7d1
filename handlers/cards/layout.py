"""Which inputs a form has, in which order: a group for a nested object, a choice and what follows from it for a union.

Made from the schema and the values alone, so the form that is read is the form that was drawn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.cards import asks, schemas, unions, words
from handlers.cards.asks import Option, property_label
from handlers.cards.ids import field_block
from handlers.cards.inputs import MISSING, TEXTS, Field, Kind, is_hidden, kind_of, shown
from handlers.cards.masking import secret_names
from handlers.cards.model import AskForm
from handlers.cards.schemas import Schema
from handlers.cards.text import label
from handlers.cards.unions import Variant

MAX_DEPTH = 4
"""Groups within groups; what is deeper is edited as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A nested object: a heading above the fields that follow."""

    path: tuple[str, ...]
    labels: tuple[str, ...]
    """What it and the groups around it are called, outermost first."""
    description: str | None
    start: Any
    """What its fields are put into where it is not there yet; `MISSING`: it comes with its first field."""
    loose: bool
    """Whether it belongs to a group that is not there and need not be."""


Row = Group | Field


def rows(ask: AskForm) -> Iterator[Row]:
    """The form from top to bottom, in schema order."""
    layout = _Layout(ask.schema, secret_names(ask.schema))
    return layout.properties(ask.schema, ask.values, _Place())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the form one is."""

    path: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    """Which variants were chosen on the way; fields of different ones are different inputs."""
    refs: frozenset[str] = frozenset()
    """What was referred to on the way: a schema within itself is no group."""
    loose: bool = False

    def inside(self, name: str, title: str, ref: object) -> "_Place":
        refs = self.refs | {ref} if isinstance(ref, str) else self.refs
        return replace(self, path=(*self.path, name), labels=(*self.labels, title), refs=refs)

    @property
    def block_id(self) -> str:
        return field_block(self.path, self.branches)


@dataclass(frozen=True, slots=True)
class _Property:
    """One property, read."""

    name: str
    place: _Place
    schema: Schema
    nullable: bool
    required: bool
    initial: Any

    @property
    def absent(self) -> bool:
        return self.initial is MISSING or self.initial is None

    @property
    def loose(self) -> bool:
        """Whether what is inside may stay away with it."""
        return self.place.loose or (self.absent and (self.nullable or not self.required))

    def group(self) -> Group:
        found = self.schema.get("description")
        described = found if isinstance(found, str) else None
        place = self.place
        return Group(
            path=place.path, labels=place.labels, description=described, start=self._start(), loose=place.loose
        )

    def _start(self) -> Any:
        if not self.absent:
            return self.initial
        if not self.required:
            return MISSING
        return None if self.nullable else {}


@dataclass(frozen=True, slots=True)
class _Layout:
    root: Schema
    secrets: frozenset[str]

    def properties(self, schema: Schema, values: Mapping[str, Any], place: _Place) -> Iterator[Row]:
        required = schema.get("required", [])
        for name, item in schema.get("properties", {}).items():
            found, nullable = schemas.read(item, self.root)
            inner = place.inside(name, property_label(name, item), schemas.reference(item))
            default = MISSING if place.loose else found.get("default", MISSING)
            initial = values.get(name, default)
            one = _Property(name, inner, found, nullable, name in required, initial)
            yield from self._property(one, item, known=place.refs)

    def _property(self, one: _Property, item: object, known: frozenset[str]) -> Iterator[Row]:
        deep = len(one.place.path) > MAX_DEPTH or schemas.reference(item) in known
        if not deep and not is_hidden(one.name, one.initial, self.secrets):
            if variants := unions.variants(item, self.root):
                tag = unions.chosen(variants, one.initial)
                if one.absent or tag is not None:
                    yield from self._union(one, variants, tag)
                    return
            elif _is_group(one.schema) and (one.absent or _has_keys(one.initial)):
                yield one.group()
                values = {} if one.absent else one.initial
                yield from self.properties(one.schema, values, replace(one.place, loose=one.loose))
                return
        yield self._field(one, asks.options(item, self.root))

    def _union(self, one: _Property, variants: list[Variant], chosen: Variant | None) -> Iterator[Row]:
        yield one.group()
        key = variants[0].key
        options = [
            Option(variant.value, words.translated(label(str(variant.value))), variant.description)
            for variant in variants
        ]
        tag = _Property(
            key,
            one.place.inside(key, variants[0].label, None),
            {"description": variants[0].hint} if variants[0].hint else {},
            nullable=False,
            required=not one.loose,
            initial=MISSING if chosen is None else chosen.value,
        )
        yield replace(self._field(tag, options), branch=True, loose=one.loose)
        if chosen is not None:
            place = replace(one.place, branches=(*one.place.branches, str(chosen.value)), loose=False)
            yield from self.properties(chosen.rest, one.initial, place)

    def _field(self, one: _Property, options: list[Option]) -> Field:
        choices = tuple(options or asks.options(one.schema.get("items"), self.root))
        kind = kind_of(one.schema, one.initial, tuple(options), choices)
        secret = is_hidden(one.name, one.initial, self.secrets)
        kind = kind if not secret or kind in TEXTS else Kind.JSON
        hidden = secret and kind in TEXTS
        return Field(
            block_id=one.place.block_id,
            path=one.place.path,
            label=one.place.labels[-1],
            schema=one.schema,
            kind=kind,
            options=choices,
            initial=one.initial,
            nullable=one.nullable,
            required=one.required,
            hidden=hidden,
            shown="" if hidden else shown(kind, one.initial, one.name, self.secrets),
            secrets=self.secrets,
            loose=one.place.loose,
        )


def _is_group(schema: Schema) -> bool:
    """Whether all keys of the object are named, so that each can have an input."""
    more = schema.get("additionalProperties", False)
    return bool(schema.get("properties")) and isinstance(more, bool) and "patternProperties" not in schema


def _has_keys(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)
