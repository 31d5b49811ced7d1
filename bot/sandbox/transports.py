"""The two ways to reach the bot: Socket Mode connections, or signed HTTP posts to its request URL.

A transport makes one attempt and reports; deadlines are given to it, retries and faults are the courier's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.sandbox import cast

Json = dict[str, Any]

MAX_CONNECTIONS = 10
TIMEOUT = "http_timeout"
NOT_REACHED = "connection_failed"
BAD_ANSWER = "http_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One attempt to deliver something. `reason` says why the attempt before failed; attempt 0 has none."""

    kind: str
    name: str
    payload: Json
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`error` is empty if acknowledged, else one of Slack's retry reasons. `no_retry`: the bot asked for that."""

    payload: Any = None
    error: str = ""
    no_retry: bool = False


class Transport(Protocol):
    def reachable(self) -> bool:
        """Whether trying makes sense at all."""

    async def send(self, parcel: Parcel, seconds: float) -> Answer: ...


@dataclass(slots=True, eq=False)
class _Connection:
    socket: web.WebSocketResponse
    pending: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)

    def acknowledge(self, text: str) -> None:
        """An ack without a known envelope_id (late, or invented) is ignored, as in Slack."""
        frame = json.loads(text)
        waiting = self.pending.pop(frame.get("envelope_id", ""), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(Answer(payload=frame.get("payload")))

    def lose(self) -> None:
        for waiting in self.pending.values():
            if not waiting.done():
                waiting.set_result(Answer(error=NOT_REACHED))


class SocketHub:
    """Up to ten Socket Mode connections; each envelope goes to one of them, in turn."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []

    @property
    def connected(self) -> int:
        return len(self._connections)

    def reachable(self) -> bool:
        return bool(self._connections)

    def ticket(self) -> str:
        """Admission for one connection."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """The handler behind the URL that apps.connections.open hands out."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="this ticket is unknown or used; call apps.connections.open again")
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self._connections) >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        await self._serve(_Connection(socket))
        return socket

    async def send(self, parcel: Parcel, seconds: float) -> Answer:
        if not self._connections:
            return Answer(error=NOT_REACHED)
        connection = self._connections.pop(0)
        self._connections.append(connection)
        envelope_id = secrets.token_hex(16)
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        connection.pending[envelope_id] = waiting
        try:
            async with asyncio.timeout(seconds):
                await connection.socket.send_json(_envelope(parcel, envelope_id))
                return await waiting
        except TimeoutError:
            return Answer(error=TIMEOUT)
        except ConnectionError:
            return Answer(error=NOT_REACHED)
        finally:
            connection.pending.pop(envelope_id, None)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every bot to reconnect, as Slack does now and then."""
        for connection in tuple(self._connections):
            await connection.socket.send_json({"type": "disconnect", "reason": reason})

    async def close(self) -> None:
        for connection in tuple(self._connections):
            await connection.socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)

    async def _serve(self, connection: _Connection) -> None:
        await connection.socket.send_json(_hello(self.connected + 1))
        self._connections.append(connection)
        self._changed()
        try:
            async for frame in connection.socket:
                if frame.type == aiohttp.WSMsgType.TEXT:
                    connection.acknowledge(frame.data)
        finally:
            self._connections.remove(connection)
            connection.lose()
            self._changed()


class SignedHttp:
    """Posts to the bot's request URL, signed with the app's signing secret."""

    def __init__(self, request_url: str, signing_secret: str, now: Callable[[], float]) -> None:
        self._url = request_url
        self._secret = signing_secret
        self._now = now

    def reachable(self) -> bool:
        return True

    async def send(self, parcel: Parcel, seconds: float) -> Answer:
        body, content_type = _http_body(parcel)
        headers = {"Content-Type": content_type, **sign(self._secret, body, int(self._now()))}
        if parcel.attempt:
            headers |= {"X-Slack-Retry-Num": str(parcel.attempt), "X-Slack-Retry-Reason": parcel.reason}
        try:
            status, text, no_retry = await self.post(headers, body, seconds)
        except TimeoutError:
            return Answer(error=TIMEOUT)
        except aiohttp.ClientError:
            return Answer(error=NOT_REACHED)
        if status != 200:
            return Answer(error=BAD_ANSWER, no_retry=no_retry)
        return Answer(payload=_read_answer(text))

    async def post(self, headers: Json, body: bytes, seconds: float) -> tuple[int, str, bool]:
        """(status, text, whether x-slack-no-retry was set) for exactly these bytes."""
        limit = aiohttp.ClientTimeout(total=seconds)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return response.status, await response.text(), response.headers.get("X-Slack-No-Retry") == "1"


def sign(secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The headers that prove a request comes from Slack."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}


def _http_body(parcel: Parcel) -> tuple[bytes, str]:
    match parcel.kind:
        case "events_api":
            return json.dumps(parcel.payload).encode(), "application/json"
        case "interactive":
            form = {"payload": json.dumps(parcel.payload)}
        case _:
            form = parcel.payload
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _read_answer(text: str) -> Any:
    """JSON if it is JSON, else a plain text answer."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}


def _envelope(parcel: Parcel, envelope_id: str) -> Json:
    envelope: Json = {
        "envelope_id": envelope_id,
        "payload": parcel.payload,
        "type": parcel.kind,
        "accepts_response_payload": parcel.kind != "events_api",
    }
    if parcel.kind == "events_api":
        envelope |= {"retry_attempt": parcel.attempt, "retry_reason": parcel.reason}
    return envelope


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "andon-sandbox", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": cast.APP_ID},
    }
