"""The SQL of documents: one table per collection, the packed document beside one column per indexed field.

The functions are jobs for a `Worker`: they get the connection and run inside its transaction. `fields` are those that
the table has columns for, as `prepare` returned them.
"""

# ruff: noqa: S608 (names of tables and columns cannot be parameters; `_quoted` makes any text a name)

import sqlite3
from collections.abc import Mapping
from itertools import chain

from runtime.store import Collection, Document, Scalar, Value
from runtime.stores.documents import AGE, changed, pack, unpack
from runtime.stores.sqlite_log import SMALL_BYTES

FEW = 32
"""Documents that `find_few` finds at most."""


def prepare(connection: sqlite3.Connection, collection: Collection) -> tuple[str, ...]:
    """Make the collection's table and indexes as far as they are missing. Returns every field the table indexes."""
    table = _table(collection)
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {table}"
        " (id TEXT NOT NULL PRIMARY KEY, created_at REAL NOT NULL, body BLOB NOT NULL)"
    )
    connection.execute(f"CREATE INDEX IF NOT EXISTS {_quoted(f'{collection.name} by age')} ON {table} (created_at)")
    present = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    fields = [name.removeprefix(_FIELD) for name in present if name.startswith(_FIELD)]
    for field in collection.indexes:
        if field not in fields:
            _add_column(connection, table, field)
            fields.append(field)
        name = _quoted(f"{collection.name} by {field}")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({_column(field)}, created_at)")
    return tuple(fields)


def _add_column(connection: sqlite3.Connection, table: str, field: str) -> None:
    column = _column(field)
    connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")  # of no type: values are compared as they are
    for document_id, body in connection.execute(f"SELECT id, body FROM {table}").fetchall():
        value = unpack(body).get(field)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, document_id))


def insert(connection: sqlite3.Connection, collection: Collection, fields: tuple[str, ...], document: Document) -> bool:
    columns = ["id", "created_at", "body", *map(_column, fields)]
    values = [document["id"], document["created_at"], pack(document), *map(document.get, fields)]
    written = connection.execute(
        f"INSERT INTO {_table(collection)} ({', '.join(columns)}) VALUES ({', '.join('?' * len(values))})"
        " ON CONFLICT (id) DO NOTHING",
        values,
    )
    return written.rowcount == 1


def get(connection: sqlite3.Connection, collection: Collection, document_id: str) -> list[bytes]:
    """The document, or nothing."""
    rows = connection.execute(f"SELECT body FROM {_table(collection)} WHERE id = ?", (document_id,))
    return [body for (body,) in rows]


def update(
    connection: sqlite3.Connection,
    collection: Collection,
    fields: tuple[str, ...],
    document_id: str,
    *,
    expect: Mapping[str, Scalar],
    change: Mapping[str, Value],
) -> bytes | None:
    bodies = get(connection, collection, document_id)
    before = unpack(bodies[0]) if bodies else None
    after = changed(before, expect, change) if before else None
    if before is None or after is None:
        return None
    body = pack(after)
    moved = [field for field in (AGE, *fields) if after.get(field) != before.get(field)]  # in other indexes nothing is
    columns = ["body", *map(_column, moved)]
    connection.execute(
        f"UPDATE {_table(collection)} SET {', '.join(f'{column} = ?' for column in columns)} WHERE id = ?",
        [body, *map(after.get, moved), document_id],
    )
    return body


def find(
    connection: sqlite3.Connection,
    collection: Collection,
    wanted: Mapping[str, tuple[Scalar, ...]],
    *,
    before: tuple[str, float] | None,
    limit: int | None,
    newest_first: bool,
) -> list[bytes]:
    return _found(connection, collection, "body", wanted, before=before, limit=limit, newest_first=newest_first)


def find_few(
    connection: sqlite3.Connection,
    collection: Collection,
    wanted: Mapping[str, tuple[Scalar, ...]],
    *,
    limit: int | None,
    newest_first: bool,
) -> list[bytes] | None:
    """The same, but None when there is much to read; finds that out without reading it."""
    body = f"iif(length(body) <= {SMALL_BYTES}, body, NULL)"
    most = FEW + 1 if limit is None else min(limit, FEW + 1)
    found = _found(connection, collection, body, wanted, before=None, limit=most, newest_first=newest_first)
    return None if len(found) > FEW or None in found else found


def may_be_few(wanted: Mapping[str, tuple[Scalar, ...]], limit: int | None) -> bool:
    """Whether an index leads to the documents: by one value, and in their order where only the first are wanted."""
    return any(len(values) == 1 for values in wanted.values()) and (limit is None or len(wanted) == 1)


def _found(
    connection: sqlite3.Connection,
    collection: Collection,
    column: str,
    wanted: Mapping[str, tuple[Scalar, ...]],
    *,
    before: tuple[str, float] | None,
    limit: int | None,
    newest_first: bool,
) -> list[bytes]:
    conditions, values = _all(wanted), [*chain(*wanted.values())]
    if before is not None:
        conditions += f" AND {_column(before[0])} < ?"  # never true of NULL, nor of text
        values.append(before[1])
    order = "DESC" if newest_first else "ASC"
    rows = connection.execute(
        f"SELECT {column} FROM {_table(collection)} WHERE {conditions} ORDER BY created_at {order}, id {order} LIMIT ?",
        [*values, -1 if limit is None else limit],
    )
    return [found for (found,) in rows]


def count(connection: sqlite3.Connection, collection: Collection, wanted: Mapping[str, tuple[Scalar, ...]]) -> int:
    statement = f"SELECT count(*) FROM {_table(collection)} WHERE {_all(wanted)}"
    ((number,),) = connection.execute(statement, [*chain(*wanted.values())])
    return int(number)


def _all(wanted: Mapping[str, tuple[Scalar, ...]]) -> str:
    return " AND ".join(_condition(field, values) for field, values in wanted.items()) or "TRUE"


def _condition(field: str, values: tuple[Scalar, ...]) -> str:
    """Matches any of the values, None too. (`IS` uses the index as `=` does.)"""
    return f"({' OR '.join([f'{_column(field)} IS ?'] * len(values)) or 'FALSE'})"


def delete(connection: sqlite3.Connection, collection: Collection, document_id: str) -> None:
    connection.execute(f"DELETE FROM {_table(collection)} WHERE id = ?", (document_id,))


_FIELD = "field "


def _column(field: str) -> str:
    return field if field == AGE else _quoted(_FIELD + field)


def _table(collection: Collection) -> str:
    return _quoted(f"{collection.name} documents")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
