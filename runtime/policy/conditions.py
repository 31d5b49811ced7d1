"""Conditions on arguments: `amount < 50 and currency in ["EUR", "USD"]`. Read here, never run as Python.

    or       a or b          compare  ==  !=  <  <=  >  >=  in  not in
    and      a and b         values   12.5  "text"  'text'  true  false  null  [1, 2]
    not      not a           fields   amount  order.customer.country
    groups   (a or b)        a field alone holds when it is true

A condition that speaks of a field that is not there, or compares what cannot be compared, does not hold, whatever
stands around it: a rule approves only what it was written for.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign>==|!=|<=|>=|[<>()\[\],])"
    r"|(?P<name>[^\W\d]\w*(?:\.\w+)*))"
)
_CONSTANTS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None}
_MOST: Final = 1000
"""Characters of a condition: nobody reads a longer one."""

_Fields = Mapping[str, Any]
_Test = Callable[[_Fields], bool]
_Value = Callable[[_Fields], Any]


class _DoesNotApplyError(Exception):
    """The condition is about something else."""


def holds(condition: str, fields: _Fields) -> bool:
    """Whether a condition holds for these fields. Raises `ValueError` in words when it is none."""
    try:
        return parse(condition)(fields)
    except _DoesNotApplyError:
        return False


def parse(condition: str) -> _Test:
    """Read a condition. Raises `ValueError` in words."""
    if len(condition) > _MOST:
        raise ValueError(f"this condition is longer than {_MOST} characters; make several of it")
    try:
        return _Parser(condition).whole()
    except RecursionError:
        raise ValueError("this condition has too many brackets; make several of it") from None


class _Parser:
    """One pass from left to right; a method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def whole(self) -> _Test:
        test = self._or()
        if self._at < len(self._tokens):
            raise self._error(f"{self._peek()!r} does not belong there")
        return test

    def _or(self) -> _Test:
        tests = [self._and()]
        while self._take("or"):
            tests.append(self._and())
        return lambda fields: any(_results(tests, fields))

    def _and(self) -> _Test:
        tests = [self._not()]
        while self._take("and"):
            tests.append(self._not())
        return lambda fields: all(_results(tests, fields))

    def _not(self) -> _Test:
        if self._take("not"):
            test = self._not()
            return lambda fields: not test(fields)
        if self._take("("):
            test = self._or()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> _Test:
        left = self._value()
        negated = self._take("not")
        if self._take("in"):
            options = self._value()
            return lambda fields: _among(left(fields), options(fields)) is not negated
        if negated:
            raise self._error("'not' must be followed by 'in' there")
        for sign, compare in _COMPARE.items():
            if self._take(sign):
                right = self._value()
                return lambda fields: compare(left(fields), right(fields))
        return lambda fields: _truth(left(fields))

    def _value(self) -> _Value:
        if self._take("["):
            return self._list()
        token = self._peek()
        if token in _NO_VALUES:
            raise self._error(f"a field or a value is missing before {token!r}" if token else "it ends too early")
        self._at += 1
        if token in _CONSTANTS:
            return _always(_CONSTANTS[token])
        if token[0] in "\"'":
            return _always(token[1:-1])
        if token[0] in "-0123456789":
            return _always(Decimal(token))
        return lambda fields: _field(fields, token)

    def _list(self) -> _Value:
        values: list[_Value] = []
        while not self._take("]"):
            values.append(self._value())
            if self._peek() != "]":
                self._expect(",")
        return lambda fields: [value(fields) for value in values]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._error(f"{token!r} is missing")

    def _error(self, problem: str) -> ValueError:
        return ValueError(f'"{self._text}" is no condition: {problem}. Write for example amount < 50')


def _results(tests: Sequence[_Test], fields: _Fields) -> list[bool]:
    """Ask all of them: one that does not apply counts, wherever it stands."""
    return [test(fields) for test in tests]


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(
                f'"{text}" is no condition: {text[at:].strip()[:10]!r} cannot be read. Write for example amount < 50'
            )
        found.append(match[0].strip())
        at = match.end()
    return found


def _always(value: object) -> _Value:
    return lambda _: value


def _field(fields: _Fields, path: str) -> Any:
    value: Any = fields
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise _DoesNotApplyError(path)
        value = value[name]
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _DoesNotApplyError(value)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and not math.isnan(value)


def _equal(one: Any, other: Any) -> bool:
    """Numbers equal numbers; everything else equals only what has its type."""
    if _is_number(one) and _is_number(other):
        return bool(_exact(one) == _exact(other))
    return type(one) is type(other) and bool(one == other)


def _exact(number: Any) -> Decimal:
    """A float as people write it: 0.1 is one tenth."""
    return Decimal(str(number))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(one: Any, other: Any) -> bool:
        if _is_number(one) and _is_number(other):
            return compare(_exact(one), _exact(other))
        if isinstance(one, str) and isinstance(other, str):
            return compare(one, other)
        raise _DoesNotApplyError(one, other)

    return compared


def _among(value: Any, options: Any) -> bool:
    if isinstance(options, str) and isinstance(value, str):
        return value in options
    if not isinstance(options, Sequence) or isinstance(options, (str, bytes)):
        raise _DoesNotApplyError(options)
    return any(_equal(value, option) for option in options)


_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
}
_NO_VALUES: Final = frozenset({"", "and", "or", "not", "in", ")", "]", ",", *_COMPARE})
