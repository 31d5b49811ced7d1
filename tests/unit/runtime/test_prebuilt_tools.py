"""Tools: what a model gets to know of a function, and how a call runs it."""

import asyncio
import threading
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from runtime import Command, InvalidGraphError, Message
from runtime.prebuilt import Tool, tool
from runtime.types import Config


def book(hotel: str, nights: Annotated[int, Field(ge=1, description="How long")] = 1) -> str:
    """Book a hotel."""
    return f"{hotel} for {nights}"


def call(name: str, call_id: str = "c1", /, **args: Any) -> dict[str, Any]:
    return {"type": "tool_call", "name": name, "args": args, "id": call_id}


def test_a_function_is_described_by_its_name_docstring_and_signature() -> None:
    made = tool(book)
    assert (made.name, made.description) == ("book", "Book a hotel.")
    assert made.schema["required"] == ["hotel"]
    assert made.schema["properties"]["hotel"]["type"] == "string"
    nights = made.schema["properties"]["nights"]
    assert (nights["description"], nights["minimum"], nights["default"]) == ("How long", 1, 1)


def test_a_decorator_may_say_it_in_other_words() -> None:
    @tool
    def plain() -> None:
        """Do it."""

    @tool("search", description="Search the web")
    def named(query: str) -> str:
        return query

    @tool(description="Look")
    def described(query: str) -> str:
        return query

    assert [(made.name, made.description) for made in (plain, named, described)] == [
        ("plain", "Do it."),
        ("search", "Search the web"),
        ("described", "Look"),
    ]
    assert tool(book, description="B").description == "B"


def test_bare_arguments_give_what_the_function_returned() -> None:
    assert tool(book).invoke({"hotel": "X", "nights": 2}) == "X for 2"


def test_a_models_call_gives_a_message() -> None:
    assert tool(book).invoke(call("book", hotel="X")) == Message(
        type="tool", content="X for 1", name="book", tool_call_id="c1", status="success"
    )


class Trip(BaseModel):
    day: date


def test_arguments_come_in_their_types() -> None:
    def plan(trip: Trip, days: list[date]) -> Any:
        """Plan."""
        return [trip, *days]

    given = {"trip": {"day": "2026-01-02"}, "days": ["2026-01-03"]}
    assert tool(plan).invoke(given) == [Trip(day=date(2026, 1, 2)), date(2026, 1, 3)]


@pytest.mark.parametrize("args", [{}, {"hotel": 1}, {"hotel": "X", "nights": 0}, {"hotel": "X", "suite": True}])
def test_arguments_that_do_not_fit_are_refused_unknown_ones_too(args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tool(book).invoke(args)


def test_a_schema_may_be_given_as_a_model_or_as_json_schema() -> None:
    class Query(BaseModel):
        text: str
        limit: int = 3

    def search(**given: Any) -> Any:
        """Search."""
        return given

    assert tool(search, args_schema=Query).invoke({"text": "a"}) == {"text": "a", "limit": 3}
    by_json = tool(search, args_schema={"type": "object", "properties": {"text": {"type": "string"}}})
    assert by_json.schema["properties"] == {"text": {"type": "string"}}
    assert by_json.invoke({"text": "a"}) == {"text": "a"}
    with pytest.raises(ValueError, match="text: 1 is not of type 'string'"):
        by_json.invoke({"text": 1})


def test_a_function_of_any_arguments_takes_any() -> None:
    def search(**given: Any) -> Any:
        """Search."""
        return given

    assert tool(search).invoke({"text": "a", "deep": {"x": 1}}) == {"text": "a", "deep": {"x": 1}}


def test_arguments_may_be_called_like_methods_of_a_model() -> None:
    def dump(schema: str, json: str, model_name: str) -> str:
        """Dump."""
        return schema + json + model_name

    assert tool(dump).invoke({"schema": "a", "json": "b", "model_name": "c"}) == "abc"


def test_the_runs_config_is_given_and_not_shown() -> None:
    def whose(name: str, config: Config) -> str:
        """Whose."""
        return f"{name} {config['configurable']['thread_id']}"

    made = tool(whose)
    assert list(made.schema["properties"]) == ["name"]
    assert made.invoke({"name": "a"}, {"configurable": {"thread_id": "7"}}) == "a 7"


def test_an_argument_called_config_is_one_like_any_other() -> None:
    def deploy(config: dict[str, int]) -> int:
        """Deploy."""
        return config["replicas"]

    assert tool(deploy).invoke({"config": {"replicas": 3}}) == 3


async def test_an_async_function_is_awaited() -> None:
    async def look(query: str) -> str:
        """Look."""
        await asyncio.sleep(0)
        return query

    assert await tool(look).ainvoke({"query": "a"}) == "a"
    with pytest.raises(TypeError, match="'look' is async: use ainvoke"):
        tool(look).invoke({"query": "a"})


async def test_a_sync_function_does_not_block_the_loop() -> None:
    def where() -> int:
        """Where."""
        return threading.get_ident()

    assert await tool(where).ainvoke({}) != threading.get_ident()


class Offer(BaseModel):
    price: float


@pytest.mark.parametrize(
    ("returned", "content"),
    [
        ("text", "text"),
        ({"a": ["ü"]}, '{"a": ["ü"]}'),
        (Offer(price=2.5), '{"price": 2.5}'),
        (None, "null"),
        (date(2026, 1, 2), "2026-01-02"),
        ([], "[]"),
    ],
)
def test_the_model_reads_a_result_as_text(returned: Any, content: str) -> None:
    def give() -> Any:
        """Give."""
        return returned

    assert tool(give).invoke(call("give")).content == content


@pytest.mark.parametrize(
    "returned",
    [
        Command(goto="x"),
        Message(type="tool", content="a", tool_call_id="c1"),
        [Command(update={}), Message(type="tool", content="a", tool_call_id="c1")],
    ],
)
def test_commands_and_messages_of_a_tool_stay_what_they_are(returned: Any) -> None:
    def give() -> Any:
        """Give."""
        return returned

    assert tool(give).invoke(call("give")) is returned


def test_what_cannot_be_described_is_refused_by_name() -> None:
    def silent() -> None: ...

    def positional(first: int, /, *rest: int) -> None:
        """Do."""

    cases: list[tuple[Callable[..., Any], str]] = [
        (silent, "'silent' needs a name and a docstring"),
        (lambda: None, "'<lambda>' needs a name"),
        (positional, "'first: int' can get none"),
    ]
    for function, words in cases:
        with pytest.raises(InvalidGraphError, match=words):
            tool(function)


def test_a_tool_is_a_tool() -> None:
    assert isinstance(tool(book), Tool)
