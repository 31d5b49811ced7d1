"""The kinds of chaos. In all of them but the first Slack is in bad weather and people are difficult."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from tests.chaos import weather
from tests.chaos.accidents import Accident, Meeting, commits, decides, notes_where
from tests.chaos.bots import Bot, BotElsewhere, BotHere
from tests.chaos.invariants import HOLD_AT_REST, NEVER_BROKEN, broken, nothing_is_done_again
from tests.chaos.runs import LEASE_SECONDS, Result, Run, at_rest, counted, look, prepared

GENEROUS: Final = 120.0  # seconds
STALL: Final = 6.0
"""How many leases a stall lasts at most: where another bot has nothing to commit, none comes before it."""
MEETING: Final = 1.0
"""Seconds that a bot waits for another one that does the same."""
MOST_PROCESSES: Final = {"memory": 1, "sqlite": 1, "mongodb": 4}


async def run(name: str, *, patience: float = GENEROUS) -> Result:
    """Do the run with this name: `store/kind/seed`. `patience`: seconds after which people give up."""
    async with prepared(name, patience) as chaos:
        try:
            async with KINDS[chaos.kind](chaos):
                seen, violations = await at_rest(chaos)
        except* TimeoutError:
            seen = await look(chaos)
            violations = ["people wait in vain", *broken(seen, *chaos.never_broken, *HOLD_AT_REST)]
        return Result(name=name, violations=violations, counts=counted(chaos, seen))


def write_seed(write: int, *, landed: bool, stopped: bool) -> int:
    """The seed of the run in which the bot dies at this write of a short story, before it took effect or after."""
    return write * 4 + landed * 2 + stopped


@asynccontextmanager
async def _write(chaos: Run) -> AsyncIterator[None]:
    """The bot dies at one write: its seeds are all such deaths, in a story with an end and one that is stopped."""
    write, landed, stopped = chaos.seed // 4, bool(chaos.seed & 2), bool(chaos.seed & 1)
    chaos.crowd.stops = frozenset({"lamp"} if stopped else ())
    async with lives(chaos, [Accident(write=write, landed=landed)]):
        await chaos.crowd.order("lamp")
        yield


@asynccontextmanager
async def _current(chaos: Run) -> AsyncIterator[None]:
    """Bots in this process die again and again, each at a write of its life."""
    chance = chaos.chance
    async with AsyncExitStack() as bots:
        for _ in range(chance.randint(1, MOST_PROCESSES[chaos.store])):
            deaths = [_death(chaos) for _ in range(chance.randint(1, 4))]
            await bots.enter_async_context(lives(chaos, deaths))
        await _busy_people(chaos)
        yield


@asynccontextmanager
async def _halfway(chaos: Run) -> AsyncIterator[None]:
    """The bot dies between two things that belong together: a post and the note of it, a decision and its delivery."""
    posted = [Accident(write=write, counts=notes_where) for write in (1, chaos.chance.randint(2, 4))]
    decided = Accident(write=1, counts=decides, landed=True)
    async with lives(chaos, [*posted, decided]):
        await chaos.crowd.order("lamp")
        yield


@asynccontextmanager
async def _race(chaos: Run) -> AsyncIterator[None]:
    """Two bots do the same things at the same moment, and so do the people. Nobody dies, so nothing is done again."""
    chaos.never_broken = (*NEVER_BROKEN, nothing_is_done_again)
    chaos.crowd.race = True
    meeting = Meeting(counts=lambda write: commits(write) or decides(write), seconds=MEETING)
    async with lives(chaos, [], meeting), lives(chaos, [], meeting):
        await chaos.sandbox.until(lambda: chaos.sandbox.connections == 2, timeout=chaos.crowd.patience)
        await chaos.crowd.order("lamp")
        yield


@asynccontextmanager
async def _stall(chaos: Run) -> AsyncIterator[None]:
    """Of two bots, one hears nothing from the database until the other has taken over; then its commit arrives."""
    stall = STALL * LEASE_SECONDS[chaos.store]
    since = chaos.chance.randint(0, 4)
    stalls = Accident(write=1, counts=lambda write: commits(write, since), stall=stall)
    async with lives(chaos, [stalls]), lives(chaos, [stalls]):
        await _busy_people(chaos, at_least=2)
        chaos.counts["stalls"] += stalls.happened.is_set()
        yield


@asynccontextmanager
async def _sigkill(chaos: Run) -> AsyncIterator[None]:
    """Bots in processes of their own are killed at any moment."""
    chance = chaos.chance
    bots: list[Bot] = [BotElsewhere(site=chaos.site) for _ in range(chance.randint(1, MOST_PROCESSES[chaos.store]))]

    async def kill() -> None:
        for _ in range(chance.randint(2, 4)):
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            bot = chance.choice(bots)
            await bot.kill()
            chaos.counts["kills"] += 1
            await bot.start()

    try:
        await asyncio.gather(*(bot.start() for bot in bots))
        async with asyncio.TaskGroup() as group:
            group.create_task(kill())
            await _busy_people(chaos)
        yield
    finally:
        await asyncio.gather(*(bot.kill() for bot in bots))


@asynccontextmanager
async def _outage(chaos: Run) -> AsyncIterator[None]:
    """The database goes away for a while and comes back."""
    chance = chaos.chance

    async def outages() -> None:
        for _ in range(chance.randint(1, 3)):
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            async with chaos.database.away():
                await asyncio.sleep(chance.uniform(0.1, 1.5))
            chaos.counts["outages"] += 1

    async with AsyncExitStack() as bots, asyncio.TaskGroup() as group:
        for _ in range(chance.randint(1, MOST_PROCESSES[chaos.store])):
            await bots.enter_async_context(lives(chaos, []))
        passing = group.create_task(outages())
        await _busy_people(chaos)
        await passing
        yield


KINDS: Final = {
    "write": _write,
    "halfway": _halfway,
    "race": _race,
    "current": _current,
    "stall": _stall,
    "sigkill": _sigkill,
    "outage": _outage,
}


async def _busy_people(chaos: Run, at_least: int = 1) -> None:
    """So many orders, of which one at most is stopped."""
    chance = chaos.chance
    orders = ["lamp", "chair", "table", "shelf"][: chance.randint(at_least, 4)]
    chaos.crowd.leaves_open = frozenset(chance.sample(orders, chance.randint(0, 1)))
    chaos.crowd.stops = frozenset(chance.sample(orders, chance.randint(0, 1)))
    chaos.inject(weather.faults(chance, chance.randint(0, 8)))
    await chaos.crowd.order(*orders)


def _death(chaos: Run) -> Accident:
    return Accident(write=chaos.chance.randint(1, 60), landed=chaos.chance.random() < 0.5)


@asynccontextmanager
async def lives(chaos: Run, accidents: Sequence[Accident], meeting: Meeting | None = None) -> AsyncIterator[None]:
    """Have a bot to which these happen, a life each; the life after the last death is long."""
    bot = BotHere(site=chaos.site, database=chaos.database, meeting=meeting)

    async def live() -> None:
        for accident in accidents:
            await bot.start(accident)
            if accident.stall:
                return
            await accident.happened.wait()
            await bot.kill()
            chaos.counts["kills"] += 1
        await bot.start()

    living = asyncio.create_task(live())
    try:
        yield
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await bot.kill()
