"""Processes that take turns at every call of the store, and die at any of them.

One at a time has a thread, and whatever is news is looked at in the end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings, strategies as st

from runtime import InMemorySaver
from runtime.errors import LeaseLostError
from runtime.requests.leases import LEASES, LONGEST, Leases
from runtime.requests.records import ThreadId

T = ThreadId("t")
SECONDS = 30.0


@dataclass(slots=True)
class World:
    """A store whose every call waits until the schedule lets it happen, and what the processes did to the thread."""

    inner: InMemorySaver = field(default_factory=InMemorySaver)
    waiting: dict[int, "asyncio.Future[None]"] = field(default_factory=dict)
    time: float = 1000.0
    news: set[int] = field(default_factory=set)
    """What is stored: one each, of these processes."""
    claimed: set[int] = field(default_factory=set)
    """The processes that have lived to claim the thread for their news; others' are found by an index of their own."""
    seen: set[int] = field(default_factory=set)
    holders: dict[int, float] = field(default_factory=dict)
    """By process, until when nobody else may have the thread."""
    fences: list[int] = field(default_factory=list)

    async def process(self, number: int) -> None:
        """Bring news, and look at the thread if nobody else does."""
        store: Any = Stepped(self, number)
        await store.get(LEASES, T)
        self.news.add(number)
        await self.look(number, store)

    async def look(self, number: int, store: Any) -> None:
        lease = await Leases(store, lambda: self.time, SECONDS).claim(T)
        self.claimed.add(number)
        if lease is None:
            return
        self.fences.append(lease.fence)
        try:
            while True:
                self.holders[number] = self.time + lease.seconds_left
                self.seen |= self.news
                await store.get(LEASES, T)
                if await lease.release():
                    return
        except LeaseLostError:
            await self.look(number, store)  # as a drive does
        finally:
            self.holders.pop(number, None)

    def check(self) -> None:
        """At most one process may believe that it has the thread."""
        assert sum(until > self.time for until in self.holders.values()) <= 1
        assert self.fences == sorted(set(self.fences))


class Stepped:
    """The store as one process sees it."""

    def __init__(self, world: World, number: int) -> None:
        self._world, self._number = world, number

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **more: Any) -> Any:
            turn = self._world.waiting[self._number] = asyncio.get_running_loop().create_future()
            await turn
            return await getattr(self._world.inner, name)(*args, **more)

        return call


async def played(processes: int, schedule: list[tuple[str, int]]) -> None:
    world = World()
    tasks = [asyncio.create_task(world.process(number)) for number in range(processes)]

    async def settle() -> None:
        for _ in range(6):
            await asyncio.sleep(0)
        world.check()

    def go(number: int) -> None:
        if world.waiting:
            world.waiting.pop(sorted(world.waiting)[number % len(world.waiting)]).set_result(None)

    await settle()
    for what, number in schedule:
        match what:
            case "die":
                world.waiting.pop(number % processes, None)
                tasks[number % processes].cancel()
            case "wait":
                world.time += number * 7.0
            case _:
                go(number)
        await settle()
    while not all(task.done() for task in tasks):
        go(0)
        await settle()
    await asyncio.gather(*tasks, return_exceptions=True)
    await swept(world)
    assert world.seen >= world.claimed - {-1}


async def swept(world: World) -> None:
    """The lapse of a lease, which is longer where the store was slow, is found by an index; one more process looks."""
    world.time += LONGEST * SECONDS
    if await world.inner.find(LEASES, {}, before=("due", world.time + 1)):
        await world.look(-1, world.inner)
    lease = await Leases(world.inner, lambda: world.time, SECONDS).claim(T)
    assert lease is not None
    assert await lease.release()


STEPS = st.tuples(st.sampled_from(["go", "go", "go", "go", "wait", "die"]), st.integers(0, 4))


@settings(max_examples=100, deadline=None)
@given(processes=st.integers(2, 4), schedule=st.lists(STEPS, max_size=40))
@example(processes=2, schedule=[("go", number) for number in (0, 0, 0, 0, 1, 1, 0, 0, 1)])
@example(processes=2, schedule=[("go", 0), ("wait", 1), ("go", 0), ("go", 0), ("go", 0), ("die", 0)])
def test_any_interleaving_leaves_nothing_unseen_and_never_two_holders(
    processes: int, schedule: list[tuple[str, int]]
) -> None:
    asyncio.run(played(processes, schedule))
