from typing import Any

import pytest
from pydantic import BaseModel

from handlers.cards.asked import asked
from handlers.cards.forms import read_reply
from handlers.cards.model import Card, Reply, decide
from handlers.cards.payloads import compile_card
from runtime.hitl import Approval, Choice, Decision, Form, Option, Question
from runtime.requests.records import Verdict
from tests.cards_kit import ANA, AT, BEN, filled

CLICK = Reply(by=BEN, at=AT)
REFUND = {"question": "Send a refund of $25?", "amount": 25.0, "customer": "cus_42"}


def keys(card: Card) -> list[str]:
    return [action.key for action in card.actions]


def press(card: Card, key: str, reply: Reply = CLICK) -> Any:
    action = card.action(key)
    assert action is not None
    return decide(action, reply).value


class TestPlainDict:
    def test_offers_approve_edit_reject(self) -> None:
        card = compile_card(REFUND)
        assert (card.title, keys(card)) == ("Send a refund of $25?", ["approve", "edit", "reject"])

    def test_approve_is_true_and_reject_is_false(self) -> None:
        card = compile_card(REFUND)
        assert press(card, "approve") is True
        assert press(card, "reject") is False

    def test_edit_gives_every_field_but_the_question(self) -> None:
        card = compile_card(REFUND)
        reply = filled(card, "edit", Amount="20.50")
        assert press(card, "edit", reply) == {"amount": 20.5, "customer": "cus_42"}

    @pytest.mark.parametrize("key", ["question", "task", "prompt", "instructions"])
    def test_a_key_that_asks_is_the_title_and_no_field(self, key: str) -> None:
        card = compile_card({"amount": 1, key: "Do it?"})
        assert (card.title, dict(card.fields)) == ("Do it?", {"amount": 1})

    @pytest.mark.parametrize("key", ["title", "message"])
    def test_a_key_that_names_is_the_title_and_can_be_edited_too(self, key: str) -> None:
        card = compile_card({"body": "b", key: "Q3 results"})
        assert card.title == "Q3 results"
        assert press(card, "edit", filled(card, "edit")) == {"body": "b", key: "Q3 results"}

    def test_a_question_without_fields_has_nothing_to_edit(self) -> None:
        assert keys(compile_card({"question": "Go on?"})) == ["approve", "reject"]

    def test_without_a_text_that_could_be_the_title_it_says_what_is_wanted(self) -> None:
        assert compile_card({"text_to_revise": "x", "title": 5}).title == "The agent asks for your approval"

    def test_a_model_counts_as_its_dict(self) -> None:
        class Payload(BaseModel):
            question: str = "Go?"
            amount: int = 3

        card = compile_card(Payload())
        assert (card.title, dict(card.fields)) == ("Go?", {"amount": 3})


class TestText:
    def test_the_answer_is_the_text(self) -> None:
        card = compile_card("What is your age?")
        assert press(card, "answer", filled(card, "answer", Your_answer=" 42 ")) == "42"

    def test_a_plain_reply_may_be_the_answer(self) -> None:
        card = compile_card("What is your age?")
        action = card.action(card.text_action or "")
        assert action is not None
        assert read_reply(action, "42", by=BEN, at=AT) == Reply(text="42", by=BEN, at=AT)
        assert read_reply(action, "  ", by=BEN, at=AT) == "Write an answer."

    def test_an_approval_takes_no_plain_reply(self) -> None:
        assert compile_card(REFUND).text_action is None


