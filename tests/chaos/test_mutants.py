"""The harness finds bugs: take one guard away, and some of a few runs show it. With all guards in place, none does."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import pytest

from tests.chaos.__main__ import batch

KINDS = {"claim": "current", "lease": "stall", "outbox": "current", "sweeper": "current", "fencing": "stall"}
"""Where each mutant shows."""
AT_MOST = 60  # runs: most show in the first few, but timing is the machine's
FEW = 6
PATIENCE = 5.0  # seconds: with a bug, people may wait for ever

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    """A mutant is in all of a process, so each has one of its own."""
    with ProcessPoolExecutor(len(KINDS), mp_context=multiprocessing.get_context("forkserver")) as pool:
        yield pool


def few(mutant: str, first: int = 0) -> list[str]:
    return [f"memory/{KINDS[mutant]}/{seed}" for seed in range(first, first + FEW)]


def is_caught(mutant: str) -> bool:
    """Whether a run shows the bug; no more of them are done than that takes."""
    batches = (batch(few(mutant, first), mutant, PATIENCE) for first in range(0, AT_MOST, FEW))
    return any(result.violations for results in batches for result in results)


def test_each_mutant_is_caught_by_a_few_runs(processes: Executor) -> None:
    caught = dict(zip(KINDS, processes.map(is_caught, KINDS), strict=True))
    assert caught == dict.fromkeys(KINDS, True)


def test_runs_like_these_find_nothing_without_a_mutant(processes: Executor) -> None:
    found = [processes.submit(batch, few(mutant)) for mutant in KINDS]
    results = [result for done in found for result in done.result()]
    assert [(result.name, result.violations) for result in results if result.violations] == []
