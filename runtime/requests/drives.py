"""One task per thread that is being brought to rest: begun by a wake, and again later when it could not be done.

What a step is, others know (`runtime.requests.steps`). Here is only when, and who: at once, if no other process has the
thread and not too many are at work; once more if somebody woke it meanwhile; after a while if it failed; and not at all
any more when the process is closing. A step never goes on past the lease of its thread: it is cancelled when the lease
cannot be renewed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from runtime.engine.abandoned import abandon
from runtime.errors import LeaseLostError, StoreError
from runtime.requests.leases import Lease, Leases
from runtime.requests.records import ThreadId
from runtime.requests.slots import Slot, Slots
from runtime.requests.surface import SurfaceBusyError

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Pauses after the first, second, … failure in a row; the last one stays."""
LETTING_GO_SECONDS: Final = 1.0
"""How long a lease is worth giving back; after that it lapses by itself."""


@dataclass(slots=True)
class Drive:
    """The way of one thread to rest."""

    thread_id: ThreadId
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    """Something may have changed since the present step began: what it read may be out of date."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """It has come to rest, or failed to, or another process has it."""
    running: "asyncio.Task[None] | None" = None
    """The graph's own run, while there is one: what a stop cancels."""
    failures: int = 0
    """In a row."""


class Drives:
    """The drives of this process. `step` takes one step of a thread and says whether to look again.

    `heed` is called while a step goes on, with each renewal: others may have stopped the thread.
    """

    def __init__(
        self,
        step: Callable[[Drive, Lease], Awaitable[bool]],
        heed: Callable[[Drive], Awaitable[None]],
        leases: Leases,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._step = step
        self._heed = heed
        self._leases = leases
        self._retry_seconds = retry_seconds
        self._slots = Slots()
        self._tasks: dict[ThreadId, tuple[Drive, asyncio.Task[None]]] = {}
        self._closing = False

    def wake(self, thread_id: ThreadId, *, fresh: bool = False) -> Drive:
        """Have a thread driven, now or right after the step that is under way. `fresh`: it has just been made."""
        if thread_id not in self._tasks:
            drive = Drive(thread_id)
            task = asyncio.create_task(self._drive(drive, fresh=fresh), name=f"drive {thread_id}")
            self._tasks[thread_id] = drive, task
        drive = self._tasks[thread_id][0]
        drive.woken.set()
        return drive

    def cancel_run(self, thread_id: ThreadId) -> None:
        """Cancel what the thread's graph is doing, if it is doing something here."""
        drive, _ = self._tasks.get(thread_id, (None, None))
        if drive is not None and drive.running is not None:
            drive.running.cancel()

    @property
    def busy(self) -> "tuple[asyncio.Task[None], ...]":
        """The drives that are under way or wait to try again."""
        return tuple(task for _, task in self._tasks.values())

    async def aclose(self, grace_seconds: float) -> None:
        """Begin no more steps, let those under way finish for a while, then cancel them: another process goes on."""
        self._closing = True
        for drive, _ in self._tasks.values():
            if drive.tried.is_set():  # it may be waiting to try again
                drive.woken.set()
        if not self.busy:
            return
        await asyncio.wait(self.busy, timeout=grace_seconds)
        slow = self.busy
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    async def _drive(self, drive: Drive, *, fresh: bool) -> None:
        try:
            while not self._closing:
                drive.woken.clear()
                try:
                    async with Slot(self._slots) as slot:
                        lease = await self._leases.claim(drive.thread_id, fresh=fresh)
                        fresh = False
                        if lease is not None:
                            await self._use(drive, lease, slot)
                except Exception as error:  # noqa: BLE001 - whatever it was, the thread must not be forgotten
                    await self._pause(drive, error)
                    continue
                if not drive.woken.is_set():
                    return
        finally:
            drive.tried.set()
            del self._tasks[drive.thread_id]

    async def _use(self, drive: Drive, lease: Lease, slot: Slot) -> None:
        """Bring the thread to rest and give it back; soon to be looked at by anybody, if it could not be done."""
        try:
            while True:
                if not await self._while_ours(drive, lease, self._steps(drive, lease, slot)):
                    return await self._let_go(lease, due=0.0)
                if await lease.release():
                    return None
        except LeaseLostError:
            raise
        except asyncio.CancelledError:
            await self._let_go(lease, due=0.0)
            raise
        except Exception as error:
            await self._let_go(lease, due=self._leases.clock() + self._seconds_after(drive.failures + 1, error))
            raise

    async def _steps(self, drive: Drive, lease: Lease, slot: Slot) -> bool:
        """Take one step after the other. False: there are more, for another process."""
        slot.work_here()
        while not self._closing:
            drive.woken.clear()
            again = await self._step(drive, lease)
            drive.failures = 0
            if not again and not drive.woken.is_set():
                return True
        return False

    async def _while_ours(self, drive: Drive, lease: Lease, work: Awaitable[bool]) -> bool:
        """Do something while the lease is renewed; cancel it when it cannot be."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=lease.rests))[0]:
                try:
                    async with asyncio.timeout(lease.seconds_left / 2):  # then there is time for another try
                        if await lease.renew():
                            drive.woken.set()
                    async with asyncio.timeout(lease.seconds_left / 2):
                        await self._heed(drive)
                except (StoreError, TimeoutError):
                    lease.check()
            return await task
        finally:
            await abandon(task)

    async def _let_go(self, lease: Lease, due: float) -> None:
        """Give a lease back if that can be done now."""
        try:
            async with asyncio.timeout(LETTING_GO_SECONDS):
                while not await lease.release(due):
                    due = 0.0  # somebody has left word
        except Exception as error:  # noqa: BLE001 - it lapses by itself
            logger.info("the lease of thread %s will lapse: %s", lease.thread_id, error)

    def _seconds_after(self, failures: int, error: Exception) -> float:
        pause = self._retry_seconds[min(failures, len(self._retry_seconds)) - 1]
        return max(pause, error.seconds) if isinstance(error, SurfaceBusyError) else pause

    async def _pause(self, drive: Drive, error: Exception) -> None:
        drive.failures += 1
        drive.tried.set()
        seconds = self._seconds_after(drive.failures, error)
        words = "thread %s could not be brought to rest: %s: %s; trying again in %s s"
        details = error if drive.failures == 1 else None
        logger.warning(words, drive.thread_id, type(error).__name__, error, seconds, exc_info=details)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await drive.woken.wait()
