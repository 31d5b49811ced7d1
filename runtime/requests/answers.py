"""What people do with a question that is put before them: answer, agree, hand it over, be reminded, take it back.

Each is one compare-and-set of the request, with what the audit trail is to say of it. Who may not, or comes too late,
gets the reason, and that is on the trail too.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from runtime.codec.codec import Codec
from runtime.errors import StoreError
from runtime.policy.directory import Directory
from runtime.policy.terms import Asked, Terms, terms_for
from runtime.requests.agents import Agent
from runtime.requests.audit import decision_entry, entry_of, noting
from runtime.requests.drives import Drive
from runtime.requests.grants import Grant
from runtime.requests.handing import handed, may_hand_over, reminded
from runtime.requests.ledger import Ledger
from runtime.requests.policy import Reason, Refusal, is_pending, may_answer, may_decide, may_steer
from runtime.requests.records import (
    Decision,
    Handover,
    Person,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    Verdict,
)
from runtime.requests.votes import cast, withdraw
from runtime.store import Document


class Answers(ABC):
    """The use cases of questions."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Mapping[str, Agent],
        codec: Codec,
        clock: Callable[[], float],
        directory: Directory,
    ) -> None:
        self.ledger = ledger
        self.agents = agents
        self._codec = codec
        self._clock = clock
        self._directory = directory

    @abstractmethod
    def wake(self, thread_id: ThreadId) -> Drive:
        """Have a thread driven, now or right after the step that is under way."""

    async def check(self, request_id: RequestId, by: Person) -> Request | Refusal:
        """Return the request if this person may answer it now, else the reason why not; a refusal is noted."""
        request = await self.ledger.request(request_id)
        refusal = await may_answer(request, by, self._directory, self._clock())
        if refusal is None and request is not None:
            return request
        if refusal is not None and refusal.reason is Reason.EXPIRED and request is not None:
            self.wake(request.thread_id)  # to have it decided, if that is still to be done
        return await self.refused("answer", refusal or Refusal(Reason.UNKNOWN), by)

    async def waiting_for(self, person: Person, requests: Iterable[Request]) -> list[Request]:
        """Those that wait for this very person: others who may answer see them where they are members.

        Who may answer is looked up once for all requests to which the same applies.
        """
        now, found = self._clock(), dict[tuple[Terms, Person, str, bool], bool]()

        async def waits(request: Request) -> bool:
            handed = [one for one in request.handed if one.to == person]
            if not request.terms.audiences:
                return person == request.asked_for or bool(handed)
            if is_pending(request, person, now) is not None:
                return False
            same = request.terms, request.asked_for, request.channel, any(one.lets for one in handed)
            if same not in found:
                found[same] = await may_decide(request, person, self._directory) is None
            return found[same]

        return [request for request in requests if await waits(request)]

    async def answer(self, request: Request, decision: Decision) -> Request | Refusal:
        """Claim a request that was just checked. Of all who try, one gets it; the others learn who was first.

        Where several have to agree, this is a vote, and the last one that is needed claims; one rejection is enough.
        """
        if request.terms.required > 1 and decision.verdict is not Verdict.REJECTED:
            return await self._agree(request, decision)
        decided = await self.ledger.claim(request.id, decision)
        if decided is None:
            now = await self.ledger.request(request.id)
            refusal = is_pending(now, decision.by, self._clock()) or Refusal(Reason.DECIDED, now)
            return await self.refused("answer", refusal, decision.by)
        self.wake(decided.thread_id)
        await self._note_what_counts(self.ledger.audit.note_answer(decided))
        return decided

    async def _agree(self, seen: Request, decision: Decision, *also: Document) -> Request | Refusal:
        """Decide a request, or vote where others have to agree. `also`: what else the trail is to say of it."""

        def agreed(request: Request) -> Request | Reason:
            counted = cast(request, seen, decision, self._codec) if request.terms.required > 1 else request
            if isinstance(counted, Reason):
                return counted
            if len(counted.votes) >= counted.terms.required or request.terms.required <= 1:
                return noting(replace(counted, status=RequestStatus.DECIDED, decision=decision), *also)
            return noting(counted, decision_entry("vote", counted, decision), *also)

        return await self._change_open("answer", seen.id, decision.by, agreed)

    async def answer_for_run(self, request: Request, approval: Decision) -> Request | Refusal:
        """Approve a request, and calls of the same tools for the rest of the run."""
        if not request.terms.same:
            return await self.refused("grant", Refusal(Reason.CHANGED, request), approval.by)
        grant = await self.ledger.grants.give(request, approval.by, approval.at)
        given = self._entry("grant", request, grant.by, grant.tools)
        answered = await self._agree(request, approval, given)
        if isinstance(answered, Refusal):
            await self.ledger.grants.revoke(grant)
        return answered

    async def revoke(self, grant_id: str, by: Person) -> Grant | Refusal:
        """End a grant: its giver, and whoever may stop the run."""
        grant = await self.ledger.grants.grant(grant_id)
        if grant is None:
            return await self.refused("revoke", Refusal(Reason.UNKNOWN), by)
        refusal = await self._may_steer(await self.ledger.thread(grant.thread_id), by) if by != grant.by else None
        if refusal is not None:
            return await self.refused("revoke", refusal, by)
        if await self.ledger.grants.revoke(grant):
            await self._note("revoke", by, thread_id=grant.thread_id, detail=grant.tools)
        return grant

    async def hand_over(self, request_id: RequestId, by: Person, to: Person, note: str) -> Request | Refusal:
        """Ask somebody to answer: they get the card, and where `by` can let them, they may."""
        request = await self.ledger.request(request_id)
        refusal = is_pending(request, by, self._clock())
        if refusal is not None or request is None:
            return await self.refused("hand_over", refusal or Refusal(Reason.UNKNOWN), by)
        lets = await may_hand_over(request, by, to, self._directory)
        if isinstance(lets, Refusal):
            return await self.refused("hand_over", lets, by)
        handover = Handover(to=to, by=by, note=note, lets=lets, at=self._clock())
        return await self._change_open(
            "hand_over",
            request_id,
            by,
            lambda request: noting(handed(request, handover), self._entry("hand_over", request, by, to.id)),
        )

    async def remind(self, request_id: RequestId, by: Person, at: float) -> Request | Refusal:
        """Tell somebody about a request `at` that time, if it is still open; one reminder at a time for each person."""

        def asked(request: Request) -> Request:
            return noting(reminded(request, by, at, self._clock()), self._entry("remind", request, by))

        return await self._change_open("remind", request_id, by, asked)

    async def withdraw(self, request_id: RequestId, by: Person) -> Request | Refusal:
        """Take one's vote back, as long as nothing is decided."""

        def withdrawn(request: Request) -> Request | Reason:
            changed = withdraw(request, by)
            return noting(changed, self._entry("withdraw", request, by)) if isinstance(changed, Request) else changed

        return await self._change_open("withdraw", request_id, by, withdrawn)

    async def _change_open(
        self, what: str, request_id: RequestId, by: Person, change: Callable[[Request], Request | Reason]
    ) -> Request | Refusal:
        """Change an open request as it is now: again, when somebody else has changed it meanwhile.

        What the trail is to say of it is stored with the change; a refusal is noted as one of `what`.
        """
        while True:
            request = await self.ledger.request(request_id)
            refusal = is_pending(request, by, self._clock())
            if refusal is not None or request is None:
                return await self.refused(what, refusal or Refusal(Reason.UNKNOWN), by)
            changed = change(request)
            if isinstance(changed, Reason):
                return await self.refused(what, Refusal(changed, request), by)
            stored = await self.ledger.change_request(request, **_what_people_do(changed), unseen_since=self._clock())
            if stored is not None:
                self.wake(stored.thread_id)
                await self._note_what_counts(self.ledger.note_done(stored))
                return stored

    # What the trail says, and who may.

    async def refused(self, what: str, refusal: Refusal, by: Person) -> Refusal:
        """Note an attempt that changes nothing; every one is in the audit trail."""
        request, thread = refusal.request, refusal.thread
        thread_id = request.thread_id if request else thread.id if thread else ""
        request_id = request.id if request else ""
        await self._note(f"{what} refused", by, thread_id=thread_id, request_id=request_id, detail=refusal.reason)
        return refusal

    async def _note_what_counts(self, noting: Awaitable[None]) -> None:
        """Note what is stored already, if that can be done now: the drive does it otherwise."""
        with suppress(StoreError):
            await noting

    def _entry(self, what: str, request: Request, by: Person, detail: str = "") -> Document:
        at = self._clock()
        return entry_of(what, at=at, by=by, thread_id=request.thread_id, request_id=request.id, detail=detail)

    async def _note(self, what: str, by: Person, *, thread_id: str, request_id: str = "", detail: str = "") -> None:
        at = self._clock()
        await self.ledger.audit.note(what, at=at, by=by, thread_id=thread_id, request_id=request_id, detail=detail)

    async def _may_steer(self, thread: Thread | None, by: Person) -> Refusal | None:
        agent = self.agents.get(thread.agent) if thread is not None else None
        terms = terms_for(agent.policy, Asked()) if agent is not None else Terms()
        return await may_steer(thread, terms, by, self._directory)


def _what_people_do(request: Request) -> dict[str, Any]:
    names = ("status", "decision", "proposal", "proposed_in", "votes", "handed", "places", "reminders", "unnoted")
    return {name: getattr(request, name) for name in names}
