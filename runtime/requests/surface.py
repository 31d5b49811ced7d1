"""Where people see a conversation, as the use cases know it: something that can be made to agree with the ledger."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from runtime.requests.records import ThreadId

Guard: TypeAlias = Callable[[], None]
"""To be called right before people are shown anything: raises when another process may be showing it by now."""


def nobody_else() -> None:
    """The guard of what no other process shows."""


class Surface(Protocol):
    """Level-triggered: it reads the ledger and makes what people see agree with it, so calling it twice is harmless."""

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        """Have a place for the conversation. False when there never can be one: who asked for it has been told so.

        Raises when it is not known yet; then it is called again later.
        """
        ...

    async def refresh(self, thread_id: ThreadId, guard: Guard) -> None:
        """Post what is missing, redraw what has changed. Raises when it could not; then it is called again later."""
        ...
