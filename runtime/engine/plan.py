"""Who runs next: edges, routes, joins, and deferred nodes when nothing else is left. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.engine.frames import Frame, Next, Scheduled, Task, as_scheduled
from runtime.graph.nodes import Join, Node
from runtime.types import END, NOTHING, Send


def following(nodes: Mapping[str, Node], joins: Mapping[str, Join], frame: Frame, finished: Sequence[Task]) -> Next:
    """Work out the step after this one, all of whose tasks are `finished`."""
    names: dict[str, None] = {}
    sends: list[Scheduled] = []
    joined = {name: list(sources) for name, sources in frame.joined.items()} if frame.joined else {}
    for task in finished:
        node = nodes[task.name]
        for target in task.routes if task.error else (*node.edges, *task.routes):
            if isinstance(target, Send):
                sends.append(as_scheduled(target))
            elif target != END:
                names[target] = None
        for name in () if task.error else node.joins:
            if _complete(joins[name], joined, task.name):
                names[joins[name].target] = None
    if not names and not frame.deferred:
        return Next(tasks=sends, joined=joined)
    ready, deferred = _due(nodes, names, frame.deferred, busy=bool(sends))
    return Next(tasks=[*((name, NOTHING) for name in ready), *sends], joined=joined, deferred=deferred)


def _complete(join: Join, joined: dict[str, list[str]], source: str) -> bool:
    """Note that one source of a join has arrived; when it was the last one, the join starts over."""
    arrived = joined.setdefault(join.name, [])
    if source not in arrived:
        arrived.append(source)
    if len(arrived) < len(join.sources):
        return False
    del joined[join.name]
    return True


def _due(
    nodes: Mapping[str, Node], names: Mapping[str, None], waiting: Sequence[str], *, busy: bool
) -> tuple[list[str], list[str]]:
    """Split what was reached into what runs now and what is deferred until nothing else runs."""
    if not waiting and not any(nodes[name].defer for name in names):
        return sorted(names), []
    ready = sorted(name for name in names if not nodes[name].defer)
    deferred = sorted({*waiting, *(name for name in names if nodes[name].defer)})
    return (ready, deferred) if ready or busy else (deferred, [])


def targets_of(goto: Any) -> list[Any]:
    """Return the targets of a command's `goto` as a list."""
    return [goto] if isinstance(goto, (str, Send)) else list(goto)
