"""A thread in memory, and its log: every change is one small operation, applied here and appended to the store.

A thread is a set of frames. The frame at namespace `""` is the root graph; a subgraph that is under way has a frame of
its own at `parent_namespace|node:task_id`. A frame stands at one checkpoint and holds that step's tasks. When a
frame reaches its next checkpoint, the frames below it are over and go.

What the log keeps of a step is what its tasks wrote, not what came out, wherever the reducer makes the same of it again
(`Channel.replayable`): a conversation of N turns costs N turns, not N². `Journal.commit` writes all operations since the last
commit as one entry, with a snapshot of the whole thread whenever the entries since the last one outgrow it.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final

from runtime.codec import Codec
from runtime.errors import CodecError
from runtime.state import Channel, Values, Writes, merge
from runtime.store import CheckpointStore, Log
from runtime.types import NOTHING, Interrupt

FORMAT: Final = 1
SNAPSHOT_BYTES: Final = 64 * 1024
"""Below this, replaying the entries is cheaper than keeping a snapshot."""

_process = token_hex(5)
_numbers = count()


def new_id() -> str:
    """Return 32 hex characters, unique, and later ones of one process sort after earlier ones."""
    return f"{time.time_ns():016x}{next(_numbers) & 0xFFFFFF:06x}{_process}"


def derive_id(*parts: object) -> str:
    """Return 32 hex characters that depend on the parts and nothing else."""
    return blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(slots=True)
class Answer:
    """What somebody answered to one question of a task."""

    id: str
    digest: str
    """Of the question's value: the answer counts only while the task still asks the same."""
    value: Any


@dataclass(slots=True)
class Question:
    """What a task is waiting for."""

    id: str
    digest: str
    value: Any
    schema: dict[str, Any] | None = None
    supersedes: str | None = None
    """Id of the question that was answered here before the task changed its mind."""


@dataclass(slots=True)
class Task:
    """One execution of one node, from scheduled to done."""

    id: str
    name: str
    arg: Any = NOTHING
    """Whole input of a task made by `Send` or of the start; otherwise it reads the state."""
    index: int = -1
    """Place among the step's sends; -1 for a node that an edge led to."""
    answers: list[Answer] = field(default_factory=list)
    question: Question | None = None
    strikes: int = 0
    """How often in a row it asked something else than was answered."""
    error: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    """Results of `once()`, by key."""
    writes: Writes | None = None
    """What it wrote; None until it is done."""
    routes: tuple[Any, ...] = ()
    """Node names and sends it leads to, its node's plain edges left out."""
    recorded: bool = False
    """Whether the log has `writes` already."""

    @property
    def done(self) -> bool:
        """Whether it finished and need never run again."""
        return self.writes is not None

    @property
    def recorded_writes(self) -> Writes:
        """What the log has of its writes."""
        return (self.writes or ()) if self.recorded else ()

    @property
    def order(self) -> tuple[int, str]:
        """Writes of one step are merged in this order, whoever finished first."""
        return self.index, self.name

    @property
    def path(self) -> tuple[Any, ...]:
        """Where it stands in its step, in LangGraph's form."""
        return ("__pregel_pull", self.name) if self.index < 0 else ("__pregel_push", self.index, False)


@dataclass(slots=True)
class Frame:
    """One graph of the thread, at its latest checkpoint."""

    ns: str
    id: str = ""
    """Checkpoint id."""
    parent_id: str | None = None
    step: int = -2
    source: str = "input"
    created_at: float = 0.0
    tasks: list[Task] = field(default_factory=list)
    joined: dict[str, list[str]] = field(default_factory=dict)
    """Sources that have arrived, by join."""
    deferred: list[str] = field(default_factory=list)
    """Deferred nodes waiting for everything else to finish."""
    halted: bool = False
    """Whether a static breakpoint already stopped the run here."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the caller of the run wanted noted, from `config["metadata"]`."""
    values: Values = field(default_factory=dict)
    unapplied: list[tuple[Writes, Values]] = field(default_factory=list)
    """Steps read from the log and not merged yet: only the frame's own graph knows how."""

    def attach(self, channels: Mapping[str, Channel]) -> None:
        """Merge what the log brought. Keys the graph no longer has keep the value they had."""
        for writes, results in self.unapplied:
            known = [pair for pair in writes if pair[0] in channels and channels[pair[0]].replayable]
            self.values = merge(channels, self.values, known) | results
        self.unapplied.clear()


