from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.blockkit import check_message
from handlers.cards import ids
from handlers.cards.blocks import Message, card_message
from handlers.cards.model import AskText, Reply, decide
from handlers.cards.payloads import compile_card
from runtime.hitl import Approval, Choice, Option
from runtime.requests.records import Decision, RequestStatus, ThreadStatus, Verdict
from tests.cards_kit import AT, BEN, buttons, make_request, make_thread, texts

REFUND = {"question": "Send a refund of $25?", "amount": 25.0, "customer": "cus_42"}
INJECTION = "<!channel> <@U0BEN> <https://evil.example|click> *b* & co"


def message(
    payload: object,
    status: RequestStatus = RequestStatus.OPEN,
    thread: ThreadStatus = ThreadStatus.WAITING,
    decision: Decision | None = None,
    **request: Any,
) -> Message:
    made = card_message(
        compile_card(payload),
        replace(make_request(payload, status, decision), **request),
        make_thread(thread),
        agent_title="Refunds",
    )
    assert check_message({"text": made.text, "blocks": made.blocks}) == []
    return made


def decision_of(payload: object, key: str, **reply: Any) -> Decision:
    action = compile_card(payload).action(key)
    assert action is not None
    return decide(action, Reply(by=BEN, at=AT, **reply))


def decided(payload: object, key: str, **reply: Any) -> str:
    """All a decided card says."""
    made = message(payload, RequestStatus.DELIVERED, ThreadStatus.RUNNING, decision_of(payload, key, **reply))
    return "".join(texts(made.blocks))


class TestOpen:
    def test_it_says_what_about_what_and_for_whom(self) -> None:
        said = "".join(texts(message(REFUND).blocks))
        assert said.startswith("Send a refund of $25?Amount: 25.0\nCustomer: cus_42\n")
        assert "Requested by <@U0ANA> · Refunds" in said

    def test_the_text_alone_asks_the_question(self) -> None:
        assert message(REFUND).text == (
            "Refunds: Send a refund of $25? Requested by <@U0ANA>. Open this message to answer."
        )

    def test_buttons_carry_the_request_and_nothing_else(self) -> None:
        block = message(REFUND, revision=3).blocks[-1]
        assert ids.parse_card_block(block["block_id"]) == ids.CardRef(request_id=make_request(None).id, revision=3)
        assert [element.get("value", "") for element in block["elements"]] == ["r1", "r1", "r1", ""]
        assert [ids.action_key(element["action_id"]) for element in block["elements"]] == [
            "approve",
            "edit",
            "reject",
            None,
        ]

    def test_a_button_that_asks_for_more_says_so(self) -> None:
        assert buttons(message(REFUND).blocks) == ["Approve", "Edit…", "Reject…"]

    def test_only_approve_stands_out(self) -> None:
        styles = [element.get("style") for element in message(REFUND).blocks[-1]["elements"]]
        assert styles == ["primary", None, None, None]

    def test_a_destructive_action_asks_once_more(self) -> None:
        button = message(Approval(title="Drop users?", destructive=True)).blocks[-1]["elements"][0]
        assert button["style"] == "danger"
        assert texts(button["confirm"]) == ["Are you sure?", "Drop users?", "Approve", "Back"]

    def test_it_says_who_alone_may_answer(self) -> None:
        people = [f"U0{index:03}" for index in range(12)]
        said = "".join(texts(message(Approval(title="Pay?", approvers=people)).blocks))
        assert "Only <@U0000>, " in said
        assert "<@U0007> or 4 more can answer" in said

    def test_an_approver_that_is_no_user_id_mentions_nobody(self) -> None:
        said = "".join(texts(message(Approval(title="Pay?", approvers=["!channel> <!here"])).blocks))
        assert "<!" not in said
        assert "@!channel&gt; &lt;!here" in said

    def test_it_says_why_the_answer_before_did_not_do(self) -> None:
        assert "The last answer did not fit. Too young." in "".join(texts(message("Age?", problem="Too young.").blocks))

    def test_a_title_too_long_for_a_header_is_shown_once_and_whole(self) -> None:
        title = "Really? " * 30
        shown = texts(message(title).blocks)
        assert shown[0] == title.strip()

    def test_the_first_line_of_a_question_is_its_title(self) -> None:
        blocks = message("Publish this?\n\nDear all,").blocks
        assert [texts(block)[0] for block in blocks[:2]] == ["Publish this?", "Dear all,"]

    def test_a_label_too_long_for_a_button_stands_above_it(self) -> None:
        label = "Send it to everybody who ever bought anything from us and to their friends too"
        said = texts(message(Choice(title="?", options=[Option(value="a", label=label)])).blocks)
        assert label in said


