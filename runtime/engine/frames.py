"""What a thread is made of: frames that hold tasks that hold questions, answers and results.

Plain data. The journal changes it, the engine runs it, `records` says what of it lies in the log. What `heads` keeps is
lent to the runs that want it, and nobody changes what is lent: who wants to puts a twin of the task in its place.
"""

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Final, TypeAlias

from runtime.engine.heads import fresh
from runtime.graph.state import MISSING, Channel, Values, Writes, merge, starts
from runtime.types import NOTHING, Interrupt, Send, TimeoutPolicy


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
    timeout: TimeoutPolicy | None = None
    """In the place of its node's, of a task made by `Send`; in seconds."""
    lent: bool = field(default=False, compare=False)
    """Whether somebody else has this task too."""

    @property
    def done(self) -> bool:
        """Whether it finished and need never run again."""
        return self.writes is not None

    def written(self) -> Writes:
        """Return what it wrote, for others to keep; nothing until it is done."""
        if self.lent and self.writes:
            return [(name, fresh(value)) for name, value in self.writes]
        return self.writes or ()

    @property
    def scheduled(self) -> "Scheduled":
        """Return what makes such a task, with nothing done."""
        return (self.name, self.arg) if self.timeout is None else (self.name, self.arg, self.timeout)

    @property
    def path(self) -> tuple[Any, ...]:
        """Where it stands in its step, in LangGraph's form."""
        return ("__pregel_pull", self.name) if self.index < 0 else ("__pregel_push", self.index, False)


_ORDER: Final = attrgetter("index", "name")
"""Writes of one step are merged in this order, whoever finished first."""


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
    places: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Where tasks are, by id; not kept up to date, but looked after when one is not there."""

    def attach(self, channels: Mapping[str, Channel]) -> None:
        """Merge what the log brought. Keys the graph no longer has keep the value they had."""
        if not self.unapplied:
            return
        self.values = starts(channels) | self.values
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
        return sorted(done, key=_ORDER) if len(done) > 1 else done

    def written(self) -> list[tuple[str, Any]]:
        """Return what finished tasks of the open step wrote, in the order it is merged."""
        return [pair for task in self.finished() for pair in task.written()]

    def live_values(self, channels: Mapping[str, Channel]) -> Values:
        """Return the state with what finished tasks of the open step wrote in it."""
        self.attach(channels)
        done = self.finished() if self.tasks else ()
        return merge(channels, self.values, [pair for task in done for pair in task.written()]) if done else self.values

    def lend(self) -> "Frame":
        """Return an equal frame that shares nothing with this one but tasks that are lent."""
        for task in self.tasks:
            task.lent = True
        return Frame(**{name: fresh(getattr(self, name)) for name in FRAME_FIELDS}, tasks=self.tasks[:])

    def own(self, task: Task) -> Task:
        """Return a task that may be changed and shown, in the place of this one."""
        if not task.lent:
            return task
        twin = self.tasks[self._place_of(task.id)] = _twin(task)
        return twin

    def own_by_id(self, task_id: str) -> Task:
        """Do that to the task with this id."""
        return self.own(self.tasks[self._place_of(task_id)])

    def _place_of(self, task_id: str) -> int:
        place = self.places.get(task_id, 0)
        if place >= len(self.tasks) or self.tasks[place].id != task_id:
            self.places = {task.id: place for place, task in enumerate(self.tasks)}
            place = self.places[task_id]
        return place

    def own_all(self) -> None:
        """Do that to every task."""
        self.tasks = [_twin(task) if task.lent else task for task in self.tasks]


FRAME_FIELDS: Final = tuple(name for name in Frame.__slots__ if name not in {"tasks", "places"})


def _twin(task: Task) -> Task:
    """Return an equal task that shares nothing that can be changed."""
    twin = copy(task)
    twin.lent = False
    twin.arg = task.arg if task.arg is NOTHING else fresh(task.arg)
    twin.answers = [Answer(answer.id, answer.digest, fresh(answer.value)) for answer in task.answers]
    twin.question = task.question and replace(task.question, value=fresh(task.question.value))
    twin.kept, twin.writes, twin.routes = fresh(task.kept), fresh(task.writes), fresh(task.routes)
    return twin


Scheduled: TypeAlias = tuple[str, Any] | tuple[str, Any, TimeoutPolicy | None]
"""Node name, argument (`NOTHING` for a node that reads the state), and the timeout of a `Send` that has one."""


def as_scheduled(send: Send) -> Scheduled:
    """Return the task that a `Send` asks for."""
    if send.timeout is None:
        return send.node, send.arg
    return send.node, send.arg, TimeoutPolicy.coerce(send.timeout)


@dataclass(slots=True, kw_only=True)
class Next:
    """What follows a step."""

    tasks: list[Scheduled]
    joined: dict[str, list[str]] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    halted: bool = False


# Namespaces: the path of tasks from the root graph to a subgraph.

MEMORY: Final = "="
"""Begins the namespaces of frames that keep a subgraph's state between its calls."""


def child_namespace(ns: str, task: Task) -> str:
    """Return the namespace of a task's subgraph; further calls from the same task get `:1`, `:2`, … after it."""
    return f"{ns}|{task.name}:{task.id}" if ns else f"{task.name}:{task.id}"


def parent_of(ns: str) -> str | None:
    """Return the namespace above; None above the root."""
    return ns.rpartition("|")[0] if ns else None


def is_call_of_task(ns: str) -> bool:
    """Whether a task of the functional API runs there: nobody looks into it."""
    return ns.rpartition("|")[2].count(":") > 2


def number_of_call(ns: str) -> int:
    """Return which of its task's calls a frame is, from 0."""
    _, _, *numbered = ns.rpartition("|")[2].split(":")
    return int(numbered[0]) if numbered else 0


def shown_place(ns: str) -> str:
    """Return where readers see what happens in a frame: of a task, in the workflow that calls it."""
    while is_call_of_task(ns):
        ns = parent_of(ns) or ""
    return ns


def without_ids(ns: str) -> str:
    """Return a namespace with the names of its nodes alone."""
    return re.sub(r":[^|]*", "", ns)


def memory_of(ns: str, name: str) -> str:
    """Return where a subgraph of this name keeps its state: for the first call of a task there, the second, …"""
    number = number_of_call(ns)
    return f"{MEMORY}{without_ids(ns)}/{name}{f':{number}' if number else ''}"


def keeps_below(memory: str, ns: str) -> bool:
    """Whether a subgraph that keeps its state there is called from a graph at `ns`, or from one below."""
    return not ns or memory.startswith(f"{MEMORY}{without_ids(ns)}|")


def is_below(ns: str, above: str) -> bool:
    """Whether one namespace lies anywhere under another; what is kept between calls lies nowhere."""
    return ns != above and (ns.startswith(f"{above}|") if above else not ns.startswith(MEMORY))


def task_above(ns: str, above: str) -> str:
    """Return the id of the task of one graph below which another lies."""
    return ns[len(above) :].removeprefix("|").partition("|")[0].split(":")[1]


def as_interrupt(ns: str, task: Task, question: Question) -> Interrupt:
    """Show a question to the outside."""
    path = tuple(child_namespace(ns, task).split("|"))
    value, schema = fresh(question.value), question.schema and fresh(question.schema)
    return Interrupt(value, question.id, response_schema=schema, ns=path, supersedes=question.supersedes)
