"""A compiled graph: what programs call. The engine does the running; here is what goes in and what comes out."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack

from runtime.codec.process import CODEC
from runtime.engine import sync
from runtime.engine.interrupts import TaskContext, current
from runtime.engine.journal import Journal
from runtime.engine.run import Run
from runtime.errors import InvalidGraphError
from runtime.graph.below import chunks_below, contexts, run_below
from runtime.graph.builder import StateGraph
from runtime.graph.calls import alone, chunks, whole
from runtime.graph.history import records
from runtime.graph.options import Nodes, Options, check, is_whole
from runtime.graph.rules import Rules
from runtime.graph.snapshots import snapshot
from runtime.graph.state import ROOT, Writes, copied
from runtime.graph.timetravel import write_state
from runtime.store import CheckpointStore
from runtime.types import Command, Config, StateSnapshot, StateUpdate

if TYPE_CHECKING:
    from runtime.graph.drawing import Drawing

T = TypeVar("T")
RECURSION_LIMIT: Final = 10_000
UNLIMITED: Final = 1_000  # levels of subgraphs
PLACE: Final = frozenset({"thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"})
"""Keys of `configurable` that say which checkpoint is meant."""
NO_STATE: Final = StateSnapshot({}, (), {}, None, None, None, (), ())


class CompiledGraph(Rules):
    """A graph that can run. Made by `StateGraph.compile`."""

    def __init__(
        self,
        graph: StateGraph,
        *,
        checkpointer: CheckpointStore | bool | None = None,
        interrupt_before: Nodes = (),
        interrupt_after: Nodes = (),
        name: str = "graph",
        store: Any = None,
    ) -> None:
        super().__init__(graph)
        self.name = name
        self.checkpointer = checkpointer
        self.store = store
        self.config: Config = {}
        """What `with_config` bound to this graph."""
        self.before, self.after = self._names(interrupt_before), self._names(interrupt_after)
        CODEC.register(*{schema.cls for schema in graph.schemas()})

    # Running.

    async def ainvoke(self, input: Any, config: Config | None = None, **options: Unpack[Options]) -> Any:  # noqa: A002 - LangGraph's name
        """Run from `input` to the next pause or the end.

        `input` is a dict for the state, a `Command`, or None to continue. Returns the state; when the run has paused,
        the pending questions are in it as a list of `Interrupt` under `__interrupt__` (empty at a static breakpoint).
        With another `stream_mode` than `values`: the list of its chunks.
        """
        if not is_whole(options):
            return [chunk async for chunk in self.astream(input, config, **options)]
        if (context := self._caller(config)) is not None:
            return await self.run_below(context, input, options)
        return await whole(self, self._run(config, options, inline=False), input, options)

    def invoke(self, input: Any, config: Config | None = None, **options: Unpack[Options]) -> Any:  # noqa: A002
        """Do what `ainvoke` does, from sync code."""
        if not is_whole(options):
            return list(self.stream(input, config, **options))
        if (context := self._caller(config)) is not None:
            return sync.run(lambda: self.run_below(context, input, options))
        run = self._run(config, options, inline=True)
        return sync.run(lambda: whole(self, run, input, options))

    async def abatch(
        self, inputs: Sequence[Any], config: Config | Sequence[Config] | None = None, **options: Unpack[Options]
    ) -> list[Any]:
        """Run for each of the inputs, side by side; `config` is one for all, or one for each."""
        configs = config if isinstance(config, Sequence) else [config] * len(inputs)
        calls = (self.ainvoke(given, own, **options) for given, own in zip(inputs, configs, strict=True))
        return list(await asyncio.gather(*calls))

    def batch(
        self, inputs: Sequence[Any], config: Config | Sequence[Config] | None = None, **options: Unpack[Options]
    ) -> list[Any]:
        """Do what `abatch` does, from sync code."""
        return sync.run(lambda: self.abatch(inputs, config, **options))

    def astream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Any, None]:
        """Run like `ainvoke` and yield what happens while it happens.

        `values`: the state after each step. `updates`: `{node: what it wrote}` as each node finishes. `messages`:
        `(message, metadata)`, chat models' tokens and the messages that nodes write. `custom`: what nodes gave to
        `get_stream_writer()`. `tasks`: each task as it begins and as it comes to rest. `checkpoints`: what `get_state`
        would return, as dicts. `debug`: the last two with step and time.

        Questions come under `__interrupt__` as a tuple, which is empty at a static breakpoint. Several modes:
        `(mode, chunk)`; `subgraphs`: `(namespace, chunk)`, with the namespace a tuple, and chunks of subgraphs too.
        `version="v2"`: `{"type": mode, "ns": namespace, "data": chunk}`, and questions of `values` under `interrupts`.
        """
        if (context := self._caller(config)) is not None:
            return chunks_below(self, context, input, options)
        return chunks(self, self._run(config, options, inline=False), input, options)

    def stream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        **options: Unpack[Options],
    ) -> Generator[Any, None, None]:
        """Do what `astream` does, from sync code."""
        if (context := self._caller(config)) is not None:
            return sync.iterate(lambda: chunks_below(self, context, input, options))
        run = self._run(config, options, inline=True)
        return sync.iterate(lambda: chunks(self, run, input, options))

    async def aget_state(self, config: Config, *, subgraphs: bool = False) -> StateSnapshot:
        """Return where a thread stands; empty for one that does not exist.

        `subgraphs` puts the snapshot of a paused subgraph into its task's `state`; that task's own config, which has a
        `checkpoint_ns`, leads there as well. With a `checkpoint_id`: the record of that checkpoint.
        """
        place = config.get("configurable", {})
        ns, wanted = place.get("checkpoint_ns") or "", place.get("checkpoint_id")
        journal = await Journal.load(
            _thread_id(merged(self.config, config)), CODEC, self._needed_store(), self.channels
        )
        frame = journal.frames.get(ns)
        if wanted is None or (ns and frame is not None and frame.id == wanted):
            return snapshot(self.below(ns), journal, ns, subgraphs=subgraphs)
        past = await records(self, journal.thread_id, self._store())
        return next((r for r in past if r.config["configurable"]["checkpoint_id"] == wanted), NO_STATE)

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

        `filter`: only those with this metadata; `before`: only those older than that checkpoint; `limit`: so many.
        """
        past = await records(self, _thread_id(merged(self.config, config)), self._needed_store())
        if before is not None:
            place = [record.config["configurable"]["checkpoint_id"] for record in past]
            past = past[place.index(before["configurable"]["checkpoint_id"]) + 1 :]
        wanted = (filter or {}).items()
        for record in [record for record in past if wanted <= (record.metadata or {}).items()][:limit]:
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

        `as_node`: the node that wrote last, unless given; END without values ends the thread, `__input__` is new input,
        `__copy__` changes nothing. With a `checkpoint_id` in the config, a new branch begins at that checkpoint; with a
        `checkpoint_ns`, it is the state of a subgraph under way. Open questions are given up and asked anew.
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

        async def write() -> None:
            await run.journal.reload(self.channels)
            await write_state(self.below(ns), run, steps, ns)
            await run.save()

        await alone(run, write)
        return snapshot(self.below(ns), run.journal, ns, subgraphs=False).config

    def bulk_update_state(
        self, config: Config, supersteps: Sequence[Sequence[StateUpdate | tuple[Any, str | None]]]
    ) -> Config:
        """Do what `abulk_update_state` does, from sync code."""
        return sync.run(lambda: self.abulk_update_state(config, supersteps))

    def get_graph(self, config: Config | None = None, *, xray: bool | int = False) -> "Drawing":  # noqa: ARG002 - LangGraph's
        """Return the graph as nodes and edges: `get_graph().draw_mermaid()` draws it.

        `xray`: with what is inside its subgraphs, so many levels deep or all the way.
        """
        from runtime.graph.drawing import drawing  # noqa: PLC0415 - drawing is rare, running is not

        return drawing(self, depth=UNLIMITED if xray is True else int(xray))

    def get_subgraphs(
        self, *, namespace: str | None = None, recurse: bool = False
    ) -> Generator[tuple[str, "CompiledGraph"], None, None]:
        """Yield the graphs that are nodes of this one, by name; `recurse`: theirs, too, as `name|name`."""
        for name, node in self.nodes.items():
            if not node.is_graph:
                continue
            if namespace in {None, name}:
                yield name, node.run
            for below, graph in node.run.get_subgraphs(recurse=True) if recurse else ():
                if namespace in {None, f"{name}|{below}"}:
                    yield f"{name}|{below}", graph

    def get_name(self) -> str:
        """Return the name given at compile time."""
        return self.name

    def with_config(self, config: Config | None = None, **more: Any) -> "CompiledGraph":
        """Return the same graph with a config for all of its calls; what a call says itself counts more."""
        bound = copy(self)
        bound.config = merged(self.config, merged(config, more))
        return bound

    def with_checkpointer(self, store: CheckpointStore) -> "CompiledGraph":
        """Return the same graph with another store."""
        other = copy(self)
        other.checkpointer = store
        return other

    # One call.

    def _run(self, config: Config | None, options: Options, *, inline: bool) -> Run:
        check(options)
        config = merged(self.config, config) if self.config else config or {}
        store = self._store()
        limit = config.get("recursion_limit", RECURSION_LIMIT)
        if limit < 1:
            raise ValueError(f"recursion_limit must be at least 1, not {limit}")
        before, after = options.get("interrupt_before"), options.get("interrupt_after")
        return Run(
            journal=Journal("" if store is None else _thread_id(config), CODEC, store, _metadata(config)),
            config=config,
            store=self.store,
            recursion_limit=limit,
            durability=options.get("durability", "async"),
            inline=inline,
            is_new=options.get("new_thread", False),
            before=self.before if before is None else self._names(before),
            after=self.after if after is None else self._names(after),
            contexts=contexts(self, "", options),
        )

    # As a subgraph.

    async def run_below(self, context: TaskContext, given: Any, options: Options | None = None) -> Any:
        """Run as part of another graph's task; `options` are those of a call by its node's code."""
        return await run_below(self, context, given, options)

    def _caller(self, config: Config | None) -> TaskContext | None:
        """The task this call comes from, unless it names a thread of its own."""
        context = current.get()
        if context is None:
            return None
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
        if unknown := chosen - set(self.builder.nodes):
            raise InvalidGraphError(f"no node to stop at is named {', '.join(map(repr, sorted(unknown)))}")
        return chosen


