"""Schemas that name their type: found again where it is the same, and asked what it has against a value."""

import logging
from dataclasses import dataclass
from typing import Any, Literal, Self

import pytest
from pydantic import BaseModel, model_validator

from runtime.named_types import TYPE, Problem, problems, schema_of


class Range(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Broken(BaseModel):
    low: int

    @model_validator(mode="before")
    @classmethod
    def _fails(cls, data: Any) -> Any:
        return data["nowhere"]


@dataclass
class Point:
    x: int


MISFIT = {"low": 2, "high": 1}


def test_what_its_validators_say_is_told_in_their_words() -> None:
    assert problems(schema_of(Range), MISFIT) == [Problem((), "low is above high")]
    assert problems(schema_of(Range), {"low": 1, "high": 2}) == []


@pytest.mark.parametrize("kind", [Range, Point])
def test_models_and_dataclasses_are_named(kind: type) -> None:
    assert schema_of(kind)[TYPE] == f"{__name__}:{kind.__name__}"


@pytest.mark.parametrize("kind", [int, list[int], Literal["a"], Range | Point])
def test_what_has_no_name_of_its_own_is_not_named(kind: Any) -> None:
    assert TYPE not in schema_of(kind)


def test_a_type_made_within_a_function_is_not_named() -> None:
    class Local(BaseModel):
        low: int

    assert TYPE not in schema_of(Local)


def test_a_type_that_asks_for_something_else_by_now_is_not_asked() -> None:
    older = schema_of(Range)
    older["required"] = ["low"]
    assert problems(older, MISFIT) == []


@pytest.mark.parametrize("name", [None, 7, "", ":", "os:system", "nowhere:Range", f"{__name__}:MISFIT", f"{__name__}"])
def test_a_name_that_leads_to_no_model_is_none(name: object) -> None:
    assert problems({**schema_of(Range), TYPE: name}, MISFIT) == []


def test_validators_that_break_have_nothing_to_say(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert problems(schema_of(Broken), {"low": 1}) == []
    assert "Broken raised" in caplog.text
