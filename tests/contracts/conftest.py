"""Every store, for the tests that every store must pass: to add one, add a line to `STORES`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from runtime.store import Store
from runtime.stores.memory import InMemorySaver
from runtime.stores.sqlite import SqliteSaver

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: InMemorySaver(),
    "sqlite": lambda folder: SqliteSaver(folder / "andon.sqlite"),
    "sqlite in memory": lambda folder: SqliteSaver(":memory:"),
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = STORES[request.param](tmp_path)
    yield store
    await store.aclose()
