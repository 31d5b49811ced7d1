"""What an app can say through a response_url, how often and how long."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Sandbox

Json = dict[str, Any]

BUTTON = {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "Approve"}}
CARD = [{"type": "actions", "elements": [BUTTON]}]


async def post(url: str, **body: Any) -> Json:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        answer: Json = await response.json()
        return answer


async def url_of_command(sandbox: Sandbox) -> str:
    await sandbox.person("ana").command("/agent", channel="refunds")
    return str(sandbox.deliveries[-1].payload["response_url"])


async def url_of_press(sandbox: Sandbox, message: Json) -> str:
    await sandbox.person("ana").press(message, "Approve")
    return str(sandbox.deliveries[-1].payload["response_url"])


async def test_an_answer_is_ephemeral_unless_it_says_otherwise(sandbox: Sandbox) -> None:
    url = await url_of_command(sandbox)
    assert await post(url, text="for you") == {"ok": True}
    await post(url, text="for all", response_type="in_channel")
    assert sandbox.person("ana").ephemerals("refunds")[-1]["text"] == "for you"
    assert [(message["text"], message["bot_id"]) for message in sandbox.messages("refunds")] == [("for all", "B0ANDON")]


async def test_an_answer_can_go_into_a_thread(client: AsyncWebClient, sandbox: Sandbox) -> None:
    root = await client.chat_postMessage(channel="C0REFUNDS", text="root")
    url = await url_of_command(sandbox)
    await post(url, text="reply", response_type="in_channel", replace_original=False, thread_ts=root["ts"])
    assert [message["text"] for message in sandbox.thread("refunds", root["ts"])] == ["root", "reply"]


async def test_a_message_can_be_replaced_and_deleted(client: AsyncWebClient, sandbox: Sandbox) -> None:
    await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
    (message,) = sandbox.messages("refunds")
    url = await url_of_press(sandbox, message)
    await post(url, text="done", replace_original=True)
    (replaced,) = sandbox.messages("refunds")
    assert (replaced["ts"], replaced["text"], "blocks" in replaced) == (message["ts"], "done", False)
    await post(url, delete_original=True)
    assert sandbox.messages("refunds") == []


async def test_an_ephemeral_message_with_buttons_lives_through_its_response_url(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    ana = sandbox.person("ana")
    await client.chat_postEphemeral(channel="C0REFUNDS", user="U0ANA", text="?", blocks=CARD)
    url = await url_of_press(sandbox, ana.ephemerals()[0])
    pressed = sandbox.deliveries[-1].payload
    assert ("message" in pressed, pressed["container"]["is_ephemeral"]) == (False, True)
    await post(url, text="sure?", blocks=CARD, replace_original=True)
    assert [one["text"] for one in ana.ephemerals()] == ["sure?"]
    await post(url, delete_original=True)
    assert ana.ephemerals() == []


async def test_five_uses_and_no_more(sandbox: Sandbox) -> None:
    url = await url_of_command(sandbox)
    answers = [await post(url, text=str(n)) for n in range(6)]
    assert [answer.get("error") for answer in answers] == [None] * 5 + ["used_url"]


async def test_thirty_minutes_and_no_longer() -> None:
    clock = [1_800_000_000.0]
    async with Sandbox(now=lambda: clock[0]) as sandbox:
        url = await url_of_command(sandbox)
        clock[0] += 29 * 60
        assert (await post(url, text="in time"))["ok"]
        clock[0] += 2 * 60
        assert (await post(url, text="too late"))["error"] == "expired_url"
        assert (await post(f"{sandbox.url}/response/invented", text="x"))["error"] == "expired_url"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"text": "x", "txt": "y"}, "invalid_arguments"),
        ({"text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"delete_original": True}, "message_not_found"),
    ],
)
async def test_an_answer_slack_refuses(sandbox: Sandbox, body: Json, error: str) -> None:
    assert (await post(await url_of_command(sandbox), **body))["error"] == error


async def test_response_urls_are_recorded_as_calls(sandbox: Sandbox) -> None:
    await post(await url_of_command(sandbox), text="x")
    assert [(call.method, call.args) for call in sandbox.calls] == [("response_url", {"text": "x"})]
