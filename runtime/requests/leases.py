"""One runner per thread, whatever the number of processes over a store; and when somebody has to look at a thread.

Each thread has one document. While somebody has the thread, it holds a token of that claim and when it lapses. `due` is
when others have to look: at the lapse of a lease that is held, at a time somebody asked for, or never for a thread at
rest. The document's revision is the fencing number: it only grows.

It also says when nobody knows what people see: whoever had the thread was cut off, perhaps in the middle of a call. So
no message needs a note of its own before it is redrawn.

Nothing is lost between one who leaves and one who comes. Whoever finds a thread taken writes into its document; a
release counts only if nobody has written since the last look, else its holder looks again. So news is stored first, and
then the thread is claimed.

A lease must outlast the answers to its renewals: where the database takes more than a sixth of the usual length, leases
get longer, up to four times. Else a thread would be taken, lost and taken again for ever, and nothing done for it.

Clocks: a holder stops a sixth of the lease's length before it lapses, by its own clock, and others take over when it
has lapsed by theirs. So clocks may differ by a sixth of the usual length: five seconds of thirty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.engine.ids import new_id
from runtime.errors import LeaseLostError
from runtime.requests.records import ThreadId
from runtime.store import Collection, Document, DocumentStore

LEASES: Final = Collection("leases", ("due",))
LEASE_SECONDS: Final = 30.0
LONGEST: Final = 4.0
"""Of the usual length: what a lease may grow to."""
ANSWERS: Final = 6.0
"""As many of the slowest answers lately fit into a lease."""
FORGETTING: Final = 0.9
"""What an answer leaves of how slow the slowest before it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who has a thread, as stored."""

    holder: str | None
    """A token of one claim; None while nobody has the thread."""
    expires_at: float
    due: float | None
    times: tuple[float, ...]
    """When to look at the thread, as somebody asked."""
    unsure: bool
    """Whether people may see something else than what is stored as shown."""
    revision: int


class Leases:
    """The leases of one process.

    `seconds`: how long one usually lasts unless it is renewed, and so how long a thread may rest whose process died.
    """

    def __init__(self, store: DocumentStore, clock: Callable[[], float], seconds: float = LEASE_SECONDS) -> None:
        self._store = store
        self.clock = clock
        self.seconds = seconds
        self._slowest = 0.0
        """Seconds that the store took to answer, lately."""

    @property
    def length(self) -> float:
        """How long one lasts that is taken or renewed now."""
        return min(max(self.seconds, ANSWERS * self._slowest), LONGEST * self.seconds)

    async def claim(self, thread_id: ThreadId, *, fresh: bool = False) -> "Lease | None":
        """Take a thread. None: somebody has it, and will look at it once more before letting go.

        One write when it is free. `fresh`: the thread is new, so there is probably no document of it yet.
        """
        began, holder = self.clock(), new_id()
        while True:
            claim = None if fresh else await self.hold(thread_id, holder, expect={"holder": None})
            if claim is None:
                found = None if fresh else await _read(self._store, thread_id)
                fresh = False
                if found is None:
                    claim = await self._first(thread_id, holder)
                elif found.holder is None:
                    continue  # it has just been given back
                elif found.expires_at <= self.clock():
                    claim = await self.hold(thread_id, holder, expect={"revision": found.revision}, unsure=True)
                elif await self._leave_word(thread_id, found):
                    return None
            if claim is not None:
                return Lease(self, thread_id, holder, claim.revision, claim, looking_since=began, unsure=claim.unsure)

    async def hold(self, thread_id: ThreadId, holder: str, *, expect: Mapping[str, Any], **also: Any) -> Claim | None:
        """Have a thread for the length of a lease, if its document is as expected."""
        expires_at = self.clock() + self.length
        change = {"holder": holder, "expires_at": expires_at, "due": expires_at, **also}
        return await self.change(thread_id, expect=expect, change=change)

    async def change(
        self, thread_id: ThreadId, *, expect: Mapping[str, Any], change: Mapping[str, Any]
    ) -> Claim | None:
        """Change what is stored, if it is as expected."""
        began = self.clock()
        try:
            document = await self._store.update(LEASES, thread_id, expect=expect, change=change)
        finally:  # whoever gives up on an answer knows that it takes as long as that at least
            self._slowest = max(self.clock() - began, FORGETTING * self._slowest)
        return _claim(document) if document else None

    async def _first(self, thread_id: ThreadId, holder: str) -> Claim | None:
        now = self.clock()
        lapse = now + self.length
        document: Document = {"id": thread_id, "created_at": now, "holder": holder, "expires_at": lapse, "due": lapse}
        document["times"] = ()
        return _claim({**document, "revision": 1}) if await self._store.insert(LEASES, document) else None

    async def _leave_word(self, thread_id: ThreadId, found: Claim) -> bool:
        change = {"wanted_at": self.clock()}
        return await self.change(thread_id, expect={"holder": found.holder}, change=change) is not None


@dataclass(slots=True)
class Lease:
    """A thread that this process has. One task at a time renews and releases it."""

    _leases: Leases
    thread_id: ThreadId
    holder: str
    fence: int
    """Larger than that of every earlier lease of the thread."""
    _claim: Claim
    looking_since: float
    """When the holder last had reason to look: what came before that, it sees."""
    unsure: bool
    """Whether what people see is to be drawn anew: stored when the lease is given back."""

    @property
    def seconds_left(self) -> float:
        """How long nobody else can have the thread, even if their clock is ahead. Asks no store."""
        return self._claim.expires_at - self._leases.seconds / 6 - self._leases.clock()

    @property
    def rests(self) -> float:
        """Seconds until it is to be renewed: with half of it left, or soon where that failed. Asks no store."""
        length = self._leases.length
        return max(self.seconds_left - length / 2, length / 12)

    def check(self) -> None:
        """Raise `LeaseLostError` when another process may have the thread by now. Asks no store."""
        if self.seconds_left <= 0:
            raise LeaseLostError(self.thread_id)

    async def renew(self) -> bool:
        """Have it for longer. True when there is something new to look at. Raises `LeaseLostError`, `StoreError`."""
        claim = await self._leases.hold(self.thread_id, self.holder, expect={"holder": self.holder})
        if claim is None:
            raise LeaseLostError(self.thread_id)
        known, self._claim = self._claim.revision, claim
        now = self._leases.clock()
        news = claim.revision != known + 1 or any(self.looking_since < at <= now for at in claim.times)
        self.looking_since = now if news else self.looking_since
        return news

    async def release(self, due: float | None = None) -> bool:
        """Give the thread back, to be looked at when it is `due`; None for one at rest.

        False when there is something new to look at: then it is held still. Raises `LeaseLostError`, `StoreError`.
        """
        later = [at for at in self._claim.times if at > self.looking_since]
        free = {"holder": None, "times": later, "due": _earliest(due, *later), "unsure": self.unsure}
        expect = {"revision": self._claim.revision}
        if await self._leases.change(self.thread_id, expect=expect, change=free) is not None:
            return True
        await self.renew()
        return False


async def wake_at(store: DocumentStore, thread_id: ThreadId, at: float) -> None:
    """Have a thread looked at when it is `at`. Asking twice for a time is asking once."""
    while True:
        found = await _read(store, thread_id)
        if found is not None and at in found.times:
            return
        if found is None:
            free: Document = {"holder": None, "expires_at": 0.0, "times": [at], "due": at}
            done = await store.insert(LEASES, {"id": thread_id, "created_at": at, **free})
        else:
            due = found.due if found.holder is not None else _earliest(found.due, at)
            change: Document = {"times": [*found.times, at], "due": due}
            expect = {"revision": found.revision}
            done = await store.update(LEASES, thread_id, expect=expect, change=change) is not None
        if done:
            return


async def _read(store: DocumentStore, thread_id: ThreadId) -> Claim | None:
    document = await store.get(LEASES, thread_id)
    return _claim(document) if document else None


def _earliest(*times: float | None) -> float | None:
    return min((time for time in times if time is not None), default=None)


def _claim(document: Mapping[str, Any]) -> Claim:
    return Claim(
        holder=document["holder"],
        expires_at=document["expires_at"],
        due=document["due"],
        times=tuple(document["times"]),
        unsure=document.get("unsure", False),
        revision=document["revision"],
    )
