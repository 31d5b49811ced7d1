"""The messages of a state: a list that knows the place of each, and the reducer that merges what was said into it."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from itertools import count
from operator import attrgetter
from typing import Any, Final, Literal, overload

from runtime.errors import UnknownMessageError
from runtime.messages import Message, as_messages, uses_langchain

REMOVE_ALL_MESSAGES: Final = "__remove_all__"
_ID: Final = attrgetter("id")
_TYPE: Final = attrgetter("type")


class Conversation(list[Any]):
    """The messages of a graph's state, with the place of each id. Merging makes a new one; nobody changes it."""

    __slots__ = ("places",)

    def __init__(self, messages: Iterable[Any] = (), places: dict[str, int] | None = None) -> None:
        super().__init__(messages)
        self.places = {message.id: place for place, message in enumerate(self)} if places is None else places


@overload
def add_messages(left: Any, right: Any, *, format: Literal["langchain-openai"] | None = None) -> list[Any]: ...


@overload
def add_messages(*, format: Literal["langchain-openai"] | None = None) -> Callable[[Any, Any], list[Any]]: ...


def add_messages(left: Any = None, right: Any = None, *, format: str | None = None) -> Any:  # noqa: A002 - LangGraph's
    """Merge `right` into `left`: same id replaces in place, `RemoveMessage` deletes, the rest is appended.

    `format="langchain-openai"`: and bring what messages contain into OpenAI's form, which takes LangChain. Without
    lists: a reducer that does that.
    """
    if left is None and right is None:
        return partial(add_messages, format=format)
    langchain = uses_langchain()
    known = as_messages(left, langchain=langchain) if left else ()
    merged = list(fold_messages(known, [as_messages(right, langchain=langchain)]))
    return merged if format is None else _as_openai(merged)


def _as_openai(messages: list[Any]) -> list[Any]:
    from langchain_core.messages import convert_to_messages, convert_to_openai_messages  # noqa: PLC0415 - rare, heavy

    plain = [asdict(message) if type(message) is Message else message for message in messages]
    return list(convert_to_messages(convert_to_openai_messages(plain, include_id=True)))


def fold_messages(left: Any, rights: Iterable[Any]) -> Conversation:
    """Do what one `add_messages` after the other does; what is a `Conversation` already is not looked through."""
    known = left if type(left) is Conversation else Conversation(as_messages(left) if left else ())
    merged, places = known[:], known.places.copy()
    for right in rights:
        updates = as_messages(right)
        if since := _last_reset(updates):
            merged, places, updates = [], {}, updates[since:]
        if not _append(merged, places, updates) and _put(merged, places, updates):
            merged = [message for message in merged if message is not None]
            places = {message.id: place for place, message in enumerate(merged)}
    return Conversation(merged, places)


def _last_reset(updates: list[Any]) -> int:
    """Return where what is kept begins: after the last removal of all messages."""
    if REMOVE_ALL_MESSAGES not in map(_ID, updates):
        return 0
    return max(place for place, message in enumerate(updates, 1) if message.id == REMOVE_ALL_MESSAGES)


def _append(merged: list[Any], places: dict[str, int], updates: list[Any]) -> bool:
    """Append in few native calls, where all that is to be done is that; False where it is more."""
    new = dict(zip(map(_ID, updates), count(len(merged)), strict=False))
    if len(new) < len(updates) or not places.keys().isdisjoint(new) or "remove" in map(_TYPE, updates):
        return False
    merged += updates
    places |= new
    return True


def _put(merged: list[Any], places: dict[str, int], updates: list[Any]) -> bool:
    """Append, replace and take out (leaving None) in place; returns whether something was taken out."""
    removed = False
    for message in updates:
        place = places.get(message.id)
        if isinstance_remove(message):
            if place is None:
                raise UnknownMessageError(message.id)
            merged[place], removed = None, True
        elif place is None:
            places[message.id] = len(merged)
            merged.append(message)
        else:
            merged[place] = message
    return removed


def isinstance_remove(message: Any) -> bool:
    """Whether this is a deletion, ours or LangChain's."""
    return bool(getattr(message, "type", None) == "remove")
