"""Tools: functions that a model may call, known to it by a name, a description and a schema of their arguments.

Everything here speaks LangChain's protocol (`name`, `description`, `args_schema`, `invoke`, `ainvoke`), so LangChain's
own tools stand beside ours as they are. Given a model's call (`{"type": "tool_call", "name", "args", "id"}`) a tool
answers with a message; given bare arguments, with what its function returned.
"""

import asyncio
import inspect
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, TypeAlias, get_args, get_origin, get_type_hints, overload, runtime_checkable

from pydantic import BaseModel, ConfigDict, create_model

from runtime.engine.answers import problems_in
from runtime.engine.interrupts import current
from runtime.engine.sync import in_thread
from runtime.errors import InvalidGraphError
from runtime.graph.nodes import is_async
from runtime.messages import Message
from runtime.types import Command, Config

ArgsSchema: TypeAlias = type[BaseModel] | dict[str, Any]
"""A pydantic model, or a JSON Schema."""
CALL: Final = "tool_call"
INJECTED: Final = frozenset({"InjectedState", "InjectedStore", "InjectedToolCallId", "ToolRuntime"})
"""Names of what marks a parameter that the model does not see: ours, LangChain's and LangGraph's are called alike."""

BLOCKS: Final = frozenset(
    {"text", "image_url", "image", "json", "search_result", "custom_tool_call_output", "document", "file"}
)
"""Types of content blocks, which models take as they are."""

supplied: Final[ContextVar[Callable[[], Any] | None]] = ContextVar("supplied", default=None)
"""Makes the `ToolRuntime` of the call that a `ToolNode` is carrying out."""


@runtime_checkable
class AnyTool(Protocol):
    """What an agent needs of a tool; LangChain's fit."""

    @property
    def name(self) -> str:
        """What a model calls it by."""
        ...

    @property
    def description(self) -> str:
        """What it does, for the model."""
        ...

    @property
    def args_schema(self) -> Any:
        """A pydantic model, or a JSON Schema."""
        ...

    def invoke(self, input: Any, config: Any = None) -> Any:  # noqa: A002 - LangChain's name
        """Run with a call or with bare arguments."""
        ...

    async def ainvoke(self, input: Any, config: Any = None) -> Any:  # noqa: A002
        """Do the same without blocking."""
        ...


@dataclass(frozen=True, kw_only=True)
class Tool(ABC):
    """Something that a model may call."""

    name: str
    description: str
    args_schema: ArgsSchema
    return_direct: bool = False
    """Whether an agent ends with what this gave, without asking its model again."""
    hidden: frozenset[str] = frozenset()
    """Arguments that the model does not know of, and may not give."""

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return self.args_schema if isinstance(self.args_schema, dict) else self.args_schema.model_json_schema()

    def invoke(self, input: Mapping[str, Any], config: Config | None = None) -> Any:  # noqa: A002
        """Run with a model's call or with bare arguments. Raises `ValueError` for arguments that do not fit."""
        call = _as_call(self.name, input)
        return _as_answer(call, self.run(call, config or {}))

    async def ainvoke(self, input: Mapping[str, Any], config: Config | None = None) -> Any:  # noqa: A002
        """Do what `invoke` does; a sync function runs in a thread."""
        call = _as_call(self.name, input)
        return _as_answer(call, await self.arun(call, config or {}))

    @abstractmethod
    def run(self, call: Mapping[str, Any], config: Config) -> Any:
        """Do what a call asks for."""

    @abstractmethod
    async def arun(self, call: Mapping[str, Any], config: Config) -> Any:
        """Do what a call asks for, without blocking."""


@dataclass(frozen=True, kw_only=True)
class _FunctionTool(Tool):
    function: Callable[..., Any]

    def run(self, call: Mapping[str, Any], config: Config) -> Any:
        if is_async(self.function):
            raise TypeError(f"tool {self.name!r} is async: use ainvoke()")
        return self.function(**self._arguments(call, config))

    async def arun(self, call: Mapping[str, Any], config: Config) -> Any:
        arguments = self._arguments(call, config)
        if is_async(self.function):
            return await self.function(**arguments)
        return await without_blocking(lambda: self.function(**arguments))

    def _arguments(self, call: Mapping[str, Any], config: Config) -> dict[str, Any]:
        given = validated(self.args_schema, call["args"]) | dict.fromkeys(self._config_parameters, config)
        return given | self._supplied() if self._asks else given

    def _supplied(self) -> dict[str, Any]:
        from runtime.prebuilt.injected import asked_for, optional, supply  # noqa: PLC0415 - loads LangChain if it can

        return supply(asked_for(self.function), optional(self.function))

    @cached_property
    def _asks(self) -> bool:
        return any(map(_is_injected, get_type_hints(self.function, include_extras=True).values()))

    @cached_property
    def _config_parameters(self) -> tuple[str, ...]:
        return tuple(name for name, hint in get_type_hints(self.function).items() if _is_config(hint))


@overload
def tool(
    function: Callable[..., Any],
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    return_direct: bool = False,
) -> Tool: ...


