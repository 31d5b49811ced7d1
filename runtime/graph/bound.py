"""A graph bound to a store and a config: what each call of it begins with."""

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from runtime.codec.process import CODEC
from runtime.engine.cached import namespace_of
from runtime.engine.interrupts import TaskContext, current
from runtime.engine.journal import Journal
from runtime.engine.run import Run
from runtime.errors import InvalidGraphError
from runtime.graph.below import contexts
from runtime.graph.builder import StateGraph
from runtime.graph.checkpoints import know
from runtime.graph.configs import merged, metadata_of, thread_id_of
from runtime.graph.options import RECURSION_LIMIT, Nodes, Options, checked
from runtime.graph.rules import Rules
from runtime.store import CheckpointStore
from runtime.types import Config

if TYPE_CHECKING:
    from runtime.cache import BaseCache


class BoundGraph(Rules):
    """The rules of one graph, with where its threads are kept."""

    def __init__(
        self,
        graph: StateGraph,
        *,
        checkpointer: CheckpointStore | bool | None = None,
        interrupt_before: Nodes = (),
        interrupt_after: Nodes = (),
        name: str = "graph",
        store: Any = None,
        cache: "BaseCache | None" = None,
    ) -> None:
        super().__init__(graph)
        self.name = name
        self.checkpointer = _fitting(checkpointer, self)
        self.store, self.cache = store, cache
        self.config: Config = {}
        """What `with_config` bound to this graph."""
        self.before, self.after = self._names(interrupt_before), self._names(interrupt_after)
        CODEC.register(*{schema.cls for schema in graph.schemas()})

    def get_name(self) -> str:
        """Return the name given at compile time."""
        return self.name

    def with_config(self, config: Config | None = None, **more: Any) -> Self:
        """Return the same graph with a config for all of its calls; what a call says itself counts more."""
        bound = copy(self)
        bound.config = merged(self.config, merged(config, more))
        return bound

    def with_checkpointer(self, store: CheckpointStore) -> Self:
        """Return the same graph with another store."""
        other = copy(self)
        other.checkpointer = _fitting(store, other)
        return other

    def clear_cache(self, nodes: Sequence[str] | None = None) -> None:
        """Forget what the cache has of these nodes, or of all. Raises `ValueError` for a graph without a cache."""
        self._needed_cache().clear(self._kept_of(nodes))

    async def aclear_cache(self, nodes: Sequence[str] | None = None) -> None:
        """Do what `clear_cache` does."""
        await self._needed_cache().aclear(self._kept_of(nodes))

    def _needed_cache(self) -> "BaseCache":
        if self.cache is None:
            raise ValueError(
                "there is no cache to clear: compile the graph with one, as in compile(cache=InMemoryCache())"
            )
        return self.cache

    def _kept_of(self, nodes: Sequence[str] | None) -> list[tuple[str, ...]]:
        return [namespace_of(self.nodes[name]) for name in self._names("*" if nodes is None else nodes)]

    def _run(self, config: Config | None, options: Options, *, inline: bool) -> Run:
        options = checked(options)
        config = merged(self.config, config) if self.config else config or {}
        store = self._store()
        limit = config.get("recursion_limit", RECURSION_LIMIT)
        if limit < 1:
            raise ValueError(f"recursion_limit must be at least 1, not {limit}")
        before, after = options.get("interrupt_before"), options.get("interrupt_after")
        run = Run(
            journal=Journal("" if store is None else thread_id_of(config), CODEC, store, metadata_of(config)),
            config=config,
            store=self.store,
            cache=self.cache,
            control=options.get("control"),
            recursion_limit=limit,
            durability=options.get("durability", "async"),
            inline=inline,
            is_new=options.get("new_thread", False),
            before=self.before if before is None else self._names(before),
            after=self.after if after is None else self._names(after),
            contexts=contexts(self, "", options),
        )
        if config.get("callbacks"):
            from runtime.streams.speech import Speech  # noqa: PLC0415 - few calls have callbacks

            run.speech = Speech(run, subgraphs=options.get("subgraphs", False), traced=True)
        return run

    def _caller(self, config: Config | None) -> TaskContext | None:
        """Return the task this call comes from, unless it names a thread of its own; the task learns of the keys."""
        context = current.get()
        if context is None:
            return None
        context.called.update(self.channels)
        own = (config or {}).get("configurable", {}).get("thread_id")
        return context if own is None or str(own) == context.run.journal.thread_id else None

    def _store(self) -> CheckpointStore | None:
        return None if isinstance(self.checkpointer, bool) else self.checkpointer

    def _needed_store(self) -> CheckpointStore:
        """Return the store. Raises `ValueError` for a graph that has none, and so neither state nor history."""
        store = self._store()
        if store is None:
            raise ValueError(
                "no checkpointer set: compile the graph with one, as in compile(checkpointer=InMemorySaver())"
            )
        return store

    def _names(self, names: Nodes) -> frozenset[str]:
        chosen = frozenset(self.builder.nodes if names == "*" else names)
        if unknown := chosen - self.nodes.keys():
            raise InvalidGraphError(f"there is no node named {', '.join(map(repr, sorted(unknown)))}")
        return chosen


def _fitting(checkpointer: CheckpointStore | bool | None, graph: Rules) -> CheckpointStore | bool | None:
    """Refuse what cannot keep threads, and tell what can whose they are. Raises `TypeError`."""
    if checkpointer is None or isinstance(checkpointer, bool):
        return checkpointer
    if isinstance(checkpointer, type) or not hasattr(checkpointer, "append"):
        raise TypeError(
            f"{checkpointer!r} is no checkpointer: give one of runtime's, as in compile(checkpointer=InMemorySaver())"
        )
    know(checkpointer, graph)
    return checkpointer
