"""What becomes of a question that nobody answers: approved by rule, told of again, and decided when its time is up.

All of it is stored with the request, and the surface shows what is stored, so it is said once however often this runs.
After a time without any process the missed steps are taken in order; where the deadline has passed, only that counts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from runtime.policy.audience import Audience
from runtime.policy.directory import Directory, LookupFailedError
from runtime.policy.ladder import Rung
from runtime.requests.agents import Agent
from runtime.requests.audit import entry_of
from runtime.requests.grants import THE_SAME
from runtime.requests.ledger import Ledger
from runtime.requests.policy import askable, may_answer
from runtime.requests.records import (
    NOBODY,
    Decision,
    Notice,
    Person,
    Request,
    RequestStatus,
    Thread,
    ThreadStatus,
    Verdict,
)
from runtime.store import Document

LOOK_AGAIN_SECONDS: Final = 60.0
"""After which people are looked up again, when they could not be."""
MOST_TOLD: Final = 50
"""People who are told of one question directly."""


class Unattended:
    """Attends to the open questions of a thread at rest. Holds no state of its own."""

    def __init__(self, ledger: Ledger, directory: Directory, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._directory = directory
        self._clock = clock

    async def attend(self, thread: Thread, agent: Agent) -> bool:
        """Do what is due, and have the thread looked at again when the next step is; whether anything was decided."""
        decided = False
        waiting: list[float] = []
        for found in await self._ledger.requests(thread.id, RequestStatus.OPEN):
            request = await self._noted(found) if found.unnoted else found
            if await self._approve(request, agent):
                decided = True
            elif request.deadline is not None and request.deadline <= self._clock():
                await self._time_is_up(request, thread, agent)
                decided = True
            else:
                waiting += await self._climb(request)
                waiting += await self._remind(request)
        if waiting:
            await self._ledger.wake_at(thread.id, min(waiting))
        return decided

    async def _approve(self, request: Request, agent: Agent) -> bool:
        """Approve what a rule or somebody's grant approves; whether there was one."""
        rule, by = request.terms.rule, NOBODY
        if not rule and (granted := await self._granted_by(request)):
            rule, by = THE_SAME, granted
        decision = rule and agent.to_decision(request, Verdict.APPROVED, self._clock(), timed_out=False, by=by)
        if decision:
            await self._claim(request, replace(decision, rule=rule))
        return bool(decision)

    async def _granted_by(self, request: Request) -> Person | None:
        """Whoever approved the same for the run, and may answer this."""
        if not request.terms.same or request.attempt:
            return None
        now = self._clock()
        for grant in await self._ledger.grants.holding(now, thread_id=request.thread_id):
            may = (
                grant.tools == request.terms.same and await may_answer(request, grant.by, self._directory, now) is None
            )
            if may:
                return grant.by
        return None

    async def _time_is_up(self, request: Request, thread: Thread, agent: Agent) -> None:
        """Decide in place of people; what cannot be said no to stops the run."""
        verdict = Verdict.APPROVED if request.terms.on_timeout == "approve" else Verdict.REJECTED
        decision = agent.to_decision(request, verdict, self._clock(), timed_out=True, by=NOBODY)
        if decision is not None:
            return await self._claim(request, decision)
        await self._ledger.audit.add(self._entry("stop", request, at=request.deadline))
        now = await self._ledger.thread(thread.id)
        if now is not None:
            await self._ledger.change_thread(now, status=ThreadStatus.STOPPED, updated_at=self._clock())
        return None

    async def _claim(self, request: Request, decision: Decision) -> None:
        decided = await self._ledger.claim(request.id, decision)
        if decided is not None:
            await self._ledger.audit.note_answer(decided)

    async def _climb(self, request: Request) -> tuple[float, ...]:
        """Take the steps that are due; return when the next one is."""
        while request.climbed < len(request.due) and request.due[request.climbed] <= self._clock():
            try:
                changed = await self._step(request)
            except LookupFailedError:  # again in the minute after this one: the same time, however often we look now
                return ((self._clock() // LOOK_AGAIN_SECONDS + 2) * LOOK_AGAIN_SECONDS,)
            if changed is None:  # somebody has changed it just now
                return (self._clock(),)
            request = changed
        return request.due[request.climbed : request.climbed + 1]

    async def _step(self, request: Request) -> Request | None:
        rung = request.terms.steps[request.climbed].rung
        terms = request.terms.escalated() if rung is Rung.ESCALATE else request.terms
        told = await self._told(replace(request, terms=terms), rung)
        notices = (*request.notices, *(Notice(rung=rung, to=to) for to in told))
        what = "escalated" if rung is Rung.ESCALATE else "reminded"
        entry = self._entry(what, request, detail=" ".join(told).strip())
        return await self._change(request, entry, climbed=request.climbed + 1, notices=notices, terms=terms)

    async def _remind(self, request: Request) -> Iterable[float]:
        """Note who is reminded now, because they wanted to be; return when others are to be."""
        now = self._clock()
        due = [one for one in request.reminders if one.at <= now and not one.noted]
        if due:
            reminders = tuple(replace(one, noted=True) if one in due else one for one in request.reminders)
            entry = self._entry("reminded", request, detail=" ".join(one.to.id for one in due))
            if await self._change(request, entry, reminders=reminders) is None:
                return (now,)
        return [one.at for one in request.reminders if one.at > now]

    async def _change(self, request: Request, entry: Document, **changes: Any) -> Request | None:
        """Change a request, and have the trail say so."""
        unnoted = (*request.unnoted, entry)
        changed = await self._ledger.change_request(request, unnoted=unnoted, **changes)
        return await self._noted(changed) if changed is not None else None

    async def _noted(self, request: Request) -> Request:
        """Have the trail say what was done with a request."""
        return await self._ledger.change_request(request, unseen_since=None) or request

    def _entry(self, what: str, request: Request, *, detail: str = "", at: float | None = None) -> Document:
        at = self._clock() if at is None else at
        return entry_of(what, at=at, by=None, thread_id=request.thread_id, request_id=request.id, detail=detail)

    async def _told(self, request: Request, rung: Rung) -> Iterable[str]:
        """Whom a step tells; "" is the conversation. Raises `LookupFailedError`."""
        match rung:
            case Rung.MESSAGE:
                let = [one.to.id for one in request.handed if one.lets]
                return (*await self._people(request), *let)[:MOST_TOLD] or (request.asked_for.id,)
            case Rung.ESCALATE:
                channels, others = request.terms.escalation()
                anew = request.terms.model_copy(update={"audiences": (others,) if others else ()})
                return ("", *channels, *await self._people(replace(request, terms=anew)))
            case _:
                return ("",)

    async def _people(self, request: Request) -> Sequence[str]:
        """Those who may answer, as far as they are told directly. Raises `LookupFailedError`."""
        audience = Audience(
            directory=self._directory, terms=request.terms, requester=request.asked_for, channel=request.channel
        )
        return await askable((await audience.people())[:MOST_TOLD], request, self._directory)
