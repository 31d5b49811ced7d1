"""Where people see a conversation, as the use cases know it: something that can be made to agree with the ledger."""

from typing import Protocol

from runtime.requests.records import ThreadId


class Surface(Protocol):
    """Level-triggered: it reads the ledger and makes what people see agree with it, so calling it twice is harmless."""

    async def open(self, thread_id: ThreadId) -> bool:
        """Have a place for the conversation. False when there never can be one: who asked for it has been told so.

        Raises when it is not known yet; then it is called again later.
        """
        ...

    async def refresh(self, thread_id: ThreadId) -> None:
        """Post what is missing, redraw what has changed. Raises when it could not; then it is called again later."""
        ...
