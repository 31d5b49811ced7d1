"""Reading, deleting and copying threads, alike for every store: what programs call on a checkpointer."""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from typing import Any

from runtime.engine.sync import iterate, run
from runtime.graph.checkpoints import CheckpointTuple, tuples
from runtime.store import CheckpointStore
from runtime.types import Config


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

    async def aget_tuple(self: CheckpointStore, config: Config) -> CheckpointTuple | None:
        """Return the checkpoint that the config names, or the thread's latest; None where there is none.

        Reads like `alist`. `graph.get_state` says more: it shows what stands open now.
        """
        return await _found(self, config)

    def get_tuple(self: CheckpointStore, config: Config) -> CheckpointTuple | None:
        """Do what `aget_tuple` does, from sync code."""
        return run(lambda: _found(self, config))

    async def aget(self: CheckpointStore, config: Config) -> dict[str, Any] | None:
        """Return the `checkpoint` of what `aget_tuple` returns; from sync code, ask `get_tuple` for it."""
        found = await _found(self, config)
        return found and found.checkpoint

    def alist(
        self: CheckpointStore,
        config: Config | None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: Config | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[CheckpointTuple, None]:
        """Yield a thread's checkpoints, newest first; the arguments are those of a graph's `aget_state_history`.

        A graph that knows the thread must be compiled with this store: what is stored is what was written, and its
        reducers say what came out. Raises `StoreError` where there is none.
        """
        return tuples(self, config, filter=filter, before=before, limit=limit)

    def list(
        self: CheckpointStore,
        config: Config | None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: Config | None = None,
        limit: int | None = None,
    ) -> Generator[CheckpointTuple, None, None]:
        """Do what `alist` does, from sync code."""
        return iterate(lambda: tuples(self, config, filter=filter, before=before, limit=limit))


async def _found(store: CheckpointStore, config: Config) -> CheckpointTuple | None:
    async with aclosing(tuples(store, config, limit=1)) as found:
        return await anext(found, None)


async def _copy(store: CheckpointStore, source: str, target: str) -> None:
    log = await store.load(source, whole=True)
    for number, entry in enumerate(log.entries):
        await store.append(target, number, entry)
