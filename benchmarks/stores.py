"""What the SQLite store costs beside a plain blocking loop over sqlite3 doing the same work on the same disk.

    python -m benchmarks.stores

Each figure is the median of several rounds, store and plain loop in turn. The plain loop is the least that the disk
allows, not something a server can use: it stops the event loop for every fsync.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from runtime.codec import Codec
from runtime.store import Collection
from runtime.stores.memory import InMemorySaver
from runtime.stores.sqlite import SqliteSaver

ROUNDS = 7
ROWS = 1_000
ENTRY = os.urandom(1_000)
LARGE = os.urandom(5_000_000)
PARKED = os.urandom(320)
NOTES = Collection("notes", ("status",))


class PlainLoop:
    """One blocking connection, one table, one commit per `group` rows."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(f"PRAGMA synchronous = {synchronous}")
        self.connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, entry BLOB)")

    def append(self, rows: int, group: int) -> None:
        for start in range(0, rows, group):
            self.connection.execute("BEGIN IMMEDIATE")
            for _ in range(start, start + group):
                self.connection.execute("INSERT INTO rows (entry) VALUES (?)", (ENTRY,))
            self.connection.execute("COMMIT")

    def read(self, times: int) -> None:
        for _ in range(times):
            self.connection.execute("SELECT entry FROM rows WHERE id = 1").fetchone()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def show(what: str, seconds: list[float], rows: int, plain: list[float] | None = None) -> None:
    micros = median(seconds) / rows * 1e6
    beside = (
        f"  plain loop {median(plain) / rows * 1e6:7.1f} us, {median(seconds) / median(plain):4.1f}x" if plain else ""
    )
    say(f"  {what:<34}{micros:8.1f} us{beside}")


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    start = perf_counter()
    await work()
    return perf_counter() - start


def timed_here(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


async def appends(folder: Path, synchronous: str) -> None:
    plain = PlainLoop(folder / "plain.sqlite", synchronous)
    async with SqliteSaver(folder / "andon.sqlite", synchronous=synchronous) as saver:  # type: ignore[arg-type]  # plain text here

        async def write(thread_id: str, start: int, rows: int) -> None:
            for number in range(start, start + rows):
                await saver.append(thread_id, number, ENTRY)

        async def together(writers: int, turn: int) -> None:
            rows = ROWS // writers
            await asyncio.gather(*(write(f"{writers} {name}", turn * rows, rows) for name in range(writers)))

        for writers in (1, 50):
            ours, theirs = [], []
            for turn in range(ROUNDS):
                ours.append(await timed(partial(together, writers, turn)))
                theirs.append(timed_here(partial(plain.append, ROWS, writers)))
            show(f"append 1 KB, {writers} at once", ours, ROWS, theirs)


async def reads(folder: Path) -> None:
    plain = PlainLoop(folder / "plain.sqlite", "FULL")
    plain.append(1, 1)
    async with SqliteSaver(folder / "andon.sqlite") as saver:
        await saver.append("small", 0, ENTRY)
        await saver.append("large", 0, LARGE)
        await saver.insert(NOTES, {"id": "a", "created_at": 0.0, "status": "open"})

        async def load(thread_id: str, times: int) -> None:
            for _ in range(times):
                await saver.load(thread_id)

        async def get() -> None:
            for _ in range(ROWS):
                await saver.get(NOTES, "a")

        theirs = [timed_here(lambda: plain.read(ROWS)) for _ in range(ROUNDS)]
        show("load 1 KB", [await timed(lambda: load("small", ROWS)) for _ in range(ROUNDS)], ROWS, theirs)
        show("get a document", [await timed(get) for _ in range(ROUNDS)], ROWS, theirs)
        show("load 5 MB", [await timed(lambda: load("large", 5)) for _ in range(ROUNDS)], 5)


async def parked(folder: Path) -> None:
    threads, path = 1_000, folder / "andon.sqlite"
    async with SqliteSaver(path) as saver:
        await asyncio.gather(*(saver.append(f"{number:036d}", 0, PARKED) for number in range(threads)))
    size = path.stat().st_size / threads
    say(f"  a parked thread of {len(PARKED)} bytes takes {size:.0f} bytes on disk")


async def memory() -> None:
    async with InMemorySaver() as saver:

        async def write() -> None:
            head = (await saver.load("t")).head
            for number in range(head, head + ROWS):
                await saver.append("t", number, ENTRY)

        show("append 1 KB", [await timed(write) for _ in range(ROUNDS)], ROWS)


def repeat(work: Callable[[], object]) -> None:
    for _ in range(ROWS):
        work()


def codec() -> None:
    codec = Codec()
    state = {"messages": [{"role": "user", "content": "x" * 1_000, "id": str(number)} for number in range(2)]}
    data = codec.encode(state)
    walked = {**state, "by number": {1: 2}}
    for what, work in (
        ("encode two messages of 1 KB", lambda: codec.encode(state)),
        ("decode them", lambda: codec.decode(data)),
        ("encode them with keys of numbers", lambda: codec.encode(walked)),
    ):
        show(what, [timed_here(partial(repeat, work)) for _ in range(ROUNDS)], ROWS)


async def main() -> None:
    for title, part in (
        ("SQLite, synchronous=FULL", lambda folder: appends(folder, "FULL")),
        ("SQLite, synchronous=NORMAL", lambda folder: appends(folder, "NORMAL")),
        ("SQLite, reads", reads),
        ("SQLite, size", parked),
        ("in memory", lambda _: memory()),
    ):
        say(title)
        with TemporaryDirectory() as folder:
            await part(Path(folder))
    say("codec")
    codec()


if __name__ == "__main__":
    asyncio.run(main())
