"""Giving up on what goes on in a task: it ends before anybody goes on, and how it ends is nobody's business."""

import asyncio
from typing import Any


async def abandon(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait until it is over. That it failed then is not reported as an error that nobody noticed."""
    if task.done():
        _disregard(task)
        return
    task.add_done_callback(_disregard)  # also when this is cancelled as well
    task.cancel()
    await asyncio.wait({task})


def _disregard(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()
