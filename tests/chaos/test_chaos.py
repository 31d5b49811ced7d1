"""A little of `make chaos`: bots die at writes, and again and again; nothing is lost or doubled.

What hangs on how soon a real process or a server answers is left to `make chaos`, `tests/faults` and four processes.
"""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from tests.chaos.kinds import run, write_seed

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),  # what was killed before it began
    pytest.mark.timeout(300),
]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Bots that die have a lot to say."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


async def hold(*names: str) -> None:
    """All at the same time: they wait a lot."""
    results = await asyncio.gather(*map(run, names))
    assert {result.name: result.violations for result in results if result.violations} == {}


@pytest.mark.parametrize("landed", [False, True], ids=["before", "after"])
async def test_a_bot_may_die_at_any_write(*, landed: bool) -> None:
    """Every sixth, of a run that ends and one that is stopped; `make chaos` takes all of them."""
    writes = range(1, 60, 6)
    await hold(*(f"memory/write/{write_seed(at, landed=landed, stopped=at % 12 == 1)}" for at in writes))


@pytest.mark.parametrize("store", ["memory", "sqlite"])
async def test_bots_may_die_again_and_again_in_bad_weather(store: str) -> None:
    await hold(f"{store}/current/1")


async def test_a_bot_may_hear_nothing_from_the_database_until_another_has_taken_over() -> None:
    await hold("memory/stall/1")
