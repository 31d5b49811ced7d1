"""The past of a thread: its log read from the first entry, one record per checkpoint.

A record shows a step as it was entered: the state at its start, every task with what it wrote and the last question it
asked, answered or not; of questions in a subgraph, those that were open when the last of them was asked. `get_state`
without a checkpoint id shows the present instead.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runtime.codec.process import CODEC
from runtime.engine.frames import (
    Frame,
    Task,
    as_interrupt,
    child_namespace,
    is_below,
    keeps_below,
    parent_of,
    task_above,
)
from runtime.engine.journal import Journal
from runtime.engine.thread import Thread, halves, written_in
from runtime.graph.configs import thread_id_of
from runtime.graph.snapshots import as_shown, config_below, shown
from runtime.store import CheckpointStore
from runtime.types import Config, Interrupt, PregelTask, StateSnapshot

if TYPE_CHECKING:
    from runtime.graph.rules import Rules


async def records(root: "Rules", thread_id: str, store: CheckpointStore | None, ns: str = "") -> list[StateSnapshot]:
    """Return a thread's checkpoints, newest first; `ns`: those of a subgraph that was added as a node.

    Raises `ValueError` for a namespace of no such subgraph.
    """
    root.below(ns)
    operations = await _operations(thread_id, store)
    return list(_replayed(root, Journal(thread_id, CODEC, store), operations, ns))[::-1]


async def chosen(
    graph: "Rules",
    config: Config,
    store: CheckpointStore,
    *,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
    before: Config | None = None,
    limit: int | None = None,
) -> list[StateSnapshot]:
    """Return the checkpoints that `get_state_history` is asked for."""
    place = config.get("configurable", {})
    ns, only = place.get("checkpoint_ns") or "", place.get("checkpoint_id")
    past = await records(graph, thread_id_of(config), store, ns)
    if only is not None:
        past = [record for record in past if record.config["configurable"]["checkpoint_id"] == only]
    if before is not None:
        ids = [record.config["configurable"]["checkpoint_id"] for record in past]
        past = past[ids.index(before["configurable"]["checkpoint_id"]) + 1 :]
    said = (filter or {}).items()
    return [record for record in past if said <= (record.metadata or {}).items()][:limit]


def _replayed(root: "Rules", journal: Journal, operations: list[list[Any]], ns: str) -> Iterator[StateSnapshot]:
    graph: Rules = root.below(ns)
    root.learn(journal, ns)
    asked: dict[str, tuple[Interrupt, ...]] = {}
    known, last = {""}, ""
    for operation in operations:
        kind, place = operation[:2]
        frame = journal.at(ns)
        if kind in {"c", "b"} and frame is not None and (place == frame.ns or is_below(frame.ns, place)):
            if kind == "c" and place == frame.ns:
                written_in(frame, operation)
            if frame.id != last:  # else it begins its next call where the last one ended
                yield _record(graph, journal, frame, asked)
            last = frame.id
        journal.apply(operation)
        if place not in known:
            known.add(place)
            root.learn(journal)
        if kind == "t" and (frame := journal.at(ns)) is not None:
            asked |= _asked(journal, frame, operation)
    if (frame := journal.at(ns)) is not None and frame.id != last:
        yield _record(graph, journal, frame, asked)


def _asked(journal: Journal, frame: Frame, operation: list[Any]) -> dict[str, tuple[Interrupt, ...]]:
    """Return what a task of the frame, or a subgraph below it, asks if it was there that something was asked."""
    match operation:
        case [_, str(place), str(task_id), {"question": list()}] if place == frame.ns or is_below(place, frame.ns):
            task = frame.own_by_id(task_id if place == frame.ns else task_above(place, frame.ns))
            return {task.id: tuple(as_interrupt(*item) for item in journal.questions(frame.ns, task))}
        case _:
            return {}


class Past(Thread):
    """A thread as it was, with what subgraphs had kept when each of its graphs entered the checkpoint it stands at."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, list[Frame]] = {}

    def apply(self, operation: list[Any]) -> Frame:
        """Change the frames as one recorded operation says."""
        frame = super().apply(operation)
        if operation[0] in {"c", "b"}:
            self._kept[frame.ns] = self.memories()
        return frame

    def kept_at(self, ns: str) -> list[Frame]:
        """Return what subgraphs kept that are called from there, and from the graphs above: each what it had then."""
        above = parent_of(ns)
        others = self.kept_at(above) if above is not None else []
        return [*(kept for kept in others if not keeps_below(kept.ns, ns)), *self.kept_below(ns)]

    def kept_below(self, ns: str) -> list[Frame]:
        """Return what those kept that are called from there."""
        return [kept for kept in self._kept[ns] if keeps_below(kept.ns, ns)]


async def thread_at(root: "Rules", journal: Journal, ns: str, checkpoint_id: str) -> tuple[Past, str]:
    """Return a thread as it was when a graph entered a checkpoint, and the graph's namespace then.

    Raises `ValueError` for an unknown one.
    """
    past = Past()
    for operation in await _operations(journal.thread_id, journal.store):
        frame = past.apply(operation)
        if frame.id == checkpoint_id:
            root.learn(past, ns)
            if past.shown_ns(frame.ns) == past.shown_ns(ns):
                return past, frame.ns
    raise ValueError(f"thread {journal.thread_id!r} has no checkpoint {checkpoint_id!r}")


async def _operations(thread_id: str, store: CheckpointStore | None) -> list[list[Any]]:
    if store is None:
        return []
    log = await store.load(thread_id, whole=True)
    return [half for entry in log.entries for operation in CODEC.decode(entry)[1] for half in halves(operation)]


def _record(
    graph: "Rules", journal: Journal, frame: Frame, asked: Mapping[str, tuple[Interrupt, ...]]
) -> StateSnapshot:
    frame.attach(graph.channels)
    return shown(
        graph,
        journal,
        frame,
        frame.values,
        tuple(_task(graph, journal, frame.ns, task, asked.get(task.id, ())) for task in as_shown(graph, frame.tasks)),
    )


def _task(graph: "Rules", journal: Journal, ns: str, task: Task, asked: tuple[Interrupt, ...]) -> PregelTask:
    return PregelTask(
        id=task.id,
        name=task.name,
        path=task.path,
        error=task.error,
        interrupts=asked,
        state=config_below(journal, child_namespace(ns, task)) if graph.inside(task.name) else None,
        result=graph.result_of(task.writes) if task.writes is not None else None,
    )
