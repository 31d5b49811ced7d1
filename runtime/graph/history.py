"""The past of a thread: its log read from the first entry, one record per checkpoint.

A record shows a step as it was entered: the state at its start, every task with what it wrote and the last question it
asked, answered or not; of questions in a subgraph, those that were open when the last of them was asked. `get_state`
without a checkpoint id shows the present instead.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runtime.codec.process import CODEC
from runtime.engine.frames import Task, as_interrupt, child_namespace, is_below, task_above
from runtime.engine.journal import Journal
from runtime.engine.thread import Thread, halves, written_in
from runtime.graph.snapshots import config_at, shown
from runtime.store import CheckpointStore
from runtime.types import Interrupt, PregelTask, StateSnapshot

if TYPE_CHECKING:
    from runtime.graph.rules import Rules


async def records(graph: "Rules", thread_id: str, store: CheckpointStore | None, ns: str = "") -> list[StateSnapshot]:
    """Return a thread's checkpoints, newest first; `ns`: those of a subgraph that was added as a node.

    Raises `ValueError` for a namespace of no such subgraph.
    """
    operations = await _operations(thread_id, store)
    return list(_replayed(graph.below(ns), Journal(thread_id, CODEC, store), operations, ns))[::-1]


def _replayed(graph: "Rules", journal: Journal, operations: list[list[Any]], ns: str) -> Iterator[StateSnapshot]:
    asked: dict[str, tuple[Interrupt, ...]] = {}
    for operation in operations:
        match operation:
            case ["c" | "b" as kind, str(place), *_] if ns in journal.frames and (place == ns or is_below(ns, place)):
                if kind == "c" and place == ns:
                    written_in(journal.frames[ns], operation)
                yield _record(graph, journal, ns, asked)
            case _:
                pass
        journal.apply(operation)
        match operation:
            case ["t", str(place), str(task_id), {"question": list()}] if place == ns or is_below(place, ns):
                task = journal.frames[ns].own_by_id(task_id if place == ns else task_above(place, ns))
                asked[task.id] = tuple(as_interrupt(*item) for item in journal.questions(ns, task))
            case _:
                pass
    if ns in journal.frames:
        yield _record(graph, journal, ns, asked)


async def thread_at(journal: Journal, ns: str, checkpoint_id: str) -> Thread:
    """Return a thread as it was when a graph entered a checkpoint. Raises `ValueError` for an unknown one."""
    past = Thread()
    for operation in await _operations(journal.thread_id, journal.store):
        frame = past.apply(operation)
        if frame.id == checkpoint_id and frame.ns == ns:
            return past
    raise ValueError(f"thread {journal.thread_id!r} has no checkpoint {checkpoint_id!r}")


async def _operations(thread_id: str, store: CheckpointStore | None) -> list[list[Any]]:
    if store is None:
        return []
    log = await store.load(thread_id, whole=True)
    return [half for entry in log.entries for operation in CODEC.decode(entry)[1] for half in halves(operation)]


def _record(graph: "Rules", journal: Journal, ns: str, asked: Mapping[str, tuple[Interrupt, ...]]) -> StateSnapshot:
    frame = journal.frames[ns]
    frame.attach(graph.channels)
    return shown(
        graph,
        journal,
        frame,
        frame.values,
        tuple(_task(graph, journal, ns, task, asked.get(task.id, ())) for task in frame.tasks),
    )


def _task(graph: "Rules", journal: Journal, ns: str, task: Task, asked: tuple[Interrupt, ...]) -> PregelTask:
    node = graph.nodes.get(task.name)
    is_graph = node is not None and node.is_graph
    return PregelTask(
        id=task.id,
        name=task.name,
        path=task.path,
        error=task.error,
        interrupts=asked,
        state=config_at(journal, child_namespace(ns, task)) if is_graph else None,
        result=dict(task.writes) if task.writes is not None else None,
    )
