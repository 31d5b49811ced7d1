"""What is particular to the SQLite store: its thread, its file, and what it says when either fails."""

import asyncio
import gc
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, TypedDict

import pytest

from runtime import START, StateGraph
from runtime.errors import StaleHeadError, StoreError
from runtime.store import Collection, Scalar
from runtime.stores import sqlite_documents, sqlite_log
from runtime.stores.sqlite import SqliteSaver

ROOT = Path(__file__).parents[3]
NOTES = Collection("notes", ("kind",))


class Said(TypedDict, total=False):
    text: str


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "andon.sqlite"


@pytest.fixture
async def saver(path: Path) -> AsyncIterator[SqliteSaver]:
    async with SqliteSaver(path) as saver:
        yield saver


async def pragma(saver: SqliteSaver, text: str) -> Any:
    """Set or ask something on the writing connection, outside of any transaction of its own making."""
    return await saver._writer.run(lambda connection: connection.execute(f"PRAGMA {text}").fetchone())


async def busy(saver: SqliteSaver) -> Event:
    """Keep the writing thread busy until the event is set."""
    started, finish = Event(), Event()

    def wait(_: sqlite3.Connection) -> None:
        started.set()
        assert finish.wait(10)

    task = asyncio.ensure_future(saver._writer.run(wait))
    task.add_done_callback(lambda done: done.exception())
    await asyncio.to_thread(started.wait, 10)
    return finish


async def test_another_opening_finds_what_was_written(path: Path) -> None:
    with SqliteSaver(path) as first:
        await first.append("t", 0, b"one", snapshot=b"s")
        await first.insert(NOTES, {"id": "a", "created_at": 1.0})
    with SqliteSaver.from_conn_string(str(path)) as second:
        assert (await second.load("t")).snapshot == b"s"
        assert await second.get(NOTES, "a") is not None


async def test_two_savers_of_one_file_see_each_other_and_never_both_win(saver: SqliteSaver, path: Path) -> None:
    async with SqliteSaver(path) as other:
        for number in range(20):
            outcomes = await asyncio.gather(
                saver.append("t", number, b"a"), other.append("t", number, b"b"), return_exceptions=True
            )
            assert [type(outcome) for outcome in outcomes].count(StaleHeadError) == 1
            assert (await saver.load("t")) == (await other.load("t"))


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            for saver in pool.map(SqliteSaver, [tmp_path / f"{number}.sqlite"] * 8):
                saver.close()


