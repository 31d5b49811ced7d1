"""The way of chunks from a run to the reader of its stream."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any


class Reader:
    """One reader of one stream. The run may `put` from any thread; everything else happens on the reader's loop."""

    def __init__(self, mode: str | Sequence[str], *, subgraphs: bool) -> None:
        self._alone, self._subgraphs = isinstance(mode, str), subgraphs
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._idle = asyncio.Event()

    def put(self, ns: str, mode: str, chunk: Any) -> None:
        """Hand over one chunk, in the shape the reader asked for."""
        if ns and not self._subgraphs:
            return
        item = (chunk,) if self._alone else (mode, chunk)
        if self._subgraphs:
            item = (tuple(ns.split("|")) if ns else (), *item)
        self._queue_up(item[0] if len(item) == 1 else item)

    def _queue_up(self, item: Any) -> None:
        if threading.get_ident() == self._thread:
            self._queue.put_nowait((item,))
        else:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (item,))

    def end(self, _: object = None) -> None:
        """No chunk comes after those that were put before."""
        self._queue.put_nowait(None)

    async def drained(self) -> None:
        """Wait until the reader has taken everything and asks for more."""
        while not self._queue.empty():
            self._idle.clear()
            await self._idle.wait()

    async def chunks(self) -> AsyncGenerator[Any, None]:
        """Yield chunks until the end."""
        while True:
            if self._queue.empty():
                self._idle.set()
            item = await self._queue.get()
            if item is None:
                return
            yield item[0]
