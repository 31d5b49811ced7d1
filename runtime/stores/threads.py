"""Deleting and copying threads, alike for every store: what programs call on a checkpointer."""

from typing import Any

from runtime.engine.sync import run
from runtime.store import CheckpointStore


class Threads:
    """Adds to a `CheckpointStore` what LangGraph's checkpointers have."""

    async def adelete_thread(self: CheckpointStore, thread_id: Any) -> None:
        """Forget a thread, its questions included."""
        await self.delete(str(thread_id))

    def delete_thread(self: CheckpointStore, thread_id: Any) -> None:
        """Do what `adelete_thread` does, from sync code."""
        run(lambda: self.delete(str(thread_id)))

    async def acopy_thread(self: CheckpointStore, source_thread_id: Any, target_thread_id: Any) -> None:
        """Give a new thread all that another one has. Raises `StaleHeadError` where the target exists."""
        await _copy(self, str(source_thread_id), str(target_thread_id))

    def copy_thread(self: CheckpointStore, source_thread_id: Any, target_thread_id: Any) -> None:
        """Do what `acopy_thread` does, from sync code."""
        run(lambda: _copy(self, str(source_thread_id), str(target_thread_id)))


async def _copy(store: CheckpointStore, source: str, target: str) -> None:
    log = await store.load(source, whole=True)
    for number, entry in enumerate(log.entries):
        await store.append(target, number, entry)
