"""Any sequence of calls leaves every store as it leaves a dict: the model below is written without the stores' code."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from runtime.errors import StaleHeadError
from runtime.store import Collection, Log, Store
from runtime.stores.memory import InMemorySaver
from runtime.stores.mongodb import MongoDBSaver
from runtime.stores.sqlite import SqliteSaver
from tests.mongodb import fresh_uri

THREADS = ("a", "", "ż'")
NOTES = Collection("notes", ("kind", "size"))
KEYS = st.sampled_from(["x", "y", "z"])
SCALARS = st.none() | st.integers(-2, 2) | st.sampled_from(["", "p", "q"])
FIELDS = st.dictionaries(st.sampled_from(["kind", "size", "other"]), SCALARS)
STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: InMemorySaver(),
    "sqlite": lambda folder: SqliteSaver(folder / "andon.sqlite", synchronous="NORMAL"),
    "sqlite in memory": lambda folder: SqliteSaver(":memory:"),
    "mongodb": lambda folder: MongoDBSaver.from_conn_string(fresh_uri()),
}


class StoreMachine(RuleBasedStateMachine):
    """Does each step to the store and to a model of it, and compares."""

    open_store: Callable[[Path], Store]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.store = self.open_store(Path(self.folder.name))
        self.logs: dict[str, list[bytes]] = {}
        self.snapshots: dict[str, tuple[int, bytes]] = {}
        self.notes: dict[str, dict[str, Any]] = {}

    def teardown(self) -> None:
        self.runner.run(self.store.aclose())
        self.runner.close()
        self.folder.cleanup()

    @rule(
        thread=st.sampled_from(THREADS),
        off=st.sampled_from([0, 0, 0, 0, -1, 1]),
        entry=st.binary(max_size=4),
        snapshot=st.none() | st.binary(max_size=4),
    )
    def append(self, thread: str, off: int, entry: bytes, snapshot: bytes | None) -> None:
        head = len(self.logs.get(thread, []))
        call = self.store.append(thread, head + off, entry, snapshot=snapshot)
        if off:
            with pytest.raises(StaleHeadError):
                self.runner.run(call)
            return
        self.runner.run(call)
        self.logs.setdefault(thread, []).append(entry)
        if snapshot is not None:
            self.snapshots[thread] = (head + 1, snapshot)

    @rule(thread=st.sampled_from(THREADS))
    def delete(self, thread: str) -> None:
        self.runner.run(self.store.delete(thread))
        self.logs.pop(thread, None)
        self.snapshots.pop(thread, None)

    @rule(key=KEYS, age=st.integers(0, 2), fields=FIELDS)
    def insert(self, key: str, age: int, fields: dict[str, Any]) -> None:
        fresh = key not in self.notes
        note = {"id": key, "created_at": float(age), **fields}
        assert self.runner.run(self.store.insert(NOTES, note)) == fresh
        if fresh:
            self.notes[key] = note | {"revision": 1}

    @rule(key=KEYS, expect=FIELDS, change=FIELDS)
    def update(self, key: str, expect: dict[str, Any], change: dict[str, Any]) -> None:
        after = self.runner.run(self.store.update(NOTES, key, expect=expect, change=change))
        note = self.notes.get(key)
        if note is None or any(note.get(field) != value for field, value in expect.items()):
            assert after is None
            return
        self.notes[key] = note | change | {"revision": note["revision"] + 1}
        assert after == self.notes[key]

    @rule(key=KEYS, change=FIELDS)
    def update_as_it_is(self, key: str, change: dict[str, Any]) -> None:
        note = self.notes.get(key, {})
        self.update(key, {field: note.get(field) for field in ("kind", "size", "revision") if note}, change)

    @rule(key=KEYS)
    def delete_document(self, key: str) -> None:
        self.runner.run(self.store.delete_document(NOTES, key))
        self.notes.pop(key, None)

    @rule(
        kinds=st.lists(SCALARS, max_size=3).map(tuple) | SCALARS,
        sizes=st.none() | st.lists(SCALARS, max_size=3).map(tuple),
        below=st.none() | st.integers(-2, 3),
        limit=st.none() | st.integers(0, 3),
        newest_first=st.booleans(),
    )
    def find(
        self, kinds: Any, sizes: tuple[Any, ...] | None, below: int | None, limit: int | None, newest_first: bool
    ) -> None:
        where = {"kind": kinds} if sizes is None else {"kind": kinds, "size": sizes}
        wanted = {field: values if isinstance(values, tuple) else (values,) for field, values in where.items()}
        expected = sorted(
            (
                note
                for note in self.notes.values()
                if all(note.get(field) in wanted[field] for field in wanted)
                and (below is None or (isinstance(note.get("size"), int) and note["size"] < below))
            ),
            key=lambda note: (note["created_at"], note["id"]),
        )
        before = None if below is None else ("size", below)
        found = self.runner.run(self.store.find(NOTES, where, before=before, limit=limit, newest_first=newest_first))
        assert found == (expected[::-1] if newest_first else expected)[:limit]

    @invariant()
    def logs_agree(self) -> None:
        for thread in THREADS:
            entries = tuple(self.logs.get(thread, []))
            at, snapshot = self.snapshots.get(thread, (0, None))
            whole = Log(head=len(entries), snapshot_at=0, snapshot=None, entries=entries)
            since = Log(head=len(entries), snapshot_at=at, snapshot=snapshot, entries=entries[at:])
            assert self.runner.run(self.store.load(thread, whole=True)) == whole
            assert self.runner.run(self.store.load(thread)) == since

    @invariant()
    def documents_agree(self) -> None:
        for key in ("x", "y", "z"):
            assert self.runner.run(self.store.get(NOTES, key)) == self.notes.get(key)


@pytest.mark.parametrize("name", STORES)
def test_a_store_behaves_as_a_dict_does(name: str) -> None:
    machine = type("Machine", (StoreMachine,), {"open_store": staticmethod(STORES[name])})
    examples = 10 if name == "mongodb" else 40  # every call goes over the wire
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None))
