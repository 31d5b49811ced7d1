"""Running a graph: superstep after superstep, until it pauses, ends or fails.

One superstep: run the tasks that can run, merge what they wrote, work out who is next, record it. A task that asks
stays parked with its question; the step is over when all of its tasks are done. A lone task is awaited in place,
several run side by side. The same code runs a subgraph, one level down in the same journal.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.engine.frames import Frame, Task
from runtime.engine.injected import injected
from runtime.engine.interrupts import GraphInterrupt, ParentCommand, TaskContext, current
from runtime.engine.plan import following, targets_of
from runtime.engine.run import Run
from runtime.engine.sync import in_thread
from runtime.errors import GraphRecursionError, InvalidUpdateError, NodeTimeoutError
from runtime.graph.nodes import Branch, Node
from runtime.graph.state import Values, Writes, merge, writes_of
from runtime.streams import events
from runtime.types import NOTHING, START, Command, Send

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


async def advance(run: Run, graph: "CompiledGraph", ns: str, caller: TaskContext | None = None) -> bool:
    """Run a frame until it pauses (False) or ends (True). A node's exception comes out as it is.

    `caller` is the task that a subgraph was called from: when that has returned, the subgraph does not go on.
    """
    before, after = (run.before, run.after) if caller is None else (graph.before, graph.after)
    inline = run.inline if caller is None else caller.inline
    frame = run.journal.frames[ns]
    limit = run.recursion_limit + (frame.step < 0)  # taking in the input is not a superstep
    for _ in range(limit):
        frame.attach(graph.channels)
        if not frame.tasks:
            return True
        if before and not frame.halted and any(task.name in before and not task.done for task in frame.tasks):
            run.journal.halt(ns)
            return False
        await execute(run, graph, frame, inline=inline)
        finished = frame.over
        if finished:
            conclude(run, graph, frame, after)
        if run.cancelled or (caller is not None and caller.over):
            raise asyncio.CancelledError
        if not finished:
            return False
        await run.step_ended(worked=frame.step > 0)
        if frame.halted and frame.tasks:
            return False
    if not frame.tasks:
        return True
    raise GraphRecursionError(run.recursion_limit)


async def execute(run: Run, graph: "CompiledGraph", frame: Frame, *, inline: bool) -> None:
    """Run every task of the step that can run now. Raises the first failure, after its siblings have come to rest."""
    waits = run.journal.waits
    ready = [frame.own(task) for task in frame.tasks if task.writes is None and not waits(frame.ns, task)]
    for task in ready:
        events.task_begins(run, graph, frame, task)
    try:
        if len(ready) == 1:
            await perform(run, graph, frame, ready[0], inline=inline)
        elif ready:
            await _side_by_side(run, graph, frame, ready)
    finally:
        if not frame.over:
            _keep_results(run, frame, ready)


async def _side_by_side(run: Run, graph: "CompiledGraph", frame: Frame, ready: Sequence[Task]) -> None:
    """Run tasks at the same time, and save each one's result when it has finished.

    When one fails, async siblings are cut down and sync ones run to their end.
    """
    running = {asyncio.ensure_future(perform(run, graph, frame, task, inline=False)): task for task in ready}
    left = set(running)
    try:
        while left and not any(map(_failed, running)):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            if left:
                _keep_results(run, frame, ready)
                run.save_soon()
    finally:
        for future in left:
            if not graph.node(running[future].name).is_sync:
                future.cancel()
        await _at_rest(left)
    for future in running:
        if _failed(future):
            future.result()


async def _at_rest(running: "set[asyncio.Task[None]]") -> None:
    """Wait for all, and only then be cancelled."""
    while left := {task for task in running if not task.done()}:
        try:
            await asyncio.wait(left)
        except asyncio.CancelledError:
            await asyncio.wait(left)
            raise


def _failed(future: "asyncio.Future[None]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is not None


def _keep_results(run: Run, frame: Frame, tasks: Sequence[Task]) -> None:
    """Record what tasks wrote although their step is not over."""
    for task in tasks:
        if task.done and not task.recorded:
            run.journal.change(frame.ns, task, "writes", "routes", "question", "error")
            task.recorded = True


async def perform(run: Run, graph: "CompiledGraph", frame: Frame, task: Task, *, inline: bool) -> None:
    """Run one task: afterwards it is done, or has a question, or the node's exception is raised and noted."""
    node = graph.node(task.name)
    if node.name == START and not node.branches:
        task.writes = list(task.arg.items())
        return
    context = TaskContext(run, frame.ns, node, task, inline=inline)
    token = current.set(context)
    deafen = run.speech.listen(context) if run.speech is not None else None
    try:
        outcome = await _run_to_rest(graph, frame, node, context)
    except GraphInterrupt:
        task.error = None
        _note(context)
    except Exception as error:
        task.error = repr(error)
        _note(context)
        events.task_rests(run, frame, task, error)
        if node.handler is None or context.paused:
            raise
        run.failures[task.id] = error
        task.writes, task.routes, task.question = (), (Send(node.handler.name, [task.id, task.error]),), None
        return
    else:
        (task.writes, task.routes), task.question, task.error = outcome, None, None
    finally:
        context.over = True
        if context.under_way:
            await context.rest()
        current.reset(token)
        if deafen is not None:
            deafen()
    if not task.done:
        run.announce(frame.ns, task, lambda: graph.shown_values(frame.live_values(graph.channels)))
    elif node.name != START and "updates" in run.modes:
        run.send(frame.ns, "updates", {task.name: graph.shown_update(task.writes or ())})
    events.task_rests(run, frame, task)


