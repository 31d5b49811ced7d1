"""Sync calls drive the async engine: one event loop per calling thread, kept for the next call.

A thread that is already running a loop (a notebook, or a sync node that calls a subgraph) cannot run a second one, so
the call moves to a thread of its own, with the caller's context variables.
"""

import asyncio
import contextvars
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent import futures  # which loads the executor when it is first asked for
from dataclasses import dataclass
from typing import Any, Final, TypeVar

T = TypeVar("T")


class _Loop:
    """An event loop that closes itself when its thread, or the process, ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        weakref.finalize(self, _close, self.loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    if not loop.is_closed():
        executor = getattr(loop, "_default_executor", None)
        if executor is not None:
            executor.shutdown(wait=False)
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


def run(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an async call to its end and return its result."""
    if not _inside_loop():
        return _run_here(call)
    with futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(contextvars.copy_context().run, _run_here, call).result()


def _run_here(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    loop = _own_loop()
    task = loop.create_task(call())
    try:
        return loop.run_until_complete(task)
    except BaseException:
        if not task.done():  # Ctrl-C: what was begun comes to rest before anybody goes on
            task.cancel()
            loop.run_until_complete(asyncio.wait({task}))
        raise


def iterate(stream: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
    """Drive an async generator from sync code, one item at a time. Closing this closes it."""
    if not _inside_loop():
        yield from _iterate_with(stream, _run_here)
        return
    context = contextvars.copy_context()
    with futures.ThreadPoolExecutor(1) as thread:
        yield from _iterate_with(stream, lambda step: thread.submit(context.run, _run_here, step).result())


def _iterate_with(
    stream: Callable[[], AsyncGenerator[T, None]], drive: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
) -> Generator[T, None, None]:
    items = stream()

    async def following() -> tuple[T, ...]:
        async for item in items:
            return (item,)
        return ()

    async def close() -> None:
        await items.aclose()

    try:
        while found := drive(following):
            yield found[0]
    finally:
        drive(close)


async def in_thread(function: Callable[[], T]) -> tuple[T, bool]:
    """Run a sync function in a worker thread, with the context of the task. It is never left running alone.

    Returns its result, and whether the caller was cancelled meanwhile: a thread cannot be stopped, what it did counts.
    """
    context = contextvars.copy_context()
    future = asyncio.get_running_loop().run_in_executor(None, context.run, _outcome_of, function)
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            cancelled = True
    outcome = future.result()
    if outcome.error is not None:
        raise outcome.error
    return outcome.value, cancelled


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a function returned or raised; a future refuses to carry StopIteration."""

    value: Any = None
    error: BaseException | None = None


def _outcome_of(function: Callable[[], Any]) -> _Outcome:
    try:
        return _Outcome(function())
    except (StopIteration, SystemExit, KeyboardInterrupt) as error:  # in a thread, nobody's wish to end the program
        return _Outcome(error=RuntimeError(f"node raised {error!r}"))
    except BaseException as error:  # noqa: BLE001 - carried over to the loop's side and raised there
        return _Outcome(error=error)
