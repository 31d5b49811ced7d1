"""What tools get besides the model's arguments, and hooks around the model."""

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

import pytest
from langchain_core import messages as theirs
from langchain_core.tools import InjectedToolCallId as TheirCallId, tool as their_tool

from runtime import Command, InMemorySaver, Message, interrupt
from runtime.prebuilt import (
    AgentState,
    InjectedState,
    InjectedToolCallId,
    ToolNode,
    ToolRuntime,
    create_react_agent,
    tool,
)
from runtime.prebuilt.tool_errors import unfit_arguments

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(AgentState):
    user: NotRequired[str]


@dataclass
class Context:
    tenant: str


@tool
def ours(
    text: str,
    user: Annotated[str, InjectedState("user")],
    whole: Annotated[dict[str, Any], InjectedState],
    call_id: Annotated[str, InjectedToolCallId],
    runtime: ToolRuntime[Context, State],
) -> str:
    """Say everything."""
    assert runtime.tool_call_id == call_id
    assert runtime.context is not None
    return f"{text} {user} {sorted(whole)} {call_id} {runtime.state['user']} {runtime.context.tenant}"


@their_tool
def foreign(
    text: str,
    user: Annotated[str, InjectedState("user")],
    call_id: Annotated[str, TheirCallId],
    runtime: ToolRuntime,
) -> str:
    """Say everything."""
    return f"{text} {user} {call_id} {runtime.tool_call_id}"


def says(*names: str) -> Message:
    calls = [{"name": name, "args": {"text": "hi"}, "id": f"c{place}"} for place, name in enumerate(names)]
    return Message(type="ai", content="", tool_calls=calls)


def script(*lines: Any) -> Any:
    left = iter(lines)
    return lambda messages, tools: next(left)


def test_tools_get_what_their_parameters_ask_for() -> None:
    agent = create_react_agent(
        script(says("ours", "foreign"), "done"), [ours, foreign], state_schema=State, context_schema=Context
    )
    result = agent.invoke({"messages": "go", "user": "ana"}, context={"tenant": "acme"})
    assert [message.content for message in result["messages"][2:]] == [
        "hi ana ['messages', 'remaining_steps', 'user'] c0 ana acme",
        "hi ana c1 c1",
        "done",
    ]


@pytest.mark.parametrize("one", [ours, foreign])
def test_the_model_does_not_see_them(one: Any) -> None:
    schema = ToolNode([one]).tools_by_name[one.name].schema
    assert list(schema["properties"]) == ["text"]


def test_only_a_tool_node_can_give_them() -> None:
    with pytest.raises(RuntimeError, match="only a tool that a ToolNode calls"):
        ours.invoke({"text": "hi"})


@tool
def echo(text: str) -> str:
    """Say it again."""
    return text


@tool
def breaks(text: str) -> str:
    """Fail."""
    raise LookupError(text)


def test_a_tool_node_can_be_called_with_a_state_or_messages() -> None:
    node = ToolNode([echo])
    said = theirs.AIMessage("", tool_calls=[{"name": "echo", "args": {"text": "hi"}, "id": "c0"}])
    (answer,) = node.invoke({"messages": [said]})["messages"]
    assert (type(answer), answer.content, answer.tool_call_id) == (theirs.ToolMessage, "hi", "c0")
    assert [message.content for message in node.invoke([said])] == ["hi"]
    (kept,) = ToolNode([echo], messages_key="talk").invoke({"talk": [said]})["talk"]
    assert kept.content == "hi"


TOLD = "Error: LookupError('hi')\n Please fix your mistakes."


def of_lookups(error: LookupError) -> str:
    return f"lookup: {error}"


@pytest.mark.parametrize(
    ("handled", "words"),
    [
        (True, TOLD),
        ("sorry", "sorry"),
        (LookupError, TOLD),
        ((ValueError, LookupError), TOLD),
        (lambda error: f"so: {error}", "so: hi"),
        (of_lookups, "lookup: hi"),
    ],
)
def test_what_a_failing_tool_says_can_be_chosen(handled: Any, words: str) -> None:
    node = ToolNode([breaks], handle_tool_errors=handled)
    (answer,) = node.invoke({"messages": [says("breaks")]})["messages"]
    assert (answer.content, answer.status) == (words, "error")


def of_values(error: ValueError) -> str:
    return str(error)


@pytest.mark.parametrize("handled", [False, ValueError, of_values, unfit_arguments])
def test_a_failing_tool_may_fail_the_run(handled: Any) -> None:
    with pytest.raises(LookupError):
        ToolNode([breaks], handle_tool_errors=handled).invoke({"messages": [says("breaks")]})


def review(state: State) -> Any:
    """Ask about each call behind the model, and answer in its place what is refused."""
    calls = getattr(state["messages"][-1], "tool_calls", [])
    refused = [call for call in calls if not interrupt(call["name"])]
    return {"messages": [{"role": "tool", "content": "no", "tool_call_id": call["id"]} for call in refused]}


def test_a_hook_behind_the_model_reviews_its_calls() -> None:
    seen: list[int] = []

    def model(messages: list[Any], tools: list[Any]) -> Any:
        seen.append(len(messages))
        return says("echo", "echo") if len(seen) == 1 else "done"

    agent = create_react_agent(model, [echo], post_model_hook=review, checkpointer=InMemorySaver())
    agent.invoke({"messages": "go"}, CONFIG)
    agent.invoke(Command(resume=True), CONFIG)
    result = agent.invoke(Command(resume=False), CONFIG)
    assert [message.content for message in result["messages"]] == ["go", "", "no", "hi", "done"]
    assert seen == [1, 4]


def test_calls_that_were_all_refused_are_the_models_again() -> None:
    agent = create_react_agent(
        script(says("echo"), "well"), [echo], post_model_hook=review, checkpointer=InMemorySaver()
    )
    agent.invoke({"messages": "go"}, CONFIG)
    result = agent.invoke(Command(resume=False), CONFIG)
    assert [message.content for message in result["messages"]] == ["go", "", "no", "well"]


def test_a_hook_in_front_of_the_model_says_what_it_reads() -> None:
    def trim(state: State) -> Any:
        return {"llm_input_messages": state["messages"][-1:]}

    def model(messages: list[Any], tools: list[Any]) -> str:
        return f"read {[message.content for message in messages]}"

    agent = create_react_agent(model, [], pre_model_hook=trim)
    result = agent.invoke({"messages": ["a", "b"]})
    assert [message.content for message in result["messages"]] == ["a", "b", "read ['b']"]


async def test_the_model_may_be_chosen_from_the_state() -> None:
    def choose(state: State, runtime: Any) -> Any:
        return script(f"{state['user']} at {runtime.context['tenant']}")

    agent = create_react_agent(choose, [], state_schema=State, context_schema=dict)
    result = await agent.ainvoke({"messages": "go", "user": "ana"}, context={"tenant": "acme"})
    assert result["messages"][-1].content == "ana at acme"
