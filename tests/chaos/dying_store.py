"""A store as one process sees it, until the accident (`tests.chaos.accidents`).

When the process dies, everything stands still for ever. Nothing is raised, because a dead process catches nothing. When
the network stalls, nothing comes back for a while, and then the write arrives after all, whoever has stopped waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from runtime.store import Collection, Document, Log, Store
from tests.chaos.accidents import NEVER, Accident, Meeting, Write

T = TypeVar("T")

LOOK_AGAIN: Final = 0.02
"""Seconds between two looks for what another process has written."""
ANY: Final = Write()
"""One of those that nobody is interested in."""


class DyingStore:
    """Any `Store`. Where there is a `meeting`, writes wait for those of others who come to it."""

    def __init__(self, store: Store, accident: Accident = NEVER, meeting: Meeting | None = None) -> None:
        self._store = store
        self._accident = accident
        self._meeting = meeting
        self._flows = asyncio.Event()
        self._flows.set()
        self._late: set[asyncio.Future[Any]] = set()

    async def load(self, *given: Any, **more: Any) -> Log:
        return await self._do(lambda: self._store.load(*given, **more))

    async def append(self, thread_id: str, expected: int, *given: Any, **more: Any) -> None:
        write = Write(id=thread_id, expect={"head": expected})
        return await self._write(lambda: self._store.append(thread_id, expected, *given, **more), write)

    async def delete(self, *given: Any, **more: Any) -> None:
        return await self._write(lambda: self._store.delete(*given, **more))

    async def insert(self, *given: Any, **more: Any) -> bool:
        return await self._write(lambda: self._store.insert(*given, **more))

    async def get(self, *given: Any, **more: Any) -> Document | None:
        return await self._do(lambda: self._store.get(*given, **more))

    async def update(
        self, collection: Collection, document_id: str, *, expect: Mapping[str, Any], change: Mapping[str, Any]
    ) -> Document | None:
        write = Write(collection=collection.name, id=document_id, expect=expect, change=change)
        return await self._write(
            lambda: self._store.update(collection, document_id, expect=expect, change=change), write
        )

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
        self._flows.clear()

    async def _write(self, work: Callable[[], Awaitable[T]], write: Write = ANY) -> T:
        await self._flows.wait()
        if self._meeting is not None:
            await self._meeting.wait(write)
        if not self._accident.strikes(write):
            return await self._do(work)
        if self._accident.stall:
            late = asyncio.ensure_future(self._stall(work, write))
            self._late.add(late)
            return await asyncio.shield(late)
        if self._accident.landed:
            await work()
        self.die()
        return await self._do(work)

    async def _stall(self, work: Callable[[], Awaitable[T]], write: Write) -> T:
        self._flows.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._accident.stall):
                await self._overtaken(write)
        try:
            return await work()
        finally:
            self._flows.set()

    async def _overtaken(self, write: Write) -> None:
        """Wait until another process has written to the log."""
        while (await self._store.load(write.id)).head == write.expect["head"]:  # noqa: ASYNC110 - others tell nobody
            await asyncio.sleep(LOOK_AGAIN)

    async def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        await self._flows.wait()
        try:
            return await work()
        finally:
            await self._flows.wait()
