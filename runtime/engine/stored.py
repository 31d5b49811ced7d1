"""A thread as the store has it: read entry by entry, and gone on with one commit after the other.

`StoredThread.commit` writes all operations since the last one as one entry, with a snapshot of the whole thread where
that halves what has to be read: never of a conversation, whose entries are all there is to it. `heads` spares a process
reading a long thread again for every call.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Self

from runtime.codec.codec import Codec
from runtime.engine.heads import heads_of
from runtime.engine.records import plain_frame, restored_frame, written_by
from runtime.engine.thread import Thread
from runtime.errors import CodecError
from runtime.graph.state import Channel
from runtime.store import CheckpointStore, Log, Mark

FORMAT: Final = 3
"""Of entries: `[format, operations, time in ns]`, so that their last bytes tell any two apart. Format 1 has no time,
formats 1 and 2 have no operation `s`."""
MARK_BYTES: Final = 8
SNAPSHOT_BYTES: Final = 64 * 1024
"""Below this, replaying the entries is cheaper than keeping a snapshot."""
NO_VALUES: Final[Mapping[str, Any]] = MappingProxyType({})
_NO_CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType({})


class StoredThread(Thread):
    """The frames of one thread, and the operations that are not in the store yet.

    Operations may come from any thread: sync nodes call subgraphs in threads of their own.
    """

    head = 0
    mark: Mark | None = None
    """Of the last entry that was read."""
    entry_bytes = 0
    """Of all entries after the snapshot."""
    snapshot_bytes = 0
    _busy = False
    """While a commit is under way, and for ever after one that failed."""

    def __init__(
        self,
        thread_id: str,
        codec: Codec,
        store: CheckpointStore | None,
        metadata: Mapping[str, Any] = NO_VALUES,
    ) -> None:
        super().__init__()
        self.thread_id = thread_id
        self.codec = codec
        self.store = store
        self.heads = None if store is None else heads_of(store)
        self.never_waits: bool = getattr(store, "never_waits", False)
        """Whether a commit is over at once, so that nothing is gained by doing it behind the nodes' backs."""
        self.finishes_appends: bool = getattr(store, "finishes_appends", False)
        """Whether a commit may be cancelled like anything else: it succeeds before that comes out of it."""
        self.metadata = dict(metadata)
        """Goes into every checkpoint that is made from now on."""
        self._operations: list[Any] = []
        self._sealed = 0
        """How many of them are taken down already."""
        self._lock = threading.RLock()

    @classmethod
    async def load(
        cls, thread_id: str, codec: Codec, store: CheckpointStore | None, channels: Mapping[str, Channel] = _NO_CHANNELS
    ) -> Self:
        """Read a thread from the store; an unknown one is empty."""
        journal = cls(thread_id, codec, store)
        await journal.reload(channels)
        return journal

    async def reload(self, channels: Mapping[str, Channel] = _NO_CHANNELS) -> None:
        """Bring a new journal to where the store is; with the root graph's `channels`, by what `heads` knows of it."""
        heads = self.heads
        if self.store is None or heads is None:
            return
        known = heads.take(self.thread_id, channels)
        log = await self.store.load(self.thread_id, since=known.mark if known else None)
        if known is None or not log.continues(known.mark):
            if not channels or not heads.wants(self.thread_id, log):
                self.replay(log)
                return
            known = StoredThread(self.thread_id, self.codec, None)
        known.replay(log)
        self._stand_at(known, channels)
        heads.put(self.thread_id, channels, known, known.size)

    def _stand_at(self, known: "StoredThread", channels: Mapping[str, Channel]) -> None:
        """Go where another journal of the thread is, which lends its tasks."""
        if "" in known.frames:
            known.frames[""].attach(channels)
        self.frames = {ns: frame.lend() for ns, frame in known.frames.items()}
        self.head, self.entry_bytes, self.snapshot_bytes = known.head, known.entry_bytes, known.snapshot_bytes

    def replay(self, log: Log) -> None:
        """Go on to the head of the log. Raises `CodecError`."""
        if log.snapshot is not None:
            frames = map(restored_frame, self.codec.decode(log.snapshot)[1])
            self.frames = {frame.ns: frame for frame in frames}
            self.snapshot_bytes = len(log.snapshot)
        for entry in log.entries:
            for operation in self.codec.decode(entry)[1]:
                self.apply(operation)
            self.entry_bytes += len(entry)
        if log.entries:
            self.mark = Mark(log.head, log.entries[-1][-MARK_BYTES:])
        self.head = log.head

    @property
    def size(self) -> int:
        """Bytes of the snapshot and the entries after it."""
        return self.snapshot_bytes + self.entry_bytes

    @property
    def pending(self) -> bool:
        """Whether there is anything that `commit` would write now."""
        return bool(self._operations) and not self._busy

    async def commit(self) -> None:
        """Append what happened since the last commit, as one entry. Raises `StaleHeadError`, `CodecError`.

        While one commit is under way, another does nothing: what it would take along is left for the next. After one
        that failed there is no next: the log must not go on with a hole in it.
        """
        with self._lock:
            if self.store is None or self._busy or not self._operations:
                return
            self._busy = True
            operations, self._operations, self._sealed = self._operations, [], 0
            entry, problem = self._encode(operations)
            snapshot = self._snapshot(len(entry)) if problem is None else None
        try:
            await self.store.append(self.thread_id, self.head, entry, snapshot=snapshot)
        except asyncio.CancelledError:
            if self.finishes_appends and problem is None:
                self._appended(snapshot)
            raise
        if problem is not None:
            raise problem
        self._appended(snapshot)

    def seal(self) -> None:
        """Take down what waits for a commit as it is now: nodes may change what they wrote, or were given, later on."""
        if self._sealed == len(self._operations):
            return
        with self._lock:
            try:
                for place in range(self._sealed, len(self._operations)):
                    self._operations[place] = self.codec.packed(self._operations[place])
                    self._sealed = place + 1
            except CodecError:
                pass  # the commit says where the fault is

    def _appended(self, snapshot: bytes | None) -> None:
        if snapshot is not None and self.heads is not None:
            self.heads.forget(self.thread_id)  # what it knows is longer than what is to be read now
        self.head += 1
        self._busy = False

    def _encode(self, operations: list[Any]) -> tuple[bytes, CodecError | None]:
        """Encode as many operations as can be; one that cannot be kept does not take its predecessors along."""
        try:
            return self._entry(operations), None
        except CodecError:
            for place, operation in enumerate(operations):
                try:
                    self.codec.encode(operation)
                except CodecError as error:
                    return self._entry(operations[:place]), self._blame(operation, error)
            raise

    def _entry(self, operations: list[Any]) -> bytes:
        return self.codec.encode([FORMAT, operations, time.time_ns()])

    def _blame(self, operation: list[Any], error: CodecError) -> CodecError:
        """Name the state key instead of the place in the operation."""
        for name, value in written_by(operation):
            try:
                self.codec.encode(value)
            except CodecError as culprit:
                separator = "" if culprit.path.startswith("[") or not culprit.path else "."
                return CodecError(f"{name}{separator}{culprit.path}", culprit.problem)
        return error

    def _snapshot(self, added: int) -> bytes | None:
        """Make a snapshot where it halves what has to be read. That is tried each time the log has doubled."""
        before, self.entry_bytes = self.entry_bytes, self.entry_bytes + added
        if self.entry_bytes < SNAPSHOT_BYTES:
            return None
        unit = max(SNAPSHOT_BYTES, self.snapshot_bytes)
        if (self.entry_bytes // unit).bit_length() == (before // unit).bit_length():
            return None
        snapshot = self.codec.encode([FORMAT, [plain_frame(frame) for frame in self.frames.values()]])
        if 2 * len(snapshot) > self.size:
            return None
        self.entry_bytes, self.snapshot_bytes = 0, len(snapshot)
        return snapshot
