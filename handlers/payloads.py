"""What Slack sends, parsed once at the edge into frozen values. Anything that is not of Slack's shape is refused here.

Text arrives with `&`, `<` and `>` as entities; what people typed is what agents get.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.requests.records import Person, Place

_NEW_WORDS = (None, "file_share", "thread_broadcast")
"""Subtypes of a message that somebody has just written."""
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
"""Slack's time and id of a message: seconds since the epoch."""


class MalformedError(Exception):
    """A payload that Slack would not send. The text names the field, never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """`/agent …` as typed."""

    by: Person
    channel: str
    text: str
    trigger_id: str
    """Opens a modal; and the same when Slack delivers the command twice."""
    thread_ts = ""
    """Commands are not typed in threads."""

    @property
    def key(self) -> str:
        """What a run that this starts is known by."""
        return self.trigger_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A button, or an option of a menu."""

    by: Person
    action_id: str
    value: str
    trigger_id: str
    block_id: str
    channel: str
    """Empty on a view."""
    thread_ts: str
    """Where to answer the clicker; empty outside a thread."""
    view_id: str
    """Of the modal it was in; empty elsewhere."""
    on_home: bool
    view_metadata: str
    view_values: Mapping[str, Any]
    """What stands in that modal's inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submitted modal."""

    by: Person
    view_id: str
    metadata: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageShortcut:
    """A shortcut used on a message."""

    by: Person
    trigger_id: str
    channel: str
    thread_ts: str
    """Root of the message's thread; its own ts when it is in none."""
    text: str

    @property
    def place(self) -> Place:
        """The conversation that the message belongs to."""
        return {"team": self.by.team, "channel": self.channel, "ts": self.thread_ts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a person: new words, not an edit, a bot or ourselves."""

    by: Person
    text: str
    channel: str
    ts: str
    thread_ts: str
    """Root of the Slack thread it is in; its own ts when it starts one."""
    parent: str
    """Who wrote that root; empty when it is this message."""
    is_dm: bool

    @property
    def place(self) -> Place:
        """The conversation it belongs to."""
        return {"team": self.by.team, "channel": self.channel, "ts": self.thread_ts}

    @property
    def key(self) -> str:
        """The same for every delivery of this message, also as mention and as message."""
        return f"{self.channel}/{self.ts}"

    @property
    def at(self) -> float:
        """When it was said, by Slack's clock: of two messages of a conversation the later one has more."""
        return float(self.ts)

    @property
    def is_reply(self) -> bool:
        """Whether it was said inside a thread."""
        return self.thread_ts != self.ts

    def words_to(self, bot: str) -> str:
        """The text as typed, without a mention of the bot in front."""
        return plain(re.sub(rf"^\s*<@{re.escape(bot)}(?:\|[^>]*)?>", "", self.text, count=1))


def check_shape(body: Mapping[str, Any]) -> None:
    """Refuse what no listener could read. Raises `MalformedError`."""
    for name in ("enterprise", "event", "team", "user", "view"):
        _mapping(body, name)
    if "command" in body:
        slash_command(body)
        return
    match body.get("type"):
        case "event_callback":
            _text(_mapping(body, "event"), "type")
            said(body)
            opened_home(body)
        case "block_actions":
            click(body)
        case "view_submission" | "view_closed":
            view = _mapping(body, "view")
            _text(view, "type")
            _text(view, "callback_id")
            submission(body)
        case "shortcut":
            _text(body, "callback_id")
            _person(body)
        case "message_action":
            _text(body, "callback_id")
            message_shortcut(body)
        case str() | None:
            pass
        case _:
            raise MalformedError("type")


KINDS = frozenset({"event_callback", "block_actions", "view_submission", "view_closed", "shortcut", "message_action"})


def kind_of(body: Mapping[str, Any]) -> str:
    """What Slack sent, as one of few words."""
    if "command" in body:
        return "command"
    kind = body.get("type")
    return kind if isinstance(kind, str) and kind in KINDS else "other"


def slash_command(body: Mapping[str, Any]) -> SlashCommand:
    """Read a slash command."""
    return SlashCommand(
        by=Person(team=_text(body, "team_id"), id=_text(body, "user_id")),
        channel=_text(body, "channel_id"),
        text=plain(_text(body, "text", default="")),
        trigger_id=_text(body, "trigger_id"),
    )


def click(body: Mapping[str, Any]) -> Click:
    """Read a `block_actions` payload."""
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], Mapping):
        raise MalformedError("actions")
    action = actions[0]
    option = action.get("selected_option")
    message = _mapping(body, "message")
    view = _mapping(body, "view")
    return Click(
        by=_person(body),
        action_id=_text(action, "action_id"),
        value=_text(option if isinstance(option, Mapping) else action, "value", default=""),
        trigger_id=_text(body, "trigger_id", default=""),
        block_id=_text(action, "block_id", default=""),
        channel=_text(_mapping(body, "channel"), "id", default=""),
        thread_ts=_text(message, "thread_ts", default=_text(message, "ts", default="")),
        view_id=_text(view, "id", default="") if view.get("type") == "modal" else "",
        on_home=view.get("type") == "home",
        view_metadata=_text(view, "private_metadata", default=""),
        view_values=_mapping(_mapping(view, "state"), "values"),
    )


