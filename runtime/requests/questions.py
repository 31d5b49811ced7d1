"""The questions of a graph as requests: opened when it asks, asked again when an answer does not fit, settled at last.

A request is for what was shown: where the graph asks something else by now, the request is replaced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from runtime.codec.codec import Codec
from runtime.errors import InvalidAnswerError
from runtime.policy.directory import Directory
from runtime.policy.ladder import moments
from runtime.requests.agents import Agent, StateView
from runtime.requests.leases import Lease
from runtime.requests.ledger import Ledger, request_id_of
from runtime.requests.records import Request, RequestStatus, Thread, Turn
from runtime.requests.routing import routed
from runtime.requests.slots import Aside

UNANSWERED: Final = (RequestStatus.OPEN, RequestStatus.DECIDED)
"""What the graph has not got its answer to."""


class Questions:
    """Those of every thread. Holds no state of its own."""

    def __init__(self, ledger: Ledger, codec: Codec, clock: Callable[[], float], directory: Directory) -> None:
        self._ledger = ledger
        self._codec = codec
        self._clock = clock
        self._directory = directory

    async def ask(self, lease: Lease, thread: Thread, agent: Agent, turn: Turn, state: StateView) -> None:
        """Open a request for every pending question."""
        asked = await self._ledger.turn_requests(turn.id)
        lease.check()
        for step, interrupt in ((task.name, interrupt) for task in state.tasks for interrupt in task.interrupts):
            same = [request for request in asked if request.interrupt_id == interrupt.id]
            if not any(request.status in UNANSWERED for request in same):
                request = replace(self._request(thread, agent, turn, interrupt, len(same)), step=step)
                async with Aside():  # people and places may have to be looked up
                    request = await routed(request, self._directory)
                await self._ledger.open_request(request)

    async def settle(self, requests: Sequence[Request], pending: Mapping[str, Any]) -> list[Request]:
        """Note what the graph has consumed or given up; return what it waits for still, decided or not."""
        waiting: list[Request] = []
        for request in requests:
            question = pending.get(request.interrupt_id)
            decided = request.status is RequestStatus.DECIDED
            if question is None:
                await self._ledger.settle(request, RequestStatus.DELIVERED if decided else RequestStatus.REPLACED)
            elif self._digest(question.value) != request.digest:
                await self._ledger.settle(request, RequestStatus.REPLACED)
            elif not decided and request.unseen_since is not None:  # a vote
                waiting.append(await self._ledger.change_request(request, unseen_since=None) or request)
            else:
                waiting.append(request)
        return waiting

    def _request(self, thread: Thread, agent: Agent, turn: Turn, interrupt: Any, attempt: int) -> Request:
        now, terms = self._clock(), agent.terms(interrupt.value)
        if interrupt.id == turn.reopens:  # somebody wants to answer it
            terms = terms.model_copy(update={"rule": ""})
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
            terms=terms,
            status=RequestStatus.OPEN,
            due=moments(terms.steps, now, terms.business_hours),
            created_at=now,
        )

    async def ask_again(self, thread: Thread, error: InvalidAnswerError) -> bool:
        """Put a question before people once more, because the graph did not take the answer; False: nobody gave it."""
        decided = await self._ledger.requests(thread.id, RequestStatus.DECIDED)
        refused = [request for request in decided if request.interrupt_id == error.interrupt_id]
        words = "; ".join(f"{field}: {problem}" if field else problem for field, problem in error.problems.items())
        now = self._clock()
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
                due=moments(request.terms.steps, now, request.terms.business_hours),
                climbed=0,
                notices=(),
                reminders=(),
                created_at=now,
                unseen_since=None,
                unnoted=(),
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
