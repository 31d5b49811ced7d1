"""Puts the sandbox together and serves it: a small Slack on localhost."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from bot.sandbox import cast
from bot.sandbox.app_profile import AppProfile
from bot.sandbox.capabilities import ResponseUrls, Triggers
from bot.sandbox.changes import Changes
from bot.sandbox.courier import Courier
from bot.sandbox.driver import Person, channel_id
from bot.sandbox.event_feed import EventFeed
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.interactions import Interactions
from bot.sandbox.modals import Modals
from bot.sandbox.page_api import PageApi, ProcessControl
from bot.sandbox.persistence import Documents
from bot.sandbox.site import Site
from bot.sandbox.traffic import Call, Delivery, Traffic
from bot.sandbox.transcript import transcript
from bot.sandbox.transports import SignedHttp, SocketHub, sign
from bot.sandbox.views import Views
from bot.sandbox.web_api import Tokens, WebApi
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
T = TypeVar("T")

_NOT_YET = (StopIteration, LookupError, AssertionError)
_MAX_BODY = 16 * 1024 * 1024


class Sandbox:
    """An async context manager: inside it the workspace is reachable at `url`, the Web API at `api_url`.

    `manifest` is a parsed app manifest (None: everything is allowed). With `data_dir` the workspace and the tokens
    survive a restart. `request_url` None means Socket Mode, else deliveries are posted there, signed.
    `now` is the clock for ts, triggers and deadlines of response urls, in seconds since the epoch.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        manifest: Mapping[str, Any] | None = None,
        data_dir: Path | None = None,
        request_url: str | None = None,
        ack_seconds: float = 3.0,
        trigger_seconds: float = 3.0,
        event_retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0),
        process_control: ProcessControl | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host, self._port = host, port
        self._documents = Documents(data_dir)
        self._now = now
        self.bot_token = self._secret("bot_token", "xoxb-sandbox-")
        self.app_token = self._secret("app_token", "xapp-1-sandbox-")
        self.signing_secret = self._secret("signing_secret", "")

        profile = AppProfile.from_manifest(manifest)
        changes = Changes()
        self._site = Site(
            workspace=Workspace(self._documents, changes, now, profile.name),
            views=Views(self._documents, changes, now),
            triggers=Triggers(now, trigger_seconds),
            responses=ResponseUrls(self._documents, now),
            profile=profile,
            documents=self._documents,
            changes=changes,
            now=now,
        )
        self._traffic = Traffic(changes)
        self._faults = Faults()
        self._hub = SocketHub(self._connections_changed)
        self._http = SignedHttp(request_url, self.signing_secret, now) if request_url else None
        self._courier = Courier(
            self._http or self._hub,
            faults=self._faults,
            traffic=self._traffic,
            now=now,
            ack_seconds=ack_seconds,
            retry_delays=event_retry_delays,
        )
        self._feed = EventFeed(self._site.workspace, profile, self._courier, now)
        changes.subscribe(self._feed.on_change)
        interactions = Interactions(self._site, self._courier, self._feed)
        modals = Modals(self._site, self._courier)
        self._tokens = Tokens(bot=self.bot_token, app=self.app_token)
        self._web_api = WebApi(
            self._site,
            tokens=self._tokens,
            socket_url=self._socket_url,
            faults=self._faults,
            traffic=self._traffic,
        )
        self._page = PageApi(
            self._site,
            interactions,
            modals,
            faults=self._faults,
            traffic=self._traffic,
            connected=lambda: self._hub.connected if self._http is None else 1,
            process=process_control,
        )
        self._people = {member.name: Person(member, self._site, interactions, modals) for member in cast.PEOPLE}
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    # --- serving -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._site.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._courier.close()
        await self._hub.close()
        await self._page.close()
        await self._runner.cleanup()
        self._documents.close()

    @property
    def url(self) -> str:
        return self._site.url

    @property
    def api_url(self) -> str:
        """The base URL for a Slack client."""
        return f"{self.url}/api/"

    # --- people and what they see --------------------------------------------------------------------------

    def person(self, name: str) -> Person:
        """ana, ben, carla, dan (a guest) or eve (of another team, in #shared only)."""
        return self._people[name]

    def join(self, name: str, channel: str) -> None:
        """Put a person, or `bot`, into a channel."""
        self._site.workspace.join(self._user_id(name), channel_id(self._site, channel))

    def leave(self, name: str, channel: str) -> None:
        self._site.workspace.leave(self._user_id(name), channel_id(self._site, channel))

    def account(self, name: str, **given: bool | str) -> None:
        """Change somebody's account: `deleted`, `is_restricted`, `is_ultra_restricted`, `is_stranger`, `is_bot`,
        `locale`.
        """
        changed: dict[str, Any] = dict(given)
        workspace = self._site.workspace
        workspace.change_member(dataclasses.replace(workspace.member(self._user_id(name)), **changed))

    def user_group(self, group: str, *names: str) -> None:
        """Say who is in a user group, by its id."""
        self._site.workspace.set_group(group, tuple(self._user_id(name) for name in names))

    def messages(self, channel: str) -> list[Json]:
        """What everybody in a channel sees, oldest first, thread replies included."""
        return self._site.workspace.messages(channel_id(self._site, channel))

    def thread(self, channel: str, root_ts: str) -> list[Json]:
        return self._site.workspace.thread(channel_id(self._site, channel), root_ts)

    async def until(self, condition: Callable[[], T | None], timeout: float = 5.0) -> T:  # noqa: ASYNC109  it fails with a transcript
        """Wait until `condition` returns something true, looking again at every change of the workspace.

        StopIteration, LookupError and AssertionError count as "not yet". AssertionError with a transcript of the
        workspace after `timeout` seconds.
        """
        reason: BaseException | None = None
        try:
            async with asyncio.timeout(timeout):
                while True:
                    try:
                        result = condition()
                    except _NOT_YET as error:
                        reason = error
                    else:
                        if result:
                            return result
                    await self._site.changes.next()
        except TimeoutError:
            told = transcript(self._site, self._traffic)
            raise AssertionError(f"not within {timeout} s ({reason!r})\n{told}") from None

    # --- the bot's side ------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """The Web API calls received, oldest first."""
        return list(self._traffic.calls)

    @property
    def deliveries(self) -> list[Delivery]:
        """What was sent to the bot, with its answers, oldest first."""
        return list(self._traffic.deliveries)

    @property
    def connections(self) -> int:
        """How many Socket Mode connections there are."""
        return self._hub.connected

    async def connected(self, n: int = 1) -> None:
        """Wait until n bots hold a Socket Mode connection."""
        await self.until(lambda: self._hub.connected >= n)

    async def refresh_connections(self) -> None:
        """Ask the connected bots to reconnect, as Slack does now and then."""
        await self._hub.disconnect()

    async def lose_connections(self) -> None:
        """Close every Socket Mode connection, as a network that goes down does."""
        await self._hub.close()

    def inject(self, fault: Fault) -> None:
        self._faults.inject(fault)

    def heal(self) -> None:
        """Take back the faults that are still to come."""
        self._faults.heal()

    def revoke_tokens(self) -> None:
        """The app is uninstalled: every further call is refused as token_revoked."""
        self._tokens.revoked = True
        self._feed.tokens_revoked()

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The headers that make `body` a request from Slack."""
        return sign(self.signing_secret, body, int(self._now()) if timestamp is None else timestamp)

    async def deliver_raw(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Post exactly these bytes to the request URL. Returns (status, text). HTTP mode only."""
        if self._http is None:
            raise RuntimeError("deliver_raw needs Sandbox(request_url=...): in Socket Mode there is no URL to post to")
        status, text, _ = await self._http.post(dict(headers), body, seconds=10.0)
        return status, text

    # --- inside --------------------------------------------------------------------------------------------

    def _user_id(self, name: str) -> str:
        return cast.BOT_USER_ID if name == "bot" else self._people[name].id

    def _connections_changed(self) -> None:
        self._page.bot_changed()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MAX_BODY)
        application.add_routes([*self._web_api.routes(), *self._page.routes(), web.get("/link", self._hub.link)])
        return application

    def _socket_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/link?ticket={self._hub.ticket()}"

    def _secret(self, name: str, prefix: str) -> str:
        """A credential, made once and kept with the workspace."""
        kept = self._documents.all("secret").get(name)
        if kept is None:
            kept = prefix + secrets.token_hex(16)
            self._documents.put("secret", name, kept)
        return str(kept)
