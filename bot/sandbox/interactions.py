"""What people do, and what they get to see of the bot's answer. The page and the test driver both act through here.

Each act returns once the bot has acknowledged it, or has failed to. Nothing fails silently: what went wrong, in the
words the person reads, is the result.
"""

from __future__ import annotations

import secrets
from typing import Any

from bot.sandbox import cast, inputs, payloads
from bot.sandbox.cast import Channel, Member
from bot.sandbox.courier import Courier
from bot.sandbox.errors import NotPossibleError, RefusalError
from bot.sandbox.event_feed import EventFeed
from bot.sandbox.responses import say, sendable
from bot.sandbox.site import Site
from bot.sandbox.transports import TIMEOUT, Answer, Parcel
from bot.sandbox.typed_text import as_slack_text

Json = dict[str, Any]


class Interactions:
    def __init__(self, site: Site, courier: Courier, feed: EventFeed) -> None:
        self._site = site
        self._courier = courier
        self._feed = feed

    # --- words ---------------------------------------------------------------------------------------------

    async def enter(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json | None:
        """What the message box does: run a slash command (and return its answer), or post a message."""
        if text.startswith("/") and thread_ts is None:
            return await self.command(user, channel, text)
        return self.say(user, channel, text, thread_ts)

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Post a message."""
        if text.startswith("/"):
            name = text.split(maxsplit=1)[0]
            where_not = "in threads" if thread_ts else "as a message"
            raise NotPossibleError(f"{name} is not supported {where_not}. Sorry!")
        member, where = self._present(user, channel)
        if not text.strip():
            raise NotPossibleError("An empty message cannot be sent.")
        author = payloads.person_author(member, secrets.token_hex(16))
        return self._site.workspace.post(where.id, {**author, "text": self._slack_text(text)}, thread_ts)

    async def command(self, user: str, channel: str, text: str) -> Json | None:
        """Run a slash command. Returns what only the person sees of the answer, if anything."""
        member, where = self._present(user, channel)
        name, _, rest = text.partition(" ")
        known = self._site.profile.command(name)
        if known is None or member.team_id != cast.TEAM_ID:  # an app's commands are there for its own team only
            return self._slackbot(member, where, f"`{name}` is not a valid command.")
        body = payloads.command(
            member,
            where,
            name=name,
            text=self._slack_text(rest.strip()) if known.get("should_escape") else rest.strip(),
            trigger_id=self._site.triggers.issue(user),
            response_url=self._site.response_url(self._site.responses.issue(user, where.id)),
        )
        answer = await self._courier.deliver(Parcel(kind="slash_commands", name=name, payload=body))
        if answer.error:
            return self._slackbot(member, where, f'{name} failed with the error "{_error_code(answer)}"')
        return self._command_answer(member, where, name, answer.payload)

    def edit(self, user: str, channel: str, ts: str, text: str) -> Json:
        self._own(user, channel, ts)
        edited = {"user": user, "ts": f"{self._site.now():.6f}"}
        return self._site.workspace.update(channel, ts, {"text": self._slack_text(text), "edited": edited})

    def delete(self, user: str, channel: str, ts: str) -> None:
        self._own(user, channel, ts)
        self._site.workspace.delete(channel, ts)

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Add the reaction, or take it back if it is there."""
        self._present(user, channel)
        try:
            self._site.workspace.react(user, channel, ts, name)
        except RefusalError as refusal:
            if refusal.code != "already_reacted":
                raise
            self._site.workspace.unreact(user, channel, ts, name)

    # --- buttons, menus, shortcuts, the Home tab -----------------------------------------------------------

    async def act_on_message(self, user: str, message: Json, action: Json, state: Json) -> str | None:
        """Use an element of a message as the person sees it (perhaps an old version). Returns what went wrong."""
        member, channel = self._present(user, message["channel"])
        ephemeral = bool(message.get("ephemeral"))
        if not ephemeral:
            self._site.workspace.message(channel.id, message["ts"])  # a deleted message has no buttons
        key = self._site.responses.issue(user, channel.id, ts=message["ts"], ephemeral=ephemeral)
        body = payloads.message_actions(
            member,
            channel,
            message,
            self._stamped(action),
            state=inputs.merge(message.get("blocks", []), state),
            trigger_id=self._site.triggers.issue(user),
            response_url=self._site.response_url(key),
        )
        return await self._interact("block_actions", body)

    async def act_on_view(self, user: str, view: Json, action: Json, state: Json) -> str | None:
        """Use an element of a modal or of the Home tab. Returns what went wrong."""
        current = self._site.views.type_into(view["id"], state)
        trigger_id = self._site.triggers.issue(user, in_modal=current["type"] == "modal")
        member = self._site.workspace.member(user)
        body = payloads.view_actions(member, current, self._stamped(action), trigger_id=trigger_id)
        return await self._interact("block_actions", body)

    async def shortcut(self, user: str, callback_id: str, channel: str | None, ts: str | None) -> str | None:
        """A shortcut, on a message if `channel` and `ts` are given. Returns what went wrong."""
        if not self._site.profile.has_shortcut(callback_id):
            raise NotPossibleError(f"The app has no shortcut {callback_id!r}.")
        member = self._site.workspace.member(user)
        common: Json = {"action_ts": self._now_ts(), "trigger_id": self._site.triggers.issue(user)}
        if channel is None or ts is None:
            body = payloads.global_shortcut(member, callback_id, **common)
            return await self._interact("shortcut", body)
        _, where = self._present(user, channel)
        message = self._site.workspace.message(channel, ts)
        url = self._site.response_url(self._site.responses.issue(user, channel, ts=ts))
        body = payloads.message_shortcut(member, where, message, callback_id, response_url=url, **common)
        return await self._interact("message_action", body)

    def open_home(self, user: str) -> None:
        self._feed.home_opened(user, self._site.views.home(user))

    # --- inside --------------------------------------------------------------------------------------------

    async def _interact(self, name: str, body: Json) -> str | None:
        answer = await self._courier.deliver(Parcel(kind="interactive", name=name, payload=body))
        if not answer.error:
            return None
        return f'{self._site.profile.name} did not respond ("{_error_code(answer)}"). Try again.'

    def _command_answer(self, member: Member, channel: Channel, name: str, payload: Any) -> Json | None:
        if not payload or not isinstance(payload, dict):
            return None
        try:
            content = sendable(payload)
        except RefusalError as refusal:
            return self._slackbot(member, channel, f'{name} failed with the error "{refusal.code}"')
        shown = say(self._site, member.id, channel.id, content, payload)
        return shown if shown.get("ephemeral") else None

    def _slackbot(self, member: Member, channel: Channel, text: str) -> Json:
        content = {"user": cast.SLACKBOT_ID, "subtype": "bot_message", "username": "Slackbot", "text": text}
        return self._site.workspace.whisper(member.id, channel.id, content)

    def _present(self, user: str, channel: str) -> tuple[Member, Channel]:
        member, where = self._site.workspace.member(user), self._site.workspace.channel(channel)
        if user not in where.members:
            raise NotPossibleError(f"{member.name} is not in #{where.name}.")
        return member, where

    def _own(self, user: str, channel: str, ts: str) -> None:
        if self._site.workspace.message(channel, ts).get("user") != user:
            raise NotPossibleError("Only the author can do that.")

    def _slack_text(self, typed: str) -> str:
        people = {f"@{member.name}": f"<@{member.id}>" for member in self._site.workspace.members.values()}
        channels = {
            f"#{channel.name}": f"<#{channel.id}|{channel.name}>"
            for channel in self._site.workspace.channels.values()
            if channel.kind == "channel"
        }
        return as_slack_text(typed, people | channels)

    def _stamped(self, action: Json) -> Json:
        return {**action, "action_ts": self._now_ts()}

    def _now_ts(self) -> str:
        return f"{self._site.now():.6f}"


def _error_code(answer: Answer) -> str:
    return "operation_timeout" if answer.error == TIMEOUT else "dispatch_failed"
