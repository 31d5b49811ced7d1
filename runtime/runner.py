"""The use cases: start, answer, say, stop, retry, recover. What people do goes into the ledger; a drive does the rest.

A drive brings one thread to rest. It looks at the ledger and at the graph's own state, does the one next thing, and
looks again: deliver decisions, go on after a crash, put questions before people, take the next turn. It decides from
what is stored and not from what it remembers, so running it once more is always safe, and recovery is nothing but
driving every thread that is not at rest. One drive per thread at a time.

A decision is delivered when the graph's committed state no longer has its question pending. A process that dies before
that commit delivers again; one that dies between the commit and the note of it finds the question gone and only notes.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, Protocol

from runtime.agents import Agent, StateView
from runtime.codec import Codec
from runtime.errors import AndonError, InvalidAnswerError
from runtime.journal import derive_id
from runtime.ledger import Ledger, request_id_of
from runtime.policy import Reason, Refusal, may_answer, may_stop
from runtime.records import (
    Decision,
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
)

logger = logging.getLogger(__name__)

TURN: Final = "andon_turn"
"""Key in a checkpoint's metadata: the turn whose input the graph has taken."""
AT_REST: Final = (ThreadStatus.FINISHED, ThreadStatus.FAILED, ThreadStatus.STOPPED)
SWEEP_SECONDS: Final = 15.0
RECOVERING_AT_ONCE: Final = 8


class Surface(Protocol):
    """Where people see it. Level-triggered: it reads the ledger and makes what people see agree with it."""

    async def refresh(self, thread_id: ThreadId) -> None:
        """Post what is missing, redraw what has changed. Raises when it could not; then it is called again later."""
        ...


@dataclass(slots=True)
class _Drive:
    """The drive of one thread in this process."""

    task: "asyncio.Task[None]"
    again: bool = False
    """Whether something changed while it was running."""
    running: "asyncio.Task[None] | None" = None
    """The graph's own run, while there is one: what a stop cancels."""


