"""Running a graph: superstep after superstep, until it pauses, ends or fails.

One superstep: run the tasks that can run, merge what they wrote, work out who is next, record it. A task that asks
stays parked with its question; the step is over when all of its tasks are done. A lone task is awaited in place,
several run side by side. The same code runs a subgraph, one level down in the same journal.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.engine.execution import perform
from runtime.engine.frames import Frame, Task, is_call_of_task, memory_of
from runtime.engine.interrupts import TaskContext
from runtime.engine.limits import progress
from runtime.engine.plan import following
from runtime.engine.run import Run
from runtime.errors import GraphRecursionError
from runtime.graph.state import merge
from runtime.streams import events
from runtime.types import START

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph
    from runtime.surroundings import RunControl


async def advance(run: Run, graph: "CompiledGraph", ns: str, caller: TaskContext | None = None) -> bool:
    """Run a frame until it pauses (False) or ends (True). A node's exception comes out as it is.

    `caller` is the task that a subgraph was called from: when that has returned, the subgraph does not go on.
    """
    before, after = (run.before, run.after) if caller is None else (graph.before, graph.after)
    inline = run.inline if caller is None else caller.inline
    frame = run.journal.frames[ns]
    limit = run.recursion_limit + (frame.step < 0)  # taking in the input is not a superstep
    run.stops[ns] = frame.step + limit
    for _ in range(limit):
        frame.attach(graph.channels)
        if not frame.tasks:
            return True
        if (before and _halts(run, frame, before)) or (run.control is not None and _drains(run.control, ns)):
            return False
        finished = await execute(run, graph, frame, inline=inline)
        if finished:
            conclude(run, graph, frame, after)
        if caller is not None:
            progress()
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


def _halts(run: Run, frame: Frame, before: frozenset[str]) -> bool:
    """Stop in front of a step with one of these nodes, but only once."""
    if frame.halted or not any(task.name in before and not task.done for task in frame.tasks):
        return False
    run.journal.halt(frame.ns)
    return True


def _drains(control: "RunControl", ns: str) -> bool:
    """Whether somebody wants the run to stop between two steps. What a step calls as a task belongs to the step."""
    return control.drain_requested and not is_call_of_task(ns)


async def execute(run: Run, graph: "CompiledGraph", frame: Frame, *, inline: bool) -> bool:
    """Run every task of the step that can run now; True when that was the last of it.

    Raises the first failure, after its siblings have come to rest.
    """
    waits = run.journal.waits
    ready = [frame.own(task) for task in frame.tasks if task.writes is None and not waits(frame.ns, task)]
    for task in ready if run.modes else ():
        events.task_begins(run, graph, frame, task)
    try:
        if len(ready) == 1:
            await perform(run, graph, frame, ready[0], inline=inline)
        elif ready:
            await _side_by_side(run, graph, frame, ready)
    finally:
        over = frame.over
        if not over:
            _keep_results(run, frame, ready)
    return over


async def _side_by_side(run: Run, graph: "CompiledGraph", frame: Frame, ready: Sequence[Task]) -> None:
    """Run tasks at the same time, or so many of them as `max_concurrency` says, and save what each one has done.

    When one fails, async siblings are cut down and sync ones run to their end.
    """
    limit = run.config.get("max_concurrency") or len(ready)
    running: dict[asyncio.Task[None], Task] = {}
    left: set[asyncio.Task[None]] = set()
    try:
        while (left or len(running) < len(ready)) and not any(map(_failed, running)):
            for task in ready[len(running) : len(running) + limit - len(left)]:
                future = asyncio.ensure_future(perform(run, graph, frame, task, inline=False))
                running[future] = task
                left.add(future)
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            if left or len(running) < len(ready):
                _keep_results(run, frame, ready)
                run.save_soon()
    finally:
        for future in left:
            if not graph.nodes[running[future].name].is_sync:
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


def conclude(run: Run, graph: "CompiledGraph", frame: Frame, after: frozenset[str]) -> None:
    """End a step whose tasks are all done: merge, find who is next, and record the new checkpoint."""
    frame.own_all()
    finished = frame.finished()
    writes = [pair for task in finished for pair in task.writes or ()]
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
    if graph.checkpointer is True and frame.ns and not frame.tasks:  # in one commit with its end
        run.journal.remember(frame.ns, memory_of(frame.ns, graph.name))
    if run.modes:
        if graph.shows(writes):
            run.send(frame.ns, "values", graph.shown_values(values))
        events.checkpoint_reached(run, graph, frame)
