"""The SQL of threads and their logs. The functions are jobs for a `Worker`: they run inside its transaction.

Entry `n` of the thread with the key `k` is the row `k << 32 | n` of one table: neighbours on disk, in order, and no
index beside them. The head is the largest such number, so an append writes one page.
"""

import sqlite3

from runtime.errors import StaleHeadError
from runtime.store import Log

THREADS = """
CREATE TABLE threads (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, snapshot_at INTEGER NOT NULL DEFAULT 0, snapshot BLOB
)"""
ENTRIES = "CREATE TABLE entries (number INTEGER PRIMARY KEY, entry BLOB NOT NULL)"
SMALL_BYTES = 16_384  # `load_small` leaves longer values alone
SMALL_ENTRIES = 32  # and longer logs

_NONE = Log(head=0, snapshot_at=0, snapshot=None, entries=())
_KEY_AND_HEAD = """
SELECT key, (SELECT max(number) - (key << 32) FROM entries WHERE number BETWEEN key << 32 AND (key + 1 << 32) - 1)
FROM threads WHERE id = ?"""


def load(connection: sqlite3.Connection, thread_id: str, *, whole: bool) -> Log:
    row = connection.execute("SELECT key, snapshot_at, snapshot FROM threads WHERE id = ?", (thread_id,)).fetchone()
    if row is None:
        return _NONE
    key, snapshot_at, snapshot = (row[0], 0, None) if whole else row
    rows = connection.execute(
        "SELECT entry FROM entries WHERE number BETWEEN ? AND ? ORDER BY number", _numbers(key, snapshot_at)
    )
    entries = tuple(entry for (entry,) in rows)
    return Log(head=snapshot_at + len(entries), snapshot_at=snapshot_at, snapshot=snapshot, entries=entries)


def load_small(connection: sqlite3.Connection, thread_id: str) -> Log | None:
    """The same, but None when there is much to read: finds out without reading it."""
    row = connection.execute(
        "SELECT key, snapshot_at, iif(length(snapshot) <= ?, snapshot, NULL), snapshot ISNULL FROM threads WHERE id = ?",
        (SMALL_BYTES, thread_id),
    ).fetchone()
    if row is None:
        return _NONE
    key, snapshot_at, snapshot, has_none = row
    rows = connection.execute(
        "SELECT iif(length(entry) <= ?, entry, NULL) FROM entries WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?",
        (SMALL_BYTES, *_numbers(key, snapshot_at), SMALL_ENTRIES + 1),
    )
    entries = tuple(entry for (entry,) in rows)
    if len(entries) > SMALL_ENTRIES or None in entries or (snapshot is None and not has_none):
        return None
    return Log(head=snapshot_at + len(entries), snapshot_at=snapshot_at, snapshot=snapshot, entries=entries)


def append(connection: sqlite3.Connection, thread_id: str, expected: int, entry: bytes, snapshot: bytes | None) -> None:
    key, head = connection.execute(_KEY_AND_HEAD, (thread_id,)).fetchone() or (0, 0)
    if head != expected:
        raise StaleHeadError(thread_id, expected)
    if head == 0:
        (key,) = connection.execute("INSERT INTO threads (id) VALUES (?) RETURNING key", (thread_id,)).fetchone()
    number = (key << 32) + expected + 1
    connection.execute("INSERT INTO entries VALUES (?, ?)", (number, entry))
    if snapshot is not None:
        connection.execute(
            "UPDATE threads SET snapshot_at = ?, snapshot = ? WHERE key = ?", (expected + 1, snapshot, key)
        )


def delete(connection: sqlite3.Connection, thread_id: str) -> None:
    row = connection.execute("DELETE FROM threads WHERE id = ? RETURNING key", (thread_id,)).fetchone()
    if row is not None:
        connection.execute("DELETE FROM entries WHERE number BETWEEN ? AND ?", _numbers(row[0], 0))


def _numbers(key: int, after: int) -> tuple[int, int]:
    """First and last row number that the thread's entries after this one may have."""
    return (key << 32) + after + 1, (key + 1 << 32) - 1
