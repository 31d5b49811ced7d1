"""Bodies of what Slack sends to an app, in Slack's exact shapes. Pure functions; ids and times are arguments."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from bot.sandbox.cast import Channel, Member

Json = dict[str, Any]

VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105  Slack's deprecated token, part of every body
_PRIVATE = frozenset({"channel", "ephemeral", "streaming", "to"})
"""Fields of a stored message that Slack's message objects do not have."""


def message(stored: Json, *, with_metadata: bool = True) -> Json:
    """A message as it appears inside API answers and events."""
    hidden = _PRIVATE if with_metadata else _PRIVATE | {"metadata"}
    return {key: value for key, value in stored.items() if key not in hidden}


def bot_author(name: str) -> Json:
    """The author's fields of the bot's own messages."""
    return {
        "user": cast.BOT_USER_ID,
        "bot_id": cast.BOT_ID,
        "app_id": cast.APP_ID,
        "team": cast.TEAM_ID,
        "bot_profile": bot_profile(name),
    }


def bot_profile(name: str) -> Json:
    return {
        "id": cast.BOT_ID,
        "app_id": cast.APP_ID,
        "user_id": cast.BOT_USER_ID,
        "name": name,
        "deleted": False,
        "updated": 0,
        "team_id": cast.TEAM_ID,
    }


def person_author(member: Member, client_msg_id: str) -> Json:
    author = {"user": member.id, "client_msg_id": client_msg_id, "team": member.team_id}
    if member.team_id != cast.TEAM_ID:
        author |= {"user_team": member.team_id, "source_team": member.team_id}
    return author


def event_callback(event: Json, *, event_id: str, event_time: int, channel: Channel | None) -> Json:
    external = channel is not None and channel.is_ext_shared
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": cast.TEAM_ID,
        "context_team_id": cast.TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": cast.APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": event_time,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": cast.TEAM_ID,
                "user_id": cast.BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": external,
        "event_context": f"4-{event_id}",
    }


def message_event(stored: Json, channel: Channel) -> Json:
    return {
        **message(stored),
        "channel": channel.id,
        "channel_type": channel.channel_type,
        "event_ts": stored["ts"],
    }


def changed_event(new: Json, old: Json, channel: Channel, ts: str) -> Json:
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message(new),
        "previous_message": message(old),
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.channel_type,
    }


def deleted_event(old: Json, channel: Channel, ts: str) -> Json:
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message(old),
        "channel": channel.id,
        "hidden": True,
        "deleted_ts": old["ts"],
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.channel_type,
    }


def mention_event(stored: Json, channel: Channel) -> Json:
    event = message_event(stored, channel)
    del event["channel_type"]
    return {**event, "type": "app_mention"}


def reaction_event(kind: str, body: Json, channel: Channel, ts: str) -> Json:
    return {
        "type": kind,
        "user": body["by"],
        "reaction": body["name"],
        "item_user": body["item_user"],
        "item": {"type": "message", "channel": channel.id, "ts": body["ts"]},
        "event_ts": ts,
    }


def home_opened_event(user: str, channel: Channel, view: Json | None, ts: str) -> Json:
    event = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home", "event_ts": ts}
    return event if view is None else {**event, "view": view}


def command(member: Member, channel: Channel, *, name: str, text: str, trigger_id: str, response_url: str) -> Json:
    """The form fields of a slash command."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": cast.TEAM_ID,
        "team_domain": cast.TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.kind == "im" else channel.name,
        "user_id": member.id,
        "user_name": member.name,
        "command": name,
        "text": text,
        "api_app_id": cast.APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def interaction(kind: str, member: Member) -> Json:
    """What every interaction has in common."""
    return {
        "type": kind,
        "user": {"id": member.id, "username": member.name, "name": member.name, "team_id": member.team_id},
        "api_app_id": cast.APP_ID,
        "token": VERIFICATION_TOKEN,
        "team": {"id": cast.TEAM_ID, "domain": cast.TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_actions(
    member: Member, channel: Channel, stored: Json, action: Json, *, state: Json, trigger_id: str, response_url: str
) -> Json:
    """block_actions from a message. An ephemeral message is not sent along: Slack does not keep it."""
    ephemeral = bool(stored.get("ephemeral"))
    container = {
        "type": "message",
        "message_ts": stored["ts"],
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if "thread_ts" in stored:
        container["thread_ts"] = stored["thread_ts"]
    body = {
        **interaction("block_actions", member),
        "container": container,
        "trigger_id": trigger_id,
        "channel": _channel_stub(channel),
        "state": {"values": state},
        "response_url": response_url,
        "actions": [action],
    }
    return body if ephemeral else {**body, "message": message(stored)}


def view_actions(member: Member, view: Json, action: Json, *, trigger_id: str) -> Json:
    """block_actions from a modal or a Home tab."""
    return {
        **interaction("block_actions", member),
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger_id,
        "view": view,
        "actions": [action],
    }


def view_submission(member: Member, view: Json, *, trigger_id: str, response_urls: list[Json]) -> Json:
    return {
        **interaction("view_submission", member),
        "trigger_id": trigger_id,
        "view": view,
        "response_urls": response_urls,
    }


def view_closed(member: Member, view: Json, *, is_cleared: bool) -> Json:
    return {**interaction("view_closed", member), "view": view, "is_cleared": is_cleared}


def global_shortcut(member: Member, callback_id: str, *, action_ts: str, trigger_id: str) -> Json:
    return {
        **interaction("shortcut", member),
        "action_ts": action_ts,
        "callback_id": callback_id,
        "trigger_id": trigger_id,
    }


def message_shortcut(
    member: Member,
    channel: Channel,
    stored: Json,
    callback_id: str,
    *,
    action_ts: str,
    trigger_id: str,
    response_url: str,
) -> Json:
    return {
        **interaction("message_action", member),
        "action_ts": action_ts,
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "message_ts": stored["ts"],
        "channel": _channel_stub(channel),
        "message": message(stored),
    }


def _channel_stub(channel: Channel) -> Json:
    return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}
