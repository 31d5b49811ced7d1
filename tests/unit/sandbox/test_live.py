"""Streams and statuses: what an app may show while it works, as strictly as Slack takes it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Sandbox
from tests.unit.sandbox.slack_clients import code

Json = dict[str, Any]

WHO: Json = {"recipient_user_id": "U0ANA", "recipient_team_id": "T0ANDON"}


@pytest.fixture
async def thread(client: AsyncWebClient) -> Json:
    root = await client.chat_postMessage(channel="C0REFUNDS", text="root")
    return {"channel": "C0REFUNDS", "thread_ts": root["ts"]}


@pytest.fixture
async def stream(client: AsyncWebClient, thread: Json) -> Json:
    started = await client.chat_startStream(**thread, **WHO, task_display_mode="plan")
    return {"channel": "C0REFUNDS", "ts": started["ts"]}


def shown(sandbox: Sandbox, stream: Json) -> list[Json]:
    message = next(one for one in sandbox.messages("C0REFUNDS") if one["ts"] == stream["ts"])
    return list(message["blocks"])


async def test_text_is_appended_and_stays_when_the_stream_stops(
    client: AsyncWebClient, sandbox: Sandbox, stream: Json
) -> None:
    for text in ("one ", "two"):
        await client.chat_appendStream(**stream, markdown_text=text)
    await client.chat_stopStream(**stream)
    assert [block["text"] for block in shown(sandbox, stream)] == ["one two"]


async def test_tasks_are_one_plan_and_change_in_place(client: AsyncWebClient, sandbox: Sandbox, stream: Json) -> None:
    for state in ("in_progress", "complete"):
        chunk = {"type": "task_update", "id": "look", "title": "Look up", "status": state}
        await client.chat_appendStream(**stream, chunks=[{"type": "plan_update", "title": "Refund"}, chunk])
    (plan,) = shown(sandbox, stream)
    assert plan["title"] == "Refund"
    assert [(task["title"], task["status"]) for task in plan["tasks"]] == [("Look up", "complete")]


async def test_a_stream_cannot_be_updated_until_it_has_stopped(client: AsyncWebClient, stream: Json) -> None:
    assert await code(client.chat_update(**stream, text="x")) == "streaming_state_conflict"
    await client.chat_stopStream(**stream)
    await client.chat_update(**stream, text="x")
    for late in (client.chat_appendStream(**stream, markdown_text="y"), client.chat_stopStream(**stream)):
        assert await code(late) == "message_not_in_streaming_state"


async def test_the_end_of_a_stream_brings_blocks_and_metadata(
    client: AsyncWebClient, sandbox: Sandbox, stream: Json
) -> None:
    metadata = {"event_type": "done", "event_payload": {"key": "1"}}
    await client.chat_stopStream(**stream, blocks=[{"type": "divider"}], metadata=metadata)
    assert [block["type"] for block in shown(sandbox, stream)] == ["divider"]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({}, "missing_recipient_user_id"),
        ({"recipient_user_id": "U0ANA"}, "missing_recipient_team_id"),
        (WHO | {"task_display_mode": "list"}, "invalid_arguments"),
        (WHO | {"chunks": [{"type": "task_update", "id": "a", "title": "A", "status": "maybe"}]}, "invalid_chunks"),
        (WHO | {"chunks": "soon"}, "invalid_chunks"),
        (WHO | {"markdown_text": "x" * 12_001}, "msg_too_long"),
    ],
)
async def test_a_stream_slack_does_not_start(client: AsyncWebClient, thread: Json, more: Json, error: str) -> None:
    assert await code(client.chat_startStream(**thread, **more)) == error


async def test_a_stream_is_a_reply(client: AsyncWebClient) -> None:
    arguments = {"channel": "C0REFUNDS", **WHO}
    assert await code(client.api_call("chat.startStream", json=arguments)) == "invalid_arguments"


async def test_a_status_needs_a_thread(client: AsyncWebClient, thread: Json) -> None:
    here = {"channel_id": thread["channel"], "thread_ts": thread["thread_ts"]}
    await client.assistant_threads_setStatus(**here, status="is thinking …")
    nowhere = {**here, "thread_ts": "1.000001"}
    assert await code(client.assistant_threads_setStatus(**nowhere, status="is thinking …")) == "thread_not_found"
    too_many = ["…"] * 11
    refused = client.assistant_threads_setStatus(**here, status="x", loading_messages=too_many)
    assert await code(refused) == "invalid_arguments"
