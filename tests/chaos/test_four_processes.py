"""Four processes on one MongoDB, 200 open requests, each pressed twice by two people: everything is there once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import pytest

from bot.sandbox import Person
from runtime.codec.process import CODEC
from runtime.requests.ledger import Ledger
from runtime.requests.records import RequestStatus
from tests.chaos.agent import acts
from tests.chaos.bots import BotElsewhere
from tests.chaos.runs import Run, prepared
from tests.office import Json, is_open, key_of

ORDERS = 100
"""Two questions each."""
PATIENCE = 120.0


def cards(run: Run) -> list[Json]:
    """Those of the first two questions of each order."""
    messages = run.sandbox.messages(run.crowd.channel)
    return [m for m in messages if key_of(m).startswith("request:") and "customer" not in m["text"]]


async def at_once(work: Iterable[Callable[[], Awaitable[object]]], limit: int = 8) -> None:
    """Do all of this, so much of it at a time."""
    gate = asyncio.Semaphore(limit)

    async def one(doing: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            await doing()

    await asyncio.gather(*map(one, work))


@pytest.mark.timeout(300)
async def test_two_hundred_requests_pressed_by_two_people_are_decided_once() -> None:
    async with prepared("mongodb/sigkill/200", PATIENCE) as run:
        bots = [BotElsewhere(site=run.site) for _ in range(4)]
        ana, ben = run.sandbox.person("ana"), run.sandbox.person("ben")
        try:
            await asyncio.gather(*(bot.start() for bot in bots))
            await run.sandbox.until(lambda: run.sandbox.connections == 4, timeout=PATIENCE)
            await at_once(
                partial(ana.command, f"/agent order item-{number}", channel=run.crowd.channel)
                for number in range(ORDERS)
            )
            await run.sandbox.until(lambda: sum(map(is_open, cards(run))) == 2 * ORDERS, timeout=PATIENCE)
            await at_once(partial(_press_twice_each, (ana, ben), card) for card in cards(run))
            await run.sandbox.until(lambda: not any(map(is_open, cards(run))), timeout=PATIENCE)
            await run.sandbox.until(lambda: len(_thanks(run)) == ORDERS, timeout=PATIENCE)
            async with run.database.open() as store:
                ledger = Ledger(store, CODEC)
                threads = await ledger.threads()
                requests = [request for thread in threads for request in await ledger.requests(thread.id)]
                trail = [entry for thread in threads for entry in await ledger.trail(thread.id)]
        finally:
            await asyncio.gather(*(bot.kill() for bot in bots))
        assert len(cards(run)) == 2 * ORDERS
        assert Counter(request.status for request in requests) == {
            RequestStatus.DELIVERED: 2 * ORDERS,
            RequestStatus.OPEN: ORDERS,
        }
        assert Counter(entry["what"] for entry in trail) == {
            "start": ORDERS,
            "answer": 2 * ORDERS,
            "answer refused": 6 * ORDERS,
        }
        assert len({act["key"] for act in acts(run.site.book)}) == 2 * ORDERS


async def _press_twice_each(people: Sequence[Person], card: Json) -> None:
    await asyncio.gather(*(person.press(card, "Approve") for person in (*people, *people)))


def _thanks(run: Run) -> list[Json]:
    return [m for m in run.sandbox.messages(run.crowd.channel) if "customer" in m["text"]]
