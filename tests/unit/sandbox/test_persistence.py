"""With a data directory the workspace survives a restart, and a killed process."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from bot.sandbox import Sandbox
from bot.sandbox.persistence import Documents
from tests.unit.sandbox.slack_clients import client_of, code

Json = dict[str, Any]

HOME: Json = {"type": "home", "blocks": [{"type": "divider", "block_id": "d"}]}
MODAL: Json = {"type": "modal", "title": {"type": "plain_text", "text": "Edit"}, "blocks": []}


async def test_everything_people_see_is_there_after_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data_dir=tmp_path) as sandbox:
        client, ana = client_of(sandbox), sandbox.person("ana")
        await ana.command("/agent")
        await client.views_open(trigger_id=sandbox.deliveries[-1].payload["trigger_id"], view=MODAL)
        root = await client.chat_postMessage(channel="C0REFUNDS", text="root")
        reply = await ana.say("reply", channel="refunds", thread_ts=root["ts"])
        await ana.react(reply, "eyes")
        deleted = await ana.say("deleted", channel="refunds")
        await ana.delete(deleted)
        await client.chat_postEphemeral(channel="C0REFUNDS", user="U0ANA", text="psst")
        await client.views_publish(user_id="U0ANA", view=HOME)
        sandbox.leave("dan", "refunds")
        before = (sandbox.messages("refunds"), ana.ephemerals(), ana.home, ana.views, sandbox.bot_token)
    async with Sandbox(data_dir=tmp_path) as sandbox:
        ana = sandbox.person("ana")
        assert (sandbox.messages("refunds"), ana.ephemerals(), ana.home, ana.views, sandbox.bot_token) == before
        later = await client_of(sandbox).chat_postMessage(channel="C0REFUNDS", text="later")
        assert later["ts"] > before[0][-1]["ts"]
        to_dan = client_of(sandbox).chat_postEphemeral(channel="C0REFUNDS", user="U0DAN", text="psst")
        assert await code(to_dan) == "user_not_in_channel"


async def test_credentials_differ_between_workspaces_and_stay_within_one(tmp_path: Path) -> None:
    first, again, other = Sandbox(data_dir=tmp_path / "a"), Sandbox(data_dir=tmp_path / "a"), Sandbox()
    assert (first.bot_token, first.app_token, first.signing_secret) == (
        again.bot_token,
        again.app_token,
        again.signing_secret,
    )
    assert first.bot_token != other.bot_token


async def test_a_response_url_keeps_counting_across_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data_dir=tmp_path) as sandbox:
        await sandbox.person("ana").command("/agent")
        url = str(sandbox.deliveries[-1].payload["response_url"])
        assert [await answer(url) for _ in range(3)] == [True] * 3
        port = int(sandbox.url.rsplit(":", 1)[1])
    async with Sandbox(data_dir=tmp_path, port=port):
        assert [await answer(url) for _ in range(3)] == [True, True, False]


async def answer(url: str) -> bool:
    async with aiohttp.ClientSession() as session, session.post(url, json={"text": "x"}) as response:
        return bool((await response.json())["ok"])


async def test_a_killed_process_loses_nothing_it_has_answered(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox", "--port", "0", "--data-dir", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().strip() for _ in range(5)]
    url, token = lines[0], lines[2].removeprefix("SLACK_BOT_TOKEN=")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for number in range(20):
            body = {"channel": "C0REFUNDS", "text": str(number)}
            async with session.post(f"{url}/api/chat.postMessage", json=body) as response:
                assert (await response.json())["ok"]
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    async with Sandbox(data_dir=tmp_path) as sandbox:
        assert sandbox.bot_token == token
        assert [message["text"] for message in sandbox.messages("refunds")] == [str(number) for number in range(20)]


def test_documents_are_put_replaced_deleted_and_listed_in_order(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "deeper")
    documents.put("message", "2", {"n": 2})
    documents.put("message", "1", {"n": 1})
    documents.put("message", "2", {"n": 3})
    documents.put("home", "1", {})
    assert list(documents.all("message").items()) == [("1", {"n": 1}), ("2", {"n": 3})]
    documents.delete("message", "1")
    documents.close()
    assert Documents(tmp_path / "deeper").all("message") == {"2": {"n": 3}}
