"""One SQLite file: how it is opened, which schema it must have, and its errors in words."""

import sqlite3
from time import monotonic, sleep

from runtime.errors import StoreError
from runtime.stores.sqlite_log import SCHEMA

SCHEMA_VERSION = 1
LOCK_TIMEOUT = 10.0  # seconds that a thread waits for another process's transaction
PAGE_BYTES = 8192  # three turns of 2 KB fit on a page, where one does on SQLite's 4096

_ADVICE = {
    sqlite3.SQLITE_BUSY: "another process has held it for too long; try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; does its folder exist, and may this user write there?",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write; check it and the file system",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database; choose another path",
    sqlite3.SQLITE_PERM: "this user may not access it",
    sqlite3.SQLITE_READONLY: "it is read-only; give this user the right to write the file and its folder",
    sqlite3.SQLITE_TOOBIG: "the value is larger than SQLite keeps (1 GB)",
}


def in_words(path: str, error: Exception) -> StoreError:
    """What went wrong with this database and what to do about it."""
    advice = _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    problem = StoreError(f"{path}: {advice} ({error})" if advice else f"{path}: {error}")
    problem.__cause__ = error
    return problem


def connect(path: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise in_words(path, error) from error


def open_for_writing(path: str, synchronous: str) -> sqlite3.Connection:
    """A connection for writing, to a file that has all tables."""
    connection = connect(path)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        _use_wal(connection)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        _migrate(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise in_words(path, error) from error
    except StoreError:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Several who open a new file at once may each find it locked: SQLite does not wait for this by itself."""
    deadline = monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{path}: written by a newer version of Andon (schema {version}, this one reads up to"
                f" {SCHEMA_VERSION}); update Andon, or use another file"
            )
        if version == 0:
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
