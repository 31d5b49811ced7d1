"""A compiled graph: what programs call. The engine does the running; here is what goes in and what comes out."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack

from runtime.codec.process import CODEC
from runtime.engine import supersteps, sync
from runtime.engine.frames import Next, as_interrupt, child_namespace
from runtime.engine.heads import heads_of
from runtime.engine.injected import as_context
from runtime.engine.inputs import interrupts, take
from runtime.engine.interrupts import GraphInterrupt, ParentCommand, TaskContext, current
from runtime.engine.journal import Journal
from runtime.engine.run import Run
from runtime.errors import InvalidGraphError, InvalidUpdateError, StaleHeadError, ThreadBusyError
from runtime.graph.builder import StateGraph
from runtime.graph.history import records
from runtime.graph.nodes import Branch, Node
from runtime.graph.options import Nodes, Options, check, is_whole, modes_of
from runtime.graph.snapshots import snapshot
from runtime.graph.state import Schema, Values, Writes, copied, writes_of
from runtime.graph.timetravel import fork, write_state
from runtime.store import CheckpointStore
from runtime.streams.events import checkpoint_reached
from runtime.streams.reader import Reader
from runtime.streams.speech import Speech
from runtime.types import END, INTERRUPT, NOTHING, START, Command, Config, GraphOutput, OnPending, Send, StateSnapshot

if TYPE_CHECKING:
    from runtime.graph.drawing import Drawing

T = TypeVar("T")
RECURSION_LIMIT: Final = 10_000
NO_STATE: Final = StateSnapshot({}, (), {}, None, None, None, (), ())


class CompiledGraph:
    """A graph that can run. Made by `StateGraph.compile`."""

    def __init__(
        self,
        graph: StateGraph,
        *,
        checkpointer: CheckpointStore | bool | None = None,
        interrupt_before: Nodes = (),
        interrupt_after: Nodes = (),
        name: str = "graph",
    ) -> None:
        self.name = name
        self.builder = graph
        self.checkpointer = checkpointer
        self.channels = graph.channels()
        self.input, self.output = graph.input, graph.output
        self.before, self.after = self._names(interrupt_before), self._names(interrupt_after)
        self.nodes = _resolved(graph)
        self.joins = {join.name: join for join in graph.joins}
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
        return await self._whole(self._run(config, options, inline=False), input, options)

    def invoke(self, input: Any, config: Config | None = None, **options: Unpack[Options]) -> Any:  # noqa: A002
        """Do what `ainvoke` does, from sync code."""
        if not is_whole(options):
            return list(self.stream(input, config, **options))
        if (context := self._caller(config)) is not None:
            return sync.run(lambda: self.run_below(context, input, options))
        run = self._run(config, options, inline=True)
        return sync.run(lambda: self._whole(run, input, options))

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
        return self._chunks(self._run(config, options, inline=False), input, options)

    def stream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        **options: Unpack[Options],
    ) -> Generator[Any, None, None]:
        """Do what `astream` does, from sync code."""
        run = self._run(config, options, inline=True)
        return sync.iterate(lambda: self._chunks(run, input, options))

    async def aget_state(self, config: Config, *, subgraphs: bool = False) -> StateSnapshot:
        """Return where a thread stands; empty for one that does not exist.

        `subgraphs` puts the snapshot of a paused subgraph into its task's `state`. With a `checkpoint_id`: the record
        of that checkpoint.
        """
        wanted = config.get("configurable", {}).get("checkpoint_id")
        if wanted is not None:
            past = [record async for record in self.aget_state_history(config)]
            return next((r for r in past if r.config["configurable"]["checkpoint_id"] == wanted), NO_STATE)
        journal = await Journal.load(_thread_id(config), CODEC, self._store(), self.channels)
        return snapshot(self, journal, "", subgraphs=subgraphs)

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
        past = await records(self, _thread_id(config), self._store())
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

    async def aupdate_state(self, config: Config, values: Any, as_node: str | None = None) -> Config:
        """Write to the state as if `as_node` had just run, and go on from there; returns the new checkpoint's config.

        `as_node`: the node that wrote last, unless given; END ends the thread. With a `checkpoint_id` in the config, a
        new branch begins at that checkpoint. Open questions are given up and asked anew.
        """
        run = self._run(config, {"durability": "sync"}, inline=False)

        async def write() -> None:
            await run.journal.reload(self.channels)
            await write_state(self, run, values, as_node)
            await run.save()

        await self._alone(run, write)
        return snapshot(self, run.journal, "", subgraphs=False).config

    def update_state(self, config: Config, values: Any, as_node: str | None = None) -> Config:
        """Do what `aupdate_state` does, from sync code."""
        return sync.run(lambda: self.aupdate_state(config, values, as_node))

    def get_graph(self) -> "Drawing":
        """Return the graph as nodes and edges: `get_graph().draw_mermaid()` draws it."""
        from runtime.graph.drawing import drawing  # noqa: PLC0415 - drawing is rare, running is not

        return drawing(self)

    def with_checkpointer(self, store: CheckpointStore) -> "CompiledGraph":
        """Return the same graph with another store."""
        return CompiledGraph(
            self.builder,
            checkpointer=store,
            interrupt_before=sorted(self.before),
            interrupt_after=sorted(self.after),
            name=self.name,
        )

    # One call.

    def _run(self, config: Config | None, options: Options, *, inline: bool) -> Run:
        check(options)
        config = config or {}
        store = self._store()
        limit = config.get("recursion_limit", RECURSION_LIMIT)
        if limit < 1:
            raise ValueError(f"recursion_limit must be at least 1, not {limit}")
        metadata = dict(config.get("metadata", {}))
        before, after = options.get("interrupt_before"), options.get("interrupt_after")
        return Run(
            journal=Journal("" if store is None else _thread_id(config), CODEC, store, metadata),
            config=config,
            recursion_limit=limit,
            durability=options.get("durability", "async"),
            inline=inline,
            before=self.before if before is None else self._names(before),
            after=self.after if after is None else self._names(after),
            contexts=self._contexts("", options),
        )

    def _contexts(self, ns: str, options: Options) -> dict[str, Any]:
        """What a call passes as `context=`, for the namespace it runs in."""
        return {ns: as_context(self.builder.context_schema, options["context"])} if "context" in options else {}

    async def _whole(self, run: Run, given: Any, options: Options) -> Any:
        finished = await self._go(run, given, options)
        result: Any = self.output_of(run.journal.frames[""].live_values(self.channels))
        keys = options.get("output_keys")
        if keys is not None:
            result = result.get(keys) if isinstance(keys, str) else {key: result[key] for key in keys if key in result}
        if options.get("version") == "v2":
            return GraphOutput(result, interrupts(run.journal))
        if finished:
            return result
        return ({} if isinstance(keys, str) else result) | {INTERRUPT: list(interrupts(run.journal))}

    async def _go(self, run: Run, given: Any, options: Options) -> bool:
        """Run. False: it has paused."""
        on_pending = options.get("on_pending", "abandon")
        return await self._alone(run, lambda: self._advance(run, given, on_pending))

    async def _alone(self, run: Run, work: Callable[[], Awaitable[T]]) -> T:
        """Do something with a thread while nobody else does. Raises `ThreadBusyError`."""
        journal = run.journal
        if journal.store is None:
            return await work()
        running = heads_of(journal.store).running
        if journal.thread_id in running:
            raise ThreadBusyError(journal.thread_id)
        running.add(journal.thread_id)
        try:
            return await work()
        except StaleHeadError as error:  # another process was faster
            raise ThreadBusyError(journal.thread_id) from error
        finally:
            running.discard(journal.thread_id)

    async def _advance(self, run: Run, given: Any, on_pending: OnPending) -> bool:
        """Load, take the input, run, and leave everything in the store, whatever happens."""
        await run.journal.reload(self.channels)
        forked = await fork(self, run)
        run.start()
        try:
            if forked and isinstance(given, Command) and given.resume is not NOTHING:
                await supersteps.advance(run, self, "")  # the new branch asks its own questions first
            take(self, run, given, on_pending)
            return await supersteps.advance(run, self, "")
        except ParentCommand as command:
            raise InvalidUpdateError(f"there is no parent graph for {command.command!r}") from None
        finally:
            await run.end()

    async def _chunks(self, run: Run, given: Any, options: Options) -> AsyncGenerator[Any, None]:
        reader = Reader(options)
        run.modes = frozenset(modes_of(options, "updates"))
        run.emit, run.drained = reader.put, reader.drained
        if "messages" in run.modes:
            run.speech = Speech(run, subgraphs=options.get("subgraphs", False))
        going = asyncio.ensure_future(self._told(run, given, options))
        going.add_done_callback(reader.end)
        try:
            async with aclosing(reader.chunks()) as chunks:
                async for chunk in chunks:
                    yield chunk
            await going
        finally:
            going.cancel()
            await asyncio.wait({going})

    async def _told(self, run: Run, given: Any, options: Options) -> None:
        """Run, and at the end name every question that is open, also those of earlier calls."""
        finished = await self._go(run, given, options)
        frame = run.journal.frames[""]

        def values() -> Values:
            return self.shown_values(frame.live_values(self.channels))

        for task in frame.tasks:
            run.announce("", task, values)
        if not finished and frame.finished() and "values" in run.modes:
            run.send("", "values", values())
        if not finished and not run.journal.pending_questions():
            run.send_interrupts("", (), values)

    # As a subgraph.

    async def run_below(self, context: TaskContext, given: Any, options: Options | None = None) -> Any:
        """Run as part of another graph's task, in its journal. Raises `GraphInterrupt` when it pauses.

        `options`: of a call by the node's code; None when it is the node itself. Each call of the task has a namespace
        of its own, and one that was finished before the task suspended returns what it returned then.
        """
        context.check_alive(f"subgraph {self.name!r}")
        journal = context.run.journal
        ns = child_namespace(context.ns, context.task)
        if options is not None:
            check(options)
            number, context.calls = context.calls, context.calls + 1
            ns = f"{ns}:{number}" if number else ns
            context.run.contexts |= self._contexts(ns, options)
        if ns not in journal.frames:
            writes = [pair for pair in writes_of(given, "the subgraph's input") if pair[0] in self.input.channels]
            journal.checkpoint(ns, "input", Next(tasks=[(START, dict(self.checked_writes(writes, "the input")))]))
        elif "values" in context.run.modes:
            context.run.send(ns, "values", self.shown_values(journal.frames[ns].live_values(self.channels)))
        checkpoint_reached(context.run, self, journal.frames[ns])
        with context.calling():
            try:
                finished = await supersteps.advance(context.run, self, ns, context)
            except ParentCommand as command:
                command.arrived = True
                raise
        if not finished:
            context.paused = True
            raise GraphInterrupt(tuple(as_interrupt(*item) for item in journal.pending_questions(ns).values()))
        frame = journal.frames[ns]
        frame.attach(self.channels)
        return self.output_of(frame.values)

    def _caller(self, config: Config | None) -> TaskContext | None:
        """The task this call comes from, unless it names a thread of its own."""
        context = current.get()
        if context is None:
            return None
        own = (config or {}).get("configurable", {}).get("thread_id")
        return context if own is None or str(own) == context.run.journal.thread_id else None

    # What the engine asks of a graph.

    def node(self, name: str) -> Node:
        """Return a node. Raises `InvalidGraphError` for one that a stored thread knows and the graph no longer has."""
        if name not in self.nodes:
            raise InvalidGraphError(
                f"the thread is in node {name!r}, which the graph no longer has: put it back under that name"
            )
        return self.nodes[name]

    def checked_targets(self, source: str, targets: Sequence[Any]) -> list[Any]:
        """Refuse to go where there is no node."""
        for target in targets:
            name = target.node if isinstance(target, Send) else target
            if not isinstance(name, str):
                raise InvalidUpdateError(f"{source!r} goes to {target!r}; give a node's name, a Send, or END")
            if name != END and name not in self.builder.nodes:
                raise InvalidUpdateError(f"{source!r} goes to {name!r}, but there is no such node")
        return list(targets)

    def checked_writes(self, writes: Writes, where: str, schema: Schema | None = None) -> list[tuple[str, Any]]:
        """Refuse keys the state does not have, and make each write replayable."""
        known = schema.channels if schema else self.channels
        if unknown := [name for name, _ in writes if name not in known]:
            raise InvalidUpdateError(f"{where} writes {unknown[0]!r}, but the state has only {', '.join(known)}")
        return [(name, self.channels[name].normalise(value)) for name, value in writes]

    def node_writes(self, node: Node, writes: Writes) -> list[tuple[str, Any]]:
        """Check what a node writes; of a subgraph's state, keep the keys that this graph has too."""
        if node.is_graph:
            writes = [pair for pair in writes if pair[0] in self.channels]
        return self.checked_writes(writes, f"node {node.name!r}")

    def replayable(self, writes: Writes) -> list[list[Any]]:
        """Return the writes that the log keeps as they are."""
        return [[name, value] for name, value in writes if self.channels[name].replayable]

    def results(self, values: Values, writes: Writes) -> Values:
        """Return the new values of the keys whose writes the log cannot keep."""
        return {name: values[name] for name, _ in writes if not self.channels[name].replayable}

    def router_view(self, name: str, branch: Branch, values: Values) -> Any:
        """Show a router the state with its node's own writes in it."""
        return (branch.schema or self.node(name).schema).view(values)

    def output_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the keys of the output schema, for who called the graph."""
        return {name: copied(values[name]) for name in self.output.channels if name in values}

    def shown_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the keys of the state schema, for who looks at the state; those of single nodes are private."""
        return {name: copied(values[name]) for name in self.builder.state.channels if name in values}

    def shown_update(self, writes: Writes) -> Any:
        """Show what a node wrote: None for nothing, a list where it wrote to one key more than once."""
        update = {name: value for name, value in writes if name in self.builder.state.channels}
        if len(update) == len(writes):
            return update or None
        shown = [{name: value} for name, value in writes if name in self.builder.state.channels]
        return (shown if len(shown) > len(update) else update) or None

    def _store(self) -> CheckpointStore | None:
        return None if isinstance(self.checkpointer, bool) else self.checkpointer

    def _names(self, names: Nodes) -> frozenset[str]:
        chosen = frozenset(self.builder.nodes if names == "*" else names)
        if unknown := chosen - set(self.builder.nodes):
            raise InvalidGraphError(f"no node to stop at is named {', '.join(map(repr, sorted(unknown)))}")
        return chosen


def _resolved(graph: StateGraph) -> dict[str, Node]:
    """Give every node its edges, joins and branches, and the start its own."""
    handlers = {node.handler.name: node.handler for node in graph.nodes.values() if node.handler}
    nodes = {START: Node(name=START, run=None, schema=graph.state), **graph.nodes, **handlers}
    return {
        name: replace(
            node,
            edges=tuple(dict.fromkeys(end for start, end in graph.edges if start == name)),
            joins=tuple(join.name for join in graph.joins if name in join.sources),
            branches=tuple(graph.branches.get(name, ())),
            triggers=(
                f"branch:to:{name}",
                *(f"join:{join.name.replace('>', ':')}" for join in graph.joins if join.target == name),
            ),
        )
        for name, node in nodes.items()
    }


def _thread_id(config: Config) -> str:
    configurable = config.get("configurable", {})
    thread_id = configurable.get("thread_id")
    if thread_id is None or not str(thread_id):
        raise ValueError("a graph with a checkpointer needs config={'configurable': {'thread_id': …}}")
    if configurable.get("checkpoint_ns") and current.get() is None:  # a node's own config has one
        raise ValueError("'checkpoint_ns' names a subgraph: read it by get_state(subgraphs=True) of the whole graph")
    return str(thread_id)
