"""A thread that owns one SQLite connection and works through a queue: no event loop waits for a disk.

What has queued up while one transaction was being written goes into the next as a group, so many callers share one
fsync. Each caller still has its own outcome: a job checks before it writes and raises StoreError to refuse; when one
fails for any other reason the group is undone and its jobs are run again one by one. Jobs therefore touch nothing but
the connection they are given.
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, TypeVar

from runtime.errors import StoreError
from runtime.stores.sqlite_file import in_words

T = TypeVar("T")


@dataclass(slots=True)
class _Request:
    job: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    outcome: Any = None
    error: Exception | None = None
    settled: bool = False

    def settle(self) -> None:
        self.settled = True
        if self.future.done():  # the caller was cancelled; what was written stays written
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.outcome)

    async def rest(self) -> None:
        """Wait for the outcome once more, for one who was cancelled, and may be again."""
        self.future = self.loop.create_future()
        with suppress(asyncio.CancelledError, Exception):
            await self.future


class Worker:
    """Runs jobs on `connection`, up to `largest_group` in one transaction opened by `begin`."""

    def __init__(self, connection: sqlite3.Connection, path: str, *, begin: str, largest_group: int) -> None:
        self._connection = connection
        self._path = path
        self._begin = begin
        self._largest_group = largest_group
        self._queue: SimpleQueue[_Request | None] = SimpleQueue()
        self._refusal: str | None = None
        """Why no more jobs are taken; set under the lock, after which only None follows in the queue."""
        self._lock = Lock()
        self._thread = Thread(target=self._work, name=f"sqlite {path}", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result, once its transaction is committed. Raises StoreError in words."""
        result: T = await self._queued(job).future
        return result

    async def finish(self, job: Callable[[sqlite3.Connection], Any]) -> None:
        """Do the same, but one who is cancelled meanwhile hears of it only when the job has come to a good end."""
        request = self._queued(job)
        try:
            await request.future
        except asyncio.CancelledError:
            while not request.settled:
                await request.rest()
            if request.error is not None:
                raise request.error from None
            raise

    def _queued(self, job: Callable[[sqlite3.Connection], Any]) -> _Request:
        loop = asyncio.get_running_loop()
        request = _Request(job, loop.create_future(), loop)
        with self._lock:
            if self._refusal is not None:
                raise StoreError(self._refusal)
            self._queue.put(request)
        return request

    def close(self) -> None:
        """Finish what is queued, then close the connection. Waits for it."""
        self._refuse(f"{self._path} is closed")
        if self._thread is not current_thread():  # as when the last reference to a saver goes in this very thread
            self._thread.join()

    def _refuse(self, reason: str) -> None:
        with self._lock:
            if self._refusal is None:
                self._refusal = reason
                self._queue.put(None)

    def _work(self) -> None:
        group: list[_Request] = []
        try:
            while group := self._next_group():
                self._carry_out(group)
                _settle(group)
                group.clear()  # not to hold on to what was written while nothing is to do
        except BaseException as error:
            self._refuse(f"{self._path}: its thread has died of {error!r}; open the store again")
            while group:
                for request in group:
                    request.error = StoreError(self._refusal)
                _settle(group)
                group = self._next_group()
            raise
        finally:
            self._connection.close()

    def _next_group(self) -> list[_Request]:
        """All that is queued, waiting for the first; empty when there will be no more."""
        group: list[_Request] = []
        try:
            while len(group) < self._largest_group:
                request = self._queue.get(block=not group)
                if request is None:
                    self._queue.put(None)
                    break
                group.append(request)
        except Empty:
            pass
        return group

    def _carry_out(self, group: list[_Request]) -> None:
        try:
            self._connection.execute(self._begin)
        except sqlite3.Error as error:
            for request in group:
                request.error = in_words(self._path, error)
            return
        try:
            for request in group:
                self._attempt(request)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller waits to hear of it)
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if len(group) > 1:
                for request in group:
                    self._carry_out([request])
            else:
                group[0].error = in_words(self._path, error)

    def _attempt(self, request: _Request) -> None:
        request.error = None
        try:
            request.outcome = request.job(self._connection)
        except StoreError as refusal:
            request.error = refusal


def _settle(group: list[_Request]) -> None:
    """Tell every event loop once about all of its requests."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Request]] = defaultdict(list)
    for request in group:
        by_loop[request.loop].append(request)
    for loop, requests in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_here, requests)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _settle_here(requests: list[_Request]) -> None:
    for request in requests:
        request.settle()
