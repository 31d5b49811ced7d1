"""One step of a thread on its way to rest: look at the ledger and at the graph's own state, do the one next thing.

Deliver decisions, go on after a crash, put questions before people, take the next turn. A decision is delivered when
the graph's committed state no longer has its question pending. A process that dies before that commit delivers again;
one that dies between the commit and the note of it finds the question gone and only notes.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from runtime.codec.codec import Codec
from runtime.engine.abandoned import abandon
from runtime.errors import (
    AndonError,
    CodecError,
    InvalidAnswerError,
    RunError,
    StoreError,
    ThreadBusyError,
    UnknownInterruptError,
)
from runtime.policy.directory import Directory
from runtime.requests.agents import Agent, StateView
from runtime.requests.drives import Drive
from runtime.requests.leases import Lease
from runtime.requests.ledger import Ledger
from runtime.requests.progress import Tell, events, modes
from runtime.requests.questions import UNANSWERED, Questions
from runtime.requests.records import RequestStatus, Thread, ThreadId, ThreadStatus, Turn, TurnStatus
from runtime.requests.slots import Aside
from runtime.requests.surface import Surface
from runtime.requests.unattended import Unattended
from runtime.store import Document

logger = logging.getLogger(__name__)

TURN: Final = "andon_turn"
"""Key in a checkpoint's metadata: the turn whose input the graph has taken."""
SOON_SECONDS: Final = 0.1
"""A run that is over so soon is shown when it is over, and not before."""
STARTING_SECONDS: Final = 60.0
"""After so long without its thread, the first turn of one will never have it."""
_REST: Final = object()
"""In place of an input: there is nothing to run the graph with."""


