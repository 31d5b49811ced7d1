"""The database goes away for a while: a proxy that cuts MongoDB's connections, a lock on SQLite's file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from urllib.parse import urlsplit

Outage = Callable[[], AbstractAsyncContextManager[None]]
"""While it is entered, the database is away."""


@asynccontextmanager
async def locked(path: str) -> AsyncIterator[None]:
    """Keep everybody else out of an SQLite file."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    try:
        await asyncio.to_thread(connection.execute, "BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


class Proxy:
    """A way to a TCP server that can be closed: connections are cut, and new ones are cut as well."""

    def __init__(self, address: str) -> None:
        self._to = urlsplit(address)
        self._passes = True
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Give the address by which the server is reached through here."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield self._to._replace(netloc=f"{host}:{port}").geturl()
        finally:
            server.close()
            self._cut()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Let nobody through."""
        self._passes = False
        self._cut()
        try:
            yield
        finally:
            self._passes = True

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._passes:
            writer.transport.abort()
            return
        onwards, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(_pass_on(reader, back), _pass_on(onwards, writer))
        finally:
            self._writers -= {writer, back}


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
