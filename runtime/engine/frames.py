"""What a thread is made of: frames that hold tasks that hold questions, answers and results.

Plain data. The journal changes it, the engine runs it, and the functions at the end say what of it lies in the log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.engine.heads import fresh
from runtime.graph.state import MISSING, Channel, Values, Writes, merge
from runtime.messages import Conversation
from runtime.types import NOTHING, START, Interrupt


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
    """Id of the question that stood here before the task changed its mind."""
    typed: bool = False
    """Whether the schema was made from a type, which may take more than the schema says: only the node can check."""


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
    stale: bool = False
    """Whether the state has changed since the question was asked, so that the task must look again."""
    superseded: int = 0
    """How many of its questions were replaced by others."""
    strikes: int = 0
    """How often in a row it asked something else than was answered."""
    error: str | None = None
    """Of a task that is done: its error handler takes over, on the routes of the task alone."""
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
    ran: list[str] = field(default_factory=list)
    """Nodes of the step that led here."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the caller of the run wanted noted, from `config["metadata"]`."""
    values: Values = field(default_factory=dict)
    unapplied: list[tuple[Writes, Values]] = field(default_factory=list)
    """Steps that were recorded and not merged yet: only the frame's own graph knows how."""

    def attach(self, channels: Mapping[str, Channel]) -> None:
        """Merge what the log brought. Keys the graph no longer has keep the value they had."""
        if not self.unapplied:
            return
        starts = {name: channel.empty() for name, channel in channels.items() if channel.empty is not None}
        self.values = starts | self.values
        written: dict[str, list[Any]] = {}
        for writes, results in self.unapplied:
            for name, value in writes:
                if name in channels and channels[name].replayable:
                    written.setdefault(name, []).append(value)
            for name in results:
                written.pop(name, None)
            self.values |= results
        for name, values in written.items():
            self.values[name] = channels[name].fold(self.values.get(name, MISSING), values)
        self.unapplied.clear()

    @property
    def over(self) -> bool:
        """Whether all tasks are done."""
        for task in self.tasks:  # noqa: SIM110 - asked several times a step, and `all()` takes three times as long
            if task.writes is None:
                return False
        return True

    def finished(self) -> list[Task]:
        """Return the tasks that are done, in the order their writes are merged."""
        done = [task for task in self.tasks if task.writes is not None]
        return sorted(done, key=lambda task: task.order) if len(done) > 1 else done

    def live_values(self, channels: Mapping[str, Channel]) -> Values:
        """Return the state with what finished tasks of the open step wrote in it."""
        self.attach(channels)
        return merge(channels, self.values, [pair for task in self.finished() for pair in task.writes or ()])


@dataclass(slots=True, kw_only=True)
class Next:
    """What follows a step."""

    tasks: list[tuple[str, Any]]
    """Node name and argument (`NOTHING` for a node that reads the state)."""
    joined: dict[str, list[str]] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    halted: bool = False


# Namespaces: the path of tasks from the root graph to a subgraph.


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
    return Interrupt(
        question.value, question.id, response_schema=question.schema, ns=path, supersedes=question.supersedes
    )


# In the log, all of this is lists and dicts of the user's values.

_FRAME_FIELDS: Final = tuple(name for name in Frame.__slots__ if name != "tasks")


def plain_frame(frame: Frame) -> list[Any]:
    """Take a frame apart; `restored_frame` puts it together."""
    fields = {name: getattr(frame, name) for name in _FRAME_FIELDS}
    fields["values"] = plain_values(frame.values)
    fields["unapplied"] = [list(step) for step in frame.unapplied]
    return [fields, [_plain_task(task) for task in frame.tasks]]


def twin(frame: Frame) -> Frame:
    """Return an equal frame that shares nothing that can be changed."""
    fields = {name: fresh(getattr(frame, name)) for name in _FRAME_FIELDS}
    return Frame(**fields, tasks=[_task_twin(task) for task in frame.tasks])


def _task_twin(task: Task) -> Task:
    asked = task.question
    return Task(
        task.id,
        task.name,
        task.arg if task.arg is NOTHING else fresh(task.arg),
        task.index,
        [Answer(answer.id, answer.digest, fresh(answer.value)) for answer in task.answers],
        asked
        and Question(asked.id, asked.digest, fresh(asked.value), fresh(asked.schema), asked.supersedes, asked.typed),
        task.stale,
        task.superseded,
        task.strikes,
        task.error,
        fresh(task.kept),
        fresh(task.writes),
        fresh(task.routes),
        task.recorded,
    )


def restored_frame(plain: list[Any]) -> Frame:
    """Put a frame together."""
    fields, tasks = plain
    return Frame(**fields, tasks=[Task(**{k: restored(k, v) for k, v in task.items()}) for task in tasks])


def _plain_task(task: Task) -> dict[str, Any]:
    fields = {name: plain(getattr(task, name)) for name in Task.__slots__ if name != "arg"}
    return fields if task.arg is NOTHING else fields | {"arg": task.arg}


def plain(value: Any) -> Any:
    """Write questions, answers and pairs as lists; everything else is state and goes as it is."""
    if isinstance(value, Question):
        return [value.id, value.digest, value.value, value.schema, value.supersedes, value.typed]
    if type(value) is not list or not value:
        return value
    match value[0]:
        case Answer():
            return [[answer.id, answer.digest, answer.value] for answer in value]
        case (str(), _):
            return [list(pair) for pair in value]
        case _:
            return value


def restored(name: str, value: Any) -> Any:
    """Undo `plain` for the field of a task with this name."""
    match name:
        case "question" if value is not None:
            return Question(*value)
        case "answers":
            return [Answer(*answer) for answer in value]
        case _:
            return value


def plain_values(values: Mapping[str, Any]) -> Values:
    """Write a state as the codec takes it."""
    return {name: value[:] if type(value) is Conversation else value for name, value in values.items()}


def plain_tasks(tasks: list[tuple[str, Any]]) -> list[list[Any]]:
    """Write what is to run next; the place tells the task's id."""
    return [[name] if arg is NOTHING else [name, arg] for name, arg in tasks]


def written_by(operation: list[Any]) -> Iterator[tuple[str, Any]]:
    """State keys and values that a recorded operation would store."""
    match operation:
        case ["c", _, _, _, _, _, written, dict(results), list(nexts), *_]:
            yield from (pair for _, writes in written for pair in writes)
            yield from results.items()
            yield from (pair for name, *args in nexts if name == START for arg in args for pair in arg.items())
            yield from ((f"input of {name}", arg) for name, *args in nexts for arg in args)
        case ["b", _, _, _, _, _, _, dict(values), *_]:
            yield from values.items()
        case ["u", _, list(written), dict(results)]:
            yield from [*written, *results.items()]
        case ["t", _, _, dict(fields)]:
            yield from fields.get("writes") or ()
            yield from ((f"answer {answer[0]}", answer[2]) for answer in fields.get("answers", ()))
        case ["k", _, _, str(key), result]:
            yield key, result
        case _:
            return
