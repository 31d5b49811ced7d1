"""How long what is over is kept: threads with all that belongs to them, and their audit trails.

Whatever process dies at whatever write, another one goes on: first a thread is marked as gone, by compare-and-set and
under its lease, then what belongs to it is deleted, and then it is noted that nothing is left. What stays is where it
was, so that whoever replies there can be told, and its audit trail, until that has been kept long enough too. What is
open, or not told yet, never goes.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from runtime.requests.agents import Agent
from runtime.requests.audit import AUDIT
from runtime.requests.documents import POSTS, REQUESTS, TURNS
from runtime.requests.drafts import DRAFTS
from runtime.requests.grants import GRANTS
from runtime.requests.leases import LEASE_SECONDS, LEASES, Lease
from runtime.requests.ledger import Ledger
from runtime.requests.records import NOBODY, RequestStatus, Thread, ThreadId, TurnStatus
from runtime.store import Collection, Scalar, Store

logger = logging.getLogger(__name__)

BATCH: Final = 200
"""Threads that are removed in one sweep: the next one goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """For how many seconds after a thread is over something is kept; None: for ever."""

    threads: float | None = None
    trails: float | None = None
    """A trail goes with its thread at the earliest."""


class Retention:
    """Removes what was kept long enough. `lease_seconds`: how long a lease lasts unless it is renewed."""

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        agents: Mapping[str, Agent],
        clock: Callable[[], float],
        *,
        keep: Keep,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._agents = agents
        self._leases = ledger.leases(clock, lease_seconds)
        self._clock = clock
        self._keep = keep

    async def sweep(self) -> None:
        """Remove a batch of what was kept long enough. Raises `StoreError` when that cannot be looked up."""
        now, keep = self._clock(), self._keep
        if keep.threads is None:
            return
        for thread in await self._ledger.threads_over(now - keep.threads, BATCH):
            await self._under_lease(thread.id, self._remove)
        if keep.trails is None:
            return
        for thread in await self._ledger.threads_gone(now - max(keep.threads, keep.trails), BATCH):
            await self._under_lease(thread.id, self._remove_trail)

    async def _under_lease(self, thread_id: ThreadId, remove: Callable[[Thread, Lease], Awaitable[bool]]) -> None:
        """Remove something of a thread that nobody else has; what goes wrong is tried again by a later sweep."""
        try:
            lease = await self._leases.claim(thread_id)
            if lease is None:
                return
            thread = await self._ledger.thread(thread_id)
            if thread is not None and await remove(thread, lease):
                return
            due = None
            while not await lease.release(due):
                due = 0.0  # somebody has left word
        except Exception as error:  # noqa: BLE001 - the others are not kept for longer because of one
            logger.warning("thread %s could not be removed: %s: %s", thread_id, type(error).__name__, error)

    # Both return whether the lease went too.

    async def _remove(self, thread: Thread, lease: Lease) -> bool:
        if thread.over_since is None:
            return False
        gone = thread if thread.gone else await self._mark(thread)
        if gone is None:
            return False
        agent = self._agents.get(gone.agent)
        await self._hold(lease)
        await (agent.forget if agent and agent.forget else self._store.delete)(gone.id)
        await self._delete_parts(gone.id, lease)
        await self._store.delete_document(LEASES, gone.id)
        await self._ledger.change_thread(gone, over_since=None, gone_since=gone.over_since)
        return True

    async def _remove_trail(self, thread: Thread, lease: Lease) -> bool:
        """Newest entry first: what is left when this is cut off is a chain still."""
        await self._delete_parts(thread.id, lease)
        await self._delete_all(AUDIT, {"thread_id": thread.id}, lease)
        await self._store.delete_document(LEASES, thread.id)
        await self._ledger.drop_thread(thread.id)
        return True

    async def _mark(self, thread: Thread) -> Thread | None:
        """Say that a thread is gone, and forget who and what it was about; None: it has to stay for now."""
        if not await self._is_settled(thread):
            await self._ledger.change_thread(thread, over_since=self._clock())  # looked at again after as long
            return None
        nobody = {"started_by": NOBODY, "stopped_by": None, "forked_by": None, "forked_from": None}
        return await self._ledger.change_thread(thread, gone=True, prompt="", **nobody)

    async def _is_settled(self, thread: Thread) -> bool:
        """Whether nothing is open, and people see all of it."""
        untold = [status for status in TurnStatus if status is not TurnStatus.TOLD]
        return thread.unseen_since is None and not (
            await self._ledger.requests(thread.id, RequestStatus.OPEN, RequestStatus.DECIDED)
            or await self._ledger.turns(thread.id, *untold)
        )

    async def _delete_parts(self, thread_id: ThreadId, lease: Lease) -> None:
        for request in await self._store.find(REQUESTS, {"thread_id": thread_id}):
            await self._delete_all(DRAFTS, {"request_id": str(request["id"])}, lease)
            await self._store.delete_document(REQUESTS, str(request["id"]))
        for collection in (TURNS, POSTS, GRANTS):
            await self._delete_all(collection, {"thread_id": thread_id}, lease)

    async def _delete_all(self, collection: Collection, where: Mapping[str, Scalar], lease: Lease) -> None:
        for document in await self._store.find(collection, where, newest_first=True):
            await self._hold(lease)
            await self._store.delete_document(collection, str(document["id"]))

    async def _hold(self, lease: Lease) -> None:
        if lease.seconds_left < self._leases.seconds / 2:
            await lease.renew()
