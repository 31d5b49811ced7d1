"""Every test of an example runs in memory and on a file, where each step opens the file again."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from runtime import InMemorySaver, SqliteSaver
from runtime.store import Store
from tests.examples_kit import Conversation, Effects, OpenStore, Talk


@pytest.fixture(params=["memory", "sqlite, opened anew for each step"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    if request.param == "memory":
        kept = InMemorySaver()
        return lambda: nullcontext(kept)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        store = SqliteSaver(tmp_path / "andon.sqlite")
        yield store
        await store.aclose()

    return opened


@pytest.fixture
def talk(open_store: OpenStore) -> Talk:
    """A conversation with the agent of this name."""
    return lambda name: Conversation(name, open_store)


@pytest.fixture
def effects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Effects:
    """Read what was done outside so far; keys are left out."""
    file = tmp_path / "effects.jsonl"
    monkeypatch.setenv("ANDON_EFFECTS", str(file))

    def read() -> list[dict[str, Any]]:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [{name: value for name, value in json.loads(line).items() if name != "key"} for line in lines]

    return read
