"""The harness finds bugs: take one guard away, and some of a few runs show it. With all guards in place, none does."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import pytest

from tests.chaos.__main__ import batch

SEEDS = {
    "claim": ("memory/current/0", "memory/current/2", "memory/current/4", "memory/current/5"),
    "lease": ("memory/stall/1", "memory/stall/3", "memory/stall/4", "memory/stall/6"),
    "outbox": ("memory/current/1", "memory/current/2", "memory/current/3"),
    "sweeper": ("memory/current/1", "memory/current/2", "memory/current/4"),
    "fencing": ("memory/stall/5", "memory/stall/6", "memory/stall/7"),
}
PATIENCE = 5.0  # seconds: with a bug, people may wait for ever

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    """A mutant is in all of a process, so each has one of its own."""
    with ProcessPoolExecutor(len(SEEDS), mp_context=multiprocessing.get_context("forkserver")) as pool:
        yield pool


def test_each_mutant_is_caught_by_a_few_runs(processes: Executor) -> None:
    found = {mutant: processes.submit(batch, names, mutant, PATIENCE) for mutant, names in SEEDS.items()}
    caught = {mutant for mutant, results in found.items() if any(result.violations for result in results.result())}
    assert caught == set(SEEDS)


def test_the_same_runs_find_nothing_without_a_mutant(processes: Executor) -> None:
    found = [processes.submit(batch, names) for names in SEEDS.values()]
    results = [result for done in found for result in done.result()]
    assert [(result.name, result.violations) for result in results if result.violations] == []
