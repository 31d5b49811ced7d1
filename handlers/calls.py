"""How Slack is called, and what each failure means: one of three things.

Slack refused (`SlackRefusedError`: asking again changes nothing), Slack is busy (a short while is waited out here, a
long one is `SlackBusyError`), or nobody knows whether it took effect (`SlackUncertainError`: a lost reply, a server
error). A drive that calls stands aside meanwhile.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from runtime.requests.slots import Aside
from runtime.requests.surface import Guard, SurfaceBusyError, nobody_else

ATTEMPTS: Final = 4
LONGEST_WAIT: Final = 30.0
"""Seconds that a call waits for Slack; where Slack says more, whoever wants it comes back by then."""
RATE_LIMITED: Final = "ratelimited"


class SlackRefusedError(Exception):
    """Slack said no."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(method, code)
        self.method, self.code = method, code

    def __str__(self) -> str:
        return f"{self.method}: {self.code}"


class SlackBusyError(SlackRefusedError, SurfaceBusyError):
    """Slack wants to hear nothing of this kind for so many seconds."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(method, RATE_LIMITED)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"{self.method}: {self.code} for {self.seconds:.0f} s"


class SlackUncertainError(Exception):
    """The call may have taken effect or not."""


class Calls:
    """Calls of methods of the Web API, over the session of `client`, which also knows where Slack is and who we are.

    Not by its own methods: what they do around a call takes as long as the call. `called` hears of every attempt: its
    method, and `ok`, Slack's error code, or `uncertain`.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        wait: Callable[[float], Any] = asyncio.sleep,
        called: Callable[[str, str], None] = lambda _method, _outcome: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        assert client.session is not None  # noqa: S101 - narrows the type; whoever makes the client gives it one
        self.session = client.session
        self.client = client
        self._headers = {"Authorization": f"Bearer {client.token}", "User-Agent": client.headers["User-Agent"]}
        self._headers_of_json = self._headers | {"Content-Type": "application/json; charset=utf-8"}
        self._wait = wait
        self._called = called
        self._now = now
        self._free_at: dict[tuple[str, str], float] = {}
        """When Slack listens again, by method and conversation: others are not kept waiting."""

    async def __call__(
        self, method: str, *, guard: Guard = nobody_else, repeat: bool = True, read: bool = False, **arguments: Any
    ) -> Mapping[str, Any]:
        """Call, and once more where that may help. `guard` has the last word before each attempt.

        `repeat`: also where it may have taken effect. `read`: a method that takes no JSON.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        async with Aside():
            return await self._attempts(method, given, guard, repeat=repeat, read=read)

    async def _attempts(
        self, method: str, given: dict[str, Any], guard: Guard, *, repeat: bool, read: bool
    ) -> Mapping[str, Any]:
        kind = method, str(given.get("channel", ""))
        for attempt in range(1, ATTEMPTS + 1):
            await self._until_free(kind)
            guard()
            try:
                answer = await self._once(method, given, read=read)
            except SlackRefusedError as refusal:
                self._called(method, refusal.code)
                raise
            except _BusyError as busy:
                self._called(method, RATE_LIMITED)
                self._note_busy(kind, busy.seconds)
                if attempt == ATTEMPTS:
                    raise SlackBusyError(method, busy.seconds) from None
            except SlackUncertainError:
                self._called(method, "uncertain")
                if not repeat or attempt == ATTEMPTS:
                    raise
                await self._wait(0.25 * 2**attempt)
            else:
                self._called(method, "ok")
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _note_busy(self, kind: tuple[str, str], seconds: float) -> None:
        now = self._now()
        still = {known: free_at for known, free_at in self._free_at.items() if free_at > now}
        self._free_at = still | {kind: now + seconds}

    async def _until_free(self, kind: tuple[str, str]) -> None:
        """Wait until Slack listens again. Raises `SlackBusyError` where that is too long."""
        seconds = self._free_at.get(kind, 0.0) - self._now()
        if seconds > LONGEST_WAIT:
            raise SlackBusyError(kind[0], seconds)
        if seconds > 0:
            await self._wait(seconds)

    async def _once(self, method: str, arguments: dict[str, Any], *, read: bool) -> Mapping[str, Any]:
        """Call once. Methods that only read take no JSON."""
        client, session = self.client, self.session
        how: dict[str, Any] = {"headers": self._headers_of_json, "json": arguments}
        if read:
            how = {"headers": self._headers, "params": _flat(arguments)}
        try:
            async with session.request(
                "GET" if read else "POST",
                client.base_url + method,
                proxy=client.proxy,
                ssl=client.ssl or True,
                **how,
            ) as answer:
                return _understood(method, answer, await answer.read())
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise SlackUncertainError(f"{method}: {type(error).__name__}") from None


def _flat(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for a URL, which has no booleans."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in arguments.items()}


def _understood(method: str, answer: aiohttp.ClientResponse, body: bytes) -> Mapping[str, Any]:
    """What Slack answered, where that is yes."""
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    told = data if isinstance(data, dict) else {}
    if told.get("ok") and answer.status == HTTPStatus.OK:
        return told
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _BusyError(float(answer.headers.get("Retry-After", 1)))
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or not told.get("error"):
        raise SlackUncertainError(f"{method}: HTTP {answer.status}")
    raise SlackRefusedError(method, str(told["error"]))


class _BusyError(Exception):
    """Slack said when to come back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
