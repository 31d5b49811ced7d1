"""JSON Schemas: guessed from values, checked for use, read one property at a time, and enforced in words.

Only references within the schema are followed: nothing here reads a file or an address.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from math import isfinite
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker, SchemaError
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from handlers.cards import words
from handlers.cards.masking import mask_text
from runtime import named_types

Schema = dict[str, Any]
MAX_DEPTH = 60
_REGISTRY: Registry[Any] = Registry()


def guess(values: Mapping[str, Any], depth: int = 4) -> Schema:
    """A schema that keeps every value's type. A text that is there has to stay a text: it is not optional."""
    return {
        "type": "object",
        "properties": {key: _guess(value, depth) for key, value in values.items()},
        "required": [key for key, value in values.items() if isinstance(value, str) and value],
    }


def _guess(value: Any, depth: int) -> Schema:
    match value:
        case None:
            return {"type": ["string", "null"]}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float() if isfinite(value):
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case datetime() if value.tzinfo is not None:
            return {"type": "string", "format": "date-time"}
        case date() if not isinstance(value, datetime):
            return {"type": "string", "format": "date"}
        case list() if value and (kind := _common({_kind(item) for item in value})):
            return {"type": "array", "items": {"type": kind}}
        case dict() if value and depth and all(isinstance(key, str) for key in value):
            return guess(value, depth - 1)
        case _:
            return {}


def _kind(item: Any) -> str | None:
    names = {str: "string", int: "integer", float: "number"}
    return names.get(type(item)) if not isinstance(item, float) or isfinite(item) else None


def _common(kinds: set[str | None]) -> str | None:
    return next(iter(kinds)) if len(kinds) == 1 else None


def usable(schema: object) -> bool:
    """Whether this is a JSON Schema whose references all lead somewhere inside it."""
    if not isinstance(schema, dict) or too_deep(schema):
        return False
    try:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    except SchemaError:
        return False
    return all(_target(ref, schema) is not None for ref in references(schema))


def too_deep(value: object, limit: int = MAX_DEPTH) -> bool:
    """Whether lists and dicts are nested deeper than people or recursion can follow. Never recurses itself."""
    level = [value]
    for _ in range(limit):
        inner = {id(item): item for node in level for item in _items(node) if isinstance(item, dict | list | tuple)}
        if not inner:
            return False
        level = list(inner.values())
    return True


def read(schema: object, root: Schema) -> tuple[Schema, bool]:
    """One property's schema with references followed and `null` taken out, and whether `null` is allowed."""
    found, nullable = _follow(schema, root), False
    for word in ("anyOf", "oneOf"):
        variants = [_follow(item, root) for item in found.get(word, ())]
        rest = [item for item in variants if item.get("type") != "null"]
        nullable = nullable or len(rest) < len(variants)
        if variants and (single := _single(rest)):
            found = {key: value for key, value in found.items() if key != word}
            found = {**_follow(single, root), **found}
    kinds = found.get("type")
    if isinstance(kinds, list):
        rest_kinds = [kind for kind in kinds if kind != "null"]
        nullable = nullable or len(rest_kinds) < len(kinds)
        found = {**found, "type": rest_kinds[0]} if len(rest_kinds) == 1 else {**found, "type": rest_kinds}
    return found, nullable


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the values as a whole."""

    path: tuple[str | int, ...]
    """Keys that lead to the value concerned; the first one missing included."""
    involved: frozenset[str]
    """Properties inside that value which the broken rule names: it is about several of them."""
    words: Callable[[int], str]
    """What is wrong, for somebody who reads it beside the input of the value that is so many keys down.

    It never quotes the value, which may be a secret.
    """


def faults(schema: Schema, values: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the values as a whole."""
    validator = _Validator(schema, format_checker=FormatChecker(), registry=_REGISTRY)
    try:
        for error in islice(validator.iter_errors(dict(values)), 50):
            cause = _cause(error)
            path = (*cause.absolute_path, *_missing(cause)[:1])
            yield Fault(path, frozenset(_names(cause.validator_value)), partial(_said, cause, len(path)))
    except RecursionError:  # a schema that refers to itself without an end
        yield Fault((), frozenset(), lambda _: words.UNFIT)


def _said(error: ValidationError, length: int, depth: int) -> str:
    inside = list(error.absolute_path)[depth:]
    said = _words(error, whole=length <= depth)
    return f"{said} (at {_path(inside)})" if inside else said


def own_faults(schema: Schema, values: Mapping[str, Any]) -> Iterator[Fault]:
    """What the validators of the type that the schema was made of have against values that fit the schema."""
    for problem in named_types.problems(schema, values):
        yield Fault(tuple(_keys(problem.path, values)), frozenset(), _saying(mask_text(problem.words)))


def _saying(said: str) -> Callable[[int], str]:
    return lambda _: said


