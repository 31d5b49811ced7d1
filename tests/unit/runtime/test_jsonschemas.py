"""JSON Schemas of what a graph takes, where a library's own way to say it needs words."""

from typing import Any, TypedDict

import pytest

from runtime import START, RemainingSteps, StateGraph
from runtime.errors import InvalidGraphError
from runtime.graph.compiled import CompiledGraph


def compiled(schema: Any) -> CompiledGraph:
    return StateGraph(schema).add_node("a", lambda _: None).add_edge(START, "a").compile()


def test_a_plain_typeddict_has_one_without_the_keys_that_nobody_writes() -> None:
    class Plain(TypedDict, total=False):
        text: str
        left: RemainingSteps

    schema = compiled(Plain).get_input_jsonschema()
    assert schema["title"] == "Plain"
    assert schema["properties"].keys() == {"text"}


def test_a_type_without_one_is_named() -> None:
    class Odd(TypedDict):
        thing: CompiledGraph

    with pytest.raises(InvalidGraphError, match="no JSON Schema of"):
        compiled(Odd).get_input_jsonschema()
