"""The one way out to Slack: every call the bot makes passes here, and fails as `handlers.calls` says.

Calls that may be repeated are; posting is not, because Slack has no idempotency key for it: `handlers.posts` looks
first.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from handlers.calls import Calls, SlackRefusedError, SlackUncertainError
from handlers.cards.blocks import Message
from handlers.cards.folds import unfolded
from runtime.requests.records import Person
from runtime.requests.surface import Guard, nobody_else

EVENT_TYPE: Final = "andon_post"
LOOK_BACK: Final = 30.0
"""Seconds that Slack's clock and ours may differ when a post is looked for."""
TOO_MUCH: Final = frozenset({"invalid_blocks", "msg_blocks_too_long"})
"""What Slack answers to blocks that it does not know or has no room for."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something to share as a file."""

    name: str
    title: str
    description: str
    """Read out to those who do not see it."""
    content: bytes


class Slack:
    """Methods of Slack's Web API, as far as the bot uses them."""

    def __init__(self, call: Calls) -> None:
        self._call = call
        self._folds = True
        """Whether Slack takes what folds, as far as we know."""

    async def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str | None = None, guard: Guard = nobody_else
    ) -> str:
        """Post a message that carries `key` in its metadata; return its ts. Raises `SlackUncertainError`.

        `guard` has the last word before each attempt.
        """
        answer = await self._show(
            "chat.postMessage",
            message,
            guard=guard,
            repeat=False,
            channel=channel,
            thread_ts=thread_ts,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    async def update(self, channel: str, ts: str, message: Message, *, guard: Guard = nobody_else) -> None:
        """Redraw a message of ours; its metadata stays. `guard` has the last word before each attempt."""
        await self._show("chat.update", message, guard=guard, channel=channel, ts=ts, parse="none")

    async def _show(self, method: str, message: Message, **arguments: Any) -> Mapping[str, Any]:
        """Send a message; without what folds once Slack has refused that."""
        plain = unfolded(message.blocks)
        if self._folds and plain != message.blocks:
            try:
                return await self._call(method, text=message.text, blocks=message.blocks, **arguments)
            except SlackRefusedError as refusal:
                if refusal.code not in TOO_MUCH:
                    raise
            answer = await self._call(method, text=message.text, blocks=plain, **arguments)
            logger.info("Slack takes no container blocks here; going on without")
            self._folds = False
            return answer
        return await self._call(method, text=message.text, blocks=plain, **arguments)

    async def unpost(self, channel: str, ts: str) -> None:
        """Take away a message of ours, a stream too; one that is gone is gone."""
        with suppress(SlackRefusedError):  # mostly it is no stream, or has stopped
            await self._call("chat.stopStream", channel=channel, ts=ts)
        try:
            await self._call("chat.delete", channel=channel, ts=ts)
        except SlackRefusedError as refusal:
            if refusal.code != "message_not_found":
                raise

    async def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Show a line under a thread until we say something there; Slack takes it away after two minutes."""
        await self._call("assistant.threads.setStatus", channel_id=channel, thread_ts=thread_ts, status=status)

    async def start_stream(
        self, channel: str, thread_ts: str, *, to: Person, chunks: Sequence[Mapping[str, Any]]
    ) -> str:
        """Begin a message that grows; return its ts. Raises `SlackUncertainError`."""
        answer = await self._call(
            "chat.startStream",
            repeat=False,
            channel=channel,
            thread_ts=thread_ts,
            recipient_user_id=to.id,
            recipient_team_id=to.team,
            task_display_mode="plan",
            chunks=chunks,
        )
        return str(answer["ts"])

    async def append_stream(self, channel: str, ts: str, chunks: Sequence[Mapping[str, Any]]) -> None:
        """Let a message grow. A lost reply is not repeated: the text would be there twice."""
        await self._call("chat.appendStream", repeat=False, channel=channel, ts=ts, chunks=chunks)

    async def upload(self, channel: str, thread_ts: str, file: File, comment: str = "") -> None:
        """Share a file in a thread. A lost reply is not repeated: the file would be there twice."""
        place = await self._call(
            "files.getUploadURLExternal",
            read=True,
            filename=file.name,
            length=len(file.content),
            alt_txt=file.description,
        )
        await self._send_file(str(place["upload_url"]), file.content)
        await self._call(
            "files.completeUploadExternal",
            repeat=False,
            files=[{"id": place["file_id"], "title": file.title}],
            channel_id=channel,
            thread_ts=thread_ts,
            initial_comment=comment or None,
        )

    async def _send_file(self, url: str, content: bytes) -> None:
        try:
            async with self._call.session.post(url, data=content) as answer:
                if answer.status != HTTPStatus.OK:
                    raise SlackUncertainError(f"upload: HTTP {answer.status}")
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise SlackUncertainError(f"upload: {type(error).__name__}") from None

    async def find(self, channel: str, *, key: str, thread_ts: str | None, since: float) -> str | None:
        """Look for the message that carries `key`; return its ts."""
        oldest = f"{since - LOOK_BACK:.6f}"
        where: dict[str, Any] = {"channel": channel, "oldest": oldest, "include_all_metadata": True, "limit": 200}
        method = "conversations.replies" if thread_ts else "conversations.history"
        cursor = ""
        while True:
            page = await self._call(method, read=True, **where, ts=thread_ts, cursor=cursor or None)
            for message in page["messages"]:
                if _key_of(message) == key:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return None

    async def key_at(self, channel: str, ts: str) -> str:
        """Read the key of the message that a conversation began with; empty when it has none."""
        where: dict[str, Any] = {"channel": channel, "ts": ts, "limit": 1, "include_all_metadata": True}
        page = await self._call("conversations.replies", read=True, **where)
        return _key_of(page["messages"][0])

    async def whisper(self, channel: str, user: str, text: str, *, thread_ts: str = "") -> None:
        """Tell one person something where they are."""
        await self._call("chat.postEphemeral", channel=channel, user=user, text=text, thread_ts=thread_ts or None)

    async def say(self, channel: str, text: str, *, thread_ts: str = "") -> None:
        """Answer in a direct message (`channel` may be a person's id), where nobody else reads along.

        A lost reply is not repeated.
        """
        await self._call("chat.postMessage", repeat=False, channel=channel, text=text, thread_ts=thread_ts or None)

    async def react(self, channel: str, ts: str, name: str) -> None:
        """Mark a message; marking it twice is marking it once."""
        try:
            await self._call("reactions.add", channel=channel, timestamp=ts, name=name)
        except SlackRefusedError as refusal:
            if refusal.code != "already_reacted":
                raise

    async def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal. A trigger lives three seconds, so this is never repeated."""
        await self._call("views.open", repeat=False, trigger_id=trigger_id, view=view)

    async def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Show something else in an open modal."""
        await self._call("views.update", view_id=view_id, view=view)

    async def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Show somebody their Home tab."""
        await self._call("views.publish", user_id=user, view=view)

    async def direct_message(self, user: str) -> str:
        """Find the conversation of one person with the bot; return its id."""
        return str((await self._call("conversations.open", users=user))["channel"]["id"])

    async def user(self, user: str) -> Mapping[str, Any]:
        """Read what Slack knows about somebody, their `locale` too."""
        answer: Mapping[str, Any] = (await self._call("users.info", read=True, user=user, include_locale="true"))[
            "user"
        ]
        return answer

    async def groups(self) -> Mapping[str, str]:
        """Ids of the user groups, by `@handle`."""
        answer = await self._call("usergroups.list", read=True)
        return {f"@{group['handle']}": group["id"] for group in answer["usergroups"]}

    async def group_members(self, group: str) -> frozenset[str]:
        """Ids of a user group's members."""
        return frozenset((await self._call("usergroups.users.list", read=True, usergroup=group))["users"])

    async def channels(self) -> Mapping[str, str]:
        """Ids of the channels that we are in, by `#name`."""
        return {f"#{channel['name']}": channel["id"] async for channel in self._ours()}

    async def _ours(self) -> AsyncIterator[Mapping[str, Any]]:
        cursor: str | None = None
        kinds = "public_channel,private_channel"
        while cursor != "":
            page = await self._call(
                "users.conversations", read=True, types=kinds, exclude_archived="true", limit=200, cursor=cursor
            )
            for channel in page["channels"]:
                yield channel
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")

    async def channel_members(self, channel: str) -> frozenset[str]:
        """Ids of a conversation's members."""
        members: set[str] = set()
        cursor: str | None = None
        while cursor != "":
            page = await self._call("conversations.members", read=True, channel=channel, limit=1000, cursor=cursor)
            members.update(page["members"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        return frozenset(members)

    async def identity(self) -> Mapping[str, Any]:
        """Who we are: `team_id`, `user_id`, `bot_id`, `url`."""
        return await self._call("auth.test")


def _key_of(message: Mapping[str, Any]) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))
