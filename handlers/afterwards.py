"""`/agent audit` and `/agent history`: pages of what is known of a run, opened by the command and turned by buttons."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from handlers.cards import ids
from handlers.cards.afterwards import audit_view, history_view
from handlers.desk import Desk
from runtime.requests.records import Thread, TurnStatus

Page = Callable[[Desk, Thread, int], Awaitable[dict[str, Any]]]


async def _audit(desk: Desk, thread: Thread, page: int) -> dict[str, Any]:
    return audit_view(thread, await desk.ledger.trail(thread.id), page)


async def _history(desk: Desk, thread: Thread, page: int) -> dict[str, Any]:
    turns = await desk.ledger.turns(thread.id, *TurnStatus)
    return history_view(thread, turns, await desk.ledger.requests(thread.id), page)


PAGES: Final[Mapping[str, Page]] = {ids.AUDIT: _audit, ids.HISTORY: _history}
"""By the word after `/agent`, which a view keeps as its action."""
