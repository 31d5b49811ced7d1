"""The use cases: start, say, answer, stop, retry, recover. What people do goes into the ledger; a drive does the rest.

A drive (`runtime.requests.drives`) brings one thread to rest step by step (`runtime.requests.steps`), from what is
stored and not from what anybody remembers. So running it once more is always safe, and recovery is nothing but driving
every thread that is not at rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from runtime.codec.codec import Codec
from runtime.engine.ids import derive_id
from runtime.errors import StoreError
from runtime.policy.directory import Directory, NoDirectory
from runtime.policy.terms import Asked, Terms, terms_for
from runtime.requests.agents import Agent
from runtime.requests.audit import decision_entry, entry_of, noting
from runtime.requests.drives import RETRY_SECONDS, Drive, Drives
from runtime.requests.forks import copy_id_of, open_copy
from runtime.requests.grants import Grant
from runtime.requests.handing import handed, may_hand_over, reminded
from runtime.requests.leases import LEASE_SECONDS
from runtime.requests.ledger import Ledger
from runtime.requests.policy import Reason, Refusal, is_pending, may_answer, may_decide, may_steer
from runtime.requests.records import (
    AT_REST,
    Decision,
    Handover,
    Person,
    Place,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
    Verdict,
    where_of,
)
from runtime.requests.retention import Retention
from runtime.requests.steps import SOON_SECONDS, Steps, try_again
from runtime.requests.surface import Surface
from runtime.requests.sweeper import SWEEP_SECONDS, Sweeper
from runtime.requests.unattended import Unattended
from runtime.requests.votes import cast, withdraw
from runtime.store import Document


class Runner:
    """Carries out what people ask for. One per process; everything it must not forget is in the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Mapping[str, Agent],
        surface: Surface,
        codec: Codec,
        clock: Callable[[], float],
        *,
        directory: Directory | None = None,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        sweep_seconds: float = SWEEP_SECONDS,
        soon_seconds: float = SOON_SECONDS,
        retention: Retention | None = None,
    ) -> None:
        self.ledger = ledger
        self.agents = agents
        self._codec = codec
        self._clock = clock
        self._directory = directory or NoDirectory()
        unattended = Unattended(ledger, self._directory, clock)
        steps = Steps(
            ledger,
            agents,
            surface,
            codec,
            clock,
            directory=self._directory,
            unattended=unattended,
            soon_seconds=soon_seconds,
        )
        self._drives = Drives(steps.step, steps.heed, ledger.leases(clock, lease_seconds), retry_seconds)
        self._sweeper = Sweeper(ledger, self.wake, clock, sweep_seconds, retention)

    # What people do.

    async def start(self, agent: str, text: str, by: Person, place: Place, key: str) -> Thread:
        """Store a thread with its first turn, and run it. The same `key` again is the same thread."""
        now = self._clock()
        thread = Thread(
            id=ThreadId(derive_id("thread", key)),
            agent=agent,
            prompt=text,
            started_by=by,
            place=place,
            status=ThreadStatus.RUNNING,
            where=where_of(place),
            created_at=now,
            updated_at=now,
        )
        await self._add_turn(thread.id, text, by, place, key)
        opened = await self.ledger.open_thread(thread)
        self._drives.wake(thread.id, fresh=opened)
        if opened:
            await self._note_what_counts(self.ledger.note_start(thread))
        return thread

    async def heard(self, thread: Thread, key: str) -> bool:
        """Whether what was said under this key counts already, as a turn or as an answer."""
        if await self.ledger.turn(derive_id("turn", key)) is not None:
            return True
        requests = await self.ledger.requests(thread.id)
        answers = (answer for request in requests for answer in (request.decision, request.proposal))
        return any(answer is not None and answer.said == key for answer in answers)

    async def say(self, thread: Thread, text: str, by: Person, place: Place, key: str, *, said_at: float) -> bool:
        """Queue another turn of a thread. True when the thread was busy, so that it has to wait.

        `said_at`: by the surface's clock, which is the same in every process.
        """
        entry = entry_of("say", at=self._clock(), by=by, thread_id=thread.id)
        added = await self._add_turn(thread.id, text, by, place, key, said_at=said_at, unnoted=(entry,))
        self.wake(thread.id)
        if added:
            await self._note_what_counts(self.ledger.audit.add(entry))
        return thread.status not in AT_REST

    async def _add_turn(self, thread_id: ThreadId, text: str, by: Person, place: Place, key: str, **more: Any) -> bool:
        now = self._clock()
        turn = Turn(
            id=derive_id("turn", key),
            thread_id=thread_id,
            text=text,
            by=by,
            place=place,
            created_at=now,
            unseen_since=now,
            **more,
        )
        return await self.ledger.add_turn(turn)

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

    async def stop(self, thread_id: ThreadId, by: Person) -> Thread | Refusal:
        """Stop a thread: what runs is cancelled, open questions are closed, queued turns are dropped."""
        stopped = None
        while stopped is None:
            thread = await self.ledger.thread(thread_id)
            refusal = await self._may_steer(thread, by)
            if refusal is not None or thread is None:
                return await self.refused("stop", refusal or Refusal(Reason.UNKNOWN), by)
            if thread.status in AT_REST:
                return await self.refused("stop", Refusal(Reason.OVER, thread=thread), by)
            now = self._clock()
            changes = {"status": ThreadStatus.STOPPED, "stopped_by": by, "updated_at": now, "unseen_since": now}
            stopped = await self.ledger.change_thread(thread, **changes)
        self.wake(thread_id)
        self._drives.cancel_run(thread_id)
        for request in await self.ledger.requests(thread_id, RequestStatus.OPEN):
            await self.ledger.settle(request, RequestStatus.STOPPED)
        await self._note_what_counts(self.ledger.audit.note_stop(stopped))
        return stopped

    async def retry(self, turn_id: str, by: Person) -> Turn | Refusal:
        """Run the failed last turn of a thread on from where it failed, with the answers it had."""
        while True:
            turn = await self.ledger.turn(turn_id)
            thread = await self.ledger.thread(turn.thread_id) if turn is not None else None
            refusal = await self._may_steer(thread, by)
            if refusal is not None or thread is None or turn is None:
                return await self.refused("retry", refusal or Refusal(Reason.UNKNOWN), by)
            turns = await self.ledger.turns(thread.id, *TurnStatus)
            last = max(turns, key=lambda turn: turn.taken_at or turn.created_at)
            if not turn.failed or turn.id != last.id:
                return await self.refused("retry", Refusal(Reason.MOVED_ON, thread=thread), by)
            entry = entry_of("retry", at=self._clock(), by=by, thread_id=thread.id)
            again = await try_again(self.ledger, turn, self._clock(), entry)
            if again is not None:
                self.wake(thread.id)
                await self._note_what_counts(self.ledger.audit.add(entry))
                return again

    async def fork(self, request_id: RequestId, by: Person) -> Thread | Refusal:
        """Have a question that was answered asked once more, in a copy of the run from before the answer."""
        request = await self.ledger.request(request_id)
        if request is None or request.asked_for.team != by.team:
            return await self.refused("fork", Refusal(Reason.UNKNOWN), by)
        refusal = await may_decide(request, by, self._directory)
        if refusal is None and request.decision is None:
            refusal = Refusal(Reason.UNDECIDED, request)
        copy = await self._copy(request, by) if refusal is None else None
        if copy is None:
            return await self.refused("fork", refusal or Refusal(Reason.CANNOT_FORK, request), by)
        self.wake(copy.id)
        return copy

    async def _copy(self, request: Request, by: Person) -> Thread | None:
        """The run's copy, made unless it is there; None where that cannot be."""
        copy_id = copy_id_of(request)
        if existing := await self.ledger.thread(copy_id):
            return existing
        thread, turn = await self.ledger.thread(request.thread_id), await self.ledger.turn(request.turn_id)
        agent = self.agents.get(request.agent)
        if thread is None or turn is None or agent is None or agent.copy is None:
            return None
        if not await agent.copy(thread.id, request.interrupt_id, copy_id):
            return None
        copy = await open_copy(self.ledger, thread, turn, request, by=by, now=self._clock())
        await self._note_what_counts(self.ledger.note_start(copy))
        return copy

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

    # Life.

    async def recover(self) -> None:
        """Drive every thread that somebody has to look at by now: what a crash left half done is finished."""
        await self._sweeper.sweep()

    async def watch(self) -> None:
        """Recover now and then, for ever: what another process has left, and what is due. Raises if it cannot begin."""
        await self._sweeper.run()

    def wake(self, thread_id: ThreadId) -> Drive:
        """Have a thread driven, now or right after the step that is under way."""
        return self._drives.wake(thread_id)

    @property
    def busy(self) -> "tuple[asyncio.Task[None], ...]":
        """The drives that are under way."""
        return self._drives.busy

    async def aclose(self, grace_seconds: float) -> None:
        """Begin nothing more, and let running steps finish; those that take too long go on after a restart."""
        await self._drives.aclose(grace_seconds)


def _what_people_do(request: Request) -> dict[str, Any]:
    names = ("status", "decision", "proposal", "proposed_in", "votes", "handed", "places", "reminders", "unnoted")
    return {name: getattr(request, name) for name in names}
