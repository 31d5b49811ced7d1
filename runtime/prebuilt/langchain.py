"""LangChain's tools and chat models, by what they can do; nothing of LangChain is imported before it is handed in.

Chat models get our messages as dicts, which they take like their own; what they answer is kept as it is.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import wraps
from importlib import import_module
from typing import Any, Final

from runtime.engine.interrupts import current
from runtime.errors import InvalidGraphError
from runtime.graph.nodes import is_async
from runtime.messages import Message
from runtime.prebuilt.tools import AnyTool, Tool, as_text, is_answer, tool, without_blocking
from runtime.types import Config

# Tools.


def as_tool(given: AnyTool | Callable[..., Any]) -> Tool:
    """Return a tool of ours as it is, and one of LangChain's or a function as a tool of ours."""
    if isinstance(given, Tool):
        return given
    return _foreign(given) if isinstance(given, AnyTool) else tool(given)


@dataclass(frozen=True, kw_only=True)
class ForeignTool(Tool):
    """A tool of LangChain's."""

    original: AnyTool
    wanted: Mapping[str, Any]
    """Parameters that are filled in for it; LangChain knows only of the call's id."""
    optional: frozenset[str] = frozenset()
    """Which of these it can do without."""
    is_sync: bool
    """Whether it can be called from sync code."""

    def run(self, call: Mapping[str, Any], config: Config) -> Any:
        """Run the original with the whole call, so that it can make a message of its own."""
        return _released(self.original.invoke(self._input(call), config))

    async def arun(self, call: Mapping[str, Any], config: Config) -> Any:
        """Do the same without blocking. Of a tool that is both, sync calls of a graph run the sync one."""
        context = current.get()
        if context is not None and context.run.inline and self.is_sync:
            return await without_blocking(lambda: self.run(call, config))
        return _released(await self.original.ainvoke(self._input(call), config))

    def _input(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """Return the call with what is filled in, and without what the model made up for that."""
        from runtime.prebuilt.injected import supply  # noqa: PLC0415 - loads LangChain, which has made this tool

        args = {name: value for name, value in call["args"].items() if name not in self.hidden}
        args |= supply(self.wanted, self.optional)
        return args if call["id"] is None else {**call, "args": args}


def _foreign(original: Any) -> ForeignTool:
    from runtime.prebuilt.injected import asked_for, optional  # noqa: PLC0415 - loads LangChain, which has made this

    schema = getattr(original, "tool_call_schema", original.args_schema)  # without what LangChain fills in itself
    functions = _functions(original, "func", "coroutine") or _functions(original, "_run", "_arun")
    held = {name: _holding(function) for name, function in functions.items()}
    main = next(iter(functions.values()), None)
    return ForeignTool(
        name=original.name,
        description=original.description,
        args_schema=schema,
        return_direct=getattr(original, "return_direct", False),
        original=original.model_copy(update=held) if hasattr(original, "model_copy") else original,
        hidden=_arguments(original.args_schema) - _arguments(schema),
        wanted={**asked_for(original.args_schema), **asked_for(main)},
        optional=optional(main),
        is_sync=main is not None and not is_async(main),
    )


def _functions(original: Any, *names: str) -> dict[str, Callable[..., Any]]:
    found = {name: getattr(original, name, None) for name in names}
    return {name: function for name, function in found.items() if function is not None}


def _arguments(schema: Any) -> frozenset[str]:
    """Return the names of the arguments in a schema of LangChain's."""
    if schema is None:  # which it makes of the signature
        return frozenset()
    if isinstance(schema, Mapping):
        return frozenset(schema.get("properties", ()))
    names: Iterable[str] = schema.model_fields if hasattr(schema, "model_fields") else schema.__fields__  # pydantic 1
    return frozenset(names)


# LangChain makes text of what it does not know, our commands included: they pass through it in its own kind of box.


_HELD: Final = "held_by_andon"


def _holding(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _held(function(*args, **kwargs))

    @wraps(function)
    async def acall(*args: Any, **kwargs: Any) -> Any:
        return _held(await function(*args, **kwargs))

    return acall if is_async(function) else call


def _held(output: Any) -> Any:
    if not is_answer(output):
        return output
    box = type("Held", (import_module("langchain_core.messages.tool").ToolOutputMixin,), {_HELD: output})
    return box()


def _released(output: Any) -> Any:
    answer = getattr(output, _HELD, output)
    content = getattr(answer, "content", None)
    if isinstance(content, list) and not all(isinstance(block, Mapping) for block in content):
        return answer.model_copy(update={"content": as_text(content)})  # models take no lists but of content blocks
    return answer


# Chat models.


def chat_model(model: Any, tools: Sequence[Tool | dict[str, Any]]) -> Callable[[list[Any], Config], Awaitable[Any]]:
    """Return how to ask a chat model that knows these tools, unless it was bound to tools already."""
    if tools and "tools" not in getattr(_model_in(model), "kwargs", {}):
        model = model.bind_tools([_described(one) for one in tools])

    async def ask(messages: list[Any], config: Config) -> Any:
        return await model.ainvoke([_plain(message) for message in messages], dict(config))

    return ask


def _model_in(model: Any) -> Any:
    """Return the model of a sequence, which may have been bound to tools, and any other as it is."""
    steps = getattr(model, "steps", ())
    return next((step for step in steps if hasattr(step, "bind_tools") or hasattr(step, "bound")), model)


def chat_model_in(model: Any) -> Any:
    """Return the chat model itself, without what it was bound to."""
    found = _model_in(model)
    return getattr(found, "bound", found)


def named_model(name: str) -> Any:
    """Return the chat model called `provider:name`. Raises `InvalidGraphError` without the extra `langchain`."""
    try:
        models = import_module("langchain.chat_models")
    except ImportError as error:
        raise InvalidGraphError(
            f"the model {name!r} needs LangChain: pip install 'andon[langchain]', and the package of its provider"
        ) from error
    return models.init_chat_model(name)


def _described(tool: Tool | dict[str, Any]) -> Any:
    """Return a tool as LangChain's models know them; its own, and those of a provider, as they are."""
    if isinstance(tool, dict):
        return tool
    if isinstance(tool, ForeignTool):
        return tool.original
    made = import_module("langchain_core.tools").StructuredTool
    return made(name=tool.name, description=tool.description, args_schema=tool.args_schema, func=tool.run)


def _plain(message: Any) -> Any:
    if not isinstance(message, Message):
        return message
    return {key: value for key, value in asdict(message).items() if key == "content" or value}
