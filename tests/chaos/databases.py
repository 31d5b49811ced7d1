"""The databases that bots die over, each by an address that means the same in every process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from pymongo import MongoClient

from runtime import InMemorySaver, MongoDBSaver, SqliteSaver
from runtime.store import Store
from tests.chaos.outages import Proxy, locked
from tests.mongodb import fresh_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database that nobody has used."""

    address: str
    open: Callable[[], AbstractAsyncContextManager[Store]]
    """As a process does that has just been started."""
    inspect: Callable[[], AbstractAsyncContextManager[Store]]
    """As whoever looks whether all is well: with time, and past what keeps the bots out."""
    away: Callable[[], AbstractAsyncContextManager[None]]
    """While this is entered, nobody gets anything from it. Not for memory."""


@asynccontextmanager
async def database(store: str, folder: Path, *, may_go_away: bool) -> AsyncIterator[Database]:
    """Make one; where it may go away, clients of a MongoDB do not wait long for an answer."""
    match store:
        case "memory":
            kept = InMemorySaver()  # outlives the bots, though not this process
            yield Database(
                address="", open=lambda: nullcontext(kept), inspect=lambda: nullcontext(kept), away=nullcontext
            )
        case "sqlite":
            path = str(folder / "andon.db")
            opened = partial(open_store, path)
            yield Database(address=path, open=opened, inspect=opened, away=lambda: locked(path))
        case "mongodb":
            real = await asyncio.to_thread(_fresh_uri)
            proxy = Proxy(real)
            async with proxy.listening() as proxied:
                used = f"{proxied}?timeoutMS=500" if may_go_away else real
                opened, seen = partial(open_store, used), partial(open_store, real)
                yield Database(address=used, open=opened, inspect=seen, away=proxy.away)
            await asyncio.to_thread(_drop, real)
        case _:
            raise ValueError(f"there is no store {store!r}; there are memory, sqlite and mongodb")


def open_store(address: str) -> AbstractAsyncContextManager[Store]:
    """Open what is there: a MongoDB, or an SQLite file."""
    return MongoDBSaver.from_conn_string(address) if address.startswith("mongodb") else SqliteSaver(address)


_ONE_AT_A_TIME = Lock()


def _fresh_uri() -> str:
    """Runs begin together, and only the first of them starts the server."""
    with _ONE_AT_A_TIME:
        return fresh_uri()


def _drop(address: str) -> None:
    with MongoClient[dict[str, Any]](address) as client:
        client.drop_database(client.get_default_database().name)
