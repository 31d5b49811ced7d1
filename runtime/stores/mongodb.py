"""Everything in one MongoDB database, for any number of processes on any number of machines.

Threads are in `mongodb_log`, documents in `mongodb_documents`, the client and its errors in `mongodb_client`. Only
commands that MongoDB 4.4 and later, Atlas and compatible servers have are used, and every change is a compare-and-set
of one document: there are no transactions and no change streams.

What was written has reached the disks of a majority (`w: "majority"`, `j: true`) when a call returns, so no failover
takes it back. Reads go to the primary and return what a majority has. A primary that has been cut off and does not know
it yet may answer with the past for some seconds; nothing comes of it, since every change says what it expects and needs
that majority. Linearizable reads would close that gap at the price of a write's latency for each read.
"""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pymongo import ReadPreference, WriteConcern
from pymongo.read_concern import ReadConcern

from runtime.store import Collection, Document, Log, Mark, Scalar, Value
from runtime.stores.documents import any_of
from runtime.stores.mongodb_client import Driver, Home, close_client, hosts_of, opener
from runtime.stores.mongodb_documents import Documents
from runtime.stores.mongodb_log import Logs
from runtime.stores.threads import Threads

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorClient
    from pymongo import AsyncMongoClient

DATABASE = "andon"  # where the address names none


class MongoDBSaver(Threads):
    """All of `Store` in a MongoDB database; collections and indexes are made when first used.

    Takes a client of Motor or PyMongo's `AsyncMongoClient`, which stays the caller's to close and belongs to one event
    loop: the first that uses it here. Other loops hand their calls over to that one, which must be running then.
    `from_conn_string` needs no such care. `database`: the one that the client's address names, else `andon`.
    """

    finishes_appends = True
    """An append that was begun ends before its caller's cancelling comes out of it, and has then succeeded."""

    def __init__(
        self, client: "AsyncIOMotorClient[Any] | AsyncMongoClient[Any]", *, database: str | None = None
    ) -> None:
        self._home = Home(lambda: _Database(client, database), "MongoDB")

    @classmethod
    def from_conn_string(cls, uri: str, *, database: str | None = None, driver: Driver = "motor") -> Self:
        """A saver with a client of its own, which is closed with it.

        Inside `async with` the client lives in that event loop; otherwise in a thread of its own, and any loop may use
        the saver at any time, those of sync calls too. Connects when first used. Raises StoreError for an address that
        cannot be read.
        """
        open_client = opener(uri, driver)
        saver = cls.__new__(cls)
        saver._home = Home(  # noqa: SLF001 - a saver of this class
            lambda: _Database(open_client(), database),
            f"MongoDB at {hosts_of(uri)}",
            own_thread=True,
            close=lambda opened: close_client(opened.client),
        )
        return saver

    async def load(self, thread_id: str, *, whole: bool = False, since: Mark | None = None) -> Log:
        return await self._home.run(lambda on: on.logs.load(thread_id, whole=whole, since=since))

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        await self._home.run(lambda on: on.logs.append(thread_id, expected, entry, snapshot))

    async def delete(self, thread_id: str) -> None:
        await self._home.run(lambda on: on.logs.delete(thread_id))

    async def insert(self, collection: Collection, document: Document) -> bool:
        return await self._home.run(lambda on: on.documents.insert(collection, document))

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        return await self._home.run(lambda on: on.documents.get(collection, document_id))

    async def update(
        self,
        collection: Collection,
        document_id: str,
        *,
        expect: Mapping[str, Scalar],
        change: Mapping[str, Value],
    ) -> Document | None:
        return await self._home.run(lambda on: on.documents.update(collection, document_id, expect, change))

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
        return await self._home.run(
            lambda on: on.documents.find(collection, wanted, before=before, limit=limit, newest_first=newest_first)
        )

    async def count(self, collection: Collection, where: Mapping[str, Scalar | tuple[Scalar, ...]]) -> int:
        wanted = any_of(collection, where)
        return await self._home.run(lambda on: on.documents.count(collection, wanted))

    async def delete_document(self, collection: Collection, document_id: str) -> None:
        await self._home.run(lambda on: on.documents.delete(collection, document_id))

    async def aclose(self) -> None:
        await self._home.aclose()

    def close(self) -> None:
        """The same from sync code; blocks. Inside the event loop that the client lives in, await `aclose()`."""
        asyncio.run(self.aclose())

    async def __aenter__(self) -> Self:
        self._home.settle_here()
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


class _Database:
    """A client and both halves of the store over it."""

    def __init__(self, client: Any, name: str | None) -> None:
        self.client = client
        options: dict[str, Any] = {
            "read_preference": ReadPreference.PRIMARY,
            "read_concern": ReadConcern("majority"),
            "write_concern": WriteConcern("majority", j=True),
        }
        default = client.get_default_database(DATABASE)
        database = client.get_database(name or default.name, **options)
        self.logs = Logs(database)
        self.documents = Documents(database)
