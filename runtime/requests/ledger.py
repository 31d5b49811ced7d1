"""The ledger: threads, requests, turns, posts and the audit trail, over any document store.

Every change is a compare-and-set on one document; nothing needs a transaction. A method that changes something returns
the record as it is now, or None when somebody else was first: then read again and decide anew.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final, cast

from runtime.codec.codec import Codec
from runtime.engine.ids import derive_id
from runtime.policy.ladder import Rung
from runtime.policy.model import Terms
from runtime.requests import leases
from runtime.requests.audit import AUDIT, About, Audit, entry_of
from runtime.requests.grants import GRANTS, Grants
from runtime.requests.leases import LEASES, Leases
from runtime.requests.records import (
    AT_REST,
    Change,
    Decision,
    Handover,
    Notice,
    Person,
    Post,
    Reminder,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
    Verdict,
    Vote,
    where_of,
)
from runtime.store import Collection, Document, DocumentStore, Scalar

UNSEEN: Final = "unseen_since"
OVER: Final = "over_since"
GONE: Final = "gone_since"
THREADS: Final = Collection("threads", ("status", "agent", "team", "starter", "where", UNSEEN, OVER, GONE))
REQUESTS: Final = Collection("requests", ("status", "thread_id", "turn_id", UNSEEN))
TURNS: Final = Collection("turns", ("status", "thread_id", UNSEEN))
POSTS: Final = Collection("posts", ("thread_id", "where"))
DRAFTS: Final = Collection("drafts", ("request_id",))
COLLECTIONS: Final = (THREADS, REQUESTS, TURNS, POSTS, DRAFTS, AUDIT, LEASES, GRANTS)


class Ledger:
    """Typed records in a document store. Payloads and answers go through the codec, so any type it knows survives."""

    def __init__(
        self, store: DocumentStore, codec: Codec, noted: Callable[[str, str], None] = lambda _what, _detail: None
    ) -> None:
        """`noted` hears of every audit entry that was added: what, and the detail."""
        self._store = store
        self._codec = codec
        self.audit = Audit(store, noted)
        self.grants = Grants(store)

    # Threads.

    async def open_thread(self, thread: Thread) -> bool:
        """Add a thread; False when it exists."""
        return await self._store.insert(THREADS, _thread_document(thread))

    async def thread(self, thread_id: ThreadId) -> Thread | None:
        """Read a thread."""
        document = await self._store.get(THREADS, thread_id)
        return _thread(document) if document else None

    async def thread_at(self, where: str) -> Thread | None:
        """Find the thread whose conversation is at a place."""
        found = await self._store.find(THREADS, {"where": where}, limit=1, newest_first=True)
        return _thread(found[0]) if found else None

    async def threads(
        self, *statuses: ThreadStatus, team: str | None = None, starter: str | None = None, limit: int | None = None
    ) -> list[Thread]:
        """Threads with one of these statuses (none given: any), newest first."""
        where: dict[str, Scalar | tuple[Scalar, ...]] = {}
        if statuses:
            where["status"] = tuple(map(str, statuses))
        if team is not None:
            where["team"] = team
        if starter is not None:
            where["starter"] = starter
        return [_thread(found) for found in await self._store.find(THREADS, where, limit=limit, newest_first=True)]

    async def change_thread(self, thread: Thread, **changes: Any) -> Thread | None:
        """Change a thread as it was read; None when it has changed since."""
        changed = replace(thread, **changes)
        if "status" in changes:
            changed = replace(changed, over_since=changed.updated_at if changed.status in AT_REST else None)
        document = await self._set(THREADS, thread.id, {"revision": thread.revision}, _thread_document(changed))
        return _thread(document) if document else None

    async def threads_over(self, before: float, limit: int) -> list[Thread]:
        """Threads that were over before then, and are not gone for good."""
        return [_thread(found) for found in await self._store.find(THREADS, {}, before=(OVER, before), limit=limit)]

    async def threads_gone(self, before: float, limit: int) -> list[Thread]:
        """Threads that were over before then, and of which nothing but the audit trail is left."""
        return [_thread(found) for found in await self._store.find(THREADS, {}, before=(GONE, before), limit=limit)]

    async def drop_thread(self, thread_id: ThreadId) -> None:
        """Forget where a thread was."""
        await self._store.delete_document(THREADS, thread_id)

    async def count_threads(self, status: ThreadStatus) -> int:
        """How many threads have this status."""
        return await self._store.count(THREADS, {"status": str(status)})

    # Requests.

    async def open_request(self, request: Request) -> bool:
        """Add a request; False when it exists."""
        return await self._store.insert(REQUESTS, self._request_document(request))

    async def request(self, request_id: RequestId) -> Request | None:
        """Read a request."""
        document = await self._store.get(REQUESTS, request_id)
        return self._request(document) if document else None

    async def requests(self, thread_id: ThreadId, *statuses: RequestStatus) -> list[Request]:
        """Requests of a thread with one of these statuses (none given: any), oldest first."""
        where: dict[str, Scalar | tuple[Scalar, ...]] = {"thread_id": thread_id}
        if statuses:
            where["status"] = tuple(map(str, statuses))
        return [self._request(found) for found in await self._store.find(REQUESTS, where)]

    async def turn_requests(self, *turn_ids: str) -> list[Request]:
        """Requests that these turns have led to, oldest first."""
        return [self._request(found) for found in await self._store.find(REQUESTS, {"turn_id": turn_ids})]

    async def open_requests(self, limit: int) -> list[Request]:
        """Open requests of all threads, oldest first."""
        found = await self._store.find(REQUESTS, {"status": str(RequestStatus.OPEN)}, limit=limit)
        return [self._request(document) for document in found]

    async def requests_by_status(self, *statuses: RequestStatus, limit: int) -> list[Request]:
        """Requests of all threads with one of these statuses, newest first."""
        where = {"status": tuple(map(str, statuses))}
        found = await self._store.find(REQUESTS, where, limit=limit, newest_first=True)
        return [self._request(document) for document in found]

    async def count_requests(self, status: RequestStatus) -> int:
        """How many requests have this status."""
        return await self._store.count(REQUESTS, {"status": str(status)})

    async def claim(self, request_id: RequestId, decision: Decision) -> Request | None:
        """Decide an open request: of all who try, exactly one gets it. One round trip."""
        change: Document = {"status": str(RequestStatus.DECIDED), "decision": self._decision_bytes(decision)}
        expect: dict[str, Scalar] = {"status": str(RequestStatus.OPEN)}
        document = await self._set(REQUESTS, request_id, expect, change | {UNSEEN: decision.at})
        return self._request(document) if document else None

    async def change_request(self, request: Request, **changes: Any) -> Request | None:
        """Change a request as it was read; None when it has changed since.

        What people did with it is seen (`unseen_since=None`) once the trail says it.
        """
        document = self._request_document(replace(request, **await self._noted(request, changes)))
        changed = await self._set(REQUESTS, request.id, {"revision": request.revision}, document)
        return self._request(changed) if changed else None

    async def settle(self, request: Request, status: RequestStatus, *, problem: str | None = None) -> Request | None:
        """Move a request on from the status it was read with; None when it has moved already.

        What was done with it is on the trail first, even if the process that did it died before it could note that.
        """
        change: Document = {"status": str(status)}
        if problem is not None:
            change["problem"] = problem
        while True:
            await self.audit.note_answer(request)
            seen = await self._noted(request, {UNSEEN: None})
            expect: dict[str, Scalar] = {"revision": request.revision}
            document = await self._set(REQUESTS, request.id, expect, change | seen)
            if document is not None:
                return self._request(document)
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
        return await self._store.insert(TURNS, _turn_document(turn))

    async def turns(self, thread_id: ThreadId, *statuses: TurnStatus) -> list[Turn]:
        """Turns of a thread with one of these statuses, in the order in which they were said."""
        where: dict[str, Scalar | tuple[Scalar, ...]] = {"thread_id": thread_id, "status": tuple(map(str, statuses))}
        arrived = [_turn(document) for document in await self._store.find(TURNS, where)]
        return sorted(arrived, key=lambda turn: turn.said_at)

    async def turn(self, turn_id: str) -> Turn | None:
        """Read a turn."""
        document = await self._store.get(TURNS, turn_id)
        return _turn(document) if document else None

    async def change_turn(self, turn: Turn, **changes: Any) -> Turn | None:
        """Change a turn as it was read; None when it has changed since. What was done is noted as with requests."""
        document = _turn_document(replace(turn, **await self._noted(turn, changes)))
        changed = await self._set(TURNS, turn.id, {"revision": turn.revision}, document)
        return _turn(changed) if changed else None

    # What there is to do.

    def leases(self, clock: Callable[[], float], seconds: float) -> Leases:
        """Leases on these threads, for one process."""
        return Leases(self._store, clock, seconds)

    async def wake_at(self, thread_id: ThreadId, at: float) -> None:
        """Have a thread looked at when it is `at`, by whichever process is there then, and once at least.

        Asking twice for a time is asking once. A time that has lost its meaning costs one look and nothing else.
        """
        await leases.wake_at(self._store, thread_id, at)

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
        return await self._store.insert(POSTS, _post_document(post))

    async def post(self, key: str) -> Post | None:
        """Read a post."""
        document = await self._store.get(POSTS, key)
        return _post(document) if document else None

    async def post_at(self, where: str) -> Post | None:
        """Find a post by the place it is at."""
        found = await self._store.find(POSTS, {"where": where}, limit=1)
        return _post(found[0]) if found else None

    async def change_post(self, post: Post, **changes: Any) -> Post | None:
        """Change a post as it was read; None when it has changed since."""
        document = _post_document(replace(post, **changes))
        changed = await self._set(POSTS, post.key, {"revision": post.revision}, document)
        return _post(changed) if changed else None

    async def forget_post(self, post: Post) -> None:
        """There is no such message any more, and none is wanted."""
        await self._store.delete_document(POSTS, post.key)

    # Drafts.

    async def keep_draft(self, view_id: str, request_id: RequestId, values: dict[str, Any], *, at: float) -> None:
        """Keep what somebody has filled into a form so far; the form is known by the view it is in."""
        kept: Document = {"request_id": request_id, "values": self._codec.encode(values)}
        if await self._set(DRAFTS, view_id, {"request_id": request_id}, kept) is None:
            await self._store.insert(DRAFTS, kept | {"id": view_id, "created_at": at})

    async def draft(self, view_id: str, request_id: RequestId) -> dict[str, Any] | None:
        """Read what was filled in so far; None when that is nothing."""
        found = await self._store.get(DRAFTS, view_id)
        if found is None or found["request_id"] != request_id:
            return None
        values: dict[str, Any] = self._codec.decode(cast("bytes", found["values"]))
        return values

    async def drop_draft(self, view_id: str) -> None:
        """Forget one form: it was closed."""
        await self._store.delete_document(DRAFTS, view_id)

    async def drop_drafts(self, request_id: RequestId) -> None:
        """Forget every form of a request: it is decided."""
        for found in await self._store.find(DRAFTS, {"request_id": request_id}):
            await self._store.delete_document(DRAFTS, str(found["id"]))

    # Audit.

    async def note_start(self, thread: Thread) -> None:
        """Have the trail say who started a thread, and that of the run it is a copy of; whoever finds it may."""
        await self.audit.note_start(thread)
        origin = await self.request(thread.forked_from) if thread.forked_from and thread.forked_by else None
        if origin is not None:
            about: About = {"thread_id": origin.thread_id, "request_id": origin.id, "detail": thread.id}
            await self.audit.add(entry_of("fork", at=thread.created_at, by=thread.forked_by, **about))

    async def note_done(self, request: Request) -> None:
        """Have the trail say what was done with a request, unless it does: whoever finds that may do this."""
        await self.audit.note_answer(request)
        await self.audit.add(*request.unnoted)

    async def trail(self, thread_id: ThreadId) -> list[Document]:
        """Audit entries of a thread, oldest first."""
        return await self.audit.trail(thread_id)

    # Documents.

    async def _set(
        self, collection: Collection, document_id: str, expect: dict[str, Scalar], document: Document
    ) -> Document | None:
        change = {name: value for name, value in document.items() if name not in {"id", "created_at", "revision"}}
        return await self._store.update(collection, document_id, expect=expect, change=change)

    def _request_document(self, request: Request) -> Document:
        document = asdict(replace(request, payload=None, decision=None, proposal=None, terms=Terms()))
        document |= {"payload": self._codec.encode(request.payload), "status": str(request.status)}
        for name, decision in (("decision", request.decision), ("proposal", request.proposal)):
            document[name] = self._decision_bytes(decision) if decision else None
        return document | {"terms": request.terms.model_dump(mode="json", exclude_defaults=True)}

    def _request(self, document: Document) -> Request:
        fields: dict[str, Any] = dict(document)
        fields["payload"] = self._codec.decode(fields["payload"])
        for name in ("decision", "proposal"):
            fields[name] = self._decision(fields[name]) if fields.get(name) else None
        fields["votes"] = tuple(Vote(by=Person(**vote["by"]), at=vote["at"]) for vote in fields.get("votes", ()))
        fields["asked_for"] = Person(**fields["asked_for"])
        approvers = fields.pop("approvers", None)  # all the terms there were before there was a policy
        terms = {"audiences": [approvers]} if approvers else fields.get("terms", {})
        fields["terms"] = Terms.model_validate(terms)
        fields["status"] = RequestStatus(fields["status"])
        for name in {"due", "places", "closed", "unnoted"} & fields.keys():
            fields[name] = tuple(fields[name])
        fields["notices"] = tuple(
            Notice(rung=Rung(notice["rung"]), to=notice["to"]) for notice in fields.get("notices", ())
        )
        fields["handed"] = tuple(
            Handover(**one | {"to": Person(**one["to"]), "by": Person(**one["by"])}) for one in fields.get("handed", ())
        )
        fields["reminders"] = tuple(
            Reminder(to=Person(**one["to"]), at=one["at"]) for one in fields.get("reminders", ())
        )
        return Request(**fields)

    def _decision_bytes(self, decision: Decision) -> bytes:
        fields = {
            name: getattr(decision, name)
            for name in ("action", "label", "value", "given", "reason", "said", "at", "rule", "timed_out")
        }
        changes = [[change.field, change.before, change.after] for change in decision.changes]
        more = {"verdict": str(decision.verdict), "by": asdict(decision.by), "changes": changes}
        return self._codec.encode(fields | more)

    def _decision(self, stored: bytes) -> Decision:
        fields = self._codec.decode(stored)
        fields["verdict"] = Verdict(fields["verdict"])
        fields["by"] = Person(**fields["by"])
        fields["changes"] = tuple(Change(field=name, before=old, after=new) for name, old, new in fields["changes"])
        return Decision(**fields)


def request_id_of(thread_id: ThreadId, interrupt_id: str, attempt: int) -> RequestId:
    """Return the id of the request for an interrupt: the same whoever opens it."""
    return RequestId(derive_id("request", thread_id, interrupt_id, str(attempt)))


def _thread_document(thread: Thread) -> Document:
    document = asdict(thread) | {"status": str(thread.status)}
    return document | {"team": thread.started_by.team, "starter": thread.started_by.id}


def _thread(document: Document) -> Thread:
    fields: dict[str, Any] = {name: value for name, value in document.items() if name not in {"team", "starter"}}
    fields["started_by"] = Person(**fields["started_by"])
    for name in ("stopped_by", "forked_by"):
        fields[name] = Person(**fields[name]) if fields.get(name) else None
    fields["status"] = ThreadStatus(fields["status"])
    return Thread(**fields)


def _turn_document(turn: Turn) -> Document:
    return asdict(turn) | {"status": str(turn.status)}


def _turn(document: Document) -> Turn:
    fields: dict[str, Any] = dict(document)
    fields["unnoted"] = tuple(fields.get("unnoted", ()))
    fields["failures"] = tuple(fields.get("failures", ()))
    return Turn(**fields | {"by": Person(**fields["by"]), "status": TurnStatus(fields["status"])})


def _post_document(post: Post) -> Document:
    document = asdict(post)
    return {"id": document.pop("key"), **document, "where": where_of(post.place or {})}


def _post(document: Document) -> Post:
    fields: dict[str, Any] = {name: value for name, value in document.items() if name != "where"}
    return Post(key=fields.pop("id"), **fields)
