"""The way of chunks from a run to the reader of its stream."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Any

from runtime.graph.options import Options
from runtime.streams.narrowing import Narrow
from runtime.types import INTERRUPT


class Reader:
    """One reader of one stream. The run may `put` from any thread; everything else happens on the reader's loop."""

    above = ""
    """Namespace of the graph whose stream this is: what is read begins there."""

    def __init__(self, options: Options, shown_ns: Callable[[str], str]) -> None:
        self._alone = isinstance(options.get("stream_mode") or "updates", str)
        self._subgraphs = options.get("subgraphs", False)
        self._shown_ns = shown_ns
        self._labelled = options.get("version") == "v2"
        keys = options.get("output_keys")
        self._narrow = None if keys is None else Narrow(keys)
        self._items: deque[tuple[Any] | None] = deque()
        """In the order in which they were put, by whatever thread; None is the end."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()

    def put(self, ns: str, mode: str, chunk: Any) -> None:
        """Hand over one chunk, in the shape the reader asked for."""
        if ns != self.above and not self._subgraphs:
            return
        path = tuple(self._shown_ns(ns).split("|")[self.above.count("|") + bool(self.above) :]) if ns else ()
        if self._narrow is not None and not path:
            for shown in self._narrow.shown(mode, chunk):
                self._hand_over(path, mode, shown)
            return
        self._hand_over(path, mode, chunk)

    def _hand_over(self, path: tuple[str, ...], mode: str, chunk: Any) -> None:
        if self._labelled:
            self._queue_up(_labelled(path, mode, chunk))
            return
        item = (*((path,) if self._subgraphs else ()), *(() if self._alone else (mode,)), chunk)
        self._queue_up(item[0] if len(item) == 1 else item)

    def _queue_up(self, item: Any) -> None:
        self._items.append((item,))
        if threading.get_ident() == self._thread:
            self._news.set()
        else:
            self._loop.call_soon_threadsafe(self._news.set)

    def end(self, _: object = None) -> None:
        """No chunk comes after those that were put before."""
        self._items.append(None)
        self._news.set()

    async def drained(self) -> None:
        """Wait until the reader has dealt with everything and asks for more."""
        if self._items:
            self._idle.clear()
        await self._idle.wait()

    async def chunks(self) -> AsyncGenerator[Any, None]:
        """Yield chunks until the end."""
        while True:
            while self._items:
                item = self._items.popleft()
                if item is None:
                    return
                yield item[0]
            self._news.clear()
            self._idle.set()
            await self._news.wait()
            self._idle.clear()


def _labelled(path: tuple[str, ...], mode: str, chunk: Any) -> dict[str, Any]:
    part = {"type": mode, "ns": path, "data": chunk}
    if mode != "values":
        return part
    if not isinstance(chunk, dict):
        return part | {"interrupts": ()}
    data = {key: value for key, value in chunk.items() if key != INTERRUPT}
    return part | {"data": data, "interrupts": chunk.get(INTERRUPT, ())}