async def _run_to_rest(
    graph: "CompiledGraph", frame: Frame, node: Node, context: TaskContext
) -> tuple[Writes, tuple[Any, ...]]:
    """Call the node and its routers. Raises `GraphInterrupt` for a pause, also for one that the node's code caught."""
    arg = context.task.arg
    try:
        result = await _called(node, context, node.schema.view(frame.values) if arg is NOTHING or node.handles else arg)
        if not context.paused:
            return await _outcome(graph, frame, context, result)
    except GraphInterrupt as pause:
        if pause.interrupts and not context.paused:
            context.pose(pause.interrupts)
    except BaseExceptionGroup as group:
        if group.split(GraphInterrupt)[1] is not None:
            raise
    if context.under_way:
        await context.rest()
    raise GraphInterrupt


def _note(context: TaskContext) -> None:
    """Record how a task came to rest without being done."""
    fields = ("question", "stale", "superseded", "strikes", "error")
    dropped = len(context.task.answers) < context.answered
    context.run.journal.change(context.ns, context.task, *fields, *(("answers",) if dropped else ()))


async def _called(node: Node, context: TaskContext, value: Any) -> Any:
    """Call the node, as often as its retry policies allow."""
    attempt = 1
    while True:
        try:
            return await (_call if node.timeout is None else _timed)(node, context, value)
        except ParentCommand as command:
            if not command.arrived:
                raise
            return Command(update=command.command.update, goto=command.command.goto)
        except Exception as error:
            policy = next((policy for policy in node.retry if policy.covers(error)), None)
            if policy is None or attempt >= policy.max_attempts or context.paused:
                raise
            await asyncio.sleep(policy.delay(attempt))
            attempt += 1
            context.restart()


async def _timed(node: Node, context: TaskContext, value: Any) -> Any:
    """Call a node that has a timeout. Raises `NodeTimeoutError`."""
    began, cancelled = perf_counter(), context.run.cancelled
    seconds = node.timeout or 0.0
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _call(node, context, value)
    except TimeoutError as error:
        if not limit.expired():
            raise
        context.run.cancelled = cancelled  # a thread below us took note of this cancelling, not of the caller's
        raise NodeTimeoutError(node.name, seconds, perf_counter() - began) from error


async def _call(node: Node, context: TaskContext, value: Any) -> Any:
    if node.name == START:
        return value
    if node.is_graph:
        return await node.run.run_below(context, value)
    extras = injected(context, node.asks) if node.asks else {}
    if not node.is_sync:
        return await _awaited(node.run(value, **extras), context)
    if context.inline:
        return node.run(value, **extras)
    result, context.run.cancelled = await in_thread(lambda: node.run(value, **extras))
    return result


async def _awaited(call: Awaitable[Any], context: TaskContext) -> Any:
    """Await an async node. In a loop that others live in too, it is nobody's place to end the program."""
    try:
        return await call
    except SystemExit as error:
        if context.run.inline:
            raise
        raise RuntimeError(f"node raised {error!r}") from error


async def _outcome(
    graph: "CompiledGraph", frame: Frame, context: TaskContext, result: Any
) -> tuple[Writes, tuple[Any, ...]]:
    """Turn what a node returned into checked writes, and ask its routers where to go."""
    node = graph.node(context.task.name)
    where = f"node {node.name!r}"
    writes = graph.checked_writes(context.pushed, where) if context.pushed else []
    routes: list[Any] = []
    for part in result if isinstance(result, list) else [result]:
        update = part
        if isinstance(part, Command):
            if part.graph == Command.PARENT:
                raise ParentCommand(part)
            routes += graph.checked_targets(node.name, targets_of(part.goto))
            update = part.update
        pairs = writes_of(update, where)
        if context.run.speech is not None:
            context.run.speech.wrote(context, pairs)
        writes += graph.node_writes(node, pairs)
    if node.branches:
        values = merge(graph.channels, frame.values, writes)
        for branch in node.branches:
            routes += await routed(graph, context, branch, values)
    return writes, tuple(routes)


async def routed(graph: "CompiledGraph", context: TaskContext, branch: Branch, values: Values) -> list[Any]:
    """Ask a router where to go."""
    name = context.task.name
    chosen: Any = branch.path(graph.router_view(name, branch, values), **injected(context, branch.asks))
    if asyncio.iscoroutine(chosen):
        chosen = await chosen
    choices = chosen if isinstance(chosen, (list, tuple)) else [chosen]
    return graph.checked_targets(name, [_end_of(name, branch, choice) for choice in choices])


def _end_of(name: str, branch: Branch, choice: Any) -> Any:
    if isinstance(choice, Send) or branch.ends is None:
        return choice
    if choice not in branch.ends:
        ends = ", ".join(map(repr, branch.ends))
        raise InvalidUpdateError(f"the router after {name!r} chose {choice!r}, which is none of its ends: {ends}")
    return branch.ends[choice]


def conclude(run: Run, graph: "CompiledGraph", frame: Frame, after: frozenset[str]) -> None:
    """End a step whose tasks are all done: merge, find who is next, and record the new checkpoint."""
    frame.own_all()
    finished, writes = frame.finished(), frame.written()
    values = merge(graph.channels, frame.values, writes)
    step = following(graph.nodes, graph.joins, frame, finished)
    step.halted = bool(after) and any(task.name in after for task in finished)
    written = [
        [place, graph.replayable(task.writes or ())]
        for place, task in enumerate(frame.tasks)
        if not task.recorded and task.name != START  # which writes what it was given
    ]
    results = graph.results(values, writes)
    run.journal.checkpoint(frame.ns, "loop", step, written=written, results=results, values=values)
    if writes and "values" in run.modes:
        run.send(frame.ns, "values", graph.shown_values(values))
    events.checkpoint_reached(run, graph, frame)
