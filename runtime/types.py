"""The values that programs and the engine exchange; names and shapes are LangGraph's.

Source of the shapes: https://langchain-ai.github.io/langgraph/reference/types/ (as of LangGraph 1.2).
"""

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum
from typing import Any, ClassVar, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

START: Final = "__start__"
"""Where a run enters the graph."""
END: Final = "__end__"
"""Where a branch of a run ends."""
INTERRUPT: Final = "__interrupt__"
"""Key of the pending questions in results and streams."""

TAG_NOSTREAM: Final = "nostream"
"""Tag of a model whose tokens nobody is to hear in the `messages` stream."""

Config: TypeAlias = Mapping[str, Any]
"""`{"configurable": {"thread_id": …}, "recursion_limit": …, "tags": …, "metadata": …}`."""
Durability: TypeAlias = Literal["sync", "async", "exit"]
"""When a step is on disk: before the next begins, while the next runs, or when the call returns."""
OnPending: TypeAlias = Literal["abandon", "refuse"]
StreamMode: TypeAlias = Literal["values", "updates", "messages", "custom", "tasks", "tools", "checkpoints", "debug"]
All: TypeAlias = Literal["*"]
"""In place of a list of nodes: every one."""
StreamWriter: TypeAlias = Callable[[Any], None]
"""Sends its argument to readers of the `custom` stream."""
Target = TypeVar("Target", bound=Hashable)


class _Nothing(Enum):
    """Told apart from None, which is an answer like any other. An enum, so that a copy is still the same."""

    NOTHING = "nothing"


NOTHING: Final = _Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class Send:
    """Run `node` once with `arg` as its whole input, in the next superstep."""

    node: str
    arg: Any
    timeout: "float | timedelta | TimeoutPolicy | None" = field(default=None, kw_only=True)
    """How long an attempt of this task may take, whatever its node says. Raises `ValueError` for no time at all."""

    def __repr__(self) -> str:
        limit = "" if self.timeout is None else f", timeout={self.timeout!r}"
        return f"Send(node={self.node!r}, arg={self.arg!r}{limit})"

    def __post_init__(self) -> None:
        if self.timeout is not None:
            object.__setattr__(self, "timeout", TimeoutPolicy.coerce(self.timeout))


@dataclass(frozen=True, slots=True)
class Overwrite:
    """In an update: put `value` in the place of what there is, past the reducer. Others of the step do not count."""

    value: Any
    type: Literal["__overwrite__"] = "__overwrite__"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Command(Generic[Target]):
    """Steer a graph: returned by a node (`update`, `goto`, `graph`) or passed as input (also `resume`)."""

    graph: str | None = None
    """`Command.PARENT`: meant for the graph that called this one."""
    update: Any = None
    """Mapping, list of `(key, value)` pairs or a state object; applied through the reducers."""
    resume: Any = NOTHING
    """The answer to the one pending question, or a map from interrupt id to answer."""
    goto: "Send | str | Sequence[Send | str]" = ()

    PARENT: ClassVar[Literal["__parent__"]] = "__parent__"

    def __repr__(self) -> str:
        said = ((item.name, getattr(self, item.name), item.default) for item in fields(self))
        return f"Command({', '.join(f'{name}={value!r}' for name, value, default in said if value != default)})"


@dataclass(frozen=True, slots=True)
class Interrupt:
    """One question a task is waiting on."""

    value: Any
    """What was passed to `interrupt()`."""
    id: str = ""
    """32 hex characters; the same in every process and on every re-execution, never used for another question. Empty in
    one made by hand, before it is asked."""
    response_schema: dict[str, Any] | None = field(default=None, kw_only=True)
    """JSON Schema of the answer, when the question came with one."""
    ns: tuple[str, ...] = field(default=(), kw_only=True, compare=False, repr=False)
    """Path of tasks from the root graph to the asking one, each `node:task_id`."""
    supersedes: str | None = field(default=None, kw_only=True, compare=False, repr=False)
    """Id of the question that stood here before the node changed its mind; that one takes no answer any more."""

    resumable: ClassVar[bool] = True
    when: ClassVar[Literal["during"]] = "during"

    @property
    def interrupt_id(self) -> str:
        """The id under its older name."""
        return self.id


class PregelTask(NamedTuple):
    """One task of a step, as `get_state` shows it."""

    id: str
    name: str
    path: tuple[Any, ...]
    error: Exception | str | None = None
    interrupts: tuple[Interrupt, ...] = ()
    state: Any = None
    result: Any = None


