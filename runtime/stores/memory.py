"""A store that forgets: for tests, examples and whatever may be lost with the process.

It keeps the same bytes as the others, so what works here works there. One lock guards it all, because every event loop
of the process may use it; nothing is awaited while it is held.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self

from runtime.errors import StaleHeadError, StoreError
from runtime.store import Collection, Document, Log, Mark, Scalar, Value
from runtime.stores.documents import any_of, changed, pack, unpack
from runtime.stores.threads import Threads


@dataclass(slots=True)
class _Thread:
    entries: list[bytes] = field(default_factory=list)
    snapshot_at: int = 0
    snapshot: bytes | None = None

    def has(self, mark: Mark) -> bool:
        return mark.number <= len(self.entries) and self.entries[mark.number - 1].endswith(mark.end)


class InMemorySaver(Threads):
    """All of `Store` in dictionaries of this process."""

    never_waits = True
    """Its coroutines end without giving way to others, so that nobody can cancel one halfway."""
    finishes_appends = True

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = False
        self._threads: dict[str, _Thread] = {}
        self._documents: defaultdict[str, dict[str, bytes]] = defaultdict(dict)

    async def load(self, thread_id: str, *, whole: bool = False, since: Mark | None = None) -> Log:
        with self._open():
            thread = self._threads.get(thread_id, _NOTHING)
            start, snapshot = (0, None) if whole else (thread.snapshot_at, thread.snapshot)
            if since is not None and thread.has(since):
                start, snapshot = since.number, None
            return Log(
                head=len(thread.entries),
                snapshot_at=start,
                snapshot=snapshot,
                entries=tuple(thread.entries[start:]),
            )

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        with self._open():
            thread = self._threads.get(thread_id) or _Thread()
            if len(thread.entries) != expected:
                raise StaleHeadError(thread_id, expected)
            thread.entries.append(entry)
            if snapshot is not None:
                thread.snapshot_at, thread.snapshot = expected + 1, snapshot
            self._threads[thread_id] = thread

    async def delete(self, thread_id: str) -> None:
        with self._open():
            self._threads.pop(thread_id, None)

    async def insert(self, collection: Collection, document: Document) -> bool:
        body = pack(document | {"revision": 1})
        with self._open():
            documents = self._documents[collection.name]
            return documents.setdefault(str(document["id"]), body) is body

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        with self._open():
            body = self._documents[collection.name].get(document_id)
        return None if body is None else unpack(body)

    async def update(
        self,
        collection: Collection,
        document_id: str,
        *,
        expect: Mapping[str, Scalar],
        change: Mapping[str, Value],
    ) -> Document | None:
        with self._open():
            documents = self._documents[collection.name]
            body = documents.get(document_id)
            after = None if body is None else changed(unpack(body), expect, change)
            if after is None:
                return None
            documents[document_id] = body = pack(after)
        return unpack(body)

    async def find(
        self,
        collection: Collection,
        where: Mapping[str, Scalar | tuple[Scalar, ...]],
        *,
        before: tuple[str, float] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Document]:
        found = self._matching(collection, where, before)
        found.sort(key=lambda document: (document["created_at"], document["id"]), reverse=newest_first)
        return found[:limit]

    async def count(self, collection: Collection, where: Mapping[str, Scalar | tuple[Scalar, ...]]) -> int:
        return len(self._matching(collection, where))

    def _matching(
        self,
        collection: Collection,
        where: Mapping[str, Scalar | tuple[Scalar, ...]],
        before: tuple[str, float] | None = None,
    ) -> list[Document]:
        wanted = any_of(collection, where, before)
        with self._open():
            bodies = list(self._documents[collection.name].values())
        return [
            document
            for document in map(unpack, bodies)
            if all(document.get(field) in values for field, values in wanted.items())
            and (before is None or _is_below(document.get(before[0]), before[1]))
        ]

    async def delete_document(self, collection: Collection, document_id: str) -> None:
        with self._open():
            self._documents[collection.name].pop(document_id, None)

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything; every later call but this one raises StoreError."""
        with self._lock:
            self._closed = True
            self._threads.clear()
            self._documents.clear()

    def _open(self) -> Lock:
        if self._closed:
            raise StoreError("this in-memory store is closed; what it held is gone")
        return self._lock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_below(value: Value, limit: float) -> bool:
    return isinstance(value, int | float) and value < limit


_NOTHING = _Thread()
