"""Handlers that hear when a run pauses and when it goes on, given as `config["callbacks"]`. Shapes are LangGraph's.

They are LangChain's kind of handler where that is installed, so that they may stand beside others in that list.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from runtime.streams.hearing import available
from runtime.types import Interrupt

if TYPE_CHECKING or not available():
    _Handler: type = object
else:
    from langchain_core.callbacks import BaseCallbackHandler as _Handler

Status: TypeAlias = Literal["pending", "interrupt_before", "interrupt_after"]
"""Something is open, or the run stands at a static breakpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphResumeEvent:
    """A thread goes on from where it stood."""

    run_id: Any
    """What the caller gave as `config["run_id"]`."""
    status: Status
    checkpoint_id: str
    checkpoint_ns: tuple[str, ...]
    """Of the graph that was called: empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphInterruptEvent(GraphResumeEvent):
    """A thread has paused; everything is stored."""

    interrupts: tuple[Interrupt, ...]
    """Its open questions; none at a static breakpoint."""


class GraphCallbackHandler(_Handler):  # type: ignore[misc]  # chosen above
    """Overwrite what you want to hear of; both may be async. What they raise is logged, and raised if `raise_error`."""

    raise_error = False

    def on_interrupt(self, event: GraphInterruptEvent) -> Any:
        """Hear that a thread has paused."""

    def on_resume(self, event: GraphResumeEvent) -> Any:
        """Hear that a thread goes on."""
