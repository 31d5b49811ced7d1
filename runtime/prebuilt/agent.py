"""The loop of a model and its tools: the model calls tools until it answers in words.

Each call is a task of its own, so calls run side by side, those that ask a person ask at the same time, and an answer
runs again only the call it belongs to.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from runtime.answers import problems_of
from runtime.compiled import CompiledGraph, Nodes
from runtime.errors import AndonError, InvalidGraphError
from runtime.graph import StateGraph
from runtime.messages import Message, MessagesState, as_message
from runtime.prebuilt.langchain import as_tool
from runtime.prebuilt.models import Model, asking, reply
from runtime.prebuilt.tools import CALL, AnyTool, Tool, answer
from runtime.types import END, START, Command, Config, Send

if TYPE_CHECKING:
    from runtime.store import CheckpointStore

Prompt: TypeAlias = str | Mapping[str, Any] | Callable[[Any], Any] | Any
"""A text or message to begin every conversation with, or a function from the state to the messages for the model."""


def create_react_agent(
    model: Model,
    tools: Sequence[AnyTool | Callable[..., Any]],
    *,
    prompt: Prompt | None = None,
    state_schema: type = MessagesState,
    checkpointer: "CheckpointStore | bool | None" = None,
    interrupt_before: Nodes = (),
    interrupt_after: Nodes = (),
    name: str = "agent",
) -> CompiledGraph:
    """Make an agent of a model and its tools; the nodes are `agent` and `tools`.

    `model` is a sync or async function from messages and tools to a message, a LangChain chat model, or the name of one
    as `"provider:name"` (extra `langchain`). `tools` are functions, tools of ours or of LangChain's. What a tool raises
    goes to the model as a message of status `error`. `state_schema` has at least `messages`, as `MessagesState` has.
    Raises `InvalidGraphError` for a model, a tool or a schema that does not fit.
    """
    toolbox = _by_name([as_tool(given) for given in tools])
    ask = asking(model, list(toolbox.values()))

    async def agent(state: Any, config: Config) -> dict[str, Any]:
        messages = list(_answered(await _prompted(prompt, state)))
        return {"messages": [reply(await ask(messages, config))]}

    async def call_tool(call: dict[str, Any], config: Config) -> Any:
        return _update(await _called(toolbox, call, config))

    builder = StateGraph(state_schema).add_node("agent", agent).add_node("tools", call_tool)
    if "messages" not in builder.state.channels:
        raise InvalidGraphError(
            f"state_schema {state_schema.__name__} needs the key 'messages', as MessagesState has it"
        )
    builder.add_edge(START, "agent").add_edge("tools", "agent")
    builder.add_conditional_edges("agent", _next, ["tools", END])
    return builder.compile(checkpointer, interrupt_before=interrupt_before, interrupt_after=interrupt_after, name=name)


def _by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    toolbox = {tool.name: tool for tool in tools}
    if len(toolbox) < len(tools):
        names = [tool.name for tool in tools]
        raise InvalidGraphError(f"two tools are named {next(name for name in names if names.count(name) > 1)!r}")
    return toolbox


# The model's turn.


async def _prompted(prompt: Prompt | None, state: Any) -> list[Any]:
    """Return the conversation as the model is to see it."""
    if callable(prompt):
        given = prompt(state)
        return [as_message(item) for item in (await given if inspect.isawaitable(given) else given)]
    if prompt is None:
        return _messages(state)
    first = Message(type="system", content=prompt) if isinstance(prompt, str) else as_message(prompt)
    return [first, *_messages(state)]


def _answered(messages: list[Any]) -> Iterator[Any]:
    """Give every call an answer: models refuse a conversation in which one is open, because people moved on."""
    known = {message.tool_call_id for message in messages if message.type == "tool"}
    for message in messages:
        yield message
        for call in _calls(message):
            if call["id"] not in known:
                yield answer(call, f"{call['name']} was not run: the conversation went on without it.", status="error")


def _next(state: Any) -> Any:
    return [Send("tools", call) for call in _calls(_messages(state)[-1])] or END


def _messages(state: Any) -> list[Any]:
    found: list[Any] = state["messages"] if isinstance(state, Mapping) else state.messages
    return found


def _calls(message: Any) -> list[dict[str, Any]]:
    """Return the calls of a message, each with an id: some models give none."""
    calls = getattr(message, "tool_calls", None) or []
    return [
        {"type": CALL, "name": call["name"], "args": call["args"], "id": call.get("id") or f"{message.id}:{place}"}
        for place, call in enumerate(calls)
    ]


# The tools' turn.


async def _called(toolbox: Mapping[str, Tool], call: dict[str, Any], config: Config) -> Any:
    """Call the tool; what goes wrong in it is the model's to mend, what goes wrong around it is not."""
    if call["name"] not in toolbox:
        names = ", ".join(toolbox) or "none at all"
        return answer(call, f"There is no tool {call['name']!r}; there are: {names}.", status="error")
    try:
        return await toolbox[call["name"]].ainvoke(call, config)
    except AndonError:
        raise
    except Exception as error:  # noqa: BLE001 - of any tool
        return answer(call, f"{call['name']} failed: {_words(error)}", status="error")


def _words(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    return "; ".join(f"{field}: {problem}" for field, problem in problems_of(error).items())


def _update(output: Any) -> Any:
    """Return what a tool gave as a node's result: commands as they are, messages as an update."""
    parts = output if isinstance(output, list) else [output]
    return [part if isinstance(part, Command) else {"messages": [part]} for part in parts]
