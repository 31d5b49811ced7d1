"""What reaches the bot, how, how often, and what people see when it does not answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot.sandbox import Fault, NotPossibleError, Sandbox
from tests.unit.sandbox.slack_clients import bolt_app, client_of, code, http_bot, socket_mode

Json = dict[str, Any]

BUTTON = {"type": "button", "action_id": "ok", "value": "r1", "text": {"type": "plain_text", "text": "Approve"}}
CARD = [{"type": "actions", "block_id": "r1.1", "elements": [BUTTON]}]


def recording(app: AsyncApp) -> list[Json]:
    """Let the app take everything, and note each body with its headers' retry fields."""
    bodies: list[Json] = []

    @app.middleware
    async def note(req: Any, body: Json, next: Any) -> None:  # noqa: A002  Bolt's name
        retry = {key: value[0] for key, value in req.headers.items() if key.startswith("x-slack-retry")}
        bodies.append({**body, **retry})
        await next()

    for event in ("message", "app_mention", "app_home_opened", "reaction_added", "reaction_removed"):

        @app.event(event)
        async def take(body: Json) -> None:
            del body

    @app.action("ok")
    @app.command("/agent")
    @app.shortcut("ask")
    async def ack_it(ack: Any) -> None:
        await ack()

    return bodies


def events(bodies: list[Json]) -> list[Json]:
    return [body["event"] for body in bodies if body["type"] == "event_callback"]


# --- shapes ------------------------------------------------------------------------------------------------


async def test_a_mention_arrives_as_app_mention_and_as_message(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)
    bodies = recording(app)
    async with socket_mode(sandbox, app):
        message = await sandbox.person("ana").say("@andon refund & <now>", channel="refunds")
        await sandbox.until(lambda: len(sandbox.deliveries) == 2)
    assert {event["type"] for event in events(bodies)} == {"app_mention", "message"}
    for body in bodies:
        assert body["event"]["ts"] == message["ts"]
        assert body["event"]["text"] == "<@U0ANDON> refund &amp; &lt;now&gt;"
        assert body["authorizations"][0] == {
            "enterprise_id": None,
            "team_id": "T0ANDON",
            "user_id": "U0ANDON",
            "is_bot": True,
            "is_enterprise_install": False,
        }
        assert (body["api_app_id"], body["is_ext_shared_channel"]) == ("A0ANDON", False)
    assert bodies[0]["event_id"] != bodies[1]["event_id"]


async def test_a_direct_message_is_no_mention(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)
    bodies = recording(app)
    async with socket_mode(sandbox, app):
        await sandbox.person("ana").say("@andon hello", channel="dm")
        await sandbox.until(lambda: sandbox.deliveries)
    assert [(event["type"], event["channel_type"]) for event in events(bodies)] == [("message", "im")]


async def test_edits_deletions_and_reactions_arrive(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)
    bodies = recording(app)
    ana = sandbox.person("ana")
    async with socket_mode(sandbox, app):
        message = await ana.say("one", channel="refunds")
        await ana.edit(message, "two")
        await ana.react(message, "eyes")
        await ana.delete(message)
        await sandbox.until(lambda: len(sandbox.deliveries) == 4)
    kinds = {(event["type"], event.get("subtype")): event for event in events(bodies)}
    changed = kinds["message", "message_changed"]
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("two", "one")
    assert changed["message"]["edited"]["user"] == "U0ANA"
    assert kinds["message", "message_deleted"]["deleted_ts"] == message["ts"]
    assert kinds["reaction_added", None]["item"] == {"type": "message", "channel": "C0REFUNDS", "ts": message["ts"]}


async def test_the_bot_hears_its_own_messages_and_updates(sandbox: Sandbox) -> None:
    app, client = bolt_app(sandbox), client_of(sandbox)
    async with socket_mode(sandbox, app):
        posted = await client.chat_postMessage(channel="C0REFUNDS", text="one")
        await client.chat_update(channel="C0REFUNDS", ts=posted["ts"], text="two")
        first, second = await sandbox.until(lambda: sandbox.deliveries if len(sandbox.deliveries) == 2 else [])
    assert first.payload["event"]["bot_id"] == "B0ANDON"
    assert second.payload["event"]["subtype"] == "message_changed"
    assert second.payload["event"]["message"]["bot_id"] == "B0ANDON"


