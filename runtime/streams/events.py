"""What happens in a run, for readers of the streams `tasks`, `checkpoints` and `debug`. The shapes are LangGraph's.

`debug` is the other two in one, each chunk with its step, its time and its kind.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from runtime.engine.frames import Frame, Task, as_interrupt, child_namespace
from runtime.engine.injected import triggers
from runtime.engine.run import Run
from runtime.graph.snapshots import config_below, shown
from runtime.graph.state import Writes
from runtime.types import START, Interrupt

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph

TASKS: Final = frozenset({"tasks", "debug"})
CHECKPOINTS: Final = frozenset({"checkpoints", "debug"})


def task_begins(run: Run, graph: "CompiledGraph", frame: Frame, task: Task) -> None:
    """Tell that a task is entered: what it gets, and what led to it."""
    node = graph.nodes[task.name]
    if run.modes.isdisjoint(TASKS) or task.name == START or node.handles:
        return
    payload: dict[str, Any] = {
        "id": task.id,
        "name": task.name,
        "input": graph.shown_input(node, frame, task),
        "triggers": triggers(node, task),
    }
    tags = {"tags": list(run.config["tags"])} if run.config.get("tags") else {}
    if metadata := {**(run.config.get("metadata") or {}), **node.metadata, **tags}:
        payload["metadata"] = metadata
    _send(run, graph.shown_at(frame.ns), "task", frame.step + 1, payload)


def task_rests(
    run: Run, graph: "CompiledGraph", frame: Frame, task: Task, error: Exception | None = None, *, written: Writes = ()
) -> None:
    """Tell that a task has come to rest: done, with a question, or with an error."""
    if run.modes.isdisjoint(TASKS) or task.name == START:
        return
    payload = {
        "id": task.id,
        "name": task.name,
        "error": error,
        "result": graph.shown_result(written),
        "interrupts": list(map(_plain, _questions(run, frame, task))),
    }
    _send(run, graph.shown_at(frame.ns), "task_result", frame.step + 1, payload)


def checkpoint_reached(run: Run, graph: "CompiledGraph", frame: Frame) -> None:
    """Tell where a frame stands at its checkpoint; without a checkpointer there are none."""
    if run.modes.isdisjoint(CHECKPOINTS) or run.journal.store is None:
        return
    frame.attach(graph.channels)
    tasks = sorted(frame.tasks, key=lambda task: task.index < 0)  # those of `Send` first
    state = shown(graph, run.journal, frame, frame.values, ())
    payload = {
        "config": _with_callers(run, state.config),
        "parent_config": _with_callers(run, state.parent_config),
        "values": state.values,
        "metadata": dict(state.metadata or {}),
        "next": [task.name for task in tasks],
        "tasks": [_task(run, graph, frame, task) for task in tasks],
    }
    _send(run, frame.ns, "checkpoint", frame.step, payload)


def _send(run: Run, ns: str, kind: str, step: int, payload: dict[str, Any]) -> None:
    run.send(ns, "checkpoints" if kind == "checkpoint" else "tasks", payload)
    if "debug" in run.modes:
        now = datetime.now(UTC).isoformat()
        run.send(ns, "debug", {"step": step, "timestamp": now, "type": kind, "payload": payload})


def _task(run: Run, graph: "CompiledGraph", frame: Frame, task: Task) -> dict[str, Any]:
    said: dict[str, Any] = {"id": task.id, "name": task.name}
    if task.error:
        said["error"] = task.error
    else:
        said |= {"result": graph.shown_result(task.written())} if task.writes else {}
        said["interrupts"] = tuple(map(_plain, _questions(run, frame, task)))
    below = config_below(run.journal, child_namespace(frame.ns, task))
    return said | {"state": below if graph.inside(task.name) is not None else None}


def _questions(run: Run, frame: Frame, task: Task) -> list[Interrupt]:
    return [as_interrupt(*item) for item in run.journal.questions(frame.ns, task)]


def _plain(question: Interrupt) -> dict[str, Any]:
    return {"value": question.value, "id": question.id, "response_schema": question.response_schema}


def _with_callers(run: Run, config: Any) -> Any:
    """Return a checkpoint's config with what else the caller put into `configurable`."""
    given = run.config.get("configurable") or {}
    return config and {"configurable": {**given, **config["configurable"]}}
