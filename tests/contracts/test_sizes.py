"""What is large or many, on every store: sizes are no reason to choose one."""

import asyncio

import pytest

from runtime.store import Collection, Document, Mark, Store
from tests.contracts.conftest import STORES
from tests.contracts.test_checkpoints import FIVE_MEGABYTES

pytestmark = pytest.mark.timeout(300)  # a slow machine takes its time for so much

TURNS = 5_000
OPEN = 10_000
REQUESTS = Collection("requests", ("status", "thread_id"))

many = pytest.mark.parametrize("store", STORES.keys() - {"mongodb by pymongo", "sqlite"}, indirect=True)
"""Neither another driver nor a file is another store, and thousands of replies or fsyncs take seconds."""


async def test_a_thread_may_be_larger_than_any_document(store: Store) -> None:
    """MongoDB takes documents of 16 MB."""
    entries = [b"%d" % number + FIVE_MEGABYTES for number in range(4)]
    for number, entry in enumerate(entries):
        await store.append("t", number, entry)
    await store.append("t", 4, b"last", snapshot=b"".join(entries))
    log = await store.load("t")
    assert (log.head, log.snapshot_at, log.entries) == (5, 5, ())
    assert log.snapshot == b"".join(entries)
    assert (await store.load("t", whole=True)).entries == (*entries, b"last")


async def test_a_document_may_hold_five_megabytes(store: Store) -> None:
    await store.insert(REQUESTS, {"id": "a", "created_at": 1.0, "status": "open", "payload": FIVE_MEGABYTES})
    after = await store.update(REQUESTS, "a", expect={"status": "open"}, change={"answer": FIVE_MEGABYTES})
    assert after is not None
    assert after["payload"] == after["answer"] == FIVE_MEGABYTES
    assert await store.find(REQUESTS, {"status": "open"}) == [after]


@many
async def test_a_thread_may_have_thousands_of_turns(store: Store) -> None:
    for number in range(TURNS):
        await store.append("t", number, b"%d" % number)
    log = await store.load("t")
    assert log.entries == tuple(b"%d" % number for number in range(TURNS))
    assert (await store.load("t", since=Mark(TURNS - 1, b"%d" % (TURNS - 2)))).entries == log.entries[-1:]


@many
async def test_thousands_of_requests_may_be_open(store: Store) -> None:
    for first in range(0, OPEN, 100):
        await asyncio.gather(*(store.insert(REQUESTS, request(number)) for number in range(first, first + 100)))
    assert await store.count(REQUESTS, {"status": "open"}) == OPEN
    oldest = await store.find(REQUESTS, {"status": "open"}, limit=2)
    assert [found["id"] for found in oldest] == ["r0", "r1"]
    (found,) = await store.find(REQUESTS, {"thread_id": "t7777"})
    assert found == request(7777) | {"revision": 1}
    decided = await asyncio.gather(
        *(
            store.update(REQUESTS, f"r{number}", expect={"status": "open"}, change={"status": "decided"})
            for number in [5] * 9
        )
    )
    assert sum(after is not None for after in decided) == 1
    assert await store.count(REQUESTS, {"status": "open"}) == OPEN - 1


def request(number: int) -> Document:
    return {"id": f"r{number}", "created_at": float(number), "status": "open", "thread_id": f"t{number}"}