@dataclass(slots=True, kw_only=True)
class Next:
    """What follows a step."""

    tasks: list[tuple[str, Any]]
    """Node name and argument (`NOTHING` for a node that reads the state)."""
    joined: dict[str, list[str]] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    halted: bool = False


class Journal:
    """The frames of one thread, and the operations that are not in the store yet."""

    def __init__(self, thread_id: str, codec: Codec, store: CheckpointStore | None) -> None:
        self.thread_id = thread_id
        self.codec = codec
        self.store = store
        self.head = 0
        self.metadata: dict[str, Any] = {}
        """Goes into every checkpoint that is made from now on."""
        self.frames: dict[str, Frame] = {}
        self._operations: list[list[Any]] = []
        self._bytes = 0
        self._snapshot_bytes = SNAPSHOT_BYTES
        self._lock = threading.RLock()

    @classmethod
    async def load(cls, thread_id: str, codec: Codec, store: CheckpointStore | None) -> "Journal":
        """Read a thread from the store; an unknown one is empty."""
        journal = cls(thread_id, codec, store)
        await journal.reload()
        return journal

    async def reload(self) -> None:
        """Bring a new journal to where the store is."""
        if self.store is not None:
            self.replay(await self.store.load(self.thread_id))

    def replay(self, log: Log) -> None:
        """Bring the frames to the head of the log."""
        if log.snapshot is not None:
            self._restore(self.codec.decode(log.snapshot))
            self._snapshot_bytes = max(SNAPSHOT_BYTES, len(log.snapshot))
        for entry in log.entries:
            for operation in self.codec.decode(entry)[1]:
                self._apply(operation)
        self._bytes = sum(map(len, log.entries))
        self.head = log.head

    @property
    def pending(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._operations)

    async def commit(self) -> None:
        """Append what happened since the last commit, as one entry. Raises `StaleHeadError`, `CodecError`."""
        if self.store is None:
            self._operations.clear()
            return
        with self._lock:
            operations, self._operations = self._operations, []
            if not operations:
                return
            entry, problem = self._encode(operations)
            self._bytes += len(entry)
            snapshot = self._snapshot() if self._bytes > self._snapshot_bytes and problem is None else None
        await self.store.append(self.thread_id, self.head, entry, snapshot=snapshot)
        self.head += 1
        if problem is not None:
            raise problem

    def _encode(self, operations: list[list[Any]]) -> tuple[bytes, CodecError | None]:
        """Encode as many operations as can be; one that cannot be kept does not take its predecessors along."""
        try:
            return self.codec.encode([FORMAT, operations]), None
        except CodecError as error:
            good: list[list[Any]] = []
            for operation in operations:
                try:
                    self.codec.encode(operation)
                except CodecError:
                    return self.codec.encode([FORMAT, good]), self._blame(operation, error)
                good.append(operation)
            raise

    def _blame(self, operation: list[Any], error: CodecError) -> CodecError:
        """Name the state key instead of the place in the operation."""
        for name, value in _written(operation):
            try:
                self.codec.encode(value)
            except CodecError as culprit:
                separator = "" if culprit.path.startswith("[") or not culprit.path else "."
                return CodecError(f"{name}{separator}{culprit.path}", culprit.problem)
        return error

    # Operations. Each is applied to the frames at once and remembered for the next commit.

    def checkpoint(
        self,
        ns: str,
        source: str,
        following: Next,
        written: Mapping[int, Writes] = MappingProxyType({}),
        results: Mapping[str, Any] = MappingProxyType({}),
    ) -> Frame:
        """Move a frame (a new one if there is none) to its next checkpoint.

        `written` is what tasks that are not `recorded` wrote to replayable keys, by their place in the step; `results` are
        the new values of the other keys.
        """
        frame = self.frames.get(ns)
        step = -1 if frame is None else frame.step + 1
        extra = [following.joined, following.deferred, following.halted, self.metadata]
        nexts = _plain_tasks(following.tasks)
        return self._do(["c", ns, new_id(), step, source, time.time(), dict(written), dict(results), nexts, extra])

    def change(self, ns: str, task: Task, *fields: str) -> None:
        """Record the present value of some fields of a task."""
        self._record(["t", ns, task.id, {name: _plain(getattr(task, name)) for name in fields}])

    def update(self, ns: str, written: Writes, results: Values) -> None:
        """Change the state of a frame where it stands, between two steps."""
        self._do(["u", ns, list(written), results])

    def add(self, ns: str, tasks: list[tuple[str, Any]]) -> None:
        """Put more tasks into the present step."""
        self._do(["a", ns, _plain_tasks(tasks)])

    def halt(self, ns: str) -> None:
        """Remember that a static breakpoint stopped the run here."""
        self._do(["h", ns])

    def _do(self, operation: list[Any]) -> Frame:
        with self._lock:
            self._operations.append(operation)
            return self._apply(operation)

    def _record(self, operation: list[Any]) -> None:
        with self._lock:
            self._operations.append(operation)

    def _apply(self, operation: list[Any]) -> Frame:
        kind, ns, *rest = operation
        if kind == "c":
            return self._enter(ns, *rest)
        frame = self.frames[ns]
        match kind:
            case "t":
                task = next(task for task in frame.tasks if task.id == rest[0])
                for name, value in rest[1].items():
                    setattr(task, name, _restored(name, value))
                task.recorded = task.done
            case "u":
                frame.unapplied.append((rest[0], rest[1]))
            case "a":
                frame.tasks += self._tasks(frame.id, ns, rest[0], len(frame.tasks))
            case "h":
                frame.halted = True
        return frame

    def _enter(  # noqa: PLR0917 - the fields of one stored operation, in their order
        self,
        ns: str,
        checkpoint_id: str,
        step: int,
        source: str,
        created_at: float,
        written: dict[int, Writes],
        results: Values,
        nexts: list[list[Any]],
        extra: list[Any],
    ) -> Frame:
        frame = self.frames.get(ns) or Frame(ns)
        for below in [key for key in self.frames if is_below(key, ns)]:
            del self.frames[below]
        frame.parent_id, frame.id = frame.id or None, checkpoint_id
        frame.step, frame.source, frame.created_at = step, source, created_at
        places = sorted(range(len(frame.tasks)), key=lambda place: frame.tasks[place].order)
        writes = [pair for place in places for pair in written.get(place) or frame.tasks[place].recorded_writes]
        frame.unapplied.append((writes, results))
        frame.tasks = self._tasks(checkpoint_id, ns, nexts, 0)
        frame.joined, frame.deferred, frame.halted, frame.metadata = extra
        self.frames[ns] = frame
        return frame

    @staticmethod
    def _tasks(checkpoint_id: str, ns: str, nexts: list[list[Any]], offset: int) -> list[Task]:
        tasks: list[Task] = []
        for place, (name, *arg) in enumerate(nexts, offset):
            index = place if arg else -1
            tasks.append(Task(derive_id(checkpoint_id, ns, name, index), name, arg[0] if arg else NOTHING, index))
        return tasks

    # The tree of frames: whose question is whose.

    def children(self, ns: str, task: Task) -> Iterator[Frame]:
        """Frames of the subgraphs that a task has called."""
        stem = child_namespace(ns, task)
        return (frame for key, frame in self.frames.items() if parent_of(key) == ns and key.startswith(stem))

    def questions(self, ns: str, task: Task) -> Iterator[tuple[str, Task, Question]]:
        """Pending questions of a task and of the subgraphs below it, with the namespace and task that ask."""
        if task.done:
            return
        if task.question is not None:
            yield ns, task, task.question
        for frame in self.children(ns, task):
            for below in frame.tasks:
                yield from self.questions(frame.ns, below)

    def waits(self, ns: str, task: Task) -> bool:
        """Whether running the task now would lead nowhere, because every open end of it waits for an answer."""
        if task.question is not None:
            return True
        frames = [frame for frame in self.children(ns, task) if any(not below.done for below in frame.tasks)]
        return bool(frames) and all(
            below.done or self.waits(frame.ns, below) for frame in frames for below in frame.tasks
        )

    def pending_questions(self, ns: str = "") -> dict[str, tuple[str, Task, Question]]:
        """Every pending question of a frame and those below it, by id, in the order of the tasks."""
        frame = self.frames.get(ns)
        found = (item for task in (frame.tasks if frame else ()) for item in self.questions(ns, task))
        return {question.id: (where, task, question) for where, task, question in found}

    # Snapshots.

    def _snapshot(self) -> bytes:
        frames = [[_frame_plain(frame), [_task_plain(task) for task in frame.tasks]] for frame in self.frames.values()]
        snapshot = self.codec.encode([FORMAT, frames])
        self._bytes, self._snapshot_bytes = 0, max(SNAPSHOT_BYTES, len(snapshot))
        return snapshot

    def _restore(self, snapshot: list[Any]) -> None:
        for plain, tasks in snapshot[1]:
            frame = Frame(**plain, tasks=[_task_restored(task) for task in tasks])
            self.frames[frame.ns] = frame


