"""A connection that is used in the calling thread, whichever that is, and never waits.

What would have to wait for a lock, and whatever else goes wrong here, is left to a thread: that can wait, and says what
is wrong.
"""

import sqlite3
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

LONGEST_RUN = 64
"""Writes after which the writing thread has the next one: its commits move what is in the WAL into the file."""


class InPlace:
    """Reads small things; with `synchronous` NORMAL also writes them, since its commits wait for no disk."""

    def __init__(self, connection: sqlite3.Connection, synchronous: str) -> None:
        self._connection = connection
        self._lock = Lock()
        self._writes = synchronous == "NORMAL"
        self._since_tidied = 0
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # which would wait for the disk
        connection.execute("PRAGMA busy_timeout = 0")

    def read(self, job: Callable[[sqlite3.Connection], T], *, single: bool = False) -> T | None:
        """Return what the job found at one point in time; None when it failed. A `single` statement needs no more."""
        return self._run(None if single else "BEGIN", job)

    def write(self, job: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return the job's result once it is committed; None when it must be done elsewhere. Raises `StoreError`."""
        if not self._writes:
            return None
        self._since_tidied = (self._since_tidied + 1) % LONGEST_RUN
        return self._run("BEGIN IMMEDIATE", job) if self._since_tidied else None

    def _run(self, begin: str | None, job: Callable[[sqlite3.Connection], T]) -> T | None:
        with self._lock:
            try:
                if begin is None:
                    return job(self._connection)
                with self._connection:
                    self._connection.execute(begin)
                    return job(self._connection)
            except (sqlite3.Error, UnicodeEncodeError):
                return None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
