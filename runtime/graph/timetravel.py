"""Going back and changing the past's future: forks at an older checkpoint, and states written by hand.

Both are one record, `branch`, that says the whole state and who runs next: after it the log goes on as always. Tasks
get new ids, so an answer to a question of another branch answers nothing here.
"""

from typing import TYPE_CHECKING, Any

from runtime.engine import supersteps
from runtime.engine.frames import Frame, Next, Task
from runtime.engine.ids import new_id
from runtime.engine.interrupts import TaskContext
from runtime.engine.plan import following
from runtime.engine.run import Run
from runtime.errors import InvalidUpdateError
from runtime.graph.history import frame_at
from runtime.graph.state import Values, merge, writes_of
from runtime.types import END, START

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


async def base_of(graph: "CompiledGraph", run: Run) -> Frame | None:
    """Return the frame that a call's config means, the head or an older one. Raises `ValueError` for an unknown one."""
    head = run.journal.frames.get("")
    wanted = run.config.get("configurable", {}).get("checkpoint_id")
    if wanted is None or (head is not None and head.id == wanted):
        return head
    return await frame_at(graph, run.journal, wanted)


async def fork(graph: "CompiledGraph", run: Run) -> bool:
    """Make an older checkpoint that the config names the start of a new branch. Returns whether there is one."""
    base = await base_of(graph, run)
    if base is None or base is run.journal.frames[""]:
        return False
    step = Next(tasks=[(task.name, task.arg) for task in base.tasks], joined=base.joined, deferred=base.deferred)
    run.journal.branch(base, "fork", step, base.values)
    return True


async def write_state(graph: "CompiledGraph", run: Run, values: Any, as_node: str | None) -> None:
    """Write to the state as if `as_node` had just done so, and go on from there. Pending questions are asked anew."""
    base = await base_of(graph, run) or Frame("", id=new_id(), step=-1)
    before = base.live_values(graph.channels)
    if as_node == END:
        run.journal.branch(base, "update", Next(tasks=[]), before)
        return
    name = as_node or _last_writer(base)
    if name not in graph.nodes:
        raise InvalidUpdateError(f"there is no node {name!r} to write as")
    writes = graph.checked_writes(writes_of(values, "the update"), "the update")
    after = merge(graph.channels, before, writes)
    step = await _after(graph, run, base, Task("", name, writes=writes), after)
    run.journal.branch(base, "update", step, after, ran=[name])


async def _after(graph: "CompiledGraph", run: Run, base: Frame, task: Task, values: Values) -> Next:
    context = TaskContext(run, "", graph.nodes[task.name], task, inline=False)
    routes: list[Any] = []
    for branch in graph.nodes[task.name].branches:
        routes += await supersteps.routed(graph, context, branch, values)
    task.routes = tuple(routes)
    return following(graph.nodes, graph.joins, base, [task])


def _last_writer(base: Frame) -> str:
    """Return the node that wrote last. Raises `InvalidUpdateError` where that were several."""
    if not base.ran:
        return START
    if len(set(base.ran)) > 1:
        raise InvalidUpdateError(f"ambiguous update: say as which node, one of {', '.join(sorted(set(base.ran)))}")
    return base.ran[0]
