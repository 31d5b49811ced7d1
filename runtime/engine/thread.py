"""A thread in memory: its frames, what one operation of the log does to them, and whose question is whose.

A thread is a set of frames. The frame at namespace `""` is the root graph; a subgraph that is under way has a frame of
its own at `parent_namespace|node:task_id`. A frame stands at one checkpoint and holds that step's tasks. When a frame
reaches its next checkpoint, the frames below it are over and go.
"""

from collections.abc import Iterator
from typing import Any

from runtime.engine.frames import (
    MEMORY,
    Frame,
    Question,
    Task,
    child_namespace,
    is_below,
    number_of_call,
    parent_of,
    without_ids,
)
from runtime.engine.ids import derive_id
from runtime.engine.records import restore, restored_frame
from runtime.errors import CodecError
from runtime.graph.state import Values, Writes
from runtime.types import NOTHING, START


class Thread:
    """The frames of one thread, by namespace."""

    def __init__(self) -> None:
        self.frames: dict[str, Frame] = {}
        self.keeping: set[str] = set()
        """Namespaces of subgraphs that keep their state from call to call, as far as somebody has come across them."""

    def shown_ns(self, ns: str) -> str:
        """Return a namespace as it is shown: a subgraph that keeps its state has the same one whenever it is called."""
        place: str | None = ns if self.keeping else ""
        while place and place not in self.keeping:
            place = parent_of(place)
        return without_ids(place) + ns[len(place) :] if place else ns

    def at(self, ns: str) -> Frame | None:
        """Return the frame of a namespace, which may be given as it is shown."""
        if ns in self.frames or not self.keeping:
            return self.frames.get(ns)
        shown = self.shown_ns(ns)
        return next((frame for key, frame in reversed(self.frames.items()) if self.shown_ns(key) == shown), None)

    def apply(self, operation: list[Any]) -> Frame:
        """Change the frames as one recorded operation says. Raises `CodecError` for one of a later version."""
        match operation[0]:
            case "b":
                return self._restart(operation)
            case "c":
                return self._enter(operation)
            case "s":
                return self._start(operation)
            case _:
                return self._change(*operation)

    def _change(self, kind: str, ns: str, *rest: Any) -> Frame:
        """Apply an operation that leaves the frames at their checkpoints."""
        if kind == "r":
            return self._recall(ns, *rest)
        frame = self.frames[ns]
        match kind:
            case "t":
                task = frame.own_by_id(rest[0])
                restore(task, rest[1])
                task.recorded = task.done
            case "k":
                frame.own_by_id(rest[0]).kept[rest[1]] = rest[2]
            case "u":
                frame.unapplied.append((rest[0], rest[1]))
            case "a":
                frame.tasks += _tasks(frame.id, ns, rest[0], len(frame.tasks))
            case "h":
                frame.halted = True
            case "m":
                self.frames[rest[0]] = _kept(frame, rest[0])
            case _:
                raise CodecError("", f"the log has an operation {kind!r} that this version does not know")
        return frame

    def _enter(self, operation: list[Any], values: Values | None = None) -> Frame:
        """Apply a `checkpoint`."""
        _, ns, checkpoint_id, step, source, created_at, _, results, nexts, extra = operation
        frame = self._moved(ns)
        if values is None:
            frame.unapplied.append((written_in(frame, operation), results))
        else:
            frame.values = values
        frame.ran = [task.name for task in frame.tasks] if source == "loop" else frame.ran
        frame.parent_id, frame.id = frame.id or None, checkpoint_id
        frame.step, frame.source, frame.created_at = step, source, created_at
        frame.tasks = _tasks(checkpoint_id, ns, nexts, 0) if nexts else []
        frame.joined, frame.deferred, frame.halted, frame.metadata = extra
        return frame

    def _start(self, operation: list[Any], values: Values | None = None) -> Frame:
        """Apply a `begin`: what `halves` says, without stopping between the two."""
        _, ns, input_id, step, created_at, given, results, nexts, extra = operation
        frame = self._moved(ns)
        if values is None:
            left = [pair for task in frame.finished() for pair in task.writes or ()]
            frame.unapplied += [(left, results[0]), (list(given.items()), results[1])]
        else:
            frame.values = values
        frame.ran = [START]
        frame.parent_id, frame.id = input_id, derive_id(ns, input_id, str(step + 1))
        frame.step, frame.source, frame.created_at = step + 1, "loop", created_at
        frame.tasks = _tasks(frame.id, ns, nexts, 0)
        frame.joined, frame.deferred, frame.halted, frame.metadata = extra
        return frame

    def _moved(self, ns: str) -> Frame:
        """Return a frame that goes on, or a new one: those below it are over."""
        if len(self.frames) > 1:
            for below in [key for key in self.frames if is_below(key, ns)]:
                del self.frames[below]
        frame = self.frames.get(ns)
        if frame is None:
            frame = self.frames[ns] = Frame(ns)
        return frame

    def _recall(self, ns: str, memory: str) -> Frame:
        """Let a subgraph begin with what it was left with."""
        self.frames[ns] = _kept(self.frames[memory], ns)
        return self.frames[ns]

    def memories(self) -> list[Frame]:
        """Return what subgraphs keep between their calls."""
        return [frame for ns, frame in self.frames.items() if ns.startswith(MEMORY)]

    def _restart(self, operation: list[Any]) -> Frame:
        """Apply a `branch`."""
        _, ns, checkpoint_id, parent_id, step, source, created_at, values, nexts, extra = operation
        frame = Frame(ns, checkpoint_id, parent_id, step, source, created_at, values=values)
        frame.tasks = _tasks(checkpoint_id, ns, nexts, 0)
        frame.joined, frame.deferred, frame.halted, frame.metadata, frame.ran, *then = extra
        for below in [key for key in self.frames if is_below(key, ns)]:
            del self.frames[below]
        self.frames[ns] = frame
        if then:  # what subgraphs kept at that checkpoint
            for memory in self.memories():
                del self.frames[memory.ns]
            self.frames |= {memory.ns: memory for memory in map(restored_frame, then[0])}
        return frame

    # The tree of frames: whose question is whose.

    def children(self, ns: str, task: Task) -> Iterator[Frame]:
        """Frames of the subgraphs that a task has called, in the order of its calls."""
        stem = child_namespace(ns, task)
        frames = list(self.frames.items())  # other threads may add to it meanwhile
        found = [frame for key, frame in frames if key.startswith(stem) and parent_of(key) == ns]
        return iter(found if len(found) == 1 else sorted(found, key=lambda frame: number_of_call(frame.ns)))

    def questions(self, ns: str, task: Task) -> Iterator[tuple[str, Task, Question]]:
        """Pending questions of a task and of the subgraphs below it, with the namespace and task that ask."""
        if task.done:
            return
        if task.question is not None:
            yield ns, task, task.question
        if len(self.frames) == 1:
            return
        for frame in self.children(ns, task):
            for below in frame.tasks:
                yield from self.questions(frame.ns, below)

    def waits(self, ns: str, task: Task) -> bool:
        """Whether running the task now would lead nowhere, because every open end of it waits for an answer."""
        if task.stale or len(self.frames) == 1:
            return task.question is not None and not task.stale
        frames = [frame for frame in self.children(ns, task) if any(not below.done for below in frame.tasks)]
        return (task.question is not None or bool(frames)) and all(
            below.done or self.waits(frame.ns, below) for frame in frames for below in frame.tasks
        )

    def pending_questions(self, ns: str = "") -> dict[str, tuple[str, Task, Question]]:
        """Every pending question of a frame and those below it, by id, in the order of the tasks."""
        frame = self.frames.get(ns)
        if frame is None:
            return {}
        if len(self.frames) == 1:
            return {
                task.question.id: (ns, task, task.question)
                for task in frame.tasks
                if task.question is not None and task.writes is None
            }
        found = (item for task in frame.tasks for item in self.questions(ns, task))
        return {question.id: (where, task, question) for where, task, question in found}


