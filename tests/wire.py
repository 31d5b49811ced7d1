"""A TCP proxy that loses what is said through it, once, where a test asks for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(slots=True)
class Wire:
    """Between a client and the server at `uri`; `loses` is armed by a test and disarmed by what it hits."""

    uri: str
    """The address to connect to, through the proxy."""
    loses: str = ""
    """`request` or `reply`: of the next command that has `about` in it; its connection breaks."""
    about: bytes = b""
    stays_broken: bool = False
    """Whether everything after that is lost too."""
    lost: int = 0
    """How often something was lost."""

    def lose(self, what: str, about: bytes) -> None:
        """Lose the next `request` that has these bytes in it, or the `reply` to it."""
        self.loses, self.about = what, about

    def hits(self, command: bytes) -> bool:
        """Whether this is the one, and if so never again."""
        if self.lost and self.stays_broken:
            return True
        if not self.loses or self.about not in command:
            return False
        self.lost += 1
        return True


@asynccontextmanager
async def wire_to(uri: str) -> AsyncIterator[Wire]:
    """Open a proxy to a MongoDB at 127.0.0.1 or wherever `uri` says."""
    parts = urlsplit(uri)
    wire = Wire("")
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(parts.hostname, parts.port or 27017)
        try:
            while await _exchange(wire, reader, writer, server_reader, server_writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for end in (writer, server_writer):
                end.close()
                with suppress(ConnectionError):
                    await end.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.uri = parts._replace(netloc=f"127.0.0.1:{port}").geturl()
    async with server:
        yield wire
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _exchange(
    wire: Wire,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    server_reader: asyncio.StreamReader,
    server_writer: asyncio.StreamWriter,
) -> bool:
    """One command and its reply; whether the connection still stands."""
    command = await _message(reader)
    hit = wire.hits(command)
    what, wire.loses = (wire.loses, "") if hit else ("", wire.loses)
    if hit and what != "reply":
        return False
    server_writer.write(command)
    await server_writer.drain()
    reply = await _message(server_reader)
    if hit:
        return False
    writer.write(reply)
    await writer.drain()
    return True


async def _message(reader: asyncio.StreamReader) -> bytes:
    """MongoDB's messages begin with their length."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "little") - 4)
