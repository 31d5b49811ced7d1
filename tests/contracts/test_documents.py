"""What `DocumentStore` promises, on every store."""

import asyncio
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from runtime.errors import CodecError, StoreError
from runtime.requests import paging
from runtime.store import Collection, Document, Scalar, Store, Value

REQUESTS = Collection("requests", ("status", "who", "size"))
ODD_TEXTS = ["", "'", '"', "; --", "zażółć 🧵", "a\x00b", "$set", "NULL", "1"]


class Status(StrEnum):
    OPEN = "open"


def document(document_id: str, created_at: float = 1.0, **fields: Value) -> Document:
    return {"id": document_id, "created_at": created_at, **fields}


def stored(document_id: str, created_at: float = 1.0, revision: int = 1, **fields: Value) -> Document:
    return document(document_id, created_at, revision=revision, **fields)


async def fill(store: Store, *documents: Document) -> None:
    for one in documents:
        assert await store.insert(REQUESTS, one)


def ids(found: Iterable[Document]) -> list[Value]:
    return [one["id"] for one in found]


async def test_a_new_document_has_revision_1_whatever_it_says(store: Store) -> None:
    await fill(store, document("a", status="open"), document("b", revision=7))
    assert await store.get(REQUESTS, "a") == stored("a", status="open")
    assert await store.get(REQUESTS, "b") == stored("b")


async def test_a_second_document_of_the_same_id_is_refused(store: Store) -> None:
    await fill(store, document("a", status="open"))
    assert not await store.insert(REQUESTS, document("a", status="new"))
    assert await store.get(REQUESTS, "a") == stored("a", status="open")


async def test_of_racing_inserts_exactly_one_wins(store: Store) -> None:
    won = await asyncio.gather(*(store.insert(REQUESTS, document("a", who=who)) for who in range(20)))
    assert sum(won) == 1
    assert await store.get(REQUESTS, "a") == stored("a", who=won.index(True))


async def test_an_unknown_document_is_none(store: Store) -> None:
    assert await store.get(REQUESTS, "nothing") is None
    assert await store.update(REQUESTS, "nothing", expect={}, change={"who": "me"}) is None


async def test_every_kind_of_value_comes_back(store: Store) -> None:
    values: dict[str, Any] = {
        "none": None,
        "yes": True,
        "no": False,
        "int": -(2**63),
        "float": 0.1,
        "text": "zażółć 🧵\x00",
        "bytes": b"\x00\xff",
        "nested": {"list": [1, [2, {"three": b"3"}]], "": {}},
        "empty": [],
    }
    await fill(store, document("a", **values))
    found = await store.get(REQUESTS, "a")
    assert found == stored("a", **values)
    assert type(found["yes"]) is bool


async def test_odd_names_numbers_and_texts_come_back(store: Store) -> None:
    keys: dict[str, Any] = dict.fromkeys(["", "a.b", "$set", "a\x00b", "%2e;", "_id", "ż 🧵", "0"], "x")
    values: dict[str, Any] = keys | {
        "large": 2**64 - 1,
        "huge": 1e300,
        "infinite": -math.inf,
        "control": "\x01\x00\x01\x02",
        "inner": keys,
    }
    await fill(store, document("a", **values))
    expected = stored("a", **values)
    assert await store.get(REQUESTS, "a") == expected
    change: Document = {"a.b": "y", "$set": 2**63, "_id": None}
    after = await store.update(REQUESTS, "a", expect={"a.b": "x", "": "x", "large": 2**64 - 1}, change=change)
    assert after == expected | change | {"revision": 2}


async def test_what_is_not_a_number_comes_back_as_that(store: Store) -> None:
    await fill(store, document("a", number=math.nan))
    assert str((await store.get(REQUESTS, "a") or {})["number"]) == "nan"


async def test_sequences_mappings_and_enums_become_plain(store: Store) -> None:
    await fill(store, document("a", pair=(1, (2,)), map=MappingProxyType({"x": 1}), status=Status.OPEN))
    found = await store.get(REQUESTS, "a")
    assert found == stored("a", pair=[1, [2]], map={"x": 1}, status="open")
    assert type(found["status"]) is str
    assert ids(await store.find(REQUESTS, {"status": Status.OPEN})) == ["a"]


@pytest.mark.parametrize("value", [object(), {1: 2}, {"set"}, datetime(2026, 1, 1, tzinfo=UTC), "\ud800", 2**64])
async def test_what_is_no_plain_value_is_refused(store: Store, value: Any) -> None:
    with pytest.raises(CodecError, match="plain values"):
        await store.insert(REQUESTS, document("a", odd=value))
    await fill(store, document("a"))
    with pytest.raises(CodecError, match="plain values"):
        await store.update(REQUESTS, "a", expect={}, change={"odd": value})
    assert await store.get(REQUESTS, "a") == stored("a")


async def test_documents_are_the_callers_own_copies(store: Store) -> None:
    given = document("a", tags=["one"], inner={"x": 1})
    await fill(store, given)
    change = {"more": ["two"]}
    updated = await store.update(REQUESTS, "a", expect={}, change=change)
    expected = stored("a", revision=2, tags=["one"], inner={"x": 1}, more=["two"])
    (found,) = await store.find(REQUESTS, {})
    for copy in (given, change, updated, found, await store.get(REQUESTS, "a")):
        scribble(copy)
    assert await store.get(REQUESTS, "a") == expected


