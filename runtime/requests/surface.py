"""Where people see a conversation, as the use cases know it: something that can be made to agree with the ledger."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from runtime.requests.progress import Tell
from runtime.requests.records import Thread, ThreadId, Turn

Guard: TypeAlias = Callable[[], None]
"""To be called right before people are shown anything: raises when another process may be showing it by now."""


def nobody_else() -> None:
    """The guard of what no other process shows."""


class SurfaceBusyError(Exception):
    """Nothing can be shown there before some time has passed; whoever raises this says how long."""

    seconds: float


class Surface(Protocol):
    """Level-triggered: it reads the ledger and makes what people see agree with it, so calling it twice is harmless."""

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        """Have a place for the conversation. False when there never can be one: who asked for it has been told so.

        Raises when it is not known yet; then it is called again later.
        """
        ...

    async def refresh(self, thread_id: ThreadId, guard: Guard, *, anew: bool = False) -> None:
        """Post what is missing, redraw what has changed. Raises when it could not; then it is called again later.

        `anew`: redraw also what is said to have been drawn; somebody was cut off, and may have drawn something else.
        """
        ...

    def live(self, thread: Thread, turn: Turn, guard: Guard) -> AbstractAsyncContextManager[Tell]:
        """Show what a run does while it does it: best effort, and gone when this closes. Raises nothing."""
        ...