def submission(body: Mapping[str, Any]) -> Submission:
    """Read a `view_submission` payload."""
    view = _mapping(body, "view")
    values = _mapping(_mapping(view, "state"), "values")
    return Submission(
        by=_person(body),
        view_id=_text(view, "id", default=""),
        metadata=_text(view, "private_metadata", default=""),
        values=values,
    )


def message_shortcut(body: Mapping[str, Any]) -> MessageShortcut:
    """Read a `message_action` payload."""
    message = _mapping(body, "message")
    ts = _text(message, "ts")
    return MessageShortcut(
        by=_person(body),
        trigger_id=_text(body, "trigger_id", default=""),
        channel=_text(_mapping(body, "channel"), "id"),
        thread_ts=_text(message, "thread_ts", default=ts),
        text=plain(_text(message, "text", default="")),
    )


def opened_home(body: Mapping[str, Any]) -> Person | None:
    """Read an `app_home_opened` event: who looks at their Home tab; None when it is another tab."""
    event = _mapping(body, "event")
    if event.get("type") != "app_home_opened" or event.get("tab") != "home":
        return None
    return Person(team=_text(body, "team_id"), id=_text(event, "user"))


def said(body: Mapping[str, Any]) -> Said | None:
    """Read a message or mention event; None when it is no new message of a person."""
    event = _mapping(body, "event")
    if event.get("type") not in {"message", "app_mention"} or event.get("subtype") not in _NEW_WORDS:
        return None
    if event.get("bot_id") or event.get("edited"):
        return None
    home = None if body.get("is_ext_shared_channel") else body.get("team_id")
    team = event.get("user_team") or event.get("source_team") or event.get("team") or home
    if not isinstance(team, str) or not isinstance(event.get("user"), str):
        return None
    ts = _text(event, "ts")
    if not _TS.fullmatch(ts):
        raise MalformedError("ts")
    return Said(
        by=Person(team=team, id=_text(event, "user")),
        text=_text(event, "text", default=""),
        channel=_text(event, "channel"),
        ts=ts,
        thread_ts=_text(event, "thread_ts", default=ts),
        parent=_text(event, "parent_user_id", default=""),
        is_dm=event.get("channel_type") == "im",
    )


def plain(text: str) -> str:
    """Undo Slack's three entities, and nothing else."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _person(body: Mapping[str, Any]) -> Person:
    """Who did it. The team beside the user is where it was done: in a shared channel not the user's own."""
    user = _mapping(body, "user")
    return Person(team=_text(user, "team_id"), id=_text(user, "id"))


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedError(name)
    return value


def _text(body: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = body.get(name, default)
    value = default if value is None else value
    if not isinstance(value, str):
        raise MalformedError(name)
    return value
