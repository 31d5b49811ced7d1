"""What an agent is doing, in its thread, while it does it: a plan ticked off, and its text as it comes.

Nothing of it is a record. It is drawn at most once a second, not at all for a run that is over sooner, and it goes when
the card or the outcome takes its place. Where Slack streams, it is a stream; elsewhere a message that is edited. The
ledger knows where it is, so whoever finds it left over after a crash takes it away.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from handlers.calls import SlackBusyError, SlackRefusedError, SlackUncertainError
from handlers.cards import words
from handlers.cards.progress import Progress, chunks, progress_message, status_line
from handlers.languages import Languages
from handlers.slack import Slack
from runtime.engine.abandoned import abandon
from runtime.requests.ledger import Ledger
from runtime.requests.progress import Event, Tell
from runtime.requests.records import Person, Post, Thread
from runtime.requests.slots import Aside
from runtime.requests.steps import SOON_SECONDS
from runtime.requests.surface import Guard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """When a run is shown, in seconds."""

    soon: float = SOON_SECONDS
    """A run that is over sooner changes no message in between."""
    first: float = 1.5
    """What is over sooner needs no telling."""
    every: float = 1.0


DEFAULT_PACE: Final = Pace()
STOPPED: Final = "stopped_by_user"
"""Slack's refusal of more text, when somebody pressed its own stop button."""
LAST_CALL: Final = 5.0
"""Seconds that the end of a run waits for a call that is under way."""


def live_key(thread: Thread) -> str:
    """The key of what shows a run that is under way."""
    return f"live:{thread.id}"


@dataclass(slots=True)
class Live:
    """Shows runs while they go on."""

    ledger: Ledger
    slack: Slack
    clock: Callable[[], float]
    pace: Pace
    languages: Languages
    streams: bool = True
    """Whether this workspace has streams, as far as is known."""
    statuses: bool = True

    @asynccontextmanager
    async def show(self, thread: Thread, by: Person, title: str, guard: Guard) -> AsyncIterator[Tell]:
        """Show what is told while this is open."""
        run = _Run(self, thread, by, title, guard)
        task = asyncio.create_task(run.keep_showing())
        try:
            yield run.tell
        finally:
            if run.calling.locked():  # cancelled, a call may have taken effect: nobody would know where
                async with Aside():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(run.calling.acquire(), LAST_CALL)
            await abandon(task)
            if run.begun:
                await self._clear_quietly(thread, guard)

    async def _clear_quietly(self, thread: Thread, guard: Guard) -> None:
        try:
            guard()
            await self.clear(thread)
        except Exception as problem:  # noqa: BLE001 - whoever shows the thread next clears it
            logger.info("what showed the run of %s stays for now: %s", thread.id, problem)

    async def clear(self, thread: Thread) -> None:
        """Take away what shows a run, this process's or that of one that died. Raises what Slack raises."""
        post = await self.ledger.post(live_key(thread))
        if post is None:
            return
        ts = post.place["ts"] if post.place else await self._find(thread, post)
        if ts:
            await self.slack.unpost(thread.place["channel"], ts)
        await self.ledger.forget_post(post)

    async def _find(self, thread: Thread, post: Post) -> str | None:
        channel, ts = thread.place["channel"], thread.place.get("ts")
        return await self.slack.find(channel, key=post.key, thread_ts=ts, since=post.created_at)


@dataclass(slots=True)
class _Run:
    """One run, and the message that shows it."""

    live: Live
    thread: Thread
    by: Person
    title: str
    guard: Guard
    progress: Progress = field(default_factory=Progress)
    shown: Progress = field(default_factory=Progress)
    post: Post | None = None
    begun: bool = False
    streaming: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    calling: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while Slack is asked to show something."""

    def tell(self, event: Event) -> None:
        self.progress = self.progress.after(event)
        self.changed.set()

    async def keep_showing(self) -> None:
        """Show what changed, until cancelled, or until Slack does not want it."""
        await asyncio.sleep(self.live.pace.first)
        words.use(await self.live.languages.among(self.thread.place["channel"], self.by.id))
        while True:
            await self.changed.wait()
            self.changed.clear()
            try:
                async with self.calling:
                    self.guard()
                    await self._show(self.progress)
            except Exception as problem:  # noqa: BLE001 - nobody should miss a run's end for want of its middle
                if isinstance(problem, SlackRefusedError) and problem.code == STOPPED:
                    await self._say_how_to_stop()
                logger.info("the run of %s is not shown: %s", self.thread.id, problem)
                return
            await asyncio.sleep(self.live.pace.every)

    async def _say_how_to_stop(self) -> None:
        """Slack's own stop button stops the writing only, and does not say who pressed it: who asked is told how."""
        place = self.thread.place
        with suppress(SlackRefusedError, SlackUncertainError):
            text = words.STOPPED_WATCHING
            await self.live.slack.whisper(place["channel"], self.by.id, text, thread_ts=place["ts"])

    async def _show(self, now: Progress) -> None:
        if self.post is None and not now.worth_a_message:
            await self._set_status(status_line(now))
        elif self.post is None:
            await self._begin(now)
        elif self.streaming:
            await self.live.slack.append_stream(*self._place(), chunks(now, since=self.shown, title=self.title))
        else:
            await self.live.slack.update(*self._place(), progress_message(now, self.title))
        self.shown = now

    def _place(self) -> tuple[str, str]:
        assert self.post is not None and self.post.place is not None  # noqa: PT018, S101 - narrows the types
        return self.post.place["channel"], self.post.place["ts"]

    async def _set_status(self, status: str) -> None:
        if not self.live.statuses:
            return
        try:
            await self.live.slack.set_status(self.thread.place["channel"], self.thread.place["ts"], status)
        except SlackBusyError:
            raise
        except SlackRefusedError as refusal:
            logger.info("this workspace shows no status: %s", refusal)
            self.live.statuses = False

    async def _begin(self, now: Progress) -> None:
        """Put up the message, its place noted before and after."""
        await self.live.clear(self.thread)
        post = Post(key=live_key(self.thread), thread_id=self.thread.id, created_at=self.live.clock())
        await self.live.ledger.intend_post(post)
        self.begun = True
        ts = await self._start_stream(now) or await self._start_message(now)
        place = {name: self.thread.place[name] for name in ("team", "channel")} | {"ts": ts}
        self.post = await self.live.ledger.change_post(post, place=place) or replace(post, place=place)

    async def _start_stream(self, now: Progress) -> str | None:
        """Return the ts of a new stream; None where Slack has none."""
        if not self.live.streams:
            return None
        channel, thread_ts = self.thread.place["channel"], self.thread.place["ts"]
        first = chunks(now, since=Progress(), title=self.title)
        try:
            ts = await self.live.slack.start_stream(channel, thread_ts, to=self.by, chunks=first)
        except SlackBusyError:
            raise
        except SlackRefusedError as refusal:
            logger.info("this workspace has no streams: %s", refusal)
            self.live.streams = False
            return None
        self.streaming = True
        return ts

    async def _start_message(self, now: Progress) -> str:
        channel, thread_ts = self.thread.place["channel"], self.thread.place["ts"]
        message = progress_message(now, self.title)
        return await self.live.slack.post(channel, message, key=live_key(self.thread), thread_ts=thread_ts)
