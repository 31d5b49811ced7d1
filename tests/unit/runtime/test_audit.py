"""The audit trail is one chain for each thread: nobody forks it, and whoever meddles with it is found out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime import InMemorySaver, MongoDBSaver, SqliteSaver
from runtime.engine.ids import new_id
from runtime.requests import audit
from runtime.requests.audit import AUDIT, Audit, faults, hash_of, missing
from runtime.requests.records import Change, Decision, Person, Request, RequestId, RequestStatus, ThreadId, Verdict
from runtime.store import Document, Store
from tests.mongodb import fresh_uri

BEN = Person(team="T", id="BEN")
THREAD = ThreadId("t")


STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: InMemorySaver(),
    "sqlite": lambda folder: SqliteSaver(folder / "andon.db"),
    "mongodb": lambda _: MongoDBSaver.from_conn_string(fresh_uri()),
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = STORES[request.param](tmp_path)
    yield opened
    await opened.aclose()


def decided(**changes: Any) -> Request:
    decision = Decision(
        action="edit",
        verdict=Verdict.EDITED,
        label="Edit",
        value=None,
        reason="less",
        changes=(Change(field="amount", before=40, after=Decimal("25.5")), Change(field="to", before=None, after="me")),
        by=BEN,
        at=5.0,
    )
    fields: dict[str, Any] = {
        "id": RequestId("r"),
        "thread_id": THREAD,
        "interrupt_id": "i",
        "agent": "refund",
        "payload": None,
        "digest": "",
        "asked_for": BEN,
        "status": RequestStatus.DECIDED,
        "decision": decision,
        "created_at": 1.0,
    }
    return Request(**fields | changes)


async def filled(store: Store, count: int = 5) -> list[Document]:
    """A trail of so many entries."""
    trail = Audit(store)
    for number in range(count):
        await trail.note("say", at=float(number), by=BEN, thread_id=THREAD)
    return await trail.trail(THREAD)


async def test_each_entry_has_the_hash_of_the_one_before(store: Store) -> None:
    trail = await filled(store)
    assert [entry["number"] for entry in trail] == [1, 2, 3, 4, 5]
    assert [entry["previous"] for entry in trail] == ["", *(entry["hash"] for entry in trail[:-1])]
    assert len({entry["hash"] for entry in trail}) == 5
    assert list(faults(trail)) == []


async def test_many_processes_make_one_chain_together(store: Store) -> None:
    processes = [Audit(store) for _ in range(4)]
    notes = [one.note(f"say {n}", at=float(n), by=BEN, thread_id=THREAD) for n in range(20) for one in processes]
    await asyncio.gather(*notes)
    trail = await Audit(store).trail(THREAD)
    assert len(trail) == 80
    assert [entry["number"] for entry in trail] == [*range(1, 81)]
    assert list(faults(trail)) == []


async def test_clocks_that_differ_do_not_change_the_order(store: Store) -> None:
    for at in (100.0, 90.0, 95.0, 100.0):
        await Audit(store).note("say", at=at, by=BEN, thread_id=THREAD)
    trail = await Audit(store).trail(THREAD)
    assert [entry["at"] for entry in trail] == [100.0, 90.0, 95.0, 100.0]
    assert list(faults(trail)) == []


async def test_a_decision_is_noted_once_whoever_notes_it(store: Store) -> None:
    processes = [Audit(store) for _ in range(3)]
    await asyncio.gather(*(one.note_answer(decided()) for one in processes for _ in range(3)))
    (entry,) = await Audit(store).trail(THREAD)
    assert (entry["what"], entry["detail"], entry["reason"]) == ("answer", "edited amount to", "less")
    assert entry["changes"] == [["amount", "40", '"25.5"'], ["to", None, "me"]]
    assert (entry["at"], entry["by"]) == (5.0, {"team": "T", "id": "BEN"})


async def test_a_very_long_change_is_cut_and_says_so(store: Store) -> None:
    await Audit(store).note("x", at=1.0, by=BEN, changes=[Change(field="text", before="a" * 9000, after="b")])
    (entry,) = await Audit(store).trail(ThreadId(""))
    changes: Any = entry["changes"]
    assert changes == [["text", "a" * 2000 + "… (9,000 characters)", "b"]]


@pytest.mark.parametrize("field", ["what", "at", "by", "detail", "reason", "changes", "request_id", "previous", "hash"])
async def test_a_changed_entry_is_found(store: Store, field: str) -> None:
    trail = await filled(store)
    trail[2] = {**trail[2], field: "another"}
    assert any(problem.startswith(("entry 3 was changed", "entry 4 does not follow")) for problem in faults(trail))


async def test_an_entry_made_to_fit_is_found_by_the_next(store: Store) -> None:
    trail = await filled(store)
    trail[2] = {**trail[2], "what": "another"}
    trail[2]["hash"] = hash_of(trail[2])
    assert list(faults(trail)) == ["entry 4 does not follow the one before it"]


async def test_a_removed_entry_and_one_slipped_in_are_found(store: Store) -> None:
    trail = await filled(store)
    assert list(faults([*trail[:1], *trail[3:]])) == ["entries 2 to 3 are missing"]
    assert list(faults([*trail, {**trail[0], "id": "x", "number": 6}])) == [
        "entry 6 does not follow the one before it",
        "entry 6 was changed",
    ]
    loose = {name: value for name, value in trail[0].items() if name != "number"}
    assert list(faults([*trail, loose])) == ["1 entries are not part of the chain"]


async def test_a_decision_that_was_cut_off_the_end_is_found(store: Store) -> None:
    await Audit(store).note_answer(decided())
    trail = await Audit(store).trail(THREAD)
    assert list(missing(trail, [decided(), decided(id="q", decision=None)])) == []
    assert list(missing([], [decided()])) == ["the decision on request r is not in it"]


async def test_entries_of_a_release_that_did_not_chain_are_in_nobodys_way(store: Store) -> None:
    """Before this one, or beside it while processes are restarted one after the other."""
    for at in (1.0, 99.0):
        loose: Document = {"id": new_id(), "created_at": at, "what": "say", "thread_id": THREAD, "request_id": ""}
        await store.insert(AUDIT, loose)
        await Audit(store).note("say", at=at, by=BEN, thread_id=THREAD)
    trail = await Audit(store).trail(THREAD)
    assert [entry["number"] for entry in trail if "number" in entry] == [1, 2]
    assert list(faults(trail)) == ["2 entries are not part of the chain"]


async def test_what_is_known_of_the_end_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "REMEMBERED", 2)
    trail = Audit(store)
    for thread_id in "abcabc":
        await trail.note("say", at=1.0, by=BEN, thread_id=thread_id)
    assert len(trail._heads) == 2
    for thread_id in "abc":
        assert list(faults(await trail.trail(ThreadId(thread_id)))) == []
