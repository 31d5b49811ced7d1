"""A small language for shapes of JSON: a check looks at a value and yields the problems it has.

Objects are closed: a field that is not named is a problem. The words are close to those of Slack's own answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """What is wrong, and where: a JSON pointer such as `/blocks/0/text/text`."""

    pointer: str
    message: str


Check = Callable[[Any, str], Iterator[Problem]]
Rule = Callable[[Any], Iterable[str | None]]
"""Looks at an object whose fields are all right in themselves; yields what is wrong between them."""


def text(most: int, least: int = 1) -> Check:
    """A bare string of `least` to `most` characters."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "must be a string")
        elif len(value) < least:
            yield Problem(at, f"must be more than {least - 1} characters")
        elif len(value) > most:
            yield Problem(at, f"must be less than {most + 1} characters")

    return check


def pattern(expression: str, words: str) -> Check:
    """A string that matches the whole expression."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not re.fullmatch(expression, value):
            yield Problem(at, f"must be {words}")

    return check


def integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(at, "must be an integer")
        elif not least <= value <= most:
            yield Problem(at, f"must be between {least} and {most}")

    return check


def number(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield Problem(at, "must be a number")


def flag(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem(at, "must be a boolean")


def anything(_value: Any, _at: str) -> Iterator[Problem]:
    return iter(())


def mapping(value: Any, at: str) -> Iterator[Problem]:
    """An object with whatever fields."""
    if not isinstance(value, dict):
        yield Problem(at, "must be an object")


def one_of(*allowed: Any) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in allowed:
            yield Problem(at, f"must be one of {', '.join(map(str, allowed))}")

    return check


def list_of(item: Check, *, least: int = 0, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "must be an array")
            return
        if len(value) < least:
            yield Problem(at, f"no fewer than {least} items allowed")
        if len(value) > most:
            yield Problem(at, f"no more than {most} items allowed")
        for index, one in enumerate(value):
            yield from item(one, f"{at}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Rule) -> Check:
    """An object with these fields and no others. `rules` run only if the fields themselves are right."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must be an object")
            return
        problems = [Problem(at, f"missing required field: {name}") for name in required if name not in value]
        problems += [Problem(f"{at}/{name}", f"unknown field: {name}") for name in value if name not in known]
        for name, one in value.items():
            if name in known:
                problems += known[name](one, f"{at}/{name}")
        if not problems:
            problems = [Problem(at, words) for rule in rules for words in rule(value) if words]
        yield from problems

    return check


def tagged(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of these shapes it has."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must be an object")
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            yield Problem(at, "missing required field: type")
        elif kind not in kinds:
            yield Problem(f"{at}/type", f"unsupported type: {kind}")
        else:
            rest = {name: one for name, one in value.items() if name != "type"}
            yield from kinds[kind](rest, at)

    return check
