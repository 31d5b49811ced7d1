"""What every store promises about its end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from runtime.errors import StoreError
from runtime.store import Collection, Store

NOTES = Collection("notes")
CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "load": lambda store: store.load("t"),
    "load whole": lambda store: store.load("t", whole=True),
    "append": lambda store: store.append("t", 1, b"late"),
    "delete": lambda store: store.delete("t"),
    "insert": lambda store: store.insert(NOTES, {"id": "b", "created_at": 1.0}),
    "get": lambda store: store.get(NOTES, "a"),
    "update": lambda store: store.update(NOTES, "a", expect={}, change={}),
    "find": lambda store: store.find(NOTES, {}),
    "count": lambda store: store.count(NOTES, {}),
    "delete document": lambda store: store.delete_document(NOTES, "a"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_a_closed_store_says_so(store: Store, call: Callable[[Store], Awaitable[object]]) -> None:
    await store.append("t", 0, b"one")
    await store.insert(NOTES, {"id": "a", "created_at": 1.0})
    await call(store)
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await call(store)


async def test_closing_twice_or_at_once_is_not_an_error(store: Store) -> None:
    await asyncio.gather(store.aclose(), store.aclose())
    await store.aclose()


async def test_closing_finishes_what_was_begun(store: Store) -> None:
    appends = [asyncio.create_task(store.append(f"t{number}", 0, b"x")) for number in range(50)]
    await asyncio.sleep(0)
    await store.aclose()
    assert await asyncio.gather(*appends) == [None] * 50
