"""Slack's own clients and real Bolt apps, pointed at a sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Sandbox


def client_of(sandbox: Sandbox, token: str | None = None) -> AsyncWebClient:
    """A client without retries, so that a test sees each answer."""
    return AsyncWebClient(token=token or sandbox.bot_token, base_url=sandbox.api_url, timeout=5, retry_handlers=[])


def bolt_app(sandbox: Sandbox) -> AsyncApp:
    return AsyncApp(client=client_of(sandbox), signing_secret=sandbox.signing_secret)


@asynccontextmanager
async def socket_mode(sandbox: Sandbox, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app, connected."""
    handler = AsyncSocketModeHandler(app, sandbox.app_token, ping_interval=5)
    before = sandbox.connections
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    await sandbox.connected(before + 1)
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


@asynccontextmanager
async def http_bot(configure: Callable[[AsyncApp], None], **options: Any) -> AsyncIterator[Sandbox]:
    """A sandbox that delivers by signed HTTP to a Bolt app served by aiohttp."""
    apps: list[AsyncApp] = []

    async def events(request: web.Request) -> web.Response:
        response = await apps[0].async_dispatch(await to_bolt_request(request))
        answer: web.Response = await to_aiohttp_response(response)
        return answer

    application = web.Application()
    application.router.add_post("/slack/events", events)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        async with Sandbox(request_url=url, **options) as sandbox:
            apps.append(bolt_app(sandbox))
            configure(apps[0])
            yield sandbox
    finally:
        await runner.cleanup()


async def refusal(call: Awaitable[Any]) -> Any:
    """The answer of a call that is refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response.data


async def code(call: Awaitable[Any]) -> str:
    """The error code of a call that is refused."""
    return str((await refusal(call))["error"])
