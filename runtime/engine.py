"""Running a graph: superstep after superstep, until it pauses, ends or fails.

One superstep: run the tasks that can run, merge what they wrote, work out who is next, record it. A task that asks
stays parked with its question; the step is over when all of its tasks are done. A lone task is awaited in place, several
run side by side. The same code runs a subgraph, one level down in the same journal.
"""

import asyncio
import contextvars
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from runtime.errors import GraphRecursionError, InvalidUpdateError
from runtime.graph import Branch, Node
from runtime.interrupts import GraphInterrupt, TaskContext, current
from runtime.journal import Frame, Journal, Next, Task, as_interrupt
from runtime.state import Values, Writes, merge, writes_of
from runtime.types import END, INTERRUPT, NOTHING, START, Command, Config, Durability, Send

if TYPE_CHECKING:
    from runtime.compiled import CompiledGraph

FLUSH_SECONDS = (0.002, 0.05)
"""How soon and how late a running step's records are written behind its back; doubles while nothing ends."""


class ParentCommand(BaseException):  # noqa: N818 - control flow; LangGraph's name
    """A node's command for the graph that called its graph."""

    def __init__(self, command: Command[Any]) -> None:
        super().__init__(command)
        self.command = command


@dataclass(slots=True, kw_only=True)
class Run:
    """One call of a root graph: what all of its frames share."""

    journal: Journal
    config: Config
    recursion_limit: int
    durability: Durability = "async"
    inline: bool
    """Whether a lone sync node may block the loop: true when a sync call owns the loop."""
    modes: frozenset[str] = frozenset()
    """Stream modes that somebody reads."""
    emit: Callable[[str, str, Any], None] | None = None
    """Takes namespace, mode and chunk."""
    drained: Callable[[], Any] | None = None
    """Awaited between steps: the reader of a stream sets the pace."""
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    announced: set[tuple[str, str]] = field(default_factory=set)
    """Questions that the streams have shown, by namespace and id."""
    _timer: asyncio.TimerHandle | None = None
    _writing: "asyncio.Task[None] | None" = None

    def digest(self, value: Any) -> str:
        """Return a short fingerprint of a question's value. Raises `CodecError` for one that cannot be stored."""
        return blake2b(self.journal.codec.encode(value), digest_size=8).hexdigest()

    def send(self, ns: str, mode: str, chunk: Any) -> None:
        """Give one chunk to whoever reads that mode."""
        if self.emit is not None and mode in self.modes:
            self.emit(ns, mode, chunk)

    def announce(self, ns: str, task: Task, values: Callable[[], Any]) -> None:
        """Show the questions that a task waits on to those who read `updates` or `values`."""
        if self.emit is None:
            return
        for where, asking, question in self.journal.questions(ns, task):
            if (ns, question.id) not in self.announced:
                self.announced.add((ns, question.id))
                shown = (as_interrupt(where, asking, question),)
                self.send(ns, "updates", {INTERRUPT: shown})
                if "values" in self.modes:
                    self.send(ns, "values", {**values(), INTERRUPT: shown})

    async def step_ended(self) -> None:
        """Keep the promise of the durability mode, and let a stream's reader catch up."""
        if self.durability == "sync":
            await self.flush()
        elif self._writing is not None and self._writing.done():
            await self._writing
        if self.drained is not None:
            await self.drained()

    def write_behind(self, seconds: float = FLUSH_SECONDS[0]) -> None:
        """Start writing records while nodes are still running."""
        if self.journal.store is not None and self.durability == "async":
            self._timer = asyncio.get_running_loop().call_later(seconds, self._start_writing, seconds)

    def _start_writing(self, seconds: float) -> None:
        self._writing = asyncio.ensure_future(self._write(seconds))

    async def _write(self, seconds: float) -> None:
        if self.journal.pending:
            await self.journal.commit()
        self.write_behind(min(2 * seconds, FLUSH_SECONDS[1]))

    async def flush(self) -> None:
        """Put everything recorded so far into the store, whoever is cancelled meanwhile."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
        if self._timer is not None:
            self._timer.cancel()
        if self.journal.pending:
            await asyncio.shield(self.journal.commit())


async def advance(run: Run, graph: "CompiledGraph", ns: str, caller: TaskContext | None = None) -> bool:
    """Run a frame until it pauses (False) or ends (True). A node's exception comes out as it is.

    `caller` is the task that a subgraph was called from: when that has returned, the subgraph does not go on.
    """
    for _ in range(run.recursion_limit + 1):
        if caller is not None and caller.over:
            raise asyncio.CancelledError
        frame = run.journal.frames[ns]
        frame.attach(graph.channels)
        if not frame.tasks:
            return True
        if not frame.halted and any(task.name in run.before and not task.done for task in frame.tasks):
            run.journal.halt(ns)
            return False
        await execute(run, graph, frame)
        if not all(task.done for task in frame.tasks):
            return False
        conclude(run, graph, frame)
        if caller is None:
            await run.step_ended()
        if frame.halted and frame.tasks:
            return False
    if not run.journal.frames[ns].tasks:
        return True
    raise GraphRecursionError(run.recursion_limit)


async def execute(run: Run, graph: "CompiledGraph", frame: Frame) -> None:
    """Run every task of the step that can run now. Raises the first failure, after its siblings have come to rest."""
    ready = [task for task in frame.tasks if not task.done and not run.journal.waits(frame.ns, task)]
    try:
        if len(ready) == 1:
            await perform(run, graph, frame, ready[0])
        elif ready:
            await _side_by_side(run, graph, frame, ready)
    finally:
        if not all(task.done for task in frame.tasks):
            for task in ready:
                _keep_result(run, frame, task)


async def _side_by_side(run: Run, graph: "CompiledGraph", frame: Frame, ready: Sequence[Task]) -> None:
    """Run tasks at the same time. When one fails, async siblings are cut down and sync ones run to their end."""
    running = {asyncio.ensure_future(perform(run, graph, frame, task, inline=False)): task for task in ready}
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for future, task in running.items():
            if graph.node(task.name).is_async:
                future.cancel()
        await asyncio.wait(running)
    for future in running:
        if not future.cancelled() and (failure := future.exception()) is not None:
            raise failure


def _keep_result(run: Run, frame: Frame, task: Task) -> None:
    """Record what a task wrote although its step is not over."""
    if task.done and not task.recorded:
        run.journal.change(frame.ns, task, "writes", "routes")
        task.recorded = True


async def perform(run: Run, graph: "CompiledGraph", frame: Frame, task: Task, *, inline: bool = True) -> None:
    """Run one task: afterwards it is done, or has a question, or the node's exception is raised and noted."""
    node = graph.node(task.name)
    context = TaskContext(run, frame.ns, task, lambda chunk: run.send(frame.ns, "custom", chunk))
    answered, strikes = len(task.answers), task.strikes
    token = current.set(context)
    try:
        value = task.arg if task.arg is not NOTHING else node.schema.view(frame.values)
        result = await _called(run, node, context, value, inline=inline)
        task.writes, task.routes = await _outcome(run, graph, frame, node, context, result)
        task.question, task.error, task.strikes = None, None, 0
    except GraphInterrupt:
        changed = ["question", "error"] if task.error else ["question"]
        task.error = None
        if answered != len(task.answers) or strikes != task.strikes:
            changed += ["answers", "strikes"]
        run.journal.change(frame.ns, task, *changed)
    except Exception as error:
        task.error = repr(error)
        run.journal.change(frame.ns, task, "error", "question", "answers", "strikes")
        raise
    finally:
        context.over = True
        current.reset(token)
    if task.done and task.name != START and "updates" in run.modes:
        run.send(frame.ns, "updates", {task.name: graph.shown_update(task.writes or ())})
    elif not task.done:
        run.announce(frame.ns, task, lambda: graph.shown_values(frame.values))


