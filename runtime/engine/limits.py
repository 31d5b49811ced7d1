"""How long one attempt of a node may go on: in all, and without a sign of life.

Whatever happens below an attempt is a sign of life of it, too: its watch is found by a context variable, which calls,
tasks and threads that the node begins inherit.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, TypeAlias

from runtime.errors import NodeTimeoutError
from runtime.surroundings import no_heartbeat
from runtime.types import TimeoutPolicy

Kind: TypeAlias = Literal["run", "idle"]


class Watch:
    """Looks after one attempt, and ends it when a limit is passed."""

    def __init__(self, policy: TimeoutPolicy, end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        limits: dict[Kind, Any] = {"run": policy.run_timeout, "idle": policy.idle_timeout}
        self._limits: dict[Kind, float] = {kind: limit for kind, limit in limits.items() if limit is not None}
        self._since: dict[Kind, float] = dict.fromkeys(limits, self._clock())
        self._by_heartbeat = policy.refresh_on == "heartbeat"
        self._end = end
        self._above = watching.get()
        self.handler: Any = None if self._above is None else self._above.handler
        """What LangChain's calls report to, if somebody wants to hear of them."""
        self.passed: Kind | None = None
        """The limit that was passed."""
        self._look()

    def heartbeat(self) -> None:
        """Take note of a sign of life that the node gives on purpose. From any thread."""
        self._since["idle"] = self._clock()
        if self._above is not None:
            self._above.heartbeat()

    def progress(self) -> None:
        """Take note of something that happened. From any thread."""
        if not self._by_heartbeat:
            self._since["idle"] = self._clock()
        if self._above is not None:
            self._above.progress()

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def error(self, node: str) -> NodeTimeoutError:
        """Return what is raised for the limit that was passed."""
        run, idle = self._limits.get("run"), self._limits.get("idle")
        elapsed = self._clock() - self._since["run"]
        return NodeTimeoutError(node, elapsed, kind=self.passed or "run", run_timeout=run, idle_timeout=idle)

    def _look(self) -> None:
        """End the attempt if it is time, or look again when it may be."""
        due = {kind: self._since[kind] + limit for kind, limit in self._limits.items()}
        kind = min(due, key=due.__getitem__)
        left = due[kind] - self._clock()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self.passed = kind
            self._end()


watching: Final[ContextVar[Watch | None]] = ContextVar("andon_watch", default=None)
"""Of the innermost attempt with limits."""


@asynccontextmanager
async def within(policy: TimeoutPolicy, node: str) -> AsyncGenerator[Watch, None]:
    """Cancel what is inside when it takes too long. Raises `NodeTimeoutError`, also when it was not to be stopped."""
    limit = asyncio.timeout(None)
    watch = Watch(policy, lambda: limit.reschedule(asyncio.get_running_loop().time()))
    token = watching.set(watch)
    try:
        async with limit:
            yield watch
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise watch.error(node) from error
    finally:
        watch.stop()
        watching.reset(token)
    if watch.passed:
        raise watch.error(node)


def progress() -> None:
    """Say that something happened, to whoever looks after how long this takes."""
    watch = watching.get()
    if watch is not None:
        watch.progress()


def heartbeat() -> Callable[[], None]:
    """Return what notes a sign of life of the present attempt."""
    watch = watching.get()
    return no_heartbeat if watch is None else watch.heartbeat