class TestActions:
    def card(self, *actions: Any, **fields: Any) -> Card:
        return compile_card({"task": "Review", **fields, "actions": list(actions)})

    def test_a_text_is_a_button_that_returns_it(self) -> None:
        card = self.card("Publish", "Skip")
        assert [(action.label, press(card, action.key)) for action in card.actions] == [
            ("Publish", "Publish"),
            ("Skip", "Skip"),
        ]

    def test_given_value_and_note_are_put_in_wherever_they_stand(self) -> None:
        resume = ["update", {"edited": {"text": "$value"}, "why": "$note", "keep": "costs $value"}]
        card = self.card({"label": "Edit", "input": "text", "resume": resume})
        reply = Reply(text="new", note="shorter", by=BEN, at=AT)
        assert press(card, "edit", reply) == [
            "update",
            {"edited": {"text": "new"}, "why": "shorter", "keep": "costs $value"},
        ]

    def test_fields_asks_for_the_payloads_fields(self) -> None:
        card = self.card({"label": "Edit", "input": "fields", "resume": ["update", "$value"]}, city="Rome", days=2)
        assert press(card, "edit", filled(card, "edit", Days="3")) == ["update", {"city": "Rome", "days": 3}]

    def test_a_schema_asks_for_what_it_says(self) -> None:
        schema = {"type": "string", "title": "Summary", "default": "old"}
        card = self.card({"label": "Edit", "input": schema, "resume": {"edited_summary": "$value"}})
        assert press(card, "edit", filled(card, "edit", Summary="new")) == {"edited_summary": "new"}

    def test_without_resume_the_answer_is_what_was_given(self) -> None:
        card = self.card({"label": "Comment", "input": "text"})
        assert press(card, "comment", Reply(text="fine", by=BEN, at=AT)) == "fine"

    def test_resume_may_be_none(self) -> None:
        card = self.card({"label": "Ignore", "resume": None})
        assert press(card, "ignore") is None

    def test_only_the_first_primary_is_primary(self) -> None:
        card = self.card({"label": "A", "style": "primary"}, {"label": "B", "style": "primary"})
        assert [action.style for action in card.actions] == ["primary", None]

    def test_same_labels_stay_two_actions(self) -> None:
        card = self.card({"label": "Go", "resume": 1}, {"label": "Go", "resume": 2}, {"label": "走", "resume": 3})
        assert [press(card, key) for key in keys(card)] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("spec", "verdict"),
        [
            ({"label": "Approve"}, Verdict.APPROVED),
            ({"label": "Ship it", "resume": True}, Verdict.APPROVED),
            ({"label": "Not now", "resume": False}, Verdict.REJECTED),
            ({"label": "Reject", "input": "text"}, Verdict.REJECTED),
            ({"label": "Change", "input": "fields"}, Verdict.EDITED),
            ({"label": "Later"}, Verdict.ANSWERED),
            ({"label": "Notify everybody"}, Verdict.ANSWERED),
        ],
    )
    def test_the_verdict_follows_from_what_the_action_does(self, spec: dict[str, Any], verdict: Verdict) -> None:
        assert self.card(spec, days=1).actions[0].verdict is verdict

    @pytest.mark.parametrize(
        "actions",
        [
            "Approve",
            [],
            [1],
            [{}],
            [{"label": " "}],
            [{"label": "A", "resum": 1}],
            [{"label": "A", "style": "green"}],
            [{"label": "A", "input": {"type": "nonsense"}}],
            [{"label": "A", "input": {"$ref": "https://elsewhere.example/schema"}}],
            ["x"] * 21,
            None,
        ],
    )
    def test_actions_that_make_no_sense_are_shown_like_any_other_field(self, actions: Any) -> None:
        card = compile_card({"question": "Go?", "actions": actions})
        assert (keys(card), dict(card.fields)) == (["approve", "edit", "reject"], {"actions": actions})


class TestTyped:
    def decision(self, card: Card, key: str, reply: Reply = CLICK) -> Decision:
        return Decision.model_validate(press(card, key, reply))

    def test_approve_hands_over_the_arguments(self) -> None:
        decision = self.decision(compile_card(Approval(title="Pay?", args={"amount": 5})), "approve")
        assert decision.approved
        assert (decision.action, decision.args, decision.by) == ("approve", {"amount": 5}, "U0BEN")
        assert decision.at is not None
        assert decision.at.timestamp() == AT

    def test_edit_hands_over_the_edited_arguments_and_the_note(self) -> None:
        card = compile_card(Approval(title="Pay?", args={"amount": 5}))
        decision = self.decision(card, "edit", filled(card, "edit", Amount="4", Note_to_the_agent="less"))
        assert (decision.approved, decision.args, decision.reason) == (True, {"amount": 4}, "less")

    def test_reject_hands_over_the_reason(self) -> None:
        card = compile_card(Approval(title="Pay?", args={"amount": 5}))
        decision = self.decision(card, "reject", filled(card, "reject", Reason="no receipt"))
        assert (decision.approved, decision.action, decision.reason) == (False, "reject", "no receipt")

    def test_an_approval_may_forbid_editing(self) -> None:
        assert keys(compile_card(Approval(title="Pay?", args={"a": 1}, allow_edit=False))) == ["approve", "reject"]

    def test_a_destructive_approval_is_red_and_asks_once_more(self) -> None:
        approve = compile_card(Approval(title="Drop?", approve_label="Drop table", destructive=True)).actions[0]
        assert (approve.label, approve.style, approve.confirm) == ("Drop table", "danger", "Are you sure?")

    def test_a_question_is_answered_with_a_text(self) -> None:
        card = compile_card(Question(title="Which city?"))
        assert card.text_action == "answer"
        assert self.decision(card, "answer", filled(card, "answer", Your_answer="Rome")).value == "Rome"

    def test_a_few_options_are_buttons(self) -> None:
        card = compile_card(Choice(title="Which?", options=[Option(value=v, label=v.upper()) for v in "ab"]))
        decision = self.decision(card, "option_2")
        assert (decision.approved, decision.action, decision.value) == (True, "b", "b")

    def test_many_options_are_a_list_to_choose_from(self) -> None:
        card = compile_card(Choice(title="Which?", options=[Option(value=v, label=v.upper()) for v in "abcdef"]))
        decision = self.decision(card, "answer", filled(card, "answer", Your_answer="E"))
        assert (decision.action, decision.value) == ("e", "e")

    def test_a_form_hands_over_what_its_model_accepts(self) -> None:
        class Trip(BaseModel):
            city: str
            days: int = 2

        form = Form.of(Trip, title="Where to?", submit_label="Book")
        card = compile_card(form)
        decision = form.receive(press(card, "submit", filled(card, "submit", City="Rome")))
        assert decision.value == Trip(city="Rome", days=2)

    def test_a_form_can_be_declined(self) -> None:
        card = compile_card(Form(title="Where to?", json_schema={"type": "object", "properties": {}}))
        assert not self.decision(card, "decline").approved

    def test_a_schema_that_is_none_is_guessed_from_the_arguments(self) -> None:
        card = compile_card(Approval(title="Pay?", args={"amount": 5}, args_schema={"type": "nonsense"}))
        assert self.decision(card, "edit", filled(card, "edit", Amount="4")).args == {"amount": 4}


