"""A compiled graph: what programs call. The engine does the running; here is what goes in and what comes out."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from runtime import engine, sync
from runtime.codec import Codec
from runtime.errors import (
    EmptyInputError,
    InvalidAnswerError,
    InvalidGraphError,
    InvalidUpdateError,
    PendingInterruptError,
    ThreadBusyError,
    UnknownInterruptError,
)
from runtime.graph import Node, StateGraph
from runtime.hitl import PAYLOADS, Decision
from runtime.interrupts import GraphInterrupt, TaskContext, current
from runtime.journal import Answer, Frame, Journal, Next, Question, Task, as_interrupt, child_namespace
from runtime.messages import Message, RemoveMessage
from runtime.state import Schema, Values, Writes, merge, writes_of
from runtime.store import CheckpointStore
from runtime.types import (
    END,
    INTERRUPT,
    NOTHING,
    START,
    Command,
    Config,
    Durability,
    Interrupt,
    OnPending,
    Send,
    StateSnapshot,
)

if TYPE_CHECKING:
    from runtime.engine import Run

Mode: TypeAlias = Literal["values", "updates", "custom"]
Nodes: TypeAlias = Sequence[str] | Literal["*"]
MODES: Final = ("values", "updates", "custom")
ABANDONED: Final = "__abandoned__"
"""Key of the questions that new input gave up, in the `updates` stream."""
RECURSION_LIMIT: Final = 10_000
logger = logging.getLogger(__name__)

_CODEC: Final = Codec([Send, Message, RemoveMessage, Decision, *PAYLOADS])
"""One for the process: a graph that is called as a function is unknown to its caller until it runs, and what it stored must
be readable before that."""


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
        self._before, self._after = self._names(interrupt_before), self._names(interrupt_after)
        self._nodes = _resolved(graph)
        self._joins = {join.name: (join.sources, join.target) for join in graph.joins}
        self._running: set[str] = set()
        for schema in {id(node.schema): node.schema for node in self._nodes.values()}.values():
            _CODEC.register(schema.cls)
        _CODEC.register(graph.state.cls, graph.input.cls, graph.output.cls)

    # Running.

    async def ainvoke(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        *,
        stream_mode: Mode | None = None,
        output_keys: str | Sequence[str] | None = None,
        interrupt_before: Nodes | None = None,
        interrupt_after: Nodes | None = None,
        durability: Durability = "async",
        on_pending: OnPending = "abandon",
    ) -> Any:
        """Run from `input` to the next pause or the end.

        `input` is a dict for the state, a `Command`, or None to continue. Returns the state; when questions are pending, they
        are in it as a list of `Interrupt` under `__interrupt__`. With another `stream_mode`: the list of its chunks.
        """
        if stream_mode not in {None, "values"}:
            chunks = self.astream(
                input,
                config,
                stream_mode=stream_mode,
                interrupt_before=interrupt_before,
                interrupt_after=interrupt_after,
                durability=durability,
                on_pending=on_pending,
            )
            return [chunk async for chunk in chunks]
        context = self._caller(config)
        if context is not None:
            return await self.run_below(context, input, called=True)
        run = self._run(config, interrupt_before, interrupt_after, durability, inline=False)
        return await self._whole(run, input, on_pending, output_keys)

    def invoke(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        *,
        stream_mode: Mode | None = None,
        output_keys: str | Sequence[str] | None = None,
        interrupt_before: Nodes | None = None,
        interrupt_after: Nodes | None = None,
        durability: Durability = "async",
        on_pending: OnPending = "abandon",
    ) -> Any:
        """Do what `ainvoke` does, from sync code."""
        if stream_mode not in {None, "values"}:
            chunks = self.stream(
                input,
                config,
                stream_mode=stream_mode,
                interrupt_before=interrupt_before,
                interrupt_after=interrupt_after,
                durability=durability,
                on_pending=on_pending,
            )
            return list(chunks)
        context = self._caller(config)
        if context is not None:
            return sync.run(lambda: self.run_below(context, input, called=True))
        run = self._run(config, interrupt_before, interrupt_after, durability, inline=True)
        return sync.run(lambda: self._whole(run, input, on_pending, output_keys))

    async def astream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        *,
        stream_mode: Mode | Sequence[Mode] = "updates",
        subgraphs: bool = False,
        interrupt_before: Nodes | None = None,
        interrupt_after: Nodes | None = None,
        durability: Durability = "async",
        on_pending: OnPending = "abandon",
    ) -> AsyncGenerator[Any, None]:
        """Run like `ainvoke` and yield what happens while it happens.

        `values`: the state after each step. `updates`: `{node: what it wrote}` as each node finishes. `custom`: what nodes
        gave to `get_stream_writer()`. Questions come under `__interrupt__` as a tuple. Several modes: `(mode, chunk)`;
        `subgraphs`: `(namespace, chunk)`, with the namespace a tuple, and chunks of subgraphs too.
        """
        run = self._run(config, interrupt_before, interrupt_after, durability, inline=False)
        async for chunk in self._chunks(run, input, stream_mode, on_pending, subgraphs=subgraphs):
            yield chunk

    def stream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        *,
        stream_mode: Mode | Sequence[Mode] = "updates",
        subgraphs: bool = False,
        interrupt_before: Nodes | None = None,
        interrupt_after: Nodes | None = None,
        durability: Durability = "async",
        on_pending: OnPending = "abandon",
    ) -> Generator[Any, None, None]:
        """Do what `astream` does, from sync code."""
        run = self._run(config, interrupt_before, interrupt_after, durability, inline=True)
        yield from sync.iterate(lambda: self._chunks(run, input, stream_mode, on_pending, subgraphs=subgraphs))

    async def aget_state(self, config: Config, *, subgraphs: bool = False) -> StateSnapshot:
        """Return where a thread stands; empty for one that does not exist.

        `subgraphs` puts the snapshot of a paused subgraph into its task's `state`.
        """
        thread_id = _thread_id(config)
        journal = await Journal.load(thread_id, _CODEC, self._store())
        return self._snapshot(journal, "", subgraphs=subgraphs)

    def get_state(self, config: Config, *, subgraphs: bool = False) -> StateSnapshot:
        """Do what `aget_state` does, from sync code."""
        return sync.run(lambda: self.aget_state(config, subgraphs=subgraphs))

    def with_checkpointer(self, store: CheckpointStore) -> "CompiledGraph":
        """Return the same graph with another store."""
        return CompiledGraph(
            self.builder,
            checkpointer=store,
            interrupt_before=sorted(self._before),
            interrupt_after=sorted(self._after),
            name=self.name,
        )

    # One call.

    def _run(
        self,
        config: Config | None,
        before: Nodes | None,
        after: Nodes | None,
        durability: Durability,
        *,
        inline: bool,
    ) -> "Run":
        if durability not in {"sync", "async", "exit"}:
            raise ValueError(f"durability is 'sync', 'async' or 'exit', not {durability!r}")
        config = config or {}
        store = self._store()
        limit = config.get("recursion_limit", RECURSION_LIMIT)
        if limit < 1:
            raise ValueError(f"recursion_limit must be at least 1, not {limit}")
        return engine.Run(
            journal=Journal("" if store is None else _thread_id(config), _CODEC, store),
            config=config,
            recursion_limit=limit,
            durability=durability,
            inline=inline,
            before=self._before if before is None else self._names(before),
            after=self._after if after is None else self._names(after),
        )

    async def _whole(self, run: "Run", given: Any, on_pending: OnPending, keys: str | Sequence[str] | None) -> Any:
        await self._go(run, given, on_pending)
        frame = run.journal.frames[""]
        frame.attach(self.channels)
        result: Any = self.shown_values(frame.values)
        if keys is not None:
            result = result.get(keys) if isinstance(keys, str) else {key: result[key] for key in keys if key in result}
        pending = _interrupts(run.journal)
        return ({} if isinstance(keys, str) else result) | {INTERRUPT: list(pending)} if pending else result

    async def _go(self, run: "Run", given: Any, on_pending: OnPending) -> None:
        """Load, take the input, run, and leave everything in the store, whatever happens."""
        journal = run.journal
        if journal.thread_id in self._running:
            raise ThreadBusyError(journal.thread_id)
        if journal.store is not None:
            self._running.add(journal.thread_id)
        try:
            await journal.reload()
            journal.metadata = dict(run.config.get("metadata", {}))
            self._take(run, given, on_pending)
            run.write_behind()
            try:
                await engine.advance(run, self, "")
            finally:
                await run.flush()
        except engine.ParentCommand as command:
            raise InvalidUpdateError(f"there is no parent graph for {command.command!r}") from None
        finally:
            self._running.discard(journal.thread_id)

    async def _chunks(
        self, run: "Run", given: Any, mode: Mode | Sequence[Mode], on_pending: OnPending, *, subgraphs: bool
    ) -> AsyncGenerator[Any, None]:
        modes = [mode] if isinstance(mode, str) else list(mode)
        if unknown := [name for name in modes if name not in MODES]:
            raise ValueError(f"there is no stream mode {unknown[0]!r}; there are {', '.join(MODES)}")
        run.modes = frozenset(modes)
        reader = _Reader(alone=isinstance(mode, str), subgraphs=subgraphs)
        run.emit, run.drained = reader.put, reader.drained
        going = asyncio.ensure_future(self._go(run, given, on_pending))
        going.add_done_callback(reader.end)
        try:
            async for chunk in reader.chunks():
                yield chunk
            await going
            for task in run.journal.frames[""].tasks:
                run.announce("", task, lambda: self.shown_values(run.journal.frames[""].values))
            for chunk in reader.rest():
                yield chunk
        finally:
            going.cancel()
            await asyncio.wait({going})

    # Input.

    def _take(self, run: "Run", given: Any, on_pending: OnPending) -> None:
        """Apply the input to the journal. Raises before anything is changed."""
        journal = run.journal
        frame = journal.frames.get("")
        if isinstance(given, Command):
            self._obey(journal, frame, given)
        elif given is not None:
            self._begin(run, given, on_pending)
        elif frame is None:
            raise EmptyInputError("this thread does not exist yet: give an input to start it")
        if given is None or isinstance(given, Command):
            frame = journal.frames[""]
            frame.attach(self.channels)
            run.send("", "values", self.shown_values(frame.values))

    def _begin(self, run: "Run", given: Any, on_pending: OnPending) -> None:
        """Start a turn with new input; questions that are still open are given up, and said to be."""
        writes = self.checked_writes(writes_of(given, "the input"), "the input", self.input)
        pending = _interrupts(run.journal)
        if pending and on_pending == "refuse":
            raise PendingInterruptError([interrupt.id for interrupt in pending])
        run.journal.checkpoint("", "input", Next(tasks=[(START, dict(writes))]))
        if pending:
            logger.warning("new input abandons open questions: %s", ", ".join(interrupt.id for interrupt in pending))
            run.send("", "updates", {ABANDONED: pending})

    def _obey(self, journal: Journal, frame: Frame | None, command: Command[Any]) -> None:
        if command.graph == Command.PARENT:
            raise InvalidUpdateError("there is no parent graph")
        pending = journal.pending_questions()
        answers = _answers(command.resume, pending)
        if frame is None or (command.update is None and not command.goto and not answers):
            raise EmptyInputError("this command has nothing to do: no resume, no update, no goto, or no such thread")
        goto = [command.goto] if isinstance(command.goto, (str, Send)) else list(command.goto)
        for target in goto:
            self.check_target(START, target)
        writes = self.checked_writes(writes_of(command.update, "the command's update"), "the command's update")
        for question_id, answer in answers.items():
            _check_answer(pending[question_id][2], answer)
        frame.attach(self.channels)
        if writes:
            self._update(journal, frame, writes)
        if goto:
            sends = [(target.node, target.arg) if isinstance(target, Send) else (target, NOTHING) for target in goto]
            journal.add("", [target for target in sends if target[0] != END])
        for question_id, answer in answers.items():
            ns, task, question = pending[question_id]
            task.answers.append(Answer(question.id, question.digest, answer))
            task.question = None
            journal.change(ns, task, "answers", "question")

    def _update(self, journal: Journal, frame: Frame, writes: Writes) -> None:
        """Change the state where the thread stands; tasks that run again see it."""
        values = merge(self.channels, frame.values, writes)
        kept = [list(pair) for pair in writes if self.channels[pair[0]].replayable]
        results = {name: values[name] for name, _ in writes if not self.channels[name].replayable}
        journal.update(frame.ns, kept, results)

    # As a subgraph.

    async def run_below(self, context: TaskContext, given: Any, *, called: bool = False) -> Any:
        """Run as part of another graph's task, in its journal. Raises `GraphInterrupt` when it pauses.

        `called`: by code of the node rather than as the node itself; then each call of the task has a namespace of its own, and a
        call that was finished before the task suspended returns what it returned then.
        """
        run, journal = context.run, context.run.journal
        ns = child_namespace(context.ns, context.task)
        if called:
            number, context.calls = context.calls, context.calls + 1
            ns = f"{ns}:{number}" if number else ns
        if ns not in journal.frames:
            writes = [pair for pair in writes_of(given, "the subgraph's input") if pair[0] in self.input.channels]
            journal.checkpoint(ns, "input", Next(tasks=[(START, dict(self.checked_writes(writes, "the input")))]))
        finished = await engine.advance(run, self, ns, context)
        if not finished:
            raise GraphInterrupt(tuple(as_interrupt(*item) for item in journal.pending_questions(ns).values()))
        frame = journal.frames[ns]
        frame.attach(self.channels)
        return self.shown_values(frame.values)

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
        try:
            return self._nodes[name]
        except KeyError:
            raise InvalidGraphError(
                f"the thread is in node {name!r}, which the graph no longer has; put it back under that name to continue"
            ) from None

    def following(self, frame: Frame, finished: Sequence[Task]) -> Next:
        """Work out what comes after a step."""
        return engine.following_of(self._nodes, self._joins, frame, finished)

    def check_target(self, source: str, target: Any) -> None:
        """Refuse to go where there is no node."""
        name = target.node if isinstance(target, Send) else target
        if not isinstance(name, str):
            raise InvalidUpdateError(f"{source!r} goes to {target!r}; give a node's name, a Send, or END")
        if name != END and name not in self._nodes:
            raise InvalidUpdateError(f"{source!r} goes to {name!r}, but there is no such node")

    def checked_writes(self, writes: Writes, where: str, schema: Schema | None = None) -> list[tuple[str, Any]]:
        """Refuse keys the state does not have, and make each write replayable."""
        known = schema.channels if schema else self.channels
        if unknown := [name for name, _ in writes if name not in known]:
            raise InvalidUpdateError(f"{where} writes {unknown[0]!r}, but the state has only {', '.join(known)}")
        return [(name, self.channels[name].normalise(value)) for name, value in writes]

    def router_view(self, node: Node, values: Values) -> Any:
        """Show a router the state with its node's own writes in it."""
        return (self._nodes[START] if node.name == START else node).schema.view(values)

    def shown_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the keys of the output schema."""
        return {name: values[name] for name in self.output.channels if name in values}

    def shown_update(self, writes: Writes) -> dict[str, Any] | None:
        """Show what a node wrote; None for nothing."""
        return dict(writes) if writes else None

    # Reading.

    def _snapshot(self, journal: Journal, ns: str, *, subgraphs: bool) -> StateSnapshot:
        from runtime.snapshots import snapshot  # noqa: PLC0415 - reading is rare, running is not

        return snapshot(self, journal, ns, subgraphs=subgraphs)

    def _store(self) -> CheckpointStore | None:
        return None if isinstance(self.checkpointer, bool) else self.checkpointer

    def _names(self, names: Nodes) -> frozenset[str]:
        return frozenset(self.builder.nodes if names == "*" else names)


class _Reader:
    """Carries chunks from the run to the reader of its stream; the run may emit from any thread."""

    def __init__(self, *, alone: bool, subgraphs: bool) -> None:
        self._alone, self._subgraphs = alone, subgraphs
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._idle = asyncio.Event()

    def put(self, ns: str, mode: str, chunk: Any) -> None:
        if ns and not self._subgraphs:
            return
        item = chunk if self._alone else (mode, chunk)
        if self._subgraphs:
            path = tuple(ns.split("|")) if ns else ()
            item = (path, chunk) if self._alone else (path, mode, chunk)
        if threading.get_ident() == self._thread:
            self._queue.put_nowait((item,))
        else:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (item,))

    def end(self, _: object) -> None:
        self._queue.put_nowait(None)

    async def drained(self) -> None:
        """Wait until the reader has taken everything and asks for more."""
        while not self._queue.empty():
            self._idle.clear()
            await self._idle.wait()

    async def chunks(self) -> AsyncGenerator[Any, None]:
        while True:
            if self._queue.empty():
                self._idle.set()
            item = await self._queue.get()
            if item is None:
                return
            yield item[0]

    def rest(self) -> Generator[Any, None, None]:
        while not self._queue.empty():
            yield self._queue.get_nowait()[0]


def _resolved(graph: StateGraph) -> dict[str, Node]:
    """Give every node its edges, joins and branches, and the start its own."""
    nodes = {START: Node(name=START, run=_identity, schema=graph.state), **graph.nodes}
    for name, node in nodes.items():
        node.edges = tuple(dict.fromkeys(end for start, end in graph.edges if start == name))
        node.joins = tuple(join.name for join in graph.joins if name in join.sources)
        node.branches = tuple(graph.branches.get(name, ()))
    return nodes


def _identity(value: Any) -> Any:
    return value


def _interrupts(journal: Journal) -> tuple[Interrupt, ...]:
    return tuple(as_interrupt(*item) for item in journal.pending_questions().values())


def _thread_id(config: Config) -> str:
    thread_id = config.get("configurable", {}).get("thread_id")
    if thread_id is None or not str(thread_id):
        raise ValueError("a graph with a checkpointer needs config={'configurable': {'thread_id': …}}")
    return str(thread_id)


def _is_map(resume: Any) -> bool:
    return isinstance(resume, dict) and all(
        isinstance(key, str) and len(key) == 32 and set(key) <= set("0123456789abcdef") for key in resume
    )


def _answers(resume: Any, pending: Mapping[str, Any]) -> dict[str, Any]:
    """Say which question each answer belongs to. Raises `UnknownInterruptError` when that is not certain."""
    ids = list(pending)
    if resume is NOTHING:
        return {}
    if _is_map(resume):
        if not resume:
            raise UnknownInterruptError("empty_map", (), ids)
        if unknown := [key for key in resume if key not in pending]:
            raise UnknownInterruptError("not_pending", unknown, ids)
        return dict(resume)
    if len(ids) != 1:
        raise UnknownInterruptError("ambiguous" if ids else "nothing_pending", (), ids)
    return {ids[0]: resume}


def _check_answer(question: Question, answer: Any) -> None:
    if question.schema is None:
        return
    import jsonschema  # noqa: PLC0415 - only for questions that have a schema

    errors = jsonschema.validators.validator_for(question.schema)(question.schema).iter_errors(answer)
    problems = {".".join(map(str, error.absolute_path)): error.message for error in errors}
    if problems:
        raise InvalidAnswerError(question.id, problems)
