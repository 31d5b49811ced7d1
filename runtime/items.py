"""What programs remember beside their threads: small documents under namespaces, for every thread of every user.

Names and shapes are those of LangGraph's `BaseStore`. Whatever is given to `compile(store=…)` reaches nodes as it is,
so a store of one's own, or LangGraph's, works as well. Not to be confused with the stores that threads are kept in.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any, Final, NoReturn, TypeAlias

Namespace: TypeAlias = tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Item:
    """One thing that is remembered."""

    value: dict[str, Any]
    key: str
    namespace: Namespace
    created_at: datetime
    updated_at: datetime

    def dict(self) -> dict[str, Any]:
        """Return it as JSON has it: the namespace a list, the times as ISO 8601."""
        times = {name: getattr(self, name).isoformat() for name in ("created_at", "updated_at")}
        return asdict(self) | {"namespace": list(self.namespace)} | times


@dataclass(slots=True, kw_only=True)
class SearchItem(Item):
    """One thing that was found."""

    score: float | None = None
    """None: nothing is ranked here."""


class BaseStore(ABC):
    """Where items are kept. The async twins do the same."""

    @abstractmethod
    def put(self, namespace: Namespace, key: str, value: dict[str, Any] | None, index: Any = None) -> None:
        """Keep a value, in the place of one that is there. Raises `ValueError` for a namespace that is none.

        None forgets the item. `index`: which of its fields can be searched by meaning, in stores that can do so.
        """

    @abstractmethod
    def get(self, namespace: Namespace, key: str) -> Item | None:
        """Return an item; None where there is none."""

    @abstractmethod
    def delete(self, namespace: Namespace, key: str) -> None:
        """Forget an item."""

    @abstractmethod
    def search(
        self,
        namespace_prefix: Namespace,
        /,
        *,
        query: str | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        limit: int = 10,
        offset: int = 0,
    ) -> list[SearchItem]:
        """Return items under a namespace and below it, those that were put there first come first.

        `filter`: values by key, or `{"$gt": value}` with `$eq`, `$ne`, `$gt`, `$gte`, `$lt` or `$lte`. `query`: what
        they should be about, in stores that can tell.
        """

    @abstractmethod
    def list_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Namespace]:
        """Return namespaces that have items, in order; `"*"` in a prefix or suffix is any label."""

    async def aput(self, namespace: Namespace, key: str, value: dict[str, Any] | None, index: Any = None) -> None:
        self.put(namespace, key, value, index)

    async def aget(self, namespace: Namespace, key: str) -> Item | None:
        return self.get(namespace, key)

    async def adelete(self, namespace: Namespace, key: str) -> None:
        self.delete(namespace, key)

    async def asearch(self, namespace_prefix: Namespace, /, **options: Any) -> list[SearchItem]:
        return self.search(namespace_prefix, **options)

    async def alist_namespaces(self, **options: Any) -> list[Namespace]:
        return self.list_namespaces(**options)


class InMemoryStore(BaseStore):
    """Keeps items as long as the process lives. A `query` leaves nothing out: it does not search by meaning."""

    def __init__(self, *, index: Mapping[str, Any] | None = None) -> None:
        if index is not None:
            raise ValueError("InMemoryStore has no index: it finds by namespace and filter, not by meaning")
        self._items: dict[Namespace, dict[str, Item]] = {}
        self._lock = RLock()

    def put(self, namespace: Namespace, key: str, value: dict[str, Any] | None, index: Any = None) -> None:  # noqa: ARG002
        _check(namespace)
        if value is None:
            self.delete(namespace, key)
            return
        with self._lock:
            items, now = self._items.setdefault(tuple(namespace), {}), datetime.now(UTC)
            created = items[key].created_at if key in items else now
            kept = deepcopy(dict(value))
            items[key] = Item(value=kept, key=key, namespace=tuple(namespace), created_at=created, updated_at=now)

    def get(self, namespace: Namespace, key: str) -> Item | None:
        with self._lock:
            return deepcopy(self._items.get(tuple(namespace), {}).get(key))

    def delete(self, namespace: Namespace, key: str) -> None:
        with self._lock:
            items = self._items.get(tuple(namespace), {})
            items.pop(key, None)
            if not items:
                self._items.pop(tuple(namespace), None)

    def search(
        self,
        namespace_prefix: Namespace,
        /,
        *,
        query: str | None = None,  # noqa: ARG002
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        limit: int = 10,
        offset: int = 0,
    ) -> list[SearchItem]:
        prefix = tuple(namespace_prefix)
        with self._lock:
            under = (items for ns, items in self._items.items() if ns[: len(prefix)] == prefix)
            found = [item for items in under for item in items.values() if _fits(item.value, filter or {})]
            chosen = found[offset : offset + limit]
            return [SearchItem(**{name: deepcopy(getattr(item, name)) for name in Item.__slots__}) for item in chosen]

    def list_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Namespace]:
        with self._lock:
            every = list(self._items)
        begin, end = tuple(prefix or ()), tuple(suffix or ())
        chosen = {
            ns[:max_depth]
            for ns in every
            if len(ns) >= max(len(begin), len(end)) and _matches(ns, begin) and _matches(ns[len(ns) - len(end) :], end)
        }
        return sorted(chosen)[offset : offset + limit]


def _check(namespace: Any) -> None:
    """Refuse what is no namespace, as LangGraph does."""
    if isinstance(namespace, str) or not namespace:
        raise ValueError(f"a namespace is a tuple of at least one label, not {namespace!r}")
    if any(not isinstance(label, str) or not label or "." in label for label in namespace):
        raise ValueError(f"{namespace!r}: each label is a text that is not empty and has no dots")
    if namespace[0] == "langgraph":
        raise ValueError(f"{namespace!r}: the first label 'langgraph' is reserved, as it is there")


def _matches(labels: Namespace, pattern: Namespace) -> bool:
    return all(wanted in {"*", label} for label, wanted in zip(labels, pattern, strict=False))


def _fits(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(_compares(value.get(key), condition) for key, condition in wanted.items())


def _compares(value: Any, condition: Any) -> bool:
    if not isinstance(condition, Mapping) or not any(str(key).startswith("$") for key in condition):
        return bool(value == condition)
    return all(_COMPARISONS.get(sign, _unknown)(value, operand) for sign, operand in condition.items())


def _unknown(*_: Any) -> NoReturn:
    raise ValueError(f"a filter compares by one of {', '.join(_COMPARISONS)}")


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": lambda value, operand: bool(value == operand),
    "$ne": lambda value, operand: bool(value != operand),
    "$gt": lambda value, operand: value is not None and float(value) > float(operand),
    "$gte": lambda value, operand: value is not None and float(value) >= float(operand),
    "$lt": lambda value, operand: value is not None and float(value) < float(operand),
    "$lte": lambda value, operand: value is not None and float(value) <= float(operand),
}