def scribble(value: Any) -> None:
    for inner in value.values():
        if isinstance(inner, list):
            inner.append("scribbled")
    value["scribbled"] = True


async def test_an_update_sets_fields_keeps_others_and_counts(store: Store) -> None:
    await fill(store, document("a", status="open", who="ana"))
    for revision in (2, 3, 4):
        after = await store.update(REQUESTS, "a", expect={}, change={"status": "done", "size": revision})
        assert after == stored("a", revision=revision, status="done", who="ana", size=revision)
        assert await store.get(REQUESTS, "a") == after


@pytest.mark.parametrize(
    "expect",
    [
        {"status": "done"},
        {"status": None},
        {"status": "open", "who": "bob"},
        {"missing": "x"},
        {"revision": 2},
        {"id": "b"},
    ],
)
async def test_an_update_of_what_is_not_as_expected_changes_nothing(store: Store, expect: dict[str, Scalar]) -> None:
    await fill(store, document("a", status="open", who="ana"))
    assert await store.update(REQUESTS, "a", expect=expect, change={"status": "wrong"}) is None
    assert await store.get(REQUESTS, "a") == stored("a", status="open", who="ana")


@pytest.mark.parametrize(
    "expect", [{}, {"status": "open"}, {"who": None}, {"missing": None}, {"revision": 1, "plain": 2.5}]
)
async def test_an_update_may_expect_any_field_and_none_means_missing_too(
    store: Store, expect: dict[str, Scalar]
) -> None:
    await fill(store, document("a", status="open", who=None, plain=2.5))
    assert await store.update(REQUESTS, "a", expect=expect, change={"status": "done"}) is not None


async def test_of_racing_updates_with_one_expectation_exactly_one_wins(store: Store) -> None:
    await fill(store, document("a", status="open"))
    claims = [
        store.update(REQUESTS, "a", expect={"status": "open"}, change={"status": "done", "who": who})
        for who in range(20)
    ]
    won = [after for after in await asyncio.gather(*claims) if after is not None]
    assert len(won) == 1
    assert await store.get(REQUESTS, "a") == won[0]
    assert won[0]["revision"] == 2


@pytest.mark.parametrize("field", ["id", "revision"])
async def test_id_and_revision_are_not_for_the_caller_to_change(store: Store, field: str) -> None:
    await fill(store, document("a"))
    with pytest.raises(StoreError, match="cannot be changed"):
        await store.update(REQUESTS, "a", expect={}, change={field: 5})
    assert await store.get(REQUESTS, "a") == stored("a")


async def test_find_orders_by_age_then_id(store: Store) -> None:
    await fill(store, document("b", 2), document("é", 1), document("z", 1), document("a", 3), document("Z", 1))
    assert ids(await store.find(REQUESTS, {})) == ["Z", "z", "é", "b", "a"]
    assert ids(await store.find(REQUESTS, {}, newest_first=True)) == ["a", "b", "é", "z", "Z"]
    assert ids(await store.find(REQUESTS, {}, limit=2)) == ["Z", "z"]
    assert ids(await store.find(REQUESTS, {}, limit=2, newest_first=True)) == ["a", "b"]
    assert await store.find(REQUESTS, {}, limit=0) == []


async def test_a_changed_age_changes_the_order(store: Store) -> None:
    await fill(store, document("a", 1), document("b", 2))
    await store.update(REQUESTS, "a", expect={}, change={"created_at": 3.5})
    assert ids(await store.find(REQUESTS, {})) == ["b", "a"]


async def test_find_by_one_value_finds_few_and_many_small_and_large(store: Store) -> None:
    for number in range(40):
        size = 20_000 if number == 3 else 1
        await store.insert(REQUESTS, {"id": f"{number:02}", "created_at": float(number), "size": 1, "text": "x" * size})
    all_of_them = [f"{number:02}" for number in range(40)]
    for limit in (None, 0, 1, 3, 4, 32, 33, 40, 50):
        assert ids(await store.find(REQUESTS, {"size": 1}, limit=limit)) == all_of_them[:limit], limit
    assert ids(await store.find(REQUESTS, {"size": 1}, limit=2, newest_first=True)) == ["39", "38"]
    assert len((await store.find(REQUESTS, {"size": 1}, limit=4))[3]["text"]) == 20_000  # type: ignore[arg-type]  # a str


async def test_find_matches_every_field_by_any_of_its_values(store: Store) -> None:
    await fill(
        store,
        document("a", status="open", who="ana"),
        document("b", status="open", who=None),
        document("c", status="done", who="ana"),
        document("d"),
    )
    wanted: list[tuple[dict[str, Scalar | tuple[Scalar, ...]], list[str]]] = [
        ({"status": "open"}, ["a", "b"]),
        ({"status": ("open", "done")}, ["a", "b", "c"]),
        ({"status": "open", "who": "ana"}, ["a"]),
        ({"who": None}, ["b", "d"]),
        ({"who": ("ana", None), "status": ("done", None)}, ["c", "d"]),
        ({"status": ()}, []),
        ({"status": "OPEN"}, []),
        ({"status": 1}, []),
    ]
    for where, expected in wanted:
        assert ids(await store.find(REQUESTS, where)) == expected, where
        assert await store.count(REQUESTS, where) == len(expected), where
    assert await store.count(REQUESTS, {}) == 4


