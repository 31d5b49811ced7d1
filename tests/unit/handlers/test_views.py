"""What a model has against a form is waited for only as long as Slack waits for us."""

import asyncio
from typing import Self

from pydantic import BaseModel, model_validator

from handlers.cards.forms import named
from handlers.cards.ids import field_block
from handlers.cards.model import Action, Reply
from handlers.cards.payloads import compile_card
from handlers.views import PATIENCE, own_errors_by
from runtime.hitl import Approval, Form
from tests.cards_kit import AT, BEN


class Range(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


MISFIT = Reply(values={"low": 2, "high": 1}, by=BEN, at=AT)


def action_of(payload: object, key: str = "submit") -> Action:
    action = compile_card(payload).action(key)
    assert action is not None
    return action


async def test_a_validator_that_does_not_answer_in_time_keeps_nobody_waiting() -> None:
    now = asyncio.get_running_loop().time()
    submit = action_of(Form.of(Range, title="?"))
    assert await own_errors_by(now - 1, submit, MISFIT, None) == {}
    assert await own_errors_by(now + 60, submit, MISFIT, None) == {field_block(["low"]): "low is above high"}
    assert PATIENCE < 3


def test_only_a_form_that_was_made_of_a_type_is_held_against_it() -> None:
    assert named(action_of(Form.of(Range, title="?")))
    assert not named(action_of(Form(title="?", json_schema=Range.model_json_schema())))
    assert not named(action_of(Approval(title="?", args={"low": 1}), "edit"))
    assert not named(action_of("Who?", "answer"))
