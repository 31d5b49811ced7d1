"""The ledger keeps what it is given, whole, and changes it by compare-and-set only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime import InMemorySaver, SqliteSaver
from runtime.codec.process import CODEC
from runtime.hitl import Approval
from runtime.policy.terms import Terms
from runtime.requests.documents import REQUESTS, THREADS, TURNS
from runtime.requests.ledger import Ledger, request_id_of
from runtime.requests.records import (
    Change,
    Decision,
    Person,
    Post,
    Reminder,
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

ANA, BEN = Person(team="T", id="ANA"), Person(team="T", id="BEN")
DECISION = Decision(
    action="edit",
    verdict=Verdict.EDITED,
    label="Edit",
    value={"amount": Decimal("25.50"), "at": datetime(2026, 1, 1, tzinfo=UTC), "n": (1, 2)},
    reason="less",
    changes=(Change(field="amount", before=40, after=25.5),),
    said="C/1.2",
    by=BEN,
    at=5.0,
)


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    if request.param == "memory":
        yield Ledger(InMemorySaver(), CODEC)
        return
    async with SqliteSaver(str(tmp_path / "andon.db")) as store:
        yield Ledger(store, CODEC)


THREAD = Thread(
    id=ThreadId("t"),
    agent="refund",
    prompt="order 7",
    started_by=ANA,
    place={"team": "T", "channel": "C"},
    status=ThreadStatus.RUNNING,
    created_at=1.0,
    updated_at=1.0,
)
REQUEST = Request(
    id=RequestId("r"),
    thread_id=ThreadId("t"),
    interrupt_id="i",
    agent="refund",
    payload={"a": (1, 2)},
    digest="d",
    asked_for=ANA,
    channel="C",
    terms=Terms(audiences=(("ANA", "@finance"), ("BEN",)), no_self_approval=True),
    status=RequestStatus.OPEN,
    created_at=1.0,
)
TURN = Turn(id="u", thread_id=ThreadId("t"), text="order 7", by=ANA, place={"ts": "1"}, created_at=1.0)


def thread(name: str = "t", **more: Any) -> Thread:
    return replace(THREAD, id=ThreadId(name), **more)


def request(name: str = "r", **more: Any) -> Request:
    return replace(REQUEST, id=RequestId(name), **more)


def turn(name: str = "u", **more: Any) -> Turn:
    return replace(TURN, id=name, **more)


async def test_a_thread_comes_back_as_it_was_put(ledger: Ledger) -> None:
    assert await ledger.open_thread(thread(stopped_by=BEN))
    assert not await ledger.open_thread(thread(prompt="other"))
    assert await ledger.thread(ThreadId("t")) == thread(stopped_by=BEN)
    assert await ledger.thread(ThreadId("nothing")) is None


@pytest.mark.parametrize("payload", [None, "text", {"a": [1, {"b": b"\x00"}]}, Approval(title="Go?", approvers=["U1"])])
async def test_a_request_comes_back_with_its_payload(ledger: Ledger, payload: Any) -> None:
    asked = request(payload=payload, response_schema={"type": "integer"}, problem="no", attempt=2, turn_id="u")
    assert await ledger.open_request(asked)
    assert await ledger.request(asked.id) == asked


async def test_a_decision_keeps_every_type(ledger: Ledger) -> None:
    await ledger.open_request(request())
    decided = await ledger.claim(RequestId("r"), DECISION)
    assert decided is not None
    assert decided.decision == DECISION
    assert decided.status is RequestStatus.DECIDED
    assert await ledger.request(RequestId("r")) == decided


async def test_of_many_claims_exactly_one_wins(ledger: Ledger) -> None:
    await ledger.open_request(request())
    tries = [replace(DECISION, by=Person(team="T", id=str(number))) for number in range(20)]
    results = await asyncio.gather(*(ledger.claim(RequestId("r"), decision) for decision in tries))
    (won,) = [result for result in results if result is not None]
    assert await ledger.request(RequestId("r")) == won


@pytest.mark.parametrize("status", [RequestStatus.DELIVERED, RequestStatus.REPLACED, RequestStatus.STOPPED])
async def test_what_is_settled_is_not_decided_any_more(ledger: Ledger, status: RequestStatus) -> None:
    await ledger.open_request(request())
    settled = await ledger.settle(request(), status, problem="why")
    assert settled is not None
    assert (settled.status, settled.problem) == (status, "why")
    assert await ledger.claim(RequestId("r"), DECISION) is None
    assert await ledger.settle(request(), RequestStatus.STOPPED) is None


async def test_a_change_counts_only_for_what_was_read(ledger: Ledger) -> None:
    await ledger.open_thread(thread())
    changed = await ledger.change_thread(thread(), status=ThreadStatus.WAITING)
    assert changed == thread(status=ThreadStatus.WAITING, revision=2)
    assert await ledger.change_thread(thread(), status=ThreadStatus.STOPPED) is None
    assert await ledger.thread(ThreadId("t")) == changed


async def test_turns_come_in_the_order_they_were_said(ledger: Ledger) -> None:
    for name, at in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        assert await ledger.add_turn(turn(name, created_at=at))
    assert not await ledger.add_turn(turn("a"))
    assert [found.id for found in await ledger.turns(ThreadId("t"), TurnStatus.QUEUED)] == ["a", "b", "c"]
    taken = await ledger.change_turn(turn("b", created_at=2.0), status=TurnStatus.TAKEN, attempt=1)
    assert taken == await ledger.turn("b")
    assert [found.id for found in await ledger.turns(ThreadId("t"), TurnStatus.QUEUED)] == ["a", "c"]


async def test_threads_are_found_by_place_status_team_and_starter(ledger: Ledger) -> None:
    place = {"team": "T", "channel": "C", "ts": "1.2"}
    await ledger.open_thread(thread("a", where=where_of(place), place=place, created_at=1.0))
    await ledger.open_thread(thread("b", started_by=BEN, status=ThreadStatus.FINISHED, created_at=2.0))
    found = await ledger.thread_at("T/C/1.2")
    assert found is not None
    assert found.id == "a"
    assert await ledger.thread_at("T/C/9") is None
    assert [t.id for t in await ledger.threads(team="T")] == ["b", "a"]
    assert [t.id for t in await ledger.threads(ThreadStatus.RUNNING)] == ["a"]
    assert [t.id for t in await ledger.threads(team="T", starter="BEN", limit=1)] == ["b"]
    assert await ledger.threads(team="X") == []


async def test_what_a_person_did_is_unsettled_until_somebody_has_seen_it(ledger: Ledger) -> None:
    await ledger.open_thread(thread("said"))
    await ledger.add_turn(turn("1", thread_id="said", unseen_since=3.0))
    await ledger.add_turn(turn("2", thread_id="told", status=TurnStatus.TOLD))
    await ledger.open_thread(thread("stopped", unseen_since=4.0))
    await ledger.open_request(request("3", thread_id="asked"))
    await ledger.open_request(request("4", thread_id="decided"))
    await ledger.claim(RequestId("4"), DECISION)
    assert await ledger.unsettled() == ["stopped", "decided", "said"]
    assert await ledger.unsettled(before=3.5) == ["said"]
    decided = await ledger.request(RequestId("4"))
    assert decided is not None
    await ledger.settle(decided, RequestStatus.DECIDED)
    await ledger.change_turn(turn("1"), unseen_since=None)
    await ledger.change_thread(thread("stopped"), unseen_since=None)
    assert await ledger.unsettled() == []


async def test_a_thread_is_woken_at_every_time_that_was_asked_for(ledger: Ledger) -> None:
    for at in (50.0, 20.0, 20.0):
        await ledger.wake_at(ThreadId("t"), at)
    assert await ledger.unsettled(before=20.0) == []
    leases = ledger.leases(lambda: 21.0, 30.0)
    for due, until in ((20.5, 20.0), (50.5, 50.0)):
        assert await ledger.unsettled(due) == ["t"]
        assert await ledger.unsettled(until) == []
        lease = await leases.claim(ThreadId("t"))
        assert lease is not None
        assert await lease.release()
        leases = ledger.leases(lambda: 51.0, 30.0)
    assert await ledger.unsettled() == []


async def test_a_post_is_intended_once(ledger: Ledger) -> None:
    post = Post(key="request:r", thread_id=ThreadId("t"), created_at=1.0)
    assert await ledger.intend_post(post)
    assert not await ledger.intend_post(post)
    placed = await ledger.change_post(post, place={"team": "T", "channel": "C", "ts": "1"}, digest="d")
    assert placed == await ledger.post("request:r")
    assert await ledger.change_post(post, digest="e") is None


async def test_the_trail_holds_who_did_what(ledger: Ledger) -> None:
    await ledger.audit.note("answer", at=1.0, by=BEN, thread_id="t", request_id="r", detail="approved")
    await ledger.audit.note("sweep", at=2.0, by=None, thread_id="t")
    trail = await ledger.trail(ThreadId("t"))
    assert [(entry["what"], entry["by"], entry["detail"]) for entry in trail] == [
        ("answer", {"team": "T", "id": "BEN"}, "approved"),
        ("sweep", None, ""),
    ]


def test_a_request_has_one_id_whoever_opens_it() -> None:
    assert request_id_of(ThreadId("t"), "i", 0) == request_id_of(ThreadId("t"), "i", 0)
    ids = {request_id_of(ThreadId(t), i, n) for t in "ab" for i in "cd" for n in (0, 1)}
    assert len(ids) == 8


@pytest.mark.parametrize("status", [RequestStatus.DELIVERED, RequestStatus.REPLACED, RequestStatus.STOPPED])
async def test_what_is_settled_leaves_no_form_behind(ledger: Ledger, status: RequestStatus) -> None:
    await ledger.open_request(request())
    await ledger.drafts.keep("view", RequestId("r"), {"a": 1}, at=1.0)
    await ledger.drafts.keep("other", RequestId("q"), {"a": 2}, at=1.0)
    await ledger.settle(request(), status)
    assert await ledger.drafts.draft("view", RequestId("r")) is None
    assert await ledger.drafts.draft("other", RequestId("q")) == {"a": 2}


async def test_what_a_later_release_adds_is_in_nobodys_way(ledger: Ledger) -> None:
    """Processes of both may run side by side while they are restarted one after the other."""
    store = ledger._store
    asked = request(reminders=(Reminder(to=BEN, at=9.0),))
    await ledger.open_thread(thread())
    await ledger.open_request(asked)
    await ledger.add_turn(turn())
    later: Any = {"of_tomorrow": {"a": 1}, "reminders": [{"to": asdict(BEN), "at": 9.0, "of_tomorrow": 1}]}
    for collection, name in ((THREADS, "t"), (REQUESTS, "r"), (TURNS, "u")):
        await store.update(collection, name, expect={}, change=later)
    assert await ledger.thread(ThreadId("t")) == thread(revision=2)
    assert await ledger.turn("u") == turn(revision=2)
    assert await ledger.change_request(replace(asked, revision=2), channel="D") == replace(
        asked, revision=3, channel="D"
    )
    kept = await store.get(REQUESTS, "r")
    assert kept is not None
    assert kept["of_tomorrow"] == {"a": 1}