async def test_find_tells_numbers_from_text(store: Store) -> None:
    await fill(store, document("a", size=1), document("b", size="1"), document("c", size=1.5))
    assert ids(await store.find(REQUESTS, {"size": 1})) == ["a"]
    assert ids(await store.find(REQUESTS, {"size": "1"})) == ["b"]
    assert ids(await store.find(REQUESTS, {"size": 1.5})) == ["c"]


async def test_a_collection_is_read_page_by_page_whatever_is_of_one_age(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE", 2)
    for ages in ([], [1.0], [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0], [4.0] * 5):
        await fill(store, *(document(f"{number}", age) for number, age in enumerate(ages)))
        found = [one async for one in paging.newest_first(store, REQUESTS)]
        assert ids(found) == ids(await store.find(REQUESTS, {}, newest_first=True))
        assert len(found) == len(ages)
        for one in found:
            await store.delete_document(REQUESTS, str(one["id"]))


async def test_find_takes_only_numbers_below_a_limit(store: Store) -> None:
    await fill(store, document("a", size=1), document("b", size=2.5, who="ana"), document("c", size="0"))
    await fill(store, document("d", size=None), document("e"), document("f", -1.0, size=-3.5, who="ana"))
    wanted: list[tuple[float, dict[str, Scalar | tuple[Scalar, ...]], list[str]]] = [
        (2.5, {}, ["f", "a"]),
        (2.6, {}, ["f", "a", "b"]),
        (1e12, {"who": "ana"}, ["f", "b"]),
        (1e12, {"who": None}, ["a"]),
        (1e12, {"size": 1}, ["a"]),
        (-3.5, {}, []),
        (float("inf"), {}, ["f", "a", "b"]),
    ]
    for limit, where, expected in wanted:
        assert ids(await store.find(REQUESTS, where, before=("size", limit))) == expected, (limit, where)
    assert ids(await store.find(REQUESTS, {}, before=("size", 9.0), limit=1, newest_first=True)) == ["b"]
    await store.update(REQUESTS, "f", expect={}, change={"size": None})
    assert ids(await store.find(REQUESTS, {}, before=("size", 9.0), limit=1)) == ["a"]
    with pytest.raises(StoreError, match="colour"):
        await store.find(REQUESTS, {}, before=("colour", 1.0))


async def test_find_sees_updates_and_deletions(store: Store) -> None:
    await fill(store, document("a", status="open"), document("b", status="open"))
    await store.update(REQUESTS, "a", expect={}, change={"status": "done"})
    await store.delete_document(REQUESTS, "b")
    assert await store.find(REQUESTS, {"status": "open"}) == []
    assert ids(await store.find(REQUESTS, {"status": "done"})) == ["a"]


async def test_find_by_a_field_without_index_is_an_error_that_names_it(store: Store) -> None:
    with pytest.raises(StoreError, match="colour"):
        await store.find(REQUESTS, {"colour": "red"})
    with pytest.raises(StoreError, match="colour"):
        await store.count(REQUESTS, {"colour": "red"})


async def test_a_collection_may_get_more_indexes_later(store: Store) -> None:
    fewer, more = Collection("requests"), Collection("requests", ("status", "who"))
    await store.insert(fewer, document("a", status="open"))
    assert ids(await store.find(more, {"status": "open"})) == ["a"]
    await store.insert(fewer, document("b", status="open"))
    await store.update(fewer, "a", expect={}, change={"status": "done"})
    assert ids(await store.find(more, {"status": "open"})) == ["b"]


async def test_collections_are_apart(store: Store) -> None:
    other = Collection("other", ("status",))
    await fill(store, document("a", status="open"))
    assert await store.get(other, "a") is None
    assert await store.insert(other, document("a", status="other"))
    assert await store.get(REQUESTS, "a") == stored("a", status="open")


async def test_any_text_is_an_id_and_a_value(store: Store) -> None:
    await fill(store, *(document(text, status=text) for text in ODD_TEXTS))
    for text in ODD_TEXTS:
        assert await store.get(REQUESTS, text) == stored(text, status=text)
        assert ids(await store.find(REQUESTS, {"status": text})) == [text]


async def test_a_removed_document_is_gone_and_its_id_free(store: Store) -> None:
    await fill(store, document("a", status="open"), document("b"))
    await store.update(REQUESTS, "a", expect={}, change={"status": "done"})
    await store.delete_document(REQUESTS, "a")
    await store.delete_document(REQUESTS, "a")
    assert await store.get(REQUESTS, "a") is None
    assert ids(await store.find(REQUESTS, {})) == ["b"]
    await fill(store, document("a", status="again"))
    assert await store.get(REQUESTS, "a") == stored("a", status="again")
