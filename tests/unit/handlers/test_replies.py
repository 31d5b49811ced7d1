"""What `/agent` says back."""

from collections.abc import Mapping

import pytest

from handlers import replies
from runtime.requests.agents import Agent
from runtime.requests.records import RequestStatus, ThreadStatus
from tests.cards_kit import make_request, make_thread


def agents(*names: str) -> Mapping[str, Agent]:
    return {
        name: Agent(name=name, title=f"<{name}>", graph=None, example="a & b", to_input=str, to_outcome=str)  # type: ignore[arg-type]  # not run here
        for name in names
    }


@pytest.mark.parametrize(
    ("text", "split"),
    [("", ("", "")), ("  List ", ("list", "")), ("refund\norder 7", ("refund", "order 7")), ("A  b c", ("a", "b c"))],
)
def test_the_first_word_and_the_rest(text: str, split: tuple[str, str]) -> None:
    assert replies.first_word(text) == split


def test_help_escapes_and_shows_an_example() -> None:
    said = replies.help_text(agents("refund"))
    assert "*&lt;refund&gt;*" in said
    assert "`/agent refund a &amp; b`" in said


def test_help_without_agents_says_how_to_add_one() -> None:
    assert "andon.toml" in replies.help_text({})


def test_help_of_many_agents_stays_readable_and_names_them_all() -> None:
    said = replies.help_text(agents(*(f"agent{number}" for number in range(200))))
    assert len(said) < 6000
    assert said.count("\n") < 70
    assert "agent199" in said


def test_a_near_miss_is_guessed() -> None:
    assert "Did you mean `/agent refund …`?" in replies.how_to_start(agents("refund"), "refnud", "refnud order 7")


def test_a_name_like_nothing_is_shown_escaped_and_short() -> None:
    said = replies.how_to_start(agents("refund"), "x", "<!channel>" + "x" * 5000)
    assert "<!channel>" not in said
    assert len(said) < 400


def test_a_task_is_asked_for() -> None:
    assert "Tell *&lt;refund&gt;* what to do" in replies.how_to_start(agents("refund"), "refund", "refund")


def test_a_list_shows_what_is_under_way() -> None:
    thread = make_thread(ThreadStatus.RUNNING, prompt="a <b>\nc")
    said = replies.list_text([thread], lambda _: "Refund", lambda _: "https://x/p1")
    assert "*Refund* “a &lt;b&gt; c” · <@U0ANA>" in said
    assert "<https://x/p1|open>" in said


def test_a_status_counts_open_questions() -> None:
    requests = [make_request("?", RequestStatus(status)) for status in ("open", "decided", "open")]
    assert "1 of 3 answered" in replies.status_text(make_thread(), requests, "Refund", "")
