"""What a node may do besides computing: ask a person, keep a result, write to the stream.

A running task has a `TaskContext` in a context variable. `interrupt()` looks there for the answer to this question;
when there is none yet it suspends the task by raising `GraphInterrupt`. Questions and answers are matched by their
place in the task *and* by what was asked: an answer given to one question is never used for another.
"""

import asyncio
import inspect
import logging
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from runtime.engine.answers import problems_of, question_of, received, refusals, storable
from runtime.engine.frames import Answer, Question, Task, child_namespace, shown_place
from runtime.engine.heads import fresh
from runtime.engine.ids import derive_id
from runtime.engine.limits import progress
from runtime.errors import InterruptMismatchError, InvalidAnswerError, InvalidUpdateError, NoRunError
from runtime.types import Command, Interrupt

if TYPE_CHECKING:
    from runtime.engine.run import Run
    from runtime.graph.nodes import Node

Called: TypeAlias = "asyncio.Future[Any] | Future[Any]"
MAX_STRIKES: Final = 3
"""So often in a row may a task ask something else than was answered."""
logger = logging.getLogger(__name__)


class GraphBubbleUp(BaseException):
    """What leaves a node without being an error. Code that catches it raises it again."""


class GraphInterrupt(GraphBubbleUp):
    """Suspends a task. Not an `Exception`, so that a node's or tool's `except Exception` cannot swallow a question."""

    def __init__(self, interrupts: Sequence[Interrupt] = ()) -> None:
        super().__init__(interrupts)
        self.interrupts = tuple(interrupts)


class NodeInterrupt(GraphInterrupt):
    """Pauses a node until the state has changed; no answer reaches it. Deprecated by LangGraph: use `interrupt()`."""

    def __init__(self, value: Any, id: str = "") -> None:  # noqa: A002 - LangGraph's name
        warnings.warn("NodeInterrupt is deprecated: call interrupt() instead", DeprecationWarning, stacklevel=2)
        super().__init__([Interrupt(value, id)])


class ParentCommand(GraphBubbleUp):
    """A node's command for the graph that called its graph: what `Command(graph=Command.PARENT)` does on return."""

    def __init__(self, command: Command[Any]) -> None:
        super().__init__(command)
        self.command = command
        self.arrived = False
        """Whether it has left the graph it was given in."""


class OrphanCommandError(ParentCommand, InvalidUpdateError):
    """A command for the graph above the one that was called, of which there is none."""

    def __str__(self) -> str:
        return f"there is no parent graph for {self.command!r}"


