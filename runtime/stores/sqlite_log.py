"""The SQL of threads and their logs. The functions are jobs for a `Worker`: they run inside its transaction.

Entries lie in the order in which they were written, whatever their thread, and an index finds them: a group of appends
to many threads then fills a few pages to the brim. Clustered by thread it would touch one page for each, which costs
twice the time and, with WITHOUT ROWID, four times the space, because rows over a quarter page spill there.
"""

import sqlite3

from runtime.errors import StaleHeadError
from runtime.store import Log, Mark

SCHEMA = (
    """CREATE TABLE threads (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, snapshot_at INTEGER NOT NULL DEFAULT 0, snapshot BLOB
    )""",
    "CREATE TABLE entries (thread INTEGER NOT NULL, number INTEGER NOT NULL, entry BLOB NOT NULL)",
    "CREATE UNIQUE INDEX entries_of_thread ON entries (thread, number)",
)
SMALL_BYTES = 16_384  # `load_small` leaves longer values alone
SMALL_ENTRIES = 32  # and longer logs

_NO_LOG = Log(head=0, snapshot_at=0, snapshot=None, entries=())


def load(connection: sqlite3.Connection, thread_id: str, *, whole: bool) -> Log:
    row = connection.execute(
        "SELECT key, snapshot_at, typeof(snapshot) = 'null' FROM threads WHERE id = ?", (thread_id,)
    ).fetchone()
    if row is None:
        return _NO_LOG
    key, snapshot_at, has_none = (row[0], 0, True) if whole else row
    snapshot = None if has_none else _large(connection, "threads", "snapshot", key)
    rows = connection.execute(
        "SELECT rowid, iif(length(entry) <= ?, entry, NULL) FROM entries WHERE thread = ? AND number > ?"
        " ORDER BY number",
        (SMALL_BYTES, key, snapshot_at),
    ).fetchall()
    entries = (_large(connection, "entries", "entry", place) if entry is None else entry for place, entry in rows)
    return _log(snapshot_at, snapshot, tuple(entries))


def _large(connection: sqlite3.Connection, table: str, column: str, row: int) -> bytes:
    """Read a value of many pages in a third of the time that a SELECT takes, which copies it twice."""
    with connection.blobopen(table, column, row, readonly=True) as blob:
        return blob.read()


def load_small(connection: sqlite3.Connection, thread_id: str) -> Log | None:
    """The same, but None when there is much to read; finds that out without reading it.

    `typeof` looks at the row's header; `IS NULL` would have SQLite read the whole value.
    """
    row = connection.execute(
        "SELECT key, snapshot_at, iif(length(snapshot) <= ?, snapshot, NULL), typeof(snapshot) = 'null'"
        " FROM threads WHERE id = ?",
        (SMALL_BYTES, thread_id),
    ).fetchone()
    if row is None:
        return _NO_LOG
    key, snapshot_at, snapshot, has_none = row
    rows = connection.execute(
        "SELECT iif(length(entry) <= ?, entry, NULL) FROM entries WHERE thread = ? AND number > ?"
        " ORDER BY number LIMIT ?",
        (SMALL_BYTES, key, snapshot_at, SMALL_ENTRIES + 1),
    )
    entries = tuple(entry for (entry,) in rows)
    if len(entries) > SMALL_ENTRIES or None in entries or (snapshot is None and not has_none):
        return None
    return _log(snapshot_at, snapshot, entries)


def load_since(connection: sqlite3.Connection, thread_id: str, since: Mark, most: int = -1) -> Log | None:
    """What came after a mark, which the log must have; None when it does not, or when that is more than `most`."""
    number, end = since
    longest = -1 if most < 0 else SMALL_BYTES
    rows = connection.execute(
        "SELECT CASE WHEN number = ?1 THEN substr(entry, ?2) WHEN ?3 < 0 OR length(entry) <= ?3 THEN entry END"
        " FROM threads JOIN entries ON thread = key WHERE id = ?4 AND number >= ?1 ORDER BY number LIMIT ?5",
        (number, -len(end), longest, thread_id, most + 2 if most >= 0 else -1),
    )
    known, *entries = [entry for (entry,) in rows] or [None]
    if known is None or not known.endswith(end) or None in entries or 0 <= most < len(entries):
        return None
    return _log(number, None, tuple(entries))


def _log(snapshot_at: int, snapshot: bytes | None, entries: tuple[bytes, ...]) -> Log:
    return Log(head=snapshot_at + len(entries), snapshot_at=snapshot_at, snapshot=snapshot, entries=entries)


def append(connection: sqlite3.Connection, thread_id: str, expected: int, entry: bytes, snapshot: bytes | None) -> int:
    """Return the new head."""
    key, head = connection.execute(
        "SELECT key, (SELECT max(number) FROM entries WHERE thread = key) FROM threads WHERE id = ?", (thread_id,)
    ).fetchone() or (0, 0)
    if head != expected:
        raise StaleHeadError(thread_id, expected)
    if head == 0:
        (key,) = connection.execute("INSERT INTO threads (id) VALUES (?) RETURNING key", (thread_id,)).fetchone()
    connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (key, expected + 1, entry))
    if snapshot is not None:
        connection.execute(
            "UPDATE threads SET snapshot_at = ?, snapshot = ? WHERE key = ?", (expected + 1, snapshot, key)
        )
    return expected + 1


def delete(connection: sqlite3.Connection, thread_id: str) -> None:
    row = connection.execute("DELETE FROM threads WHERE id = ? RETURNING key", (thread_id,)).fetchone()
    if row is not None:
        connection.execute("DELETE FROM entries WHERE thread = ?", row)
