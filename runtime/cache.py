"""Where results of nodes and tasks are kept between runs and threads, for those that have a `CachePolicy`.

Names and shapes are those of LangGraph's `BaseCache`, so a cache of its packages may be given as well. What the runtime
gives a cache to keep is bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from threading import Lock
from time import time
from typing import Any, Final, TypeAlias

Namespace: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple[Namespace, str]


class BaseCache(ABC):
    """Keeps values by namespace and key. The async twins do the same."""

    @abstractmethod
    def get(self, keys: Sequence[Key]) -> dict[Key, Any]:
        """Return what is kept under these keys and has not lapsed; the others are left out."""

    @abstractmethod
    def set(self, pairs: Mapping[Key, tuple[Any, int | None]]) -> None:
        """Keep values, each for so many seconds; None: until it is cleared."""

    @abstractmethod
    def clear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Forget what is in these namespaces, or everything."""

    async def aget(self, keys: Sequence[Key]) -> dict[Key, Any]:
        return self.get(keys)

    async def aset(self, pairs: Mapping[Key, tuple[Any, int | None]]) -> None:
        self.set(pairs)

    async def aclear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        self.clear(namespaces)


class InMemoryCache(BaseCache):
    """Keeps values as long as the process lives. They are given back as they are, not copied."""

    def __init__(self) -> None:
        self._kept: Final[dict[Namespace, dict[str, tuple[Any, float | None]]]] = {}
        self._lock = Lock()

    def get(self, keys: Sequence[Key]) -> dict[Key, Any]:
        with self._lock:
            found = {(ns, key): self._kept.get(tuple(ns), {}).get(key) for ns, key in keys}
        now = time()
        return {key: kept[0] for key, kept in found.items() if kept is not None and (kept[1] is None or now < kept[1])}

    def set(self, pairs: Mapping[Key, tuple[Any, int | None]]) -> None:
        now = time()
        with self._lock:
            for (ns, key), (value, ttl) in pairs.items():
                self._kept.setdefault(tuple(ns), {})[key] = value, None if ttl is None else now + ttl

    def clear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        with self._lock:
            for ns in list(self._kept) if namespaces is None else map(tuple, namespaces):
                self._kept.pop(ns, None)