class TaskContext:
    """The running task, as `interrupt()`, `once()` and subgraph calls see it."""

    over = False
    """Whether the node has returned; what it left running must not go on."""
    attempt = 1
    """Number of the present execution in this run: a retry counts, a resume begins again."""
    asked = 0
    """Questions asked so far in this execution."""
    calls = 0
    """Subgraphs called so far in this execution."""
    shown: Sequence[tuple[str, Any]] = ()
    """What it wrote, in the form for readers of streams."""
    cached = False
    """Whether what it wrote was found in a cache."""
    error: Exception | None = None
    """What its node raised for good."""
    paused = False
    """Whether a question of this execution is open, whatever the node makes of that."""

    def __init__(self, run: "Run", ns: str, node: "Node", task: Task, *, inline: bool) -> None:
        self.run = run
        self.ns = ns
        self.node = node
        self.task = task
        self.inline = inline
        """Whether sync code may block the loop: nothing else runs on it."""
        self.answered = len(task.answers)
        """Answers that this execution began with."""
        self.began = time.time()
        self.under_way: set[asyncio.Future[None]] = set()
        """Subgraph calls that have not come to rest."""
        self.begun: list[Called] = []
        """Tasks of the functional API called so far in this execution."""
        self.pushed: list[tuple[str, Any]] = []
        """What it wrote to the state before it returned."""
        self.called: set[str] = set()
        """Keys of the graphs that the node's code has called."""

    def restart(self) -> None:
        """Count from the start again: the node runs from its top once more."""
        self.attempt += 1
        self.asked, self.calls, self.paused = 0, 0, False
        self.begun, self.pushed, self.shown = [], [], ()

    def next_call(self, name: str = "") -> str:
        """Return the namespace of the next graph that the node's code calls; of a call that has a name, its own."""
        progress()
        number, self.calls = self.calls, self.calls + 1
        ns = child_namespace(self.ns, self.task)
        if name:
            return f"{ns}:{number}:{name}"
        return f"{ns}:{number}" if number else ns

    def idempotency_key(self, label: str = "") -> str:
        """Return a key for outside systems that this task has on every execution, and no other."""
        return derive_id("effect", self.run.journal.thread_id, self.task.id, label)

    def emit(self, chunk: Any) -> None:
        """Send a chunk to the readers of the `custom` stream."""
        progress()
        self.run.send(shown_place(self.ns), "custom", chunk)

    def ask(self, value: Any, schema: Any) -> Any:
        """Return the answer to the next question of this task, or suspend it."""
        self._check_asking("interrupt()")
        index, self.asked = self.asked, self.asked + 1
        kept = storable(value)
        digest = self._digest(kept)
        answers = self.task.answers
        if index >= len(answers):
            self._suspend(index, question_of(kept, digest, schema))
        if answers[index].digest != digest:
            self._suspend(index, question_of(kept, digest, schema, self._discard(index)))
        if index == len(answers) - 1:
            self.task.strikes = 0
        return self._received(answers[index], value, schema)

    def pose(self, interrupts: Sequence[Interrupt]) -> None:
        """Show a question that the node raised by hand. It looks again whenever the thread goes on."""
        if len(interrupts) != 1:
            raise InvalidUpdateError(f"node {self.task.name!r} raised {len(interrupts)} questions at once: raise one")
        self._check_asking("a question")
        value = storable(interrupts[0].value)
        question = self._named(self.asked, question_of(value, self._digest(value), interrupts[0].response_schema))
        del self.task.answers[self.asked :]
        self.task.question, self.task.stale = question, True

    def _check_asking(self, caller: str) -> None:
        if self.run.journal.store is None:
            raise NoRunError(f"{caller} needs a checkpointer: compile the graph with one and give a thread_id")
        if self.over:
            self.check_alive(caller)

    def _digest(self, value: Any) -> str:
        """Return a short fingerprint of a question. Raises `CodecError` for one that cannot be stored."""
        return blake2b(self.run.journal.codec.encode(value), digest_size=8).hexdigest()

    def _suspend(self, index: int, question: Question) -> NoReturn:
        """Leave the node with this question pending, unless an earlier one of this execution is."""
        if not (self.paused and self.task.question is not None):
            self.task.question, self.task.stale = self._named(index, question), False
        self.paused = True
        raise GraphInterrupt

    def _named(self, index: int, question: Question) -> Question:
        """Give the question its id: the one it had, if it was asked here before, or else one never used."""
        before = self.task.question
        question.id = derive_id(self.task.id, str(index), str(self.task.superseded))
        if before is not None and (before.id, before.digest) == (question.id, question.digest):
            return before
        if before is not None:
            question.supersedes = before.id
        if question.supersedes is not None:
            self.task.superseded += 1
            question.id = derive_id(self.task.id, str(index), str(self.task.superseded))
        return question

    def _received(self, answer: Answer, value: Any, schema: Any) -> Any:
        try:
            return received(answer.value, value, schema)
        except refusals() as error:
            del self.task.answers[self.task.answers.index(answer) :]
            self.task.question = question_of(storable(value), answer.digest, schema)
            self.task.question.id = answer.id
            self.paused = True
            raise InvalidAnswerError(answer.id, problems_of(error)) from error

    def _discard(self, index: int) -> str:
        """Drop an answer whose question is no longer asked, and those after it."""
        task = self.task
        superseded = task.answers[index].id
        del task.answers[index:]
        task.strikes += 1
        words = f"node {task.name!r} asked something else than was answered"
        if task.strikes >= MAX_STRIKES:
            raise InterruptMismatchError(
                f"{words} {MAX_STRIKES} times in a row; what it asks must follow from the state"
            )
        logger.warning("%s: the answer to %s is not used, the new question is asked", words, superseded)
        return superseded

    def check_alive(self, caller: str) -> None:
        """Refuse to go on for a node that has returned."""
        if self.over:
            raise NoRunError(f"{caller} was called by code that node {self.task.name!r} left running when it returned")

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Mark a subgraph call: the node's code may leave it behind, the task waits for it to come to rest."""
        rested = asyncio.get_running_loop().create_future()
        self.under_way.add(rested)
        try:
            yield
        finally:
            self.under_way.discard(rested)
            rested.set_result(None)

    async def rest(self) -> None:
        """Wait for the subgraph calls that the node's code has left behind."""
        while left := [call for call in self.under_way if call.get_loop() is asyncio.get_running_loop()]:
            await asyncio.wait(left)