def test_opening_waits_for_whoever_is_making_the_file(path: Path) -> None:
    """SQLite does not wait by itself before it switches a file to WAL."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(SqliteSaver, path)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.1)
        other.close()
        opening.result(timeout=10).close()


async def test_reads_wait_neither_for_the_writer_nor_in_place_for_a_lock(saver: SqliteSaver) -> None:
    await saver.append("small", 0, b"x")
    await saver.append("large", 0, b"x" * 1_000_000)
    await saver.insert(NOTES, {"id": "a", "created_at": 1.0})
    assert saver._in_place is not None
    assert saver._in_place.read(lambda connection: connection.execute("PRAGMA busy_timeout").fetchone()) == (0,)
    finish = await busy(saver)
    assert (await saver.load("small")).head == 1
    assert (await saver.load("large")).head == 1
    assert await saver.get(NOTES, "a") in await saver.find(NOTES, {})
    finish.set()


async def test_a_read_is_of_one_point_in_time(saver: SqliteSaver, path: Path) -> None:
    """Also when somebody commits between the statements of one read."""
    await saver.append("t", 0, b"x")
    other = sqlite3.connect(path)

    def read_twice(connection: sqlite3.Connection) -> tuple[object, object]:
        before = sqlite_log.load_small(connection, "t")
        with other:
            other.execute("INSERT INTO entries SELECT thread, max(number) + 1, entry FROM entries")
        return before, sqlite_log.load_small(connection, "t")

    assert saver._in_place is not None
    in_place = saver._in_place.read(read_twice)
    other.close()
    assert in_place is not None
    assert in_place[0] == in_place[1]
    assert (await saver.load("t")).head == 2


async def test_who_is_cancelled_hears_of_it_when_what_was_begun_is_written(saver: SqliteSaver) -> None:
    await saver.append("stale", 0, b"x")
    finish = await busy(saver)
    calls = [asyncio.ensure_future(saver.append(thread, 0, b"x")) for thread in ("new", "stale")]
    for _ in range(3):
        await asyncio.sleep(0)
        for call in calls:
            assert call.cancel()
    finish.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, StaleHeadError]
    assert (await saver.load("new")).head == 1


async def test_small_entries_need_no_thread_where_no_fsync_is_waited_for(path: Path) -> None:
    async with SqliteSaver(path, synchronous="NORMAL") as saver:
        await saver.append("t", 0, b"x")
        small = saver.append("t", 1, b"x")
        with pytest.raises(StopIteration):
            small.send(None)
        large = asyncio.ensure_future(saver.append("t", 2, b"x" * 1_000_000))
        await asyncio.sleep(0)
        assert not large.done()
        await large
        with pytest.raises(StaleHeadError):
            await saver.append("t", 2, b"x")
        finish = await busy(saver)
        waiting = asyncio.ensure_future(saver.append("t", 3, b"x"))
        await asyncio.sleep(0)
        assert not waiting.done()
        finish.set()
        await waiting
        assert (await saver.load("t")).head == 4


async def test_what_is_written_in_place_does_not_pile_up_beside_the_file(path: Path) -> None:
    async with SqliteSaver(path, synchronous="NORMAL") as saver:
        for number in range(2_000):
            await saver.append(f"t{number % 10}", number // 10, b"x" * 10_000)
        # The WAL is started over once its first 1,000 pages have been moved into the file.
        assert os.path.getsize(f"{path}-wal") < 15_000_000 < os.path.getsize(path)  # noqa: PTH202, ASYNC240 - at once


async def test_what_queues_up_is_committed_together_and_each_has_its_own_outcome(saver: SqliteSaver) -> None:
    """One job fails after it has written: its write is undone, the others of its group stay."""

    def write_then_fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO threads (id) VALUES ('half')")
        raise ValueError("odd")

    finish = await busy(saver)
    calls = [
        asyncio.ensure_future(call)
        for call in (
            saver.append("a", 0, b"1"),
            saver._writer.run(write_then_fail),
            saver.append("a", 0, b"late"),
            saver.append("a", 1, b"2"),
        )
    ]
    await asyncio.sleep(0)
    finish.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), StoreError, StaleHeadError, type(None)]
    assert (await saver.load("a")).entries == (b"1", b"2")
    assert await saver._writer.run(lambda c: c.execute("SELECT id FROM threads").fetchall()) == [("a",)]


async def test_a_full_disk_is_said_and_survived(saver: SqliteSaver) -> None:
    await saver.append("t", 0, b"x")
    await pragma(saver, "max_page_count = 20")
    outcomes = await asyncio.gather(
        saver.append("t", 1, b"y"), saver.append("big", 0, b"x" * 1_000_000), return_exceptions=True
    )
    assert outcomes[0] is None
    assert isinstance(outcomes[1], StoreError)
    assert "disk is full" in str(outcomes[1])
    await pragma(saver, "max_page_count = 100000")
    await saver.append("big", 0, b"x" * 1_000_000)


async def test_a_read_only_file_is_said(saver: SqliteSaver) -> None:
    await pragma(saver, "query_only = ON")
    with pytest.raises(StoreError, match="read-only"):
        await saver.append("t", 0, b"x")


async def test_a_lock_held_too_long_is_said_and_reads_go_on(saver: SqliteSaver, path: Path) -> None:
    await saver.append("t", 0, b"x")
    await pragma(saver, "busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process"):
        await saver.append("t", 1, b"y")
    assert (await saver.load("t")).head == 1
    other.close()
    await saver.append("t", 1, b"y")


async def test_a_damaged_file_is_said(path: Path) -> None:
    async with SqliteSaver(path) as saver:
        for number in range(50):
            await saver.append("t", number, b"x" * 5_000)
    with path.open("r+b") as file:
        file.seek(8192 * 2)
        file.write(b"\xff" * 8192 * 20)
    with pytest.raises(StoreError, match="damaged"):
        async with SqliteSaver(path) as saver:
            await saver.load("t", whole=True)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path.write_bytes(b"no database " * 1_000), "not an SQLite database"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 99").connection.close(), "newer version"),
    ],
    ids=["other file", "folder", "newer"],
)
def test_a_file_that_cannot_be_used_is_refused_when_opened(
    path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    prepare(path)
    before = threading.active_count()
    with pytest.raises(StoreError, match=words):
        SqliteSaver(path)
    assert threading.active_count() == before


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does its folder exist"):
        SqliteSaver(tmp_path / "nowhere" / "andon.sqlite")


async def test_another_synchronous_is_refused_and_the_two_are_set(path: Path) -> None:
    with pytest.raises(ValueError, match="FULL"):
        SqliteSaver(path, synchronous="OFF")  # type: ignore[arg-type]  # the point
    for name, number in (("FULL", 2), ("NORMAL", 1)):
        async with SqliteSaver(path, synchronous=name) as saver:  # type: ignore[arg-type]  # plain text here
            assert await pragma(saver, "synchronous") == (number,)


async def test_text_that_is_no_unicode_is_refused_in_words(saver: SqliteSaver) -> None:
    for call in (saver.append("\ud800", 0, b"x"), saver.load("\ud800"), saver.get(NOTES, "\ud800")):
        with pytest.raises(StoreError, match="surrogates"):
            await call


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread says it as well
async def test_when_its_thread_dies_the_waiting_and_the_later_calls_say_so(saver: SqliteSaver) -> None:
    def die(_: sqlite3.Connection) -> None:
        raise SystemExit

    finish = await busy(saver)
    calls = [asyncio.ensure_future(call) for call in (saver._writer.run(die), saver.append("t", 0, b"x"))]
    await asyncio.sleep(0)
    finish.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert ["its thread has died of SystemExit" in str(outcome) for outcome in outcomes] == [True, True]
    with pytest.raises(StoreError, match="has died"):
        await saver.append("t", 0, b"x")


def test_a_write_outlives_the_loop_that_asked_for_it(path: Path) -> None:
    async def ask(saver: SqliteSaver) -> None:
        finish = await busy(saver)
        asyncio.get_running_loop().create_task(saver.append("t", 0, b"x"))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(finish.set)

    saver = SqliteSaver(path)
    asyncio.run(ask(saver))
    saver.close()
    with SqliteSaver(path) as again:
        assert asyncio.run(again.load("t")).entries == (b"x",)


def test_a_forgotten_saver_ends_its_threads(path: Path) -> None:
    saver = SqliteSaver(path)
    asyncio.run(saver.append("t", 0, b"x"))
    assert any(str(path) in thread.name for thread in threading.enumerate())
    del saver
    gc.collect()
    assert not any(str(path) in thread.name for thread in threading.enumerate())


def test_the_interpreter_exits_with_a_saver_open_and_everything_written(path: Path) -> None:
    program = f"""
