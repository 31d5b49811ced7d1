"""Values to bytes and back, for everything the runtime keeps.

The bytes are one version byte followed by MessagePack; what MessagePack has no form for is an extension whose body is
MessagePack again (`kinds`). Reading never imports or runs what the data names: only classes registered with this
codec are built, and LangChain's messages, whose names are fixed here. Plain data is packed in one native call; Python
walks a value only when that call refuses it, to keep the rarer forms (keys that are not text, lone surrogates) or to
say where the value that cannot be kept is.
"""

from collections.abc import Iterable
from typing import Any

import ormsgpack

from runtime.codec.kinds import BUILT_IN, LATE, OBJECT, TABLE, Kind, Table, object_kind, registered_name
from runtime.codec.registry import Kinds
from runtime.errors import CodecError
from runtime.garbage import MANY_BYTES, uncollected

VERSION = b"\x01"
MAX_DEPTH = 100
"""Levels of nesting that are always kept; each costs native stack on reading, and threads have little of it."""

_OPTIONS = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_TUPLE
    | ormsgpack.OPT_PASSTHROUGH_UUID
)
_OF_CLASSES = {OBJECT, TABLE}
_KINDS_BY_CODE = {kind.code: kind for kind in (*BUILT_IN.values(), *LATE.values())}


class Codec:
    """Versioned, safe encoding: MessagePack with registered extension types.

    Kept exactly: None, bool, int, float, str, bytes, list, dict (any keys, in order), tuple, set, frozenset, datetime,
    date, time, timedelta, Decimal, UUID, Path, and registered enums, dataclasses, pydantic models and NamedTuples.
    A time zone is kept by its `ZoneInfo` name, any other as its fixed offset; bytearray and memoryview come back as
    bytes. Other classes are refused by name, also subclasses of built-in ones such as defaultdict: a plain dict in its
    place would behave differently only after a restart.
    """

    def __init__(self, types: Iterable[type] = (), *, modules: Iterable[str] = ()) -> None:
        """`modules`: register what is theirs when they are imported, as they are when something of theirs is read."""
        self._kinds = Kinds(frozenset(modules))
        self.register(*types)

    def register(self, *types: Any, name: str | None = None) -> None:
        """Allow these classes and all that their annotated fields mention.

        `name` reads bytes of a class that has been moved or renamed: `register(Refund, name="shop.old:Refund")`.
        Typing forms (`list[X]`, unions, `Annotated`, TypedDicts) are searched for classes; the rest of them is ignored.
        Of two classes of one name the one registered later is built.
        """
        for annotation in types:
            self._kinds.add(annotation)
        if name is not None:
            (cls,) = types
            kind = self._kinds.of(cls)
            if kind is None:
                raise CodecError("", _refusal(cls))
            self._kinds.by_name[name] = kind

    def encode(self, value: Any) -> bytes:
        """Raises CodecError, with the path to it, for a value that cannot be kept."""
        try:
            return VERSION + ormsgpack.packb(value, self._outermost, _OPTIONS)
        except (TypeError, ValueError, RecursionError):
            return VERSION + _Walk(self._kinds).pack(value)

    def packed(self, value: Any) -> ormsgpack.Fragment:
        """Return what stands for the value, as it is now, in what is encoded later. Raises CodecError."""
        return ormsgpack.Fragment(self.encode(value)[1:])

    def _outermost(self, value: Any) -> ormsgpack.Ext:
        return _Packing(self._kinds).extension(value)

    def decode(self, data: bytes) -> Any:
        """Raises CodecError for bytes of a newer version, of a class that is not registered, or not ours at all."""
        if data[:1] != VERSION:
            raise CodecError("", f"stored bytes start with {data[:1]!r}; this version reads only {VERSION!r}")
        values = _Unpacking(self._kinds)
        if len(data) < MANY_BYTES:
            return values.unpack(memoryview(data)[1:])
        with uncollected():
            return values.unpack(memoryview(data)[1:])


