"""The loop of a model and its tools: the model calls tools until it answers in words.

Each call is a task of its own, so calls run side by side, those that ask a person ask at the same time, and an answer
runs again only the call it belongs to.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict

from runtime.errors import InvalidGraphError
from runtime.graph.builder import StateGraph
from runtime.graph.compiled import CompiledGraph
from runtime.graph.nodes import NodeFunction
from runtime.graph.options import Nodes
from runtime.messages import Message, as_message, as_messages
from runtime.messages_state import MessagesState
from runtime.prebuilt.models import Ask, Form, Model, asking, forming, reply
from runtime.prebuilt.tool_calls import calls_of, messages_of
from runtime.prebuilt.tool_node import ToolNode
from runtime.prebuilt.tools import AnyTool, answer
from runtime.types import END, START, Config, Send

if TYPE_CHECKING:
    from runtime.store import CheckpointStore

MODEL_INPUT: Final = "llm_input_messages"
FORMED: Final = "structured_response"
Prompt: TypeAlias = str | Mapping[str, Any] | Callable[[Any], Any] | Any
"""A text or message to begin every conversation with, or a function from the state to the messages for the model."""


class AgentState(MessagesState):
    """State of an agent; extend it with keys of your own."""


class _FormedState(MessagesState):
    structured_response: Any


def create_react_agent(
    model: Model,
    tools: Sequence[AnyTool | Callable[..., Any]] | ToolNode,
    *,
    prompt: Prompt | None = None,
    pre_model_hook: NodeFunction | None = None,
    post_model_hook: NodeFunction | None = None,
    response_format: Form | None = None,
    state_schema: type | None = None,
    context_schema: type | None = None,
    checkpointer: "CheckpointStore | bool | None" = None,
    store: Any = None,
    interrupt_before: Nodes | None = (),
    interrupt_after: Nodes | None = (),
    debug: bool = False,
    version: Literal["v1", "v2"] = "v2",  # noqa: ARG001 - both are the same here: each call is a task of its own
    name: str | None = None,
) -> CompiledGraph:
    """Make an agent of a model and its tools; the nodes are `agent` and `tools`.

    `model` is a sync or async function from messages and tools to a message, a LangChain chat model, or the name of one
    as `"provider:name"` (extra `langchain`); or a function from `state` and `runtime` that chooses one of these.
    `tools` are functions, tools of ours or of LangChain's, or a `ToolNode`. What a tool raises goes to the model as a
    message of status `error`, unless the `ToolNode` says otherwise. `state_schema` has at least `messages`, as
    `MessagesState` has. `pre_model_hook` is a node in front of the model; what it writes to `llm_input_messages` the
    model gets in place of `messages`. `post_model_hook` is a node behind the model, where calls can be reviewed.
    `response_format`: the form, or instructions and the form, in which a chat model says its last answer once more, at
    the key `structured_response`. When one of several called tools has `return_direct`, that is the end.
    `name`: of the graph, and of who says what the model says, for conversations of several agents.
    Raises `InvalidGraphError` for a model, a tool or a schema that does not fit.
    """
    node = tools if isinstance(tools, ToolNode) else ToolNode(tools)
    ask = asking(model, list(node.tools_by_name.values()))

    async def agent(state: Any, config: Config) -> dict[str, Any]:
        messages = list(_answered(await _prompted(prompt, state)))
        return {"messages": [_signed(reply(await ask(messages, config, state)), name)]}

    builder = StateGraph(state_schema or (MessagesState if response_format is None else _FormedState), context_schema)
    for key in ("messages",) if response_format is None else ("messages", FORMED):
        if key not in builder.state.channels:
            raise InvalidGraphError(f"state_schema {builder.state.cls.__name__} needs the key {key!r}")
    seen = _with_model_input(builder) if pre_model_hook else None
    builder.add_node("agent", agent, input_schema=seen).add_node("tools", node)
    first = "agent"
    if pre_model_hook is not None:
        first = "pre_model_hook"
        builder.add_node(first, pre_model_hook).add_edge(first, "agent")
    if post_model_hook is not None:
        builder.add_node("post_model_hook", post_model_hook).add_edge("agent", "post_model_hook")
    last = END
    if response_format is not None:
        last = "generate_structured_response"
        builder.add_node(last, _formed(forming(model, response_format), response_format)).add_edge(last, END)
    builder.add_edge(START, first)
    direct = {name for name, tool in node.tools_by_name.items() if tool.return_direct}
    if direct:
        builder.add_conditional_edges("tools", partial(_after_tools, direct, first), [first, END])
    else:
        builder.add_edge("tools", first)
    if post_model_hook is None:
        builder.add_conditional_edges("agent", partial(_next, last), ["tools", last])
    else:
        builder.add_conditional_edges("post_model_hook", partial(_after_hook, first, last), ["tools", first, last])
    return builder.compile(
        checkpointer,
        interrupt_before=interrupt_before,
        interrupt_after=interrupt_after,
        name=name or "agent",
        store=store,
        debug=debug,
    )


def _with_model_input(builder: StateGraph) -> type:
    """Return the state's schema with the key that a `pre_model_hook` may write for the model."""
    return TypedDict("ModelInput", {**builder.state.hints, MODEL_INPUT: list[Any]})  # type: ignore[operator,no-any-return]  # made here


# The model's turn.


async def _prompted(prompt: Prompt | None, state: Any) -> list[Any]:
    """Return the conversation as the model is to see it."""
    if isinstance(state, dict) and state.get(MODEL_INPUT):
        state = {**state, "messages": as_messages(state[MODEL_INPUT])}
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


def _signed(message: Any, name: str | None) -> Any:
    """Return a message that says which agent it is from."""
    if name is None:
        return message
    return replace(message, name=name) if isinstance(message, Message) else message.model_copy(update={"name": name})


def _formed(ask: Ask, form: Form) -> NodeFunction:
    """Make the node that has the model say its answer in a form."""
    prompt = form[0] if isinstance(form, tuple) else None

    async def formed(state: Any, config: Config) -> dict[str, Any]:
        return {FORMED: await ask(await _prompted(prompt, state), config, state)}

    return formed


def _next(last: str, state: Any) -> Any:
    return [Send("tools", call) for call in calls_of(messages_of(state)[-1])] or last


def _after_tools(direct: AbstractSet[str], first: str, state: Any) -> str:
    """End when the answer of a tool, or of one that was called beside it, is not for the model."""
    for message in reversed(messages_of(state)):
        if message.type != "tool":
            return END if direct & {call["name"] for call in calls_of(message)} else first
        if message.name in direct:
            return END
    return first


def _after_hook(first: str, last: str, state: Any) -> Any:
    """Send what calls the hook has left open; when it has answered some itself, it is the model's turn again."""
    since: list[Any] = []
    for message in reversed(messages_of(state)):
        if message.type == "ai":
            known = {answered.tool_call_id for answered in since}
            return [Send("tools", call) for call in calls_of(message) if call["id"] not in known] or (
                first if known else last
            )
        if message.type != "tool":
            break
        since.append(message)
    return last