async def _called(run: Run, node: Node, context: TaskContext, value: Any, *, inline: bool) -> Any:
    """Call the node, as often as its retry policies allow."""
    attempt = 1
    while True:
        try:
            return await _call(run, node, context, value, inline=inline)
        except ParentCommand as command:
            return Command(update=command.command.update, goto=command.command.goto)
        except Exception as error:
            policy = next((policy for policy in node.retry if policy.covers(error)), None)
            if policy is None or attempt >= policy.max_attempts:
                raise
            await asyncio.sleep(policy.delay(attempt))
            attempt += 1
            context.asked = context.calls = 0


async def _call(run: Run, node: Node, context: TaskContext, value: Any, *, inline: bool) -> Any:
    if node.name == START:
        return value
    if node.is_graph:
        return await node.run.run_below(context, value)
    extras = {name: _injected(run, context, name) for name in node.asks}
    if node.is_async:
        return await node.run(value, **extras)
    if inline and run.inline:
        return node.run(value, **extras)
    return await in_thread(lambda: node.run(value, **extras))


async def in_thread(function: Callable[[], Any]) -> Any:
    """Run a sync function in a worker thread, with the context of the task. It is never left running alone."""
    context = contextvars.copy_context()
    future = asyncio.get_running_loop().run_in_executor(None, context.run, _outcome_of, function)
    try:
        outcome = await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait({future})
        raise
    if isinstance(outcome, _Raised):
        raise outcome.error
    return outcome


