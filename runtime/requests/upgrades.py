"""What an earlier release left to be done, before there were marks for that: looked for once by each process.

Records say since when nobody has seen to them (`unseen_since`), and sweeps go by that. One that does not even say that
somebody has is from before, and no sweep would ever find it.
"""

from typing import Final

from runtime.requests.documents import REQUESTS, THREADS, TURNS, UNSEEN
from runtime.requests.leases import wake_at
from runtime.requests.records import RequestStatus, ThreadId, ThreadStatus, TurnStatus
from runtime.store import Collection, DocumentStore

_TO_DO: Final[tuple[tuple[Collection, str, tuple[str, ...]], ...]] = (
    (THREADS, "id", (ThreadStatus.RUNNING,)),
    (REQUESTS, "thread_id", (RequestStatus.DECIDED,)),
    (TURNS, "thread_id", (TurnStatus.QUEUED, TurnStatus.ENDED, TurnStatus.STOPPED)),
)
"""Collections, where the thread's id is in them, and the statuses of what does not rest."""


async def wake_unmarked(store: DocumentStore) -> None:
    """Have the threads looked at that an earlier release left in the middle of something, once each."""
    for collection, thread, statuses in _TO_DO:
        for found in await store.find(collection, {"status": statuses}):
            if UNSEEN not in found:
                at: float = found["created_at"]  # type: ignore[assignment]  # every document has that
                await wake_at(store, ThreadId(str(found[thread])), at)
                await store.update(collection, str(found["id"]), expect={UNSEEN: None}, change={UNSEEN: None})
