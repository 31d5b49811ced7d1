"""Telling the callers' handlers that a run goes on or has paused. Loaded only where a call has callbacks."""

import inspect
import logging
from collections.abc import Sequence
from typing import Any

from runtime.callbacks import GraphCallbackHandler, GraphInterruptEvent, GraphResumeEvent, Status
from runtime.engine.frames import Frame
from runtime.engine.inputs import interrupts
from runtime.engine.run import Run

logger = logging.getLogger(__name__)


async def resumed(run: Run) -> None:
    """Tell that the thread goes on."""
    event = GraphResumeEvent(status="pending", **_place(run))
    await _tell(run, "on_resume", event)


async def paused(run: Run) -> None:
    """Tell that the thread has paused, and for what."""
    asked = interrupts(run.journal)
    status = "pending" if asked else _stopped_at(run, run.journal.frames[""])
    await _tell(run, "on_interrupt", GraphInterruptEvent(status=status, interrupts=asked, **_place(run)))


def _place(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.config.get("run_id"),
        "checkpoint_id": run.journal.frames[""].id,
        "checkpoint_ns": (),
    }


def _stopped_at(run: Run, frame: Frame) -> Status:
    if any(task.name in run.before for task in frame.tasks):
        return "interrupt_before"
    return "interrupt_after" if run.after.intersection(frame.ran) else "pending"


async def _tell(run: Run, name: str, event: GraphResumeEvent) -> None:
    for handler in _handlers(run.config["callbacks"]):
        try:
            said = getattr(handler, name)(event)
            if inspect.isawaitable(said):
                await said
        except Exception:
            if handler.raise_error:
                raise
            logger.exception("%s of %r failed", name, handler)


def _handlers(callbacks: Any) -> Sequence[GraphCallbackHandler]:
    """Return those of a list, or of a LangChain manager, that want to hear of graphs."""
    known = getattr(callbacks, "handlers", callbacks)
    return [handler for handler in known if isinstance(handler, GraphCallbackHandler)]
