"""The past of a thread: its log read from the first entry, one record per checkpoint.

A record shows a step as it was entered: the state at its start, every task with what it wrote and the last question it
asked, answered or not. `get_state` without a checkpoint id shows the present instead.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runtime.codec.process import CODEC
from runtime.engine.frames import Question, Task, as_interrupt, child_namespace
from runtime.engine.journal import Journal
from runtime.engine.thread import halves, written_in
from runtime.graph.snapshots import config_at, shown
from runtime.store import CheckpointStore
from runtime.types import PregelTask, StateSnapshot

if TYPE_CHECKING:
    from runtime.graph.rules import Rules


async def records(graph: "Rules", thread_id: str, store: CheckpointStore | None) -> list[StateSnapshot]:
    """Return a thread's checkpoints, newest first."""
    operations = await _operations(thread_id, store)
    return list(_replayed(graph, Journal(thread_id, CODEC, store), operations))[::-1]


def _replayed(graph: "Rules", journal: Journal, operations: list[list[Any]]) -> Iterator[StateSnapshot]:
    asked: dict[str, Question] = {}
    for operation in operations:
        match operation:
            case ["c", "", *_] if "" in journal.frames:
                written_in(journal.frames[""], operation)
                yield _record(graph, journal, asked)
            case ["b", *_] if "" in journal.frames:
                yield _record(graph, journal, asked)
            case ["t", "", str(task_id), {"question": list(question)}]:
                asked[task_id] = Question(*question)
            case _:
                pass
        journal.apply(operation)
    if journal.frames:
        yield _record(graph, journal, asked)


async def thread_at(graph: "Rules", journal: Journal, checkpoint_id: str) -> Journal:
    """Return a thread as it was when its root entered a checkpoint. Raises `ValueError` for an unknown one."""
    past = Journal(journal.thread_id, CODEC, journal.store)
    for operation in await _operations(journal.thread_id, journal.store):
        frame = past.apply(operation)
        if frame.id == checkpoint_id and not frame.ns:
            frame.attach(graph.channels)
            return past
    raise ValueError(f"thread {journal.thread_id!r} has no checkpoint {checkpoint_id!r}")


async def _operations(thread_id: str, store: CheckpointStore | None) -> list[list[Any]]:
    if store is None:
        return []
    log = await store.load(thread_id, whole=True)
    return [half for entry in log.entries for operation in CODEC.decode(entry)[1] for half in halves(operation)]


def _record(graph: "Rules", journal: Journal, asked: Mapping[str, Question]) -> StateSnapshot:
    frame = journal.frames[""]
    frame.attach(graph.channels)
    return shown(
        graph,
        journal,
        frame,
        frame.values,
        tuple(_task(graph, journal, task, asked.get(task.id)) for task in frame.tasks),
    )


def _task(graph: "Rules", journal: Journal, task: Task, question: Question | None) -> PregelTask:
    node = graph.nodes.get(task.name)
    is_graph = node is not None and node.is_graph
    return PregelTask(
        id=task.id,
        name=task.name,
        path=task.path,
        error=task.error,
        interrupts=(as_interrupt("", task, question),) if question else (),
        state=config_at(journal, child_namespace("", task)) if is_graph else None,
        result=dict(task.writes) if task.writes is not None else None,
    )
