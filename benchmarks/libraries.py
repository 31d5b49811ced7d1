"""The two libraries under the same names, so that a program is written once and runs on both.

A program's functions are written plainly and wrapped by `Library.function`: as coroutines for an async API, which both
await in place where a sync one would cost a thread each, and as they are for LangGraph's sync API.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

from langgraph import graph as langgraph, types as langgraph_types
from langgraph.checkpoint.memory import InMemorySaver as LangGraphMemory
from langgraph.checkpoint.sqlite import SqliteSaver as LangGraphSqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver as LangGraphAsyncSqlite

import runtime

Durability: TypeAlias = Literal["sync", "async", "exit"]
Synchronous: TypeAlias = Literal["FULL", "NORMAL"]
Kind: TypeAlias = Literal["none", "memory", "FULL", "NORMAL"]
"""Which store: none, memory, or SQLite with this `synchronous`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One API to write graphs for."""

    graph: Any
    command: Any
    send: Any
    interrupt: Callable[[Any], Any]
    add_messages: Any
    memory: Callable[[], Any]
    sqlite: Callable[[Path, Synchronous], AbstractAsyncContextManager[Any]]
    is_sync: bool = False
    numbers: "count[int]" = field(default_factory=count)

    def function(self, body: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return `body` as the kind of function that this API calls without a detour."""
        if self.is_sync:
            return body

        async def function(state: Any) -> Any:
            return body(state)

        return function

    async def invoke(self, graph: Any, given: Any, config: dict[str, Any], durability: Durability) -> Any:
        """Run a graph to its next pause or end."""
        options = {"durability": durability} if graph.checkpointer is not None else {}
        if self.is_sync:
            return graph.invoke(given, config, **options)
        return await graph.ainvoke(given, config, **options)

    def new_thread(self) -> dict[str, Any]:
        """Return the config of a thread that no store has seen."""
        return {"configurable": {"thread_id": f"{next(self.numbers):036d}"}}


@asynccontextmanager
async def _andon_sqlite(path: Path, synchronous: Synchronous) -> AsyncIterator[Any]:
    async with runtime.SqliteSaver(path, synchronous=synchronous) as saver:
        yield saver


@asynccontextmanager
async def _langgraph_sqlite(path: Path, synchronous: Synchronous) -> AsyncIterator[Any]:
    async with LangGraphAsyncSqlite.from_conn_string(str(path)) as saver:
        await saver.setup()
        await saver.conn.execute(f"PRAGMA synchronous = {synchronous}")
        yield saver


@asynccontextmanager
async def _langgraph_sync_sqlite(path: Path, synchronous: Synchronous) -> AsyncIterator[Any]:
    with LangGraphSqlite.from_conn_string(str(path)) as saver:
        saver.setup()
        saver.conn.execute(f"PRAGMA synchronous = {synchronous}")
        yield saver


ANDON = Library(
    graph=runtime.StateGraph,
    command=runtime.Command,
    send=runtime.Send,
    interrupt=runtime.interrupt,
    add_messages=runtime.add_messages,
    memory=runtime.InMemorySaver,
    sqlite=_andon_sqlite,
)
LANGGRAPH = Library(
    graph=langgraph.StateGraph,
    command=langgraph_types.Command,
    send=langgraph_types.Send,
    interrupt=langgraph_types.interrupt,
    add_messages=langgraph.add_messages,
    memory=LangGraphMemory,
    sqlite=_langgraph_sqlite,
)
LANGGRAPH_SYNC = Library(
    graph=langgraph.StateGraph,
    command=langgraph_types.Command,
    send=langgraph_types.Send,
    interrupt=langgraph_types.interrupt,
    add_messages=langgraph.add_messages,
    memory=LangGraphMemory,
    sqlite=_langgraph_sync_sqlite,
    is_sync=True,
)


@asynccontextmanager
async def opened(library: Library, kind: Kind) -> AsyncIterator[Any]:
    """Open an empty store of a library; None for no store at all."""
    if kind == "none":
        yield None
    elif kind == "memory":
        yield library.memory()
    else:
        with TemporaryDirectory() as folder:
            async with library.sqlite(Path(folder, "threads.sqlite"), kind) as saver:
                yield saver


def bytes_in(folder: str) -> int:
    """Size of all files of a folder."""
    return sum(path.stat().st_size for path in Path(folder).iterdir())
