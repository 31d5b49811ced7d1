"""Injected faults of the Web API: what takes effect, what the client sees, and for how many calls."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Fault, Sandbox
from tests.unit.sandbox.slack_clients import client_of, refusal

POST: dict[str, Any] = {"channel": "C0REFUNDS", "text": "hi"}


async def test_too_many_requests_says_when_to_come_back(client: AsyncWebClient, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(method="chat.postMessage", kind="429", retry_after=7))
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.bot_token}"}) as session,
        session.post(f"{sandbox.api_url}chat.postMessage", json=POST) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "7")
        assert (await response.json())["error"] == "ratelimited"
    assert sandbox.messages("refunds") == []
    await client.chat_postMessage(**POST)
    assert len(sandbox.messages("refunds")) == 1


async def test_slacks_own_retry_handler_understands_the_flood(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    sandbox.inject(Fault(method="chat.postMessage", kind="429", retry_after=0))
    await client.chat_postMessage(**POST)
    assert [call.response.get("error") for call in sandbox.calls] == ["ratelimited", None]


async def test_a_server_error_has_no_effect(client: AsyncWebClient, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(method="*", kind="500", times=2))
    for _ in range(2):
        assert (await refusal(client.chat_postMessage(**POST)))["error"] == "internal_error"
    assert sandbox.messages("refunds") == []
    assert (await client.chat_postMessage(**POST))["ok"]


async def test_a_lost_reply_has_taken_effect_and_a_dropped_call_has_not(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    sandbox.inject(Fault(method="chat.postMessage", kind="lost_reply"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(**POST)
    assert len(sandbox.messages("refunds")) == 1
    sandbox.inject(Fault(method="chat.postMessage", kind="drop"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(**POST)
    assert len(sandbox.messages("refunds")) == 1


async def test_a_client_that_retries_a_lost_reply_posts_twice(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    client.retry_handlers.append(AsyncConnectionErrorRetryHandler())
    sandbox.inject(Fault(method="chat.postMessage", kind="lost_reply"))
    await client.chat_postMessage(**POST)
    assert len(sandbox.messages("refunds")) == 2


async def test_a_slow_answer_comes_late(client: AsyncWebClient, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(method="chat.postMessage", kind="slow", seconds=0.05))
    started = time.monotonic()
    await client.chat_postMessage(**POST)
    assert time.monotonic() - started >= 0.05


async def test_a_fault_waits_for_its_own_method(client: AsyncWebClient, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(method="chat.update", kind="500"))
    posted = await client.chat_postMessage(**POST)
    assert (await refusal(client.chat_update(channel="C0REFUNDS", ts=posted["ts"], text="x")))["error"]


async def test_a_fault_lets_some_calls_pass_first(client: AsyncWebClient, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(method="chat.postMessage", kind="500", after=2))
    for _ in range(2):
        assert (await client.chat_postMessage(**POST))["ok"]
    assert (await refusal(client.chat_postMessage(**POST)))["error"] == "internal_error"
    assert (await client.chat_postMessage(**POST))["ok"]


@pytest.mark.parametrize(
    "fields",
    [{}, {"method": "chat.update"}, {"method": "x", "kind": "fire"}, {"delivery": "eat"}, {"colour": "red"},
     {"method": "x", "kind": "500", "delivery": "delay"}],
)  # fmt: skip
def test_a_fault_that_means_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fault|kind|delivery"):
        Fault.parse(fields)