class TestFields:
    def said(self, **fields: Any) -> str:
        return "".join(texts(message({"question": "Go?", **fields}).blocks))

    @pytest.mark.parametrize(
        ("value", "shown"),
        [(True, "Yes"), (None, "empty"), ("", "empty"), ([], "empty"), ({}, "empty"), (["a", "b"], "a, b"), (0, "0")],
    )
    def test_values_read_like_words(self, value: Any, shown: str) -> None:
        assert f"Field: {shown}\n" in self.said(field=value)

    def test_nested_values_are_an_outline(self) -> None:
        shown = self.said(config={"a": 1, "list": [1, 2], "deep": {"b": "x"}, "rows": [{"c": None}], "two": "l\nm"})
        assert 'a: 1\nlist: 1, 2\ndeep:\n  b: x\nrows:\n  -\n    c: null\ntwo: "l\\nm"' in shown

    @pytest.mark.parametrize(
        ("key", "label"),
        [("order_id", "Order id"), ("orderId", "Order id"), ("VAT-ID", "VAT ID"), ("", "Value"), ("__", "Value")],
    )
    def test_keys_read_like_words(self, key: str, label: str) -> None:
        assert f"{label}: 1\n" in self.said(**{key: 1})

    def test_a_long_text_is_cut_by_lines_and_says_so(self) -> None:
        made = message({"question": "Publish?", "body": "\n".join(f"Line {n}" for n in range(220))})
        said = texts(made.blocks)
        assert "Body (14 of 220 lines)" in said
        assert buttons(made.blocks) == ["Approve", "Edit…", "Reject…", "View everything"]

    @pytest.mark.parametrize(("body", "shown"), [("x\n" * 220, "Body (14 of 220 lines)"), ("x\n" * 14, "Body")])
    def test_the_end_of_the_last_line_is_no_line(self, body: str, shown: str) -> None:
        said = texts(message({"question": "Publish?", "body": body}).blocks)
        assert [text for text in said if text.startswith("Body")] == [shown]

    def test_what_is_cut_is_there_in_full_folded_up_without_secrets(self) -> None:
        body = "".join(f"Line {n}\n" for n in range(900)) + "ghp_1111111111111111"
        (fold,) = self.folds(body)
        said = "".join(texts(fold["child_blocks"]))
        assert said.startswith("Line 0\nLine 1\n")
        assert "Line 899\n" in said
        assert "ghp_" not in said

    def test_what_is_too_long_or_not_cut_is_not_folded_up(self) -> None:
        assert self.folds("x" * 9001) == []
        assert self.folds("x" * 900) == []
        assert len(self.folds(*("x" * 1600 for _ in range(7)))) == 5

    def folds(self, *bodies: str) -> list[dict[str, Any]]:
        payload = {"question": "Publish?"} | {f"body_{n}": body for n, body in enumerate(bodies)}
        return [block for block in message(payload).blocks if block["type"] == "container"]

    def test_many_fields_are_counted(self) -> None:
        assert "138 more fields not shown here." in self.said(**{f"f{n}": n for n in range(150)})

    @pytest.mark.parametrize("key", ["password", "api_key", "apiKey", "Authorization", "x-auth-token", "client_secret"])
    def test_secrets_are_masked_by_key_at_any_depth(self, key: str) -> None:
        assert "hunter2" not in self.said(**{key: "hunter2"}, config={"a": [{key: "hunter2"}]})

    @pytest.mark.parametrize(
        "token",
        [
            "xoxb-123456789012-abc",
            "sk-proj-abcdefghijklmnop",
            "ghp_abcdefghijklmnopqrst",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        ],
    )
    def test_secrets_are_masked_by_shape_wherever_they_stand(self, token: str) -> None:
        made = message({"question": f"Use {token}?", "command": f"run {token} now", "list": [token]})
        assert token not in made.text + "".join(texts(made.blocks))
        assert token.replace("\n", " ") not in str(made.blocks)

    @pytest.mark.parametrize("key", ["token_count", "max_tokens", "secret_name", "password_required"])
    def test_what_only_sounds_like_a_secret_is_shown(self, key: str) -> None:
        assert "value7" in self.said(**{key: "value7"})


class TestUntrustedText:
    def test_nothing_an_agent_says_is_mrkdwn(self) -> None:
        payload = Approval(title=INJECTION, description=INJECTION, args={INJECTION: INJECTION})
        assert not [text for text in _mrkdwn(message(payload).blocks) if "evil" in text]

    def test_the_text_is_escaped(self) -> None:
        assert "&lt;!channel&gt; &lt;@U0BEN&gt; &lt;https://evil.example|click&gt;" in message(INJECTION).text

    def test_neither_do_people_or_agents_names(self) -> None:
        decision = replace(decision_of("Go?", "answer", text=INJECTION), label=INJECTION, reason=INJECTION)
        made = card_message(
            compile_card("Go?"),
            make_request("Go?", RequestStatus.DELIVERED, decision),
            make_thread(),
            agent_title=INJECTION,
        )
        assert not [text for text in [made.text, *_mrkdwn(made.blocks)] if "<!channel" in text or "<http" in text]

    def test_characters_that_reorder_or_break_text_are_made_visible(self) -> None:
        said = "".join(texts(message({"question": "a\u202eb", "x": "\ud800\x00"}).blocks))
        assert "a\ufffdb" in said
        assert "X: \ufffd\ufffd" in said


