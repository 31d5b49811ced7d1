"""Everything the runtime raises on purpose.

    AndonError
    ├── GraphError                    the graph itself is wrong
    │   ├── InvalidGraphError         at build or compile time (also a ValueError)
    │   ├── InvalidUpdateError        a node's result does not fit the state or names an unknown target
    │   │   └── UnknownMessageError   a message is to be removed that is not there (also a ValueError)
    │   └── GraphRecursionError       more supersteps than `recursion_limit` (also a RecursionError)
    ├── RunError                      this call cannot be carried out
    │   ├── EmptyInputError           nothing to run
    │   ├── UnknownInterruptError     the answer fits no pending question (also a RuntimeError)
    │   ├── InvalidAnswerError        the answer does not fit the question's schema
    │   ├── InterruptMismatchError    a node keeps asking something else than was answered
    │   ├── PendingInterruptError     new input while a question is open, and the caller said to refuse
    │   ├── GraphDrained              the run was asked to stop after a step, and did (`RunControl`)
    │   ├── NoRunError                `interrupt()` and friends outside a run
    │   └── ThreadBusyError           somebody else is running this thread
    │       └── LeaseLostError        somebody else may be: this process could not renew its lease in time
    ├── NodeTimeoutError              an async node took longer than its `timeout`
    ├── NodeCancelledError            a node raised `asyncio.CancelledError` although nobody had cancelled it
    └── StoreError                    the database
        ├── StaleHeadError            another writer was first
        └── CodecError                a value that cannot be kept, or bytes that cannot be read

Suspension is not an error: `GraphInterrupt` derives from BaseException so that no `except Exception` can swallow it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


class AndonError(Exception):
    """Base of all errors of the runtime."""


class GraphError(AndonError):
    """The graph is not what it should be."""


class InvalidGraphError(GraphError, ValueError):
    """A mistake in the graph's structure, found while it is built or compiled."""


class InvalidUpdateError(GraphError):
    """What a node returned cannot be applied to the state, or it names a node that does not exist."""


class UnknownMessageError(InvalidUpdateError, ValueError):
    """A message is to be removed that is not there."""

    def __init__(self, message_id: str) -> None:
        super().__init__(message_id)
        self.message_id = message_id

    def __str__(self) -> str:
        return f"there is no message with id {self.message_id!r} to remove"


