"""A thread that is being run: every change is one small operation, applied to the frames and kept for the next commit.

What the log keeps of a step is what its tasks wrote, not what came out, wherever the reducer makes the same of it again
(`Channel.replayable`): a conversation of N turns costs N turns, not N².
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from runtime.engine.frames import Frame, Next, Scheduled, Task
from runtime.engine.ids import derive_id, new_id
from runtime.engine.records import plain_fields, plain_frame, plain_tasks, plain_values
from runtime.engine.stored import NO_VALUES, StoredThread
from runtime.graph.state import Values


class Journal(StoredThread):
    """The operations on a thread, by what they mean. Each takes effect at once."""

    def checkpoint(
        self,
        ns: str,
        source: str,
        following: Next,
        *,
        written: Sequence[list[Any]] = (),
        results: Mapping[str, Any] = NO_VALUES,
        values: Values | None = None,
    ) -> Frame:
        """Move a frame (a new one if there is none) to its next checkpoint.

        `written`: `[place in the step, writes]` with what tasks that are not `recorded` wrote to replayable keys.
        `results`: the new values of the other keys. `values`: all of them, when the caller has merged the step already.
        """
        frame = self.frames.get(ns)
        step = -1 if frame is None else frame.step + 1
        checkpoint_id = new_id() if not ns and source != "loop" else derive_id(ns, frame.id if frame else "", str(step))
        extra = [following.joined, following.deferred, following.halted, self.metadata]
        nexts = plain_tasks(following.tasks)
        place = [ns, checkpoint_id, step, source, time.time()]
        operation = ["c", *place, written, dict(results), nexts, extra]
        with self._lock:
            if self.store is not None:
                self._operations.append(operation)
            return self._enter(operation, values)

    def begin(self, ns: str, given: Values, results: list[Values], following: Next, values: Values) -> None:
        """Move a frame to the checkpoint of its input, and to the one after it, by one operation.

        `results`: the new values, at each of the two, of keys whose writes the log cannot keep. `values`: all of them.
        """
        frame = self.frames.get(ns)
        step = -1 if frame is None else frame.step + 1
        input_id = derive_id(ns, frame.id if frame else "", str(step)) if ns else new_id()
        extra = [following.joined, following.deferred, following.halted, self.metadata]
        operation = [
            "s",
            ns,
            input_id,
            step,
            time.time(),
            plain_values(given),
            results,
            plain_tasks(following.tasks),
            extra,
        ]
        with self._lock:
            if self.store is not None:
                self._operations.append(operation)
            self._start(operation, values)

    def branch(
        self,
        base: Frame,
        source: str,
        following: Next,
        values: Values,
        *,
        ran: Sequence[str] | None = None,
        memories: Sequence[Frame] | None = None,
    ) -> None:
        """Let a graph go on from `base`, with these values and tasks.

        `memories`: what subgraphs kept between calls at `base`, where that is an older checkpoint.
        """
        place = [base.ns, new_id(), base.id, base.step + 1, source, time.time()]
        extra = [
            following.joined,
            following.deferred,
            following.halted,
            self.metadata,
            list(base.ran if ran is None else ran),
        ]
        if memories is not None:
            extra.append([plain_frame(memory) for memory in memories])
        self._do(["b", *place, plain_values(values), plain_tasks(following.tasks), extra])

    def remember(self, ns: str, memory: str) -> None:
        """Keep the state of a subgraph that has ended for its next call."""
        self._do(["m", ns, memory])

    def recall(self, ns: str, memory: str) -> None:
        """Let a subgraph that is about to begin have what was kept."""
        self._do(["r", ns, memory])

    def discard(self) -> None:
        """Forget what is not in the store: this journal is not to be gone on with."""
        with self._lock:
            self._operations, self._sealed = [], 0

    def change(self, ns: str, task: Task, *fields: str) -> None:
        """Record the present value of some fields of a task."""
        self._record(["t", ns, task.id, plain_fields(task, fields)])

    def keep(self, ns: str, task: Task, key: str, result: Any) -> None:
        """Record the result of a `once()`. Raises `CodecError` for one that cannot be stored."""
        self.codec.encode(result)
        task.kept[key] = result
        self._record(["k", ns, task.id, key, result])

    def update(self, ns: str, written: list[list[Any]], results: Values) -> None:
        """Change the state of a frame where it stands, between two steps."""
        self._do(["u", ns, written, results])

    def add(self, ns: str, tasks: list[Scheduled]) -> None:
        """Put more tasks into the present step."""
        self._do(["a", ns, plain_tasks(tasks)])

    def halt(self, ns: str) -> None:
        """Remember that a static breakpoint stopped the run here."""
        self._do(["h", ns])

    def _do(self, operation: list[Any]) -> Frame:
        with self._lock:
            self._record(operation)
            return self.apply(operation)

    def _record(self, operation: list[Any]) -> None:
        if self.store is not None:
            with self._lock:
                self._operations.append(operation)
