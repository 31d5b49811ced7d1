"""When a thread is driven: at once, once more when somebody woke it meanwhile, after a while when it failed."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from runtime import InMemorySaver
from runtime.requests.drives import Drive, Drives
from runtime.requests.leases import LEASES, Lease, Leases
from runtime.requests.records import ThreadId
from runtime.requests.slots import AT_ONCE
from runtime.requests.surface import SurfaceBusyError
from runtime.store import Document

T = ThreadId("t")


def drives_of(
    step: Callable[[Drive, Lease], Awaitable[bool]], *retry_seconds: float, store: InMemorySaver | None = None
) -> Drives:
    async def heed(_: Drive) -> None:
        """Nobody stops anything here."""

    return Drives(step, heed, Leases(store or InMemorySaver(), lambda: 1.0), retry_seconds or (0.0,))


async def rest(drives: Drives) -> None:
    async with asyncio.timeout(5):
        await asyncio.gather(*drives.busy)


async def test_it_steps_until_there_is_nothing_more() -> None:
    steps: list[int] = []

    async def step(_: Drive, __: Lease) -> bool:
        steps.append(1)
        return len(steps) < 3

    drives = drives_of(step)
    drives.wake(T)
    await rest(drives)
    assert len(steps) == 3
    assert drives.busy == ()


async def test_a_wake_during_a_step_makes_it_look_again() -> None:
    steps: list[int] = []

    async def step(drive: Drive, _: Lease) -> bool:
        steps.append(1)
        if len(steps) == 1:
            drives.wake(drive.thread_id)
        return False

    drives = drives_of(step)
    drives.wake(T)
    await rest(drives)
    assert len(steps) == 2


async def test_one_thread_has_one_drive_and_others_do_not_wait_for_it() -> None:
    entered: list[ThreadId] = []
    go = asyncio.Event()

    async def step(drive: Drive, _: Lease) -> bool:
        entered.append(drive.thread_id)
        await go.wait()
        return False

    drives = drives_of(step)
    assert drives.wake(T) is drives.wake(T)
    drives.wake(ThreadId("u"))
    await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0))])
    assert entered == [T, "u"]
    go.set()
    await rest(drives)


async def test_what_failed_is_tried_again_and_told_once_in_full(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    async def step(_: Drive, __: Lease) -> bool:
        tries.append(1)
        if len(tries) < 4:
            raise ConnectionError("away")
        return False

    drives = drives_of(step, 0.0, 0.0)
    with caplog.at_level(logging.WARNING):
        drive = drives.wake(T)
        await drive.tried.wait()
        await rest(drives)
    assert len(tries) == 4
    assert [record.exc_info is not None for record in caplog.records] == [True, False, False]


async def test_a_step_gets_through_where_every_answer_takes_a_third_of_a_lease() -> None:
    seconds = 0.3

    class SlowStore(InMemorySaver):
        async def update(self, *given: Any, **more: Any) -> Document | None:
            await asyncio.sleep(seconds / 3)
            return await super().update(*given, **more)

    done = asyncio.Event()

    async def step(_: Drive, __: Lease) -> bool:
        await asyncio.sleep(3 * seconds)
        done.set()
        return False

    async def heed(_: Drive) -> None:
        """Nobody stops anything here."""

    drives = Drives(step, heed, Leases(SlowStore(), time.time, seconds), (0.0,))
    async with asyncio.timeout(60):
        while not done.is_set():
            drives.wake(T)  # as a sweep does
            await asyncio.wait([*drives.busy])
    await drives.aclose(0.0)


async def test_a_surface_that_is_busy_is_left_alone_for_as_long_as_it_says(caplog: pytest.LogCaptureFixture) -> None:
    class BusyError(SurfaceBusyError):
        seconds = 3600.0

    async def step(_: Drive, __: Lease) -> bool:
        raise BusyError

    store = InMemorySaver()
    drives = drives_of(step, 1.0, store=store)
    await drives.wake(T).tried.wait()
    await drives.aclose(5.0)
    assert "trying again in 3600.0 s" in caplog.text
    (lease,) = await store.find(LEASES, {})
    assert lease["due"] == 3601.0


async def test_a_wake_ends_the_pause_after_a_failure() -> None:
    tries: list[int] = []

    async def step(_: Drive, __: Lease) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("away")
        return False

    drives = drives_of(step, 3600.0)
    await drives.wake(T).tried.wait()
    drives.wake(T)
    await rest(drives)
    assert len(tries) == 2


async def test_closing_ends_a_pause_and_begins_no_step() -> None:
    async def step(_: Drive, __: Lease) -> bool:
        raise ConnectionError("away")

    drives = drives_of(step, 3600.0)
    await drives.wake(T).tried.wait()
    async with asyncio.timeout(5):
        await drives.aclose(3600.0)
    assert drives.busy == ()
    drives.wake(T)
    await rest(drives)


async def test_only_so_many_are_at_work_at_once() -> None:
    working: list[ThreadId] = []
    go = asyncio.Event()

    async def step(drive: Drive, _: Lease) -> bool:
        working.append(drive.thread_id)
        await go.wait()
        return False

    store = InMemorySaver()
    drives = drives_of(step, store=store)
    for number in range(AT_ONCE + 1):
        drives.wake(ThreadId(f"t{number}"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(working) == AT_ONCE
    assert await store.count(LEASES, {}) == AT_ONCE  # other processes may have what this one does not get to
    go.set()
    await rest(drives)
    assert len(working) == AT_ONCE + 1
