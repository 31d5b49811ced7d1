"""What a node may do besides computing: ask a person, keep a result, write to the stream.

A running task has a `TaskContext` in a context variable. `interrupt()` looks there for the answer to this question; when
there is none yet it suspends the task by raising `GraphInterrupt`. Questions and answers are matched by their place in
the task *and* by what was asked: an answer given to one question is never used for another.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from warnings import warn

from runtime.errors import InterruptMismatchError, InvalidAnswerError, NoRunError
from runtime.journal import Answer, Question, Task, derive_id

if TYPE_CHECKING:
    from runtime.engine import Run
    from runtime.types import Interrupt

MAX_STRIKES: Final = 3
"""So often in a row may a task ask something else than was answered."""


class GraphInterrupt(BaseException):  # noqa: N818 - control flow, not an error; LangGraph's name
    """Suspends a task. Not an `Exception`, so that a node's or tool's `except Exception` cannot swallow a question."""

    def __init__(self, interrupts: "tuple[Interrupt, ...]" = ()) -> None:
        super().__init__(interrupts)
        self.interrupts = interrupts


class TaskContext:
    """The running task, as `interrupt()`, `once()` and subgraph calls see it."""

    __slots__ = ("asked", "calls", "emit", "ns", "over", "run", "task")

    def __init__(self, run: "Run", ns: str, task: Task, emit: Callable[[Any], None]) -> None:
        self.run = run
        self.ns = ns
        self.task = task
        self.emit = emit
        self.asked = 0
        """Questions asked so far in this execution."""
        self.calls = 0
        """Subgraphs called so far in this execution."""
        self.over = False
        """Whether the node has returned; what it left running must not go on."""

    def ask(self, value: Any, schema: Any) -> Any:
        """Return the answer to the next question of this task, or suspend it."""
        if self.run.journal.store is None:
            raise NoRunError("interrupt() needs a checkpointer: compile the graph with one and give a thread_id")
        index, self.asked = self.asked, self.asked + 1
        digest = self.run.digest(value)
        supersedes = None
        if index < len(self.task.answers):
            answer = self.task.answers[index]
            if answer.digest == digest:
                return self._received(answer, value, schema)
            supersedes = self._discard(index)
        key = (self.task.id, index, digest) if supersedes else (self.task.id, index)
        self.suspend(Question(derive_id(*key), digest, value, _json_schema(schema), supersedes))

    def suspend(self, question: Question) -> None:
        """Leave the node with this question pending."""
        self.task.question = question
        raise GraphInterrupt

    def _received(self, answer: Answer, value: Any, schema: Any) -> Any:
        try:
            return _validated(answer.value, value, schema)
        except _validation_errors() as error:
            index = self.task.answers.index(answer)
            del self.task.answers[index:]
            self.task.question = Question(answer.id, answer.digest, value, _json_schema(schema))
            raise InvalidAnswerError(answer.id, _problems(error)) from error

    def _discard(self, index: int) -> str:
        """Drop an answer whose question is no longer asked, and those after it."""
        superseded = self.task.answers[index].id
        del self.task.answers[index:]
        self.task.strikes += 1
        if self.task.strikes >= MAX_STRIKES:
            raise InterruptMismatchError(
                f"node {self.task.name!r} asked something else than was answered {MAX_STRIKES} times in a row; what it asks"
                " must follow from the state alone"
            )
        warn(
            f"node {self.task.name!r} asks something else than was answered; the answer is not used and it asks anew",
            stacklevel=4,
        )
        return superseded


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


def interrupt(value: Any, *, response_schema: Any = None) -> Any:
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
    on disk with the task's next durable point: a crash between the effect and that point runs `fn` again, so give outside
    systems `idempotency_key(key)` as well.
    """
    context = require_context("once()")
    if inspect.iscoroutinefunction(fn):
        return _once_async(context, key, fn, args)
    if key not in context.task.kept:
        _keep(context, key, fn(*args))
    return context.task.kept[key]


async def _once_async(context: TaskContext, key: str, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Any:
    if key not in context.task.kept:
        _keep(context, key, await fn(*args))
    return context.task.kept[key]


def _keep(context: TaskContext, key: str, result: Any) -> None:
    context.task.kept[key] = result
    context.run.journal.change(context.ns, context.task, "kept")


def idempotency_key(label: str = "") -> str:
    """Return a key that is the same on every execution of this task and no other: 32 hex characters.

    Hand it to outside systems (payments, mail, deploys) so that a node that died before its commit, and runs again from
    its top with the same answer, has its effect there only once. `label` tells several effects of one task apart.
    """
    return derive_id("effect", require_context("idempotency_key()").task.id, label)


def get_stream_writer() -> Callable[[Any], None]:
    """Return a function that sends its argument to readers of the `custom` stream."""
    return require_context("get_stream_writer()").emit


def _json_schema(schema: Any) -> dict[str, Any] | None:
    if schema is None or isinstance(schema, dict):
        return schema
    from pydantic import TypeAdapter  # noqa: PLC0415 - only for questions that have a type

    return TypeAdapter(schema).json_schema()


def _validated(answer: Any, value: Any, schema: Any) -> Any:
    receive = getattr(value, "receive", None)
    if schema is None:
        return receive(answer) if callable(receive) else answer
    if isinstance(schema, dict):
        import jsonschema  # noqa: PLC0415 - only for questions that have a schema

        jsonschema.validate(answer, schema)
        return answer
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(schema).validate_python(answer)


def _validation_errors() -> tuple[type[Exception], ...]:
    import jsonschema  # noqa: PLC0415 - looked up only when something was raised
    import pydantic  # noqa: PLC0415

    return (pydantic.ValidationError, jsonschema.ValidationError)


def _problems(error: Exception) -> dict[str, str]:
    """Say by field what is wrong."""
    details = getattr(error, "errors", None)
    if callable(details):
        return {".".join(map(str, problem["loc"])): problem["msg"] for problem in details()}
    return {".".join(map(str, getattr(error, "absolute_path", ()))): getattr(error, "message", str(error))}
