"""Run by `test_sqlite_crash`: writes to the SQLite file it is given, and prints each write once it is acknowledged."""

import asyncio
import sys
from typing import Any

from runtime.store import Collection
from runtime.stores.sqlite import SqliteSaver

NOTES = Collection("notes", ("step",))
SNAPSHOT_EVERY = 5


def entry(thread_id: str, number: int) -> bytes:
    """What the thread has as this entry: from a few bytes to several pages."""
    return f"{thread_id} {number} ".encode() * (1 + number % 7 * 300)


def acknowledge(kind: str, name: str, number: int) -> None:
    sys.stdout.write(f"{kind} {name} {number}\n")
    sys.stdout.flush()


async def extend(saver: SqliteSaver, thread_id: str) -> None:
    number = (await saver.load(thread_id)).head
    while True:
        number += 1
        snapshot = b"sum of %d" % number if number % SNAPSHOT_EVERY == 0 else None
        await saver.append(thread_id, number - 1, entry(thread_id, number), snapshot=snapshot)
        acknowledge("log", thread_id, number)


async def count(saver: SqliteSaver, note_id: str) -> None:
    await saver.insert(NOTES, {"id": note_id, "created_at": 0.0, "step": 1})
    note: Any = await saver.get(NOTES, note_id)
    while True:
        step = note["revision"] + 1
        note = await saver.update(NOTES, note_id, expect={"revision": step - 1}, change={"step": step})
        acknowledge("note", note_id, step)


async def main(path: str) -> None:
    saver = SqliteSaver(path)
    async with asyncio.TaskGroup() as writers:
        for number in range(6):
            writers.create_task(extend(saver, f"thread-{number}"))
            writers.create_task(count(saver, f"note-{number}"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
