"""One step of a thread on its way to rest: look at the ledger and at the graph's own state, do the one next thing.

Deliver decisions, go on after a crash, put questions before people, take the next turn. A decision is delivered when
the graph's committed state no longer has its question pending. A process that dies before that commit delivers again;
one that dies between the commit and the note of it finds the question gone and only notes.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from runtime.codec.codec import Codec
from runtime.errors import AndonError, CodecError, InvalidAnswerError, RunError, StoreError, ThreadBusyError
from runtime.requests.agents import Agent, StateView
from runtime.requests.drives import Drive
from runtime.requests.ledger import Ledger, request_id_of
from runtime.requests.records import Request, RequestStatus, Thread, ThreadId, ThreadStatus, Turn, TurnStatus, Verdict
from runtime.requests.surface import Surface

logger = logging.getLogger(__name__)

TURN: Final = "andon_turn"
"""Key in a checkpoint's metadata: the turn whose input the graph has taken."""
AT_REST: Final = (ThreadStatus.FINISHED, ThreadStatus.FAILED, ThreadStatus.STOPPED)
_UNANSWERED: Final = (RequestStatus.OPEN, RequestStatus.DECIDED)


class Steps:
    """The steps of every thread. Holds no state of its own."""

    def __init__(
        self, ledger: Ledger, agents: Mapping[str, Agent], surface: Surface, codec: Codec, clock: Callable[[], float]
    ) -> None:
        self._ledger = ledger
        self._agents = agents
        self._surface = surface
        self._codec = codec
        self._clock = clock

    async def step(self, drive: Drive) -> bool:
        """Do the next thing; False when there is none and people see all of it. Raises what passes by itself."""
        thread = await self._ledger.thread(drive.thread_id)
        if thread is None:
            return False
        more = await self._step(drive, thread)
        if not more:
            await self._surface.refresh(thread.id)
        return more

    async def _step(self, drive: Drive, thread: Thread) -> bool:
        if thread.status is ThreadStatus.STOPPED:
            return await self._close(thread)
        if not thread.where:
            return await self._open(thread)
        turn = next(iter(await self._ledger.turns(thread.id, TurnStatus.TAKEN)), None)
        if turn is None:
            return await self._take_turn(thread) or await self._take_failed_turn(thread)
        try:
            return await self._advance(drive, thread, turn)
        except Exception as error:
            if isinstance(error, (StoreError, ThreadBusyError)) and not isinstance(error, CodecError):
                raise
            if isinstance(error, InvalidAnswerError) and await self._ask_again(thread, error):
                return True
            logger.exception("agent %s failed in thread %s", thread.agent, thread.id)
            return await self._fail(thread, turn, error)

    async def _open(self, thread: Thread) -> bool:
        """Have a place before the agent does anything: where it may not speak, it must not act either."""
        if not await self._surface.open(thread.id):
            await self._change(thread, ThreadStatus.STOPPED)
        return True

    # Turns.

    async def _take_turn(self, thread: Thread) -> bool:
        """Take the next turn in the queue."""
        queued = await self._ledger.turns(thread.id, TurnStatus.QUEUED)
        if not queued:
            return False
        if await self._change(thread, ThreadStatus.RUNNING) is not None:
            await self._ledger.change_turn(queued[0], status=TurnStatus.TAKEN)
        return True

    async def _take_failed_turn(self, thread: Thread) -> bool:
        """Take the failed turn again when somebody has answered another of its questions since."""
        if thread.status is not ThreadStatus.FAILED:
            return False
        for request in await self._ledger.requests(thread.id, RequestStatus.DECIDED):
            if request.decision is not None and request.decision.at > thread.updated_at:
                turn = await self._ledger.turn(request.turn_id)
                return turn is not None and await try_again(self._ledger, turn) is not None
        return False

    async def _close(self, thread: Thread) -> bool:
        """Close what a stopped thread left open. Something said since then starts its next turn."""
        for request in await self._ledger.requests(thread.id, *_UNANSWERED):
            await self._ledger.settle(request, RequestStatus.STOPPED)
        turns = await self._ledger.turns(thread.id, TurnStatus.QUEUED, TurnStatus.TAKEN)
        for turn in turns:
            if turn.created_at <= thread.updated_at:
                await self._ledger.change_turn(turn, status=TurnStatus.STOPPED)
        return any(turn.created_at > thread.updated_at for turn in turns) and await self._take_turn(thread)

    async def _end(self, thread: Thread, agent: Agent, turn: Turn, state: StateView) -> bool:
        """The graph has finished with this turn."""
        outcome = agent.to_outcome(state.values)
        if await self._change(thread, ThreadStatus.FINISHED) is not None:
            await self._ledger.change_turn(turn, status=TurnStatus.ENDED, outcome=outcome, failed=False)
        return True

    async def _fail(self, thread: Thread, turn: Turn, error: Exception) -> bool:
        words = str(error) if isinstance(error, AndonError) else f"{type(error).__name__}: {error}"
        now = await self._ledger.thread(thread.id)
        if now is None or now.status is ThreadStatus.STOPPED:
            return True
        if await self._ledger.change_thread(now, status=ThreadStatus.FAILED, updated_at=self._clock()) is not None:
            await self._ledger.change_turn(turn, status=TurnStatus.ENDED, outcome=words, failed=True)
        return True

    async def _change(self, thread: Thread, status: ThreadStatus) -> Thread | None:
        if thread.status is status:
            return thread
        return await self._ledger.change_thread(thread, status=status, updated_at=self._clock())

    # The graph's run for a turn.

    async def _advance(self, drive: Drive, thread: Thread, turn: Turn) -> bool:
        agent = self._agents.get(thread.agent)
        if agent is None:
            raise RunError(f"There is no agent named {thread.agent} any more.")
        state = await agent.graph.aget_state(_config(thread.id))
        pending = {interrupt.id: interrupt for task in state.tasks for interrupt in task.interrupts}
        decided = await self._settle(thread, pending)
        if (state.metadata or {}).get(TURN) != turn.id:
            return await self._go(drive, thread, agent, turn, agent.to_input(turn.text))
        if decided:
            answers = {request.interrupt_id: request.decision.value for request in decided if request.decision}
            return await self._go(drive, thread, agent, turn, agent.command(resume=answers))
        if any(task.result is None and not task.interrupts for task in state.tasks):
            return await self._go(drive, thread, agent, turn, None)
        if pending:
            return await self._ask(thread, agent, turn, pending)
        return await self._end(thread, agent, turn, state)

    async def _settle(self, thread: Thread, pending: Mapping[str, Any]) -> list[Request]:
        """Note what the graph has consumed or given up; return the decisions it has still to get."""
        waiting: list[Request] = []
        for request in await self._ledger.requests(thread.id, *_UNANSWERED):
            question = pending.get(request.interrupt_id)
            decided = request.status is RequestStatus.DECIDED
            if question is None:
                await self._ledger.settle(request, RequestStatus.DELIVERED if decided else RequestStatus.REPLACED)
            elif self._digest(question.value) != request.digest:
                await self._ledger.settle(request, RequestStatus.REPLACED)
            elif decided:
                waiting.append(request)
        return waiting

    async def _go(self, drive: Drive, thread: Thread, agent: Agent, turn: Turn, given: Any) -> bool:
        """Run the graph from an input, a command or None to its next pause or end. Raises what the graph raises."""
        if await self._change(thread, ThreadStatus.RUNNING) is None or drive.woken.is_set():
            return True  # something happened since this step read what there is: look again
        run = drive.running = asyncio.create_task(_exhaust(agent, given, _config(thread.id, turn)))
        run.add_done_callback(lambda _: drive.woken.set())
        while not run.done():
            await self._show(thread.id)
            await drive.woken.wait()
            drive.woken.clear()
        drive.running = None
        if run.cancelled():
            return await self._cancelled(thread)
        run.result()
        return True

    async def _cancelled(self, thread: Thread) -> bool:
        now = await self._ledger.thread(thread.id)
        if now is not None and now.status is not ThreadStatus.STOPPED:
            raise RunError("The agent cancelled itself.")
        return True

    async def _show(self, thread_id: ThreadId) -> None:
        """Show what is, if that can be done now: a run does not wait for the surface to be well."""
        try:
            await self._surface.refresh(thread_id)
        except Exception as error:  # noqa: BLE001 - at the latest the end of the drive tries again
            logger.info("thread %s is not shown while it runs: %s: %s", thread_id, type(error).__name__, error)

    # Questions.

    async def _ask(self, thread: Thread, agent: Agent, turn: Turn, pending: Mapping[str, Any]) -> bool:
        """Open a request for every pending question."""
        asked = await self._ledger.turn_requests(turn.id)
        for interrupt in pending.values():
            same = [request for request in asked if request.interrupt_id == interrupt.id]
            if not any(request.status in _UNANSWERED for request in same):
                await self._ledger.open_request(self._request(thread, agent, turn, interrupt, len(same)))
        await self._change(thread, ThreadStatus.WAITING)
        return await self._approve_by_rule(thread, agent)

    async def _approve_by_rule(self, thread: Thread, agent: Agent) -> bool:
        """Approve what its policy approves without asking anybody; False when there is nothing like that."""
        approved = False
        for request in await self._ledger.requests(thread.id, RequestStatus.OPEN):
            rule, now = request.terms.rule, self._clock()
            decision = agent.to_decision(request, Verdict.APPROVED, now, timed_out=False) if rule else None
            decided = decision and await self._ledger.claim(request.id, replace(decision, rule=rule))
            if decided:
                await self._ledger.audit.note_answer(decided)
                approved = True
        return approved

    def _request(self, thread: Thread, agent: Agent, turn: Turn, interrupt: Any, attempt: int) -> Request:
        return Request(
            id=request_id_of(thread.id, interrupt.id, attempt),
            thread_id=thread.id,
            interrupt_id=interrupt.id,
            turn_id=turn.id,
            attempt=attempt,
            agent=agent.name,
            payload=interrupt.value,
            response_schema=getattr(interrupt, "response_schema", None),
            digest=self._digest(interrupt.value),
            asked_for=turn.by,
            channel=thread.place["channel"],
            terms=agent.terms(interrupt.value),
            status=RequestStatus.OPEN,
            created_at=self._clock(),
        )

    async def _ask_again(self, thread: Thread, error: InvalidAnswerError) -> bool:
        """Put a question before people once more, because the graph did not take the answer; False: nobody gave it."""
        decided = await self._ledger.requests(thread.id, RequestStatus.DECIDED)
        refused = [request for request in decided if request.interrupt_id == error.interrupt_id]
        words = "; ".join(f"{field}: {problem}" if field else problem for field, problem in error.problems.items())
        for request in refused:
            attempt = request.attempt + 1
            anew = replace(
                request,
                id=request_id_of(thread.id, request.interrupt_id, attempt),
                payload=_refilled(request),
                attempt=attempt,
                terms=request.terms.model_copy(update={"rule": ""}),
                problem=words,
                status=RequestStatus.OPEN,
                decision=None,
                proposal=None,
                proposed_in=0,
                votes=(),
                created_at=self._clock(),
            )
            await self._ledger.open_request(anew)
            await self._ledger.settle(request, RequestStatus.REPLACED, problem=words)
        return bool(refused)

    def _digest(self, payload: Any) -> str:
        return blake2b(self._codec.encode(payload), digest_size=8).hexdigest()


def _refilled(request: Request) -> Any:
    """Return the question, starting from what was filled in: nobody types a form twice."""
    refilled = getattr(request.payload, "refilled", None)
    return refilled(request.decision.value) if refilled and request.decision else request.payload


async def try_again(ledger: Ledger, failed: Turn) -> Turn | None:
    """Have a failed turn taken again; None when it has changed since it was read."""
    return await ledger.change_turn(
        failed, status=TurnStatus.TAKEN, attempt=failed.attempt + 1, outcome=None, failed=False
    )


async def _exhaust(agent: Agent, given: Any, config: Mapping[str, Any]) -> None:
    async for _ in agent.graph.astream(given, config, stream_mode="updates"):
        pass


def _config(thread_id: ThreadId, turn: Turn | None = None) -> dict[str, Any]:
    config: dict[str, Any] = {"configurable": {"thread_id": thread_id}}
    return config | ({"metadata": {TURN: turn.id}} if turn else {})
