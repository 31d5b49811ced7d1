"""What a graph knows of its threads: where one stands, how it got there, and states written by hand."""

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Any, Final

from runtime.codec.process import CODEC
from runtime.engine import sync
from runtime.engine.journal import Journal
from runtime.graph.bound import BoundGraph
from runtime.graph.calls import alone
from runtime.graph.configs import merged, thread_id_of
from runtime.graph.history import chosen, records
from runtime.graph.snapshots import config_at, snapshot
from runtime.graph.timetravel import write_state
from runtime.types import Config, StateSnapshot, StateUpdate

NO_STATE: Final = StateSnapshot({}, (), {}, None, None, None, (), ())


class GraphWithThreads(BoundGraph):
    """A graph that reads and writes the states of its threads."""

    async def aget_state(self, config: Config, *, subgraphs: bool = False) -> StateSnapshot:
        """Return where a thread stands; empty for one that does not exist.

        `subgraphs` puts the snapshot of a paused subgraph into its task's `state`; that task's own config, which has a
        `checkpoint_ns`, leads there as well. With a `checkpoint_id`: the record of that checkpoint.
        """
        place = config.get("configurable", {})
        ns, wanted = place.get("checkpoint_ns") or "", place.get("checkpoint_id")
        journal = await self._read(thread_id_of(merged(self.config, config)), ns)
        frame = journal.at(ns)
        if (ns and frame is not None and frame.id == wanted) or (
            wanted is None and (frame or ns not in journal.keeping)
        ):
            return snapshot(self.below(ns), journal, frame.ns if frame else ns, subgraphs=subgraphs)
        past = await records(self, journal.thread_id, self._store(), ns)
        return next((r for r in past if wanted in {None, r.config["configurable"]["checkpoint_id"]}), NO_STATE)

    async def _read(self, thread_id: str, ns: str) -> Journal:
        """Load a thread, to show what is at a namespace and below."""
        journal = await Journal.load(thread_id, CODEC, self._needed_store(), self.channels)
        self.learn(journal, ns)
        return journal

    def get_state(self, config: Config, *, subgraphs: bool = False) -> StateSnapshot:
        """Do what `aget_state` does, from sync code."""
        return sync.run(lambda: self.aget_state(config, subgraphs=subgraphs))

    async def aget_state_history(
        self,
        config: Config,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: Config | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[StateSnapshot, None]:
        """Yield a thread's checkpoints, newest first.

        With a `checkpoint_ns` in the config, those of a subgraph under way; with a `checkpoint_id`, that one alone.
        `filter`: only those with this metadata; `before`: only those older than that checkpoint; `limit`: so many.
        """
        place, store = merged(self.config, config), self._needed_store()
        for record in await chosen(self, place, store, filter=filter, before=before, limit=limit):
            yield record

    def get_state_history(
        self,
        config: Config,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: Config | None = None,
        limit: int | None = None,
    ) -> Generator[StateSnapshot, None, None]:
        """Do what `aget_state_history` does, from sync code."""
        return sync.iterate(lambda: self.aget_state_history(config, filter=filter, before=before, limit=limit))

    async def aupdate_state(
        self, config: Config, values: Any, as_node: str | None = None, task_id: str | None = None
    ) -> Config:
        """Write to the state as if `as_node` had just run, and go on from there; returns the new checkpoint's config.

        `values` are as a node returns them, a `Command` too. `as_node`: the node that wrote last, unless given; END
        without values ends the thread, `__input__` is new input, `__copy__` changes nothing, or writes the list of
        `StateUpdate`s that is given as values. With a `checkpoint_id` in the config, a new branch begins at that
        checkpoint; with a `checkpoint_ns`, it is the state of a subgraph under way. Open questions are given up and
        asked anew.
        """
        return await self.abulk_update_state(config, [[StateUpdate(values, as_node, task_id)]])

    def update_state(
        self, config: Config, values: Any, as_node: str | None = None, task_id: str | None = None
    ) -> Config:
        """Do what `aupdate_state` does, from sync code."""
        return sync.run(lambda: self.aupdate_state(config, values, as_node, task_id))

    async def abulk_update_state(
        self, config: Config, supersteps: Sequence[Sequence[StateUpdate | tuple[Any, str | None]]]
    ) -> Config:
        """Write to the state step after step: the updates of one superstep as if its nodes had run side by side.

        All of it is saved, or none. Raises `ValueError` where there is nothing to write.
        """
        self._needed_store()
        run = self._run(config, {"durability": "sync"}, inline=False)
        ns = config.get("configurable", {}).get("checkpoint_ns") or ""
        steps = [[StateUpdate(*update) for update in updates] for updates in supersteps]

        async def write() -> Config:
            await run.journal.reload(self.channels)
            frame = await write_state(self, run, steps, ns)
            await run.save()
            return config_at(run.journal, frame.ns, frame.id)

        return await alone(run, write)

    def bulk_update_state(
        self, config: Config, supersteps: Sequence[Sequence[StateUpdate | tuple[Any, str | None]]]
    ) -> Config:
        """Do what `abulk_update_state` does, from sync code."""
        return sync.run(lambda: self.abulk_update_state(config, supersteps))
