"""Taking the input of a call: a new turn, a command, or nothing. Everything is checked before anything is changed."""

import logging
from typing import TYPE_CHECKING, Any, Final

from runtime.engine.answers import addressed, check
from runtime.engine.frames import Answer, Frame, Next, Question, as_interrupt, as_scheduled
from runtime.engine.journal import Journal
from runtime.engine.plan import targets_of
from runtime.engine.run import Run
from runtime.errors import EmptyInputError, InvalidUpdateError, PendingInterruptError
from runtime.graph.state import Values, merge, starts
from runtime.streams.events import checkpoint_reached
from runtime.types import END, NOTHING, START, Command, Interrupt, OnPending, Send

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph

ABANDONED: Final = "__abandoned__"
"""Key of the questions that new input gave up, in the `updates` stream."""
logger = logging.getLogger(__name__)


def take(graph: "CompiledGraph", run: Run, given: Any, on_pending: OnPending) -> None:
    """Apply the input to the journal. Raises before anything is changed."""
    frame = run.journal.frames.get("")
    if given is not None and not isinstance(given, Command):
        _begin(graph, run, given, on_pending)
        return
    for task in frame.tasks if frame else ():
        graph.nodes[task.name]  # or say which one is missing
    for stopped in run.journal.frames.values():
        stopped.halted = True  # who goes on has seen where it stands, also when the state was written by hand since
    if isinstance(given, Command):
        frame = _obey(graph, run.journal, frame, given)
    if frame is None:
        raise EmptyInputError("this thread does not exist yet: give an input to start it")
    if run.modes:
        frame.attach(graph.channels)
        run.send("", "values", graph.shown_values(frame.values))
        checkpoint_reached(run, graph, frame)


def interrupts(journal: Journal) -> tuple[Interrupt, ...]:
    """Return the pending questions of a thread."""
    return tuple([as_interrupt(*item) for item in journal.pending_questions().values()])


def _begin(graph: "CompiledGraph", run: Run, given: Any, on_pending: OnPending) -> None:
    """Start a turn with new input; questions that are still open are given up, and said to be."""
    writes = graph.checked_writes(graph.taken(given, "the input"), "the input", graph.input)
    pending = interrupts(run.journal) if run.journal.frames else ()
    if pending and on_pending == "refuse":
        raise PendingInterruptError([interrupt.id for interrupt in pending])
    enter(graph, run, "", dict(writes), _finished_results(graph, run))
    if pending:
        logger.warning("new input abandons open questions: %s", ", ".join(interrupt.id for interrupt in pending))
        run.send("", "updates", {ABANDONED: pending})


def enter(graph: "CompiledGraph", run: Run, ns: str, given: Values, left: Values) -> None:
    """Let a graph begin with its input; `left`: what its step that is left behind made of keys kept as results.

    Taking in the input is a step of its own for a router, for who looks, and for who wants each step saved. Else it
    shares its record with the step that follows.
    """
    journal = run.journal
    if graph.nodes[START].branches or run.modes or run.durability == "sync":
        checkpoint_reached(run, graph, journal.checkpoint(ns, "input", Next(tasks=[(START, given)]), results=left))
        return
    frame = journal.frames.get(ns)
    if frame is not None:
        frame.unapplied.append(((), {}))  # keys that it does not have yet begin with their empty value
    known = starts(graph.channels) if frame is None else frame.live_values(graph.channels)
    writes = list(given.items())
    values = merge(graph.channels, known, writes)
    journal.begin(ns, given, [left, graph.results(values, writes)], graph.entry, values)


def _finished_results(graph: "CompiledGraph", run: Run) -> Values:
    """What the finished tasks of the step that is left behind made of the keys that are kept as results."""
    frame = run.journal.frames.get("")
    if frame is None:
        return {}
    return graph.results(frame.live_values(graph.channels), frame.written())


def _obey(graph: "CompiledGraph", journal: Journal, frame: Frame | None, command: Command[Any]) -> Frame:
    if command.graph == Command.PARENT:
        raise InvalidUpdateError("there is no parent graph")
    pending, where = journal.pending_questions(), "the command's update"
    answers = addressed(command.resume, pending)
    if frame is None or (command.update is None and not command.goto and not answers):
        raise EmptyInputError("this command has nothing to do: no resume, no update, no goto, or no such thread")
    targets = graph.checked_targets(START, targets_of(command.goto)) if command.goto else []
    writes = graph.checked_writes(graph.updated(command.update, where), where) if command.update is not None else []
    for question_id, answer in answers.items():
        check(pending[question_id][2], answer)
    if writes:
        _update(graph, journal, frame, writes)
    if targets:
        _go(journal, frame, targets)
    for question_id, answer in answers.items():
        ns, task, question = pending[question_id]
        _answer(journal, ns, task.id, question, answer)
    return frame


def _update(graph: "CompiledGraph", journal: Journal, frame: Frame, writes: list[tuple[str, Any]]) -> None:
    """Change the state where the thread stands; tasks that run again see it, and those that asked look again."""
    frame.attach(graph.channels)
    values = merge(graph.channels, frame.values, writes)
    journal.update(frame.ns, graph.replayable(writes), graph.results(values, writes))
    for task in frame.tasks:
        if task.question is not None and not task.done:
            mine = frame.own(task)
            mine.stale = True
            journal.change(frame.ns, mine, "stale")


def _go(journal: Journal, frame: Frame, targets: list[Any]) -> None:
    """Add the targets of a `goto` to the present step; a node that is in it and not done is not entered twice."""
    there = {task.name for task in frame.tasks if task.arg is NOTHING and not task.done}
    sends = [as_scheduled(target) for target in targets if isinstance(target, Send)]
    names = dict.fromkeys(target for target in targets if not isinstance(target, Send) and target != END)
    if tasks := [*((name, NOTHING) for name in names if name not in there), *sends]:
        journal.add("", tasks)


def _answer(journal: Journal, ns: str, task_id: str, question: Question, answer: Any) -> None:
    task = journal.frames[ns].own_by_id(task_id)
    task.answers.append(Answer(question.id, question.digest, answer))
    task.question, task.stale = None, False
    journal.change(ns, task, "answers", "question", "stale")
