"""The way of chunks from a run to the reader of its stream."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import Any

from runtime.graph.options import Options
from runtime.types import INTERRUPT


class Reader:
    """One reader of one stream. The run may `put` from any thread; everything else happens on the reader's loop."""

    def __init__(self, options: Options) -> None:
        self._alone = isinstance(options.get("stream_mode") or "updates", str)
        self._subgraphs = options.get("subgraphs", False)
        self._labelled = options.get("version") == "v2"
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._idle = asyncio.Event()

    def put(self, ns: str, mode: str, chunk: Any) -> None:
        """Hand over one chunk, in the shape the reader asked for."""
        if ns and not self._subgraphs:
            return
        path = tuple(ns.split("|")) if ns else ()
        if self._labelled:
            self._queue_up(_labelled(path, mode, chunk))
            return
        item = (*((path,) if self._subgraphs else ()), *(() if self._alone else (mode,)), chunk)
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


def _labelled(path: tuple[str, ...], mode: str, chunk: Any) -> dict[str, Any]:
    part = {"type": mode, "ns": path, "data": chunk}
    if mode != "values":
        return part
    data = {key: value for key, value in chunk.items() if key != INTERRUPT}
    return part | {"data": data, "interrupts": chunk.get(INTERRUPT, ())}
