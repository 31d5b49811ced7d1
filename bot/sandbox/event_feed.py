"""Turns changes of the workspace into the events the app has subscribed to."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bot.sandbox import cast, payloads
from bot.sandbox.app_profile import AppProfile
from bot.sandbox.cast import Channel
from bot.sandbox.changes import Change
from bot.sandbox.courier import Courier
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]

_SUBSCRIPTIONS = {"channel": "message.channels", "im": "message.im"}


class EventFeed:
    def __init__(self, workspace: Workspace, profile: AppProfile, courier: Courier, now: Callable[[], float]) -> None:
        self._workspace = workspace
        self._profile = profile
        self._courier = courier
        self._now = now

    def on_change(self, change: Change) -> None:
        """Subscribe this to the changes. The bot only hears of conversations it is a member of."""
        if change.channel is None:
            return
        channel = self._workspace.channel(change.channel)
        if cast.BOT_USER_ID not in channel.members:
            return
        match change.kind:
            case "message":
                self._message(change.body["message"], channel)
            case "message_changed":
                new, old = change.body["message"], change.body["previous"]
                self._send_message(payloads.changed_event(new, old, channel, self._ts()), channel)
            case "message_deleted":
                old = change.body["previous"]
                self._send_message(payloads.deleted_event(old, channel, self._ts()), channel)
            case "reaction_added" | "reaction_removed":
                event = payloads.reaction_event(change.kind, change.body, channel, self._ts())
                self._send(change.kind, change.kind, event, channel)
            case _:
                pass  # the rest is between the page and the person

    def home_opened(self, user: str, view: Json | None) -> None:
        channel = self._workspace.im_of(user)
        event = payloads.home_opened_event(user, channel, view, self._ts())
        self._send("app_home_opened", "app_home_opened", event, None)

    def tokens_revoked(self) -> None:
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [cast.BOT_USER_ID]}}
        self._send("tokens_revoked", "tokens_revoked", event, None)

    def _message(self, message: Json, channel: Channel) -> None:
        mentioned = f"<@{cast.BOT_USER_ID}>" in message.get("text", "")
        if mentioned and channel.kind == "channel" and "bot_id" not in message:
            mention = payloads.mention_event(message, channel)
            self._send("app_mention", "app_mention", mention, channel)
        self._send_message(payloads.message_event(message, channel), channel)

    def _send_message(self, event: Json, channel: Channel) -> None:
        self._send(_SUBSCRIPTIONS[channel.kind], "message", event, channel)

    def _send(self, subscription: str, name: str, event: Json, channel: Channel | None) -> None:
        if not self._profile.listens_to(subscription):
            return
        event_id = f"Ev{secrets.token_hex(5).upper()}"
        body = payloads.event_callback(event, event_id=event_id, event_time=int(self._now()), channel=channel)
        self._courier.post_event(name, body)

    def _ts(self) -> str:
        return f"{self._now():.6f}"
