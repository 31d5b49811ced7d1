"""What is shown of a run that is under way."""

from typing import Any

import pytest

from bot.sandbox.blockkit import check_message
from handlers.cards.progress import Progress, chunks, progress_message, status_line
from runtime.requests.progress import Doing, Event, Said, Step, StepState

BEGUN = Step("1", "look_up", StepState.RUNNING)
DONE = Step("1", "look_up", StepState.DONE)
PAYING = Step("2", "pay", StepState.RUNNING)


def after(*events: Event) -> Progress:
    progress = Progress()
    for event in events:
        progress = progress.after(event)
    return progress


def tasks(told: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["title"], one["status"]) for one in told if one["type"] == "task_update"]


def text(told: list[dict[str, Any]]) -> str:
    return "".join(one["text"] for one in told if one["type"] == "markdown_text")


def test_a_stream_is_told_every_step_and_then_only_what_changed() -> None:
    first = after(BEGUN)
    assert tasks(chunks(first, since=Progress(), title="Refund")) == [("Look up", "in_progress")]
    then = after(BEGUN, DONE, PAYING)
    assert tasks(chunks(then, since=first, title="Refund")) == [("Look up", "complete"), ("Pay", "in_progress")]
    assert chunks(then, since=then, title="Refund") == []


def test_many_tasks_of_one_node_are_one_line_that_counts() -> None:
    begun = [Step(str(number), "check", StepState.RUNNING) for number in range(3)]
    progress = after(*begun, Step("0", "check", StepState.DONE))
    assert tasks(chunks(progress, since=Progress(), title="x")) == [("Check (1 of 3)", "in_progress")]


def test_a_failed_step_says_so_until_it_is_tried_again() -> None:
    failed = after(BEGUN, Step("1", "look_up", StepState.FAILED))
    assert tasks(chunks(failed, since=Progress(), title="x")) == [("Look up", "error")]
    assert tasks(chunks(failed.after(BEGUN), since=failed, title="x")) == [("Look up", "in_progress")]


def test_text_is_streamed_by_whole_words() -> None:
    first = after(Said("I have fo"))
    then = first.after(Said("und it. "))
    assert text(chunks(first, since=Progress(), title="x")) == "I have "
    assert text(chunks(then, since=first, title="x")) == "found it. "


def test_a_secret_that_comes_in_parts_is_never_shown() -> None:
    progress, shown = Progress(), ""
    for part in ("key: xoxb-1234", "567890-abcdef", "ghijklmnop and", " more "):
        now = progress.after(Said(part))
        shown += text(chunks(now, since=progress, title="x"))
        progress = now
    assert "xoxb-1" not in shown
    assert "1234" not in shown
    assert shown.endswith("more ")


def test_what_an_agent_says_pings_nobody() -> None:
    told = chunks(after(Said("ask <!channel> or <@U0BEN> now ")), since=Progress(), title="x")
    assert text(told) == "ask &lt;!channel&gt; or &lt;@U0BEN&gt; now "


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (after(BEGUN), "is working: Look up"),
        (after(BEGUN, Doing("searching\nthe archive")), "is working: searching the archive"),
        (Progress(), "is working: thinking"),
    ],
)
def test_the_status_says_what_is_being_done(progress: Progress, line: str) -> None:
    assert status_line(progress) == line


def test_one_step_without_text_needs_no_message() -> None:
    assert not after(BEGUN).worth_a_message
    assert after(BEGUN, Said("hello there")).worth_a_message
    assert after(BEGUN, DONE, PAYING).worth_a_message


def test_a_message_shows_the_same_and_is_one_slack_takes() -> None:
    events = [Step(str(n), f"node_{n}", StepState.DONE) for n in range(200)]
    message = progress_message(after(*events, PAYING, Said("word " * 5000)), "Refund <now>")
    assert check_message({"text": message.text, "blocks": message.blocks}) == []
    assert "▸ Under way: Pay" in message.blocks[0]["elements"][0]["text"]
