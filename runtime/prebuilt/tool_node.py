"""The tools' turn: a node that runs what a model called, and the router that leads there."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import ValidationError

from runtime.engine import sync
from runtime.engine.answers import problems_of
from runtime.engine.injected import Runtime, get_runtime
from runtime.engine.interrupts import current, once
from runtime.errors import AndonError, InvalidGraphError
from runtime.messages import as_messages, uses_langchain
from runtime.prebuilt.langchain import as_tool
from runtime.prebuilt.tools import CALL, AnyTool, answer, supplied
from runtime.types import Command, Config

if TYPE_CHECKING:
    from runtime.prebuilt.injected import ToolRuntime

Handled: TypeAlias = bool | str | type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], str]
"""What becomes of exceptions of tools."""


class ToolNode:
    """A node that runs the calls of the last message, or the one call that it was sent.

    The calls of a message run one after the other, each once: when a later one asks a person, what the earlier ones
    gave is kept. Sent a call each (`Send(name, call)`, as `create_react_agent` does it), they run side by side. What a
    tool raises goes to the model as a message of status `error`, unless `handle_tool_errors` says otherwise: False, the
    types of exceptions that do, a text to say instead, or a function from the exception to one. Raises
    `InvalidGraphError` for two tools of one name.
    """

    def __init__(
        self,
        tools: Sequence[AnyTool | Callable[..., Any]],
        *,
        name: str = "tools",
        handle_tool_errors: Handled = True,
        messages_key: str = "messages",
    ) -> None:
        self.name = name
        self.messages_key = messages_key
        self._handled = handle_tool_errors
        made = [as_tool(given) for given in tools]
        self.tools_by_name = {tool.name: tool for tool in made}
        if len(self.tools_by_name) < len(made):
            names = [tool.name for tool in made]
            raise InvalidGraphError(f"two tools are named {next(name for name in names if names.count(name) > 1)!r}")

    async def __call__(self, given: Any, config: Config) -> list[Any]:
        """Return commands as the tools gave them, and messages as updates."""
        return [
            part if isinstance(part, Command) else {self.messages_key: [part]}
            for part in await self._answers(given, config)
        ]

    async def ainvoke(self, input: Any, config: Config | None = None) -> Any:  # noqa: A002 - LangGraph's name
        """Run the calls of a state or of a list of messages, and return the answers in the same shape.

        Where a tool gave a command: a list of commands and updates.
        """
        parts = await self._answers(input, config or {})
        if any(isinstance(part, Command) for part in parts):
            return [part if isinstance(part, Command) else {self.messages_key: [part]} for part in parts]
        messages = as_messages(parts, langchain=uses_langchain())
        return messages if isinstance(input, list) else {self.messages_key: messages}

    def invoke(self, input: Any, config: Config | None = None) -> Any:  # noqa: A002
        """Do what `ainvoke` does, from sync code."""
        return sync.run(lambda: self.ainvoke(input, config))

    async def _answers(self, given: Any, config: Config) -> list[Any]:
        alone = _calls_in(given)
        state = None if alone else {self.messages_key: given} if isinstance(given, list) else given
        calls = alone or calls_of(given[-1] if isinstance(given, list) else messages_of(given, self.messages_key)[-1])
        outputs = [await self._once(call, state, config, alone=bool(alone)) for call in calls]
        return [part for output in outputs for part in (output if isinstance(output, list) else [output])]

    async def _once(self, call: Mapping[str, Any], state: Any, config: Config, *, alone: bool) -> Any:
        if alone or current.get() is None:
            return await self._called(call, state, config)
        return await once(f"call {call['id']}", self._called, call, state, config)

    async def _called(self, call: Mapping[str, Any], state: Any, config: Config) -> Any:
        """Call the tool; what goes wrong in it is the model's to mend, what goes wrong around it is not."""
        tool = self.tools_by_name.get(call["name"])
        if tool is None:
            names = ", ".join(self.tools_by_name) or "none at all"
            return answer(call, f"There is no tool {call['name']!r}; there are: {names}.", status="error")
        token = supplied.set(partial(_runtime, call, state, config))
        try:
            return _named(await tool.ainvoke(call, config), call, self.messages_key)
        except AndonError:
            raise
        except Exception as error:
            words = _words_for(error, self._handled, tool.name)
            if words is None:
                raise
            return answer(call, words, status="error")
        finally:
            supplied.reset(token)


def _named(output: Any, call: Mapping[str, Any], key: str) -> Any:
    """Say in the messages of a tool's commands which tool it was, as in those that are made of what a tool returns."""
    for command in output if isinstance(output, list) else [output]:
        update = command.update if isinstance(command, Command) else None
        for message in update.get(key, ()) if isinstance(update, Mapping) else ():
            if getattr(message, "tool_call_id", None) == call["id"] and not message.name:
                message.name = call["name"]
    return output


def _calls_in(given: Any) -> list[Any]:
    """Return the calls that a node was sent, one or a list of them, in place of a state."""
    calls = given if isinstance(given, list) else [given]
    return calls if all(isinstance(call, Mapping) and call.get("type") == CALL for call in calls) else []


def _runtime(call: Mapping[str, Any], state: Any, config: Config) -> "ToolRuntime[Any, Any]":
    """Return what the tool may ask for; a call that was sent alone sees the state of the graph."""
    from runtime.prebuilt.injected import ToolRuntime  # noqa: PLC0415 - only where a tool asks

    context = current.get()
    if context is None:
        return ToolRuntime(state=state, tool_call_id=call["id"], config=config, stream_writer=lambda _: None)
    around: Runtime[Any] = get_runtime()
    frame = context.run.journal.frames[context.ns]
    return ToolRuntime(
        state=dict(frame.values) if state is None else state,
        tool_call_id=call["id"],
        config=config,
        context=around.context,
        stream_writer=around.stream_writer,
        execution_info=around.execution_info,
        store=around.store,
    )


def tools_condition(state: Any, messages_key: str = "messages") -> Literal["tools", "__end__"]:
    """Route to `tools` when the last message calls any, else to the end."""
    return "tools" if calls_of(messages_of(state, messages_key)[-1]) else "__end__"


def messages_of(state: Any, key: str = "messages") -> list[Any]:
    """Return the messages of a state of any shape."""
    found: list[Any] = state[key] if isinstance(state, Mapping) else getattr(state, key)
    return found


def calls_of(message: Any) -> list[dict[str, Any]]:
    """Return the calls of a message, each with an id: some models give none."""
    calls = getattr(message, "tool_calls", None) or []
    return [
        {"type": CALL, "name": call["name"], "args": call["args"], "id": call.get("id") or f"{message.id}:{place}"}
        for place, call in enumerate(calls)
    ]


def _words_for(error: Exception, handled: Handled, name: str) -> str | None:
    """Return what to tell the model of a tool that failed; None: nothing, the run is to fail."""
    match handled:
        case str():
            return handled
        case bool():
            return f"{name} failed: {_words(error)}" if handled else None
        case type() | tuple():
            return f"{name} failed: {_words(error)}" if isinstance(error, handled) else None
        case _:
            return handled(error)


def _words(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    return "; ".join(f"{field}: {problem}" for field, problem in problems_of(error).items())
