"""One runner per thread, over every store: at most one lease at a time, and no news that nobody looks at."""

import asyncio
from typing import Any

import pytest

from runtime.errors import LeaseLostError
from runtime.requests.leases import LEASES, Lease, Leases, wake_at
from runtime.requests.records import ThreadId
from runtime.store import Document, Store

T = ThreadId("t")


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Slow:
    """A store that takes so many seconds to change something."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock, self.seconds = store, clock, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def update(self, *given: Any, **more: Any) -> Document | None:
        self._clock.time += self.seconds
        return await self._store.update(*given, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def leases(store: Store, clock: Clock) -> Leases:
    """Those of one more process."""
    return Leases(store, clock, seconds=30.0)


async def claimed(store: Store, clock: Clock) -> Lease:
    lease = await leases(store, clock).claim(T)
    assert lease is not None
    return lease


async def due(store: Store) -> object:
    document = await store.get(LEASES, T)
    assert document is not None
    return document["due"]


async def test_of_many_processes_one_gets_a_thread(store: Store, clock: Clock) -> None:
    for _ in range(2):
        claims = [leases(store, clock).claim(T) for _ in range(10)]
        (lease,) = [lease for lease in await asyncio.gather(*claims) if lease is not None]
        while not await lease.release():
            """The others have left word."""


async def test_leases_outlast_slow_answers_and_are_as_usual_after_quick_ones(store: Store, clock: Clock) -> None:
    slow = Slow(store, clock)
    lease = await leases(slow, clock).claim(T)
    assert lease is not None
    lengths = []
    for slow.seconds in (0.0, 12.0, 12.0, 60.0, 60.0, *[0.0] * 50):
        began = clock.time
        await lease.renew()
        lapse = await due(store)
        assert isinstance(lapse, float)
        lengths.append(round(lapse - began))
    assert lengths[:6] == [30, 30, 72, 72, 120, 120]
    assert lengths[-1] == 30


async def test_each_lease_has_a_larger_number_than_all_before(store: Store, clock: Clock) -> None:
    fences = []
    for number in range(5):
        lease = await claimed(store, clock)
        fences.append(lease.fence)
        if number % 2:
            await lease.release()
        else:
            clock.time += 31
    assert fences == sorted(set(fences))


async def test_a_lease_is_taken_over_when_it_lapses_and_not_before(store: Store, clock: Clock) -> None:
    old = await claimed(store, clock)
    clock.time += 29.9
    assert await leases(store, clock).claim(T) is None
    clock.time += 0.1
    await claimed(store, clock)
    with pytest.raises(LeaseLostError):
        await old.renew()
    with pytest.raises(LeaseLostError):
        await old.release()


async def test_its_holder_stops_before_it_lapses(store: Store, clock: Clock) -> None:
    lease = await claimed(store, clock)
    clock.time += 24.9
    lease.check()
    clock.time += 0.1
    with pytest.raises(LeaseLostError):
        lease.check()


async def test_a_renewed_lease_lasts(store: Store, clock: Clock) -> None:
    lease = await claimed(store, clock)
    for _ in range(5):
        clock.time += 20
        assert not await lease.renew()
        lease.check()
        assert await due(store) == clock.time + 30


async def test_one_that_lapsed_unnoticed_is_still_its_holders(store: Store, clock: Clock) -> None:
    lease = await claimed(store, clock)
    clock.time += 100
    await lease.renew()
    lease.check()


async def test_news_that_comes_while_a_thread_is_held_is_looked_at_before_it_is_free(
    store: Store, clock: Clock
) -> None:
    lease = await claimed(store, clock)
    assert await leases(store, clock).claim(T) is None
    assert not await lease.release()
    assert await lease.release()
    assert await due(store) is None


async def test_a_renewal_tells_of_news_once(store: Store, clock: Clock) -> None:
    lease = await claimed(store, clock)
    assert await leases(store, clock).claim(T) is None
    assert await lease.renew()
    assert not await lease.renew()
    assert await lease.release()


async def test_who_comes_just_when_a_thread_is_given_back_gets_it(store: Store, clock: Clock) -> None:
    """Whatever the order of the two: one of them looks after both have come."""
    for _ in range(10):
        lease = await claimed(store, clock)
        released, comer = await asyncio.gather(lease.release(), leases(store, clock).claim(T))
        assert released == (comer is not None)
        assert await (comer or lease).release()


async def test_a_thread_that_waits_for_another_try_is_due_then(store: Store, clock: Clock) -> None:
    lease = await claimed(store, clock)
    assert await lease.release(due=1060.0)
    assert await due(store) == 1060.0


async def test_a_time_that_was_asked_for_survives_leases_until_it_has_come(store: Store, clock: Clock) -> None:
    await wake_at(store, T, 1050.0)
    lease = await claimed(store, clock)
    assert await due(store) == 1030.0
    await lease.release()
    assert await due(store) == 1050.0
    clock.time = 1050.5
    await (await claimed(store, clock)).release()
    assert await due(store) is None


async def test_a_time_that_comes_while_a_thread_is_held_is_news(store: Store, clock: Clock) -> None:
    await wake_at(store, T, 1010.0)
    lease = await claimed(store, clock)
    clock.time = 1009.0
    assert not await lease.renew()
    clock.time = 1011.0
    assert await lease.renew()
    assert not await lease.renew()
    await lease.release()
    assert await due(store) is None


async def test_a_time_asked_for_while_a_thread_is_held_is_kept(store: Store, clock: Clock) -> None:
    lease = await claimed(store, clock)
    await wake_at(store, T, 1500.0)
    await wake_at(store, T, 1500.0)
    assert not await lease.release()
    assert await lease.release(due=1800.0)
    assert await due(store) == 1500.0


async def test_nobody_knows_what_people_see_once_a_holder_was_cut_off(store: Store, clock: Clock) -> None:
    assert not (await claimed(store, clock)).unsure
    clock.time += 30
    second = await claimed(store, clock)
    assert second.unsure
    await second.release(due=1060.0)
    third = await claimed(store, clock)
    assert third.unsure
    third.unsure = False
    await third.release()
    assert not (await claimed(store, clock)).unsure
