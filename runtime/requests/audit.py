"""The audit trail: every attempt, refused ones too, as one chain of entries for each thread.

An entry names the hash of the one before and has a hash of all that is in it, so whoever changes, removes or slips in
an entry breaks every later one. Its id is its thread and its number: adding number 8 succeeds once, so two processes
cannot fork a chain, and nothing but that insert is needed. What was tried on no thread that exists is in the chain "".

A chain cannot show that its newest entries were cut off: `missing` finds decisions that nobody is said to have taken,
and an export that is kept elsewhere shows the rest. Entries hold no payload; what people changed arrives masked.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from math import inf
from typing import Any, Final, TypedDict, Unpack, cast

from runtime.requests.records import NOBODY, Change, Decision, Person, Request, Thread, ThreadId
from runtime.store import Collection, Document, DocumentStore

AUDIT: Final = Collection("audit", ("thread_id", "request_id"))
ANSWER: Final = "answer"
LONGEST: Final = 2000
"""Characters of one changed value that an entry keeps."""
REMEMBERED: Final = 1000
"""Chains whose end is known, and acts that are known to be noted: for the others it is looked up."""
A_FEW: Final = 8
"""Entries that are read at first, where the end of a chain is looked through."""
_OF_THE_STORE: Final = frozenset({"id", "created_at", "revision", "hash"})


class About(TypedDict, total=False):
    """What an entry can say besides who did what and when."""

    thread_id: str
    request_id: str
    detail: str
    reason: str | None
    changes: Sequence[Change]


class Audit:
    """The trail in a document store. `noted` hears of every entry that was added: what, and the detail."""

    def __init__(self, store: DocumentStore, noted: Callable[[str, str], None] = lambda _what, _detail: None) -> None:
        self._store = store
        self._noted = noted
        self._heads: dict[str, Document] = {}
        self._known: dict[str, None] = {}
        """What is known to be on the trail."""

    async def note(self, what: str, *, at: float, by: Person | None, **about: Unpack[About]) -> None:
        """Add an entry for what changes nothing else."""
        said = entry_of(what, at=at, by=by, **about)
        chain = str(said["thread_id"])
        while True:
            head = self._heads.pop(chain, None) or next(iter(await self._since(chain, inf)), None)
            if await self._append(said, head):
                return

    async def add(self, *entries: Document) -> None:
        """Add entries that may be there already, because another process has found them too: each is there once."""
        for said in entries:
            if _act_of(said) not in self._known:
                await self._add(said)
                self._known[_act_of(said)] = None
                _bound(self._known)

    async def _add(self, said: Document) -> None:
        """Add an entry unless it is there. It is not where the chain ends before it, in an entry of ours."""
        chain, at = str(said["thread_id"]), cast("float", said["at"])
        head = self._heads.pop(chain, None)
        if head is not None and cast("float", head["created_at"]) < at and await self._append(said, head):
            return
        while True:
            newest = await self._since(chain, at)  # what comes after this is in our way
            there = any(_act_of(entry) == _act_of(said) for entry in newest)
            if there or await self._append(said, newest[0] if newest else None):
                return

    async def _append(self, said: Document, head: Document | None) -> bool:
        entry = _chained(said, head)
        if not await self._store.insert(AUDIT, entry):
            return False
        self._heads[str(entry["thread_id"])] = entry
        _bound(self._heads)
        self._noted(str(entry["what"]), str(entry["detail"]))
        return True

    async def note_start(self, thread: Thread) -> None:
        """Add who started a thread, or had it made from another one, unless that is there.

        Whoever finds a new thread may do this.
        """
        what, by, detail = "start", thread.started_by, thread.agent
        if thread.forked_by is not None:
            what, by, detail = "forked", thread.forked_by, str(thread.forked_from)
        await self.add(entry_of(what, at=thread.created_at, by=by, thread_id=thread.id, detail=detail))

    async def note_stop(self, thread: Thread) -> None:
        """Add who stopped a thread that is stopped, unless that is there: whoever finds one may do this."""
        if thread.stopped_by is not None:
            await self.add(entry_of("stop", at=thread.updated_at, by=thread.stopped_by, thread_id=thread.id))

    async def note_answer(self, request: Request) -> None:
        """Add how a request was decided, unless that is there: whoever finds a decided request may do this."""
        if request.decision is not None:
            await self.add(decision_entry(ANSWER, request, request.decision))

    async def trail(self, thread_id: ThreadId) -> list[Document]:
        """Entries of a thread, oldest first."""
        return await self._store.find(AUDIT, {"thread_id": thread_id})

    async def _since(self, chain: str, at: float) -> list[Document]:
        """The end of a chain, newest entry first: everything that was added since then, and some more."""
        limit = A_FEW
        while True:
            found = await self._store.find(AUDIT, {"thread_id": chain}, limit=limit, newest_first=True)
            chained = [entry for entry in found if "number" in entry]  # a release that did not chain may run beside us
            oldest: Any = chained[-1]["created_at"] if chained else at
            if oldest < at or len(found) < limit:
                return chained
            limit *= A_FEW


def entry_of(what: str, *, at: float, by: Person | None, **about: Unpack[About]) -> Document:
    """What an entry says. Kept with a record (`unnoted`), it is stored by the very write that does what it tells of."""
    return {
        "what": what,
        "at": at,
        "by": {"team": by.team, "id": by.id} if by else None,
        "thread_id": about.get("thread_id", ""),
        "request_id": about.get("request_id", ""),
        "detail": about.get("detail", ""),
        "reason": about.get("reason"),
        "changes": [[one.field, _text(one.before), _text(one.after)] for one in about.get("changes", ())],
    }


def noting(request: Request, *entries: Document) -> Request:
    """Return a request of which the trail is still to say this."""
    return replace(request, unnoted=(*request.unnoted, *entries))


def decision_entry(what: str, request: Request, decision: Decision) -> Document:
    """What an entry says of a decision, or of one that others have to agree with."""
    return entry_of(
        what,
        at=decision.at,
        by=decision.by if decision.by != NOBODY else None,
        thread_id=request.thread_id,
        request_id=request.id,
        detail=_detail(decision),
        reason=decision.reason,
        changes=decision.changes,
    )


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


def _act_of(entry: Document) -> str:
    """What tells an act from every other: nobody does the same twice at one time."""
    said = [entry[name] for name in ("thread_id", "request_id", "what", "at", "by", "detail")]
    return json.dumps(said, sort_keys=True)


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
