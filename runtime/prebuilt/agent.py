"""The loop of a model and its tools: the model calls tools until it answers in words.

Each call is a task of its own, so calls run side by side, those that ask a person ask at the same time, and an answer
runs again only the call it belongs to.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from runtime.errors import InvalidGraphError
from runtime.graph.builder import StateGraph
from runtime.graph.compiled import CompiledGraph
from runtime.graph.options import Nodes
from runtime.messages import Message, MessagesState, as_message
from runtime.prebuilt.models import Model, asking, reply
from runtime.prebuilt.tool_node import ToolNode, calls_of, messages_of
from runtime.prebuilt.tools import AnyTool, answer
from runtime.types import END, START, Config, Send

if TYPE_CHECKING:
    from runtime.store import CheckpointStore

Prompt: TypeAlias = str | Mapping[str, Any] | Callable[[Any], Any] | Any
"""A text or message to begin every conversation with, or a function from the state to the messages for the model."""


def create_react_agent(
    model: Model,
    tools: Sequence[AnyTool | Callable[..., Any]] | ToolNode,
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
    as `"provider:name"` (extra `langchain`). `tools` are functions, tools of ours or of LangChain's, or a `ToolNode`.
    What a tool raises goes to the model as a message of status `error`. `state_schema` has at least `messages`, as
    `MessagesState` has.
    Raises `InvalidGraphError` for a model, a tool or a schema that does not fit.
    """
    node = tools if isinstance(tools, ToolNode) else ToolNode(tools)
    ask = asking(model, list(node.tools_by_name.values()))

    async def agent(state: Any, config: Config) -> dict[str, Any]:
        messages = list(_answered(await _prompted(prompt, state)))
        return {"messages": [reply(await ask(messages, config))]}

    builder = StateGraph(state_schema).add_node("agent", agent).add_node("tools", node)
    if "messages" not in builder.state.channels:
        raise InvalidGraphError(
            f"state_schema {state_schema.__name__} needs the key 'messages', as MessagesState has it"
        )
    builder.add_edge(START, "agent").add_edge("tools", "agent")
    builder.add_conditional_edges("agent", _next, ["tools", END])
    return builder.compile(checkpointer, interrupt_before=interrupt_before, interrupt_after=interrupt_after, name=name)


# The model's turn.


async def _prompted(prompt: Prompt | None, state: Any) -> list[Any]:
    """Return the conversation as the model is to see it."""
    if callable(prompt):
        given = prompt(state)
        return [as_message(item) for item in (await given if inspect.isawaitable(given) else given)]
    if prompt is None:
        return messages_of(state)
    first = Message(type="system", content=prompt) if isinstance(prompt, str) else as_message(prompt)
    return [first, *messages_of(state)]


def _answered(messages: list[Any]) -> Iterator[Any]:
    """Give every call an answer: models refuse a conversation in which one is open, because people moved on."""
    known = {message.tool_call_id for message in messages if message.type == "tool"}
    for message in messages:
        yield message
        for call in calls_of(message):
            if call["id"] not in known:
                yield answer(call, f"{call['name']} was not run: the conversation went on without it.", status="error")


def _next(state: Any) -> Any:
    return [Send("tools", call) for call in calls_of(messages_of(state)[-1])] or END
