"""Going back and changing the past's future: forks at an older checkpoint, and states written by hand.

Both are one record, `branch`, that says the whole state and who runs next: after it the log goes on as always. Tasks
get new ids, so an answer to a question of another branch answers nothing here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runtime.engine.execution import routed
from runtime.engine.frames import Frame, Next, Task, child_namespace, keeps_below
from runtime.engine.ids import new_id
from runtime.engine.interrupts import TaskContext
from runtime.engine.plan import following, targets_of
from runtime.engine.run import Run
from runtime.errors import InvalidUpdateError
from runtime.graph.history import Past, thread_at
from runtime.graph.state import Values, merge, starts
from runtime.types import NOTHING, START, Command, StateUpdate

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph
    from runtime.graph.rules import Rules


async def fork(graph: "CompiledGraph", run: Run) -> bool:
    """Make the checkpoint that the config names the start of a new branch. Returns whether it is an older one.

    One of a subgraph takes the graphs above it back to where they stood then. Raises `ValueError` for an unknown one.
    """
    ns = run.config["configurable"].get("checkpoint_ns") or ""
    graph.learn(run.journal, ns)
    if (past := await _past(graph, run, ns)) is None:
        return False
    _copy(run, *_reopened(graph, run, *past))
    return True


async def _past(graph: "Rules", run: Run, ns: str) -> tuple[Past, str] | None:
    """Return the thread as it was at the checkpoint that a call's config names, and the namespace it had then.

    None where it stands there.
    """
    head = run.journal.at(ns)
    wanted = run.config["configurable"].get("checkpoint_id")
    if wanted is None or (head is not None and head.id == wanted):
        return None
    graph.below(ns)  # or say that there is no such graph
    return await thread_at(graph, run.journal, ns, wanted)


def _reopened(graph: "Rules", run: Run, past: Past, ns: str) -> tuple[Frame, list[Frame] | None]:
    """Branch off every graph above `ns`; return what is to go on below them, and what subgraphs kept if it is the root.

    Tasks get new ids, down to those of the subgraph: what was answered then answers nothing here.
    """
    memories: list[Frame] | None = past.kept_at(ns)
    old, new = "", ""
    for part in ns.split("|") if ns else ():
        above = _standing(graph, past, old, new)
        _copy(run, above, memories)
        _, task_id, *call = part.split(":")
        place = next(place for place, task in enumerate(above.tasks) if task.id == task_id)
        below = child_namespace(new, run.journal.frames[new].tasks[place])
        old, new = f"{old}|{part}" if old else part, ":".join([below, *call])
        memories = None
    return _standing(graph, past, old, new), memories


def _standing(graph: "Rules", past: Past, old: str, new: str) -> Frame:
    """Return a frame of the past, at the place it has in the new branch."""
    frame = past.frames[old]
    frame.attach(graph.below(old).channels)
    return replace(frame, ns=new)


def _copy(run: Run, base: Frame, memories: list[Frame] | None) -> None:
    step = Next(tasks=[task.scheduled for task in base.tasks], joined=base.joined, deferred=base.deferred)
    run.journal.branch(base, "fork", step, base.values, memories=memories)


async def write_state(root: "Rules", run: Run, supersteps: Sequence[Sequence[StateUpdate]], ns: str) -> Frame:
    """Write to the state as if nodes had just done so, step after step; returns where it is to go on from.

    `ns`: of the graph whose state it is, which may be a subgraph under way. Pending questions are asked anew.
    """
    if not supersteps or not all(supersteps):
        raise ValueError("there is nothing to write: give at least one update for each superstep")
    graph: CompiledGraph = root.below(ns)
    root.learn(run.journal, ns)
    base, memories = run.journal.at(ns), None
    if (past := await _past(root, run, ns)) is not None:
        base, memories = _reopened(root, run, *past)
    elif base is not None and supersteps[0][0].as_node == "__copy__":
        memories = await _kept_by_then(root, run, base)
    if base is None and ns:
        raise ValueError(f"checkpoint_ns {ns!r}: no subgraph is under way there")
    base = base or _blank(graph)
    for updates in supersteps:
        await _write_step(graph, run, base, memories, updates)
        base, memories = run.journal.frames[base.ns], None
    return base


async def _kept_by_then(root: "Rules", run: Run, base: Frame) -> list[Frame] | None:
    """Return what subgraphs keep when the step a graph stands at is done anew; None where there is nothing kept."""
    kept = run.journal.memories()
    if not kept:
        return None
    past, ns = await thread_at(root, run.journal, base.ns, base.id)
    return [*(memory for memory in kept if not keeps_below(memory.ns, ns)), *past.kept_below(ns)]


def _blank(graph: "CompiledGraph") -> Frame:
    """Return what a thread is before its first input."""
    return Frame("", id=new_id(), values=starts(graph.channels))


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
        case [StateUpdate(then, "__copy__")]:
            _copy(run, base, memories)
            if then:
                again = [StateUpdate(*update) for update in then]
                await _write_step(graph, run, run.journal.frames[base.ns], None, again)
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
        task.routes += tuple(await _routes(graph, run, base.ns, task, after))
    _note(run, base, tasks)
    step = following(graph.nodes, graph.joins, base, tasks)
    base.step = max(base.step, -1)  # the step of an input is left out where there was none
    return step, after, [task.name for task in tasks]


def _written(graph: "CompiledGraph", base: Frame, update: StateUpdate) -> Task:
    """Return a task that is done and has written the update."""
    name = update.as_node or graph.only_writer or _last_writer(base)
    if name not in graph.nodes:
        raise InvalidUpdateError(f"there is no node {name!r} to write as")
    given = update.values
    command = given if isinstance(given, Command) else Command(update=given)
    if command.resume is not NOTHING or command.graph is not None:
        raise InvalidUpdateError("a state written by hand takes Command(update=…, goto=…), neither answers nor a graph")
    writes = graph.checked_writes(graph.updated(command.update, "the update"), "the update")
    return Task("", name, writes=writes, routes=tuple(graph.checked_targets(name, targets_of(command.goto))))


def _note(run: Run, base: Frame, written: Sequence[Task]) -> None:
    """Show in the history of a thread that goes on from where it stands that its tasks were done by hand."""
    left = [task for task in base.tasks if not task.done] if run.journal.frames.get(base.ns) is base else []
    for done in written:
        if (task := next((task for task in left if task.name == done.name), None)) is not None:
            left.remove(task)
            mine = base.own(task)
            mine.writes = done.writes
            run.journal.change(base.ns, mine, "writes")


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
