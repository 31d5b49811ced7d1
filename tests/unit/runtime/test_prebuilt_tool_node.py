"""The tools' node in a graph of one's own, as LangGraph's tutorials build it."""

from typing import Any

import pytest

from runtime import START, Command, CompiledGraph, InMemorySaver, Message, MessagesState, StateGraph, interrupt
from runtime.prebuilt import ToolNode, create_react_agent, tools_condition

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


def says(*names: str) -> Message:
    calls = [{"name": name, "args": {}, "id": f"c{place}"} for place, name in enumerate(names, start=1)]
    return Message(type="ai", content="", tool_calls=calls)


class State(MessagesState):
    name: str


def chatbot_with(*tools: Any, calls: Message, node: str = "tools") -> CompiledGraph:
    def chatbot(state: State) -> Any:
        return {"messages": [calls if len(state["messages"]) == 1 else Message(type="ai", content="done")]}

    builder = StateGraph(State).add_node(chatbot).add_edge(START, "chatbot")
    builder.add_node(ToolNode(tools, name=node)).add_edge(node, "chatbot")
    builder.add_conditional_edges("chatbot", tools_condition, {"tools": node, "__end__": "__end__"})
    return builder.compile(checkpointer=InMemorySaver())


def contents(result: Any) -> list[str]:
    return [message.content for message in result["messages"][2:]]


def ask() -> str:
    """Ask somebody."""
    return f"said {interrupt('who?')}"


@pytest.mark.parametrize("node", ["tools", "hands"])
def test_the_tutorials_graph_pauses_in_a_tool_and_goes_on(node: str) -> None:
    graph = chatbot_with(ask, calls=says("ask"), node=node)
    assert graph.invoke({"messages": "hi"}, CONFIG)["__interrupt__"][0].value == "who?"
    assert graph.get_state(CONFIG).next == (node,)
    assert contents(graph.invoke(Command(resume="Ana"), CONFIG)) == ["said Ana", "done"]


def test_a_call_that_is_done_does_not_run_again_when_a_later_one_asks() -> None:
    runs = []

    def send() -> str:
        """Send."""
        runs.append("send")
        return "sent"

    def rename() -> Command[Any]:
        """Rename."""
        runs.append("rename")
        told = Message(type="tool", content="renamed", tool_call_id="c2")
        return Command(update={"name": "Ana", "messages": [told]})

    graph = chatbot_with(send, rename, ask, calls=says("send", "rename", "ask", "ask"))
    graph.invoke({"messages": "hi"}, CONFIG)
    graph.invoke(Command(resume="A"), CONFIG)
    result = graph.invoke(Command(resume="B"), CONFIG)
    assert contents(result) == ["sent", "renamed", "said A", "said B", "done"]
    assert result["name"] == "Ana"
    assert runs == ["send", "rename"]


def test_an_agent_takes_a_tool_node_too() -> None:
    def model(messages: list[Any], _: Any) -> Any:
        return says("ask") if len(messages) == 1 else "done"

    agent = create_react_agent(model, ToolNode([ask], name="hands"), checkpointer=InMemorySaver())
    agent.invoke({"messages": "hi"}, CONFIG)
    assert contents(agent.invoke(Command(resume="Ana"), CONFIG)) == ["said Ana", "done"]


@pytest.mark.parametrize(("calls", "end"), [((), "__end__"), (("ask",), "tools")])
def test_the_router_looks_at_the_last_message(calls: tuple[str, ...], end: str) -> None:
    assert tools_condition({"messages": [says("ask"), says(*calls)]}) == end
    assert tools_condition({"chat": [says(*calls)]}, messages_key="chat") == end