def child_namespace(ns: str, task: Task) -> str:
    """Return the namespace of a task's subgraph; further calls from the same task get `:1`, `:2`, … after it."""
    return f"{ns}|{task.name}:{task.id}" if ns else f"{task.name}:{task.id}"


def parent_of(ns: str) -> str | None:
    """Return the namespace above; None above the root."""
    return ns.rpartition("|")[0] if ns else None


def is_below(ns: str, above: str) -> bool:
    """Whether one namespace lies anywhere under another."""
    return ns != above and (not above or ns.startswith(f"{above}|"))


def as_interrupt(ns: str, task: Task, question: Question) -> Interrupt:
    """Show a question to the outside."""
    path = tuple(child_namespace(ns, task).split("|"))
    return Interrupt(question.value, question.id, response_schema=question.schema, ns=path)


def _plain_tasks(tasks: list[tuple[str, Any]]) -> list[list[Any]]:
    return [[name] if arg is NOTHING else [name, arg] for name, arg in tasks]


_FRAME_FIELDS: Final = tuple(name for name in Frame.__slots__ if name != "tasks")


def _frame_plain(frame: Frame) -> dict[str, Any]:
    plain = {name: getattr(frame, name) for name in _FRAME_FIELDS}
    plain["unapplied"] = [list(step) for step in frame.unapplied]
    return plain


