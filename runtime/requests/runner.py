"""The use cases: start, say, stop, retry, recover, and what people do with questions (`runtime.requests.answers`).

What people do goes into the ledger; a drive does the rest.

A drive (`runtime.requests.drives`) brings one thread to rest step by step (`runtime.requests.steps`), from what is
stored and not from what anybody remembers. So running it once more is always safe, and recovery is nothing but driving
every thread that is not at rest.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runtime.codec.codec import Codec
from runtime.engine.ids import derive_id
from runtime.policy.directory import Directory, NoDirectory
from runtime.requests.agents import Agent
from runtime.requests.answers import Answers
from runtime.requests.audit import entry_of
from runtime.requests.drives import RETRY_SECONDS, Drive, Drives
from runtime.requests.forks import copy_id_of, open_copy
from runtime.requests.leases import LEASE_SECONDS
from runtime.requests.ledger import Ledger
from runtime.requests.policy import Reason, Refusal, may_decide
from runtime.requests.records import (
    AT_REST,
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
    where_of,
)
from runtime.requests.retention import Retention
from runtime.requests.steps import SOON_SECONDS, Steps, try_again
from runtime.requests.surface import Surface
from runtime.requests.sweeper import SWEEP_SECONDS, Sweeper
from runtime.requests.unattended import Unattended


class Runner(Answers):
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
        super().__init__(ledger, agents, codec, clock, directory or NoDirectory())
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