class TestResponseSchema:
    def test_an_object_is_a_form_that_starts_from_the_payload(self) -> None:
        schema = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}
        card = compile_card({"question": "How much?", "amount": 25.0, "order": 7}, schema)
        assert press(card, "answer", filled(card, "answer")) == {"amount": 25.0}

    def test_a_single_value_comes_back_as_itself(self) -> None:
        card = compile_card("How many?", {"type": "integer", "minimum": 1})
        assert press(card, "answer", filled(card, "answer", Your_answer="3")) == 3

    def test_a_plain_reply_is_held_against_the_schema(self) -> None:
        card = compile_card("How many?", {"type": "integer", "minimum": 1})
        action = card.actions[0]
        assert card.text_action == action.key
        reply = read_reply(action, "3", by=ANA, at=AT)
        assert isinstance(reply, Reply)
        assert action.resume(reply) == 3
        assert read_reply(action, "many", by=ANA, at=AT) == "Enter a whole number, for example 3."
        assert read_reply(action, "0", by=ANA, at=AT) == "Enter 1 or more."

    @pytest.mark.parametrize(
        ("schema", "answers"),
        [
            ({"type": "boolean"}, {"Yes": True, "No": False}),
            ({"enum": ["a", 2]}, {"a": "a", "2": 2}),
        ],
    )
    def test_few_values_are_buttons(self, schema: dict[str, Any], answers: dict[str, Any]) -> None:
        card = compile_card("Go?", schema)
        assert {action.label: press(card, action.key) for action in card.actions} == answers

    def test_a_schema_that_refers_to_its_own_top_still_has_a_form(self) -> None:
        schema = {"anyOf": [{"$ref": "#/x"}, {"type": "array"}], "x": {"type": "object"}}
        card = compile_card("Which?", schema)
        assert press(card, "answer", filled(card, "answer", Your_answer="[1]")) == [1]

    def test_a_schema_that_is_none_is_left_aside(self) -> None:
        assert keys(compile_card("Go?", {"type": "nonsense"})) == ["answer"]


@pytest.mark.parametrize("payload", [None, 7, [1, 2], [], {}, {1: "a"}, {"deep": [[]]}])
def test_anything_else_can_be_approved_or_rejected(payload: object) -> None:
    card = compile_card(payload)
    assert press(card, "approve") is True
    assert press(card, "reject") is False


def test_what_nests_without_an_end_is_shown_as_far_as_it_can_be() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    assert keys(compile_card({"question": "Go?", "deep": cycle})) == ["approve", "reject"]


@pytest.mark.parametrize(
    ("payload", "approvers"),
    [
        (Approval(title="Pay?", approvers=["U0BEN"]), ("U0BEN",)),
        ({"actions": ["Go"], "approvers": ["U0BEN", "U0CARLA"]}, ("U0BEN", "U0CARLA")),
        ({"actions": ["Go"], "approvers": "U0BEN"}, ("U0BEN",)),
        ({"actions": ["Go"], "approvers": [5]}, ("5",)),
        ({"actions": ["Go"], "approvers": []}, ()),
        ({"question": "Pay?", "approvers": ["U0BEN"]}, ("U0BEN",)),
        ("Go?", ()),
    ],
)
def test_the_payload_says_who_may_answer(payload: object, approvers: tuple[str, ...]) -> None:
    assert asked(payload).approvers == approvers


def test_who_may_answer_is_no_field_to_edit() -> None:
    card = compile_card({"question": "Pay?", "amount": 5, "approvers": ["U0BEN"]})
    assert card.fields == {"amount": 5}
