"""The one stream of everything that happens in the workspace.

The page, the bot's event feed and `Sandbox.until` all listen here; nobody calls anybody else. Listeners
are called in the order in which they subscribed and must not block.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something happened.

    `kind` is the page's event type, or one only the bot cares about (`reaction_added`, `reaction_removed`)
    or only the page (`message_touched`: same text, new reply count or reactions).
    """

    kind: str
    channel: str | None = None
    """Where, if it happened in a conversation: only its members notice."""
    user: str | None = None
    """Whom it concerns, if only one person notices."""
    body: dict[str, Any] = field(default_factory=dict)
    """The rest of the page's event."""


Listener = Callable[[Change], None]


class Changes:
    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._happened = asyncio.Event()

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def publish(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
        self._happened.set()
        self._happened = asyncio.Event()

    async def next(self) -> None:
        """Return at the next change."""
        await self._happened.wait()