def _task_plain(task: Task) -> dict[str, Any]:
    fields = {name: _plain(getattr(task, name)) for name in Task.__slots__ if name != "arg"}
    return fields if task.arg is NOTHING else fields | {"arg": task.arg}


def _task_restored(plain: dict[str, Any]) -> Task:
    return Task(**{name: _restored(name, value) for name, value in plain.items()})


def _plain(value: Any) -> Any:
    """Write questions, answers and sends as lists; everything else is state and goes as it is."""
    match value:
        case Question():
            return [value.id, value.digest, value.value, value.schema, value.supersedes]
        case [Answer(), *_]:
            return [[answer.id, answer.digest, answer.value] for answer in value]
        case [(str(), _), *_] if isinstance(value, list):
            return [list(pair) for pair in value]
        case _:
            return value


def _restored(name: str, value: Any) -> Any:
    match name:
        case "question" if value is not None:
            return Question(*value)
        case "answers":
            return [Answer(*answer) for answer in value]
        case _:
            return value


def _written(operation: list[Any]) -> Iterator[tuple[str, Any]]:
    """State keys and values that an operation would store."""
    match operation:
        case ["c", _, _, _, _, _, dict(written), dict(results), list(nexts), *_]:
            yield from (pair for writes in written.values() for pair in writes)
            yield from results.items()
            yield from ((f"input of {name}", arg) for name, *args in nexts for arg in args)
        case ["u", _, list(written), dict(results)]:
            yield from [*written, *results.items()]
        case ["t", _, _, dict(fields)]:
            yield from fields.get("writes") or ()
            yield from ((f"answer {answer[0]}", answer[2]) for answer in fields.get("answers", ()))
            yield from fields.get("kept", {}).items()
