"""Bots that are killed: in this process, by taking the current away, or in processes of their own, by SIGKILL.

Both kinds run the bot as `andon serve` does: the application over a store, and Socket Mode. A bot that is started again
knows nothing but what its store holds.
"""

import asyncio
import inspect
import logging
import multiprocessing
import os
import threading
from collections.abc import Coroutine, Generator
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Protocol

from bot.app import application
from bot.serve import serve
from bot.settings import load_settings
from runtime import StoreError
from runtime.store import Store
from tests.chaos.accidents import NEVER, Accident, Meeting
from tests.chaos.agent import SPEC, order_graph
from tests.chaos.databases import Database, open_store
from tests.chaos.dying_store import DyingStore

SOON = (0.02, 0.05, 0.1, 0.2)
"""Seconds after which a bot tries again what failed."""


class Bot(Protocol):
    """One process of the bot, which can be killed and started any number of times."""

    async def start(self) -> None: ...

    async def kill(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What outlives every bot. Goes to other processes."""

    environ: dict[str, str]
    """Where Slack is."""
    book: Path
    address: str
    """Of a database that is not in memory."""


async def live(site: Site, store: Store, stop: asyncio.Event) -> None:
    """Be a bot until `stop`."""
    settings = load_settings(site.environ)
    async with application(settings, [SPEC], {SPEC.name: order_graph(site.book)}, store, retry_seconds=SOON) as app:
        await serve(settings, app, stop)


# In this process.

_OWNER: ContextVar["set[asyncio.Task[Any]] | None"] = ContextVar("_OWNER", default=None)


def trace_tasks() -> None:
    """Know of every task of this loop which bot began it: a task has the owner of the task that made it."""
    asyncio.get_running_loop().set_task_factory(_owned)


def _owned(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **more: Any
) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
    owner = _OWNER.get()
    if owner is not None:
        owner.add(task)
        task.add_done_callback(partial(_ended, owner))
    return task


def _ended(owner: set[asyncio.Task[Any]], task: asyncio.Task[Any]) -> None:
    """Let go of it; what one fails of whose bot is dead is nobody's business."""
    owner.discard(task)
    if not task.cancelled():
        task.exception()


@dataclass(slots=True, kw_only=True)
class BotHere:
    """A bot in this process: it dies with its store, at a given write, or when it is killed."""

    site: Site
    database: Database
    meeting: Meeting | None = None
    _store: DyingStore | None = None
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def start(self, accident: Accident = NEVER) -> None:
        """Begin a life in which this will happen."""
        database = await self._closing.enter_async_context(self.database.open())
        self._store = DyingStore(database, accident, self.meeting)
        self._tasks = set()
        token = _OWNER.set(self._tasks)
        asyncio.create_task(self._live(self._store))  # noqa: RUF006 - kept by the task factory
        _OWNER.reset(token)

    async def kill(self) -> None:
        """Take the current away: nothing it began is finished."""
        if self._store is not None:
            self._store.die()
        while self._tasks:
            for task in self._tasks:
                work = task.get_coro()
                if inspect.iscoroutine(work) and inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
                    continue  # it has yet to enter the `try` whose `finally` others wait for
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.05)
        await self._closing.aclose()

    async def _live(self, store: Store) -> None:
        """Be started again, as by a supervisor, when it ends because the database is away."""
        while True:
            try:
                await live(self.site, store, asyncio.Event())
            except* StoreError:
                pass
            await asyncio.sleep(SOON[-1])


# In a process of its own.

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])  # imports once what every bot needs, so that one starts in no time


@dataclass(slots=True, kw_only=True)
class BotElsewhere:
    """A bot in a process of its own."""

    site: Site
    _process: ForkServerProcess | None = None

    async def start(self) -> None:
        self._process = _PROCESSES.Process(target=_be_a_bot, args=(self.site,), daemon=True)
        await asyncio.to_thread(self._process.start)

    async def kill(self) -> None:
        """Kill it as hard as a power cut."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join)


def _be_a_bot(site: Site) -> None:
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    logging.disable()
    asyncio.run(_live_elsewhere(site))


async def _live_elsewhere(site: Site) -> None:
    async with open_store(site.address) as store:
        await live(site, store, asyncio.Event())


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