class GraphRecursionError(GraphError, RecursionError):
    """The run took more supersteps than allowed; the thread can be continued with `None`."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"no end after {self.limit} supersteps; raise config['recursion_limit'] or check the graph for a loop"


class RunError(AndonError):
    """This call cannot be carried out; nothing was changed."""


class EmptyInputError(RunError):
    """There is no input and nothing to continue."""


class UnknownInterruptError(RunError, RuntimeError):
    """An answer that belongs to no pending question."""

    def __init__(self, reason: str, interrupt_ids: Sequence[str], pending_ids: Sequence[str]) -> None:
        super().__init__(reason, tuple(interrupt_ids), tuple(pending_ids))
        self.reason = reason
        """One of `not_pending`, `empty_map`, `ambiguous`, `nothing_pending`."""
        self.interrupt_ids = tuple(interrupt_ids)
        """The ids the answer named."""
        self.pending_ids = tuple(pending_ids)
        """The ids that could be answered now."""

    def __str__(self) -> str:
        pending = ", ".join(self.pending_ids) or "none"
        match self.reason:
            case "ambiguous":
                return f"several questions are pending ({pending}): answer with a map from interrupt id to answer"
            case "empty_map":
                return f"an empty map answers nothing; pending: {pending}"
            case "nothing_pending":
                return "no question is pending on this thread"
            case _:
                return f"not pending: {', '.join(self.interrupt_ids)}; pending: {pending}"


class InvalidAnswerError(RunError):
    """An answer that does not fit the schema of its question; the question stays open."""

    def __init__(self, interrupt_id: str, problems: Mapping[str, str]) -> None:
        super().__init__(interrupt_id, dict(problems))
        self.interrupt_id = interrupt_id
        self.problems = dict(problems)
        """From field (dotted path, empty for the whole answer) to what is wrong with it."""

    def __str__(self) -> str:
        words = "; ".join(f"{field}: {problem}" if field else problem for field, problem in self.problems.items())
        return f"the answer to {self.interrupt_id} does not fit: {words}"


def is_invalid_resume(error: BaseException) -> bool:
    """Whether an answer was refused because it does not fit the schema of its question."""
    return isinstance(error, InvalidAnswerError)


class InterruptMismatchError(RunError):
    """A node asked something else than what was answered, several times in a row."""


class PendingInterruptError(RunError):
    """New input arrived while questions are open and `on_pending="refuse"` was asked for."""

    def __init__(self, interrupt_ids: Sequence[str]) -> None:
        super().__init__(tuple(interrupt_ids))
        self.interrupt_ids = tuple(interrupt_ids)

    def __str__(self) -> str:
        return f"answer or abandon the open questions first: {', '.join(self.interrupt_ids)}"


class GraphDrained(RunError):  # noqa: N818 - LangGraph's name
    """The run was asked to stop, and stopped between two steps; the thread goes on with `None`."""

    def __init__(self, reason: str = "shutdown") -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the run was asked to stop ({self.reason}); it goes on with None as input"


class NoRunError(RunError, RuntimeError):
    """`interrupt()`, `once()` and the like work only inside a node of a running graph."""


class ThreadBusyError(RunError):
    """Another run of the same thread is under way."""

    def __init__(self, thread_id: str) -> None:
        super().__init__(thread_id)
        self.thread_id = thread_id

    def __str__(self) -> str:
        return f"thread {self.thread_id!r} is being run by somebody else; try again when that run has paused"


class LeaseLostError(ThreadBusyError):
    """This process had the thread but could not renew its lease in time; whoever takes over goes on."""

    def __str__(self) -> str:
        return f"thread {self.thread_id!r} may be run by another process now; what is stored decides"


class NodeTimeoutError(AndonError):
    """An async node took longer than its `timeout`, and was cancelled; a retry policy may try it again.

    Times are in seconds; `run_timeout` and `idle_timeout` are what was configured, `timeout` is the one that passed.
    """

    def __init__(
        self,
        node: str,
        elapsed: float,
        *,
        kind: Literal["run", "idle"],
        idle_timeout: float | None = None,
        run_timeout: float | None = None,
    ) -> None:
        super().__init__(node, elapsed)
        self.node, self.elapsed, self.kind = node, elapsed, kind
        self.idle_timeout, self.run_timeout = idle_timeout, run_timeout
        passed = idle_timeout if kind == "idle" else run_timeout
        if passed is None:
            raise ValueError(f"{kind}_timeout says what took too long: give it")
        self.timeout = passed

    def __str__(self) -> str:
        did = "showed no sign of life for" if self.kind == "idle" else "took longer than its timeout of"
        return f"node {self.node!r} {did} {self.timeout:g} s ({self.elapsed:.3f} s)"


class NodeCancelledError(AndonError):
    """A node raised `asyncio.CancelledError` although nobody had cancelled it: a failure, not the end of the run."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node

    def __str__(self) -> str:
        return f"node {self.node!r} raised asyncio.CancelledError, and nobody had cancelled it"


@dataclass(frozen=True, slots=True)
class NodeError:
    """What an `error_handler` gets: not an exception, but which node failed with which."""

    node: str
    error: Exception
    """In another process than the one it happened in: a `RuntimeError` with its text."""


class StoreError(AndonError):
    """The database refused or failed."""


class StaleHeadError(StoreError):
    """Another writer already appended this entry of the thread."""

    def __init__(self, thread_id: str, expected: int) -> None:
        super().__init__(thread_id, expected)
        self.thread_id, self.expected = thread_id, expected

    def __str__(self) -> str:
        return f"thread {self.thread_id!r} has moved on from entry {self.expected}; load it again"


class CodecError(StoreError):
    """A value that cannot be stored, or stored bytes that cannot be read.

    `path` says where in the value, for example `messages[3].metadata.when`.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}" if self.path else self.problem
