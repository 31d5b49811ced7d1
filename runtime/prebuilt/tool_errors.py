"""What becomes of a tool's exceptions: which of them the model is told of, and in which words.

The words are LangGraph's, since programs and prompts look for them.
"""

import inspect
from collections.abc import Callable, Container, Mapping
from typing import Any, TypeAlias, get_args

from pydantic import ValidationError

from runtime.engine.answers import problems_of
from runtime.graph.nodes import hints_of
from runtime.prebuilt.tools import UnfitArgumentsError

Handled: TypeAlias = bool | str | type[Exception] | tuple[type[Exception], ...] | Callable[..., str]
"""Which exceptions the model is told of: none, all, in these words, those of a type, those that a function takes."""


class ToolInvocationError(ValueError):
    """A model called a tool with arguments that do not fit."""

    def __init__(self, tool_name: str, tool_kwargs: Mapping[str, Any], problems: Mapping[str, str]) -> None:
        super().__init__(tool_name, tool_kwargs, problems)
        self.tool_name = tool_name
        self.tool_kwargs = tool_kwargs
        self.problems = problems
        """By field."""

    @property
    def message(self) -> str:
        """What the model is told."""
        problems = "\n".join(f"{field}: {problem}" if field else problem for field, problem in self.problems.items())
        return (
            f"Error invoking tool '{self.tool_name}' with kwargs {self.tool_kwargs} with error:\n"
            f" {problems}\n Please fix the error and try again."
        )

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"


def unfit_arguments(error: ToolInvocationError) -> str:
    """Tell the model of arguments that do not fit, and of nothing else: it can mend those."""
    return error.message


def unknown_tool(name: str, known: Mapping[str, Any]) -> str:
    """Say what there is in place of a tool that does not exist."""
    return f"Error: {name} is not a valid tool, try one of [{', '.join(known)}]."


def as_raised(error: Exception, call: Mapping[str, Any], hidden: Container[str]) -> Exception:
    """Return what a tool's exception means: arguments that do not fit, whoever found out, are one kind of error.

    The model is not told of what is hidden from it.
    """
    match error:
        case UnfitArgumentsError():
            problems = error.problems
        case ValidationError():
            problems = problems_of(error)
        case _:
            return error
    seen = {field: problem for field, problem in problems.items() if field.split(".")[0] not in hidden}
    raised = ToolInvocationError(call["name"], call["args"], seen)
    raised.__cause__ = error
    return raised


def words_for(error: Exception, handled: Handled) -> str | None:
    """Return what to tell the model; None: nothing, the run is to fail."""
    if not isinstance(error, _types(handled)):
        return None
    if isinstance(handled, str):
        return handled
    if callable(handled) and not isinstance(handled, type):
        return handled(error)
    return f"Error: {error!r}\n Please fix your mistakes."


def _types(handled: Handled) -> tuple[type[Exception], ...]:
    """Return what is handled; a function takes what its first parameter is annotated with."""
    if isinstance(handled, (bool, str)):
        return (Exception,) if handled else ()
    if isinstance(handled, (type, tuple)):
        return handled if isinstance(handled, tuple) else (handled,)
    hint = hints_of(handled).get(next(iter(inspect.signature(handled).parameters), ""))
    types = [part for part in get_args(hint) or (hint,) if isinstance(part, type) and issubclass(part, Exception)]
    return tuple(types) or (Exception,)
