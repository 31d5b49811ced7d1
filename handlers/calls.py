"""How Slack is called, and what each failure means: one of three things.

Slack refused (`SlackRefusedError`: asking again changes nothing), Slack is busy (a short while is waited out here, a
long one is `SlackBusyError`), or nobody knows whether it took effect (`SlackUncertainError`: a lost reply, a server
error). A drive that calls stands aside meanwhile.
"""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
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
    """Calls of methods of the Web API. `client` must have no retry handlers of its own.

    `called` hears of every attempt: its method, and `ok`, Slack's error code, or `uncertain`.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        wait: Callable[[float], Any] = asyncio.sleep,
        called: Callable[[str, str], None] = lambda _method, _outcome: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.client = client
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
        how: dict[str, Any] = {"http_verb": "GET", "params": arguments} if read else {"json": arguments}
        try:
            response = await self.client.api_call(method, **how)
        except SlackApiError as error:
            status = error.response.status_code
            if status == 429:
                raise _BusyError(float(error.response.headers.get("Retry-After", 1))) from None
            if status >= 500 or not error.response.get("error"):
                raise SlackUncertainError(f"{method}: HTTP {status}") from None
            raise SlackRefusedError(method, str(error.response["error"])) from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise SlackUncertainError(f"{method}: {type(error).__name__}") from None
        data = response.data
        if not isinstance(data, dict):
            raise SlackUncertainError(f"{method}: not JSON")
        return data


class _BusyError(Exception):
    """Slack said when to come back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
