"""A refund desk in plain Bolt: the page must serve any Slack app, so its test brings a foreign one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

Json = dict[str, Any]

LIMIT = Decimal(100)


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _button(text: str, **more: Any) -> Json:
    return {"type": "button", "text": _plain(text), "action_id": text.lower().rstrip("…"), **more}


CONFIRM = {
    "title": _plain("Forget order 7?"),
    "text": {"type": "mrkdwn", "text": "This *cannot* be undone."},
    "confirm": _plain("Forget it"),
    "deny": _plain("Keep it"),
    "style": "danger",
}
CARD: list[Json] = [
    {"type": "header", "text": _plain("Send a refund of $250?")},
    _section("Order *7* came back broken."),
    {
        "type": "actions",
        "elements": [
            _button("Approve", style="primary"),
            _button("Edit…"),
            _button("Forget", style="danger", confirm=CONFIRM),
        ],
    },
]
FORM: Json = {
    "type": "modal",
    "callback_id": "edit",
    "title": _plain("Edit and approve"),
    "submit": _plain("Approve with changes"),
    "close": _plain("Back"),
    "blocks": [
        {
            "type": "input",
            "block_id": "amount",
            "label": _plain("Amount"),
            "element": {
                "type": "number_input",
                "action_id": "value",
                "is_decimal_allowed": True,
                "initial_value": "250",
            },
        },
        {
            "type": "input",
            "block_id": "note",
            "optional": True,
            "label": _plain("Note"),
            "element": {"type": "plain_text_input", "action_id": "value", "multiline": True},
        },
    ],
}
HOME: Json = {"type": "home", "blocks": [{"type": "header", "text": _plain("Waiting for you (1)")}, *CARD[1:]]}


def desk_app(token: str, api_url: str) -> AsyncApp:
    app = AsyncApp(client=AsyncWebClient(token=token, base_url=api_url), signing_secret="unused in Socket Mode")
    app.command("/agent")(_start)
    app.action("approve")(_approve)
    app.action("forget")(_forget)
    app.action("edit")(_edit)
    app.view("edit")(_submit)
    app.event("message")(_note)
    app.event("app_home_opened")(_home)
    return app


async def _start(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
    await ack(f"Starting *{body['text']}*…")
    await client.chat_postMessage(channel=body["channel_id"], text="Send a refund of $250?", blocks=CARD)


async def _approve(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
    await ack()
    await _decide(client, body["container"], f":white_check_mark: Approved by <@{body['user']['id']}>")


async def _forget(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
    await ack()
    await _decide(client, body["container"], f"Forgotten by <@{body['user']['id']}>")


async def _edit(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
    await ack()
    where = json.dumps(body["container"])
    await client.views_open(trigger_id=body["trigger_id"], view={**FORM, "private_metadata": where})


async def _submit(ack: AsyncAck, body: Json, view: Json, client: AsyncWebClient) -> None:
    amount = view["state"]["values"]["amount"]["value"]["value"]
    if Decimal(amount) > LIMIT:
        await ack(response_action="errors", errors={"amount": f"At most {LIMIT}."})
        return
    await ack()
    container = json.loads(view["private_metadata"])
    await _decide(client, container, f"Approved with ~250~ {amount} by <@{body['user']['id']}>")


async def _decide(client: AsyncWebClient, container: Json, text: str) -> None:
    blocks = [CARD[0], _section(text)]
    await client.chat_update(channel=container["channel_id"], ts=container["message_ts"], text=text, blocks=blocks)


async def _note(event: Json, client: AsyncWebClient) -> None:
    if "thread_ts" in event and "bot_id" not in event:
        text = f"Noted: {event['text']}"
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["thread_ts"], text=text)


async def _home(event: Json, client: AsyncWebClient) -> None:
    await client.views_publish(user_id=event["user"], view=HOME)
