"""The audit trail: every attempt, refused ones too, as one chain of entries for each thread.

An entry names the hash of the one before and has a hash of all that is in it, so whoever changes, removes or slips in
an entry breaks every later one. Its id is its thread and its number: adding number 8 succeeds once, so two processes
cannot fork a chain, and nothing but that insert is needed. What was tried on no thread that exists is in the chain "".

A chain cannot show that its newest entries were cut off: `missing` finds decisions that nobody is said to have taken,
and an export that is kept elsewhere shows the rest. Entries hold no payload; what people changed arrives masked.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any, Final

from runtime.requests.records import NOBODY, Change, Decision, Person, Request, Thread, ThreadId
from runtime.store import Collection, Document, DocumentStore

AUDIT: Final = Collection("audit", ("thread_id", "request_id"))
ANSWER: Final = "answer"
LONGEST: Final = 2000
"""Characters of one changed value that an entry keeps."""
REMEMBERED: Final = 1000
"""Chains whose end is known, and requests that are known to be noted: for the others it is looked up."""
_OF_THE_STORE: Final = frozenset({"id", "created_at", "revision", "hash"})


class Audit:
    """The trail in a document store. `noted` hears of every entry that was added: what, and the detail."""

    def __init__(self, store: DocumentStore, noted: Callable[[str, str], None] = lambda _what, _detail: None) -> None:
        self._store = store
        self._noted = noted
        self._heads: dict[str, Document] = {}
        self._answered: dict[str, None] = {}
        """Requests whose decisions are noted."""

    async def note(
        self,
        what: str,
        *,
        at: float,
        by: Person | None,
        thread_id: str = "",
        request_id: str = "",
        detail: str = "",
        reason: str | None = None,
        changes: Sequence[Change] = (),
        once: bool = False,
    ) -> None:
        """Add an entry. `once`: unless it is there; a request has one of each kind, a thread of each kind and time."""
        said: Document = {
            "what": what,
            "at": at,
            "by": asdict(by) if by else None,
            "thread_id": thread_id,
            "request_id": request_id,
            "detail": detail,
            "reason": reason,
            "changes": [[change.field, _text(change.before), _text(change.after)] for change in changes],
        }
        while True:
            head = self._heads.pop(thread_id, None) or await self._head(thread_id)
            if once and await self._is_noted(said):  # after the head: what comes later is in our way
                return
            entry = _chained(said, head)
            if await self._store.insert(AUDIT, entry):
                break
        self._heads[thread_id] = entry
        _bound(self._heads)
        self._noted(what, detail)

    async def note_start(self, thread: Thread) -> None:
        """Add who started a thread, or had it made from another one, unless that is there.

        Whoever finds a new thread may do this.
        """
        what, by, detail = "start", thread.started_by, thread.agent
        if thread.forked_by is not None:
            what, by, detail = "forked", thread.forked_by, str(thread.forked_from)
        await self.note(what, at=thread.created_at, by=by, thread_id=thread.id, detail=detail, once=True)

    async def note_stop(self, thread: Thread) -> None:
        """Add who stopped a thread that is stopped, unless that is there: whoever finds one may do this."""
        if thread.stopped_by is not None:
            await self.note("stop", at=thread.updated_at, by=thread.stopped_by, thread_id=thread.id, once=True)

    async def note_answer(self, request: Request) -> None:
        """Add how a request was decided, unless that is there: whoever finds a decided request may do this.

        Who dies between a decision and its entry leaves that to whoever delivers it.
        """
        if request.decision is None or request.id in self._answered:
            return
        await self._note_decision(ANSWER, request, request.decision, once=True)
        self._answered[request.id] = None
        _bound(self._answered)

    async def note_vote(self, request: Request, decision: Decision) -> None:
        """Add what somebody would have decided, where others have to agree."""
        await self._note_decision("vote", request, decision, once=False)

    async def _note_decision(self, what: str, request: Request, decision: Decision, *, once: bool) -> None:
        await self.note(
            what,
            at=decision.at,
            by=decision.by if decision.by != NOBODY else None,
            thread_id=request.thread_id,
            request_id=request.id,
            detail=_detail(decision),
            reason=decision.reason,
            changes=decision.changes,
            once=once,
        )

    async def trail(self, thread_id: ThreadId) -> list[Document]:
        """Entries of a thread, oldest first."""
        return await self._store.find(AUDIT, {"thread_id": thread_id})

    async def _head(self, thread_id: str) -> Document | None:
        newest = await self._store.find(AUDIT, {"thread_id": thread_id}, limit=1, newest_first=True)
        if newest and "number" not in newest[0]:  # of a release that did not chain, perhaps still running beside us
            newest = await self._store.find(AUDIT, {"thread_id": thread_id})
        return max((entry for entry in newest if "number" in entry), key=_number, default=None)

    async def _is_noted(self, said: Document) -> bool:
        about = "request_id" if said["request_id"] else "thread_id"
        entries = await self._store.find(AUDIT, {about: str(said[about])})
        same = [entry for entry in entries if entry["what"] == said["what"]]
        return any(said["request_id"] or entry["at"] == said["at"] for entry in same)


def faults(trail: Sequence[Document]) -> Iterator[str]:
    """What is wrong with the chain of one thread, in words; nothing when it is whole."""
    chained = sorted((entry for entry in trail if "number" in entry), key=_number)
    expected, before = 1, ""
    for entry in chained:
        number = _number(entry)
        if number != expected:
            yield f"entries {expected} to {number - 1} are missing"
        elif entry.get("previous") != before:
            yield f"entry {number} does not follow the one before it"
        if entry.get("hash") != hash_of(entry):
            yield f"entry {number} was changed"
        expected, before = number + 1, str(entry.get("hash"))
    if loose := sum("number" not in entry for entry in trail):
        yield f"{loose} entries are not part of the chain"


def missing(trail: Sequence[Document], requests: Iterable[Request]) -> Iterator[str]:
    """Decisions of a thread that have no entry."""
    noted = {entry["request_id"] for entry in trail if entry["what"] == ANSWER}
    for request in requests:
        if request.decision is not None and request.id not in noted:
            yield f"the decision on request {request.id} is not in it"


def hash_of(entry: Document) -> str:
    """The hash of everything an entry says, its place in the chain included."""
    said = {name: value for name, value in entry.items() if name not in _OF_THE_STORE}
    return sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _chained(said: Document, head: Document | None) -> Document:
    """The entry that follows `head`. `created_at` orders the chain, and never goes back when clocks differ."""
    number = _number(head) + 1 if head else 1
    entry = said | {"number": number, "previous": head["hash"] if head else ""}
    at: Any = max(said["at"], head["created_at"]) if head else said["at"]  # type: ignore[type-var]  # both are floats
    return entry | {"id": f"{said['thread_id']!s}#{number:09}", "created_at": at, "hash": hash_of(entry)}


def _number(entry: Document) -> int:
    number: Any = entry["number"]
    return int(number)


def _detail(decision: Decision) -> str:
    because = [f"by rule: {decision.rule}"] if decision.rule else ["timed out"] if decision.timed_out else []
    return " ".join([decision.verdict, *(change.field for change in decision.changes), *because])


def _text(value: Any) -> str | None:
    """A changed value as text, however long it was."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _bound(known: dict[str, Any]) -> None:
    """Forget what was learned first."""
    while len(known) > REMEMBERED:
        del known[next(iter(known))]
