"""A store as one process sees it, in which something happens at the n-th write.

The process dies: everything stands still for ever. Nothing is raised, because a dead process catches nothing. Or the
network stalls: nothing comes back for a while, and then the write arrives after all, whoever has stopped waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from runtime.store import Document, Log, Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accident:
    """What happens at which write of a life."""

    write: int
    """From 1; 0 for never."""
    appends: bool = False
    """Whether only appends to logs are counted: what commits a run."""
    landed: bool = False
    """Whether the process dies after the write took effect, or before."""
    stall: float = 0.0
    """Seconds for which the network stalls; 0: the process dies."""


NONE: Final = Accident(write=0)


class DyingStore:
    """Any `Store`, until the accident."""

    def __init__(self, store: Store, accident: Accident = NONE) -> None:
        self._store = store
        self._accident = accident
        self._writes = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._late: set[asyncio.Future[Any]] = set()
        self.happened = asyncio.Event()
        self.died = asyncio.Event()

    async def load(self, *given: Any, **more: Any) -> Log:
        return await self._do(lambda: self._store.load(*given, **more))

    async def append(self, *given: Any, **more: Any) -> None:
        return await self._write(lambda: self._store.append(*given, **more), append=True)

    async def delete(self, *given: Any, **more: Any) -> None:
        return await self._write(lambda: self._store.delete(*given, **more))

    async def insert(self, *given: Any, **more: Any) -> bool:
        return await self._write(lambda: self._store.insert(*given, **more))

    async def get(self, *given: Any, **more: Any) -> Document | None:
        return await self._do(lambda: self._store.get(*given, **more))

    async def update(self, *given: Any, **more: Any) -> Document | None:
        return await self._write(lambda: self._store.update(*given, **more))

    async def find(self, *given: Any, **more: Any) -> list[Document]:
        return await self._do(lambda: self._store.find(*given, **more))

    async def count(self, *given: Any, **more: Any) -> int:
        return await self._do(lambda: self._store.count(*given, **more))

    async def delete_document(self, *given: Any, **more: Any) -> None:
        return await self._write(lambda: self._store.delete_document(*given, **more))

    async def aclose(self) -> None:
        """The process is over; the database is not."""

    def die(self) -> None:
        """Stand still from now on."""
        self.died.set()
        self._flows.clear()

    async def _write(self, work: Callable[[], Awaitable[T]], *, append: bool = False) -> T:
        await self._flows.wait()
        counts = append or not self._accident.appends
        self._writes += counts
        if not counts or self._writes != self._accident.write:
            return await self._do(work)
        self.happened.set()
        if self._accident.stall:
            late = asyncio.ensure_future(self._stall(work))
            self._late.add(late)
            return await asyncio.shield(late)
        if self._accident.landed:
            await work()
        self.die()
        return await self._do(work)

    async def _stall(self, work: Callable[[], Awaitable[T]]) -> T:
        self._flows.clear()
        await asyncio.sleep(self._accident.stall)
        try:
            return await work()
        finally:
            self._flows.set()

    async def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        await self._flows.wait()
        try:
            return await work()
        finally:
            await self._flows.wait()
