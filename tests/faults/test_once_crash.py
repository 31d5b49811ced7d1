"""A process that is killed around `once()`: what is certain to happen once, and what is not.

From the effect to the task's next durable point, here its question, there is a window in which a death means that the
effect happens again. It happens under the same idempotency key then, so who is paid can tell.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import Command, SqliteSaver
from tests.faults.pays_until_killed import graph_of

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("pays_until_killed.py")
CONFIG = {"configurable": {"thread_id": "one"}}


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("where", "payments"), [("before the record", 2), ("after the record", 2), ("after the pause", 1)]
)
def test_an_effect_happens_again_only_in_the_window_and_under_the_same_key(
    where: str, payments: int, kind: str, tmp_path: Path
) -> None:
    file, book = tmp_path / "andon.sqlite", tmp_path / "book"
    command = [sys.executable, str(SCRIPT), str(file), str(book), where, kind]
    died = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert died.returncode == -9
    with SqliteSaver(file) as saver:
        graph = graph_of(book, "nowhere", kind).compile(saver)
        graph.invoke(None, CONFIG)
        result = graph.invoke(Command(resume="yes"), CONFIG)
    keys = book.read_text().splitlines()
    assert len(keys) == payments
    assert set(keys) == {result["receipt"]}
