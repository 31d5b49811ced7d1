"""What LangChain's middleware asks, as it writes it now and did at first; and exactly what each answer gives back."""

from typing import Any

import pytest
from langchain.agents.middleware.human_in_the_loop import _decision_schema
from langchain_core.tools import tool
from pydantic import TypeAdapter

from bot.sandbox.blockkit import check_message
from handlers.cards.blocks import card_message
from handlers.cards.model import Card, Reply, decide
from handlers.cards.payloads import compile_card
from runtime.requests.records import RequestStatus, Verdict
from tests.cards_kit import AT, BEN, filled, make_request, make_thread, step_by_step, texts, wrong

CLICK = Reply(by=BEN, at=AT)
ALL = ["approve", "edit", "reject", "respond"]


def batch(*calls: dict[str, Any], **allowed: list[str]) -> dict[str, Any]:
    names = [call.get("name") or call["action"] for call in calls]
    return {
        "action_requests": list(calls),
        "review_configs": [{"action_name": name, "allowed_decisions": allowed.get(name, ALL)} for name in names],
    }


def press(card: Card, key: str, reply: Reply = CLICK) -> Any:
    action = card.action(key)
    assert action is not None
    return decide(action, reply).value


def keys(card: Card) -> list[str]:
    return [action.key for action in card.actions]


SEND = {"name": "send", "args": {"to": "ada", "amount": 4}, "description": "Tool execution requires approval"}
DROP = {"name": "drop", "args": {"table": "orders"}}
MAIL = {"name": "mail", "args": {"text": "hi", "api_key": "hunter2"}}


class TestOneCall:
    @pytest.mark.parametrize(
        ("key", "typed", "decision"),
        [
            ("approve", {}, {"type": "approve"}),
            (
                "edit",
                {"Amount": "5"},
                {"type": "edit", "edited_action": {"name": "send", "args": {"to": "ada", "amount": 5}}},
            ),
            ("reject", {"Reason": "no"}, {"type": "reject", "message": "no"}),
            ("reject", {"Reason": ""}, {"type": "reject"}),
            ("respond", {"Your answer": "sent"}, {"type": "respond", "message": "sent"}),
        ],
    )
    def test_each_answer_is_a_list_of_one_decision(self, key: str, typed: dict[str, str], decision: Any) -> None:
        card = compile_card(batch(SEND))
        reply = (
            filled(card, key, **{label.replace(" ", "_"): value for label, value in typed.items()}) if typed else CLICK
        )
        assert press(card, key, reply) == {"decisions": [decision]}

    def test_only_what_is_allowed_is_offered(self) -> None:
        assert keys(compile_card(batch(SEND, send=["approve", "reject"]))) == ["approve", "reject"]
        assert keys(compile_card(batch(SEND, send=["respond"]))) == ["respond"]
        assert compile_card(batch(SEND, send=["respond"])).text_action == "respond"

    def test_the_first_spelling_is_understood_and_spoken(self) -> None:
        card = compile_card(batch({"action": "send", "arguments": {"amount": 4}}))
        assert press(card, "edit", filled(card, "edit", Amount="5")) == {
            "decisions": [{"type": "edit", "edited_action": {"action": "send", "arguments": {"amount": 5}}}]
        }

    def test_a_schema_of_the_arguments_makes_the_form_typed(self) -> None:
        request = batch({"name": "send", "args": {"amount": 4}})
        properties = {"amount": {"type": "integer", "maximum": 9}}
        request["review_configs"][0]["args_schema"] = {"type": "object", "properties": properties}
        assert wrong(compile_card(request), "edit", Amount="10") == {"Amount": "Enter 9 or less."}

    def test_secrets_that_langchain_repeats_in_words_are_not_shown(self) -> None:
        told = "Please look\n\nTool: mail\nArgs: {'text': 'hi', 'api_key': 'hunter2'}"
        card = compile_card(batch(MAIL | {"description": told}))
        assert card.why == "Please look"
        message = card_message(card, make_request(None), make_thread(), agent_title="A")
        assert "hunter2" not in str(message)


