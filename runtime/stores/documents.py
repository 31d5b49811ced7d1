"""What every store that keeps documents as bytes agrees on: their form at rest, matching and the rules of an update.

Documents are kept as MessagePack, so what a store gives out is always the caller's own copy, with sequences as lists
and enums as their values whatever the database.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import ormsgpack

from runtime.errors import CodecError, StoreError
from runtime.store import Collection, Document, Scalar, Value

AGE = "created_at"
"""A field that every document has, and every collection an index on."""
_OPTIONS = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_UUID
)


def pack(document: Mapping[str, Value]) -> bytes:
    """Raises CodecError for what is not a document's `Value`."""
    try:
        return ormsgpack.packb(document, _plain, _OPTIONS)
    except TypeError as error:
        raise CodecError("", f"a document holds plain values with text keys only: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError


def unpack(body: bytes) -> Document:
    document: Document = ormsgpack.unpackb(body)
    return document


def changed(document: Document, expect: Mapping[str, Scalar], change: Mapping[str, Value]) -> Document | None:
    """The document after an update, or None when it is not as expected. A missing field counts as None."""
    check_change(change)
    if any(document.get(field) != value for field, value in expect.items()):
        return None
    revision: Any = document["revision"]
    return {**document, **change, "revision": revision + 1}


def check_change(change: Mapping[str, Value]) -> None:
    """Raise StoreError for a change that is not the caller's to make."""
    if "id" in change or "revision" in change:
        raise StoreError("a document's id and revision cannot be changed; insert another document instead")


def any_of(
    collection: Collection, where: Mapping[str, Scalar | tuple[Scalar, ...]], before: tuple[str, float] | None = None
) -> dict[str, tuple[Scalar, ...]]:
    """The allowed values of each field; raises StoreError for a field that is not indexed, that of `before` too."""
    if unknown := ({*where} | {*(before or ())[:1]} - {AGE}) - set(collection.indexes):
        known = ", ".join(collection.indexes) or "none"
        raise StoreError(f"{collection.name!r} has no index on {', '.join(sorted(unknown))}; it has: {known}")
    return {field: value if isinstance(value, tuple) else (value,) for field, value in where.items()}
