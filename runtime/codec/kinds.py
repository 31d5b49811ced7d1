"""How values that MessagePack has no form for are taken apart and put together again.

A kind turns a value into simpler parts and back. The codes and the shape of the parts are what lies on disk: a code is
never given to another kind, and parts may only grow in ways that old bytes still satisfy. Objects are rebuilt without
running their constructors or validators, so that what comes back is what was stored; a field that the class got since
takes its default, a field that the class no longer has is left out.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, Flag
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from runtime.errors import CodecError

OBJECT = 0
"""The code of all registered classes; their name is stored beside the parts."""


TABLE = 14
"""The code of a `Table`: the name of its items' class, and their fields' values by name."""


class Table(list[Any]):
    """Many objects of one registered class, to be stored field by field. They are read as a plain list."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to keep a value."""

    code: int
    """MessagePack extension code, 0 to 127."""
    apart: Callable[[Any], Any]
    together: Callable[[Any], Any]
    name: str | None = None
    """`module:qualname` of a registered class, None for what is built in."""
    fields: tuple[str, ...] = ()
    """Of a dataclass."""
    columns: Callable[[list[Any]], dict[str, list[Any]]] | None = None
    of_columns: Callable[..., list[Any]] | None = None
    """The class's own ways to take many apart into the values of each field, and back: faster than one by one."""

    def to_columns(self, table: Table) -> dict[str, list[Any]]:
        """Take the items of a `Table` apart."""
        if self.columns is not None:
            return self.columns(table)
        return {field: list(map(attrgetter(field), table)) for field in self.fields}

    def from_columns(self, columns: dict[str, list[Any]]) -> list[Any]:
        """Put the items of a `Table` together."""
        if self.of_columns is not None and columns.keys() <= set(self.fields):
            return self.of_columns(**columns)
        return [self.together(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _clock_parts(value: datetime | time) -> list[Any]:
    """ISO text with a fixed offset or none; the key of a named zone apart, because an offset alone forgets it."""
    if key := getattr(value.tzinfo, "key", None):
        return [value.replace(tzinfo=None).isoformat(), key, value.fold]
    return [value.isoformat(), None, value.fold]


def _clock_from(cls: type[Any]) -> Callable[[list[Any]], Any]:
    def together(parts: list[Any]) -> Any:
        text, key, fold = parts
        value = cls.fromisoformat(text).replace(fold=fold)
        return value.replace(tzinfo=_zone(key)) if key else value

    return together


def _zone(key: str) -> Any:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # 5 ms that few programs need

    return ZoneInfo(key)


def _ordered(items: set[Any] | frozenset[Any]) -> list[Any]:
    """In the same order in every process, so that equal values have equal bytes."""
    return sorted(items, key=repr)


def _pairs(flat: list[Any]) -> dict[Any, Any]:
    items = iter(flat)
    return dict(zip(items, items, strict=True))


BUILT_IN: dict[type, Kind] = {
    tuple: Kind(1, list, tuple),
    set: Kind(2, _ordered, set),
    frozenset: Kind(3, _ordered, frozenset),
    int: Kind(  # beyond 64 bits
        4,
        lambda value: value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True),
        lambda data: int.from_bytes(data, "big", signed=True),
    ),
    str: Kind(  # with lone surrogates
        5,
        lambda text: text.encode("utf-8", "surrogatepass"),
        lambda data: data.decode("utf-8", "surrogatepass"),
    ),
    dict: Kind(6, lambda items: [part for pair in items.items() for part in pair], _pairs),  # not all keys text
    datetime: Kind(7, _clock_parts, _clock_from(datetime)),
    date: Kind(8, date.isoformat, date.fromisoformat),
    time: Kind(9, _clock_parts, _clock_from(time)),
    timedelta: Kind(10, lambda span: [span.days, span.seconds, span.microseconds], lambda parts: timedelta(*parts)),
    UUID: Kind(12, lambda value: value.bytes, lambda data: UUID(bytes=data)),
}
_PATH: Final = Kind(13, str, lambda text: import_module("pathlib").Path(text))
LATE: Final[Mapping[tuple[str, str], Kind]] = {
    ("decimal", "Decimal"): Kind(11, str, lambda text: import_module("decimal").Decimal(text)),
    ("pathlib", "PosixPath"): _PATH,
    ("pathlib", "WindowsPath"): _PATH,
}
"""What is built in, too, of modules that few programs load."""


def late_kind(cls: type) -> Kind | None:
    """The kind of a class of such a module: until that is loaded, there is nothing of it to be kept."""
    return next(
        (kind for (module, name), kind in LATE.items() if getattr(sys.modules.get(module), name, 0) is cls), None
    )


def registered_name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def object_kind(cls: type, name: str) -> Kind | None:
    """The kind of a class that can be registered; None for one that cannot."""
    if issubclass(cls, Enum):
        # By name, since `auto()` renumbers; combined flags have no name of their own.
        return Kind(OBJECT, _flag_value, cls, name) if issubclass(cls, Flag) else _enum(cls, name)
    if is_pydantic(cls):
        return _pydantic(cls, name)
    if dataclasses.is_dataclass(cls):
        return _dataclass(cls, name)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _named_tuple(cls, name)
    return None


FOREIGN_MESSAGES: Final = frozenset(
    f"langchain_core.messages.{name}{chunk}"
    for name in ("ai:AIMessage", "human:HumanMessage", "system:SystemMessage", "tool:ToolMessage", "chat:ChatMessage")
    for chunk in ("", "Chunk")
) | {"langchain_core.messages.modifier:RemoveMessage"}
"""LangChain's message classes by registered name: conversations hold them as they are."""


FOREIGN_TEXT: Final = "langchain_core.messages.base:TextAccessor"
"""What `message.text` is in LangChain, a subclass of `str`: kept as the text it is."""


def foreign_message(name: str) -> type | None:
    """The class of a stored LangChain message; None for any other name. Raises `CodecError` without LangChain."""
    if name not in FOREIGN_MESSAGES:
        return None
    module, _, cls = name.partition(":")
    try:
        found: type = getattr(import_module(module), cls)
    except ImportError as error:
        raise CodecError("", f"LangChain's {cls} is stored: install langchain-core to read it") from error
    return found


def is_pydantic(cls: type) -> bool:
    """True for models; asks only when pydantic is loaded, since no model can exist before."""
    main = sys.modules.get("pydantic.main")
    return main is not None and issubclass(cls, main.BaseModel)


def _flag_value(value: Flag) -> Any:
    return value.value


def _enum(cls: type[Enum], name: str) -> Kind:
    return Kind(OBJECT, lambda member: member._name_, lambda member: cls[member], name)


def _named_tuple(cls: Any, name: str) -> Kind:
    defaults = {field: partial(cls._field_defaults.__getitem__, field) for field in cls._field_defaults}

    def apart(value: Any) -> dict[str, Any]:
        return dict(zip(cls._fields, value, strict=True))

    def together(parts: dict[str, Any]) -> Any:
        filled = _filled(name, parts, cls._fields, defaults)
        return cls._make(filled[field] for field in cls._fields)

    return Kind(OBJECT, apart, together, name)


def _dataclass(cls: Any, name: str) -> Kind | None:
    fields = dataclasses.fields(cls)
    names = tuple(field.name for field in fields)
    needed = tuple(field.name for field in fields if field.init)
    defaults = {field.name: default for field in fields if (default := _default_of(field)) is not None}
    new, put = object.__new__, object.__setattr__
    try:
        new(cls)
    except TypeError:  # abstract, or derived from a built-in whose own content the fields do not show
        return None

    def apart(value: Any) -> dict[str, Any]:
        try:
            return {field: getattr(value, field) for field in names}
        except AttributeError:  # an `init=False` field that nobody has set yet
            return {field: getattr(value, field) for field in names if hasattr(value, field)}

    def together(parts: dict[str, Any]) -> Any:
        value = new(cls)
        if tuple(parts) != names:
            parts = _filled(name, parts, names, defaults, needed)
        for field, part in parts.items():
            put(value, field, part)
        return value

    ways = getattr(cls, "columns", None), getattr(cls, "of_columns", None)
    return Kind(OBJECT, apart, together, name, names, *(ways if all(map(callable, ways)) else ()))


def _default_of(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    if field.default is not dataclasses.MISSING:
        return lambda: field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    return None


def _filled(
    name: str,
    parts: dict[str, Any],
    fields: tuple[str, ...],
    defaults: Mapping[str, Callable[[], Any]],
    needed: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    """The stored parts as the class has its fields now."""
    if tuple(parts) == fields:
        return parts
    filled = {}
    for field in fields:
        if field in parts:
            filled[field] = parts[field]
        elif field in defaults:
            filled[field] = defaults[field]()
        elif needed is None or field in needed:
            raise CodecError("", f"stored {name} lacks the field {field!r}; give the field a default")
    return filled


def _pydantic(cls: Any, name: str) -> Kind:
    """Fields, extras and private attributes share one map: their names cannot collide. "" holds the fields set."""

    def apart(model: Any) -> dict[str, Any]:
        fields = cls.model_fields
        stored = {field: model.__dict__[field] for field in fields if field in model.__dict__}
        given = model.__pydantic_fields_set__
        if given != fields.keys():
            stored[""] = sorted(given)
        return stored | (model.__pydantic_extra__ or {}) | _defined(model.__pydantic_private__ or {})

    def together(parts: dict[str, Any]) -> Any:
        fields, privates = cls.model_fields, cls.__private_attributes__
        given = parts.pop("", fields.keys() & parts.keys())
        rest = {key: part for key, part in parts.items() if key not in fields}
        extra = {key: part for key, part in rest.items() if key not in privates}
        model = cls.__new__(cls)
        model.__setstate__(
            {
                "__dict__": _filled(name, parts, tuple(fields), _pydantic_defaults(fields)),
                "__pydantic_fields_set__": set(given),
                "__pydantic_extra__": extra if cls.model_config.get("extra") == "allow" else None,
                "__pydantic_private__": _privates(privates, rest) if privates else None,
            }
        )
        return model

    return Kind(OBJECT, apart, together, name)


def _pydantic_defaults(fields: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    return {
        field: partial(info.get_default, call_default_factory=True, validated_data={})
        for field, info in fields.items()
        if not info.is_required()
    }


def _privates(attributes: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {key: attribute.get_default() for key, attribute in attributes.items() if key not in stored}
    return _defined(defaults) | {key: part for key, part in stored.items() if key in attributes}


def _defined(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if type(value).__name__ != "PydanticUndefinedType"}