class StateSnapshot(NamedTuple):
    """A thread at one checkpoint."""

    values: dict[str, Any] | Any
    next: tuple[str, ...]
    """Nodes that have not finished in this step."""
    config: Config
    metadata: Mapping[str, Any] | None
    created_at: str | None
    """ISO 8601, UTC."""
    parent_config: Config | None
    tasks: tuple[PregelTask, ...]
    interrupts: tuple[Interrupt, ...]
    """Pending questions, in the order of the tasks."""


class StateUpdate(NamedTuple):
    """One update of `bulk_update_state`: what `update_state` takes."""

    values: Any
    as_node: str | None = None
    task_id: str | None = None
    """Taken and not used: a task's id follows from its checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutPolicy:
    """How long one attempt of a node may take in all, and how long it may be silent."""

    run_timeout: float | timedelta | None = None
    """Seconds from its beginning."""
    idle_timeout: float | timedelta | None = None
    """Seconds since its last sign of life."""
    refresh_on: Literal["auto", "heartbeat"] = "auto"
    """What is a sign of life: whatever it sends, calls or gets done, or `runtime.heartbeat()` alone."""

    @classmethod
    def coerce(cls, value: "float | timedelta | TimeoutPolicy | None") -> "TimeoutPolicy | None":
        """Return a policy in seconds; None for one without limits. Raises `ValueError` for no time at all."""
        policy = value if isinstance(value, TimeoutPolicy) else cls(run_timeout=value)
        if policy.refresh_on not in {"auto", "heartbeat"}:
            raise ValueError(f"refresh_on is 'auto' or 'heartbeat', not {policy.refresh_on!r}")
        whole, idle = _seconds(policy.run_timeout), _seconds(policy.idle_timeout)
        if whole is idle is None:
            return None
        return cls(run_timeout=whole, idle_timeout=idle, refresh_on=policy.refresh_on)


def _seconds(limit: float | timedelta | None) -> float | None:
    if limit is None:
        return None
    seconds = limit.total_seconds() if isinstance(limit, timedelta) else float(limit)
    if seconds <= 0:
        raise ValueError(f"a timeout must be more than 0 seconds, not {seconds:g}")
    return seconds


@dataclass(frozen=True, slots=True)
class GraphOutput:
    """What `invoke(version="v2")` returns."""

    value: Any
    interrupts: tuple[Interrupt, ...] = ()
    """Pending questions; none at the end and at a static breakpoint."""

    def __getitem__(self, key: str) -> Any:
        """Return what `version="v1"` has at a key, for programs that change over. Deprecated by LangGraph."""
        return self.interrupts if key == INTERRUPT else self.value[key]

    def __contains__(self, key: str) -> bool:
        """Whether `version="v1"` has the key. Deprecated by LangGraph."""
        return bool(self.interrupts) if key == INTERRUPT else key in self.value


def retriable(error: Exception) -> bool:
    """Tell a passing fault from a mistake: programming errors are not worth a second attempt, a lost connection is."""
    mistakes = (ValueError, TypeError, ArithmeticError, ImportError, LookupError, NameError, SyntaxError, RuntimeError)
    others = (ReferenceError, StopIteration, StopAsyncIteration, OSError)
    return isinstance(error, ConnectionError) or not isinstance(error, (*mistakes, *others))


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """Lets the result of a node or task be used again for the same input, in any thread, while its graph has a cache.

    It is the input alone that counts, with the names of the node and of its function: not the config, the context, or
    what is in a store. What somebody was asked for is never kept.
    """

    key_func: Callable[..., Any] | None = None
    """Takes what the node or task takes, and returns what tells one input from another; None: all of it does."""
    ttl: int | None = None
    """Seconds; None: until it is cleared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how soon a failing node is tried again within one run."""

    initial_interval: float = 0.5  # seconds
    backoff_factor: float = 2.0
    max_interval: float = 128.0  # seconds
    max_attempts: int = 3
    """Attempts in all, the first included."""
    jitter: bool = True
    retry_on: type[Exception] | Sequence[type[Exception]] | Callable[[Exception], bool] = retriable

    def covers(self, error: Exception) -> bool:
        """Whether this error is worth another attempt."""
        if isinstance(self.retry_on, type):
            return isinstance(error, self.retry_on)
        if isinstance(self.retry_on, Sequence):
            return isinstance(error, tuple(self.retry_on))
        return self.retry_on(error)

    def delay(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        seconds = min(self.max_interval, self.initial_interval * self.backoff_factor ** (attempt - 1))
        return seconds + random.uniform(0, 1) if self.jitter else seconds  # noqa: S311 - spreads load, guards nothing
