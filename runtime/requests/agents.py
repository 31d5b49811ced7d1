"""What the use cases need of a graph: so little that LangGraph's own compiled graphs fit too."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runtime.policy.model import AgentPolicy
from runtime.policy.terms import Asked, Terms, terms_for
from runtime.requests.records import Decision, Person, Request, Verdict
from runtime.types import Command


class TaskView(Protocol):
    """One task of a step."""

    @property
    def name(self) -> str:
        """The node."""
        ...

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


class ByPolicy(Protocol):
    """Makes the decision that nobody took: an approval or a rejection, as far as the question has one."""

    def __call__(
        self, request: Request, verdict: Verdict, at: float, *, timed_out: bool, by: Person
    ) -> Decision | None:
        """Return the decision, or None. `by`: `NOBODY`, or whoever granted it before."""
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
    policy: AgentPolicy = field(default_factory=AgentPolicy)
    """Who may answer its questions, and how."""
    to_input: Callable[[str], Any]
    to_outcome: Callable[[Any], str | None]
    """Final state to what the agent says at the end; None when it has nothing to say."""
    to_asked: Callable[[Any], Asked] = lambda _: Asked()
    """Payload to what of it matters to the policy."""
    to_decision: ByPolicy = lambda *_, **__: None
    """How policy answers in place of people; None for a question that it cannot answer."""
    copy: Callable[[str, str, str], Awaitable[bool]] | None = None
    """Copies a thread as it stood before a question was answered: `(thread id, question id, id of the copy)`.

    False when that was never asked there. None: this kind of graph cannot.
    """
    forget: Callable[[str], Awaitable[None]] | None = None
    """Deletes a thread's checkpoints; None: they are where everything else is."""
    command: Callable[..., Any] = Command
    """Makes the graph's own kind of `Command(resume=…)`."""

    def terms(self, payload: Any) -> Terms:
        """Return what holds for a question."""
        return terms_for(self.policy, self.to_asked(payload))
