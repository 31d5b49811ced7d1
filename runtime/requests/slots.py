"""How many drives are at work at once: so few that what else the event loop has to do, a click above all, gets through.

A drive that waits for somebody else, for Slack, its graph's own run or a commit, is not at work: it stands aside, and
another one goes on meanwhile. Back, it comes before those that have yet to begin, so what was begun gets done.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Self

AT_ONCE: Final = 16
"""Drives at work in one process. They share one processor, so more would get no more done."""


class Slots:
    """The slots of one process."""

    def __init__(self, number: int = AT_ONCE) -> None:
        self._free = number
        self._back: deque[asyncio.Future[None]] = deque()
        self._new: deque[asyncio.Future[None]] = deque()

    async def take(self, *, back: bool = False) -> None:
        """Wait for a slot; whoever is `back` had one before."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        (self._back if back else self._new).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came at the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        """Let somebody else have a slot."""
        for waiting in (self._back, self._new):
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1


class Slot:
    """One drive's slot, had while this is open."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._had = False
        self._worker: asyncio.Task[Any] | None = None

    def work_here(self) -> None:
        """Have it be this task's: `Aside` in this task, and in none that it begins, is for this slot."""
        self._worker = asyncio.current_task()
        _SLOT.set(self)

    @property
    def is_mine(self) -> bool:
        """Whether the task that asks works in this slot."""
        return self._had and self._worker is asyncio.current_task()

    async def take(self, *, back: bool) -> None:
        """Have it."""
        await self._slots.take(back=back)
        self._had = True

    def give_back(self) -> None:
        """Have it no more."""
        if self._had:
            self._had = False
            self._slots.give_back()

    async def __aenter__(self) -> Self:
        await self.take(back=False)
        return self

    async def __aexit__(self, kind: object, error: object, trace: TracebackType | None) -> None:
        self.give_back()


_SLOT: ContextVar[Slot | None] = ContextVar("slot", default=None)


class Aside:
    """Wait for somebody else in here. Whoever has no slot waits just the same."""

    def __init__(self) -> None:
        slot = _SLOT.get()
        self._slot = slot if slot is not None and slot.is_mine else None

    async def __aenter__(self) -> None:
        if self._slot is not None:
            self._slot.give_back()

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._slot is not None and kind is not asyncio.CancelledError:  # who is cancelled works no more
            await self._slot.take(back=True)


@asynccontextmanager
async def held(lock: asyncio.Lock) -> AsyncIterator[None]:
    """Have a lock, and stand aside while somebody else has it. Who is cancelled on the way back has it no more."""
    async with AsyncExitStack() as stack:
        async with Aside():
            await stack.enter_async_context(lock)
        yield
