"""The harness finds bugs: take one guard away, and a few runs show it. With all guards in place, they show nothing."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import pytest

from tests.chaos.__main__ import batch

SHOWS = {
    "claim": ("race", "D1 request"),
    "lease": ("race", "nobody had died"),
    "outbox": ("halfway", "was posted 2 times"),
    "sweeper": ("halfway", "is running"),
    "fencing": ("stall", "has committed"),
}
"""In which kind of run each mutant shows, and in which words: in nearly every run, so that one of a few does."""
FEW = 3
PATIENCE = (5.0, 20.0, 60.0)
"""Seconds that people wait; they may wait for ever with a bug, and for long on a slow machine."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    """A mutant is in all of a process, so each has one of its own."""
    with ProcessPoolExecutor(len(SHOWS), mp_context=multiprocessing.get_context("forkserver")) as pool:
        yield pool


def few(kind: str) -> list[str]:
    return [f"memory/{kind}/{seed}" for seed in range(FEW)]


def is_caught(mutant: str) -> bool:
    """Whether a run shows the bug, and in the words for it."""
    kind, words = SHOWS[mutant]
    tries = (batch(few(kind), mutant, patience) for patience in PATIENCE)
    return any(words in violation for results in tries for result in results for violation in result.violations)


def test_each_mutant_is_caught_by_a_few_runs(processes: Executor) -> None:
    caught = dict(zip(SHOWS, processes.map(is_caught, SHOWS), strict=True))
    assert caught == dict.fromkeys(SHOWS, True)


def test_the_same_runs_find_nothing_without_a_mutant(processes: Executor) -> None:
    found = [processes.submit(batch, few(kind)) for kind in sorted({kind for kind, _ in SHOWS.values()})]
    results = [result for done in found for result in done.result()]
    assert [(result.name, result.violations) for result in results if result.violations] == []
