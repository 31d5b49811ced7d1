"""Tools that ask first: the question, what each answer does, and which answers are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from runtime import (
    START,
    Command,
    CompiledGraph,
    InMemorySaver,
    InvalidAnswerError,
    InvalidGraphError,
    MessagesState,
    StateGraph,
)
from runtime.prebuilt import HumanInterruptConfig, add_human_in_the_loop, tool

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
ARGS = {"hotel_name": "X"}


def book_hotel(hotel_name: str, nights: int = 1) -> str:
    """Book a hotel."""
    return f"{hotel_name} for {nights}"


async def book_later(hotel_name: str, nights: int = 1) -> str:
    """Book a hotel."""
    return f"{hotel_name} for {nights}"


def calling(given: Any, args: dict[str, Any] = ARGS, **options: Any) -> CompiledGraph:
    """Compile a graph whose only node calls the reviewed tool once."""
    reviewed = add_human_in_the_loop(given, **options)

    async def node(_: Any) -> Any:
        return {"messages": [("ai", await reviewed.ainvoke(args))]}

    return StateGraph(MessagesState).add_node(node).add_edge(START, "node").compile(checkpointer=InMemorySaver())


async def answered(graph: CompiledGraph, answer: Any) -> str:
    result = await graph.ainvoke(Command(resume=answer), CONFIG)
    content: str = result["messages"][-1].content
    return content


async def test_the_question_is_a_list_with_one_human_interrupt() -> None:
    (question,) = (await calling(book_hotel).ainvoke({"messages": []}, CONFIG))["__interrupt__"]
    assert question.value == [
        {
            "action_request": {"action": "book_hotel", "args": {"hotel_name": "X"}},
            "config": {"allow_ignore": False, "allow_respond": True, "allow_edit": True, "allow_accept": True},
            "description": "Please review the tool call",
        }
    ]


ALL: HumanInterruptConfig = {"allow_accept": True, "allow_edit": True, "allow_respond": True, "allow_ignore": True}


@pytest.mark.parametrize("given", [book_hotel, book_later, tool(book_hotel)])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"type": "accept", "args": None}, "X for 1"),
        ({"type": "accept"}, "X for 1"),
        ({"type": "edit", "args": {"args": {"hotel_name": "Y"}}}, "Y for 1"),
        ({"type": "edit", "args": {"action": "book_hotel", "args": {"hotel_name": "Y", "nights": 2}}}, "Y for 2"),
        ({"type": "response", "args": "find a cheaper one"}, "find a cheaper one"),
        ({"type": "ignore", "args": None}, " was not run: the person who was asked chose to ignore this call."),
    ],
)
async def test_each_answer_does_what_it_says(given: Callable[..., Any], answer: Any, outcome: str) -> None:
    if given is book_later and "action" in (answer.get("args") or ()):
        answer = {**answer, "args": {**answer["args"], "action": "book_later"}}
    graph = calling(given, interrupt_config=ALL)
    await graph.ainvoke({"messages": []}, CONFIG)
    assert (await answered(graph, [answer])).endswith(outcome)


@pytest.mark.parametrize(
    ("answer", "field", "words"),
    [
        ([{"type": "ignore", "args": None}], "0.type", "'ignore' is not one of ['accept', 'edit', 'response']"),
        ([{"type": "approve"}], "0.type", "'approve' is not one of"),
        ([{"args": None}], "0", "'type' is a required property"),
        ([{"type": "response", "args": None}], "0.args", "None is not of type 'string'"),
        ([{"type": "edit"}], "0", "'args' is a required property"),
        ([{"type": "edit", "args": {"args": {}}}], "0.args.args", "'hotel_name' is a required property"),
        ([{"type": "edit", "args": {"args": {"hotel_name": 7}}}], "0.args.args.hotel_name", "not of type 'string'"),
        ([{"type": "edit", "args": {"args": {**ARGS, "suite": 1}}}], "0.args.args", "'suite' was unexpected"),
        ([{"type": "edit", "args": {"action": "rm", "args": ARGS}}], "0.args.action", "'book_hotel' was expected"),
        ([{"type": "accept"}, {"type": "accept"}], "", "is too long"),
        ([], "", "non-empty"),
        ({"type": "accept"}, "", "is not of type 'array'"),
        (True, "", "is not of type 'array'"),
    ],
)
async def test_an_answer_that_was_not_offered_is_refused_and_leaves_the_question_open(
    answer: Any, field: str, words: str
) -> None:
    graph = calling(book_hotel)
    await graph.ainvoke({"messages": []}, CONFIG)
    with pytest.raises(InvalidAnswerError) as refused:
        await answered(graph, answer)
    assert words in refused.value.problems[field]
    assert await answered(graph, [{"type": "accept"}]) == "X for 1"


async def test_nobody_is_asked_about_arguments_that_do_not_fit() -> None:
    with pytest.raises(ValidationError, match="hotel_name"):
        await calling(book_hotel, {"nights": 2}).ainvoke({"messages": []}, CONFIG)


class Guest(BaseModel):
    name: str


async def test_edited_arguments_are_checked_inside_models_too() -> None:
    def check_in(guests: list[Guest]) -> str:
        """Check in."""
        return ",".join(guest.name for guest in guests)

    graph = calling(check_in, {"guests": [{"name": "Ana"}]})
    await graph.ainvoke({"messages": []}, CONFIG)
    with pytest.raises(InvalidAnswerError) as refused:
        await answered(graph, [{"type": "edit", "args": {"args": {"guests": [{"name": 1}]}}}])
    assert refused.value.problems == {"0.args.args.guests.0.name": "1 is not of type 'string'"}
    assert await answered(graph, [{"type": "edit", "args": {"args": {"guests": [{"name": "Ben"}]}}}]) == "Ben"


def test_a_reviewed_tool_looks_like_the_tool() -> None:
    reviewed, plain = add_human_in_the_loop(book_hotel), tool(book_hotel)
    assert (reviewed.name, reviewed.description, reviewed.schema) == (plain.name, plain.description, plain.schema)


def test_sync_code_may_run_it() -> None:
    reviewed = add_human_in_the_loop(book_hotel)

    def node(_: Any) -> Any:
        return {"messages": [("ai", reviewed.invoke(ARGS))]}

    graph = StateGraph(MessagesState).add_node(node).add_edge(START, "node").compile(checkpointer=InMemorySaver())
    graph.invoke({"messages": []}, CONFIG)
    assert graph.invoke(Command(resume=[{"type": "accept"}]), CONFIG)["messages"][-1].content == "X for 1"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "allows no answer at all"),
        ({"allow_accept": False}, "allows no answer at all"),
        ({"allow_reject": True}, "has no allow_reject; it has allow_accept, allow_edit, allow_respond, allow_ignore"),
    ],
)
def test_a_config_that_nobody_could_answer_is_refused(config: Any, words: str) -> None:
    with pytest.raises(InvalidGraphError, match=words):
        add_human_in_the_loop(book_hotel, interrupt_config=config)
