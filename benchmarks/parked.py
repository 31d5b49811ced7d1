"""What a thread costs that waits for somebody's answer: disk, rows, and memory of the process that parked it.

`python -m benchmarks.parked andon async 1000` is one round of one contender, in a process and memory of its own.
"""

import asyncio
import json
import os
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from benchmarks.harness import Contender, Figure, Sample, Target, Workload, in_fresh_process
from benchmarks.libraries import ANDON, LANGGRAPH, Durability, Library, bytes_in
from benchmarks.pause import asking

LIBRARIES = {"andon": ANDON, "langgraph": LANGGRAPH}
REQUEST = "x" * 160  # its state and its question together hold about 320 bytes


def rows_in(path: Path) -> int:
    """Number of rows of all tables of a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)  # noqa: S608 - our own names


def resident_bytes() -> int:
    """Memory of this process that is in RAM (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def park(library: Library, durability: Durability, threads: int) -> dict[str, Any]:
    """Park threads; memory is that of the second half, when whatever is made once has been made."""
    half = (threads + 1) // 2
    with TemporaryDirectory() as folder:
        path = Path(folder, "threads.sqlite")
        async with library.sqlite(path, "NORMAL") as saver:
            graph = asking(library).compile(checkpointer=saver)
            memory: list[int] = []
            last: Any = None
            for number in range(threads):
                if number == half:
                    memory.append(resident_bytes())
                last = await library.invoke(graph, {"request": REQUEST}, library.new_thread(), durability)
            memory.append(resident_bytes())
        figures = {
            "bytes": bytes_in(folder) / threads,
            "rows": rows_in(path) / threads,
            "memory": max(0, memory[-1] - memory[0]) / half,
        }
    return {"figures": figures, "answer": last["__interrupt__"][0].value}


async def run(library: str, durability: Durability, threads: int) -> Sample:
    return Sample(**await in_fresh_process("-m", "benchmarks.parked", library, durability, str(threads)))


def contender(name: str, library: str, durability: Durability = "async") -> Contender:
    return Contender(name, partial(run, library, durability))


WORKLOADS = (
    Workload(
        figures=(
            Figure("bytes", "parked thread, on disk", "bytes", Target(at_most=900)),
            Figure("rows", "parked thread, rows", "count", Target(at_most=2)),
            Figure("memory", "parked thread, process memory", "bytes"),
        ),
        ours=contender("Andon", "andon"),
        reference=contender("LangGraph", "langgraph"),
        others=(contender("exit", "langgraph", "exit"),),
        sizes=(4_000, 100, 2),
        rounds=(1, 1),
    ),
)

if __name__ == "__main__":
    name, durability, threads = sys.argv[1:]
    parked = park(LIBRARIES[name], cast("Durability", durability), int(threads))
    sys.stdout.write(json.dumps(asyncio.run(parked)))