@overload
def tool(
    name: str | None = None,
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    return_direct: bool = False,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    given: Callable[..., Any] | str | None = None,
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    return_direct: bool = False,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function: `tool(fn)`, `@tool`, or `@tool("name", description=…, args_schema=…)`.

    Its name and description are the function's name and docstring, the schema of its arguments follows from the
    signature. `return_direct`: an agent ends with what it gave. A parameter annotated `Config` (or LangChain's
    `RunnableConfig`) gets the run's config, and the model does not see it. Raises `InvalidGraphError` for what cannot
    be described to a model.
    """

    def make(function: Callable[..., Any]) -> Tool:
        name = given if isinstance(given, str) else getattr(function, "__name__", "<lambda>")
        words = description or inspect.getdoc(function)
        if name == "<lambda>" or not words:
            raise InvalidGraphError(f"tool {name!r} needs a name and a docstring: they are all that a model sees of it")
        return _FunctionTool(
            name=name,
            description=words,
            args_schema=args_schema or _model_of(name, function),
            return_direct=return_direct,
            function=function,
        )

    return make(given) if callable(given) else make


# Calls and answers.


def _as_call(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a model's call as it is, and bare arguments as a call that nobody waits for: without an id."""
    return given if given.get("type") == CALL and "args" in given else {"name": name, "args": given, "id": None}


def _as_answer(call: Mapping[str, Any], output: Any) -> Any:
    """Return what a tool gave as the answer to a call: messages and commands as they are, the rest as a message."""
    if call["id"] is None or is_answer(output):
        return output
    return answer(call, output if isinstance(output, str) or _is_blocks(output) else as_text(output))


def answer(call: Mapping[str, Any], content: Any, *, status: str = "success") -> Message:
    """Return the message that answers a call."""
    return Message(type="tool", content=content, name=call["name"], tool_call_id=call["id"], status=status)


def is_answer(output: Any) -> bool:
    """Whether this is a command, a tool's message, or a list of these."""
    if isinstance(output, list) and output:
        return all(is_answer(item) for item in output)
    return isinstance(output, Command) or getattr(output, "type", None) == "tool"


def _is_blocks(output: Any) -> bool:
    """Whether this is content as models take it: a list of blocks."""
    if not isinstance(output, list) or not output:
        return False
    return all(isinstance(block, Mapping) and block.get("type") in BLOCKS for block in output)


def as_text(output: Any) -> str:
    """Return what a tool gave as a model reads it."""
    try:
        plain = output.model_dump(mode="json") if isinstance(output, BaseModel) else output
        return json.dumps(plain, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(output)


async def without_blocking(function: Callable[[], Any]) -> Any:
    """Run a sync function as the engine runs sync nodes: in place where nothing else waits, else in a thread."""
    context = current.get()
    if context is not None and context.inline:
        return function()
    result, cancelled = await in_thread(function)
    if cancelled and context is None:
        raise asyncio.CancelledError
    if cancelled and context is not None:  # what the thread did counts; the run ends after it
        context.run.cancelled = True
    return result


# Arguments.


class UnfitArgumentsError(ValueError):
    """Arguments that a tool's JSON Schema does not allow."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(dict(problems))
        self.problems = problems
        """By field."""

    def __str__(self) -> str:
        return "; ".join(f"{field}: {problem}" if field else problem for field, problem in self.problems.items())


def validated(schema: ArgsSchema, args: Any) -> dict[str, Any]:
    """Return the arguments by name, with defaults and in their types. Raises `ValueError`: pydantic's, or ours."""
    if not isinstance(schema, dict):
        return dict(schema.model_validate(args))
    if problems := problems_in(schema, args):
        raise UnfitArgumentsError(problems)
    return dict(args)


def _model_of(name: str, function: Callable[..., Any]) -> type[BaseModel]:
    """Make a model of a signature. What it does not know is refused: a person may have approved it."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    extra: Any = "forbid"
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            extra = "allow"
        elif parameter.kind in {parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL}:
            raise InvalidGraphError(f"tool {name!r}: arguments come by name, so {str(parameter)!r} can get none")
        elif not _is_config(hints.get(parameter.name)) and not _is_injected(hints.get(parameter.name)):
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints.get(parameter.name, Any), default)
    settings = ConfigDict(extra=extra, arbitrary_types_allowed=True, protected_namespaces=())
    with warnings.catch_warnings():  # a model has methods that arguments may be called like: nobody will call those
        warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
        return create_model(name, __config__=settings, **fields)


def _is_injected(hint: Any) -> bool:
    """Whether `runtime.prebuilt.injected` fills this parameter in; asked without loading that."""
    parts = (hint, get_origin(hint), *getattr(hint, "__metadata__", ()))
    return any(getattr(part, "__name__", type(part).__name__) in INJECTED for part in parts)


def _is_config(hint: Any) -> bool:
    return any(part == Config or getattr(part, "__name__", "") == "RunnableConfig" for part in (hint, *get_args(hint)))
