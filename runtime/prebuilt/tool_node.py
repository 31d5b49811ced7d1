"""The tools' turn: a node that runs what a model called, and the router that leads there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from runtime.engine.answers import problems_of
from runtime.engine.interrupts import once
from runtime.errors import AndonError, InvalidGraphError
from runtime.prebuilt.langchain import as_tool
from runtime.prebuilt.tools import CALL, AnyTool, answer
from runtime.types import Command, Config


class ToolNode:
    """A node that runs the calls of the last message, or the one call that it was sent.

    The calls of a message run one after the other, each once: when a later one asks a person, what the earlier ones
    gave is kept. Sent a call each (`Send(name, call)`, as `create_react_agent` does it), they run side by side. What a
    tool raises goes to the model as a message of status `error`. Raises `InvalidGraphError` for two tools of one name.
    """

    def __init__(self, tools: Sequence[AnyTool | Callable[..., Any]], *, name: str = "tools") -> None:
        self.name = name
        made = [as_tool(given) for given in tools]
        self.tools_by_name = {tool.name: tool for tool in made}
        if len(self.tools_by_name) < len(made):
            names = [tool.name for tool in made]
            raise InvalidGraphError(f"two tools are named {next(name for name in names if names.count(name) > 1)!r}")

    async def __call__(self, given: Any, config: Config) -> list[Any]:
        """Return commands as the tools gave them, and messages as updates."""
        if isinstance(given, Mapping) and given.get("type") == CALL:
            return _updates(await self._called(given, config))
        calls = calls_of(messages_of(given)[-1])
        outputs = [await once(f"call {call['id']}", self._called, call, config) for call in calls]
        return [update for output in outputs for update in _updates(output)]

    async def _called(self, call: Mapping[str, Any], config: Config) -> Any:
        """Call the tool; what goes wrong in it is the model's to mend, what goes wrong around it is not."""
        tool = self.tools_by_name.get(call["name"])
        if tool is None:
            names = ", ".join(self.tools_by_name) or "none at all"
            return answer(call, f"There is no tool {call['name']!r}; there are: {names}.", status="error")
        try:
            return await tool.ainvoke(call, config)
        except AndonError:
            raise
        except Exception as error:  # noqa: BLE001 - of any tool
            return answer(call, f"{tool.name} failed: {_words(error)}", status="error")


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


def _words(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    return "; ".join(f"{field}: {problem}" for field, problem in problems_of(error).items())


def _updates(output: Any) -> list[Any]:
    parts = output if isinstance(output, list) else [output]
    return [part if isinstance(part, Command) else {"messages": [part]} for part in parts]
