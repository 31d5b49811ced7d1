"""Reading a thread: its journal as the `StateSnapshot` that programs know."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runtime.engine.frames import Frame, Task, as_interrupt, is_call_of_task, parent_of
from runtime.engine.journal import Journal
from runtime.graph.state import Values
from runtime.types import PregelTask, StateSnapshot

if TYPE_CHECKING:
    from runtime.graph.rules import Rules


def snapshot(graph: "Rules", journal: Journal, ns: str, *, subgraphs: bool) -> StateSnapshot:
    """Show a frame as it is now: what finished tasks wrote is in its values already."""
    frame = journal.frames.get(ns)
    if frame is None:
        return StateSnapshot({}, (), config_at(journal, ns), None, None, None, (), ())
    in_order = as_shown(graph, frame.tasks)
    tasks = tuple(_task(graph, journal, frame, task, subgraphs=subgraphs) for task in in_order)
    open_nodes = tuple(task.name for task in in_order if not task.done)
    return shown(graph, journal, frame, frame.live_values(graph.channels), tasks)._replace(next=open_nodes)


def as_shown(graph: "Rules", tasks: Sequence[Task]) -> Sequence[Task]:
    """Return tasks in the order they are shown in: those of `Send` first, then nodes as they were added."""
    if len(tasks) < 2:
        return tasks
    places = {name: place for place, name in enumerate(graph.nodes)}
    return sorted(tasks, key=lambda task: (0, task.index) if task.index >= 0 else (1, places.get(task.name, -1)))


def shown(
    graph: "Rules", journal: Journal, frame: Frame, values: Values, tasks: tuple[PregelTask, ...]
) -> StateSnapshot:
    """Put a frame's checkpoint into LangGraph's form, with these values and tasks."""
    return StateSnapshot(
        values=graph.shown_values(values),
        next=tuple(task.name for task in tasks),
        config=config_at(journal, frame.ns, frame.id),
        metadata={"source": frame.source, "step": frame.step, "parents": _above(journal, frame.ns), **frame.metadata},
        created_at=datetime.fromtimestamp(frame.created_at, UTC).isoformat(),
        parent_config=config_at(journal, frame.ns, frame.parent_id) if frame.parent_id else None,
        tasks=tasks,
        interrupts=tuple(interrupt for task in tasks for interrupt in task.interrupts),
    )


def _task(graph: "Rules", journal: Journal, frame: Frame, task: Task, *, subgraphs: bool) -> PregelTask:
    state: Any = None
    for child in journal.children(frame.ns, task):
        if is_call_of_task(child.ns):
            continue
        state = config_below(journal, child.ns)
        if subgraphs and (inside := graph.inside(task.name)) is not None:
            state = snapshot(inside, journal, child.ns, subgraphs=True)
    return PregelTask(
        id=task.id,
        name=task.name,
        path=task.path,
        error=task.error,
        interrupts=tuple(as_interrupt(*item) for item in journal.questions(frame.ns, task)),
        state=state,
        result=graph.result_of(task.written()) if task.done else None,
    )


def config_at(journal: Journal, ns: str, checkpoint_id: str | None = None) -> Mapping[str, Any]:
    """Return the config that leads to a graph of the thread, or to one of its checkpoints."""
    shown_ns = journal.shown_ns(ns)
    place: dict[str, Any] = {"thread_id": journal.thread_id, "checkpoint_ns": shown_ns}
    if checkpoint_id:
        place["checkpoint_id"] = checkpoint_id
    if checkpoint_id and ns:
        place["checkpoint_map"] = {**_above(journal, ns), shown_ns: checkpoint_id}
    return {"configurable": place}


def config_below(journal: Journal, ns: str) -> Mapping[str, Any]:
    """Return the config that leads to the subgraph that a task runs, by the task's id."""
    above, _, task = ns.rpartition("|")
    place = f"{journal.shown_ns(above)}|{task}" if above else task
    return {"configurable": {"thread_id": journal.thread_id, "checkpoint_ns": place}}


def _above(journal: Journal, ns: str) -> dict[str, str]:
    """Return where the graphs above a subgraph stand: checkpoint ids by namespace."""
    above: dict[str, str] = {}
    while (parent := parent_of(ns)) is not None:
        above = {journal.shown_ns(parent): journal.frames[parent].id, **above}
        ns = parent
    return above
