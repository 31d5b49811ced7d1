"""Beside LangChain: conversations in its messages, so that its models and `isinstance` know them."""

from typing import Annotated, Any, TypedDict

import pytest
from langchain_core import messages as theirs
from langchain_core.language_models import GenericFakeChatModel

import runtime
from runtime import START, InMemorySaver, Message, MessagesState, StateGraph, add_messages

CONFIG = {"configurable": {"thread_id": "one"}}


def echo(state: MessagesState) -> dict[str, Any]:
    model = GenericFakeChatModel(messages=iter([theirs.AIMessage("fine")]))
    return {"messages": [model.invoke(state["messages"]), {"role": "assistant", "content": "", "tool_calls": CALLS}]}


CALLS = [{"name": "f", "args": {"x": 1}, "id": "c1"}]
SHAPES: list[Any] = [
    ("user", "a"),
    "b",
    {"role": "system", "content": "c"},
    Message(type="tool", content="d", tool_call_id="1"),
    theirs.AIMessageChunk(content="e"),
]


async def test_every_shape_becomes_a_message_that_models_take() -> None:
    graph = StateGraph(MessagesState).add_node(echo).add_edge(START, "echo").compile(InMemorySaver())
    result = await graph.ainvoke({"messages": SHAPES}, CONFIG)
    kinds = [theirs.HumanMessage, theirs.HumanMessage, theirs.SystemMessage, theirs.ToolMessage]
    assert [type(message) for message in result["messages"]] == [*kinds, *3 * [theirs.AIMessage]]
    assert result["messages"][-1].tool_calls[0]["args"] == {"x": 1}
    assert (await graph.aget_state(CONFIG)).values == result


def test_a_key_annotated_with_ours_keeps_ours() -> None:
    class Light(TypedDict):
        messages: Annotated[list[Message], add_messages]

    graph = StateGraph(Light).add_node("none", lambda _: None).add_edge(START, "none").compile()
    assert [type(message) for message in graph.invoke({"messages": SHAPES[:3]})["messages"]] == 3 * [Message]


async def test_the_text_of_a_message_can_be_kept() -> None:
    class Said(TypedDict):
        text: str

    def say(_: Said) -> Any:
        return {"text": theirs.AIMessage("fine").text}

    graph = StateGraph(Said).add_node(say).add_edge(START, "say").compile(InMemorySaver())
    await graph.ainvoke({"text": ""}, CONFIG)
    kept = (await graph.aget_state(CONFIG)).values["text"]
    assert (kept, type(kept)) == ("fine", str)


def test_what_langchain_has_no_form_for_stays_ours() -> None:
    calls: list[Any] = [{"name": "f", "args": "{oops", "id": "c1"}]
    (message,) = add_messages([], [Message(type="ai", content="", tool_calls=calls)])
    assert (type(message), message.tool_calls) == (Message, calls)


def test_messages_may_be_brought_into_openais_form() -> None:
    class Chat(TypedDict):
        messages: Annotated[list[Any], add_messages(format="langchain-openai")]

    image = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "1234"}}
    graph = StateGraph(Chat).add_node("none", lambda _: None).add_edge(START, "none").compile()
    (message,) = graph.invoke({"messages": {"role": "user", "content": [{"type": "text", "text": "a"}, image]}})[
        "messages"
    ]
    assert message.content[1] == {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,1234"}}


@pytest.mark.parametrize("name", ["HumanMessage", "AIMessage", "SystemMessage"])
def test_our_classes_show_and_know_messages_as_theirs_do(name: str) -> None:
    ours, there = getattr(runtime, name), getattr(theirs, name)
    calls: dict[str, Any] = {"tool_calls": CALLS, "name": "ann"} if name == "AIMessage" else {}
    mine, other = ours("hi", id="1", **calls), there("hi", id="1", **calls)
    assert mine.pretty_repr() == other.pretty_repr()
    assert (mine.type, mine.content, mine.text, mine.id) == (other.type, other.content, str(other.text), other.id)
    assert isinstance(mine, ours)
    assert isinstance(other, ours)
    assert not isinstance(mine, runtime.ToolMessage)
    assert not isinstance("hi", ours)


def test_text_is_that_of_all_blocks() -> None:
    blocks = ["a", {"type": "text", "text": "b"}, {"type": "image", "url": "x"}]
    assert runtime.HumanMessage(blocks).text == "ab"
    assert runtime.ToolMessage("d", tool_call_id="1").model_dump()["tool_call_id"] == "1"
