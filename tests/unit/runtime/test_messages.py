"""Messages: every shape that counts as one, and how lists of them merge."""

import sys
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from runtime import REMOVE_ALL_MESSAGES, InvalidUpdateError, Message, RemoveMessage, add_messages
from runtime.conversation import fold_messages
from runtime.errors import UnknownMessageError


@pytest.fixture(autouse=True)
def _without_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that has not loaded LangChain, whatever other tests have."""
    monkeypatch.delitem(sys.modules, "langchain_core.messages", raising=False)


@pytest.mark.parametrize(
    ("given", "kind", "content"),
    [
        ("hi", "human", "hi"),
        (("assistant", "hi"), "ai", "hi"),
        (("human", "hi"), "human", "hi"),
        ({"role": "user", "content": "hi"}, "human", "hi"),
        ({"type": "ai", "content": [{"type": "text", "text": "hi"}]}, "ai", [{"type": "text", "text": "hi"}]),
        (Message(type="tool", content="hi", tool_call_id="1"), "tool", "hi"),
        (AIMessage("hi"), "ai", "hi"),
    ],
)
def test_shapes_that_are_messages(given: Any, kind: str, content: Any) -> None:
    (message,) = add_messages([], [given])
    assert (message.type, message.content) == (kind, content)
    assert message.id


def test_a_lone_message_counts_as_a_list() -> None:
    assert [message.content for message in add_messages("a", ("user", "b"))] == ["a", "b"]
    assert [message.role for message in add_messages({"role": "assistant", "content": ""}, "b")] == [
        "assistant",
        "user",
    ]


def test_the_same_id_replaces_in_place() -> None:
    old = [Message(type="human", content=text, id=text) for text in "abc"]
    merged = add_messages(old, [Message(type="ai", content="B", id="b"), Message(type="ai", content="d", id="d")])
    assert [message.content for message in merged] == ["a", "B", "c", "d"]
    assert [message.content for message in old] == ["a", "b", "c"]


def test_messages_are_removed_by_id_or_all() -> None:
    old = [Message(type="human", content=text, id=text) for text in "abc"]
    assert [message.id for message in add_messages(old, [RemoveMessage("b")])] == ["a", "c"]
    assert [message.id for message in add_messages(old, [{"type": "remove", "id": "a"}])] == ["b", "c"]
    rest = add_messages(old, ["x", RemoveMessage(REMOVE_ALL_MESSAGES), "kept"])
    assert [message.content for message in rest] == ["kept"]
    with pytest.raises(UnknownMessageError, match="no message with id 'zzz'"):
        add_messages(old, [RemoveMessage("zzz")])


def test_removed_and_written_again_stays() -> None:
    old = [Message(type="human", content="a", id="a")]
    again = Message(type="human", content="A", id="a")
    assert add_messages(old, [RemoveMessage("a"), again]) == [again]


def test_details_are_kept() -> None:
    given = {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "args": {}, "id": "1"}], "name": "ann"}
    (message,) = add_messages([], [given])
    assert (message.name, message.tool_calls) == ("ann", given["tool_calls"])


@pytest.mark.parametrize("given", [7, {"content": "no role"}, object()])
def test_what_is_no_message_is_refused(given: Any) -> None:
    with pytest.raises(InvalidUpdateError, match=r"not a message|needs 'role'"):
        add_messages([], [given])


def test_folding_is_adding_one_after_the_other() -> None:
    steps: list[Any] = [
        [Message(type="human", content=text, id=text) for text in "abc"],
        [RemoveMessage("b"), Message(type="ai", content="A", id="a")],
        [Message(type="human", content="b again", id="b")],
        [RemoveMessage("c"), Message(type="human", content="c again", id="c")],
        [RemoveMessage(REMOVE_ALL_MESSAGES), Message(type="human", content="d", id="d")],
        [Message(type="human", content="e", id="e")],
    ]
    for count in range(len(steps) + 1):
        one_by_one: list[Any] = []
        for step in steps[:count]:
            one_by_one = add_messages(one_by_one, step)
        assert fold_messages([], steps[:count]) == one_by_one


@pytest.mark.parametrize(
    "said",
    [
        [{"content": "a"}, {"content": "b", "id": "2"}],
        [{"content": None}, {"content": None}],
        [{"content": []}, {"content": []}],
        [{"content": "a", "name": ""}, {"content": "b", "name": ""}],
        [{"content": "a", "tool_calls": ()}, {"content": "b", "tool_calls": ()}],
        [{"content": "a", "tool_calls": [{"name": "t", "args": {}, "id": "1"}], "status": "error"}, {"content": "b"}],
    ],
)
def test_messages_that_are_taken_apart_by_field_come_back_as_they_were(said: list[dict[str, Any]]) -> None:
    messages = [Message(**({"type": "ai"} | fields)) for fields in said]
    again = Message.of_columns(**Message.columns(messages))
    assert again == messages
    assert [type(message.tool_calls) for message in again] == [type(message.tool_calls) for message in messages]


def test_messages_that_are_made_by_field_share_no_lists() -> None:
    first, second = Message.of_columns(type=["ai", "ai"], content=["a", "b"])
    assert (first.tool_calls, second.tool_calls) == ([], [])
    assert first.tool_calls is not second.tool_calls


def test_fields_that_no_message_has_set_take_no_room() -> None:
    assert Message.columns([Message(type="ai", content="a", id="1")]).keys() == {"type", "content", "id"}
