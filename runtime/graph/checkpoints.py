"""Checkpoints as LangGraph's savers show them: `get_tuple`, `get` and `list` of a checkpointer.

A store keeps bytes, and a log what was written; what came out is known to the graph alone. So these calls read with the
eyes of a graph that was compiled with the store, the newest one that knows what the thread has.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary, ref

from runtime.codec.process import CODEC
from runtime.engine.journal import Journal
from runtime.errors import StoreError
from runtime.graph.configs import thread_id_of
from runtime.graph.history import chosen
from runtime.graph.state import ROOT
from runtime.types import INTERRUPT, Config, StateSnapshot

if TYPE_CHECKING:
    from runtime.graph.rules import Rules
    from runtime.store import CheckpointStore

VERSION: Final = 4
"""Of LangGraph's form of a checkpoint."""
ERROR: Final = "__error__"
"""Key of what a task raised."""


class CheckpointTuple(NamedTuple):
    """One checkpoint with all that belongs to it."""

    config: Config
    checkpoint: dict[str, Any]
    """`{"v", "id", "ts", "channel_values", …}`; versions of channels are empty, as there are none here."""
    metadata: Mapping[str, Any]
    parent_config: Config | None = None
    pending_writes: list[tuple[str, str, Any]] | None = None
    """`(task id, key, value)` of what the tasks of the step that begins here wrote, and have asked."""


_GRAPHS: "WeakKeyDictionary[CheckpointStore, list[ref[Rules]]]" = WeakKeyDictionary()


def know(store: "CheckpointStore", graph: "Rules") -> None:
    """Remember that a graph keeps its threads in a store."""
    others = [other for other in _GRAPHS.get(store, ()) if other() is not None]
    _GRAPHS[store] = [ref(graph), *others]


async def tuples(
    store: "CheckpointStore",
    config: Config | None,
    *,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - LangGraph's name
    before: Config | None = None,
    limit: int | None = None,
) -> AsyncGenerator[CheckpointTuple, None]:
    """Yield a thread's checkpoints, newest first. Raises `StoreError` where no graph knows how to read it."""
    if config is None:
        raise ValueError("a store lists the checkpoints of one thread: give {'configurable': {'thread_id': …}}")
    journal = await Journal.load(thread_id_of(config), CODEC, store, {})
    if not journal.frames:
        return
    graph = _reader(store, journal)
    for snapshot in await chosen(graph, config, store, filter=filter, before=before, limit=limit):
        yield _as_tuple(snapshot)


def _reader(store: "CheckpointStore", journal: Journal) -> "Rules":
    root = journal.frames[""]
    nodes = {*root.ran, *(task.name for task in root.tasks)}
    keys = set(root.values).union(*({*dict(writes), *results} for writes, results in root.unapplied))
    for graph in _graphs(store):
        if nodes <= graph.nodes.keys() and keys <= graph.channels.keys():
            return graph
    raise StoreError(
        f"no graph that knows thread {journal.thread_id!r} is compiled with this checkpointer: compile it first, "
        "because what is stored is what was written, and the graph's reducers say what came out"
    )


def _graphs(store: "CheckpointStore") -> "Iterator[Rules]":
    return (graph for known in _GRAPHS.get(store, ()) if (graph := known()) is not None)


def _as_tuple(snapshot: StateSnapshot) -> CheckpointTuple:
    values = snapshot.values if isinstance(snapshot.values, dict) else {ROOT: snapshot.values}
    checkpoint = {
        "v": VERSION,
        "id": snapshot.config["configurable"]["checkpoint_id"],
        "ts": snapshot.created_at,
        "channel_values": values,
        "channel_versions": {},
        "versions_seen": {},
        "updated_channels": None,
    }
    return CheckpointTuple(
        config=snapshot.config,
        checkpoint=checkpoint,
        metadata=snapshot.metadata or {},
        parent_config=snapshot.parent_config,
        pending_writes=list(_writes(snapshot)),
    )


def _writes(snapshot: StateSnapshot) -> Iterator[tuple[str, str, Any]]:
    for task in snapshot.tasks:
        if task.error is not None:
            yield task.id, ERROR, task.error
        if task.interrupts:
            yield task.id, INTERRUPT, list(task.interrupts)
        yield from ((task.id, name, value) for name, value in (task.result or {}).items())