class RootGraph(CompiledGraph):
    """A graph whose state is one value: what nodes return is written to it, and so is the input."""

    def parts_of(self, result: Any) -> Sequence[Any]:
        """Take a list as a value, unless there are commands in it."""
        return super().parts_of(result) if type(result) is list and Command in map(type, result) else (result,)

    def written(self, update: Any, where: str) -> Writes:  # noqa: ARG002 - any value will do
        """Take any value but None, which writes nothing."""
        return [] if update is None else [(ROOT, update)]

    def taken(self, given: Any, where: str) -> Writes:
        """Take the input as it is."""
        return self.written(given, where)

    def output_of(self, values: Mapping[str, Any]) -> Any:
        """Return the value; None before there is one."""
        return copied(values.get(ROOT))

    def shown_values(self, values: Mapping[str, Any]) -> Any:
        """Show the value."""
        return self.output_of(values)

    def shown_update(self, writes: Writes) -> Any:
        """Show what a node wrote."""
        written = [value for _, value in writes]
        return written if len(written) > 1 else next(iter(written), None)


def _thread_id(config: Config) -> str:
    configurable = config.get("configurable", {})
    thread_id = configurable.get("thread_id")
    if thread_id is None or not str(thread_id):
        raise ValueError("a graph with a checkpointer needs config={'configurable': {'thread_id': …}}")
    return str(thread_id)


def merged(config: Config | None, more: Config | None) -> Config:
    """Return both configs in one; of what both say, the second counts. Their dicts are merged, too."""
    both = {**(config or {}), **(more or {})}
    for key in ("configurable", "metadata"):
        if config and more and key in config and key in more:
            both[key] = {**config[key], **more[key]}
    return both


def _metadata(config: Config) -> dict[str, Any]:
    """Return what the caller wants noted with each checkpoint: metadata, and the plain values of `configurable`."""
    plain, place = (str, int, float), config.get("configurable", {})
    said = {key: value for key, value in place.items() if key not in PLACE and isinstance(value, plain)}
    said |= config.get("metadata") or {}
    return {key: value for key, value in said.items() if not key.startswith("__") and key not in PLACE} if said else {}