class Steps:
    """The steps of every thread. Holds no state of its own."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Mapping[str, Agent],
        surface: Surface,
        codec: Codec,
        clock: Callable[[], float],
        *,
        directory: Directory,
        unattended: Unattended,
        soon_seconds: float = SOON_SECONDS,
    ) -> None:
        self._ledger = ledger
        self._agents = agents
        self._surface = surface
        self._clock = clock
        self._questions = Questions(ledger, codec, clock, directory)
        self._unattended = unattended
        self._soon_seconds = soon_seconds

    async def step(self, drive: Drive, lease: Lease) -> bool:
        """Do the next thing; False when there is none and people see all of it. Raises what passes by itself."""
        thread = await self._ledger.thread(drive.thread_id)
        if thread is None or thread.gone:
            return await self._forget(drive.thread_id)
        if thread.revision == 1 or thread.unseen_since is not None:
            await self._ledger.note_start(thread)
        more = await self._step(drive, lease, thread)
        if not more:
            await self._refresh(thread.id, lease)
        return more

    async def _refresh(self, thread_id: ThreadId, lease: Lease) -> None:
        """Have people see what is. Whoever is cut off leaves word that nobody knows what they see."""
        anew, lease.unsure = lease.unsure, True
        await self._surface.refresh(thread_id, lease.check, anew=anew)
        lease.unsure = False

    async def _step(self, drive: Drive, lease: Lease, thread: Thread) -> bool:
        if thread.status is ThreadStatus.STOPPED:
            return await self._close(thread, lease)
        if not thread.where:
            return await self._open(thread, lease)
        turns = await self._ledger.turns(thread.id, TurnStatus.TAKEN, TurnStatus.QUEUED)
        turn = next((turn for turn in turns if turn.status is TurnStatus.TAKEN), None)
        if turn is None:
            return await self._take_turn(thread, turns) or await self._take_failed_turn(thread)
        if await self._see(turns):
            return True
        try:
            return await self._advance(drive, lease, thread, turn, is_last=turns == [turn])
        except Exception as error:
            if isinstance(error, (StoreError, ThreadBusyError)) and not isinstance(error, CodecError):
                raise
            if isinstance(error, InvalidAnswerError) and await self._questions.ask_again(thread, error):
                return True
            await lease.renew()  # a run that went on too late fails because of what another process did
            logger.exception("agent %s failed in thread %s", thread.agent, thread.id)
            return await self._fail(thread, turn, error)

    async def _open(self, thread: Thread, lease: Lease) -> bool:
        """Have a place before the agent does anything: where it may not speak, it must not act either."""
        if not await self._surface.open(thread.id, lease.check):
            await self._change(thread, ThreadStatus.STOPPED)
        return True

    async def _see(self, turns: Sequence[Turn]) -> bool:
        """Note that turns are known of: whatever happens now, the thread is looked at again. False: they all were."""
        unseen = [turn for turn in turns if turn.unseen_since is not None]
        for turn in unseen:
            await self._ledger.change_turn(turn, unseen_since=None)
        return bool(unseen)

    async def _forget(self, thread_id: ThreadId) -> bool:
        """There is no such thread: it is gone, or its start was cut off before anybody was told that it began."""
        turns = await self._ledger.turns(thread_id, TurnStatus.QUEUED)
        await self._see([turn for turn in turns if turn.created_at < self._clock() - STARTING_SECONDS])
        return False

    # Turns.

    async def _take_turn(self, thread: Thread, queued: Sequence[Turn]) -> bool:
        """Take the next turn in the queue."""
        if not queued:
            return False
        if await self._change(thread, ThreadStatus.RUNNING) is not None:
            taken = {"status": TurnStatus.TAKEN, "taken_at": self._clock(), "unseen_since": None}
            await self._ledger.change_turn(queued[0], **taken)
        return True

    async def _take_failed_turn(self, thread: Thread) -> bool:
        """Take the failed turn again when another of its questions was answered since, by a person or by policy."""
        if thread.status is not ThreadStatus.FAILED:
            return False
        for request in await self._ledger.requests(thread.id, *UNANSWERED):
            if request.decision is not None and request.decision.at > thread.updated_at:
                turn = await self._ledger.turn(request.turn_id)
                return turn is not None and await try_again(self._ledger, turn, self._clock()) is not None
            if request.unseen_since is not None:
                await self._ledger.change_request(request, unseen_since=None)
        agent = self._agents.get(thread.agent)
        return agent is not None and await self._unattended.attend(thread, agent)

    async def _close(self, thread: Thread, lease: Lease) -> bool:
        """Close what a stopped thread left open. Something said since then starts its next turn."""
        requests = await self._ledger.requests(thread.id, *UNANSWERED)
        lease.check()
        for request in requests:
            await self._ledger.settle(request, RequestStatus.STOPPED)
        turns = await self._ledger.turns(thread.id, TurnStatus.QUEUED, TurnStatus.TAKEN)
        for turn in turns:
            if turn.created_at <= thread.updated_at:
                await self._ledger.change_turn(turn, status=TurnStatus.STOPPED, unseen_since=None)
        later = [turn for turn in turns if turn.created_at > thread.updated_at]
        if thread.unseen_since is not None:
            await self._ledger.audit.note_stop(thread)
            await self._ledger.change_thread(thread, unseen_since=None)
            return True
        return await self._take_turn(thread, later)

    async def _end(self, thread: Thread, agent: Agent, turn: Turn, state: StateView) -> bool:
        """The graph has finished with this turn. False: somebody has changed it or its thread meanwhile."""
        outcome = agent.to_outcome(state.values)
        if await self._change(thread, ThreadStatus.FINISHED) is None:
            return False
        return await self._ledger.change_turn(turn, status=TurnStatus.ENDED, outcome=outcome, failed=False) is not None

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
        return await self._ledger.change_thread(thread, status=status, updated_at=self._clock(), unseen_since=None)

    # The graph's run for a turn.

    async def _advance(self, drive: Drive, lease: Lease, thread: Thread, turn: Turn, *, is_last: bool) -> bool:
        """Run the graph until it asks or ends. What was read of the ledger holds until somebody wakes the drive."""
        agent = self._agents.get(thread.agent)
        if agent is None:
            raise RunError(f"There is no agent named {thread.agent} any more.")
        requests = await self._ledger.requests(thread.id, *UNANSWERED)  # before the state, which settles them
        while True:
            state = await agent.graph.aget_state(_config(thread.id))
            pending = {interrupt.id: interrupt for task in state.tasks for interrupt in task.interrupts}
            requests = await self._questions.settle(requests, pending)
            lease.check()
            answers = {request.interrupt_id: request.decision.value for request in requests if request.decision}
            given = _given(agent, turn, state, answers)
            if given is _REST:
                break
            try:
                now = await self._go(drive, lease, thread, turn, given)
            except UnknownInterruptError as error:
                if answers.keys().isdisjoint(error.interrupt_ids):
                    raise
                now = None  # a process that has lost the thread has handed them in just now
            if now is None:
                return True
            thread = now
        if pending:
            return await self._ask(lease, thread, agent, turn, state)
        return not await self._end(thread, agent, turn, state) or not is_last

    async def _go(self, drive: Drive, lease: Lease, thread: Thread, turn: Turn, given: Any) -> Thread | None:
        """Run the graph from an input, a command or None to its next pause or end. Raises what the graph raises.

        Return the thread as it is now; None when something happened since it was read: then look again. One that
        waited is said to run only once that takes a while.
        """
        waited = thread.status is ThreadStatus.WAITING
        running = thread if waited or drive.woken.is_set() else await self._change(thread, ThreadStatus.RUNNING)
        if running is None or drive.woken.is_set():
            return None
        agent, config = self._agents[thread.agent], _config(thread.id, turn)
        async with self._surface.live(thread, turn, lease.check) as tell:
            run = asyncio.create_task(_exhaust(agent, given, config, tell))
            soon = await self._watch(drive, lease, running, run)
        if run.cancelled():
            await self._cancelled(thread)
            return None
        run.result()
        return running if soon and not drive.woken.is_set() else None

    async def _watch(self, drive: Drive, lease: Lease, thread: Thread, run: asyncio.Task[None]) -> bool:
        """Wait for a run, showing what changes meanwhile; whoever gives up on it cancels it.

        Return whether it was over so soon that nothing was changed meanwhile.
        """
        drive.running = run
        try:
            async with Aside():
                await asyncio.wait({run}, timeout=self._soon_seconds)
            if run.done():
                return True
            run.add_done_callback(lambda _: drive.woken.set())
            await self._change(thread, ThreadStatus.RUNNING)
            while not run.done():
                await self._show(drive.thread_id, lease)
                async with Aside():
                    await drive.woken.wait()
                drive.woken.clear()
                if not run.done():
                    await self._unattended.attend(thread, self._agents[thread.agent])
            return False
        finally:
            drive.running = None
            await abandon(run)

    async def _cancelled(self, thread: Thread) -> None:
        now = await self._ledger.thread(thread.id)
        if now is not None and now.status is not ThreadStatus.STOPPED:
            raise RunError("The agent cancelled itself.")

    async def heed(self, drive: Drive) -> None:
        """Cancel the run of a thread that somebody has stopped, in whatever process."""
        thread = await self._ledger.thread(drive.thread_id) if drive.running is not None else None
        if thread is not None and thread.status is ThreadStatus.STOPPED and drive.running is not None:
            drive.running.cancel()

    async def _show(self, thread_id: ThreadId, lease: Lease) -> None:
        """Show what is, if that can be done now: a run does not wait for the surface to be well."""
        try:
            await self._refresh(thread_id, lease)
        except Exception as error:  # noqa: BLE001 - at the latest the end of the drive tries again
            logger.info("thread %s is not shown while it runs: %s: %s", thread_id, type(error).__name__, error)

    async def _ask(self, lease: Lease, thread: Thread, agent: Agent, turn: Turn, state: StateView) -> bool:
        """Put every pending question before people."""
        await self._questions.ask(lease, thread, agent, turn, state)
        await self._change(thread, ThreadStatus.WAITING)
        return await self._unattended.attend(thread, agent)


async def try_again(ledger: Ledger, failed: Turn, at: float, *entries: Document) -> Turn | None:
    """Have a failed turn taken again, and the trail say so; None when it has changed since it was read."""
    failures = (*failed.failures, failed.outcome or "")
    again = {"attempt": failed.attempt + 1, "failures": failures, "outcome": None, "failed": False}
    unnoted = (*failed.unnoted, *entries)
    return await ledger.change_turn(failed, status=TurnStatus.TAKEN, unseen_since=at, unnoted=unnoted, **again)


def _given(agent: Agent, turn: Turn, state: StateView, answers: Mapping[str, Any]) -> Any:
    """What to run the graph with, or `_REST`."""
    if (state.metadata or {}).get(TURN) not in {turn.id, turn.origin or turn.id}:
        return agent.to_input(turn.text)
    if answers:
        return agent.command(resume=answers)
    return None if any(task.result is None and not task.interrupts for task in state.tasks) else _REST


async def _exhaust(agent: Agent, given: Any, config: Mapping[str, Any], tell: Tell) -> None:
    async for mode, chunk in agent.graph.astream(given, config, stream_mode=modes()):
        for event in events(mode, chunk):
            tell(event)


def _config(thread_id: ThreadId, turn: Turn | None = None) -> dict[str, Any]:
    config: dict[str, Any] = {"configurable": {"thread_id": thread_id}}
    return config | ({"metadata": {TURN: turn.id}} if turn else {})
