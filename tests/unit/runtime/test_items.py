"""What programs remember beside their threads; `tests/contracts/parity/test_agents.py` compares it with LangGraph's."""

import pytest

from runtime import InMemoryStore


def test_what_is_kept_is_nobodys_to_change() -> None:
    store, value = InMemoryStore(), {"tags": ["new"]}
    store.put(("ana",), "likes", value)
    value["tags"].append("changed outside")
    for found in (store.get(("ana",), "likes"), *store.search(("ana",))):
        assert found is not None
        assert found.value == {"tags": ["new"]}
        found.value["tags"].append("changed inside")
    assert store.search(())[0].value == {"tags": ["new"]}


def test_a_namespace_without_items_is_gone() -> None:
    store = InMemoryStore()
    store.put(("ana",), "likes", {})
    store.delete(("ana",), "likes")
    assert store.list_namespaces() == []


def test_changing_a_value_keeps_when_it_was_made() -> None:
    store = InMemoryStore()
    store.put(("ana",), "likes", {"food": "fish"})
    first = store.get(("ana",), "likes")
    store.put(("ana",), "likes", {"food": "pizza"})
    second = store.get(("ana",), "likes")
    assert first is not None
    assert second is not None
    assert second.created_at == first.created_at <= second.updated_at


def test_what_it_cannot_do_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="it finds by namespace and filter, not by meaning"):
        InMemoryStore(index={"dims": 3})
    store = InMemoryStore()
    store.put(("ana",), "likes", {"food": "fish"})
    with pytest.raises(ValueError, match=r"compares by one of \$eq"):
        store.search(("ana",), filter={"food": {"$in": ["fish"]}})
    with pytest.raises(ValueError, match="no dots"):
        store.put(("a.b",), "likes", {})
