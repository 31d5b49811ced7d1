"""The ledger: threads, requests, turns, posts and the audit trail, over any document store.

Every change is a compare-and-set on one document; nothing needs a transaction. A method that changes something returns
the record as it is now, or None when somebody else was first: then read again and decide anew.
"""

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, TypeVar

from runtime.codec.codec import Codec
from runtime.engine.ids import derive_id
from runtime.requests import leases, upgrades
from runtime.requests.audit import About, Audit, entry_of
from runtime.requests.documents import (
    GONE,
    OVER,
    POSTS,
    REQUESTS,
    THREADS,
    TURNS,
    UNSEEN,
    decision_bytes,
    plain_fields,
    post_document,
    post_fields,
    post_of,
    request_document,
    request_fields,
    request_of,
    thread_document,
    thread_fields,
    thread_of,
    turn_document,
    turn_of,
)
from runtime.requests.drafts import Drafts
from runtime.requests.grants import Grants
from runtime.requests.leases import LEASES, Leases
from runtime.requests.paging import newest_first
from runtime.requests.records import (
    AT_REST,
    Decision,
    Post,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
)
from runtime.requests.slots import Aside
from runtime.store import Collection, Document, DocumentStore, Scalar

R = TypeVar("R", Thread, Request, Turn, Post)