def halves(operation: list[Any]) -> list[list[Any]]:
    """Return the two checkpoints that a `begin` stands for; any other operation as it is."""
    if operation[0] != "s":
        return [operation]
    _, ns, input_id, step, created_at, given, (left, results), nexts, extra = operation
    following_id = derive_id(ns, input_id, str(step + 1))
    return [
        ["c", ns, input_id, step, "input", created_at, [], left, [[START, given]], [{}, [], False, extra[3]]],
        ["c", ns, following_id, step + 1, "loop", created_at, [], results, nexts, extra],
    ]


def written_in(frame: Frame, operation: list[Any]) -> Writes:
    """Return what the tasks of a frame wrote by the time of its next checkpoint, in order."""
    source, written = operation[4], operation[6]
    for place, writes in written:
        frame.own(frame.tasks[place]).writes = writes
    for task in frame.tasks:
        if task.name == START and source == "loop":
            frame.own(task).writes = list(task.arg.items())
    return [pair for task in frame.finished() for pair in task.writes or ()]


def _kept(frame: Frame, ns: str) -> Frame:
    """Return what a subgraph keeps from one call to the next: its state, and where its history goes on."""
    return Frame(ns, frame.id, step=frame.step, values=frame.values, unapplied=frame.unapplied[:])


def _tasks(checkpoint_id: str, ns: str, nexts: list[list[Any]], offset: int) -> list[Task]:
    """Make the tasks of a step; `nexts` is what `plain_tasks` wrote."""
    return [
        Task(
            derive_id(checkpoint_id, ns, name, str(place)),
            name,
            arg[0] if arg else NOTHING,
            place if arg and name != START else -1,
            timeout=arg[1] if arg[1:] else None,
        )
        for place, (name, *arg) in enumerate(nexts, offset)
    ]
