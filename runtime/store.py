"""What the runtime asks of a database: two small protocols, one store class implements both.

`CheckpointStore` keeps one append-only log of opaque entries per thread; `DocumentStore` keeps small documents
with compare-and-set. Stores know nothing of graphs or requests: they move bytes and plain values, so a new
database is one file and one fixture in `tests/contracts`. The docstrings below are the contract that suite checks.
Every method may be awaited from any event loop of the process; none blocks the loop it is awaited on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | Sequence[Value] | Mapping[str, Value] | None"
Scalar: TypeAlias = bool | int | float | str | None
Document: TypeAlias = dict[str, Value]
"""Always has `id: str`, `created_at: float` (seconds since the epoch, the caller's clock) and `revision: int`."""


class Mark(NamedTuple):
    """A place in a log that somebody has read up to."""

    number: int
    """Of the last entry read, from 1."""
    end: bytes
    """The last bytes of that entry: another log in the same place, begun after a delete, has others."""


class Log(NamedTuple):
    """What is known of one thread: replay `snapshot`, then `entries`, and you stand at `head`."""

    head: int
    """Number of entries ever appended; 0 for a thread that does not exist."""
    snapshot_at: int
    """The head that `snapshot` describes; 0 when there is none."""
    snapshot: bytes | None
    entries: tuple[bytes, ...]
    """Entries `snapshot_at + 1 … head` (or `1 … head` when the whole log was asked for), oldest first."""

    def continues(self, mark: Mark | None) -> bool:
        """Whether this is what came after the mark, and nothing else."""
        return mark is not None and self.snapshot is None and self.snapshot_at == mark.number


class CheckpointStore(Protocol):
    """One append-only log per thread. Entries and snapshots are opaque to the store, of any size."""

    async def load(self, thread_id: str, *, whole: bool = False, since: Mark | None = None) -> Log:
        """Read a consistent view of one thread: one point in time, never half of an append.

        `whole=True` returns every entry since the first and no snapshot (for history and forks). `since`: when the log
        has that entry, ending like that, only what came after it, as if it were the snapshot's head but with no
        snapshot; otherwise the same as without.
        """
        ...

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        """Append `entry` as number `expected + 1`, atomically and durably: when this returns it survives a crash.

        `snapshot`, when given, describes the thread with `entry` applied and replaces the thread's earlier snapshot.
        Raises `StaleHeadError` and changes nothing when the head is not `expected`: of several writers racing for
        one number exactly one wins.
        """
        ...

    async def delete(self, thread_id: str) -> None:
        """Forget the thread's log. Deleting an unknown thread is not an error."""
        ...


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents and the fields that `find` may filter by (all scalars)."""

    name: str
    indexes: tuple[str, ...] = ()


class DocumentStore(Protocol):
    """Small documents by collection and id, changed only by compare-and-set."""

    async def insert(self, collection: Collection, document: Document) -> bool:
        """Store a new document at revision 1. False, and nothing changed, when its id exists already.

        What is no `Value` raises CodecError. Sequences come back as lists, enums as their values.
        """
        ...

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        """Read one document; the result is the caller's own copy."""
        ...

    async def update(
        self,
        collection: Collection,
        document_id: str,
        *,
        expect: Mapping[str, Scalar],
        change: Mapping[str, Value],
    ) -> Document | None:
        """Set the fields of `change` if every field of `expect` has that value now, in one atomic step.

        A missing field counts as None. `expect` may name any field, `change` any but `id` and `revision` (StoreError).
        Returns the document after the change with its revision one higher. Returns None, and changes nothing, when
        there is no such document or it does not match: of several callers racing with the same `expect` exactly one
        wins if the change falsifies it. Durable when it returns.
        """
        ...

    async def find(
        self,
        collection: Collection,
        where: Mapping[str, Scalar | tuple[Scalar, ...]],
        *,
        before: tuple[str, float] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Document]:
        """Documents whose indexed fields equal `where` (a tuple means any of these), by `(created_at, id)`.

        `before`: of these, only those that have a number in that field, and one smaller than this; costs what it finds,
        however many documents there are. A missing field counts as None. A field that is not among the collection's
        indexes raises StoreError (`before` knows `created_at` too); indexes may be added to a collection that has
        documents already.
        """
        ...

    async def count(self, collection: Collection, where: Mapping[str, Scalar | tuple[Scalar, ...]]) -> int:
        """How many documents `find` would return, without reading them."""
        ...

    async def delete_document(self, collection: Collection, document_id: str) -> None:
        """Remove one document. Removing an unknown one is not an error."""
        ...


class Store(CheckpointStore, DocumentStore, Protocol):
    """Both halves in one database, so that a backup of one file or one database is a backup of everything."""

    async def aclose(self) -> None:
        """Finish what was begun, then let go of files and connections. Closing twice is not an error.

        Every other call raises StoreError from then on.
        """
        ...