class Ledger:
    """Typed records in a document store (`runtime.requests.documents` says how they are kept)."""

    def __init__(
        self, store: DocumentStore, codec: Codec, noted: Callable[[str, str], None] = lambda _what, _detail: None
    ) -> None:
        """`noted` hears of every audit entry that was added: what, and the detail."""
        self._store = store
        self._codec = codec
        self.audit = Audit(store, noted)
        self.grants = Grants(store)
        self.drafts = Drafts(store, codec)

    # Threads.

    async def open_thread(self, thread: Thread) -> bool:
        """Add a thread; False when it exists."""
        return await self._store.insert(THREADS, thread_document(thread))

    async def thread(self, thread_id: ThreadId) -> Thread | None:
        """Read a thread."""
        document = await self._store.get(THREADS, thread_id)
        return thread_of(document) if document else None

    async def thread_at(self, where: str) -> Thread | None:
        """Find the thread whose conversation is at a place."""
        found = await self._store.find(THREADS, {"where": where}, limit=1, newest_first=True)
        return thread_of(found[0]) if found else None

    async def threads(
        self, *statuses: ThreadStatus, team: str | None = None, starter: str | None = None, limit: int | None = None
    ) -> list[Thread]:
        """Threads with one of these statuses (none given: any), newest first."""
        given = {"status": tuple(map(str, statuses)) or None, "team": team, "starter": starter}
        where = {name: value for name, value in given.items() if value is not None}
        return [thread_of(found) for found in await self._store.find(THREADS, where, limit=limit, newest_first=True)]

    async def each_thread(self) -> AsyncIterator[Thread]:
        """Every thread, newest first, however many there are."""
        async for found in newest_first(self._store, THREADS):
            yield thread_of(found)

    async def change_thread(self, thread: Thread, **changes: Any) -> Thread | None:
        """Change a thread as it was read; None when it has changed since."""
        if "status" in changes:
            at = changes.get("updated_at", thread.updated_at)
            changes["over_since"] = at if changes["status"] in AT_REST else None
        return await self._changed(THREADS, thread.id, thread, changes, thread_fields(changes))

    async def threads_over(self, before: float, limit: int) -> list[Thread]:
        """Threads that were over before then, and are not gone for good."""
        return [thread_of(found) for found in await self._store.find(THREADS, {}, before=(OVER, before), limit=limit)]

    async def threads_gone(self, before: float, limit: int) -> list[Thread]:
        """Threads that were over before then, and of which nothing but the audit trail is left."""
        return [thread_of(found) for found in await self._store.find(THREADS, {}, before=(GONE, before), limit=limit)]

    async def drop_thread(self, thread_id: ThreadId) -> None:
        """Forget where a thread was."""
        await self._store.delete_document(THREADS, thread_id)

    async def count_threads(self, status: ThreadStatus) -> int:
        """How many threads have this status."""
        return await self._store.count(THREADS, {"status": str(status)})

    # Requests.

    async def open_request(self, request: Request) -> bool:
        """Add a request; False when it exists."""
        return await self._store.insert(REQUESTS, request_document(request, self._codec))

    async def request(self, request_id: RequestId) -> Request | None:
        """Read a request."""
        document = await self._store.get(REQUESTS, request_id)
        return request_of(document, self._codec) if document else None

    async def requests(self, thread_id: ThreadId, *statuses: RequestStatus) -> list[Request]:
        """Requests of a thread with one of these statuses (none given: any), oldest first."""
        where: dict[str, Scalar | tuple[Scalar, ...]] = {"thread_id": thread_id}
        if statuses:
            where["status"] = tuple(map(str, statuses))
        return [request_of(found, self._codec) for found in await self._store.find(REQUESTS, where)]

    async def turn_requests(self, *turn_ids: str) -> list[Request]:
        """Requests that these turns have led to, oldest first."""
        return [request_of(found, self._codec) for found in await self._store.find(REQUESTS, {"turn_id": turn_ids})]

    async def open_requests(self, limit: int) -> list[Request]:
        """Open requests of all threads, oldest first."""
        where = {"status": str(RequestStatus.OPEN)}
        return [request_of(found, self._codec) for found in await self._store.find(REQUESTS, where, limit=limit)]

    async def requests_by_status(self, *statuses: RequestStatus, limit: int) -> list[Request]:
        """Requests of all threads with one of these statuses, newest first."""
        where = {"status": tuple(map(str, statuses))}
        found = await self._store.find(REQUESTS, where, limit=limit, newest_first=True)
        return [request_of(document, self._codec) for document in found]

    async def count_requests(self, status: RequestStatus) -> int:
        """How many requests have this status."""
        return await self._store.count(REQUESTS, {"status": str(status)})

    async def claim(self, request_id: RequestId, decision: Decision) -> Request | None:
        """Decide an open request: of all who try, exactly one gets it. One round trip."""
        change: Document = {"status": str(RequestStatus.DECIDED), "decision": decision_bytes(decision, self._codec)}
        expect: dict[str, Scalar] = {"status": str(RequestStatus.OPEN)}
        document = await self._set(REQUESTS, request_id, expect, change | {UNSEEN: decision.at})
        return request_of(document, self._codec) if document else None

    async def change_request(self, request: Request, **changes: Any) -> Request | None:
        """Change a request as it was read; None when it has changed since. Seen (`unseen_since`) is what is noted."""
        changes = await self._noted(request, changes)
        return await self._changed(REQUESTS, request.id, request, changes, request_fields(changes, self._codec))

    async def settle(self, request: Request, status: RequestStatus, *, problem: str | None = None) -> Request | None:
        """Move a request on from the status it was read with; None when it has moved already.

        What was done with it is on the trail first, even if the process that did it died before it could note that, and
        forms that were begun are gone.
        """
        problems = {} if problem is None else {"problem": problem}
        while True:
            await self.audit.note_answer(request)
            await self.drafts.drop_all(request.id)
            settled = await self.change_request(request, status=status, unseen_since=None, **problems)
            if settled is not None:
                return settled
            now = await self.request(request.id)
            if now is None or now.status is not request.status:
                return None
            request = now

    async def _noted(self, record: Request | Turn, changes: dict[str, Any]) -> dict[str, Any]:
        """Changes of a record; where these say that somebody has seen to it, what was done with it is noted first."""
        if not record.unnoted or changes.get(UNSEEN, UNSEEN) is not None:
            return changes
        await self.audit.add(*record.unnoted)
        return {**changes, "unnoted": ()}

    # Turns.

    async def add_turn(self, turn: Turn) -> bool:
        """Queue a turn; False when it is there already."""
        return await self._store.insert(TURNS, turn_document(turn))

    async def turns(self, thread_id: ThreadId, *statuses: TurnStatus) -> list[Turn]:
        """Turns of a thread with one of these statuses, in the order in which they were said."""
        where: dict[str, Scalar | tuple[Scalar, ...]] = {"thread_id": thread_id, "status": tuple(map(str, statuses))}
        arrived = [turn_of(document) for document in await self._store.find(TURNS, where)]
        return sorted(arrived, key=lambda turn: turn.said_at)

    async def turn(self, turn_id: str) -> Turn | None:
        """Read a turn."""
        document = await self._store.get(TURNS, turn_id)
        return turn_of(document) if document else None

    async def change_turn(self, turn: Turn, **changes: Any) -> Turn | None:
        """Change a turn as it was read; None when it has changed since. What was done is noted as with requests."""
        changes = await self._noted(turn, changes)
        return await self._changed(TURNS, turn.id, turn, changes, plain_fields(changes))

    # What there is to do.

    def leases(self, clock: Callable[[], float], seconds: float) -> Leases:
        """Leases on these threads, for one process."""
        return Leases(self._store, clock, seconds)

    async def wake_at(self, thread_id: ThreadId, at: float) -> None:
        """Have a thread looked at when it is `at`, by whichever process is there then. Asking twice is asking once."""
        await leases.wake_at(self._store, thread_id, at)

    async def wake_unmarked(self) -> None:
        """Have what an earlier release left undone be among the unsettled."""
        await upgrades.wake_unmarked(self._store)

    async def unsettled(self, before: float = math.inf, limit: int | None = None) -> list[ThreadId]:
        """Threads that somebody has to look at before then: a lease lapses, a time was asked for, something is unseen.

        A thread at rest is not among them. `limit`: of each kind.
        """
        due = await self._store.find(LEASES, {}, before=("due", before), limit=limit)
        ids = [document["id"] for document in due]
        for collection, name in ((THREADS, "id"), (REQUESTS, "thread_id"), (TURNS, "thread_id")):
            found = await self._store.find(collection, {}, before=(UNSEEN, before), limit=limit)
            ids.extend(document[name] for document in found)
        return list(dict.fromkeys(ThreadId(str(thread_id)) for thread_id in ids))

    # Posts.

    async def intend_post(self, post: Post) -> bool:
        """Note that a message is about to be posted; False when that was noted before."""
        return await self._store.insert(POSTS, post_document(post))

    async def post(self, key: str) -> Post | None:
        """Read a post."""
        document = await self._store.get(POSTS, key)
        return post_of(document) if document else None

    async def post_at(self, where: str) -> Post | None:
        """Find a post by the place it is at."""
        found = await self._store.find(POSTS, {"where": where}, limit=1)
        return post_of(found[0]) if found else None

    async def change_post(self, post: Post, **changes: Any) -> Post | None:
        """Change a post as it was read; None when it has changed since."""
        return await self._changed(POSTS, post.key, post, changes, post_fields(changes))

    async def forget_post(self, post: Post) -> None:
        """There is no such message any more, and none is wanted."""
        await self._store.delete_document(POSTS, post.key)

    async def note_start(self, thread: Thread) -> None:
        """Have the trail say who started a thread, and that of the run it is a copy of; whoever finds it may."""
        await self.audit.note_start(thread)
        origin = await self.request(thread.forked_from) if thread.forked_from and thread.forked_by else None
        if origin is not None:
            about: About = {"thread_id": origin.thread_id, "request_id": origin.id, "detail": thread.id}
            await self.audit.add(entry_of("fork", at=thread.created_at, by=thread.forked_by, **about))

    async def note_done(self, request: Request) -> None:
        """Have the trail say what was done with a request, unless it does: whoever finds it may."""
        await self.audit.note_answer(request)
        await self.audit.add(*request.unnoted)

    async def trail(self, thread_id: ThreadId) -> list[Document]:
        """Audit entries of a thread, oldest first."""
        return await self.audit.trail(thread_id)

    async def _changed(
        self, collection: Collection, document_id: str, record: R, changes: dict[str, Any], kept: Document
    ) -> R | None:
        """Change a record as it was read. `kept`: the changes as they are stored; it says then whether it was seen."""
        revision = record.revision
        mark: Document = {UNSEEN: getattr(record, UNSEEN)} if hasattr(record, UNSEEN) else {}
        document = await self._set(collection, document_id, {"revision": revision}, mark | kept)
        return None if document is None else replace(record, revision=revision + 1, **changes)

    async def _set(
        self, collection: Collection, document_id: str, expect: dict[str, Scalar], change: Document
    ) -> Document | None:
        async with Aside():  # however few drives may be at work, many share a commit
            return await self._store.update(collection, document_id, expect=expect, change=change)


def request_id_of(thread_id: ThreadId, interrupt_id: str, attempt: int) -> RequestId:
    """Return the id of the request for an interrupt: the same whoever opens it."""
    return RequestId(derive_id("request", thread_id, interrupt_id, str(attempt)))
