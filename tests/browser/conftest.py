"""A browser on a fresh sandbox with a small Bolt app in it.

Without Chromium these tests are skipped and say so; with `ANDON_REQUIRE_BROWSER=1` they fail instead, so that CI
cannot pass by not looking.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bot.sandbox import Sandbox
from tests.browser.desk import desk_app

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_TIMEOUT = 10_000  # milliseconds, for whatever a test waits for


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("ANDON_REQUIRE_BROWSER") == "1":
        pytest.fail(f"ANDON_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        _unavailable(f"there is no Chromium: install one of {', '.join(_NAMES)}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def desk(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The Bolt app, connected."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)  # slack_sdk would send localhost through it
    handler = AsyncSocketModeHandler(desk_app(sandbox.bot_token, sandbox.api_url), sandbox.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    await sandbox.connected()
    yield
    await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


@pytest.fixture
async def page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    """The workspace as somebody sees it who opens it for the first time. A script error fails the test."""
    expect.set_options(timeout=_TIMEOUT)
    page = await browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(_TIMEOUT)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(sandbox.url)
    yield page
    assert not errors
