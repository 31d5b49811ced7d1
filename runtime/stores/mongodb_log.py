"""Threads and their logs in MongoDB: one document per thread, changed in one step, and parts for what outgrows it.

The head document has everything that a short thread has:

    _id       the thread's id
    log       an id of this log; another log of the same thread, begun after a delete, has another
    head      number of entries
    tail      {number: entry} of the newest entries; each begins with a token of the append that wrote it
    size      bytes of the tail, small entries counted as `LEAST_BYTES`
    parts     {number of its last entry: reference} of older entries, packed
    snapshot, snapshot_at      bytes, or a reference; and the entry it stands for

An append is one compare-and-set on `head`: a thread's start is one write, a resume one read and one write, and a reader
of that one document can never see half of an append. MongoDB rewrites a document as a whole, so a tail that has reached
`TAIL_BYTES` moves to a part together with the entry that found it full, and entries and snapshots larger than
`INLINE_BYTES` never go in: what a turn costs stays the same however long the thread, and no thread is too large.
A part is written before the head names it and never changes. Entries are fields, not an array, because `$push` of bytes
is where compatible servers differ, and `$set` of a field is the same everywhere.

Whoever dies between a part and its head leaves a part that nobody reads; it goes with the thread. Deleting takes the
head's content first, then the parts, then the head itself, so that a delete that died is finished by the next one, or
by the append that finds it. A reader whose part has gone reads the head again.

A reply may be lost after the server has carried out an append. The driver asks again where the server can tell a repeat
(replica sets); elsewhere the token does it: an entry that has it was ours, and no other can have won.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from secrets import token_bytes, token_hex
from typing import Any, Final

import ormsgpack
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, DuplicateKeyError, PyMongoError, ServerSelectionTimeoutError

from runtime.errors import StaleHeadError, StoreError
from runtime.store import Log, Mark

TAIL_BYTES: Final = 64 * 1024  # a tail this long moves to a part
LEAST_BYTES: Final = 1024  # what an entry counts for at least: 64 fields are enough for one document
INLINE_BYTES: Final = 64 * 1024  # larger entries and snapshots are parts by themselves
CHUNK_BYTES: Final = 8 * 1024 * 1024  # of a part in one document; MongoDB takes 16 MB
TOKEN_BYTES: Final = 8

_NO_LOG = Log(head=0, snapshot_at=0, snapshot=None, entries=())
_Head = dict[str, Any]


class _PartGoneError(Exception):
    """The head has moved on, or the thread was deleted, since it was read."""


class Logs:
    """The logs of one database. Raises the driver's errors as they are."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._heads = database["log_heads"]
        self._parts = database["log_parts"]
        self._prepared = False

    async def load(self, thread_id: str, *, whole: bool, since: Mark | None) -> Log:
        seen: _Head | None = None
        while True:
            head = await self._heads.find_one({"_id": thread_id})
            if head is None or _buried(head):
                return _NO_LOG
            try:
                return await self._log(head, whole=whole, since=since)
            except _PartGoneError:
                if head == seen:
                    raise StoreError(
                        f"thread {thread_id!r} is damaged: a part of its log is missing; restore it from a backup"
                    ) from None
                seen = head

    async def _log(self, head: _Head, *, whole: bool, since: Mark | None) -> Log:
        if since is not None and 1 <= since.number <= head["head"]:
            (known, *news), _ = await self._read(head, since.number)
            if known[TOKEN_BYTES:].endswith(since.end):
                return _as_log(head, since.number, None, news)
        snapshot_at, snapshot = (0, None) if whole else (head["snapshot_at"], head["snapshot"])
        items, body = await self._read(head, snapshot_at + 1, snapshot)
        return _as_log(head, snapshot_at, body, items)

    async def _read(
        self, head: _Head, first: int, snapshot: bytes | str | None = None
    ) -> tuple[list[bytes], bytes | None]:
        """The entries from number `first` on, with their tokens, and the snapshot: one query for all parts."""
        begin, references = 1, []
        for last, reference in sorted((int(last), reference) for last, reference in head["parts"].items()):
            if last >= first:
                references.append(reference)
            else:
                begin = last + 1
        if not isinstance(snapshot, str):
            bodies, body = await self._bodies(head["log"], references), snapshot
        else:
            *bodies, body = await self._bodies(head["log"], [*references, snapshot])
        items = [item for packed in bodies for item in ormsgpack.unpackb(packed)] + _tail(head)
        return items[first - begin :], body

    async def _bodies(self, log: str, references: Sequence[str]) -> list[bytes]:
        ids = [_chunk_ids(log, reference) for reference in references]
        if not ids:
            return []
        query = {"_id": {"$in": [chunk for chunks in ids for chunk in chunks]}}
        found = {chunk["_id"]: chunk["body"] for chunk in await self._parts.find(query).to_list(None)}
        try:
            return [b"".join([found[chunk] for chunk in chunks]) for chunks in ids]
        except KeyError:
            raise _PartGoneError from None

    async def append(self, thread_id: str, expected: int, entry: bytes, snapshot: bytes | None) -> None:
        item = token_bytes(TOKEN_BYTES) + entry
        lost: ConnectionFailure | None = None
        while True:
            try:
                if await self._attempt(thread_id, expected, item, snapshot, in_doubt=lost is not None):
                    return
            except ConnectionFailure as error:
                if lost is not None:
                    raise lost from error  # of the two, the one after which nobody knows
                if isinstance(error, ServerSelectionTimeoutError):
                    raise  # it was never sent
                lost = error

    async def _attempt(
        self, thread_id: str, expected: int, item: bytes, snapshot: bytes | None, *, in_doubt: bool
    ) -> bool:
        """Whether it is done; False when the thread was changed meanwhile and has to be looked at again."""
        small = max(len(item) - TOKEN_BYTES, len(snapshot or b"")) <= INLINE_BYTES
        if small and await self._append_inline(thread_id, expected, item, snapshot):
            return True
        head = await self._heads.find_one({"_id": thread_id})
        if head is not None and _buried(head):
            await self.delete(thread_id)
            return False
        if (head["head"] if head else 0) == expected:
            return await self._append_as_part(head, thread_id, item, snapshot)
        if head is not None and in_doubt and await self._has(head, expected + 1, item):
            return True
        raise StaleHeadError(thread_id, expected)

    async def _append_inline(self, thread_id: str, expected: int, item: bytes, snapshot: bytes | None) -> bool:
        number = expected + 1
        if expected == 0:
            fresh = _new_head(thread_id, token_hex(8)) | {"tail": {"1": item}, "size": _size(item)}
            return await self._insert(fresh if snapshot is None else fresh | {"snapshot_at": 1, "snapshot": snapshot})
        fields = {"head": number, f"tail.{number}": item}
        if snapshot is not None:
            fields |= {"snapshot_at": number, "snapshot": snapshot}
        where = {"_id": thread_id, "head": expected, "size": {"$lt": TAIL_BYTES}}
        return await self._advance(where, {"$set": fields, "$inc": {"size": _size(item)}})

    async def _append_as_part(self, head: _Head | None, thread_id: str, item: bytes, snapshot: bytes | None) -> bool:
        """Move the tail and the new entry out of the head, a large snapshot too."""
        before = head or _new_head(thread_id, token_hex(8)) | {"head": 0}
        number = before["head"] + 1
        log = before["log"]
        part = await self._write(log, ormsgpack.packb([*_tail(before), item]))
        fields: dict[str, Any] = {"head": number, "tail": {}, "size": 0}
        written = [part]
        if snapshot is not None:
            fields |= {"snapshot_at": number, "snapshot": snapshot}
            if len(snapshot) > INLINE_BYTES:
                fields["snapshot"] = await self._write(log, snapshot)
                written.append(fields["snapshot"])
        if head is None:
            done = await self._insert(before | fields | {"parts": {"1": part}})
        else:
            where = {"_id": thread_id, "log": log, "head": head["head"]}
            done = await self._advance(where, {"$set": fields | {f"parts.{number}": part}})
        if not done:
            await self._remove(log, written)
        return done

    async def _insert(self, head: _Head) -> bool:
        try:
            await self._heads.insert_one(head)
        except DuplicateKeyError:
            return False
        return True

    async def _advance(self, where: dict[str, Any], change: dict[str, Any]) -> bool:
        replaces = "snapshot" in change["$set"]
        before = await self._heads.find_one_and_update(
            where, change, projection={"log": True, "snapshot": True} if replaces else {"_id": True}
        )
        if before is not None and isinstance(before.get("snapshot"), str):
            await self._remove(before["log"], [before["snapshot"]])
        return before is not None

    async def _has(self, head: _Head, number: int, item: bytes) -> bool:
        """Whether this very append has written that entry."""
        items, _ = await self._read(head, number)
        return items[:1] == [item]

    async def _write(self, log: str, body: bytes) -> str:
        """Write a part; nobody knows of it until a head has the reference."""
        await self._prepare()
        reference = f"{token_hex(8)}/{-(-len(body) // CHUNK_BYTES) or 1}"
        chunks = (body[at : at + CHUNK_BYTES] for at in range(0, len(body) or 1, CHUNK_BYTES))
        documents = zip(_chunk_ids(log, reference), chunks, strict=True)
        await self._parts.insert_many([{"_id": chunk, "log": log, "body": body} for chunk, body in documents])
        return reference

    async def _remove(self, log: str, references: Iterable[str]) -> None:
        """Remove parts that no head names; what cannot be reached now goes with the thread."""
        ids = [chunk for reference in references for chunk in _chunk_ids(log, reference)]
        with suppress(PyMongoError):
            await self._parts.delete_many({"_id": {"$in": ids}})

    async def delete(self, thread_id: str) -> None:
        await self._prepare()
        content = dict.fromkeys(("head", "tail", "size", "parts", "snapshot", "snapshot_at"), "")
        head = await self._heads.find_one_and_update({"_id": thread_id}, {"$unset": content}, projection={"log": True})
        if head is not None:
            await self._parts.delete_many({"log": head["log"]})
            await self._heads.delete_one({"_id": thread_id, "log": head["log"]})

    async def _prepare(self) -> None:
        if not self._prepared:
            await self._parts.create_index([("log", 1)])
            self._prepared = True


def _new_head(thread_id: str, log: str) -> _Head:
    empty: _Head = {"tail": {}, "size": 0, "parts": {}, "snapshot_at": 0, "snapshot": None}
    return {"_id": thread_id, "log": log, "head": 1, **empty}


def _size(item: bytes) -> int:
    return max(len(item), LEAST_BYTES)


def _buried(head: _Head) -> bool:
    return "head" not in head


def _as_log(head: _Head, start: int, snapshot: bytes | None, items: Iterable[bytes]) -> Log:
    entries = tuple([item[TOKEN_BYTES:] for item in items])
    return Log(head=head["head"], snapshot_at=start, snapshot=snapshot, entries=entries)


def _tail(head: _Head) -> list[bytes]:
    return [head["tail"][number] for number in sorted(head["tail"], key=int)]


def _chunk_ids(log: str, reference: str) -> list[str]:
    token, _, chunks = reference.partition("/")
    return [f"{log}/{token}/{number}" for number in range(int(chunks))]
