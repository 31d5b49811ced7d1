"""The Web API answers and refuses as Slack does, to Slack's own client."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Sandbox
from tests.unit.sandbox.slack_clients import client_of, code, refusal

MANIFEST: dict[str, Any] = {
    "features": {
        "bot_user": {"display_name": "Andon"},
        "slash_commands": [{"command": "/agent", "description": "Agents", "should_escape": True}],
        "shortcuts": [{"name": "Ask", "type": "message", "callback_id": "ask"}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "im:history"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


async def test_auth_test_introduces_the_bot(client: AsyncWebClient, sandbox: Sandbox) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0ANDON", "B0ANDON", "T0ANDON")
    assert answer["url"] == f"{sandbox.url}/"


async def test_a_posted_message_is_seen_with_ids_for_its_blocks(client: AsyncWebClient, sandbox: Sandbox) -> None:
    posted = await client.chat_postMessage(channel="C0REFUNDS", text="hi", blocks=[SECTION])
    (message,) = sandbox.messages("refunds")
    assert (message["ts"], message["bot_id"], message["text"]) == (posted["ts"], "B0ANDON", "hi")
    assert message["blocks"][0]["block_id"]
    assert "block_id" not in sandbox.calls[-1].args["blocks"][0]


async def test_tokens_are_told_apart(sandbox: Sandbox) -> None:
    assert await code(client_of(sandbox, "xoxb-stranger").auth_test()) == "invalid_auth"
    assert await code(client_of(sandbox, sandbox.app_token).auth_test()) == "not_allowed_token_type"
    assert await code(AsyncWebClient(base_url=sandbox.api_url, token="").auth_test()) == "not_authed"
    assert (await client_of(sandbox).apps_connections_open(app_token=sandbox.app_token))["url"].startswith("ws://")
    assert await code(client_of(sandbox).apps_connections_open(app_token=sandbox.bot_token)) == "not_allowed_token_type"
    sandbox.revoke_tokens()
    assert await code(client_of(sandbox).auth_test()) == "token_revoked"


async def test_an_unknown_method_is_refused(client: AsyncWebClient) -> None:
    assert await code(client.api_call("chat.shout")) == "unknown_method"


async def test_a_method_without_its_scope_is_refused_with_what_it_needs() -> None:
    async with Sandbox(manifest=MANIFEST) as sandbox:
        client = client_of(sandbox)
        answer = await refusal(client.users_info(user="U0ANA"))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")
        assert answer["provided"] == "chat:write,im:history"
        assert await code(client.conversations_history(channel="C0REFUNDS")) == "missing_scope"
        assert (await client.conversations_history(channel="D0ANA"))["messages"] == []
        assert (await client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [SECTION]}))["ok"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0REFUNDS"}, "no_text"),
        ({"channel": "C0REFUNDS", "text": ""}, "no_text"),
        ({"channel": "C0REFUNDS", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0REFUNDS", "text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"channel": "C0REFUNDS", "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": "C0REFUNDS", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C0REFUNDS", "text": "x", "metadata": {"event_type": "e"}}, "invalid_metadata_schema"),
        (
            {"channel": "C0REFUNDS", "text": "x", "metadata": {"event_type": "e", "event_payload": {"a": "x" * 9000}}},
            "metadata_too_large",
        ),
        ({"channel": "C0REFUNDS", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": "C0REFUNDS", "text": "x", "tread_ts": "1.000001"}, "invalid_arguments"),
        ({"channel": "C0REFUNDS", "text": 7}, "invalid_arguments"),
        ({"text": "x"}, "invalid_arguments"),
    ],
)
async def test_a_message_slack_refuses(
    client: AsyncWebClient, sandbox: Sandbox, arguments: dict[str, Any], error: str
) -> None:
    assert await code(client.api_call("chat.postMessage", json=arguments)) == error
    assert sandbox.messages("refunds") == []


async def test_a_refused_block_comes_with_a_json_pointer(client: AsyncWebClient) -> None:
    block = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    answer = await refusal(client.chat_postMessage(channel="C0REFUNDS", text="x", blocks=[block]))
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_an_unknown_argument_is_named(client: AsyncWebClient) -> None:
    answer = await refusal(client.api_call("chat.postMessage", json={"channel": "C0REFUNDS", "txt": "x"}))
    assert answer["response_metadata"]["messages"] == ["[ERROR] unknown argument: txt"]


async def test_form_encoded_calls_carry_json_in_text(client: AsyncWebClient, sandbox: Sandbox) -> None:
    data = {"channel": "C0REFUNDS", "text": "hi", "blocks": json.dumps([SECTION]), "unfurl_links": "false"}
    await client.api_call("chat.postMessage", data=data)
    assert sandbox.messages("refunds")[0]["blocks"][0]["type"] == "section"


async def test_a_reply_counts_on_its_root_and_a_reply_to_a_reply_is_refused(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    root = await client.chat_postMessage(channel="C0REFUNDS", text="root")
    reply = await client.chat_postMessage(channel="C0REFUNDS", text="one", thread_ts=root["ts"])
    first = sandbox.thread("refunds", root["ts"])[0]
    assert (first["reply_count"], first["latest_reply"]) == (1, reply["ts"])
    too_deep = client.chat_postMessage(channel="C0REFUNDS", text="two", thread_ts=reply["ts"])
    assert await code(too_deep) == "cannot_reply_to_message"
    await client.chat_delete(channel="C0REFUNDS", ts=reply["ts"])
    assert sandbox.thread("refunds", root["ts"])[0]["reply_count"] == 0


async def test_a_bot_outside_a_channel_cannot_post_there(client: AsyncWebClient, sandbox: Sandbox) -> None:
    sandbox.leave("bot", "deploys")
    async with Sandbox(manifest=MANIFEST) as strict:
        strict.leave("bot", "deploys")
        assert await code(client_of(strict).chat_postMessage(channel="C0DEPLOYS", text="x")) == "not_in_channel"
    assert await code(client.conversations_history(channel="C0DEPLOYS")) == "not_in_channel"
    sandbox.join("bot", "deploys")
    assert (await client.conversations_history(channel="C0DEPLOYS"))["messages"] == []


async def test_update_replaces_text_and_blocks_as_slack_does(client: AsyncWebClient, sandbox: Sandbox) -> None:
    metadata = {"event_type": "run", "event_payload": {"id": "1"}}
    posted = await client.chat_postMessage(channel="C0REFUNDS", text="a", blocks=[SECTION], metadata=metadata)
    here = {"channel": "C0REFUNDS", "ts": posted["ts"]}
    await client.chat_update(**here, text="b", blocks=[SECTION])
    assert "edited" not in sandbox.messages("refunds")[0]
    await client.chat_update(**here, text="c")
    (message,) = sandbox.messages("refunds")
    assert (message["text"], "blocks" in message, message["metadata"]) == ("c", False, metadata)
    assert message["edited"]["user"] == "U0ANDON"
    await client.chat_update(**here, text="c", metadata={})
    assert "metadata" not in sandbox.messages("refunds")[0]
    assert await code(client.api_call("chat.update", json=here)) == "no_text"
    assert await code(client.chat_update(**here, text="x" * 4_001)) == "msg_too_long"


async def test_only_the_bots_own_messages_can_be_changed(client: AsyncWebClient, sandbox: Sandbox) -> None:
    message = await sandbox.person("ana").say("mine", channel="refunds")
    here = {"channel": "C0REFUNDS", "ts": message["ts"]}
    assert await code(client.chat_update(**here, text="yours")) == "cant_update_message"
    assert await code(client.chat_delete(**here)) == "cant_delete_message"
    assert await code(client.chat_update(channel="C0REFUNDS", ts="1.000001", text="x")) == "message_not_found"
    assert await code(client.chat_update(channel="C0GENERAL", ts=message["ts"], text="x")) == "message_not_found"


async def test_a_person_is_written_to_in_their_direct_message(client: AsyncWebClient, sandbox: Sandbox) -> None:
    opened = await client.conversations_open(users="U0BEN")
    posted = await client.chat_postMessage(channel="U0BEN", text="hello ben")
    assert opened["channel"]["id"] == posted["channel"] == "D0BEN"
    assert await code(client.chat_update(channel="U0BEN", ts=posted["ts"], text="x")) == "channel_not_found"
    assert await code(client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert sandbox.messages("@ben")[0]["text"] == "hello ben"


async def test_an_ephemeral_message_needs_its_reader_in_the_channel(client: AsyncWebClient, sandbox: Sandbox) -> None:
    await client.chat_postEphemeral(channel="C0REFUNDS", user="U0ANA", text="psst")
    assert [one["text"] for one in sandbox.person("ana").ephemerals("refunds")] == ["psst"]
    assert sandbox.person("ben").ephemerals() == []
    assert sandbox.messages("refunds") == []
    refused = client.chat_postEphemeral(channel="C0REFUNDS", user="U0EVE", text="psst")
    assert await code(refused) == "user_not_in_channel"


async def test_history_is_newest_first_paged_and_without_replies(client: AsyncWebClient) -> None:
    posted = [(await client.chat_postMessage(channel="C0REFUNDS", text=str(n)))["ts"] for n in range(3)]
    await client.chat_postMessage(channel="C0REFUNDS", text="reply", thread_ts=posted[0])
    page = await client.conversations_history(channel="C0REFUNDS", limit=2)
    assert [message["text"] for message in page["messages"]] == ["2", "1"]
    assert page["has_more"]
    cursor = page["response_metadata"]["next_cursor"]
    rest = await client.conversations_history(channel="C0REFUNDS", limit=2, cursor=cursor)
    assert [message["text"] for message in rest["messages"]] == ["0"]
    since = await client.conversations_history(channel="C0REFUNDS", oldest=posted[1])
    assert [message["ts"] for message in since["messages"]] == [posted[2]]
    assert await code(client.conversations_history(channel="C0REFUNDS", oldest="yesterday")) == "invalid_ts_oldest"
    inclusive = await client.conversations_history(channel="C0REFUNDS", oldest=posted[1], inclusive=True)
    assert len(inclusive["messages"]) == 2


async def test_metadata_is_read_back_only_on_request(client: AsyncWebClient) -> None:
    metadata = {"event_type": "run", "event_payload": {"id": "1"}}
    root = await client.chat_postMessage(channel="C0REFUNDS", text="x", metadata=metadata)
    asked = await client.conversations_replies(channel="C0REFUNDS", ts=root["ts"], include_all_metadata=True)
    plain = await client.conversations_replies(channel="C0REFUNDS", ts=root["ts"])
    assert asked["messages"][0]["metadata"] == metadata
    assert "metadata" not in plain["messages"][0]
    assert await code(client.conversations_replies(channel="C0REFUNDS", ts="1.000001")) == "thread_not_found"


async def test_people_groups_and_channels_can_be_looked_up(client: AsyncWebClient) -> None:
    assert (await client.users_info(user="U0DAN"))["user"]["is_restricted"] is True
    assert (await client.users_info(user="U0EVE"))["user"]["team_id"] == "T0OTHER"
    assert "locale" not in (await client.users_info(user="U0ANA"))["user"]
    assert (await client.users_info(user="U0ANA", include_locale=True))["user"]["locale"] == "en-US"
    assert await code(client.users_info(user="U0NOBODY")) == "user_not_found"
    assert len((await client.users_list())["members"]) == 6
    assert (await client.usergroups_list(include_users=True))["usergroups"][0]["users"] == ["U0BEN", "U0CARLA"]
    assert (await client.usergroups_users_list(usergroup="S0OPS"))["users"] == ["U0CARLA"]
    assert await code(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    assert (await client.conversations_info(channel="C0SHARED"))["channel"]["is_ext_shared"] is True
    assert "U0EVE" in (await client.conversations_members(channel="C0SHARED"))["members"]
    assert (await client.bots_info(bot="B0ANDON"))["bot"]["name"] == "Andon"


async def test_a_reaction_is_given_once(client: AsyncWebClient, sandbox: Sandbox) -> None:
    message = await sandbox.person("ana").say("hi", channel="refunds")
    here = {"channel": "C0REFUNDS", "timestamp": message["ts"], "name": "eyes"}
    await client.reactions_add(**here)
    assert await code(client.reactions_add(**here)) == "already_reacted"
    await sandbox.person("ben").react(message, "eyes")
    reactions = (await client.reactions_get(channel="C0REFUNDS", timestamp=message["ts"]))["message"]["reactions"]
    assert reactions == [{"name": "eyes", "users": ["U0ANDON", "U0BEN"], "count": 2}]
    await client.reactions_remove(**here)
    assert await code(client.reactions_remove(**here)) == "no_reaction"


async def test_a_permalink_points_into_the_thread(client: AsyncWebClient) -> None:
    root = await client.chat_postMessage(channel="C0REFUNDS", text="root")
    reply = await client.chat_postMessage(channel="C0REFUNDS", text="reply", thread_ts=root["ts"])
    link = (await client.chat_getPermalink(channel="C0REFUNDS", message_ts=reply["ts"]))["permalink"]
    assert link.endswith(f"?thread_ts={root['ts']}&cid=C0REFUNDS")


async def test_an_uploaded_file_is_shared_and_served(client: AsyncWebClient, sandbox: Sandbox) -> None:
    await client.files_upload_v2(channel="C0REFUNDS", content="line\n" * 3, filename="long.txt", title="All of it")
    (message,) = sandbox.messages("refunds")
    (file,) = message["files"]
    assert (file["title"], file["size"], file["mimetype"]) == ("All of it", 15, "text/plain")
    async with aiohttp.ClientSession() as session, session.get(file["url_private"]) as response:
        assert await response.text() == "line\n" * 3
    assert await code(client.files_completeUploadExternal(files=[{"id": "F0", "title": "x"}])) == "file_not_found"


@pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, body: str, error: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sandbox.bot_token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.api_url}auth.test", data=body, headers=headers) as response,
    ):
        assert (await response.json())["error"] == error


async def test_ts_rise_even_when_the_clock_stands_still() -> None:
    async with Sandbox(now=lambda: 1_800_000_000.0) as sandbox:
        client = client_of(sandbox)
        posted = [(await client.chat_postMessage(channel="C0REFUNDS", text="x"))["ts"] for _ in range(3)]
        assert posted == sorted(set(posted))


async def test_a_channel_may_be_named_and_a_reply_broadcast(client: AsyncWebClient, sandbox: Sandbox) -> None:
    root = await client.chat_postMessage(channel="#refunds", text="root")
    await client.chat_postMessage(channel="C0REFUNDS", text="all", thread_ts=root["ts"], reply_broadcast=True)
    history = await client.conversations_history(channel="C0REFUNDS")
    assert [(one["text"], one.get("subtype")) for one in history["messages"]] == [
        ("all", "thread_broadcast"),
        ("root", None),
    ]
    assert await code(client.chat_postMessage(channel="#ana", text="x")) == "channel_not_found"


async def test_api_test_needs_no_token_and_returns_what_it_got(sandbox: Sandbox) -> None:
    client = AsyncWebClient(base_url=sandbox.api_url)
    assert (await client.api_test(foo="bar"))["args"] == {"foo": "bar"}
    assert await code(client.api_test(error="my_error")) == "my_error"
