"""A process that is killed while it writes loses nothing it was told is kept, and leaves no half of anything."""

import os
import sqlite3
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from runtime.stores.sqlite import SqliteSaver

ROUNDS = 15
ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("writes_until_killed.py")

Acknowledged = dict[tuple[str, str], int]
"""From ("log" | "note", id) to the last number that was acknowledged."""


def script() -> ModuleType:
    """The writer's module, for what it writes."""
    spec = spec_from_file_location("writes_until_killed", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kill_after(writes: int, path: Path) -> Acknowledged:
    """Let a process write to `path`, kill it when it has said so often that it did, and collect what it said."""
    command = [sys.executable, str(SCRIPT), str(path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    acknowledged: Acknowledged = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if number == writes:
                process.kill()
            if line.endswith("\n"):
                kind, name, last = line.split()
                acknowledged[kind, name] = int(last)
    assert process.returncode == -9
    return acknowledged


async def check(path: Path, acknowledged: Acknowledged, written: ModuleType) -> None:
    """One write of each writer may have landed unacknowledged; it counts from here on."""
    async with SqliteSaver(path) as saver:
        for (kind, name), last in acknowledged.items():
            if kind == "note":
                note: Any = await saver.get(written.NOTES, name)
                assert note["revision"] == note["step"]
                assert note in await saver.find(written.NOTES, {"step": note["step"]})
                landed = note["revision"]
            else:
                whole, log = await saver.load(name, whole=True), await saver.load(name)
                assert whole.entries == tuple(written.entry(name, number + 1) for number in range(whole.head))
                assert log.snapshot_at == whole.head - whole.head % written.SNAPSHOT_EVERY
                assert log.snapshot == (b"sum of %d" % log.snapshot_at if log.snapshot_at else None)
                landed = whole.head
            assert landed in {last, last + 1}
            acknowledged[kind, name] = landed


async def test_a_killed_process_leaves_all_that_was_acknowledged_and_nothing_half(tmp_path: Path) -> None:
    path, random, written = tmp_path / "andon.sqlite", Random(20_26), script()
    acknowledged: Acknowledged = {}
    for _ in range(ROUNDS):
        acknowledged |= kill_after(random.randrange(1, 400), path)
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        await check(path, acknowledged, written)