import asyncio
from runtime.stores.sqlite import SqliteSaver
saver = SqliteSaver({str(path)!r})
async def main():
    for number in range(20):
        asyncio.ensure_future(saver.append(f"t{{number}}", 0, b"x"))
    await asyncio.sleep(0)
asyncio.run(main())
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env=environment)
    with SqliteSaver(path) as saver:
        assert [asyncio.run(saver.load(f"t{number}")).head for number in range(20)] == [1] * 20


def test_a_parked_thread_takes_less_than_900_bytes_on_disk(path: Path) -> None:
    async def park(saver: SqliteSaver) -> None:
        await asyncio.gather(*(saver.append(f"{number:036d}", 0, bytes(320)) for number in range(1_000)))

    with SqliteSaver(path) as saver:
        asyncio.run(park(saver))
    assert path.stat().st_size / 1_000 < 900


async def test_an_index_added_later_covers_what_is_there(path: Path) -> None:
    async with SqliteSaver(path) as saver:
        await saver.insert(Collection("notes"), {"id": "a", "created_at": 1.0, "kind": "x"})
    async with SqliteSaver(path) as saver:
        assert len(await saver.find(NOTES, {"kind": "x"})) == 1


@pytest.mark.parametrize(("where", "before"), [({"kind": ("x", None)}, None), ({}, ("kind", 5.0))])
async def test_find_by_an_indexed_field_reads_no_other_documents(
    saver: SqliteSaver, where: dict[str, tuple[Scalar, ...]], before: tuple[str, float] | None
) -> None:
    await saver.insert(NOTES, {"id": "a", "created_at": 1.0})
    plan: list[str] = []

    def explain(connection: sqlite3.Connection) -> None:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        sqlite_documents.find(connection, NOTES, where, before=before, limit=3, newest_first=True)
        connection.set_trace_callback(None)
        plan.extend(detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {statements[-1]}"))

    await saver._reader.run(explain)
    assert any("notes by kind" in step for step in plan)
    assert not any(step.startswith("SCAN") for step in plan)


def test_a_saver_is_made_of_a_connection_or_for_the_length_of_a_with(path: Path) -> None:
    connection = sqlite3.connect(path, check_same_thread=False)
    with SqliteSaver(connection) as first, SqliteSaver.from_conn_string(str(path)) as second:
        graph = StateGraph(Said).add_node("say", lambda _: {"text": "hi"}).add_edge(START, "say")
        config = {"configurable": {"thread_id": "one"}}
        graph.compile(first).invoke({}, config)
        first.copy_thread("one", "two")
        first.delete_thread("one")
        assert graph.compile(second).get_state({"configurable": {"thread_id": "two"}}).values == {"text": "hi"}
        assert graph.compile(second).get_state(config).values == {}
    connection.close()


async def test_a_connection_to_no_file_is_a_saver_in_memory() -> None:
    connection = sqlite3.connect(":memory:")
    async with SqliteSaver(connection) as saver, SqliteSaver.from_conn_string(":memory:") as other:
        await saver.append("one", 0, b"a")
        assert (await other.load("one")).head == 0
    connection.close()
