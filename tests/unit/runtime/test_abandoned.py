"""What is given up on ends first, and then nobody hears of it."""

import asyncio
import gc

import pytest

from runtime.engine.abandoned import abandon


@pytest.mark.parametrize("over", [False, True], ids=["under way", "over already"])
async def test_how_an_abandoned_task_fails_is_not_reported_as_forgotten(*, over: bool) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    began, ends = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await ends.wait()
        finally:
            raise ConnectionError("away")

    task = asyncio.create_task(work())
    await began.wait()
    if over:
        ends.set()
        await asyncio.wait({task})
    await abandon(task)
    assert task.done()
    del task
    gc.collect()
    assert reported == []
