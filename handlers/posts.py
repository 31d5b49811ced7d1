"""One message for each key: posted once, then redrawn where what it should show differs from what it does.

A post is in the ledger before its message is sent. One whose outcome nobody knows, after a crash or a lost reply, is
looked for in the conversation by its key before it is sent again.
"""

import logging
from collections.abc import Callable
from typing import Final

from handlers.calls import SlackRefusedError, SlackUncertainError
from handlers.cards import words
from handlers.drawings import Drawing
from handlers.languages import Languages
from handlers.slack import File, Slack
from runtime.engine.ids import derive_id
from runtime.policy.names import is_conversation
from runtime.requests.ledger import Ledger
from runtime.requests.records import Place, Post, Thread
from runtime.requests.surface import Guard

logger = logging.getLogger(__name__)

GONE: Final = "message_not_found"


class Posts:
    """Puts up messages and keeps them up to date."""

    def __init__(self, ledger: Ledger, slack: Slack, clock: Callable[[], float], languages: Languages) -> None:
        self._ledger = ledger
        self._slack = slack
        self._clock = clock
        self._languages = languages

    async def show(self, thread: Thread, drawing: Drawing, guard: Guard, *, anew: bool) -> Post | None:
        """Post it, or redraw it where it differs, or where nobody knows what it shows: then it is drawn `anew`."""
        digest = derive_id(drawing.state)
        post = await self._ledger.post(drawing.key)
        if post is None and not drawing.needed:
            return None
        with words.speaking(await self._language(thread, drawing)):
            if post is None or post.place is None:
                post, anew = await self._put_up(thread, post, drawing, digest, guard), False
            if post is not None and (anew or post.digest != digest):
                post = await self._redraw(thread, post, drawing, digest, guard)
        return post

    async def _language(self, thread: Thread, drawing: Drawing) -> words.Language:
        """A conversation's language, whoever did what it shows; a person's own for what is for them alone."""
        if drawing.to and not is_conversation(drawing.to):
            return await self._languages.of(drawing.to)
        return await self._languages.among(drawing.to or thread.place["channel"], thread.started_by.id)

    async def _put_up(
        self, thread: Thread, post: Post | None, drawing: Drawing, digest: str, guard: Guard
    ) -> Post | None:
        """Post a message. One that was intended before is looked for first, and may show an older state."""
        intended = post is not None
        if post is None:
            post = Post(key=drawing.key, thread_id=thread.id, created_at=self._clock())
            intended = not await self._ledger.intend_post(post)
        where = await self._where(thread, drawing)
        ts = await self._sent(where, post, drawing, guard, look_first=intended)
        place = {"team": thread.place["team"], "channel": where["channel"], "ts": ts}
        posted = await self._ledger.change_post(post, place=place, digest="" if intended else digest)
        if posted is None:
            return await self._give_way(post, place)
        if not intended:
            await self._attach({"ts": ts, **where}, drawing.attach())
        return posted

    async def _give_way(self, post: Post, place: Place) -> Post | None:
        """Take our message away: this process stood still while it posted it, and another one has posted its own."""
        other = await self._ledger.post(post.key)
        if other is not None and other.place not in (None, place):
            logger.info("message %s was posted by another process too; taking ours away", post.key)
            await self._slack.unpost(place["channel"], place["ts"])
        return other

    async def _attach(self, where: Place, file: File | None) -> None:
        """Share what is too long for a card. Tried once: all of it can be read from the card as well."""
        if file is None:
            return
        try:
            await self._slack.upload(where["channel"], where["ts"], file)
        except (SlackRefusedError, SlackUncertainError) as problem:
            logger.info("no file at %s: %s", where, problem)

    async def _where(self, thread: Thread, drawing: Drawing) -> Place:
        """Where a message belongs: a channel, and its thread where it has one."""
        if not drawing.to:
            return thread.place
        above = await self._ledger.post(drawing.under) if drawing.under else None
        if above is not None and above.place is not None:
            return above.place
        return {"channel": drawing.to if is_conversation(drawing.to) else await self._slack.direct_message(drawing.to)}

    async def _sent(self, where: Place, post: Post, drawing: Drawing, guard: Guard, *, look_first: bool) -> str:
        """Return the ts of the one message with this key, sending it if it is not there."""
        channel, thread_ts = where["channel"], where.get("ts")
        if look_first:
            found = await self._slack.find(channel, key=drawing.key, thread_ts=thread_ts, since=post.created_at)
            if found is not None:
                return found
        try:
            return await self._slack.post(channel, drawing.draw(), key=drawing.key, thread_ts=thread_ts, guard=guard)
        except SlackUncertainError:
            if look_first:
                raise
            return await self._sent(where, post, drawing, guard, look_first=True)

    async def _redraw(self, thread: Thread, post: Post, drawing: Drawing, digest: str, guard: Guard) -> Post | None:
        place = post.place
        assert place is not None  # noqa: S101 - narrows the type; the caller has looked
        try:
            await self._slack.update(place["channel"], place["ts"], drawing.draw(), guard=guard)
        except SlackRefusedError as refusal:
            if refusal.code != GONE:
                raise
            if drawing.needed:
                return await self._again(thread, post, drawing, digest, guard)
        return await self._ledger.change_post(post, digest=digest) or await self._doubt(post)

    async def _doubt(self, post: Post) -> Post | None:
        """Have a message drawn again: another process has drawn it too, and nobody knows who was last."""
        drawn = await self._ledger.post(post.key)
        return await self._ledger.change_post(drawn, digest="") if drawn is not None else None

    async def _again(self, thread: Thread, post: Post, drawing: Drawing, digest: str, guard: Guard) -> Post | None:
        """Somebody deleted a message that people need: put up another one."""
        logger.info("message %s was deleted; posting it again", post.key)
        missing = await self._ledger.change_post(post, place=None, created_at=self._clock())
        return await self._put_up(thread, missing, drawing, digest, guard) if missing else None
