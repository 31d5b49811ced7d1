"""What a node knows of the run it is part of, and what may be said to a run from outside. Shapes are LangGraph's."""

import dataclasses
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from runtime.errors import NoRunError

ContextT = TypeVar("ContextT")


@dataclasses.dataclass(frozen=True, slots=True)
class ExecutionInfo:
    """Which execution of which task this is."""

    checkpoint_id: str
    checkpoint_ns: str
    """Path of tasks from the root graph to this one."""
    task_id: str
    thread_id: str | None = None
    """None without a checkpointer."""
    run_id: str | None = None
    """What the caller gave as `config["run_id"]`."""
    node_attempt: int = 1
    """From 1; more when a retry policy tries again."""
    node_first_attempt_time: float | None = None
    """Seconds since the epoch."""
    idempotency_key: str = ""
    """The same on every execution of this task, whatever process runs it: what `idempotency_key()` returns."""

    def patch(self, **changes: Any) -> "ExecutionInfo":
        """Return the same with other values."""
        return dataclasses.replace(self, **changes)


NO_EXECUTION: Final = ExecutionInfo(checkpoint_id="", checkpoint_ns="", task_id="")


class RunControl:
    """Lets somebody outside ask a call to stop where it can go on later: `invoke(…, control=control)`.

    Once asked, the call finishes the step it is in and raises `GraphDrained`; the thread goes on with `None`. One for
    each call. From any thread.
    """

    def __init__(self) -> None:
        self.drain_reason: str | None = None
        """None until somebody asks."""

    def request_drain(self, reason: str = "shutdown") -> None:
        """Ask the call to stop after the step it is in."""
        self.drain_reason = reason

    @property
    def drain_requested(self) -> bool:
        """Whether somebody has asked."""
        return self.drain_reason is not None


def no_heartbeat() -> None:
    """Nobody looks after how long this attempt takes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runtime(Generic[ContextT]):
    """What a node gets besides its state when it has a parameter named `runtime`; tests of nodes may make their own."""

    context: ContextT = None  # type: ignore[assignment]  # as in LangGraph, for graphs without a context
    """What the caller passed as `context=`; not stored, so each call that resumes a thread passes it again."""
    stream_writer: Callable[[Any], None] = lambda _: None
    """Sends its argument to readers of the `custom` stream."""
    heartbeat: Callable[[], None] = no_heartbeat
    """Says that the node still makes headway, where it has an idle timeout; may be called from any thread."""
    execution_info: ExecutionInfo = NO_EXECUTION
    store: Any = None
    """What the graph was given by `compile(store=…)`."""
    previous: Any = None
    """What the last call of a workflow on this thread left; None in graphs."""
    server_info: Any = None
    """Always None: there is no LangGraph Server."""
    control: RunControl | None = None
    """What the caller passed as `control=`."""

    @property
    def drain_requested(self) -> bool:
        """Whether the call was asked to stop after this step."""
        return self.control is not None and self.control.drain_requested

    @property
    def drain_reason(self) -> str | None:
        """Why it was."""
        return self.control.drain_reason if self.control is not None else None

    def override(self, **changes: Any) -> "Runtime[ContextT]":
        """Return the same with other values."""
        return dataclasses.replace(self, **changes)

    def merge(self, other: "Runtime[ContextT]") -> "Runtime[ContextT]":
        """Return the same with whatever the other one says."""
        said = {field.name: getattr(other, field.name) for field in dataclasses.fields(other)}
        defaults = {field.name: field.default for field in dataclasses.fields(other)}
        return self.override(**{name: value for name, value in said.items() if value is not defaults[name]})

    def patch_execution_info(self, **changes: Any) -> "Runtime[ContextT]":
        """Return the same with other values in `execution_info`. Raises `NoRunError` outside a run."""
        if self.execution_info is NO_EXECUTION:
            raise NoRunError("patch_execution_info() needs an execution: this runtime was not made by a run")
        return self.override(execution_info=self.execution_info.patch(**changes))
