"""A graph's state: which keys it has, how writes to a key are merged, and what a node gets to see.

A schema is a TypedDict, a dataclass or a pydantic model. A key annotated `Annotated[T, reducer]` merges writes with
`reducer(old, new)`; any other key keeps the one value written in a step.
"""

import dataclasses
import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set as AbstractSet
from functools import reduce
from itertools import chain
from typing import (
    Annotated,
    Any,
    Final,
    NotRequired,
    Required,
    TypeAlias,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from runtime.codec.kinds import is_pydantic
from runtime.conversation import Conversation, add_messages, fold_messages
from runtime.errors import InvalidGraphError, InvalidUpdateError
from runtime.messages import Message, as_messages, uses_langchain
from runtime.types import Overwrite

Reducer: TypeAlias = Callable[[Any, Any], Any]
Values: TypeAlias = dict[str, Any]
Writes: TypeAlias = Sequence[tuple[str, Any]]

MISSING: Final = object()
ROOT: Final = "__root__"
"""The key of a state that has no keys."""
_OVERWRITES: Final = {"__overwrite__"}

REPLAYABLE: frozenset[Reducer] = frozenset({add_messages, operator.add, operator.or_})
"""Reducers whose result follows from what they were given, in any process and any later version."""


@dataclasses.dataclass(frozen=True, slots=True)
class Channel:
    """One key of the state."""

    name: str
    reducer: Reducer | None = None
    empty: Callable[[], Any] | None = None
    """Makes the value that a key with a reducer has from the start; None: its first write is its first value."""
    langchain: bool = False
    """Whether a conversation is kept in LangChain's messages."""

    @property
    def replayable(self) -> bool:
        """Whether a checkpoint may keep what was written instead of what came out."""
        return self.reducer is None or self.reducer in REPLAYABLE

    def fold(self, old: Any, writes: Sequence[Any]) -> Any:
        """Return what the writes of several steps make of `old`; without one (`MISSING`), the first write is it."""
        if self.reducer is None:
            return writes[-1]
        start, rest = (writes[0], writes[1:]) if old is MISSING else (old, writes)
        if self.reducer is add_messages:
            return fold_messages(start, rest)
        if self.reducer is operator.add and type(start) is list and all(type(write) is list for write in rest):
            return [*start, *chain.from_iterable(rest)]  # in time that grows with the length, not with its square
        return reduce(self.reducer, rest, start)

    def normalise(self, value: Any) -> Any:
        """Make a write say the same on every replay: messages get their ids now."""
        if self.reducer is None:
            return value
        if type(value) is dict and value.keys() == _OVERWRITES:
            value = Overwrite(*value.values())  # as it comes from JSON
        if self.reducer is not add_messages:
            return value
        if type(value) is Overwrite:
            return Overwrite(as_messages(value.value, langchain=self.langchain))
        return as_messages(value, langchain=self.langchain)


class Schema:
    """The keys of one annotated class, and how to go between its objects and plain dicts."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.is_root = not is_schema(cls) and not getattr(cls, "__annotations__", None)
        """Whether the state is one value: `StateGraph(Annotated[list, add])`, `StateGraph(dict)`."""
        self.hints = {ROOT: cls} if self.is_root else _hints(cls)
        self.channels = {name: _channel(name, hint) for name, hint in self.hints.items()}
        self.seen: Collection[str] = self.channels
        """The keys that a node gets to see."""
        self._shape = "value" if self.is_root else _shape(cls)

    def view(self, values: Mapping[str, Any]) -> Any:
        """Return the node's own view of the state; its containers are copies, so changing them changes nothing."""
        seen = {name: copied(values[name]) for name in self.seen if name in values}
        if self._shape == "dict":
            return seen
        return seen.get(ROOT) if self.is_root else self.cls(**seen)


def writes_of(update: Any, where: str) -> list[tuple[str, Any]]:
    """Return the `(key, value)` pairs of an update: mapping, pairs, dataclass or pydantic object."""
    if type(update) is dict:
        return list(update.items())
    match update:
        case None:
            return []
        case Mapping():
            return list(update.items())
        case _ if is_pydantic(type(update)):
            return [(name, getattr(update, name)) for name in _said(update)]
        case _ if dataclasses.is_dataclass(update) and not isinstance(update, type):
            return [(item.name, getattr(update, item.name)) for item in dataclasses.fields(update)]
        case list() | tuple() if all(isinstance(pair, tuple) and len(pair) == 2 for pair in update):
            return list(update)
        case _:
            raise InvalidUpdateError(f"{where} must give a dict of state keys, got {type(update).__name__}")


def given_by(given: Any, where: str) -> list[tuple[str, Any]]:
    """Return the `(key, value)` pairs of an input; a pydantic object gives all of its fields, as a dataclass does."""
    if is_pydantic(type(given)):
        return [(name, getattr(given, name)) for name in type(given).model_fields]
    return writes_of(given, where)


def starts(channels: Mapping[str, Channel]) -> Values:
    """Return the values that keys have before anything is written."""
    return {name: channel.empty() for name, channel in channels.items() if channel.empty is not None}


def merge(channels: Mapping[str, Channel], values: Values, writes: Iterable[tuple[str, Any]]) -> Values:
    """Return new values with one step's writes applied in order; `values` is left alone.

    Raises `InvalidUpdateError` when a key without a reducer is written twice.
    """
    given: dict[str, list[Any]] = {}
    for name, value in writes:
        given.setdefault(name, []).append(value)
    merged = dict(values)
    for name, several in given.items():
        channel = channels[name]
        if channel.reducer is None and len(several) > 1:
            raise InvalidUpdateError(
                f"at key {name!r}: several writes in one step; annotate the key with a reducer to merge them"
            )
        if Overwrite in map(type, several):
            merged[name] = _overwritten(name, several)
        else:
            merged[name] = channel.fold(merged.get(name, MISSING), several)
    return merged


def _overwritten(name: str, several: Sequence[Any]) -> Any:
    value, *others = (write.value for write in several if type(write) is Overwrite)
    if others:
        raise InvalidUpdateError(f"at key {name!r}: more than one Overwrite in one step")
    return value


def _said(update: Any) -> list[str]:
    """Fields of a pydantic object that a node set itself, or changed from their default."""
    return [
        name
        for name, info in type(update).model_fields.items()
        if name in update.model_fields_set
        or getattr(update, name) != info.get_default(call_default_factory=True, validated_data={})
    ]


_COPIES: Final[Mapping[type, Callable[[Any], Any]]] = {
    list: list.copy,
    Conversation: list.copy,
    dict: dict.copy,
    set: set.copy,
}


def copied(value: Any) -> Any:
    """Return a container of one's own, with the same things in it."""
    copy = _COPIES.get(type(value))
    return value if copy is None else copy(value)


def _shape(cls: type) -> str:
    if not is_schema(cls):
        raise InvalidGraphError(f"a state schema is a TypedDict, a dataclass or a pydantic model, not {cls!r}")
    if _is_typeddict(cls):
        return "dict"
    return "model" if is_pydantic(cls) else "dataclass"


def is_schema(cls: Any) -> bool:
    """Whether `cls` can describe a state."""
    return isinstance(cls, type) and (_is_typeddict(cls) or is_pydantic(cls) or dataclasses.is_dataclass(cls))


def _is_typeddict(cls: type) -> bool:
    """Whether it is a TypedDict, of `typing` or of `typing_extensions`, which `typing.is_typeddict` does not know."""
    return issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise InvalidGraphError(f"cannot read the annotations of {cls.__name__}: {error}") from error


def unwrapped(hint: Any) -> Any:
    """Return a TypedDict's hint without what it says of the key."""
    while get_origin(hint) in {Required, NotRequired}:
        hint = get_args(hint)[0]
    return hint


def _channel(name: str, hint: Any) -> Channel:
    hint = unwrapped(hint)
    if get_origin(hint) is not Annotated:
        return Channel(name)
    kind, *extras = get_args(hint)
    reducer = next((extra for extra in reversed(extras) if callable(extra) and not isinstance(extra, type)), None)
    reducer = reducer or _merged_by_channel(name, extras)
    if reducer is None:
        return Channel(name)
    langchain = reducer is add_messages and Message not in get_args(kind) and uses_langchain()
    return Channel(name, reducer, _empty(kind), langchain)


_ONE_VALUE: Final = frozenset({"LastValue", "AnyValue", "EphemeralValue", "UntrackedValue"})


def _merged_by_channel(name: str, extras: Sequence[Any]) -> Reducer | None:
    """Understand LangGraph's channels as annotations: those that merge by a function, or keep one value."""
    for channel in (extra for extra in extras if hasattr(extra, "from_checkpoint")):
        if hasattr(channel, "operator"):
            return cast("Reducer", channel.operator)
        if (channel if isinstance(channel, type) else type(channel)).__name__ not in _ONE_VALUE:
            raise InvalidGraphError(
                f"the key {name!r} is annotated with a channel of LangGraph, {channel!r}: annotate it with a reducer"
            )
    return None


_STARTS: Final[Mapping[Any, type]] = {Sequence: list, AbstractSet: set, Mapping: dict}


def _empty(kind: Any) -> Callable[[], Any] | None:
    """Find what a reducer starts from: an object of the annotated type, where one can be made of nothing."""
    base = get_origin(kind) or kind
    base = _STARTS.get(base, base)
    try:
        base()
    except Exception:  # noqa: BLE001 - the constructor of any class
        return None
    return cast("Callable[[], Any]", base)