def _mrkdwn(value: Any) -> list[str]:
    match value:
        case {"type": "mrkdwn", "text": str() as text}:
            return [text]
        case dict():
            return [text for item in value.values() for text in _mrkdwn(item)]
        case list():
            return [text for item in value for text in _mrkdwn(item)]
        case _:
            return []


class TestDecided:
    def test_the_same_body_without_buttons(self) -> None:
        before = message(REFUND)
        after = message(REFUND, RequestStatus.DECIDED, decision=decision_of(REFUND, "approve"))
        assert after.blocks[:2] == before.blocks[:2]
        assert buttons(after.blocks) == []

    @pytest.mark.parametrize(
        ("payload", "key", "reply", "line"),
        [
            (REFUND, "approve", {}, "✅ *Approved* by <@U0BEN> · <!date^1767261600^"),
            (REFUND, "reject", {"note": "no receipt"}, "⛔ *Rejected* by <@U0BEN> ·"),
            (REFUND, "edit", {"values": {"amount": 20.0}}, "✏️ *Approved with changes* by <@U0BEN> ·"),
            (REFUND, "edit", {"values": {"amount": 25.0, "customer": "cus_42"}}, "✅ *Approved* by <@U0BEN> ·"),
            ("Age?", "answer", {"text": "42"}, "💬 *Answered* by <@U0BEN> ·"),
            ({"task": "?", "actions": ["Skip"]}, "skip", {}, "💬 *Answered* by <@U0BEN>: Skip ·"),
            (Approval(title="?", approve_label="Pay"), "approve", {}, "✅ *Approved* by <@U0BEN>: Pay ·"),
        ],
    )
    def test_who_decided_what_and_when(self, payload: object, key: str, reply: dict[str, Any], line: str) -> None:
        assert line in decided(payload, key, **reply)

    def test_what_was_changed(self) -> None:
        said = decided(REFUND, "edit", values={"amount": 20.0, "customer": "cus_42"})
        assert "Amount: 25.0 → 20.0" in said
        assert "Customer: cus_42 →" not in said

    def test_a_change_of_type_is_a_change(self) -> None:
        assert "Flag: 1 → Yes" in decided({"question": "?", "flag": 1}, "edit", values={"flag": True})

    def test_that_a_secret_was_changed_but_not_to_what(self) -> None:
        said = decided({"question": "?", "password": "old1"}, "edit", values={"password": "new1"})
        assert "Password: changed" in said
        assert "old1" not in said
        assert "new1" not in said

    def test_what_was_answered_and_why(self) -> None:
        assert "forty two" in decided("Age?", "answer", text="forty two")
        assert "no receipt" in decided(REFUND, "reject", note="no receipt")

    @pytest.mark.parametrize(
        ("status", "thread", "line"),
        [
            (RequestStatus.DECIDED, ThreadStatus.WAITING, "⏳ Passing the answer on…"),
            (RequestStatus.DECIDED, ThreadStatus.RUNNING, "⏳ Passing the answer on…"),
            (RequestStatus.DELIVERED, ThreadStatus.RUNNING, "▶️ The agent is working on it…"),
            (RequestStatus.DELIVERED, ThreadStatus.WAITING, "▶️ The agent went on and is waiting for another answer."),
            (RequestStatus.DELIVERED, ThreadStatus.FINISHED, "🏁 Finished."),
            (RequestStatus.DELIVERED, ThreadStatus.FAILED, "❌ The run failed after this answer."),
            (RequestStatus.DELIVERED, ThreadStatus.STOPPED, "🛑 Run stopped by <@U0ANA>"),
        ],
    )
    def test_decided_and_done_are_never_confused(self, status: RequestStatus, thread: ThreadStatus, line: str) -> None:
        blocks = message(REFUND, status, thread, decision_of(REFUND, "approve")).blocks
        assert texts([block for block in blocks if block["type"] != "actions"])[-1] == line

    def test_it_stays_readable_in_full(self) -> None:
        payload = {"question": "Publish?", "body": "x\n" * 99}
        made = message(payload, RequestStatus.DELIVERED, decision=decision_of(payload, "approve"))
        assert buttons(made.blocks) == ["View everything", "Answer differently"]

    def test_a_hundred_changes_are_counted(self) -> None:
        payload = {"question": "?", **{f"f{n}": n for n in range(100)}}
        said = decided(payload, "edit", values={f"f{n}": n + 1 for n in range(100)})
        assert "and 90 more changes" in said


def test_a_replaced_question_says_so() -> None:
    assert "newer message" in texts(message(REFUND, RequestStatus.REPLACED).blocks)[-1]


def test_a_stopped_question_says_by_whom() -> None:
    made = message(REFUND, RequestStatus.STOPPED, ThreadStatus.STOPPED)
    assert texts(made.blocks)[-1] == "🛑 Run stopped by <@U0ANA>"
    assert made.text.endswith("🛑 Run stopped by <@U0ANA>.")


def test_an_answer_is_recorded_under_its_own_name() -> None:
    decision = decision_of("Age?", "answer", text="42")
    assert decision.verdict is Verdict.ANSWERED
    assert [change.field for change in decision.changes] == [AskText.FIELD]
