"""Going back and changing the past's future: forks at an older checkpoint, and states written by hand.

Both are one record, `branch`, that says the whole state and who runs next: after it the log goes on as always. Tasks
get new ids, so an answer to a question of another branch answers nothing here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runtime.engine.frames import Frame, Next, Task
from runtime.engine.ids import new_id
from runtime.engine.interrupts import TaskContext
from runtime.engine.plan import following
from runtime.engine.run import Run
from runtime.engine.supersteps import routed
from runtime.errors import InvalidUpdateError
from runtime.graph.history import frame_at
from runtime.graph.state import Values, merge, writes_of
from runtime.types import START, StateUpdate

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


async def base_of(graph: "CompiledGraph", run: Run, ns: str = "") -> Frame | None:
    """Return the frame that a call's config means, the head or an older one. Raises `ValueError` for an unknown one."""
    head = run.journal.frames.get(ns)
    wanted = run.config.get("configurable", {}).get("checkpoint_id")
    if wanted is None or (head is not None and head.id == wanted):
        return head
    return await frame_at(graph, run.journal, wanted)


async def fork(graph: "CompiledGraph", run: Run) -> bool:
    """Make an older checkpoint that the config names the start of a new branch. Returns whether there is one."""
    base = await base_of(graph, run)
    if base is None or base is run.journal.frames[""]:
        return False
    _copy(run, base)
    return True


def _copy(run: Run, base: Frame) -> None:
    step = Next(tasks=[(task.name, task.arg) for task in base.tasks], joined=base.joined, deferred=base.deferred)
    run.journal.branch(base, "fork", step, base.values)


async def write_state(graph: "CompiledGraph", run: Run, supersteps: Sequence[Sequence[StateUpdate]], ns: str) -> None:
    """Write to the state as if nodes had just done so, step after step, and go on from there.

    `ns`: of `graph`, which may be a subgraph under way. Pending questions are asked anew.
    """
    if not supersteps or not all(supersteps):
        raise ValueError("there is nothing to write: give at least one update for each superstep")
    base = await base_of(graph, run, ns)
    for updates in supersteps:
        await _write_step(graph, run, base or _blank(graph, ns), updates)
        base = run.journal.frames[ns]


def _blank(graph: "CompiledGraph", ns: str) -> Frame:
    """Return what a thread is before its first input."""
    empty = {name: channel.empty() for name, channel in graph.channels.items() if channel.empty is not None}
    return Frame(ns, id=new_id(), values=empty)


async def _write_step(graph: "CompiledGraph", run: Run, base: Frame, updates: Sequence[StateUpdate]) -> None:
    base.attach(graph.channels)
    match updates:
        case [StateUpdate(None, "__end__")]:
            run.journal.branch(base, "update", Next(tasks=[]), base.live_values(graph.channels))
        case [StateUpdate(values, "__input__")]:
            writes = graph.checked_writes(writes_of(values, "the input"), "the input", graph.input)
            run.journal.branch(base, "input", Next(tasks=[(START, dict(writes))]), base.live_values(graph.channels))
        case [StateUpdate(_, "__copy__")]:
            _copy(run, base)
        case _:
            await _write_as_nodes(graph, run, base, updates)


async def _write_as_nodes(graph: "CompiledGraph", run: Run, base: Frame, updates: Sequence[StateUpdate]) -> None:
    before = base.live_values(graph.channels)
    tasks = [_written(graph, base, update) for update in updates]
    writes = [pair for task in tasks for pair in task.writes or ()]
    after = merge(graph.channels, before, writes)
    for task in tasks:
        task.routes = tuple(await _routes(graph, run, base.ns, task, after))
    step = following(graph.nodes, graph.joins, base, tasks)
    base.step = max(base.step, -1)  # the step of an input is left out where there was none
    run.journal.branch(base, "update", step, after, ran=[task.name for task in tasks])


def _written(graph: "CompiledGraph", base: Frame, update: StateUpdate) -> Task:
    """Return a task that is done and has written the update."""
    name = update.as_node or _last_writer(base)
    if name not in graph.nodes:
        raise InvalidUpdateError(f"there is no node {name!r} to write as")
    writes = graph.checked_writes(writes_of(update.values, "the update"), "the update")
    return Task("", name, writes=writes)


async def _routes(graph: "CompiledGraph", run: Run, ns: str, task: Task, values: Values) -> list[Any]:
    context = TaskContext(run, ns, graph.nodes[task.name], task, inline=False)
    routes: list[Any] = []
    for branch in graph.nodes[task.name].branches:
        routes += await routed(graph, context, branch, values)
    return routes


def _last_writer(base: Frame) -> str:
    """Return the node that wrote last. Raises `InvalidUpdateError` where that were several."""
    if not base.ran:
        return START
    if len(set(base.ran)) > 1:
        raise InvalidUpdateError(f"ambiguous update: say as which node, one of {', '.join(sorted(set(base.ran)))}")
    return base.ran[0]
