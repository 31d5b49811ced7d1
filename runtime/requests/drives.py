"""One task per thread that is being brought to rest: begun by a wake, and again later when it could not be done.

What a step is, others know (`runtime.requests.steps`). Here is only when: at once, once more if somebody woke it
meanwhile, after a while if it failed, and not at all any more when the process is closing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from runtime.requests.records import ThreadId

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Pauses after the first, second, … failure in a row; the last one stays."""


@dataclass(slots=True)
class Drive:
    """The way of one thread to rest."""

    thread_id: ThreadId
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    """Something may have changed since the present step began: what it read may be out of date."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """It has come to rest, or failed to, once."""
    running: "asyncio.Task[None] | None" = None
    """The graph's own run, while there is one: what a stop cancels."""


class Drives:
    """The drives of this process. `step` takes one step of a thread and says whether to look again."""

    def __init__(
        self, step: Callable[[Drive], Awaitable[bool]], retry_seconds: Sequence[float] = RETRY_SECONDS
    ) -> None:
        self._step = step
        self._retry_seconds = retry_seconds
        self._tasks: dict[ThreadId, tuple[Drive, asyncio.Task[None]]] = {}
        self._closing = False

    def wake(self, thread_id: ThreadId) -> Drive:
        """Have a thread driven, now or right after the step that is under way."""
        if thread_id not in self._tasks:
            drive = Drive(thread_id)
            self._tasks[thread_id] = drive, asyncio.create_task(self._drive(drive), name=f"drive {thread_id}")
        drive = self._tasks[thread_id][0]
        drive.woken.set()
        return drive

    def cancel_run(self, thread_id: ThreadId) -> None:
        """Cancel what the thread's graph is doing, if it is doing something."""
        drive, _ = self._tasks.get(thread_id, (None, None))
        if drive is not None and drive.running is not None:
            drive.running.cancel()

    @property
    def busy(self) -> "tuple[asyncio.Task[None], ...]":
        """The drives that are under way or wait to try again."""
        return tuple(task for _, task in self._tasks.values())

    async def aclose(self, grace_seconds: float) -> None:
        """Begin no more steps, let those under way finish for a while, then cancel them: a restart goes on there."""
        self._closing = True
        for thread_id in tuple(self._tasks):
            self.wake(thread_id)
        if not self.busy:
            return
        await asyncio.wait(self.busy, timeout=grace_seconds)
        runs = [drive.running for drive, _ in self._tasks.values() if drive.running is not None]
        slow = [*runs, *self.busy]
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    async def _drive(self, drive: Drive) -> None:
        failures = 0
        try:
            while not self._closing:
                drive.woken.clear()
                try:
                    again = await self._step(drive)
                except Exception as error:  # noqa: BLE001 - whatever it was, the thread must not be forgotten
                    failures += 1
                    await self._pause(drive, failures, error)
                    continue
                failures = 0
                if not again and not drive.woken.is_set():
                    return
        finally:
            drive.tried.set()
            del self._tasks[drive.thread_id]

    async def _pause(self, drive: Drive, failures: int, error: Exception) -> None:
        drive.tried.set()
        seconds = self._retry_seconds[min(failures, len(self._retry_seconds)) - 1]
        words = "thread %s could not be brought to rest: %s: %s; trying again in %s s"
        details = error if failures == 1 else None
        logger.warning(words, drive.thread_id, type(error).__name__, error, seconds, exc_info=details)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await drive.woken.wait()
