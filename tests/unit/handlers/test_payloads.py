"""What Slack sends, read at the edge; what it would not send, refused by the name of the field."""

from typing import Any

import pytest

from handlers.payloads import MalformedError, check_shape, click, opened_home, plain, said, slash_command, submission
from runtime.requests.records import Person

USER = {"id": "U1", "team_id": "T1"}
CLICK = {
    "type": "block_actions",
    "user": USER,
    "actions": [{"action_id": "act:approve", "block_id": "b", "value": "r"}],
}
MESSAGE = {"type": "message", "user": "U1", "team": "T1", "channel": "C1", "ts": "1.1", "text": "hi"}


def event(**fields: Any) -> dict[str, Any]:
    return {"type": "event_callback", "team_id": "T1", "event": {**MESSAGE, **fields}}


def test_a_command() -> None:
    body = {"command": "/agent", "team_id": "T1", "user_id": "U1", "channel_id": "C1", "trigger_id": "1.2"}
    typed = slash_command({**body, "text": " refund a &lt;b&gt; &amp;amp; "})
    assert (typed.by, typed.channel, typed.text, typed.key) == (
        Person(team="T1", id="U1"),
        "C1",
        "refund a <b> &amp;",
        "1.2",
    )
    assert slash_command(body).text == ""


def test_a_click_on_a_message_is_answered_in_its_thread() -> None:
    seen = click({**CLICK, "channel": {"id": "C1"}, "message": {"ts": "1.2", "thread_ts": "1.1"}, "trigger_id": "t"})
    assert (seen.value, seen.channel, seen.thread_ts, seen.trigger_id, seen.view_id) == ("r", "C1", "1.1", "t", "")


def test_a_choice_of_a_menu_is_its_value() -> None:
    assert click({**CLICK, "actions": [{"action_id": "more", "selected_option": {"value": "view"}}]}).value == "view"


@pytest.mark.parametrize(("kind", "view_id"), [("modal", "V1"), ("home", "")])
def test_only_a_modal_hides_a_private_message(kind: str, view_id: str) -> None:
    assert click({**CLICK, "view": {"id": "V1", "type": kind, "private_metadata": "m"}}).view_id == view_id


def test_the_team_of_a_person_is_never_guessed_from_where_they_are() -> None:
    with pytest.raises(MalformedError, match="team_id"):
        click({**CLICK, "user": {"id": "U1"}, "team": {"id": "T1"}})


def test_a_submission() -> None:
    sent = submission({"user": USER, "view": {"private_metadata": "m", "state": {"values": {"b": {}}}}})
    assert (sent.metadata, sent.values) == ("m", {"b": {}})


@pytest.mark.parametrize(
    ("fields", "team"),
    [
        ({}, "T1"),
        ({"user_team": "T2"}, "T2"),
        ({"source_team": "T3"}, "T3"),
        ({"team": None}, "T1"),
    ],
)
def test_the_team_of_who_said_it_is_their_own(fields: dict[str, Any], team: str) -> None:
    heard = said(event(**fields))
    assert heard is not None
    assert heard.by == Person(team=team, id="U1")


def test_in_a_shared_channel_a_team_that_is_not_named_is_not_guessed() -> None:
    assert said({**event(team=None), "is_ext_shared_channel": True}) is None


def test_a_reply_and_a_first_message() -> None:
    first, reply = said(event()), said(event(thread_ts="0.9", parent_user_id="U2"))
    assert first is not None
    assert reply is not None
    assert (first.is_reply, first.place["ts"], first.key) == (False, "1.1", "C1/1.1")
    assert (reply.is_reply, reply.place["ts"], reply.parent) == (True, "0.9", "U2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@B1> refund  7", "refund  7"),
        ("<@B1|andon> refund", "refund"),
        (" <@B1>", ""),
        ("<@B2> hi", "<@B2> hi"),
        ("hi <@B1>", "hi <@B1>"),
    ],
)
def test_only_the_bots_own_mention_in_front_is_no_word(text: str, words: str) -> None:
    heard = said(event(text=text))
    assert heard is not None
    assert heard.words_to("B1") == words


@pytest.mark.parametrize(
    "fields", [{"subtype": "message_changed"}, {"bot_id": "B"}, {"edited": {}, "user": 7}, {"type": "x"}]
)
def test_what_is_no_new_message_of_a_person(fields: dict[str, Any]) -> None:
    assert said(event(**fields)) is None


def test_an_opened_home() -> None:
    body = {"team_id": "T1", "event": {"type": "app_home_opened", "user": "U1", "tab": "home"}}
    assert opened_home(body) == Person(team="T1", id="U1")
    assert opened_home({**body, "event": {**body["event"], "tab": "messages"}}) is None  # type: ignore[dict-item]  # it is one


def test_entities_are_undone_once() -> None:
    assert plain("&amp;lt; &lt;b&gt; &quot;") == "&lt; <b> &quot;"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": 1}, "event"),
        ({"type": 7}, "type"),
        ({"type": "event_callback"}, "type"),
        ({"type": "event_callback", "event": {"type": "message", "user": "U", "team": "T"}}, "ts"),
        ({"type": "event_callback", "event": {"type": "message", "user": "U", "team": "T", "ts": "nan"}}, "ts"),
        ({"type": "block_actions", "user": USER, "actions": []}, "actions"),
        ({"type": "block_actions", "user": USER, "actions": [{"action_id": 1}]}, "action_id"),
        ({"type": "block_actions", "user": {"id": 1, "team_id": "T"}, "actions": [{"action_id": "a"}]}, "id"),
        ({"type": "view_submission", "user": USER, "view": {"callback_id": "a"}}, "type"),
        ({"type": "view_submission", "user": USER, "view": {"type": "modal"}}, "callback_id"),
        ({"type": "view_submission", "user": USER, "view": {"type": "modal", "callback_id": "a", "state": 1}}, "state"),
        ({"type": "shortcut", "user": USER}, "callback_id"),
        ({"command": "/agent", "team_id": "T1"}, "user_id"),
    ],
)
def test_a_shape_that_is_not_slacks_is_refused_by_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedError, match=f"^{field}$"):
        check_shape(body)


@pytest.mark.parametrize("body", [CLICK, event(), {"type": "url_verification"}, {}])
def test_a_shape_of_slacks_passes(body: dict[str, Any]) -> None:
    check_shape(body)
