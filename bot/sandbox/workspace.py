"""The workspace itself: conversations, messages, ephemeral messages, reactions.

Holds what people see, publishes every change, keeps it in `Documents`. Knows nothing of HTTP, of bots or of who
may do what. Message dictionaries are Slack's, plus `channel`. A stored message is never modified, only replaced:
what a reader got stays what it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from bot.sandbox import cast
from bot.sandbox.cast import Channel, Member
from bot.sandbox.changes import Change, Changes
from bot.sandbox.errors import RefusalError
from bot.sandbox.persistence import Documents

Json = dict[str, Any]


class Workspace:
    def __init__(
        self, documents: Documents, changes: Changes, now: Callable[[], float], bot_name: str = "Andon"
    ) -> None:
        self._documents = documents
        self._changes = changes
        self._now = now
        handle = bot_name.lower().replace(" ", "_")
        self.bot = Member(id=cast.BOT_USER_ID, name=handle, real_name=bot_name, color="e0a729", is_bot=True)
        self.members = {member.id: member for member in (*cast.PEOPLE, self.bot)}
        self.user_groups = {group.id: group for group in cast.USER_GROUPS}
        kept = documents.all("channel_members")
        self.channels = {
            channel.id: dataclasses.replace(channel, members=tuple(kept.get(channel.id, channel.members)))
            for channel in cast.CHANNELS
        }
        self._messages: dict[str, Json] = documents.all("message")
        self._ephemerals: dict[str, Json] = documents.all("ephemeral")
        self._last_tick = _ticks(max((*self._messages, *self._ephemerals), default="0.0"))

    # --- reading -------------------------------------------------------------------------------------------

    def member(self, user: str) -> Member:
        if user not in self.members:
            raise RefusalError("user_not_found")
        return self.members[user]

    def channel(self, channel: str) -> Channel:
        if channel not in self.channels:
            raise RefusalError("channel_not_found")
        return self.channels[channel]

    def im_of(self, user: str) -> Channel:
        """The direct message of a person with the bot."""
        return next(channel for channel in self.channels.values() if channel.user == user)

    def channels_of(self, user: str) -> list[Channel]:
        return [channel for channel in self.channels.values() if user in channel.members]

    def messages(self, channel: str) -> list[Json]:
        """All messages of a conversation, oldest first, thread replies included."""
        return [message for message in self._messages.values() if message["channel"] == channel]

    def message(self, channel: str, ts: str) -> Json:
        message = self._messages.get(ts)
        if message is None or message["channel"] != channel:
            raise RefusalError("message_not_found")
        return message

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The root and its replies, oldest first."""
        if ts not in self._messages:
            raise RefusalError("thread_not_found")
        root = self._messages[ts].get("thread_ts", ts)
        return [message for message in self.messages(channel) if message.get("thread_ts", message["ts"]) == root]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Json]:
        return [
            message
            for message in self._ephemerals.values()
            if message["to"] == user and channel in (None, message["channel"])
        ]

    def channel_of(self, ts: str) -> Channel:
        """Where a message is; a ts is unique in the whole workspace."""
        found = self._messages.get(ts) or self._ephemerals.get(ts)
        if found is None:
            raise RefusalError("message_not_found")
        return self.channels[found["channel"]]

    # --- writing -------------------------------------------------------------------------------------------

    def post(self, channel: str, content: Json, thread_ts: str | None = None) -> Json:
        """Add a message. `content` carries the author's and the message's fields."""
        message: Json = {"type": "message", **content, "ts": self._next_ts(), "channel": channel}
        root = None
        if thread_ts is not None:
            root = self.message(channel, thread_ts)
            message |= {"thread_ts": thread_ts, "parent_user_id": root.get("user")}
        self._save(message)
        self._publish("message", message)
        if root is not None:
            self._recount(root)
        return message

    def update(self, channel: str, ts: str, changed: Json) -> Json:
        """Replace fields of a message; a field set to None goes."""
        previous = self.message(channel, ts)
        message = {key: value for key, value in {**previous, **changed}.items() if value is not None}
        self._save(message)
        self._publish("message_changed", message, previous=previous)
        return message

    def delete(self, channel: str, ts: str) -> None:
        previous = self.message(channel, ts)
        del self._messages[ts]
        self._documents.delete("message", ts)
        self._changes.publish(Change(kind="message_deleted", channel=channel, body={"ts": ts, "previous": previous}))
        root = self._messages.get(previous.get("thread_ts", ""))
        if root is not None:
            self._recount(root)

    def whisper(self, user: str, channel: str, content: Json) -> Json:
        """Add an ephemeral message, seen by one person."""
        message: Json = {
            "type": "message",
            **content,
            "ts": self._next_ts(),
            "channel": channel,
            "is_ephemeral": True,
            "ephemeral": True,
            "to": user,
        }
        self._whispered(message)
        return message

    def rewhisper(self, ts: str, changed: Json) -> None:
        """Replace fields of an ephemeral message, or remove it (`changed` empty)."""
        message = self._ephemerals.get(ts)
        if message is None:
            raise RefusalError("message_not_found")
        if changed:
            self._whispered({k: v for k, v in {**message, **changed}.items() if v is not None})
            return
        del self._ephemerals[ts]
        self._documents.delete("ephemeral", ts)
        self._changes.publish(
            Change(kind="ephemeral_deleted", channel=message["channel"], user=message["to"], body={"ts": ts})
        )

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        message = self.message(channel, ts)
        users = _reactors(message, name)
        if user in users:
            raise RefusalError("already_reacted")
        self._reacted("reaction_added", user, message, name, [*users, user])

    def unreact(self, user: str, channel: str, ts: str, name: str) -> None:
        message = self.message(channel, ts)
        users = _reactors(message, name)
        if user not in users:
            raise RefusalError("no_reaction")
        self._reacted("reaction_removed", user, message, name, [one for one in users if one != user])

    def change_member(self, changed: Member) -> None:
        """Give somebody another account: make them a guest, a bot, …"""
        self.members[changed.id] = changed

    def set_group(self, group: str, users: tuple[str, ...]) -> None:
        """Say who is in a user group."""
        self.user_groups[group] = dataclasses.replace(self.user_groups[group], users=users)

    def join(self, user: str, channel: str) -> None:
        members = self.channel(channel).members
        if user not in members:
            self._set_members(channel, (*members, user))

    def leave(self, user: str, channel: str) -> None:
        self._set_members(channel, tuple(one for one in self.channel(channel).members if one != user))

    # --- inside --------------------------------------------------------------------------------------------

    def _next_ts(self) -> str:
        """Now, in Slack's form, and later than any ts before: ts are ids."""
        self._last_tick = max(self._last_tick + 1, int(self._now() * 1_000_000))
        return f"{self._last_tick // 1_000_000}.{self._last_tick % 1_000_000:06d}"

    def _recount(self, root: Json) -> None:
        """Bring the root's reply fields up to date after a reply came or went."""
        replies = self.thread(root["channel"], root["ts"])[1:]
        users = list(dict.fromkeys(reply["user"] for reply in replies))
        self._touch(
            {
                **root,
                "thread_ts": root["ts"],
                "reply_count": len(replies),
                "reply_users": users,
                "reply_users_count": len(users),
                "latest_reply": replies[-1]["ts"] if replies else None,
            }
        )

    def _reacted(self, kind: str, user: str, message: Json, name: str, users: list[str]) -> None:
        others = [one for one in message.get("reactions", ()) if one["name"] != name]
        own = [{"name": name, "users": users, "count": len(users)}] if users else []
        self._touch({**message, "reactions": [*others, *own]})
        body = {"by": user, "name": name, "ts": message["ts"], "item_user": message.get("user")}
        self._changes.publish(Change(kind=kind, channel=message["channel"], body=body))

    def _set_members(self, channel: str, members: tuple[str, ...]) -> None:
        self.channels[channel] = dataclasses.replace(self.channel(channel), members=members)
        self._documents.put("channel_members", channel, members)

    def _touch(self, message: Json) -> None:
        """Save a message whose text stays the same: the page hears of it, the bot does not."""
        self._save(message)
        self._publish("message_touched", message)

    def _save(self, message: Json) -> None:
        self._messages[message["ts"]] = message
        self._documents.put("message", message["ts"], message)

    def _whispered(self, message: Json) -> None:
        self._ephemerals[message["ts"]] = message
        self._documents.put("ephemeral", message["ts"], message)
        body = {"message": message}
        self._changes.publish(Change(kind="ephemeral", channel=message["channel"], user=message["to"], body=body))

    def _publish(self, kind: str, message: Json, **more: Json) -> None:
        body = {"message": message, **more}
        self._changes.publish(Change(kind=kind, channel=message["channel"], body=body))


def _ticks(ts: str) -> int:
    seconds, micros = ts.split(".")
    return int(seconds) * 1_000_000 + int(micros)


def _reactors(message: Json, name: str) -> list[str]:
    """Who has reacted so."""
    return next((list(one["users"]) for one in message.get("reactions", ()) if one["name"] == name), [])