class TestSeveralCalls:
    def test_there_is_a_row_for_each(self) -> None:
        card = compile_card(batch(SEND, DROP, MAIL))
        assert card.title == "The agent wants to use send, drop, mail"
        message = card_message(card, make_request(None), make_thread(), agent_title="A")
        shown = "\n".join(texts(message.blocks))
        for words in ("1. send", "to: ada", "2. drop", "table: orders", "3. mail"):
            assert words in shown
        assert "hunter2" not in str(message)
        assert keys(card) == ["approve", "reject", "each"]

    def test_why_each_is_wanted_says_which_it_is_about(self) -> None:
        said = {"description": "It is due"}
        assert compile_card(batch(SEND | said, DROP, MAIL)).why == "1. send: It is due"
        assert compile_card(batch(SEND | said, DROP | said)).why == "It is due"

    def test_decisions_may_be_mixed_and_keep_the_order_of_the_calls(self) -> None:
        card = compile_card(batch(SEND, DROP, MAIL))
        chosen = {"1. send": "Edit", "2. drop": "Reject", "3. mail": "Approve"}
        reply = step_by_step(card, "each", chosen, {"Amount": "5", "Reason": "not on a Friday"})
        assert press(card, "each", reply) == {
            "decisions": [
                {"type": "edit", "edited_action": {"name": "send", "args": {"to": "ada", "amount": 5}}},
                {"type": "reject", "message": "not on a Friday"},
                {"type": "approve"},
            ]
        }

    def test_the_card_tells_what_was_decided_about_each(self) -> None:
        payload = batch(SEND, DROP)
        card = compile_card(payload)
        action = card.action("each")
        assert action is not None
        reply = step_by_step(card, "each", {"1. send": "Edit", "2. drop": "Reject"}, {"Amount": "5", "Reason": "no"})
        request = make_request(payload, RequestStatus.DELIVERED, decide(action, reply))
        message = card_message(card, request, make_thread(), agent_title="A")
        assert check_message({"text": message.text, "blocks": message.blocks}) == []
        shown = " ".join(texts(message.blocks))
        assert "1. send:  Edit" in shown
        assert "1. send / amount:  4  →  5" in shown
        assert "2. drop:  Reject: no" in shown

    def test_all_at_once_needs_that_all_allow_it(self) -> None:
        card = compile_card(batch(SEND, DROP, drop=["approve", "respond"]))
        assert keys(card) == ["approve", "each"]
        assert press(card, "approve") == {"decisions": [{"type": "approve"}] * 2}
        card = compile_card(batch(SEND, DROP))
        reason = filled(card, "reject", Reason="no")
        assert press(card, "reject", reason) == {"decisions": [{"type": "reject", "message": "no"}] * 2}

    def test_nothing_is_decided_for_a_call_that_was_left_out(self) -> None:
        errors = wrong(compile_card(batch(SEND, DROP)), "each")
        assert errors == {"Decision on 1. send": "Fill this in.", "Decision on 2. drop": "Fill this in."}


class TestPerCall:
    def card(self, *allowed: str, args: dict[str, Any] | None = None) -> Card:
        @tool
        def send(to: str, amount: int) -> str:
            """Send money."""
            return f"{amount} to {to}"

        decisions: Any = _decision_schema(allowed or ALL, "send", send)  # type: ignore[arg-type]  # names are tested as text
        payload = {"type": "tool_approval", "tool_call_id": "1", "name": "send", "args": args or SEND["args"]}
        return compile_card(payload | {"description": "Look"}, TypeAdapter(decisions).json_schema())

    def test_each_answer_is_one_decision(self) -> None:
        card = self.card()
        assert keys(card) == ALL
        assert press(card, "approve") == {"type": "approve"}
        assert press(card, "reject", filled(card, "reject", Reason="no")) == {"type": "reject", "message": "no"}
        edited = filled(card, "edit", Amount="9")
        assert press(card, "edit", edited) == {
            "type": "edit",
            "edited_action": {"name": "send", "args": {"to": "ada", "amount": 9}},
        }

    def test_the_tools_own_schema_types_the_form(self) -> None:
        assert wrong(self.card(), "edit", Amount="x") == {"Amount": "Enter a whole number, for example 3."}

    def test_only_what_is_allowed_is_offered(self) -> None:
        assert keys(self.card("approve", "reject")) == ["approve", "reject"]
        assert keys(self.card("respond")) == ["respond"]

    def test_without_a_schema_everything_may_be_answered(self) -> None:
        assert keys(compile_card({"type": "tool_approval", "name": "send", "args": {"a": 1}})) == ALL

    def test_each_answer_says_what_it_is(self) -> None:
        verdicts = [Verdict.APPROVED, Verdict.EDITED, Verdict.REJECTED, Verdict.ANSWERED]
        assert [action.verdict for action in self.card().actions] == verdicts


@pytest.mark.parametrize(
    "payload",
    [
        {"action_requests": [], "review_configs": []},
        {"action_requests": [SEND], "review_configs": "all"},
        {"action_requests": [{"name": "send"}], "review_configs": []},
        {"action_requests": ["send"], "review_configs": []},
        batch(SEND, send=[]),
        batch(SEND, DROP, drop=["nonsense"]),
        batch(*[SEND] * 51),
        {"type": "tool_approval", "name": "send"},
    ],
)
def test_what_makes_no_sense_falls_back_to_showing_everything(payload: Any) -> None:
    assert keys(compile_card(payload)) == ["approve", "edit", "reject"]
