"""Sync calls drive the async engine: one event loop per calling thread, kept for the next call.

A thread that is already running a loop (a notebook, or a sync node that calls a subgraph) cannot run a second one, so the
call moves to a thread of its own, with the caller's context variables.
"""

import asyncio
import contextvars
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")


class _Loop:
    """An event loop that closes itself when its thread, or the process, ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        weakref.finalize(self, _close, self.loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    if not loop.is_closed():
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


class _Loops(threading.local):
    own: _Loop | None = None


_LOOPS: Final = _Loops()


def _own_loop() -> asyncio.AbstractEventLoop:
    if _LOOPS.own is None:
        _LOOPS.own = _Loop()
    return _LOOPS.own.loop


def _inside_loop() -> bool:
    return asyncio._get_running_loop() is not None  # noqa: SLF001 - the documented call raises, at ten times the cost


def run(call: Callable[[], Awaitable[T]]) -> T:
    """Run an async call to its end and return its result."""
    if not _inside_loop():
        return _run_here(call)
    with ThreadPoolExecutor(1) as thread:
        future: Future[T] = thread.submit(contextvars.copy_context().run, _run_here, call)
        return future.result()


def _run_here(call: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await call()

    return _own_loop().run_until_complete(main())


def iterate(stream: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
    """Drive an async generator from sync code, one item at a time. Closing this closes it."""
    if not _inside_loop():
        yield from _iterate_with(stream, lambda step: _own_loop().run_until_complete(step()))
        return
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as thread:
        yield from _iterate_with(stream, lambda step: thread.submit(context.run, _run_here, step).result())


def _iterate_with(
    stream: Callable[[], AsyncGenerator[T, None]], drive: Callable[[Callable[[], Any]], Any]
) -> Generator[T, None, None]:
    items = stream()
    try:
        while True:
            try:
                yield drive(items.__anext__)
            except StopAsyncIteration:
                return
    finally:
        drive(items.aclose)
