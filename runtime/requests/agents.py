"""What the use cases need of a graph: so little that LangGraph's own compiled graphs fit too."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runtime.types import Command


class TaskView(Protocol):
    """One task of a step."""

    @property
    def interrupts(self) -> Sequence[Any]:
        """What it waits for; each has `id` and `value`."""
        ...

    @property
    def result(self) -> Any:
        """What it wrote; None while it has not finished."""
        ...


class StateView(Protocol):
    """Where a thread stands."""

    @property
    def values(self) -> Any:
        """The state."""
        ...

    @property
    def next(self) -> Sequence[str]:
        """Nodes still to finish; empty at the end."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """Of the checkpoint; holds what the run's config had under `metadata`. None for an unknown thread."""
        ...

    @property
    def tasks(self) -> Sequence[TaskView]:
        """Tasks of the present step."""
        ...


class Graph(Protocol):
    """A compiled graph with a checkpointer."""

    def astream(self, input: Any, config: Any = None, *, stream_mode: Any = None) -> AsyncIterator[Any]:  # noqa: A002
        """Run from an input, a command, or None, to the next pause or the end."""
        ...

    async def aget_state(self, config: Any) -> StateView:
        """Read where a thread stands."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A registered graph: what people can start, and how their words become its input and its state words for them."""

    name: str
    title: str
    graph: Graph
    description: str = ""
    example: str = ""
    """A text to try, shown in the help."""
    approvers: tuple[str, ...] = ()
    """Ids of those who may answer its questions; empty: everybody of the asker's team."""
    to_input: Callable[[str], Any]
    to_outcome: Callable[[Any], str | None]
    """Final state to what the agent says at the end; None when it has nothing to say."""
    to_approvers: Callable[[Any], tuple[str, ...]] = lambda _: ()
    """Payload to the ids of those whom it names as the only ones to answer; empty: it names nobody."""
    command: Callable[..., Any] = Command
    """Makes the graph's own kind of `Command(resume=…)`."""

    def may_answer(self, payload: Any) -> tuple[str, ...]:
        """Return who may answer a question: its payload can narrow the agent's list, never widen it."""
        named = self.to_approvers(payload)
        if not self.approvers:
            return named
        return tuple(person for person in named if person in self.approvers) or self.approvers