class _Packing:
    """One value that the native packer does not know, and those inside of it."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._depth = 0

    def pack(self, value: Any) -> bytes:
        return ormsgpack.packb(value, self.extension, _OPTIONS)

    def extension(self, value: Any) -> ormsgpack.Ext:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TypeError
        extension = self._table(value) if type(value) is Table else self._object(value)
        self._depth -= 1
        return extension

    def _object(self, value: Any) -> ormsgpack.Ext:
        kind = self._kinds.of(type(value))
        if kind is None:
            raise TypeError
        parts = kind.apart(value)
        return ormsgpack.Ext(kind.code, self.pack(parts if kind.name is None else [kind.name, parts]))

    def _table(self, table: Table) -> ormsgpack.Ext:
        kind = self._kinds.of(type(table[0]))
        if kind is None or not kind.fields:
            raise TypeError
        return ormsgpack.Ext(TABLE, self.pack([kind.name, kind.to_columns(table)]))


class _Walk:
    """Bytes of the same meaning made level by level in Python, knowing where it is; tables as lists."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def pack(self, value: Any) -> bytes:
        try:
            return ormsgpack.packb(self._plain(value, "", 0), None, _OPTIONS)
        except RecursionError as error:
            raise CodecError("", "cannot be stored: nested too deeply for the stack that is left") from error

    def _plain(self, value: Any, path: str, depth: int) -> Any:
        """The value in forms that the packer takes: containers rebuilt, everything else an extension."""
        if depth > MAX_DEPTH:
            raise CodecError(_short(path), f"nested more than {MAX_DEPTH} levels deep, or contains itself")
        cls = type(value)
        if cls in _NATIVE or (cls is int and -(2**63) <= value < 2**64) or (cls is str and _is_unicode(value)):
            return value
        if cls is list or cls is Table:
            return [self._plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        if cls is dict:
            return self._dict(value, path, depth + 1)
        return self._extension(value, path, depth)

    def _dict(self, value: dict[Any, Any], path: str, depth: int) -> Any:
        if all(type(key) is str and _is_unicode(key) for key in value):
            return {key: self._plain(item, _at(path, key), depth) for key, item in value.items()}
        flat = []
        for key, item in value.items():
            here = _at(path, key)
            flat += [self._plain(key, here, depth), self._plain(item, here, depth)]
        return ormsgpack.Ext(BUILT_IN[dict].code, ormsgpack.packb(flat, None, _OPTIONS))

    def _extension(self, value: Any, path: str, depth: int) -> ormsgpack.Ext:
        cls = type(value)
        kind = self._kinds.of(cls)
        if kind is None:
            raise CodecError(_short(path), _refusal(cls))
        parts = self._plain(kind.apart(value), path, depth)
        body = ormsgpack.packb(parts if kind.name is None else [kind.name, parts], None, _OPTIONS)
        return ormsgpack.Ext(kind.code, body)


class _Unpacking:
    """One `decode`: builds extensions from the inside out."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._depth = 0
        self._failure: Exception | None = None

    def unpack(self, data: bytes | memoryview) -> Any:
        try:
            return ormsgpack.unpackb(data, ext_hook=self._value)
        except ValueError as error:
            cause = self._failure or error  # the unpacker does not pass on what its hook raised
            if isinstance(cause, CodecError):
                raise cause from None
            raise CodecError("", f"stored bytes cannot be read: {cause!r}") from cause

    def _value(self, code: int, data: bytes) -> Any:
        try:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise CodecError("", f"stored bytes are nested more than {MAX_DEPTH} levels deep")  # noqa: TRY301 - noted below
            parts = ormsgpack.unpackb(data, ext_hook=self._value)
            self._depth -= 1
            if code not in _OF_CLASSES:
                return _KINDS_BY_CODE[code].together(parts)
            name, parts = parts
            kind = self._kinds.by_name.get(name) or self._named(name)
            return kind.together(parts) if code == OBJECT else kind.from_columns(parts)
        except Exception as error:
            self._failure = self._failure or error
            raise

    def _named(self, name: str) -> Kind:
        kind = self._kinds.named(name)
        if kind is None:
            raise CodecError("", f"stored type {name!r} is not registered: add it to `types`, or see `Codec.register`")
        return kind


_NATIVE = {type(None), bool, float, bytes, bytearray, memoryview, ormsgpack.Fragment}


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _at(path: str, key: Any) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}" if path else key
    if isinstance(key, int) and not -(2**63) <= key < 2**64:  # Python refuses to write out very long ones
        return f"{path}[long int]"
    return f"{path}[{key!r}]"


def _short(path: str) -> str:
    return path if len(path) <= 100 else f"{path[:100]}…"


def _refusal(cls: type) -> str:
    name = registered_name(cls)
    if object_kind(cls, name):
        return f"{name} is not registered with the codec: mention it in the state's annotations or add it to `types`"
    return f"objects of {name} cannot be stored: use plain values, a dataclass, a pydantic model or an enum"
