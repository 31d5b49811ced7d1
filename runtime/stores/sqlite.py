"""Everything in one SQLite file: the embedded default, for one machine and any number of its processes.

Writes go through one thread that groups them into transactions (`sqlite_worker`). What takes less time than the way to
a thread and back is done in place (`sqlite_in_place`): reads of little, and small entries where no fsync is waited for.
"""

import asyncio
import sqlite3
import weakref
from collections.abc import Callable, Mapping
from os import PathLike, fspath
from types import TracebackType
from typing import Literal, Self, TypeVar

from runtime.store import Collection, Document, Log, Mark, Scalar, Value
from runtime.stores import sqlite_documents as documents, sqlite_log as log
from runtime.stores.documents import any_of, unpack
from runtime.stores.sqlite_file import connect, open_for_writing
from runtime.stores.sqlite_in_place import InPlace
from runtime.stores.sqlite_worker import Worker
from runtime.stores.threads import Threads

T = TypeVar("T")

LARGEST_GROUP = 256  # jobs in one transaction


class SqliteSaver(Threads):
    """All of `Store` in the file `path`, which is made if it does not exist; `":memory:"` keeps it in this process.

    `synchronous="FULL"` survives a power cut; `"NORMAL"` saves the fsync of each group and survives the end of the
    process, but a power cut may take the last writes back. Opening raises StoreError for a file that cannot be used:
    damaged, not a database, or written by a newer version. Of a connection only its file is taken.
    """

    finishes_appends = True
    """An append that was begun ends before its caller's cancelling comes out of it, and has then succeeded."""

    def __init__(
        self, path: str | PathLike[str] | sqlite3.Connection, *, synchronous: Literal["FULL", "NORMAL"] = "FULL"
    ) -> None:
        if synchronous not in {"FULL", "NORMAL"}:
            raise ValueError(f"synchronous is FULL or NORMAL, not {synchronous!r}")
        self._path = _file_of(path) if isinstance(path, sqlite3.Connection) else fspath(path)
        self._fields: dict[str, tuple[str, ...]] = {}
        """By collection, the fields that its table has columns for, as far as this saver has seen it."""
        connection = open_for_writing(self._path, synchronous)
        shared = self._path != ":memory:"  # else no other connection can see it
        reading = connect(self._path) if shared else None
        self._in_place = InPlace(connect(self._path), synchronous) if shared else None
        self._writer = Worker(connection, self._path, begin="BEGIN IMMEDIATE", largest_group=LARGEST_GROUP)
        self._reader = Worker(reading, self._path, begin="BEGIN", largest_group=1) if reading else self._writer
        # Runs at `close`, when the saver is forgotten, and at interpreter exit: what was queued is always written.
        self._finalizer = weakref.finalize(self, _close, self._writer, self._reader, self._in_place)

    @classmethod
    def from_conn_string(cls, path: str) -> Self:
        """Open `path`, for the length of a `with` or an `async with`."""
        return cls(path)

    async def load(self, thread_id: str, *, whole: bool = False, since: Mark | None = None) -> Log:
        if since is not None and (news := await self._load_since(thread_id, since)):
            return news
        if not whole and (
            small := self._at_once(lambda connection: log.load_small(connection, thread_id), single=False)
        ):
            return small
        return await self._reader.run(lambda connection: log.load(connection, thread_id, whole=whole))

    async def _load_since(self, thread_id: str, since: Mark) -> Log | None:
        news = self._at_once(lambda connection: log.load_since(connection, thread_id, since, log.SMALL_ENTRIES))
        return news or await self._reader.run(lambda connection: log.load_since(connection, thread_id, since))

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        def job(connection: sqlite3.Connection) -> int:
            return log.append(connection, thread_id, expected, entry, snapshot)

        small = snapshot is None and len(entry) <= log.SMALL_BYTES
        if not small or self._in_place is None or self._in_place.write(job) is None:
            await self._writer.finish(job)

    async def delete(self, thread_id: str) -> None:
        await self._writer.run(lambda connection: log.delete(connection, thread_id))

    async def insert(self, collection: Collection, document: Document) -> bool:
        fields = await self._prepared(collection)
        first = {**document, "revision": 1}
        return await self._writer.run(lambda connection: documents.insert(connection, collection, fields, first))

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        await self._prepared(collection)
        bodies = self._at_once(lambda connection: documents.get(connection, collection, document_id))
        if bodies is None:
            bodies = await self._reader.run(lambda connection: documents.get(connection, collection, document_id))
        return unpack(bodies[0]) if bodies else None

    async def update(
        self,
        collection: Collection,
        document_id: str,
        *,
        expect: Mapping[str, Scalar],
        change: Mapping[str, Value],
    ) -> Document | None:
        fields = await self._prepared(collection)
        body = await self._writer.run(
            lambda connection: documents.update(
                connection, collection, fields, document_id, expect=expect, change=change
            )
        )
        return None if body is None else unpack(body)

    async def find(
        self,
        collection: Collection,
        where: Mapping[str, Scalar | tuple[Scalar, ...]],
        *,
        before: tuple[str, float] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Document]:
        wanted = any_of(collection, where, before)
        await self._prepared(collection)
        bodies = None
        if before is None and documents.may_be_few(wanted, limit):
            bodies = self._at_once(
                lambda connection: documents.find_few(
                    connection, collection, wanted, limit=limit, newest_first=newest_first
                )
            )
        if bodies is None:
            bodies = await self._reader.run(
                lambda connection: documents.find(
                    connection, collection, wanted, before=before, limit=limit, newest_first=newest_first
                )
            )
        return [unpack(body) for body in bodies]

    async def count(self, collection: Collection, where: Mapping[str, Scalar | tuple[Scalar, ...]]) -> int:
        wanted = any_of(collection, where)
        await self._prepared(collection)
        return await self._reader.run(lambda connection: documents.count(connection, collection, wanted))

    async def delete_document(self, collection: Collection, document_id: str) -> None:
        await self._prepared(collection)
        await self._writer.run(lambda connection: documents.delete(connection, collection, document_id))

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Finish what was begun and let go of the file; every later call but this one raises StoreError. Blocks."""
        self._finalizer()

    def _at_once(self, job: Callable[[sqlite3.Connection], T], *, single: bool = True) -> T | None:
        return None if self._in_place is None else self._in_place.read(job, single=single)

    async def _prepared(self, collection: Collection) -> tuple[str, ...]:
        fields = self._fields.get(collection.name)
        if fields is None or not set(collection.indexes) <= set(fields):
            fields = await self._writer.run(lambda connection: documents.prepare(connection, collection))
            self._fields[collection.name] = fields
        return fields

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _file_of(connection: sqlite3.Connection) -> str:
    """Return the file of a connection that a program opened for LangGraph."""
    (_, _, file) = connection.execute("PRAGMA database_list").fetchone()
    return str(file or ":memory:")


def _close(writer: Worker, reader: Worker, in_place: InPlace | None) -> None:
    writer.close()
    reader.close()
    if in_place is not None:
        in_place.close()