class Runner:
    """Carries out what people ask for. One per process; everything it must not forget is in the ledger."""

    def __init__(
        self, ledger: Ledger, agents: Mapping[str, Agent], surface: Surface, codec: Codec, clock: Callable[[], float]
    ) -> None:
        self.ledger = ledger
        self.agents = agents
        self._surface = surface
        self._codec = codec
        self._clock = clock
        self._drives: dict[ThreadId, _Drive] = {}
        self._unsettled: set[ThreadId] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._closing = False

    # What people do.

    async def start(self, agent: str, text: str, by: Person, place: Place, key: str) -> Thread:
        """Store a thread with its first turn; it runs once it is woken. The same `key` again is the same thread."""
        now = self._clock()
        thread_id = ThreadId(derive_id("thread", key))
        thread = Thread(
            id=thread_id,
            agent=agent,
            prompt=text,
            started_by=by,
            place=place,
            status=ThreadStatus.RUNNING,
            where=where_of(place),
            created_at=now,
            updated_at=now,
        )
        turn = Turn(id=derive_id("turn", key), thread_id=thread_id, text=text, by=by, place=place, created_at=now)
        await self.ledger.add_turn(turn)
        if await self.ledger.open_thread(thread):
            await self._note("start", by, thread_id=thread_id, detail=agent)
        return thread

    async def say(self, thread: Thread, text: str, by: Person, place: Place, key: str) -> bool:
        """Queue another turn of a thread. True when the thread was busy, so that it has to wait."""
        turn_id = derive_id("turn", key)
        turn = Turn(id=turn_id, thread_id=thread.id, text=text, by=by, place=place, created_at=self._clock())
        if await self.ledger.add_turn(turn):
            await self._note("say", by, thread_id=thread.id)
        busy = thread.status not in AT_REST
        self.wake(thread.id)
        return busy

    async def check(self, request_id: RequestId, by: Person, digest: str | None = None) -> Request | Refusal:
        """Return the request if this person may answer it now, else the reason why not; a refusal is noted."""
        request = await self.ledger.request(request_id)
        refusal = may_answer(request, by, digest)
        if refusal is None and request is not None:
            return request
        return await self._refused("answer", refusal or Refusal(Reason.UNKNOWN), by)

    async def answer(self, request: Request, decision: Decision) -> Request | Refusal:
        """Claim a request that was just checked. Of all who try, one gets it; the others learn who was first."""
        decided = await self.ledger.claim(request.id, decision)
        if decided is None:
            now = await self.ledger.request(request.id)
            return await self._refused(
                "answer", may_answer(now, decision.by) or Refusal(Reason.DECIDED, now), decision.by
            )
        detail = " ".join([decision.verdict, *(change.field for change in decision.changes)])
        await self._note("answer", decision.by, thread_id=decided.thread_id, request_id=decided.id, detail=detail)
        self.wake(decided.thread_id)
        return decided

    async def stop(self, thread_id: ThreadId, by: Person) -> Thread | Refusal:
        """Stop a thread: what runs is cancelled, open questions are closed, queued turns are dropped."""
        while True:
            thread = await self.ledger.thread(thread_id)
            refusal = may_stop(thread, self.agents.get(thread.agent) if thread else None, by)
            if refusal is not None or thread is None:
                return await self._refused("stop", refusal or Refusal(Reason.UNKNOWN), by)
            if thread.status in AT_REST:
                return await self._refused("stop", Refusal(Reason.OVER, thread=thread), by)
            stopped = await self.ledger.change_thread(
                thread, status=ThreadStatus.STOPPED, stopped_by=by, updated_at=self._clock()
            )
            if stopped is not None:
                break
        await self._note("stop", by, thread_id=thread_id)
        drive = self._drives.get(thread_id)
        if drive is not None and drive.running is not None:
            drive.running.cancel()
        self.wake(thread_id)
        return stopped

    async def retry(self, thread_id: ThreadId, by: Person) -> Thread | Refusal:
        """Run a failed thread on from where it failed, with the answers it had."""
        thread = await self.ledger.thread(thread_id)
        refusal = may_stop(thread, self.agents.get(thread.agent) if thread else None, by)
        if refusal is not None or thread is None:
            return await self._refused("retry", refusal or Refusal(Reason.UNKNOWN), by)
        failed = thread.status is ThreadStatus.FAILED
        again = await self.ledger.change_thread(thread, status=ThreadStatus.RUNNING) if failed else None
        if again is None:
            return await self._refused("retry", Refusal(Reason.OVER, thread=thread), by)
        await self._note("retry", by, thread_id=thread_id)
        self.wake(thread_id)
        return again

    async def _refused(self, what: str, refusal: Refusal, by: Person) -> Refusal:
        request, thread = refusal.request, refusal.thread
        thread_id = request.thread_id if request else thread.id if thread else ""
        request_id = request.id if request else ""
        await self._note(f"{what} refused", by, thread_id=thread_id, request_id=request_id, detail=refusal.reason)
        return refusal

    async def _note(self, what: str, by: Person, **more: str) -> None:
        await self.ledger.note(what, at=self._clock(), by=by, **more)

    # Life.

    async def recover(self) -> None:
        """Drive every thread that is not at rest: what a crash left half done is finished."""
        gate = asyncio.Semaphore(RECOVERING_AT_ONCE)

        async def one(thread_id: ThreadId) -> None:
            async with gate:
                await self.wake(thread_id)

        async with asyncio.TaskGroup() as group:
            for thread_id in await self.ledger.unsettled():
                group.create_task(one(thread_id))

    def sweep(self) -> None:
        """From now on, drive again now and then whatever could not be brought to rest."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            again, self._unsettled = self._unsettled, set()
            for thread_id in again:
                self.wake(thread_id)

    async def aclose(self) -> None:
        """Take no more work, let running steps finish, then stop."""
        self._closing = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        await asyncio.gather(*self.busy, return_exceptions=True)

    @property
    def busy(self) -> "tuple[asyncio.Task[None], ...]":
        """The drives that are under way."""
        return tuple(drive.task for drive in self._drives.values())

    def wake(self, thread_id: ThreadId) -> "asyncio.Task[None]":
        """Have a thread driven, now or right after the drive that is under way."""
        drive = self._drives.get(thread_id)
        if drive is None:
            drive = self._drives[thread_id] = _Drive(asyncio.create_task(self._drive(thread_id)))
        else:
            drive.again = True
        return drive.task

    async def _drive(self, thread_id: ThreadId) -> None:
        try:
            while not self._closing:
                drive = self._drives[thread_id]
                drive.again = False
                while not self._closing and await self._step(thread_id):
                    pass
                await self._show(thread_id)
                if not drive.again:
                    return
        except Exception:
            logger.exception("thread %s could not be brought to rest; trying again later", thread_id)
            self._unsettled.add(thread_id)
        finally:
            del self._drives[thread_id]

    # One step of a drive. Each returns whether to look again.

    async def _step(self, thread_id: ThreadId) -> bool:
        thread = await self.ledger.thread(thread_id)
        if thread is None:
            return False
        if thread.status is ThreadStatus.STOPPED:
            return await self._close(thread)
        turn = next(iter(await self.ledger.turns(thread_id, TurnStatus.TAKEN)), None)
        agent = self.agents.get(thread.agent)
        if agent is None:
            return await self._fail(thread, turn, f"There is no agent named {thread.agent} any more.")
        state = await agent.graph.aget_state(_config(thread_id))
        pending = {interrupt.id: interrupt for task in state.tasks for interrupt in task.interrupts}
        decided = await self._settle(thread, pending)
        if decided:
            return await self._deliver(thread, agent, turn, decided)
        if turn is None or thread.status is ThreadStatus.FAILED:
            return await self._take_turn(thread, turn)
        if _turn_of(state) != turn.id:
            return await self._go(thread, agent, turn, agent.to_input(turn.text))
        if any(task.result is None and not task.interrupts for task in state.tasks):
            return await self._go(thread, agent, turn, None)
        if pending:
            return await self._ask(thread, agent, turn, pending)
        return await self._end(thread, agent, turn, state)

    async def _settle(self, thread: Thread, pending: Mapping[str, Any]) -> list[Request]:
        """Note what the graph has consumed or given up; return the decisions it has still to get."""
        waiting: list[Request] = []
        for request in await self.ledger.requests(thread.id, RequestStatus.OPEN, RequestStatus.DECIDED):
            if request.status is RequestStatus.OPEN and request.interrupt_id not in pending:
                await self.ledger.settle(request, RequestStatus.REPLACED)
            elif request.status is RequestStatus.DECIDED and request.interrupt_id not in pending:
                await self.ledger.settle(request, RequestStatus.DELIVERED)
            elif request.status is RequestStatus.DECIDED:
                waiting.append(request)
        return waiting

    async def _deliver(self, thread: Thread, agent: Agent, turn: Turn | None, decided: list[Request]) -> bool:
        answers = {request.interrupt_id: request.decision.value for request in decided if request.decision}
        try:
            return await self._go(thread, agent, turn, agent.command(resume=answers))
        except InvalidAnswerError as error:
            for request in decided:
                if request.interrupt_id == error.interrupt_id:
                    await self._ask_again(request, error)
            return True

    async def _ask_again(self, request: Request, error: InvalidAnswerError) -> None:
        """Put a question before people once more, because the graph did not take the answer."""
        words = "; ".join(f"{field}: {problem}" if field else problem for field, problem in error.problems.items())
        attempt = request.attempt + 1
        anew = replace(
            request,
            id=request_id_of(request.thread_id, request.interrupt_id, attempt),
            attempt=attempt,
            problem=words,
            status=RequestStatus.OPEN,
            decision=None,
            created_at=self._clock(),
        )
        await self.ledger.open_request(anew)
        await self.ledger.settle(request, RequestStatus.REPLACED, problem=words)

    async def _ask(self, thread: Thread, agent: Agent, turn: Turn, pending: Mapping[str, Any]) -> bool:
        """Open a request for every pending question."""
        asked = {request.interrupt_id for request in await self.ledger.turn_requests(turn.id)}
        now = self._clock()
        for interrupt in pending.values():
            if interrupt.id not in asked:
                await self.ledger.open_request(self._request(thread, agent, turn, interrupt, now))
        await self._change(thread, ThreadStatus.WAITING)
        return False

    def _request(self, thread: Thread, agent: Agent, turn: Turn, interrupt: Any, now: float) -> Request:
        payload = interrupt.value
        return Request(
            id=request_id_of(thread.id, interrupt.id, 0),
            thread_id=thread.id,
            interrupt_id=interrupt.id,
            turn_id=turn.id,
            agent=agent.name,
            payload=payload,
            response_schema=getattr(interrupt, "response_schema", None),
            digest=blake2b(self._codec.encode(payload), digest_size=8).hexdigest(),
            asked_for=thread.started_by,
            approvers=agent.may_answer(_named_approvers(payload)),
            status=RequestStatus.OPEN,
            created_at=now,
        )

    async def _end(self, thread: Thread, agent: Agent, turn: Turn, state: StateView) -> bool:
        """The graph has finished with this turn."""
        outcome = agent.to_outcome(state.values)
        if await self._change(thread, ThreadStatus.FINISHED):
            await self.ledger.change_turn(turn, status=TurnStatus.ENDED, outcome=outcome, failed=False)
        return True

    async def _take_turn(self, thread: Thread, failed: Turn | None) -> bool:
        """Take the next turn in the queue; one that failed is over when people go on talking."""
        queued = await self.ledger.turns(thread.id, TurnStatus.QUEUED)
        if not queued or await self._change(thread, ThreadStatus.RUNNING) is None:
            return bool(queued)
        if failed is not None:
            await self.ledger.change_turn(failed, status=TurnStatus.TOLD)
        await self.ledger.change_turn(queued[0], status=TurnStatus.TAKEN)
        return True

    async def _close(self, thread: Thread) -> bool:
        """Close what a stopped thread left open. Something said since then starts its next turn."""
        for request in await self.ledger.requests(thread.id, RequestStatus.OPEN, RequestStatus.DECIDED):
            await self.ledger.settle(request, RequestStatus.STOPPED)
        turns = await self.ledger.turns(thread.id, TurnStatus.QUEUED, TurnStatus.TAKEN)
        for turn in turns:
            if turn.created_at <= thread.updated_at:
                await self.ledger.change_turn(turn, status=TurnStatus.STOPPED)
        later = any(turn.created_at > thread.updated_at for turn in turns)
        return later and await self._take_turn(thread, None)

    async def _fail(self, thread: Thread, turn: Turn | None, words: str) -> bool:
        if turn is not None:
            await self.ledger.change_turn(turn, outcome=words, failed=True)
        await self._change(thread, ThreadStatus.FAILED)
        return False

    async def _change(self, thread: Thread, status: ThreadStatus) -> Thread | None:
        if thread.status is status:
            return thread
        return await self.ledger.change_thread(thread, status=status, updated_at=self._clock())

    # Running the graph.

    async def _go(self, thread: Thread, agent: Agent, turn: Turn | None, given: Any) -> bool:
        """Run the graph from an input, a command or None to its next pause, end or failure."""
        running = await self._change(thread, ThreadStatus.RUNNING)
        if running is None:
            return True
        drive = self._drives[thread.id]
        drive.running = asyncio.create_task(_exhaust(agent, given, _config(thread.id, turn)))
        await asyncio.gather(asyncio.wait({drive.running}), self._show(thread.id))
        run, drive.running = drive.running, None
        return await self._after(running, turn, run)

    async def _after(self, thread: Thread, turn: Turn | None, run: "asyncio.Task[None]") -> bool:
        error = None if run.cancelled() else run.exception()
        match error:
            case None:
                return True
            case InvalidAnswerError():
                raise error
            case _:
                logger.error("agent %s failed in thread %s", thread.agent, thread.id, exc_info=error)
                words = str(error) if isinstance(error, AndonError) else f"{type(error).__name__}: {error}"
                return await self._fail(thread, turn, words)

    async def _show(self, thread_id: ThreadId) -> None:
        """Show what is, if that can be done now: a run does not wait for the surface to be well."""
        try:
            await self._surface.refresh(thread_id)
        except Exception:
            logger.exception("thread %s could not be shown; trying again later", thread_id)
            self._unsettled.add(thread_id)


async def _exhaust(agent: Agent, given: Any, config: Mapping[str, Any]) -> None:
    async for _ in agent.graph.astream(given, config, stream_mode="updates"):
        pass


def _config(thread_id: ThreadId, turn: Turn | None = None) -> dict[str, Any]:
    config: dict[str, Any] = {"configurable": {"thread_id": thread_id}}
    return config | ({"metadata": {TURN: turn.id}} if turn else {})


def _turn_of(state: StateView) -> str | None:
    return (state.metadata or {}).get(TURN)


def _named_approvers(payload: Any) -> tuple[str, ...]:
    named = payload.get("approvers") if isinstance(payload, Mapping) else getattr(payload, "approvers", None)
    return tuple(map(str, named)) if isinstance(named, (list, tuple)) else ()


def where_of(place: Place) -> str:
    """Write a conversation's place as one string; empty while it has none."""
    return "/".join((place["team"], place["channel"], place["ts"])) if place.get("ts") else ""
