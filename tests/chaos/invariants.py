"""What must hold whatever happened: the promises D1 to D7, each a function that says in words what is wrong and where.

The first ones are never broken, not even for a moment. The others hold as soon as everything has come to rest.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from handlers.cards.blocks import Message, card_message
from handlers.cards.payloads import compile_card
from handlers.cards.runs import outcome_message, run_message
from runtime.requests.audit import faults
from runtime.requests.records import Request, RequestStatus, Thread, ThreadStatus, Turn, TurnStatus
from tests.chaos.agent import APPROVERS, SPEC
from tests.chaos.evidence import Evidence, same

Invariant = Callable[[Evidence], Iterator[str]]
TEAM = "T0ANDON"


def one_decision_per_request(seen: Evidence) -> Iterator[str]:
    """D1: one request, one decision, ever; the one that is in its record."""
    for request in seen.requests:
        takers = [entry["by"] for entry in seen.noted("answer", request_id=request.id)]
        if len(takers) > 1:
            yield f"D1 request {request.id} was decided {len(takers)} times: by {takers}"
        by = {"team": request.decision.by.team, "id": request.decision.by.id} if request.decision else None
        if any(taker != by for taker in takers):
            yield f"D1 request {request.id} was decided by {takers}, and its record says {by}"


def every_log_can_be_read(seen: Evidence) -> Iterator[str]:
    """What the other invariants rest on."""
    yield from (f"the log of thread {thread_id} cannot be read: {why}" for thread_id, why in seen.unreadable.items())


def no_answer_is_used_twice(seen: Evidence) -> Iterator[str]:
    """D2, the half that never fails: each committed step used the decision of a request, and no two the same."""
    for thread in seen.threads:
        decided = Counter(same(r.payload, r.decision.value) for r in _decided(seen, thread) if r.decision)
        for used, times in Counter(same(*step) for step in seen.taken.get(thread.id, ())).items():
            if times > decided[used]:
                yield f"D2 thread {thread.id} used {used} {times} times, and it was decided {decided[used]} times"


def nothing_is_committed_twice(seen: Evidence) -> Iterator[str]:
    """D2: of several processes that do the same step, one commits it, and none commits over what others did."""
    for thread_id, steps in seen.committed.items():
        for step, times in Counter(steps).items():
            if times > 1:
                yield f"D2 thread {thread_id} has committed {step} {times} times"


def one_key_one_act(seen: Evidence) -> Iterator[str]:
    """D2: a node that runs again acts under the same key, and with the same answer."""
    by_key: dict[str, set[str]] = {}
    for act in seen.acts:
        by_key.setdefault(act["key"], set()).add(same(act["asked"], act["answer"]))
    for key, different in by_key.items():
        if len(different) > 1:
            yield f"D2 idempotency key {key} stands for different acts: {sorted(different)}"


def nothing_is_done_again(seen: Evidence) -> Iterator[str]:
    """D2, where nobody dies or stands still: then a node runs once, because one bot at a time has its thread."""
    for key, times in Counter(act["key"] for act in seen.acts).items():
        if times > 1:
            yield f"D2 what has idempotency key {key} was done {times} times, and nobody had died"


def no_message_twice(seen: Evidence) -> Iterator[str]:
    """D3, the half that never fails: one message for one key."""
    for key, messages in seen.messages.items():
        if key and len(messages) > 1:
            yield f"D3 {key} was posted {len(messages)} times: {[message['ts'] for message in messages]}"


def nobody_without_the_right(seen: Evidence) -> Iterator[str]:
    """D5: only approvers, and only of the own team."""
    for request in seen.requests:
        if request.decision and (request.decision.by.id not in APPROVERS or request.decision.by.team != TEAM):
            yield f"D5 request {request.id} was decided by {request.decision.by}, who may not"
    for thread in seen.threads:
        if thread.stopped_by and thread.stopped_by.id not in APPROVERS:
            yield f"D5 thread {thread.id} was stopped by {thread.stopped_by}, who may not"


def nothing_without_an_answer(seen: Evidence) -> Iterator[str]:
    """D6: every act outside has a decision of a person that says so."""
    said_yes = {
        same(r.payload, r.decision.value) for r in seen.requests if r.decision and r.decision.value is not False
    }
    for act in seen.acts:
        if same(act["asked"], act["answer"]) not in said_yes:
            yield f"D6 {act['asked']} was done with {act['answer']!r}, and nobody decided that"


def everything_rests(seen: Evidence) -> Iterator[str]:
    """What was acknowledged is there, and nothing is left to do but for people."""
    prompts = [thread.prompt for thread in seen.threads]
    for text in seen.crowd.started:
        if prompts.count(text) != 1:
            yield f"the acknowledged start of {text!r} is there {prompts.count(text)} times"
    for thread in seen.threads:
        if thread.status in {ThreadStatus.RUNNING, ThreadStatus.FAILED}:
            yield f"thread {thread.id} is {thread.status}"
    for turn in seen.turns:
        if turn.status is not TurnStatus.TOLD and not _asks(seen, turn):
            yield f"turn {turn.id} is {turn.status}, and no open question is why"


def every_answer_is_used(seen: Evidence) -> Iterator[str]:
    """D2, the other half: a decided request has been delivered, its answer used by one step, its act done."""
    done = {same(act["asked"], act["answer"]) for act in seen.acts}
    for thread in seen.threads:
        used = Counter(same(*step) for step in seen.taken.get(thread.id, ()))
        for request in _decided(seen, thread):
            assert request.decision is not None
            what = same(request.payload, request.decision.value)
            if request.status is RequestStatus.DECIDED:
                yield f"D2 request {request.id} is decided and not delivered"
            elif request.status is RequestStatus.DELIVERED and not used[what]:
                yield f"D2 request {request.id} is delivered, and no committed step used its answer"
            elif used[what] and request.decision.value is not False and what not in done:
                yield f"D2 request {request.id} was answered, and what it was about was not done"


def every_open_request_has_a_card(seen: Evidence) -> Iterator[str]:
    """D3: an open request has exactly one card; so have a run its root, and an end its message."""
    for request in seen.requests:
        if request.status is RequestStatus.OPEN:
            yield from _exactly_one(seen, f"request:{request.id}")
    for thread in seen.threads:
        if thread.status is not ThreadStatus.STOPPED:
            yield from _exactly_one(seen, f"thread:{thread.id}")
    for turn in seen.turns:
        if turn.outcome is not None:
            yield from _exactly_one(seen, f"outcome:{turn.id}:{turn.attempt}")


def cards_show_the_record(seen: Evidence) -> Iterator[str]:
    """D4: every message shows what the ledger says."""
    for request in seen.requests:
        thread = _as_shown(seen.thread_of(request), seen.turn_of(request))
        card = compile_card(request.payload, request.response_schema)
        expected = card_message(card, request, thread, agent_title=SPEC.title)
        yield from _differs(seen, f"request:{request.id}", expected)
    for thread in seen.threads:
        expected = run_message(thread, _of_this_pause(seen, thread), SPEC.title)
        yield from _differs(seen, f"thread:{thread.id}", expected)
    for turn in seen.turns:
        expected = outcome_message(turn, SPEC.title)
        yield from _differs(seen, f"outcome:{turn.id}:{turn.attempt}", expected)


def every_attempt_is_on_the_trail(seen: Evidence) -> Iterator[str]:
    """D7: what counted is noted, and so is every attempt that was acknowledged, unless the person heard it failed."""
    for request in seen.requests:
        if request.decision and not seen.noted("answer", request_id=request.id):
            yield f"D7 request {request.id} was decided by {request.decision.by.id}, and the trail does not say so"
    for thread in seen.threads:
        if not seen.noted("start", thread_id=thread.id):
            yield f"D7 thread {thread.id} was started, and the trail does not say so"
        if thread.stopped_by and not seen.noted("stop", thread_id=thread.id):
            yield f"D7 thread {thread.id} was stopped, and the trail does not say so"
    tried = Counter((attempt.by, attempt.request_id) for attempt in seen.crowd.attempts)
    yield from (
        f"D7 trail of thread {thread.id}: {fault}" for thread in seen.threads for fault in _faults(seen, thread)
    )
    noted = Counter(_who_and_what(entry) for entry in seen.trail if str(entry["what"]).startswith("answer"))
    for (by, request_id), times in tried.items():
        if noted[by, request_id] + noted[by, ""] + seen.apologies[by] < times:
            yield f"D7 {by} tried request {request_id} {times} times, and the trail has {noted[by, request_id]}"


NEVER_BROKEN: tuple[Invariant, ...] = (
    every_log_can_be_read,
    one_decision_per_request,
    no_answer_is_used_twice,
    nothing_is_committed_twice,
    one_key_one_act,
    no_message_twice,
    nobody_without_the_right,
    nothing_without_an_answer,
)
HOLD_AT_REST: tuple[Invariant, ...] = (
    everything_rests,
    every_answer_is_used,
    every_open_request_has_a_card,
    cards_show_the_record,
    every_attempt_is_on_the_trail,
)


def broken(seen: Evidence, *invariants: Invariant) -> list[str]:
    """What is wrong, in words."""
    return list(chain.from_iterable(invariant(seen) for invariant in invariants))


def _decided(seen: Evidence, thread: Thread) -> list[Request]:
    return [request for request in seen.requests if request.thread_id == thread.id and request.decision]


def _asks(seen: Evidence, turn: Turn) -> bool:
    return any(request.turn_id == turn.id and request.status is RequestStatus.OPEN for request in seen.requests)


def _exactly_one(seen: Evidence, key: str) -> Iterator[str]:
    count = len(seen.messages.get(key, ()))
    if count != 1:
        yield f"D3 {key} is there {count} times"


def _differs(seen: Evidence, key: str, expected: Message) -> Iterator[str]:
    for message in seen.messages.get(key, ()):
        shown, recorded = _plain(message["blocks"]), _plain(expected.blocks)
        if message["text"] != expected.text:
            yield f"D4 {key} shows {message['text']!r}, and its record says {expected.text!r}"
        elif shown != recorded:
            new = [block for block in recorded if block not in shown]
            yield f"D4 {key} shows {[block for block in shown if block not in recorded]}, and its record says {new}"


def _plain(blocks: Any) -> Any:
    """Blocks without the ids that Slack gives them."""
    return [{name: value for name, value in block.items() if name != "block_id"} for block in blocks]


def _as_shown(thread: Thread, turn: Turn) -> Thread:
    """The thread as it stood at the end of a turn that is over."""
    if turn.outcome is not None:
        return replace(thread, status=ThreadStatus.FINISHED)
    over = turn.status in {TurnStatus.STOPPED, TurnStatus.TOLD}
    return replace(thread, status=ThreadStatus.STOPPED) if over else thread


def _of_this_pause(seen: Evidence, thread: Thread) -> list[Request]:
    """Requests since the oldest that is open."""
    mine = [request for request in seen.requests if request.thread_id == thread.id]
    oldest = min((request.created_at for request in mine if request.status is RequestStatus.OPEN), default=None)
    return [request for request in mine if oldest is not None and request.created_at >= oldest]


def _faults(seen: Evidence, thread: Thread) -> Iterator[str]:
    return faults([entry for entry in seen.trail if entry["thread_id"] == thread.id])


def _who_and_what(entry: Any) -> tuple[str, str]:
    return entry["by"]["id"], entry["request_id"]