async def test_a_stranger_in_a_shared_channel_shows_as_one(sandbox: Sandbox) -> None:
    app, client = bolt_app(sandbox), client_of(sandbox)
    bodies = recording(app)
    eve = sandbox.person("eve")
    async with socket_mode(sandbox, app):
        await eve.say("hi", channel="shared")
        await sandbox.until(lambda: sandbox.deliveries)
        await client.chat_postMessage(channel="C0SHARED", text="?", blocks=CARD)
        await eve.press(sandbox.messages("shared")[-1], "Approve")
    assert (bodies[0]["is_ext_shared_channel"], bodies[0]["event"]["user_team"]) == (True, "T0OTHER")
    pressed = next(body for body in bodies if body["type"] == "block_actions")
    assert (pressed["user"]["team_id"], pressed["team"]["id"]) == ("T0OTHER", "T0ANDON")


async def test_a_click_carries_the_whole_message_and_its_container(sandbox: Sandbox) -> None:
    app, client = bolt_app(sandbox), client_of(sandbox)
    bodies = recording(app)
    root = await client.chat_postMessage(channel="C0REFUNDS", text="root")
    await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD, thread_ts=root["ts"])
    card = sandbox.thread("refunds", root["ts"])[1]
    async with socket_mode(sandbox, app):
        assert await sandbox.person("ana").press(card, "Approve") is None
    (body,) = [body for body in bodies if body["type"] == "block_actions"]
    assert body["container"] == {
        "type": "message",
        "message_ts": card["ts"],
        "channel_id": "C0REFUNDS",
        "is_ephemeral": False,
        "thread_ts": root["ts"],
    }
    assert body["actions"] == [
        {
            "type": "button",
            "action_id": "ok",
            "block_id": "r1.1",
            "text": {"type": "plain_text", "text": "Approve"},
            "value": "r1",
            "action_ts": body["actions"][0]["action_ts"],
        }
    ]
    assert body["user"] == {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0ANDON"}
    assert body["message"]["blocks"] == card["blocks"]
    assert body["channel"] == {"id": "C0REFUNDS", "name": "refunds"}
    assert body["response_url"].startswith(sandbox.url)


async def test_a_command_is_a_form_with_escaped_references() -> None:
    manifest = {
        "features": {
            "bot_user": {"display_name": "Andon"},
            "slash_commands": [{"command": "/agent", "description": "Agents", "should_escape": True}],
        },
    }
    async with Sandbox(manifest=manifest) as sandbox:
        app = bolt_app(sandbox)
        bodies = recording(app)
        async with socket_mode(sandbox, app):
            await sandbox.person("ana").command("/agent ask @ben in #refunds", channel="dm")
    (body,) = bodies
    assert body["text"] == "ask <@U0BEN> in <#C0REFUNDS|refunds>"
    assert (body["command"], body["channel_name"], body["user_name"]) == ("/agent", "directmessage", "ana")


async def test_only_subscribed_events_are_delivered() -> None:
    manifest = {
        "features": {"bot_user": {"display_name": "Andon"}},
        "settings": {"event_subscriptions": {"bot_events": ["message.im"]}},
    }
    async with Sandbox(manifest=manifest) as sandbox:
        app = bolt_app(sandbox)
        bodies = recording(app)
        async with socket_mode(sandbox, app):
            await sandbox.person("ana").say("@andon in public", channel="refunds")
            await sandbox.person("ana").say("in private", channel="dm")
            await sandbox.until(lambda: sandbox.deliveries)
        assert [event["text"] for event in events(bodies)] == ["in private"]


async def test_shortcuts_and_the_home_tab_arrive(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)
    bodies = recording(app)
    ana = sandbox.person("ana")
    async with socket_mode(sandbox, app):
        message = await ana.say("please look", channel="refunds")
        assert await ana.shortcut("ask", message) is None
        assert await ana.shortcut("ask") is None
        await ana.open_home()
        await sandbox.until(lambda: len(sandbox.deliveries) == 4)
    by_type = {body["type"]: body for body in bodies}
    assert by_type["message_action"]["message"]["text"] == "please look"
    assert "channel" not in by_type["shortcut"]
    assert {"tab": "home", "channel": "D0ANA"}.items() <= events(bodies)[-1].items()


# --- who gets it -------------------------------------------------------------------------------------------


async def test_each_envelope_goes_to_one_of_several_connections(sandbox: Sandbox) -> None:
    apps = [bolt_app(sandbox), bolt_app(sandbox)]
    first, second = recording(apps[0]), recording(apps[1])
    async with socket_mode(sandbox, apps[0]), socket_mode(sandbox, apps[1]):
        for number in range(4):
            await sandbox.person("ana").say(str(number), channel="refunds")
        await sandbox.until(lambda: len(sandbox.deliveries) == 4)
    assert (len(first), len(second)) == (2, 2)


async def test_a_connection_ticket_works_once(sandbox: Sandbox) -> None:
    url = (await client_of(sandbox).apps_connections_open(app_token=sandbox.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_the_eleventh_connection_is_turned_away(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(11):
            opened = await client_of(sandbox).apps_connections_open(app_token=sandbox.app_token)
            sockets.append(await session.ws_connect(opened["url"]))
        assert await sockets[-1].receive_json() == {"type": "disconnect", "reason": "too_many_websockets"}
        for socket in sockets:
            await socket.close()


async def test_a_bot_asked_to_reconnect_comes_back(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)
    bodies = recording(app)
    async with socket_mode(sandbox, app):
        await sandbox.refresh_connections()
        await sandbox.until(lambda: sum(call.method == "apps.connections.open" for call in sandbox.calls) == 2)
        await sandbox.until(lambda: sandbox.connections == 1)
        await sandbox.person("ana").say("still there?", channel="refunds")
        await sandbox.until(lambda: bodies)


# --- when nobody answers -----------------------------------------------------------------------------------


async def test_without_a_bot_interactions_fail_in_sight_and_events_are_lost(sandbox: Sandbox) -> None:
    client, ana = client_of(sandbox), sandbox.person("ana")
    failed = await ana.command("/agent list", channel="refunds")
    assert failed is not None
    assert failed["text"] == '/agent failed with the error "dispatch_failed"'
    assert ana.ephemerals("refunds") == [failed]
    await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
    warning = await ana.press(sandbox.messages("refunds")[0], "Approve")
    assert warning == 'Andon did not respond ("dispatch_failed"). Try again.'
    assert {delivery.kind for delivery in sandbox.deliveries} == {"slash_commands", "interactive"}


async def test_an_unknown_command_is_answered_by_slack_itself(sandbox: Sandbox) -> None:
    answer = await sandbox.person("ana").command("/weather")
    assert answer is not None
    assert (answer["user"], answer["text"]) == ("USLACKBOT", "`/weather` is not a valid command.")
    assert sandbox.deliveries == []


async def test_a_bot_that_does_not_ack_in_time_is_reported() -> None:
    async with Sandbox(ack_seconds=0.05) as sandbox:
        app = bolt_app(sandbox)
        released = asyncio.Event()

        @app.command("/agent")
        async def slow(ack: Any) -> None:
            await released.wait()
            await ack()

        async with socket_mode(sandbox, app):
            failed = await sandbox.person("ana").command("/agent")
            released.set()
    assert failed is not None
    assert failed["text"] == '/agent failed with the error "operation_timeout"'


async def test_an_unacknowledged_event_is_sent_again_on_schedule_and_says_so() -> None:
    async with Sandbox(ack_seconds=0.05, event_retry_delays=(0.0, 0.01, 0.02)) as sandbox:
        app = bolt_app(sandbox)
        bodies = recording(app)
        for _ in range(2):
            sandbox.inject(Fault(delivery="lose_ack", kind="message"))
        async with socket_mode(sandbox, app):
            await sandbox.person("ana").say("hi", channel="refunds")
            await sandbox.until(lambda: len(sandbox.deliveries) == 3)
        retries = [(body.get("x-slack-retry-num"), body.get("x-slack-retry-reason")) for body in bodies]
        assert retries[1:] == [("1", "http_timeout"), ("2", "http_timeout")]
        assert len({body["event_id"] for body in bodies}) == 1


async def test_retries_end_after_the_last_delay() -> None:
    async with Sandbox(ack_seconds=0.02, event_retry_delays=(0.0, 0.01)) as sandbox:
        url = (await client_of(sandbox).apps_connections_open(app_token=sandbox.app_token))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(url):
            await sandbox.connected()
            await sandbox.person("ana").say("hi", channel="refunds")
            await sandbox.until(lambda: len(sandbox.deliveries) == 3)
            assert [one.error for one in sandbox.deliveries] == ["http_timeout"] * 3
            await asyncio.gather(*sandbox._courier._tasks)
            assert len(sandbox.deliveries) == 3


async def test_a_bot_that_dies_before_its_ack_loses_the_click_but_not_the_event() -> None:
    async with Sandbox(ack_seconds=5, event_retry_delays=(0.0, 0.01, 0.01)) as sandbox:
        url = (await client_of(sandbox).apps_connections_open(app_token=sandbox.app_token))["url"]
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(url)
            await sandbox.connected()
            await sandbox.person("ana").say("hi", channel="refunds")
            command = asyncio.create_task(sandbox.person("ana").command("/agent"))
            for _ in ("hello", "the event", "the command"):
                await socket.receive_json()
            await socket.close()
            failed = await command
        assert failed is not None
        assert "dispatch_failed" in failed["text"]
        await sandbox.until(lambda: any(one.attempt == 1 for one in sandbox.deliveries))


# --- faults ------------------------------------------------------------------------------------------------


async def test_a_duplicate_delivery_brings_the_same_click_twice(sandbox: Sandbox) -> None:
    app, client = bolt_app(sandbox), client_of(sandbox)
    bodies = recording(app)
    await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
    sandbox.inject(Fault(delivery="duplicate", kind="block_actions"))
    async with socket_mode(sandbox, app):
        await sandbox.person("ana").press(sandbox.messages("refunds")[0], "Approve")
        await sandbox.until(lambda: sum(body["type"] == "block_actions" for body in bodies) == 2)
    first, second = (body for body in bodies if body["type"] == "block_actions")
    assert first == second


async def test_an_echoed_click_arrives_again_later(sandbox: Sandbox) -> None:
    app, client = bolt_app(sandbox), client_of(sandbox)
    bodies = recording(app)
    await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
    sandbox.inject(Fault(delivery="echo", kind="block_actions", seconds=0.05))
    async with socket_mode(sandbox, app):
        await sandbox.person("ana").press(sandbox.messages("refunds")[0], "Approve")
        assert sum(delivery.name == "block_actions" for delivery in sandbox.deliveries) == 1
        await sandbox.until(lambda: sum(delivery.name == "block_actions" for delivery in sandbox.deliveries) == 2)
    first, second = (body for body in bodies if body["type"] == "block_actions")
    assert first == second


async def test_a_lost_message_is_delivered_again_and_a_lost_click_is_not() -> None:
    async with Sandbox(event_retry_delays=(0.0,)) as sandbox:
        app, client = bolt_app(sandbox), client_of(sandbox)
        bodies = recording(app)
        await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
        for name in ("message", "block_actions"):
            sandbox.inject(Fault(delivery="lose", kind=name))
        async with socket_mode(sandbox, app):
            assert "operation_timeout" in (
                await sandbox.person("ana").press(sandbox.messages("refunds")[0], "Approve") or ""
            )
            await sandbox.person("ana").say("hi", channel="refunds")
            await sandbox.until(lambda: bodies)
        assert [(body["type"], body.get("x-slack-retry-num")) for body in bodies] == [("event_callback", "1")]


async def test_a_delayed_click_arrives_with_an_expired_trigger() -> None:
    async with Sandbox(trigger_seconds=0.01) as sandbox:
        app, client = bolt_app(sandbox), client_of(sandbox)
        recording(app)
        await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
        sandbox.inject(Fault(delivery="delay", kind="block_actions", seconds=0.05))
        async with socket_mode(sandbox, app):
            await sandbox.person("ana").press(sandbox.messages("refunds")[0], "Approve")
        trigger = sandbox.deliveries[-1].payload["trigger_id"]
        view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
        assert await code(client.views_open(trigger_id=trigger, view=view)) == "expired_trigger_id"


async def test_a_lost_ack_looks_like_a_timeout_to_the_person(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)
    recording(app)
    sandbox.inject(Fault(delivery="lose_ack", kind="/agent"))
    async with socket_mode(sandbox, app):
        failed = await sandbox.person("ana").command("/agent")
        assert failed is not None
        assert "operation_timeout" in failed["text"]
        assert await sandbox.person("ana").command("/agent") is None


# --- signed HTTP -------------------------------------------------------------------------------------------


async def test_the_same_conversation_works_over_signed_http() -> None:
    bodies: list[list[Json]] = []
    async with http_bot(lambda app: bodies.append(recording(app)), event_retry_delays=()) as sandbox:
        client, ana = client_of(sandbox), sandbox.person("ana")
        await ana.say("@andon hi", channel="refunds")
        await sandbox.until(lambda: len(sandbox.deliveries) == 2)
        assert await ana.command("/agent list") is None
        await client.chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
        assert await ana.press(sandbox.messages("refunds")[-1], "Approve") is None
    assert {body.get("type") or body["command"] for body in bodies[0]} == {"event_callback", "/agent", "block_actions"}


async def test_signed_bytes_are_accepted_and_others_are_not() -> None:
    async with http_bot(lambda app: None) as sandbox:
        body = json.dumps({"type": "url_verification", "challenge": "c"}).encode()
        content = {"Content-Type": "application/json"}
        status, text = await sandbox.deliver_raw({**content, **sandbox.sign(body)}, body)
        assert (status, json.loads(text)) == (200, {"challenge": "c"})
        status, _ = await sandbox.deliver_raw({**content, **sandbox.sign(b"other")}, body)
        assert status == 401
        status, _ = await sandbox.deliver_raw({**content, **sandbox.sign(body, timestamp=1)}, body)
        assert status == 401


async def test_raw_delivery_needs_a_request_url(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="request_url"):
        await sandbox.deliver_raw({}, b"")


@pytest.mark.parametrize(("no_retry", "attempts"), [("0", 3), ("1", 1)])
async def test_failed_http_events_are_retried_unless_the_bot_says_no(no_retry: str, attempts: int) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def failing(request: web.Request) -> web.Response:
        headers = request.headers
        seen.append((headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason")))
        return web.Response(status=500, headers={"X-Slack-No-Retry": no_retry})

    application = web.Application()
    application.router.add_post("/", failing)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with Sandbox(request_url=url, event_retry_delays=(0.0, 0.01)) as sandbox:
        await sandbox.person("ana").say("hi", channel="refunds")
        await sandbox.until(lambda: len(sandbox.deliveries) == attempts)
        await asyncio.gather(*sandbox._courier._tasks)
    await runner.cleanup()
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")][:attempts]


async def test_http_events_for_an_absent_bot_are_retried() -> None:
    async with Sandbox(request_url="http://127.0.0.1:9/", event_retry_delays=(0.0, 0.01)) as sandbox:
        await sandbox.person("ana").say("hi", channel="refunds")
        await sandbox.until(lambda: len(sandbox.deliveries) == 3)
        assert {one.error for one in sandbox.deliveries} == {"connection_failed"}


async def test_a_shortcut_the_app_does_not_have_cannot_be_used() -> None:
    manifest = {"features": {"bot_user": {"display_name": "Agent Inbox"}}}
    async with Sandbox(manifest=manifest) as sandbox:
        with pytest.raises(NotPossibleError, match="no shortcut 'ask'"):
            await sandbox.person("ana").shortcut("ask")
        message = await sandbox.person("ana").say("@agent_inbox hi", channel="refunds")
        assert message["text"] == "<@U0ANDON> hi"


async def test_plain_text_is_an_answer_to_a_command_over_http() -> None:
    def configure(app: AsyncApp) -> None:
        @app.command("/agent")
        async def agent(ack: Any) -> None:
            await ack("plainly")

    async with http_bot(configure) as sandbox:
        answer = await sandbox.person("ana").command("/agent")
    assert answer is not None
    assert answer["text"] == "plainly"


async def test_a_bot_too_slow_over_http_is_a_timeout() -> None:
    def configure(app: AsyncApp) -> None:
        @app.command("/agent")
        async def agent(ack: Any) -> None:
            await asyncio.Event().wait()
            await ack()

    async with http_bot(configure, ack_seconds=0.05) as sandbox:
        answer = await sandbox.person("ana").command("/agent")
    assert answer is not None
    assert "operation_timeout" in answer["text"]


async def test_a_revoked_app_is_told_so(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)

    @app.event("tokens_revoked")
    async def revoked(body: Json) -> None:
        del body

    async with socket_mode(sandbox, app):
        sandbox.revoke_tokens()
        (told,) = await sandbox.until(lambda: sandbox.deliveries)
    assert told.payload["event"]["type"] == "tokens_revoked"


async def test_an_answer_to_a_command_that_slack_refuses_is_shown_as_a_failure(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)

    @app.command("/agent")
    async def agent(ack: Any) -> None:
        await ack(blocks=[{"type": "section"}])

    async with socket_mode(sandbox, app):
        answer = await sandbox.person("ana").command("/agent")
    assert answer is not None
    assert answer["text"] == '/agent failed with the error "invalid_blocks"'
