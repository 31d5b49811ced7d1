"""What no click and no message wakes: threads that a process has left half done, and those whose time has come.

Every process sweeps, now and then and never at the same time as the others if that can be helped; of two that find the
same thread, the lease lets one in. A sweep asks for what is due, so it costs what it finds: nothing when all is at
rest, however many questions are open.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from runtime.errors import StoreError
from runtime.requests.drives import Drive
from runtime.requests.ledger import Ledger
from runtime.requests.records import ThreadId
from runtime.requests.retention import Retention

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 15.0
BATCH: Final = 200
"""How many threads of a kind are read at once."""
AT_ONCE: Final = 50


class Sweeper:
    """Wakes what is due. `wake` drives a thread; `seconds`: between two sweeps, give or take a third."""

    def __init__(
        self,
        ledger: Ledger,
        wake: Callable[[ThreadId], Drive],
        clock: Callable[[], float],
        seconds: float,
        retention: Retention | None = None,
    ) -> None:
        self._ledger = ledger
        self._wake = wake
        self._clock = clock
        self._seconds = seconds
        self._retention = retention
        self._upgraded = False

    async def run(self) -> None:
        """Sweep for ever. Raises `StoreError` when the first one fails; later ones are tried again in their time."""
        await self.sweep()
        while True:
            await asyncio.sleep(self._seconds * random.uniform(2 / 3, 4 / 3))  # noqa: S311 - only spreads the load
            try:
                await self.sweep()
            except StoreError as error:
                logger.warning("what is due could not be looked up: %s", error)

    async def sweep(self) -> None:
        """Wake everything that is due now, and wait until each thread was tried, though not long for any of them.

        Then some of what was kept long enough goes.
        """
        if not self._upgraded:
            await self._ledger.wake_unmarked()
            self._upgraded = True
        now, seen = self._clock(), set[ThreadId]()
        while due := [found for found in await self._ledger.unsettled(now, BATCH) if found not in seen]:
            seen.update(due)
            await self._wake_all(due)
        if self._retention is not None:
            await self._retention.sweep()

    async def _wake_all(self, due: Sequence[ThreadId]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(thread_id: ThreadId) -> None:
            async with gate:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await self._wake(thread_id).tried.wait()

        async with asyncio.TaskGroup() as group:
            for thread_id in due:
                group.create_task(one(thread_id))
