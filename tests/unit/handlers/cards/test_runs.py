from dataclasses import replace

import pytest

from bot.sandbox.blockkit import check_message, check_view
from handlers.cards import ids
from handlers.cards.blocks import Message
from handlers.cards.details import turn_view
from handlers.cards.model import Reply, decide
from handlers.cards.payloads import compile_card
from handlers.cards.refusals import notice_view, settled, words_of
from handlers.cards.runs import outcome_message, pause, run_message, stop_view
from runtime.hitl import Approval
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import Decision, Request, RequestStatus, ThreadId, ThreadStatus, Turn, Verdict
from tests.cards_kit import ANA, AT, BEN, buttons, make_request, make_thread, texts

TURN = Turn(
    id="turn1", thread_id=ThreadId("t1"), text="order 7", by=ANA, place={}, outcome="Refund sent.", created_at=AT
)


def checked(message: Message) -> Message:
    assert check_message({"text": message.text, "blocks": message.blocks}) == []
    return message


class TestRun:
    def test_it_says_which_agent_for_whom_and_what_was_asked(self) -> None:
        said = texts(checked(run_message(make_thread(ThreadStatus.RUNNING), [], "Refunds")).blocks)
        assert said == ["*Refunds* · <@U0ANA>", "order 7", "⏳ Working…"]

    def test_the_text_alone_says_it_too(self) -> None:
        made = run_message(make_thread(ThreadStatus.FINISHED, prompt="<!here>"), [], "Refunds")
        assert made.text == "Refunds for <@U0ANA>: &lt;!here&gt; 🏁 Finished"

    @pytest.mark.parametrize(
        ("statuses", "line"),
        [
            (["open"], "✋ Waiting for an answer"),
            (["open", "decided", "delivered", "open"], "✋ 2 of 4 answered"),
            (["open", "open", "replaced"], "✋ 0 of 2 answered"),
        ],
    )
    def test_it_counts_what_is_answered(self, statuses: list[str], line: str) -> None:
        requests = [make_request("?", RequestStatus(status)) for status in statuses]
        assert texts(run_message(make_thread(), requests, "Refunds").blocks)[-1] == line

    @pytest.mark.parametrize(
        ("status", "line"),
        [(ThreadStatus.FAILED, "❌ Failed"), (ThreadStatus.STOPPED, "🛑 Run stopped by <@U0ANA>")],
    )
    def test_it_says_how_it_ended(self, status: ThreadStatus, line: str) -> None:
        assert texts(run_message(make_thread(status), [], "Refunds").blocks)[-1] == line

    def test_a_long_request_is_cut_with_a_way_to_read_it(self) -> None:
        made = checked(run_message(make_thread(prompt="x" * 9000), [], "Refunds"))
        assert buttons(made.blocks) == ["View everything"]

    def test_a_run_without_words_has_none(self) -> None:
        assert len(checked(run_message(make_thread(prompt=" "), [], "Refunds")).blocks) == 2


class TestOutcome:
    def test_it_names_the_requester_once(self) -> None:
        made = checked(outcome_message(TURN, "Refunds"))
        assert texts(made.blocks) == ["🏁 Finished for <@U0ANA>", "Refund sent."]
        assert made.text == "Refunds: 🏁 Finished for <@U0ANA>. Refund sent."

    def test_a_failure_says_so_and_offers_another_try(self) -> None:
        made = checked(outcome_message(replace(TURN, failed=True, outcome="Card expired."), "Refunds"))
        assert texts(made.blocks)[:2] == ["❌ Failed for <@U0ANA>", "Card expired."]
        assert buttons(made.blocks) == ["Try again"]

    def test_a_token_in_it_is_masked(self) -> None:
        made = checked(outcome_message(replace(TURN, outcome="401 for xoxb-12345678-abcdefgh"), "Refunds"))
        assert "abcdefgh" not in made.text + str(made.blocks)

    def test_a_run_may_end_without_words(self) -> None:
        assert len(checked(outcome_message(replace(TURN, outcome=None), "Refunds")).blocks) == 1

    def test_a_long_outcome_is_cut_with_a_way_to_read_it(self) -> None:
        long = replace(TURN, outcome="word " * 9000)
        made = checked(outcome_message(long, "Refunds"))
        button = made.blocks[-1]["elements"][0]
        assert (button["action_id"], button["value"]) == (ids.VIEW_TURN, "turn1")
        assert "word " * 500 in "".join(texts(turn_view(long)["blocks"]))


class TestRefusals:
    def test_whoever_came_second_hears_who_was_first(self) -> None:
        decision = Decision(action="approve", verdict=Verdict.APPROVED, label="Approve", value=True, by=BEN, at=AT)
        said = settled(make_request("?", RequestStatus.DECIDED, decision), make_thread())
        assert said.startswith("<@U0BEN> approved this: <!date^1767261600^")

    @pytest.mark.parametrize(
        ("status", "words"),
        [(RequestStatus.REPLACED, "newer message"), (RequestStatus.STOPPED, "Run stopped by <@U0ANA>.")],
    )
    def test_a_question_that_is_gone_says_why(self, status: RequestStatus, words: str) -> None:
        assert words in settled(make_request("?", status), make_thread(ThreadStatus.STOPPED))

    def test_somebody_else_hears_who_can_answer(self) -> None:
        request = make_request(Approval(title="?", approvers=["U0BEN", "U0CARLA"]))
        said = words_of(Refusal(Reason.NOT_AN_APPROVER, request, ask=("U0BEN", "U0CARLA")), None)
        assert said == "Only <@U0BEN> or <@U0CARLA> can answer this. Nothing was decided."

    def test_a_notice_is_a_view_that_decides_nothing(self) -> None:
        view = notice_view("*Too late*")
        assert check_view(view) == []
        assert "submit" not in view


def test_stopping_asks_first() -> None:
    view = stop_view(make_thread())
    assert check_view(view) == []
    assert ids.parse_view_ref(view["private_metadata"]) == ids.ViewRef(thread_id=ThreadId("t1"))
    assert texts(view["blocks"])[0] == "order 7"


def at(created: float, decided: float | None = None) -> Request:
    decision = decide(compile_card({"question": "?"}).actions[0], Reply(by=BEN, at=decided)) if decided else None
    status = RequestStatus.DELIVERED if decided else RequestStatus.OPEN
    return replace(make_request({"question": "?"}, status, decision), created_at=created)


@pytest.mark.parametrize(
    ("requests", "counted"),
    [
        ([], 0),
        ([at(1, 2)], 0),
        ([at(1, 5), at(2), at(3)], 3),  # the first of three is answered first
        ([at(1, 2), at(3)], 1),  # asked one after the other
        ([at(1, 2), at(3, 9), at(4, 5), at(6)], 3),  # one branch asks again while another waits
    ],
)
def test_a_pause_is_what_is_open_and_what_was_answered_meanwhile(requests: list[Request], counted: int) -> None:
    assert len(pause(requests)) == counted
