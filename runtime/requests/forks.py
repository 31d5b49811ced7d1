"""Answering differently: a run's copy from before an answer, as a run of its own in which the question is open again.

Nothing is decided by that: the question is asked there like any other, of the same people and under the same policy,
but for rules that would answer it at once. There is one such copy of each answered question, so that asking for it
twice is asking once. What the first answer led to is not undone.
"""

from dataclasses import replace

from runtime.engine.ids import derive_id
from runtime.requests.ledger import Ledger
from runtime.requests.records import Person, Request, Thread, ThreadId, ThreadStatus, Turn, TurnStatus


def copy_id_of(request: Request) -> ThreadId:
    """Return the id of the run in which a request is answered differently."""
    return ThreadId(derive_id("fork", request.id))


async def open_copy(ledger: Ledger, thread: Thread, turn: Turn, request: Request, *, by: Person, now: float) -> Thread:
    """Store the copy's turn and thread, whose log is there already, and note on the request that it has one."""
    copy_id = copy_id_of(request)
    begun = Turn(
        id=derive_id("turn", copy_id),
        thread_id=copy_id,
        text=turn.text,
        by=turn.by,
        place=turn.place,
        status=TurnStatus.TAKEN,
        origin=turn.id,
        reopens=request.interrupt_id,
        created_at=now,
        unseen_since=now,
    )
    copy = replace(
        thread,
        id=copy_id,
        place={name: thread.place[name] for name in ("team", "channel")},
        where="",
        status=ThreadStatus.RUNNING,
        stopped_by=None,
        forked_from=request.id,
        forked_by=by,
        created_at=now,
        updated_at=now,
        unseen_since=None,
        revision=1,
    )
    await ledger.add_turn(begun)
    await ledger.open_thread(copy)
    while request.forked_to != copy_id and await ledger.change_request(request, forked_to=copy_id) is None:
        request = await ledger.request(request.id) or request
    if turn.status is TurnStatus.TOLD:
        await ledger.change_turn(turn, status=TurnStatus.ENDED)  # its card has something more to show
    return copy
