"""Going back and changing the past's future: forks at an older checkpoint, and states written by hand.

Both are one record, `branch`, that says the whole state and who runs next: after it the log goes on as always. Tasks
get new ids, so an answer to a question of another branch answers nothing here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runtime.engine.execution import routed
from runtime.engine.frames import Frame, Next, Task
from runtime.engine.ids import new_id
from runtime.engine.interrupts import TaskContext
from runtime.engine.plan import following
from runtime.engine.run import Run
from runtime.errors import InvalidUpdateError
from runtime.graph.history import thread_at
from runtime.graph.state import Values, merge, starts
from runtime.types import START, StateUpdate

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


async def _base_of(graph: "CompiledGraph", run: Run, ns: str = "") -> tuple[Frame | None, list[Frame] | None]:
    """Return the frame that a call's config means, the head or an older one, and what subgraphs kept there.

    Raises `ValueError` for an unknown checkpoint.
    """
    head = run.journal.frames.get(ns)
    wanted = run.config.get("configurable", {}).get("checkpoint_id")
    if wanted is None or (head is not None and head.id == wanted):
        return head, None
    past = await thread_at(graph, run.journal, wanted)
    return past.frames[""], past.memories()


async def fork(graph: "CompiledGraph", run: Run) -> bool:
    """Make the checkpoint that the config names the start of a new branch. Returns whether it is an older one."""
    base, memories = await _base_of(graph, run)
    if base is None or memories is None:
        return False
    _copy(run, base, memories)
    return True


def _copy(run: Run, base: Frame, memories: list[Frame] | None) -> None:
    step = Next(tasks=[(task.name, task.arg) for task in base.tasks], joined=base.joined, deferred=base.deferred)
    run.journal.branch(base, "fork", step, base.values, memories=memories)


async def write_state(graph: "CompiledGraph", run: Run, supersteps: Sequence[Sequence[StateUpdate]], ns: str) -> None:
    """Write to the state as if nodes had just done so, step after step, and go on from there.

    `ns`: of `graph`, which may be a subgraph under way. Pending questions are asked anew.
    """
    if not supersteps or not all(supersteps):
        raise ValueError("there is nothing to write: give at least one update for each superstep")
    base, memories = await _base_of(graph, run, ns)
    for updates in supersteps:
        await _write_step(graph, run, base or _blank(graph, ns), memories, updates)
        base, memories = run.journal.frames[ns], None


def _blank(graph: "CompiledGraph", ns: str) -> Frame:
    """Return what a thread is before its first input."""
    return Frame(ns, id=new_id(), values=starts(graph.channels))


async def _write_step(
    graph: "CompiledGraph", run: Run, base: Frame, memories: list[Frame] | None, updates: Sequence[StateUpdate]
) -> None:
    base.attach(graph.channels)
    match updates:
        case [StateUpdate(None, "__end__")]:
            step, source, values, ran = Next(tasks=[]), "update", base.live_values(graph.channels), base.ran
        case [StateUpdate(given, "__input__")]:
            writes = graph.checked_writes(graph.taken(given, "the input"), "the input", graph.input)
            step, source = Next(tasks=[(START, dict(writes))]), "input"
            values, ran = base.live_values(graph.channels), base.ran
        case [StateUpdate(_, "__copy__")]:
            _copy(run, base, memories)
            return
        case _:
            source = "update"
            step, values, ran = await _written_by_nodes(graph, run, base, updates)
    run.journal.branch(base, source, step, values, ran=ran, memories=memories)


async def _written_by_nodes(
    graph: "CompiledGraph", run: Run, base: Frame, updates: Sequence[StateUpdate]
) -> tuple[Next, Values, list[str]]:
    """Return what follows when nodes have written these, the new state, and who wrote."""
    before = base.live_values(graph.channels)
    tasks = [_written(graph, base, update) for update in updates]
    writes = [pair for task in tasks for pair in task.writes or ()]
    after = merge(graph.channels, before, writes)
    for task in tasks:
        task.routes = tuple(await _routes(graph, run, base.ns, task, after))
    step = following(graph.nodes, graph.joins, base, tasks)
    base.step = max(base.step, -1)  # the step of an input is left out where there was none
    return step, after, [task.name for task in tasks]


def _written(graph: "CompiledGraph", base: Frame, update: StateUpdate) -> Task:
    """Return a task that is done and has written the update."""
    name = update.as_node or graph.only_writer or _last_writer(base)
    if name not in graph.nodes:
        raise InvalidUpdateError(f"there is no node {name!r} to write as")
    writes = graph.checked_writes(graph.updated(update.values, "the update"), "the update")
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