@dataclass(frozen=True, slots=True)
class _Raised:
    """Carries what a future refuses to: StopIteration cannot be set on one."""

    error: BaseException


def _outcome_of(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except StopIteration as error:
        return _Raised(RuntimeError(f"node raised {error!r}"))
    except BaseException as error:  # noqa: BLE001 - carried over to the loop's side and raised there
        return _Raised(error)


def _injected(run: Run, context: TaskContext, name: str) -> Any:
    return run.config if name == "config" else context.emit


async def _outcome(
    run: Run, graph: "CompiledGraph", frame: Frame, node: Node, context: TaskContext, result: Any
) -> tuple[Writes, tuple[Any, ...]]:
    """Turn what a node returned into checked writes, and ask its routers where to go."""
    writes: list[tuple[str, Any]] = []
    routes: list[Any] = []
    for part in result if isinstance(result, list) else [result]:
        if isinstance(part, Command):
            if part.graph == Command.PARENT:
                raise ParentCommand(part)
            routes += _goto(graph, node.name, part.goto)
            part = part.update  # noqa: PLW2901 - the rest of a command is an update
        writes += graph.checked_writes(writes_of(part, f"node {node.name!r}"), f"node {node.name!r}")
    if node.branches:
        values = merge(graph.channels, frame.values, writes)
        for branch in node.branches:
            routes += await _routed(run, graph, node, branch, context, values)
    return writes, tuple(routes)


def _goto(graph: "CompiledGraph", source: str, goto: Any) -> list[Any]:
    targets = [goto] if isinstance(goto, (str, Send)) else list(goto)
    for target in targets:
        graph.check_target(source, target)
    return targets


async def _routed(
    run: Run, graph: "CompiledGraph", node: Node, branch: Branch, context: TaskContext, values: Values
) -> list[Any]:
    extras = {name: _injected(run, context, name) for name in branch.asks}
    chosen = branch.path(graph.router_view(node, values), **extras)
    if asyncio.iscoroutine(chosen):
        chosen = await chosen
    targets: list[Any] = []
    for choice in chosen if isinstance(chosen, (list, tuple)) else [chosen]:
        if isinstance(choice, Send) or branch.ends is None:
            target = choice
        elif choice in branch.ends:
            target = branch.ends[choice]
        else:
            raise InvalidUpdateError(f"the router after {node.name!r} chose {choice!r}, which is none of its ends")
        graph.check_target(node.name, target)
        targets.append(target)
    return targets


def conclude(run: Run, graph: "CompiledGraph", frame: Frame) -> None:
    """End a step whose tasks are all done: merge, find who is next, and record the new checkpoint."""
    finished = sorted(frame.tasks, key=lambda task: task.order)
    writes = [pair for task in finished for pair in task.writes or ()]
    values = merge(graph.channels, frame.values, writes)
    following = graph.following(frame, finished)
    following.halted = any(task.name in run.after for task in finished)
    written = {
        place: [list(pair) for pair in task.writes or () if graph.channels[pair[0]].replayable]
        for place, task in enumerate(frame.tasks)
        if not task.recorded
    }
    results = {name: values[name] for name, _ in writes if not graph.channels[name].replayable}
    run.journal.checkpoint(frame.ns, "loop", following, written, results)
    frame.unapplied.clear()
    frame.values = values
    if "values" in run.modes:
        run.send(frame.ns, "values", graph.shown_values(values))


def following_of(
    graph_nodes: Mapping[str, Node],
    joins: Mapping[str, tuple[frozenset[str], str]],
    frame: Frame,
    finished: Sequence[Task],
) -> Next:
    """Work out the next step: edges, routes, joins, and deferred nodes when nothing else is left. Pure."""
    names: dict[str, None] = {}
    sends: list[tuple[str, Any]] = []
    joined = {name: list(sources) for name, sources in frame.joined.items()}
    for task in finished:
        node = graph_nodes[task.name]
        for target in (*node.edges, *task.routes):
            if isinstance(target, Send):
                sends.append((target.node, target.arg))
            elif target != END:
                names[target] = None
        for join in node.joins:
            arrived = joined.setdefault(join, [])
            if task.name not in arrived:
                arrived.append(task.name)
            sources, target = joins[join]
            if sources <= set(arrived):
                del joined[join]
                names[target] = None
    deferred = [*frame.deferred, *(name for name in names if graph_nodes[name].defer and name not in frame.deferred)]
    ready = sorted(name for name in names if not graph_nodes[name].defer)
    if not ready and not sends and deferred:
        ready, deferred = sorted(deferred), []
    tasks: list[tuple[str, Any]] = [*((name, NOTHING) for name in ready), *sends]
    return Next(tasks=tasks, joined=joined, deferred=deferred)
