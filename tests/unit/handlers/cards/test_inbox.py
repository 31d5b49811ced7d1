"""Calls of tools to review, in Agent Inbox's shape: what is offered, and exactly what each answer gives back."""

from typing import Any

import pytest

from handlers.cards.model import Card, Reply, decide
from handlers.cards.payloads import compile_card
from runtime import Command, CompiledGraph, InMemorySaver, Interrupt, Message
from runtime.prebuilt import HumanInterruptConfig, add_human_in_the_loop, create_react_agent
from runtime.requests.records import Verdict
from tests.cards_kit import AT, BEN, filled, step_by_step, wrong

ALL = {"allow_ignore": True, "allow_respond": True, "allow_edit": True, "allow_accept": True}
CLICK = Reply(by=BEN, at=AT)
CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


def call(action: str = "book_hotel", /, config: dict[str, bool] = ALL, **args: Any) -> dict[str, Any]:
    return {"action_request": {"action": action, "args": args}, "config": config, "description": "Please review"}


def press(card: Card, key: str, reply: Reply = CLICK) -> Any:
    action = card.action(key)
    assert action is not None
    return decide(action, reply).value


def keys(card: Card) -> list[str]:
    return [action.key for action in card.actions]


def test_a_call_is_shown_with_its_arguments() -> None:
    card = compile_card([call(hotel_name="X", nights=2)])
    assert (card.title, card.why) == ("The agent wants to use book_hotel", "Please review")
    assert dict(card.fields) == {"hotel_name": "X", "nights": 2}
    assert [(action.key, action.verdict) for action in card.actions] == [
        ("accept", Verdict.APPROVED),
        ("edit", Verdict.EDITED),
        ("respond", Verdict.ANSWERED),
        ("ignore", Verdict.REJECTED),
    ]


def test_each_answer_is_a_list_with_one_response() -> None:
    card = compile_card([call(hotel_name="X", nights=2)])
    assert press(card, "accept") == [{"type": "accept", "args": None}]
    assert press(card, "ignore") == [{"type": "ignore", "args": None}]
    said = filled(card, "respond", Your_answer="too dear")
    assert press(card, "respond", said) == [{"type": "response", "args": "too dear"}]
    edited = filled(card, "edit", Hotel_name="Y")
    assert press(card, "edit", edited) == [
        {"type": "edit", "args": {"action": "book_hotel", "args": {"hotel_name": "Y", "nights": 2}}}
    ]


@pytest.mark.parametrize(
    ("allowed", "offered"),
    [("allow_accept", "accept"), ("allow_edit", "edit"), ("allow_respond", "respond"), ("allow_ignore", "ignore")],
)
def test_only_what_the_config_allows_is_offered(allowed: str, offered: str) -> None:
    assert keys(compile_card([call(config={**dict.fromkeys(ALL, False), allowed: True}, hotel_name="X")])) == [offered]
    assert offered in keys(compile_card([call(config={allowed: True}, hotel_name="X")]))


def test_a_call_without_arguments_has_nothing_to_edit() -> None:
    assert keys(compile_card([call("stop_all")])) == ["accept", "respond", "ignore"]


def test_a_plain_reply_counts_only_where_nothing_could_be_approved() -> None:
    assert compile_card([call(x=1)]).text_action is None
    assert compile_card([call(config={"allow_respond": True}, x=1)]).text_action == "respond"


def test_several_calls_in_one_list_are_accepted_together_or_decided_one_by_one() -> None:
    two = {"allow_accept": True, "allow_edit": True}
    card = compile_card([call(hotel_name="X"), call("mail", two, to="a")])
    assert card.title == "The agent wants to use book_hotel, mail"
    assert card.why == "Please review"
    assert dict(card.fields) == {"1. book_hotel": {"hotel_name": "X"}, "2. mail": {"to": "a"}}
    assert press(card, "accept") == [{"type": "accept", "args": None}] * 2
    assert keys(card) == ["accept", "each"]
    decided = step_by_step(
        card, "each", {"1. book_hotel": "Respond", "2. mail": "Edit"}, {"Your answer": "too dear", "To": "b"}
    )
    assert press(card, "each", decided) == [
        {"type": "response", "args": "too dear"},
        {"type": "edit", "args": {"action": "mail", "args": {"to": "b"}}},
    ]


@pytest.mark.parametrize(
    "payload",
    [
        [],
        [{"action_request": {"action": "x"}, "config": ALL}],
        [call(x=1), "and this"],
        [call(config={}, x=1)],
        [call(x=1)] * 51,
    ],
)
def test_what_nobody_could_answer_so_falls_back_to_showing_everything(payload: Any) -> None:
    assert keys(compile_card(payload)) == ["approve", "reject"]


# From the card to the graph and back.


def book_hotel(hotel_name: str, nights: int = 1, breakfast: bool | None = None) -> str:
    """Book a hotel."""
    return f"{hotel_name}, {nights} nights, breakfast: {breakfast}"


def booking() -> CompiledGraph:
    def model(messages: list[Any], _: Any) -> Any:
        if messages[-1].type == "tool":
            return messages[-1].content
        return Message(
            type="ai",
            content="",
            tool_calls=[{"name": "book_hotel", "args": {"hotel_name": "X", "nights": 2}, "id": "1"}],
        )

    config: HumanInterruptConfig = {
        "allow_accept": True,
        "allow_edit": True,
        "allow_respond": True,
        "allow_ignore": True,
    }
    reviewed = add_human_in_the_loop(book_hotel, interrupt_config=config)
    return create_react_agent(model, [reviewed], checkpointer=InMemorySaver())


def asked(graph: CompiledGraph) -> Card:
    question: Interrupt = graph.invoke({"messages": "book X"}, CONFIG)["__interrupt__"][0]
    return compile_card(question.value, question.response_schema)


def test_the_form_is_typed_by_the_tools_schema() -> None:
    card = asked(booking())
    assert list(card.schema["properties"]) == ["hotel_name", "nights", "breakfast"]
    assert wrong(card, "edit", Nights="many") == {"Nights": "Enter a whole number, for example 3."}


@pytest.mark.parametrize(
    ("key", "typed", "outcome"),
    [
        ("accept", None, "X, 2 nights, breakfast: None"),
        ("edit", {"Nights": "3", "Breakfast": "Yes"}, "X, 3 nights, breakfast: True"),
        ("respond", {"Your_answer": "find a cheaper one"}, "find a cheaper one"),
        ("ignore", None, "book_hotel was not run: the person who was asked chose to ignore this call."),
    ],
)
def test_every_answer_of_the_card_is_one_the_graph_takes(key: str, typed: Any, outcome: str) -> None:
    graph = booking()
    card = asked(graph)
    reply = filled(card, key, **typed) if typed else CLICK
    assert graph.invoke(Command(resume=press(card, key, reply)), CONFIG)["messages"][-1].content == outcome
