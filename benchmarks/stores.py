"""What the store and the codec cost beside the least that anybody has to pay for the same bytes on the same disk.

The floor of a write is sqlite3 in a thread of its own, one statement and one commit: without the thread, the event loop
would stand still for every fsync. The floor of a small read is sqlite3 in place, that of the codec is bare MessagePack.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import ormsgpack

from benchmarks.harness import Contender, Figure, Sample, Workload, timed
from benchmarks.libraries import Synchronous
from runtime import Message, SqliteSaver
from runtime.codec.codec import Codec
from runtime.codec.kinds import Table

ENTRY = os.urandom(1_000)
MESSAGES = {"messages": [{"role": "user", "content": "x" * 1_000, "id": str(number)} for number in range(2)]}


def plain(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    """One table, set up as our store sets up its own."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE rows (thread INTEGER, number INTEGER, entry BLOB, PRIMARY KEY (thread, number))")
    return connection


def insert(connection: sqlite3.Connection, rows: list[tuple[int, int]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for thread, number in rows:
        connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (thread, number, ENTRY))
    connection.execute("COMMIT")


async def our_appends(synchronous: Synchronous, writers: int, rounds: int) -> Sample:
    with TemporaryDirectory() as folder:
        async with SqliteSaver(Path(folder, "andon.sqlite"), synchronous=synchronous) as saver:

            async def write(thread: int) -> None:
                for number in range(rounds):
                    await saver.append(str(thread), number, ENTRY)

            seconds, _ = await timed(asyncio.gather(*map(write, range(writers))))
            heads = [(await saver.load(str(thread))).head for thread in range(writers)]
    return Sample({"append": seconds / sum(heads)}, heads)


async def floor_of_appends(synchronous: Synchronous, writers: int, rounds: int) -> Sample:
    with (
        TemporaryDirectory() as folder,
        ThreadPoolExecutor(1) as thread,
        closing(plain(Path(folder, "plain.sqlite"), synchronous)) as connection,
    ):

        async def write() -> None:
            loop = asyncio.get_running_loop()
            for number in range(rounds):
                await loop.run_in_executor(thread, insert, connection, [(writer, number) for writer in range(writers)])

        seconds, _ = await timed(write())
        heads = [head for (head,) in connection.execute("SELECT count(*) FROM rows GROUP BY thread")]
    return Sample({"append": seconds / sum(heads)}, heads)


def appends(synchronous: Synchronous, writers: int, sizes: tuple[int, int, int]) -> Workload:
    at_once = f", {writers} at once" if writers > 1 else ""
    return Workload(
        figures=(Figure("append", f"append 1 KB, SQLite {synchronous}{at_once}"),),
        ours=Contender("Andon", partial(our_appends, synchronous, writers)),
        reference=Contender("floor", partial(floor_of_appends, synchronous, writers)),
        sizes=sizes,
    )


async def our_reads(times: int) -> Sample:
    with TemporaryDirectory() as folder:
        async with SqliteSaver(Path(folder, "andon.sqlite")) as saver:
            await saver.append("thread", 0, ENTRY)

            async def read() -> list[bytes]:
                return [(await saver.load("thread")).entries[0] for _ in range(times)]

            seconds, entries = await timed(read())
    return Sample({"load": seconds / times}, entries)


async def floor_of_reads(times: int) -> Sample:
    with TemporaryDirectory() as folder, closing(plain(Path(folder, "plain.sqlite"), "FULL")) as connection:
        insert(connection, [(0, 0)])
        query = "SELECT entry FROM rows WHERE thread = 0"
        return sample("load", times, lambda: connection.execute(query).fetchone()[0])


@dataclass(slots=True)
class Said:
    """The least that a message can be."""

    type: str
    content: str
    id: str


@dataclass(frozen=True)
class Large:
    """5 MB of something: how we store it, how it is stored with nothing around it, and how that is read."""

    ours: Callable[[int], Any]
    plain: Callable[[int], Any]
    from_plain: Callable[[Any], Any] = list


def pages(number: int) -> list[dict[str, Any]]:
    return [{"number": place, "text": "x" * 1_000} for place in range(number)]


def messages(number: int) -> Table:
    return Table(Message(type="human", content="x" * 1_000, id=str(place)) for place in range(number))


def rows_of_messages(number: int) -> list[list[str]]:
    return [["human", "x" * 1_000, str(place)] for place in range(number)]


PAGES = Large(pages, pages)
CONVERSATION = Large(messages, rows_of_messages, lambda rows: [Said(*row) for row in rows])


def told(items: list[Any]) -> list[Any]:
    return [item if isinstance(item, dict) else (item.type, item.content, item.id) for item in items]


async def our_return(what: Large, items: int) -> Sample:
    """Read and decode what is large, with a store that has never seen it."""
    with TemporaryDirectory() as folder:
        path, codec = Path(folder, "andon.sqlite"), Codec([Message])
        async with SqliteSaver(path) as saver:
            await saver.append("thread", 0, codec.encode(what.ours(items)))
        async with SqliteSaver(path) as saver:
            seconds, log = await timed(saver.load("thread"))
            start = perf_counter()
            found = codec.decode(log.entries[0])
            seconds += perf_counter() - start
    return Sample({"return": seconds}, told(found))


async def floor_of_return(what: Large, items: int) -> Sample:
    with TemporaryDirectory() as folder:
        path, data = Path(folder, "plain.sqlite"), ormsgpack.packb(what.plain(items))
        with closing(plain(path, "FULL")) as connection:
            row = connection.execute("INSERT INTO rows VALUES (0, 0, ?)", (data,)).lastrowid or 0
        with closing(sqlite3.connect(path)) as connection:
            start = perf_counter()
            with connection.blobopen("rows", "entry", row, readonly=True) as blob:
                found = what.from_plain(ormsgpack.unpackb(blob.read()))
            seconds = perf_counter() - start
    return Sample({"return": seconds}, told(found))


def large_returns(what: Large, name: str) -> Workload:
    return Workload(
        figures=(Figure("return", f"read and decode 5 MB of {name}, cold, SQLite"),),
        ours=Contender("Andon", partial(our_return, what)),
        reference=Contender("floor", partial(floor_of_return, what)),
        sizes=(5_000, 5_000, 3),
    )


async def our_codec(times: int) -> Sample:
    codec = Codec()
    return sample("codec", times, lambda: codec.decode(codec.encode(MESSAGES)))


async def floor_of_codec(times: int) -> Sample:
    return sample("codec", times, lambda: ormsgpack.unpackb(ormsgpack.packb(MESSAGES)))


def sample(figure: str, times: int, work: Callable[[], Any]) -> Sample:
    start = perf_counter()
    results = [work() for _ in range(times)]
    return Sample({figure: (perf_counter() - start) / times}, results)


WORKLOADS = (
    appends("FULL", 1, (200, 50, 2)),
    appends("NORMAL", 1, (200, 50, 2)),
    appends("FULL", 50, (20, 5, 2)),
    Workload(
        figures=(Figure("load", "load a thread of 1 KB, SQLite"),),
        ours=Contender("Andon", our_reads),
        reference=Contender("floor", floor_of_reads),
        sizes=(500, 100, 2),
    ),
    large_returns(CONVERSATION, "messages"),
    large_returns(PAGES, "plain dicts"),
    Workload(
        figures=(Figure("codec", "encode and decode two messages of 1 KB"),),
        ours=Contender("Andon", our_codec),
        reference=Contender("floor", floor_of_codec),
        sizes=(2_000, 500, 2),
    ),
)
