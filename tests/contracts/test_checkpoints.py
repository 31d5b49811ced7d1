"""What `CheckpointStore` promises, on every store."""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any

import pytest

from runtime.errors import StaleHeadError
from runtime.store import Log, Mark, Store
from runtime.stores.threads import Threads

EMPTY = Log(head=0, snapshot_at=0, snapshot=None, entries=())
ODD_IDS = ["", " ", "'", '"; DROP TABLE threads; --', "zażółć 🧵", "a\x00b", "a/b.$c", "x" * 900, "NULL", "1"]
FIVE_MEGABYTES = bytes(range(256)) * 20_480


async def append_all(store: Store, thread_id: str, *entries: bytes) -> None:
    for number, entry in enumerate(entries):
        await store.append(thread_id, number, entry)


async def append_somehow(store: Store, thread_id: str, entry: bytes) -> None:
    """Append after whatever is there, as often as somebody else is faster."""
    while True:
        head = (await store.load(thread_id)).head
        try:
            return await store.append(thread_id, head, entry)
        except StaleHeadError:
            continue


def in_own_loops(*works: Coroutine[Any, Any, None]) -> None:
    """Run each in an event loop of a thread of its own, all at once."""
    threads = [Thread(target=asyncio.run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def test_a_thread_that_does_not_exist_is_an_empty_log(store: Store) -> None:
    assert await store.load("nobody") == EMPTY
    assert await store.load("nobody", whole=True) == EMPTY


async def test_entries_come_back_whole_and_oldest_first(store: Store) -> None:
    await append_all(store, "t", b"one", b"", b"\x00\xff")
    log = Log(head=3, snapshot_at=0, snapshot=None, entries=(b"one", b"", b"\x00\xff"))
    assert await store.load("t") == log
    assert await store.load("t", whole=True) == log


@pytest.mark.parametrize("expected", [0, 1, 3, 4, -1])
async def test_an_append_to_another_head_is_stale_and_changes_nothing(store: Store, expected: int) -> None:
    await append_all(store, "t", b"one", b"two")
    before = await store.load("t")
    with pytest.raises(StaleHeadError) as stale:
        await store.append("t", expected, b"late", snapshot=b"late")
    assert (stale.value.thread_id, stale.value.expected) == ("t", expected)
    assert await store.load("t") == before


async def test_an_unknown_thread_begins_with_its_first_entry_only(store: Store) -> None:
    with pytest.raises(StaleHeadError):
        await store.append("t", 1, b"second")
    assert await store.load("t") == EMPTY


async def test_of_racing_writers_exactly_one_wins_each_number(store: Store) -> None:
    for number in range(5):
        writers = [store.append("t", number, b"%d" % writer) for writer in range(20)]
        outcomes = await asyncio.gather(*writers, return_exceptions=True)
        winners = [writer for writer, outcome in enumerate(outcomes) if outcome is None]
        losers = [outcome for outcome in outcomes if isinstance(outcome, StaleHeadError)]
        assert (len(winners), len(losers)) == (1, 19)
        assert (await store.load("t")).entries[number] == b"%d" % winners[0]


async def test_writers_that_try_again_lose_nothing(store: Store) -> None:
    entries = {b"%d" % number for number in range(40)}
    await asyncio.gather(*(append_somehow(store, "t", entry) for entry in entries))
    log = await store.load("t")
    assert log.head == len(log.entries) == 40
    assert set(log.entries) == entries


async def test_loops_of_several_threads_share_a_store(store: Store) -> None:
    async def write(name: int) -> None:
        for number in range(10):
            await append_somehow(store, "shared", b"%d %d" % (name, number))
            await store.append(f"own {name}", number, b"x")

    await asyncio.to_thread(in_own_loops, *(write(name) for name in range(4)))
    log = await store.load("shared")
    assert sorted(log.entries) == sorted(b"%d %d" % (name, number) for name in range(4) for number in range(10))
    assert [(await store.load(f"own {name}")).head for name in range(4)] == [10] * 4


async def test_a_snapshot_stands_for_the_entries_up_to_it(store: Store) -> None:
    await append_all(store, "t", b"one", b"two")
    await store.append("t", 2, b"three", snapshot=b"sum of three")
    assert await store.load("t") == Log(head=3, snapshot_at=3, snapshot=b"sum of three", entries=())
    await store.append("t", 3, b"four")
    assert await store.load("t") == Log(head=4, snapshot_at=3, snapshot=b"sum of three", entries=(b"four",))


async def test_a_later_snapshot_replaces_the_earlier_one(store: Store) -> None:
    await store.append("t", 0, b"one", snapshot=b"first")
    await store.append("t", 1, b"two", snapshot=b"")
    assert await store.load("t") == Log(head=2, snapshot_at=2, snapshot=b"", entries=())


async def test_the_whole_log_has_every_entry_and_no_snapshot(store: Store) -> None:
    await store.append("t", 0, b"one")
    await store.append("t", 1, b"two", snapshot=b"sum")
    await store.append("t", 2, b"three")
    whole = await store.load("t", whole=True)
    assert whole == Log(head=3, snapshot_at=0, snapshot=None, entries=(b"one", b"two", b"three"))


async def test_who_knows_an_entry_gets_what_came_after_it(store: Store) -> None:
    await append_all(store, "t", b"first", b"second", b"third")
    assert await store.load("t", since=Mark(1, b"rst")) == Log(
        head=3, snapshot_at=1, snapshot=None, entries=(b"second", b"third")
    )
    await store.append("t", 3, b"fourth", snapshot=b"sum")
    assert (await store.load("t", since=Mark(3, b"third"))).entries == (b"fourth",)
    assert await store.load("t", since=Mark(4, b"urth")) == Log(head=4, snapshot_at=4, snapshot=None, entries=())


@pytest.mark.parametrize("mark", [Mark(2, b"first"), Mark(3, b"third"), Mark(2, b"longer than the second")])
async def test_who_knows_another_entry_gets_everything(store: Store, mark: Mark) -> None:
    await append_all(store, "t", b"first", b"second")
    assert await store.load("t", since=mark) == await store.load("t")
    assert await store.load("nobody", since=mark) == EMPTY
    await store.append("t", 2, b"other", snapshot=b"sum")
    assert await store.load("t", since=mark) == await store.load("t")


@pytest.mark.parametrize("entries", [(b"x",) * 150, (FIVE_MEGABYTES, b"x"), (b"x", FIVE_MEGABYTES)])
async def test_what_came_after_an_entry_may_be_much(store: Store, entries: tuple[bytes, ...]) -> None:
    await append_all(store, "t", *entries)
    assert (await store.load("t", since=Mark(1, entries[0][-8:]))).entries == entries[1:]


async def test_a_log_may_be_long(store: Store) -> None:
    entries = [b"%d" % number for number in range(150)]
    await append_all(store, "t", *entries)
    assert await store.load("t") == Log(head=150, snapshot_at=0, snapshot=None, entries=tuple(entries))


async def test_entries_and_snapshots_may_be_large(store: Store) -> None:
    await store.append("t", 0, FIVE_MEGABYTES)
    assert await store.load("t") == Log(head=1, snapshot_at=0, snapshot=None, entries=(FIVE_MEGABYTES,))
    await store.append("t", 1, b"small", snapshot=FIVE_MEGABYTES)
    assert await store.load("t") == Log(head=2, snapshot_at=2, snapshot=FIVE_MEGABYTES, entries=())


async def test_any_text_is_a_thread_id(store: Store) -> None:
    for thread_id in ODD_IDS:
        await store.append(thread_id, 0, thread_id.encode())
    for thread_id in ODD_IDS:
        assert (await store.load(thread_id)).entries == (thread_id.encode(),)


async def test_a_view_is_of_one_point_in_time(store: Store) -> None:
    """While somebody writes, every view is one that existed: numbers without gaps, the snapshot of its own head."""

    async def write() -> None:
        for number in range(1, 121):
            snapshot = b"%d" % number if number % 7 == 0 else None
            await store.append("t", number - 1, b"%d" % number, snapshot=snapshot)

    writer = asyncio.create_task(write())
    heads: list[int] = []
    while not writer.done():
        log = await store.load("t", whole=len(heads) % 3 == 0)
        assert log.head == log.snapshot_at + len(log.entries)
        assert log.snapshot == (b"%d" % log.snapshot_at if log.snapshot_at else None)
        assert [int(entry) for entry in log.entries] == list(range(log.snapshot_at + 1, log.head + 1))
        heads.append(log.head)
        await asyncio.sleep(0)
    await writer
    assert heads == sorted(heads)


async def test_what_was_appended_is_there_for_the_next_reader(store: Store) -> None:
    for number in range(50):
        await store.append("t", number, b"x")
        assert (await store.load("t")).head == number + 1


async def test_deleting_forgets_one_thread_and_no_other(store: Store) -> None:
    await append_all(store, "gone", b"one", b"two")
    await store.append("gone", 2, b"three", snapshot=b"sum")
    await append_all(store, "stays", b"one")
    await store.delete("gone")
    await store.delete("never was")
    assert await store.load("gone") == await store.load("gone", whole=True) == EMPTY
    assert (await store.load("stays")).entries == (b"one",)


async def test_a_deleted_thread_can_begin_again(store: Store) -> None:
    await store.append("t", 0, b"old", snapshot=b"old")
    await store.delete("t")
    await store.append("t", 0, b"new")
    assert await store.load("t") == Log(head=1, snapshot_at=0, snapshot=None, entries=(b"new",))


async def test_a_cancelled_append_lands_or_does_not_and_breaks_nothing(store: Store) -> None:
    tasks = [asyncio.create_task(store.append(f"t{number}", 0, b"maybe")) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for number in range(20):
        log = await store.load(f"t{number}")
        assert log.entries in {(), (b"maybe",)} if number % 2 == 0 else log.entries == (b"maybe",)
        await store.append(f"t{number}", log.head, b"after")


async def test_a_copied_thread_goes_on_by_itself(store: Store) -> None:
    assert isinstance(store, Threads)
    await append_all(store, "1", b"a", b"b")
    await store.acopy_thread(1, "two")
    await store.append("two", 2, b"c")
    assert (await store.load("1")).entries == (b"a", b"b")
    assert (await store.load("two")).entries == (b"a", b"b", b"c")
    with pytest.raises(StaleHeadError):
        await store.acopy_thread(1, "two")


async def test_a_thread_is_deleted_by_any_kind_of_id(store: Store) -> None:
    assert isinstance(store, Threads)
    await append_all(store, "7", b"a")
    await store.adelete_thread(7)
    await store.adelete_thread("nobody")
    assert await store.load("7") == EMPTY
