"""How many drives are at work at once, and who comes first."""

import asyncio
from typing import Any

import pytest

from runtime import InMemorySaver
from runtime.codec.process import CODEC
from runtime.requests.ledger import Ledger
from runtime.requests.records import Post, ThreadId
from runtime.requests.slots import Aside, Slot, Slots, held
from runtime.store import Document


class Workers:
    """Drives that do what they are told, step by step."""

    def __init__(self, number: int) -> None:
        self.slots = Slots(number)
        self.at_work: list[str] = []
        self.waits_for = {name: asyncio.Event() for name in "abc"}
        self.ends = {name: asyncio.Event() for name in "abc"}

    def begin(self, name: str) -> "asyncio.Task[None]":
        return asyncio.create_task(self._work(name))

    async def _work(self, name: str) -> None:
        async with Slot(self.slots) as slot:
            slot.work_here()
            self.at_work.append(name)
            async with Aside():
                self.at_work.remove(name)
                await self.waits_for[name].wait()
            self.at_work.append(name)
            await self.ends[name].wait()
            self.at_work.remove(name)

    def end(self, name: str) -> None:
        self.ends[name].set()


async def until_idle() -> None:
    """Let every task go on as far as it can: nothing here waits for anything but the others."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_that_waits_for_somebody_else_lets_another_one_work() -> None:
    workers = Workers(1)
    first, second = workers.begin("a"), workers.begin("b")
    await until_idle()
    workers.waits_for["a"].set()
    workers.waits_for["b"].set()
    await until_idle()
    assert workers.at_work == ["a"]
    workers.end("a")
    await first
    await until_idle()
    assert workers.at_work == ["b"]
    workers.end("b")
    await second


async def test_whoever_is_back_comes_before_those_that_have_yet_to_begin() -> None:
    workers = Workers(1)
    order: list[str] = []

    async def new() -> None:
        async with Slot(workers.slots):
            order.append("new")

    async def old() -> None:
        async with Slot(workers.slots) as slot:
            slot.work_here()
            async with Aside():
                await workers.waits_for["a"].wait()
            order.append("old")

    begun = asyncio.create_task(old())
    await until_idle()
    busy = Slot(workers.slots)
    await busy.take(back=False)
    later = asyncio.create_task(new())
    await until_idle()
    workers.waits_for["a"].set()
    await until_idle()
    assert order == []
    busy.give_back()
    await asyncio.gather(begun, later)
    assert order == ["old", "new"]


async def test_a_task_that_a_drive_has_begun_waits_on_its_own_account() -> None:
    slots, told = Slots(1), asyncio.Event()

    async def companion() -> None:
        async with Aside():
            await told.wait()

    async with Slot(slots) as slot:
        slot.work_here()
        task = asyncio.create_task(companion())
        await until_idle()
        assert slot.is_mine
    told.set()
    await task


@pytest.mark.parametrize("moment", ["before its turn", "as its turn comes"])
async def test_whoever_is_cancelled_while_it_waits_takes_no_slot(moment: str) -> None:
    slots = Slots(1)
    await slots.take()
    waiting = asyncio.create_task(slots.take())
    await until_idle()
    if moment == "as its turn comes":
        slots.give_back()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    if moment == "before its turn":
        slots.give_back()
    async with asyncio.timeout(5):
        await slots.take()


async def test_whoever_is_cancelled_aside_does_not_wait_for_a_slot_again() -> None:
    workers = Workers(1)
    aside = workers.begin("a")
    await until_idle()
    await workers.slots.take()
    aside.cancel()
    with pytest.raises(asyncio.CancelledError):
        await aside
    workers.slots.give_back()
    async with asyncio.timeout(5):
        await workers.slots.take()


async def test_whoever_is_cancelled_between_a_lock_and_its_slot_has_neither() -> None:
    slots, lock = Slots(1), asyncio.Lock()
    await lock.acquire()

    async def drive() -> None:
        async with Slot(slots) as slot:
            slot.work_here()
            async with held(lock):
                raise AssertionError("it had no slot")

    waiting = asyncio.create_task(drive())
    await until_idle()
    await slots.take()
    lock.release()
    await until_idle()
    assert lock.locked()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not lock.locked()


class SlowStore(InMemorySaver):
    """A store that changes nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.go = asyncio.Event()

    async def update(self, *what: Any, **how: Any) -> Document | None:
        self.asked += 1
        await self.go.wait()
        return await super().update(*what, **how)


async def test_however_few_are_at_work_many_wait_for_one_commit() -> None:
    store, slots = SlowStore(), Slots(1)
    ledger = Ledger(store, CODEC)

    async def drive(key: str) -> Post | None:
        post = Post(key=key, thread_id=ThreadId("t"), created_at=1.0)
        async with Slot(slots) as slot:
            slot.work_here()
            await ledger.intend_post(post)
            return await ledger.change_post(post, digest="drawn")

    drives = [asyncio.create_task(drive(str(number))) for number in range(5)]
    await until_idle()
    assert store.asked == 5
    store.go.set()
    assert [post.digest for post in await asyncio.gather(*drives) if post] == ["drawn"] * 5
