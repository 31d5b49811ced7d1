"""The driver finds things by what people read, and says what there is when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import NotPossibleError, Sandbox
from tests.unit.sandbox.slack_clients import bolt_app, socket_mode

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str) -> Json:
    return {"text": plain(text), "value": text.lower()}


CONFIRM = {"title": plain("Sure?"), "text": plain("It is gone then."), "confirm": plain("Yes"), "deny": plain("No")}
APPROVE = {"type": "button", "action_id": "ok", "value": "1", "text": plain("Approve")}
DELETE = {"type": "button", "action_id": "delete", "text": plain("Delete"), "confirm": CONFIRM}
MORE = {"type": "overflow", "action_id": "more", "options": [option("View everything"), option("Stop the run")]}
CARD: list[Json] = [
    {"type": "actions", "block_id": "first", "elements": [APPROVE, DELETE, MORE]},
    {"type": "actions", "block_id": "second", "elements": [APPROVE]},
]


@pytest.fixture
async def card(client: AsyncWebClient, sandbox: Sandbox) -> Json:
    await client.chat_postMessage(channel="C0REFUNDS", text="Refund?", blocks=CARD)
    return sandbox.messages("refunds")[0]


def pressed(sandbox: Sandbox) -> list[Json]:
    return [one.payload["actions"][0] for one in sandbox.deliveries if one.name == "block_actions"]


async def test_a_button_is_found_by_its_label(sandbox: Sandbox, card: Json) -> None:
    ana = sandbox.person("ana")
    assert ana.button(card, "Delete")["action_id"] == "delete"
    with pytest.raises(AssertionError, match=r"no button 'Reject'; there are \['Approve', 'Delete', 'Approve'\]"):
        ana.button(card, "Reject")


async def test_the_same_label_twice_needs_a_number(sandbox: Sandbox, card: Json) -> None:
    ana = sandbox.person("ana")
    with pytest.raises(AssertionError, match="2 buttons are called 'Approve'; say which with nth="):
        await ana.press(card, "Approve")
    await ana.press(card, "Approve", nth=1)
    assert pressed(sandbox)[0]["block_id"] == "second"


async def test_a_denied_confirm_dialog_sends_nothing(sandbox: Sandbox, card: Json) -> None:
    ana = sandbox.person("ana")
    await ana.press(card, "Delete", confirm=False)
    assert pressed(sandbox) == []
    await ana.press(card, "Delete")
    assert pressed(sandbox)[0]["action_id"] == "delete"


async def test_an_overflow_option_is_chosen_by_its_label(sandbox: Sandbox, card: Json) -> None:
    ana = sandbox.person("ana")
    await ana.choose(card, "Stop the run")
    assert pressed(sandbox)[0]["selected_option"] == option("Stop the run")
    with pytest.raises(AssertionError, match="0 options are called 'Dance'"):
        await ana.choose(card, "Dance")


async def test_an_old_copy_of_a_message_makes_a_late_click(
    client: AsyncWebClient, sandbox: Sandbox, card: Json
) -> None:
    await client.chat_update(channel="C0REFUNDS", ts=card["ts"], text="Approved")
    await sandbox.person("ben").press(card, "Approve", nth=0)
    assert pressed(sandbox)[0]["block_id"] == "first"
    await client.chat_delete(channel="C0REFUNDS", ts=card["ts"])
    with pytest.raises(Exception, match="message_not_found"):
        await sandbox.person("ben").press(card, "Approve", nth=0)


async def test_home_buttons_are_pressed_like_others(client: AsyncWebClient, sandbox: Sandbox) -> None:
    ana = sandbox.person("ana")
    await client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": CARD})
    assert ana.home is not None
    await ana.press(ana.home, "Approve", nth=0)
    payload = sandbox.deliveries[-1].payload
    assert (payload["container"]["type"], payload["view"]["type"]) == ("view", "home")
    assert "channel" not in payload


async def test_people_cannot_act_where_they_are_not(sandbox: Sandbox, card: Json) -> None:
    eve = sandbox.person("eve")
    with pytest.raises(NotPossibleError, match="eve is not in #refunds"):
        await eve.press(card, "Delete")
    with pytest.raises(NotPossibleError, match="eve is not in #refunds"):
        await eve.say("hi", channel="refunds")


async def test_a_command_says_what_the_bot_answered(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)

    @app.command("/agent")
    async def agent(ack: Any, command: Json) -> None:
        await ack(
            **{"only me": {"text": "psst"}, "all": {"text": "hi", "response_type": "in_channel"}}[command["text"]]
        )

    ana = sandbox.person("ana")
    async with socket_mode(sandbox, app):
        answer = await ana.command("/agent only me", channel="refunds")
        assert answer is not None
        assert answer["text"] == "psst"
        assert await ana.command("/agent all", channel="refunds") is None
    assert [message["text"] for message in sandbox.messages("refunds")] == ["hi"]


@pytest.mark.parametrize("thread", [True, False])
async def test_a_slash_command_is_never_a_message(sandbox: Sandbox, card: Json, thread: bool) -> None:
    with pytest.raises(NotPossibleError, match="/agent is not supported"):
        await sandbox.person("ana").say("/agent list", channel="refunds", thread_ts=card["ts"] if thread else None)
    assert len(sandbox.messages("refunds")) == 1
    assert sandbox.deliveries == []


async def test_until_waits_for_a_change_and_returns_what_came(sandbox: Sandbox) -> None:
    app = bolt_app(sandbox)

    @app.event("message")
    async def echo(event: Json, client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel=event["channel"], text="echo", thread_ts=event["ts"])

    async with socket_mode(sandbox, app):
        root = await sandbox.person("ana").say("hi", channel="refunds")
        reply = await sandbox.until(lambda: sandbox.thread("refunds", root["ts"])[1])
    assert reply["text"] == "echo"


async def test_until_fails_with_a_transcript(sandbox: Sandbox, card: Json) -> None:
    await sandbox.person("ana").say("hello?", channel="refunds", thread_ts=card["ts"])
    with pytest.raises(AssertionError) as caught:
        await sandbox.until(lambda: sandbox.messages("deploys")[0], timeout=0.01)
    told = str(caught.value)
    assert "IndexError" in told
    assert "#refunds\n  andon: Refund? [Approve] [Delete] [Approve]\n  ↳ ana: hello?" in told
    assert "from_bot chat.postMessage: ok" in told


async def test_an_unknown_channel_or_input_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(AssertionError, match="no channel 'nowhere'; there are"):
        sandbox.messages("nowhere")
    with pytest.raises(AssertionError, match="ana has no modal open"):
        sandbox.person("ana").fill({"Amount": 1})
