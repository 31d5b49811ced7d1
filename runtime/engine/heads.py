"""Long threads that this process has read, so that a call need not read them again.

What is kept has only ever been read from the store, one entry after the other, as any other process would read it: the
store says what came after it, also when another process wrote that, and a run gets a copy. So nothing that a run does
to its own copy, and no commit that failed, can be seen here. Short threads are not kept: reading them costs less;
nor those that are read only once.
"""

from collections import OrderedDict
from collections.abc import Mapping
from copy import deepcopy
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from runtime.conversation import Conversation
from runtime.messages import copies

if TYPE_CHECKING:
    from runtime.engine.stored import StoredThread
    from runtime.graph.state import Channel
    from runtime.store import CheckpointStore, Log

LEAST_BYTES: Final = 16 * 1024
MOST_BYTES: Final = 32 * 1024 * 1024
MOST_READ_ONCE: Final = 1024  # ids of threads
_ATOMS: Final = frozenset({type(None), bool, int, float, str, bytes})


class Heads:
    """The threads of one store that were used last. Whoever takes one has it alone."""

    def __init__(self) -> None:
        self.least_bytes = LEAST_BYTES
        """Of a log that is worth keeping."""
        self.most_bytes = MOST_BYTES
        """Of all logs together."""
        self.running: set[str] = set()
        """Threads that a run of this process is at work on, whatever graph it runs."""
        self._kept: OrderedDict[str, tuple[Mapping[str, Channel], StoredThread, int]] = OrderedDict()
        self._read_once: set[str] = set()
        self._bytes = 0
        self._lock = Lock()

    def take(self, thread_id: str, channels: "Mapping[str, Channel]") -> "StoredThread | None":
        """Return a journal that has read the thread up to its mark, for a graph with these channels."""
        if thread_id not in self._kept:
            return None
        with self._lock:
            if thread_id not in self._kept:
                return None
            made_for, journal, size = self._kept.pop(thread_id)
            self._bytes -= size
        return journal if made_for == channels else None

    def wants(self, thread_id: str, log: "Log") -> bool:
        """Whether to keep a thread that had to be read: from the second time on, a copy pays for itself."""
        if len(log.snapshot or b"") + sum(map(len, log.entries)) < self.least_bytes:
            return False
        if thread_id in self._read_once:
            return True
        with self._lock:
            if len(self._read_once) >= MOST_READ_ONCE:
                self._read_once.clear()
            self._read_once.add(thread_id)
        return False

    def put(self, thread_id: str, channels: "Mapping[str, Channel]", journal: "StoredThread", size: int) -> None:
        """Keep a journal for the next who asks, and let go of those that were not asked for."""
        self.forget(thread_id)
        with self._lock:
            self._kept[thread_id] = channels, journal, size
            self._bytes += size
            while self._bytes > self.most_bytes:
                _, (_, _, size) = self._kept.popitem(last=False)
                self._bytes -= size

    def forget(self, thread_id: str) -> None:
        """Let go of a thread."""
        self.take(thread_id, {})


_HEADS: "WeakKeyDictionary[CheckpointStore, Heads]" = WeakKeyDictionary()


def heads_of(store: "CheckpointStore") -> Heads:
    """Return what is kept of a store."""
    heads = _HEADS.get(store)
    return _HEADS.setdefault(store, Heads()) if heads is None else heads


def fresh(value: Any) -> Any:
    """Return an equal value that shares nothing that can be changed."""
    cls = type(value)
    if cls in _ATOMS:
        return value
    if cls is list:
        return [fresh(item) for item in value]
    if cls is dict:
        return {key: item if type(item) in _ATOMS else fresh(item) for key, item in value.items()}
    if cls is tuple:
        return tuple([fresh(item) for item in value])
    if cls is Conversation:
        return Conversation(copies(value), value.places)
    return deepcopy(value)
