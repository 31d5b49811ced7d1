"""The tools' turn: a node that runs what a model called."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from runtime.engine import sync
from runtime.engine.interrupts import TaskContext, current, once
from runtime.errors import AndonError, InvalidGraphError
from runtime.messages import as_langchain, uses_langchain
from runtime.prebuilt.langchain import as_tool
from runtime.prebuilt.tool_calls import Turn, turn_of
from runtime.prebuilt.tool_errors import Handled, as_raised, unfit_arguments, unknown_tool, words_for
from runtime.prebuilt.tool_outputs import answered, combined
from runtime.prebuilt.tool_requests import (
    AsyncToolCallWrapper,
    ToolCallRequest,
    ToolCallWrapper,
    runtime_for,
    without_waiting,
)
from runtime.prebuilt.tool_stream import tell, telling
from runtime.prebuilt.tools import CALL, AnyTool, Tool, answer, supplied
from runtime.types import Config

if TYPE_CHECKING:
    from runtime.prebuilt.injected import ToolRuntime

_times: Final[WeakKeyDictionary[TaskContext, Counter[str]]] = WeakKeyDictionary()
"""How often an execution of a task has carried out calls of an id."""


class ToolNode:
    """A node that runs the calls of the model's last message, or those that it was sent.

    The calls of a message run one after the other, each once: when a later one asks a person, what the earlier ones
    gave is kept. Sent a call each (`Send(name, call)`, as `create_react_agent` does it), they run side by side.
    `handle_tool_errors`: which exceptions of tools the model is told of, with a message of status `error`; the others
    fail the run. True: all; a type or several; a text to say instead; a function from the exception to one, for those
    that its parameter is annotated with. Without it the model is told of arguments that do not fit, and no more.
    `wrap_tool_call` gets each call as a `ToolCallRequest`, and a function that carries it out: it may change the call,
    run it more than once, ask a person, or answer in the tool's place. `awrap_tool_call` is the same for async code.
    Raises `InvalidGraphError` for two tools of one name.
    """

    def __init__(
        self,
        tools: Sequence[AnyTool | Callable[..., Any]],
        *,
        name: str = "tools",
        tags: Sequence[str] | None = None,
        handle_tool_errors: Handled = unfit_arguments,
        messages_key: str = "messages",
        wrap_tool_call: ToolCallWrapper | None = None,
        awrap_tool_call: AsyncToolCallWrapper | None = None,
    ) -> None:
        self.name = name
        self.tags = tags
        self.messages_key = messages_key
        self._handled = handle_tool_errors
        self._wrap = awrap_tool_call or (wrap_tool_call and without_waiting(wrap_tool_call))
        made = [as_tool(given) for given in tools]
        self._given = [getattr(tool, "original", tool) for tool in made]
        self.tools_by_name = {tool.name: tool for tool in made}
        if len(self.tools_by_name) < len(made):
            names = [tool.name for tool in made]
            raise InvalidGraphError(f"two tools are named {next(name for name in names if names.count(name) > 1)!r}")

    async def __call__(self, given: Any, config: Config) -> Any:
        """Return the answers as an update; where a tool gave commands, a list of commands and updates."""
        turn = turn_of(given, self.messages_key)
        return combined(await self._parts(turn, config), self.messages_key, listed=turn.listed)

    async def ainvoke(self, input: Any, config: Config | None = None) -> Any:  # noqa: A002 - LangGraph's name
        """Run the calls of a state, of a list of messages, or of a list of calls; a list of messages gives one back."""
        turn = turn_of(input, self.messages_key)
        parts = await self._parts(turn, config or {})
        if uses_langchain():
            parts = [as_langchain(part) for part in parts]
        return combined(parts, self.messages_key, listed=turn.listed)

    def invoke(self, input: Any, config: Config | None = None) -> Any:  # noqa: A002
        """Do what `ainvoke` does, from sync code."""
        return sync.run(lambda: self.ainvoke(input, config))

    async def _parts(self, turn: Turn, config: Config) -> list[Any]:
        outputs = [await self._once(call, turn, config) for call in turn.calls]
        return [part for output in outputs for part in (output if isinstance(output, list) else [output])]

    async def _once(self, call: Mapping[str, Any], turn: Turn, config: Config) -> Any:
        context = current.get()
        if context is None or (turn.sent and len(turn.calls) == 1):
            return await self._called(call, turn, config)
        times = _times.setdefault(context, Counter())
        times[call["id"]] += 1
        again = f" {times[call['id']]}" if times[call["id"]] > 1 else ""  # some models count from 1 in each message
        return await once(f"call {call['id']}{again}", self._called, call, turn, config)

    async def _called(self, call: Mapping[str, Any], turn: Turn, config: Config) -> Any:
        tool = self.tools_by_name.get(call["name"])
        runtime = cache(partial(runtime_for, call, turn.state, config, self._given))
        if self._wrap is None:
            return await self._run(call, tool, config, runtime)

        async def carry_out(asked: ToolCallRequest) -> Any:
            chosen = tool if asked.tool is request.tool else as_tool(asked.tool)
            return await self._run({**asked.tool_call, "type": CALL}, chosen, config, lambda: asked.runtime)

        request = ToolCallRequest(dict(call), getattr(tool, "original", tool), runtime().state, runtime())
        try:
            return await self._wrap(request, carry_out)
        except AndonError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again there, if it is not the model's to know of
            return self._told(error, call, tool)

    async def _run(
        self, call: Mapping[str, Any], tool: Tool | None, config: Config, runtime: "Callable[[], ToolRuntime[Any, Any]]"
    ) -> Any:
        """Run the tool; what goes wrong in it may be the model's to mend, what goes wrong around it is not."""
        if tool is None:
            return answer(call, unknown_tool(call["name"], self.tools_by_name), status="error")
        token = supplied.set(runtime)
        try:
            with telling(call):
                output = await tool.ainvoke(call, config)
            tell(call["id"], "tool-finished", output=output)
            return answered(output, call, self.messages_key)
        except AndonError:
            raise
        except Exception as error:  # noqa: BLE001 - likewise
            return self._told(error, call, tool)
        finally:
            supplied.reset(token)

    def _told(self, error: Exception, call: Mapping[str, Any], tool: Tool | None) -> Any:
        """Return what the model is told of an exception, or raise it."""
        raised = as_raised(error, call, tool.hidden if tool else ())
        words = words_for(raised, self._handled)
        if words is None:
            raise raised
        return answer(call, words, status="error")
