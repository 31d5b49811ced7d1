"""Documents in MongoDB: a field is a field there, so that a compare-and-set of any of them is one command.

None, bools, numbers and texts are themselves, for finding them and for whoever looks at the database; every other value
is packed as in the other stores. Compatible servers fall short in places, so `id` is there twice (an index that has
`_id` in it), and texts say with the character 1 what they cannot hold: the character 0, integers beyond 64 bits, and
floats that are not finite. A field whose name MongoDB would read as a path or an operator has the odd characters in it
written as `%` and their code.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

import ormsgpack
from bson.int64 import Int64
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from runtime.store import Collection, Document, Scalar, Value
from runtime.stores.documents import check_change, pack, unpack

_ODD: Final = re.compile(r"[^A-Za-z0-9_]")
_CODE: Final = re.compile(r"%([0-9a-f]+);")
_ESCAPED: Final = re.compile("\x01(.)")


class Documents:
    """The collections of one database. Raises the driver's errors as they are."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._database = database
        self._prepared: set[Collection] = set()

    async def insert(self, collection: Collection, document: Document) -> bool:
        stored = _fields({**document, "revision": 1})
        await self._prepare(collection)
        try:
            await self._database[collection.name].insert_one({"_id": document["id"], **stored})
        except DuplicateKeyError:
            return False
        return True

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        await self._prepare(collection)
        return _document(await self._database[collection.name].find_one({"_id": document_id}))

    async def update(
        self, collection: Collection, document_id: str, expect: Mapping[str, Scalar], change: Mapping[str, Value]
    ) -> Document | None:
        check_change(change)
        expected, changes = _fields(expect), _fields(change)
        await self._prepare(collection)
        return _document(
            await self._database[collection.name].find_one_and_update(
                {"_id": document_id, **expected},
                {"$set": changes, "$inc": {"revision": 1}},
                return_document=ReturnDocument.AFTER,
            )
        )

    async def find(
        self,
        collection: Collection,
        wanted: Mapping[str, tuple[Scalar, ...]],
        *,
        before: tuple[str, float] | None,
        limit: int | None,
        newest_first: bool,
    ) -> list[Document]:
        if limit == 0:  # none to MongoDB
            return []
        await self._prepare(collection)
        where = _query(wanted)
        if before is not None:
            where.setdefault(_field(before[0]), {})["$lt"] = before[1]  # never true of what is no number
        order = DESCENDING if newest_first else ASCENDING
        found = self._database[collection.name].find(where).sort([("created_at", order), ("id", order)])
        return [_known(stored) for stored in await found.limit(limit or 0).to_list(None)]

    async def count(self, collection: Collection, wanted: Mapping[str, tuple[Scalar, ...]]) -> int:
        await self._prepare(collection)
        return await self._database[collection.name].count_documents(_query(wanted))

    async def delete(self, collection: Collection, document_id: str) -> None:
        await self._prepare(collection)
        await self._database[collection.name].delete_one({"_id": document_id})

    async def _prepare(self, collection: Collection) -> None:
        """Make the indexes that are missing, at a collection's first use."""
        if collection in self._prepared:
            return
        age = [("created_at", ASCENDING), ("id", ASCENDING)]
        keys = [age, *([(_field(name), ASCENDING), *age] for name in collection.indexes)]
        await self._database[collection.name].create_indexes([IndexModel(key) for key in keys])
        self._prepared.add(collection)


def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Raises CodecError for what is not a document's `Value`."""
    return {_field(name): _value(value) for name, value in unpack(pack(document)).items()}


def _query(wanted: Mapping[str, tuple[Scalar, ...]]) -> dict[str, Any]:
    return {_field(name): _any([_value(value) for value in values]) for name, values in wanted.items()}


def _any(values: list[Any]) -> dict[str, Any]:
    return {"$eq": values[0]} if len(values) == 1 else {"$in": values}


def _value(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return value.replace("\x01", "\x01\x01").replace("\x00", "\x01\x02")
        case int():
            return value if -(2**63) <= value < 2**63 else f"\x01i{value}"
        case float():
            return value if isfinite(value) else f"\x01f{value}"
        case _:
            return ormsgpack.packb(value)


def _document(stored: dict[str, Any] | None) -> Document | None:
    return None if stored is None else _known(stored)


def _known(stored: dict[str, Any]) -> Document:
    del stored["_id"]
    return {_name(field): _plain(value) for field, value in stored.items()}


def _plain(value: Any) -> Value:
    match value:
        case bytes():
            plain: Value = ormsgpack.unpackb(value)
            return plain
        case Int64():
            return int(value)
        case str() if "\x01" in value:
            return _text(value)
        case _:
            known: Value = value
            return known


def _text(stored: str) -> Value:
    match stored[:2]:
        case "\x01i":
            return int(stored[2:])
        case "\x01f":
            return float(stored[2:])
        case _:
            return _ESCAPED.sub(lambda escaped: "\x00" if escaped[1] == "\x02" else "\x01", stored)


def _field(name: str) -> str:
    return _ODD.sub(lambda odd: f"%{ord(odd[0]):x};", name) if name not in {"", "_id"} else f"%;{name}"


def _name(field: str) -> str:
    return _CODE.sub(lambda code: chr(int(code[1], 16)), field).removeprefix("%;")
