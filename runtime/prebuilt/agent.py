"""The loop of a model and its tools: the model calls tools until it answers in words.

Each call is a task of its own, so calls run side by side, those that ask a person ask at the same time, and an answer
runs again only the call it belongs to.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from pydantic import create_model

from runtime.codec.kinds import is_pydantic
from runtime.errors import InvalidGraphError
from runtime.graph.builder import StateGraph, renamed
from runtime.graph.compiled import CompiledGraph
from runtime.graph.managed import steps_left
from runtime.graph.nodes import NodeFunction
from runtime.graph.options import Nodes
from runtime.messages import Message, as_messages
from runtime.prebuilt.models import Ask, Form, Model, asking, forming, reply
from runtime.prebuilt.prompts import Prompt, prompting
from runtime.prebuilt.states import AgentState, AgentStateWithStructuredResponse
from runtime.prebuilt.tool_calls import calls_of, messages_of
from runtime.prebuilt.tool_node import ToolNode
from runtime.prebuilt.tools import AnyTool, answer
from runtime.types import END, START, Config, Send

if TYPE_CHECKING:
    from runtime.store import CheckpointStore

MODEL_INPUT: Final = "llm_input_messages"
FORMED: Final = "structured_response"
OUT_OF_STEPS: Final = "Sorry, need more steps to process this request."


def create_react_agent(
    model: Model,
    tools: Sequence[AnyTool | Callable[..., Any] | dict[str, Any]] | ToolNode,
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
    version: Literal["v1", "v2"] = "v2",
    name: str | None = None,
    **older: Any,
) -> CompiledGraph:
    """Make an agent of a model and its tools; the nodes are `agent` and `tools`.

    `model` is a sync or async function from messages and tools to a message, a LangChain chat model, or the name of one
    as `"provider:name"` (extra `langchain`); or a function from `state` and `runtime` that chooses one of these, a chat
    model bound to its tools.
    `tools` are functions, tools of ours or of LangChain's, or a `ToolNode`; a dict is a tool of the model's provider,
    which runs it. What a tool raises fails the run, unless the `ToolNode` says otherwise.
    `state_schema` has at least `messages`, as `MessagesState` has. `pre_model_hook` is a node in front of the model;
    what it writes to `llm_input_messages` the model gets in place of `messages`. `post_model_hook` is a node behind the
    model, where calls can be reviewed. `response_format`: the form, or instructions and the form, in which a chat model
    says its last answer once more, at the key `structured_response`. When one of several called tools has
    `return_direct`, that is the end, and so are calls that `recursion_limit` leaves no steps for: the model's answer is
    `OUT_OF_STEPS` then. `version="v1"`: all calls of a message are one task, one after the other.
    `name`: of the graph, and of who says what the model says, for conversations of several agents.
    Raises `InvalidGraphError` for a model, a tool or a schema that does not fit.
    """
    (context_schema,) = renamed(older, config_schema=context_schema)
    node, offered = _tools(tools)
    builder = StateGraph(
        state_schema or (AgentStateWithStructuredResponse if response_format else AgentState), context_schema
    )
    for key in ("messages", FORMED) if response_format is not None else ("messages",):
        if key not in builder.state.channels:
            raise InvalidGraphError(f"state_schema {builder.state.cls.__name__} needs the key {key!r}")

    agent = _agent(asking(model, offered), prompt, name)
    builder.add_node("agent", agent, input_schema=_with_model_input(builder) if pre_model_hook else None)
    first = after = "agent"
    if pre_model_hook is not None:
        first = "pre_model_hook"
        builder.add_node(first, pre_model_hook).add_edge(first, "agent")
    if post_model_hook is not None:
        after = "post_model_hook"
        builder.add_node(after, post_model_hook).add_edge("agent", after)
    last = END
    if response_format is not None:
        last = "generate_structured_response"
        builder.add_node(last, _formed(forming(model, response_format), response_format)).add_edge(last, END)
    builder.add_edge(START, first)
    if not node.tools_by_name and not isinstance(tools, ToolNode):
        builder.add_edge(after, last)
    else:
        _add_tools(builder, node, first, after, last, together=version == "v1")
    return builder.compile(
        checkpointer,
        interrupt_before=interrupt_before,
        interrupt_after=interrupt_after,
        name=name or "agent",
        store=store,
        debug=debug,
    )


def _tools(given: Any) -> tuple[ToolNode, list[Any]]:
    """Return the node that runs tools, and all that the model is told of."""
    if isinstance(given, ToolNode):
        return given, list(given.tools_by_name.values())
    node = ToolNode([tool for tool in given if not isinstance(tool, dict)])
    return node, [*node.tools_by_name.values(), *(tool for tool in given if isinstance(tool, dict))]


def _add_tools(builder: StateGraph, node: ToolNode, first: str, after: str, last: str, *, together: bool) -> None:
    """Lead the calls of the model to the tools, and what they gave back to it."""
    builder.add_node("tools", node)
    direct = {name for name, tool in node.tools_by_name.items() if tool.return_direct}
    if direct:
        builder.add_conditional_edges("tools", partial(_after_tools, direct, first), [first, END])
    else:
        builder.add_edge("tools", first)
    if after == "agent":
        builder.add_conditional_edges(after, partial(_next, last, together), ["tools", last])
    else:
        builder.add_conditional_edges(after, partial(_after_hook, first, last), ["tools", first, last])


def _with_model_input(builder: StateGraph) -> type:
    """Return the state's schema with the key that a `pre_model_hook` may write for the model."""
    state = builder.state
    if is_pydantic(state.cls):
        chosen: Any = {MODEL_INPUT: (list[Any], [])}
        made: type = create_model("ModelInput", __base__=state.cls, **chosen)
        return made
    return TypedDict("ModelInput", {**state.hints, MODEL_INPUT: list[Any]})  # type: ignore[operator,no-any-return]  # made here


