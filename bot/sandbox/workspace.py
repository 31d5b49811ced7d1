"""The workspace itself: conversations, messages, ephemeral messages, reactions.

Holds what people see, publishes every change, keeps it in `Documents`. Knows nothing of HTTP, of bots or of who
may do what. Message dictionaries are Slack's; what leaves this module is a copy.
"""

from __future__ import annotations

import copy
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
        bot = Member(id=cast.BOT_USER_ID, name=bot_name.lower(), real_name=bot_name, color="e0a729", is_bot=True)
        self.bot = bot
        self.members = {member.id: member for member in (*cast.PEOPLE, bot)}
        self.channels = {channel.id: channel for channel in cast.CHANNELS}
        self._messages: dict[str, Json] = documents.all("message")
        self._ephemerals: dict[str, Json] = documents.all("ephemeral")
        newest = max((*self._messages, *self._ephemerals), default="0.0")
        self._last_tick = _ticks(newest)

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
        return copy.deepcopy([message for message in self._messages.values() if message["channel"] == channel])

    def message(self, channel: str, ts: str) -> Json:
        return copy.deepcopy(self._stored(channel, ts))

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The root and its replies, oldest first."""
        if ts not in self._messages:
            raise RefusalError("thread_not_found")
        root = self._messages[ts].get("thread_ts", ts)
        return [message for message in self.messages(channel) if message.get("thread_ts", message["ts"]) == root]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Json]:
        return copy.deepcopy(
            [
                message
                for message in self._ephemerals.values()
                if message["to"] == user and channel in (None, message["channel"])
            ]
        )

    def channel_of(self, ts: str) -> Channel:
        """Where a message is; a ts is unique in the whole workspace."""
        found = self._messages.get(ts) or self._ephemerals.get(ts)
        if found is None:
            raise RefusalError("message_not_found")
        return self.channels[found["channel"]]

    # --- writing -------------------------------------------------------------------------------------------

    def post(self, channel: str, content: Json, thread_ts: str | None = None) -> Json:
        """Add a message. `content` carries the author's and the message's fields."""
        message: Json = {"type": "message", **copy.deepcopy(content), "ts": self._next_ts(), "channel": channel}
        if thread_ts is not None:
            root = self._stored(channel, thread_ts)
            message |= {"thread_ts": thread_ts, "parent_user_id": root.get("user")}
            self._count_reply(root, message)
        self._save(message)
        self._publish("message", message)
        return copy.deepcopy(message)

    def update(self, channel: str, ts: str, changed: Json) -> Json:
        """Replace fields of a message; a field set to None goes."""
        previous = self._stored(channel, ts)
        message = {key: value for key, value in {**previous, **copy.deepcopy(changed)}.items() if value is not None}
        self._save(message)
        self._publish("message_changed", message, previous=previous)
        return copy.deepcopy(message)

    def delete(self, channel: str, ts: str) -> None:
        previous = self._stored(channel, ts)
        del self._messages[ts]
        self._documents.delete("message", ts)
        self._changes.publish(Change(kind="message_deleted", channel=channel, body={"ts": ts, "previous": previous}))

    def whisper(self, user: str, channel: str, content: Json) -> Json:
        """Add an ephemeral message, seen by one person."""
        message: Json = {
            "type": "message",
            **copy.deepcopy(content),
            "ts": self._next_ts(),
            "channel": channel,
            "is_ephemeral": True,
            "ephemeral": True,
            "to": user,
        }
        self._whispered(message)
        return copy.deepcopy(message)

    def rewhisper(self, ts: str, changed: Json) -> None:
        """Replace fields of an ephemeral message, or remove it (`changed` empty)."""
        message = self._ephemerals.get(ts)
        if message is None:
            raise RefusalError("message_not_found")
        if changed:
            self._whispered({k: v for k, v in {**message, **copy.deepcopy(changed)}.items() if v is not None})
            return
        del self._ephemerals[ts]
        self._documents.delete("ephemeral", ts)
        self._changes.publish(
            Change(kind="ephemeral_deleted", channel=message["channel"], user=message["to"], body={"ts": ts})
        )

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        message = self._stored(channel, ts)
        reactions: list[Json] = message.setdefault("reactions", [])
        reaction = next((one for one in reactions if one["name"] == name), None)
        if reaction is None:
            reaction = {"name": name, "users": [], "count": 0}
            reactions.append(reaction)
        if user in reaction["users"]:
            raise RefusalError("already_reacted")
        reaction["users"].append(user)
        self._reacted("reaction_added", user, message, reaction)

    def unreact(self, user: str, channel: str, ts: str, name: str) -> None:
        message = self._stored(channel, ts)
        reactions: list[Json] = message.get("reactions", [])
        reaction = next((one for one in reactions if one["name"] == name and user in one["users"]), None)
        if reaction is None:
            raise RefusalError("no_reaction")
        reaction["users"].remove(user)
        if not reaction["users"]:
            reactions.remove(reaction)
        self._reacted("reaction_removed", user, message, reaction)

    # --- inside --------------------------------------------------------------------------------------------

    def _stored(self, channel: str, ts: str) -> Json:
        message = self._messages.get(ts)
        if message is None or message["channel"] != channel:
            raise RefusalError("message_not_found")
        return message

    def _next_ts(self) -> str:
        """Now, in Slack's form, and later than any ts before: ts are ids."""
        self._last_tick = max(self._last_tick + 1, int(self._now() * 1_000_000))
        return f"{self._last_tick // 1_000_000}.{self._last_tick % 1_000_000:06d}"

    def _count_reply(self, root: Json, reply: Json) -> None:
        users = root.setdefault("reply_users", [])
        if reply["user"] not in users:
            users.append(reply["user"])
        root |= {
            "thread_ts": root["ts"],
            "reply_count": root.get("reply_count", 0) + 1,
            "reply_users_count": len(users),
            "latest_reply": reply["ts"],
        }
        self._save(root)
        self._publish("message_touched", root)

    def _reacted(self, kind: str, user: str, message: Json, reaction: Json) -> None:
        reaction["count"] = len(reaction["users"])
        self._save(message)
        self._publish("message_touched", message)
        body = {"by": user, "name": reaction["name"], "ts": message["ts"], "item_user": message.get("user")}
        self._changes.publish(Change(kind=kind, channel=message["channel"], body=body))

    def _save(self, message: Json) -> None:
        self._messages[message["ts"]] = message
        self._documents.put("message", message["ts"], message)

    def _whispered(self, message: Json) -> None:
        self._ephemerals[message["ts"]] = message
        self._documents.put("ephemeral", message["ts"], message)
        body = {"message": copy.deepcopy(message)}
        self._changes.publish(Change(kind="ephemeral", channel=message["channel"], user=message["to"], body=body))

    def _publish(self, kind: str, message: Json, **more: Json) -> None:
        body = copy.deepcopy({"message": message, **more})
        self._changes.publish(Change(kind=kind, channel=message["channel"], body=body))


def _ticks(ts: str) -> int:
    seconds, micros = ts.split(".")
    return int(seconds) * 1_000_000 + int(micros)