current: ContextVar[TaskContext | None] = ContextVar("andon_task", default=None)


def require_context(caller: str) -> TaskContext:
    """Return the running task. Raises `NoRunError` outside a node."""
    context = current.get()
    if context is None:
        raise NoRunError(
            f"{caller} works only inside a node of a running graph; in a thread of your own, copy the context:"
            " contextvars.copy_context().run(...)"
        )
    return context


def interrupt(value: Any = None, *, response_schema: Any = None) -> Any:
    """Ask a person and return the answer.

    The first time, the node stops here and the run returns with the question under `__interrupt__`. Once answered, the
    node runs again from its top and this call returns the answer.

    `value` is what the person gets to see: a string, JSON-like data, or a typed question of `runtime.hitl`.
    `response_schema` is a type or a JSON Schema: the answer must fit it, and a type gives you the validated object.
    """
    return require_context("interrupt()").ask(value, response_schema)


def once(key: str, fn: Callable[..., Any], *args: Any) -> Any:
    """Run `fn(*args)` the first time this task gets here, and return the kept result on every re-execution.

    `key` names the call within the task. For an async `fn`, await what this returns. The result must be storable; it is
    on disk with the task's next durable point: a crash between the effect and that point runs `fn` again, so give
    outside systems `idempotency_key(key)` as well.
    """
    context = require_context("once()")
    if inspect.iscoroutinefunction(fn):
        return _once_async(context, key, fn, args)
    asked, calls = context.asked, context.calls
    if key not in context.task.kept:
        _keep(context, key, fn(*args), asked, calls)
    return _kept(context, key, asked, calls)


async def _once_async(context: TaskContext, key: str, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Any:
    asked, calls = context.asked, context.calls
    if key not in context.task.kept:
        _keep(context, key, await fn(*args), asked, calls)
    return _kept(context, key, asked, calls)


def _keep(context: TaskContext, key: str, result: Any, asked: int, calls: int) -> None:
    """Keep a result, and how many questions and subgraph calls it took."""
    kept = [result, context.asked - asked, context.calls - calls]
    context.run.journal.keep(context.ns, context.task, key, kept)


def _kept(context: TaskContext, key: str, asked: int, calls: int) -> Any:
    """Return a kept result. What it asked and called keeps its place among the questions and calls of the task."""
    result, questions, subgraphs = context.task.kept[key]
    context.asked, context.calls = asked + questions, calls + subgraphs
    return fresh(result)


def idempotency_key(label: str = "") -> str:
    """Return a key that is the same on every execution of this task and no other: 32 hex characters.

    Hand it to outside systems (payments, mail, deploys) so that a node that died before its commit, and runs again from
    its top with the same answer, has its effect there only once. `label` tells several effects of one task apart.
    """
    return require_context("idempotency_key()").idempotency_key(label)


def get_stream_writer() -> Callable[[Any], None]:
    """Return a function that sends its argument to readers of the `custom` stream."""
    return require_context("get_stream_writer()").emit