# The model's turn.


def _agent(ask: Ask, prompt: Prompt | None, name: str | None) -> NodeFunction:
    """Make the node in which the model speaks."""
    prompted = prompting(prompt)

    async def agent(state: Any, config: Config) -> dict[str, Any]:
        messages = list(_answered(await prompted(_for_model(state))))
        return {"messages": [_in_time(_signed(reply(await ask(messages, config, state)), name))]}

    return agent


def _for_model(state: Any) -> Any:
    """Return the state with the messages that a `pre_model_hook` has chosen for the model, if it did."""
    if isinstance(state, Mapping):
        chosen = state.get(MODEL_INPUT)
        return {**state, "messages": as_messages(chosen)} if chosen else state
    chosen = getattr(state, MODEL_INPUT, None)
    return state.model_copy(update={"messages": as_messages(chosen)}) if chosen else state


def _answered(messages: list[Any]) -> Iterator[Any]:
    """Give every call an answer: models refuse a conversation in which one is open, because people moved on."""
    known = {message.tool_call_id for message in messages if message.type == "tool"}
    for message in messages:
        yield message
        for call in calls_of(message):
            if call["id"] not in known:
                yield answer(call, f"{call['name']} was not run: the conversation went on without it.", status="error")


def _in_time(said: Any) -> Any:
    """Return what a model said, without calls that there are no steps left for: the tools', and its own after that."""
    if steps_left() > 1 or not calls_of(said):
        return said
    return Message(type="ai", id=said.id, content=OUT_OF_STEPS)


def _signed(message: Any, name: str | None) -> Any:
    """Return a message that says which agent it is from."""
    if name is None:
        return message
    return replace(message, name=name) if isinstance(message, Message) else message.model_copy(update={"name": name})


def _formed(ask: Ask, form: Form) -> NodeFunction:
    """Make the node that has the model say its answer in a form."""
    prompted = prompting(form[0] if isinstance(form, tuple) else None)

    async def formed(state: Any, config: Config) -> dict[str, Any]:
        return {FORMED: await ask(await prompted(state), config, state)}

    return formed


def _next(last: str, together: bool, state: Any) -> Any:
    calls = calls_of(messages_of(state)[-1])
    if together and calls:
        return "tools"
    return [Send("tools", call) for call in calls] or last


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
    messages = messages_of(state)
    answered = {message.tool_call_id for message in messages if message.type == "tool"}
    said = next(message for message in reversed(messages) if message.type == "ai")
    opened = [Send("tools", call) for call in calls_of(said) if call["id"] not in answered]
    return opened or (first if messages[-1].type == "tool" else last)