def _keys(path: Iterable[str | int], values: Any) -> Iterator[str | int]:
    """The steps of a path that are in the values: some stand for the variant of a union, or for what is missing."""
    for step in path:
        try:
            values = values[step]
        except (LookupError, TypeError):
            continue
        yield step


def _words(error: ValidationError, *, whole: bool) -> str:
    """`whole`: it is said beside the very value that is wrong or missing, not beside one around it."""
    limit: Any = error.validator_value
    match str(error.validator):
        case "enum":
            return words.choose_one_of(limit)
        case "type":
            return words.has_to_be(str(limit))
        case "required" if whole:
            return words.MUST
        case "dependentRequired" if whole:
            return words.MUST_TOO
        case "required" | "dependentRequired":
            return words.missing(_missing(error))
        case rule:
            return words.RULES.get(rule, words.UNFIT).format(limit)


def _cause(error: ValidationError) -> ValidationError:
    """Of the reasons why no variant fits, the one about the variant that was meant."""
    while error.context:
        others = {_variant(reason) for reason in error.context if reason.validator in {"const", "enum"}}
        error = min(error.context, key=lambda reason: (_variant(reason) in others, reason.validator == "type"))
    return error


def _variant(error: ValidationError) -> object:
    return next(iter(error.relative_schema_path), None)


def _missing(error: ValidationError) -> list[str]:
    """The properties that are not there and should be."""
    instance = error.instance if isinstance(error.instance, dict) else {}
    rule: Any = error.validator_value
    match str(error.validator):
        case "required":
            return [name for name in rule if name not in instance]
        case "dependentRequired":
            return [name for key, names in rule.items() if key in instance for name in names if name not in instance]
        case _:
            return []


def _names(rule: Any) -> Iterator[str]:
    """Properties that a rule is about, however it names them."""
    todo = [rule]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            for word in ("properties", "dependentRequired", "dependentSchemas"):
                yield from node.get(word, ()) if isinstance(node.get(word), dict) else ()
            yield from (name for name in node.get("required", ()) if isinstance(name, str))
        todo.extend(_items(node))


def _path(steps: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _single(variants: list[Schema]) -> Schema | None:
    """The one variant to ask for; a number that may also come as text (a decimal) is asked for as a number."""
    if len(variants) == 1:
        return variants[0]
    numbers = [item for item in variants if item.get("type") == "number"]
    texts = [item for item in variants if item.get("type") == "string" and "pattern" in item]
    return numbers[0] if len(numbers) == len(texts) == 1 and len(variants) == 2 else None


def _follow(schema: object, root: Schema) -> Schema:
    """A schema without a reference or a lone `allOf` at its top; its own words win over what it refers to."""
    found: Schema = schema if isinstance(schema, dict) else {}
    for _ in range(MAX_DEPTH):
        if isinstance(found.get("$ref"), str):
            target = _target(found["$ref"], root)
            inner = target if isinstance(target, dict) else {}
        elif isinstance(found.get("allOf"), list) and len(found["allOf"]) == 1 and isinstance(found["allOf"][0], dict):
            inner = found["allOf"][0]
        else:
            return found
        found = {**inner, **{key: value for key, value in found.items() if key not in {"$ref", "allOf"}}}
    return {}


def reference(schema: object) -> str | None:
    """What a property's schema refers to, itself or in a variant beside `null`."""
    found = schema if isinstance(schema, dict) else {}
    near = [found, *(item for word in ("anyOf", "oneOf", "allOf") for item in found.get(word, ()))]
    refs = [item["$ref"] for item in near if isinstance(item, dict) and isinstance(item.get("$ref"), str)]
    return refs[0] if len(refs) == 1 else None


def references(schema: Schema) -> Iterator[str]:
    """Everything that a schema refers to."""
    todo: list[object] = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield from (str(node[key]) for key in ("$ref", "$dynamicRef") if isinstance(node.get(key), str))
        todo.extend(_items(node))


def _target(ref: str, root: Schema) -> object:
    """What a reference within the schema points to; None when it leads nowhere or elsewhere."""
    place, _, pointer = ref.partition("#")
    if place or (pointer and not pointer.startswith("/")):
        return None
    found: object = root
    for step in unquote(pointer).split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


def _items(node: object) -> list[object]:
    match node:
        case dict():
            return list(node.values())
        case list() | tuple():
            return list(node)
        case _:
            return []


def _multiple_of(_: Validator, step: Any, value: Any, __: Schema) -> Iterator[ValidationError]:
    """As decimals: with floats 25.51 would be no multiple of 0.01."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and isfinite(value) and Decimal(str(value)) % Decimal(str(step)):
        yield ValidationError("not a multiple")


_Validator = extend(Draft202012Validator, {"multipleOf": _multiple_of})  # type: ignore[no-untyped-call]  # as its stub has it
