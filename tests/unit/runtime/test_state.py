"""State: schemas, reducers, what a node sees and what its result means."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, TypedDict

import pytest
import typing_extensions
from langgraph.channels import BinaryOperatorAggregate, EphemeralValue, LastValue, Topic
from pydantic import BaseModel, ValidationError

from runtime import START, InMemorySaver, InvalidGraphError, InvalidUpdateError, StateGraph
from runtime.graph.state import Schema, merge, writes_of


class Typed(TypedDict):
    text: str
    items: Annotated[list[int], operator.add]
    maybe: NotRequired[Annotated[Sequence[int], operator.add]]
    best: Annotated[int | None, lambda old, new: new if old is None else max(old, new)]


class Extended(typing_extensions.TypedDict):
    text: str
    items: Annotated[list[int], operator.add]
    maybe: typing_extensions.NotRequired[int]


def test_a_typeddict_of_typing_extensions_is_a_schema() -> None:
    """On Python 3.11 it is not a `typing.TypedDict`, and most programs use it."""
    channels = Schema(Extended).channels
    assert list(channels) == ["text", "items", "maybe"]
    assert channels["items"].reducer is operator.add
    assert Schema(Extended).view({"text": "a"}) == {"text": "a"}


def test_channels_of_langgraph_merge_as_they_say_or_are_refused() -> None:
    class Known(TypedDict):
        latest: Annotated[Any, LastValue]
        passing: Annotated[Any, EphemeralValue(str)]
        items: Annotated[list[int], BinaryOperatorAggregate(list, operator.add)]

    class Unknown(TypedDict):
        items: Annotated[Any, Topic(str)]

    reducers = {name: channel.reducer for name, channel in Schema(Known).channels.items()}
    assert reducers == {"latest": None, "passing": None, "items": operator.add}
    with pytest.raises(InvalidGraphError, match="'items' is annotated with a channel of LangGraph"):
        StateGraph(Unknown)


def test_reducers_merge_and_plain_keys_take_the_last() -> None:
    channels = Schema(Typed).channels
    values = merge(channels, {"text": "a", "items": [1]}, [("text", "b"), ("items", [2]), ("items", [3]), ("best", 4)])
    assert values == {"text": "b", "items": [1, 2, 3], "best": 4}


def test_keys_with_a_reducer_start_empty_where_they_can() -> None:
    empties = {name: channel.empty and channel.empty() for name, channel in Schema(Typed).channels.items()}
    assert empties == {"text": None, "items": [], "maybe": [], "best": None}


def test_merging_leaves_the_old_values_alone() -> None:
    old = {"items": [1]}
    merge(Schema(Typed).channels, old, [("items", [2])])
    assert old == {"items": [1]}


def test_what_a_node_changes_in_place_stays_with_the_node() -> None:
    def careless(state: Typed) -> Any:
        state["items"].append(99)
        state["text"] = "changed"

    graph = StateGraph(Typed).add_node(careless).add_edge(START, "careless").compile()
    assert graph.invoke({"text": "a", "items": [1]}) == {"text": "a", "items": [1], "maybe": []}


@dataclass
class Data:
    text: str
    items: Annotated[list[int], operator.add] = field(default_factory=list)


class Model(BaseModel):
    text: str
    number: int = 0


@pytest.mark.parametrize(
    ("update", "writes"),
    [
        (None, []),
        ({"text": "a"}, [("text", "a")]),
        ([("text", "a"), ("items", [1])], [("text", "a"), ("items", [1])]),
        (Data("a", [1]), [("text", "a"), ("items", [1])]),
        (Model(text="a"), [("text", "a")]),
        (Model(text="a", number=0), [("text", "a"), ("number", 0)]),
    ],
)
def test_updates_of_every_shape(update: Any, writes: list[tuple[str, Any]]) -> None:
    assert writes_of(update, "it") == writes


def test_an_update_of_no_shape_is_refused() -> None:
    with pytest.raises(InvalidUpdateError, match="it must give a dict of state keys, got str"):
        writes_of("text", "it")


def test_nodes_see_the_schema_s_own_objects() -> None:
    seen: list[Any] = []

    def node(state: Any) -> Any:
        seen.append(state)

    for schema in (Data, Model):
        StateGraph(schema).add_node(node).add_edge(START, "node").compile().invoke({"text": "a"})
    assert seen == [Data("a"), Model(text="a")]


def test_pydantic_states_are_validated_when_a_node_begins() -> None:
    graph = StateGraph(Model).add_node("node", lambda state: {"number": "x"}).add_node("next", lambda state: None)
    compiled = graph.add_edge(START, "node").add_edge("node", "next").compile(InMemorySaver())
    with pytest.raises(ValidationError):
        compiled.invoke({"text": "a"}, {"configurable": {"thread_id": "one"}})
    with pytest.raises(ValidationError):
        compiled.invoke({"text": 1}, {"configurable": {"thread_id": "two"}})
