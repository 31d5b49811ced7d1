"""Every store, for the tests that every store must pass: to add one, add a line to `STORES`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from runtime.store import Store
from runtime.stores.memory import InMemorySaver
from runtime.stores.mongodb import MongoDBSaver
from runtime.stores.sqlite import SqliteSaver
from tests.mongodb import fresh_uri

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: InMemorySaver(),
    "sqlite": lambda folder: SqliteSaver(folder / "andon.sqlite"),
    "sqlite in memory": lambda folder: SqliteSaver(":memory:"),
    "mongodb": lambda folder: MongoDBSaver.from_conn_string(fresh_uri()),
    "mongodb by pymongo": lambda folder: MongoDBSaver.from_conn_string(fresh_uri(), driver="pymongo"),
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = STORES[request.param](tmp_path)
    yield store
    await store.aclose()
