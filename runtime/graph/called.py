"""Which graph a node's code calls, as far as that can be told without running it.

To show the state of a graph that is called as a function, and to write it, one has to know the graph. It is looked for
in what the function has in its closure, names as a global or carries along, and in those of their attributes it names.
"""

from collections.abc import Iterator
from functools import partial
from inspect import unwrap
from types import CodeType, FunctionType, MethodType
from typing import Any, Final

DEPTH: Final = 2
"""Attributes of attributes."""


def called_by(run: Any) -> Any:
    """Return the graph that a function calls; None where that is none, or cannot be told from others."""
    found = {id(value): value for value in _within_reach(run) if _is_graph(value)}
    return next(iter(found.values())) if len(found) == 1 else None


def _within_reach(run: Any) -> Iterator[Any]:
    function, carried = _taken_apart(run)
    if not isinstance(function, FunctionType):
        yield from carried
        return
    codes = [function.__code__]
    for code in codes:
        codes.extend(const for const in code.co_consts if isinstance(const, CodeType))
    names = {name for code in codes for name in code.co_names}
    values = [*carried, *_enclosed(function), *(function.__globals__.get(name) for name in names)]
    for _ in range(DEPTH):
        yield from values
        values = [fields[name] for value in values for fields in [_fields(value)] for name in names & fields.keys()]
    yield from values


def _taken_apart(run: Any) -> tuple[Any, list[Any]]:
    """Return the plain function that something callable comes down to, and what goes into each of its calls."""
    carried: list[Any] = []
    while not isinstance(run, FunctionType):
        if isinstance(run, partial):
            carried += [*run.args, *run.keywords.values()]
            run = run.func
        elif isinstance(run, MethodType):
            carried.append(run.__self__)
            run = run.__func__
        else:
            carried.append(run)
            run = getattr(type(run), "__call__", None)  # noqa: B004 - the method is what is wanted
            break
    return unwrap(run) if callable(run) else run, carried


def _enclosed(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that has no value yet
            continue


def _fields(value: Any) -> dict[str, Any]:
    """Return an object's own attributes; nothing of a graph's."""
    return {} if _is_graph(value) else getattr(value, "__dict__", {})


def _is_graph(value: Any) -> bool:
    return hasattr(type(value), "run_below")  # of the type: some objects have every attribute one asks for
