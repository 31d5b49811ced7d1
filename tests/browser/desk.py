"""A refund desk in forty lines of plain Bolt: the page must serve any Slack app, so its test brings a foreign one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

Json = dict[str, Any]

LIMIT = Decimal(100)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _button(text: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": text.lower().rstrip("…"), **more}


CONFIRM = {
    "title": plain("Forget order 7?"),
    "text": {"type": "mrkdwn", "text": "This *cannot* be undone."},
    "confirm": plain("Forget it"),
    "deny": plain("Keep it"),
    "style": "danger",
}
CARD: list[Json] = [
    {"type": "header", "text": plain("Send a refund of $250?")},
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
    "title": plain("Edit and approve"),
    "submit": plain("Approve with changes"),
    "close": plain("Back"),
    "blocks": [
        {
            "type": "input",
            "block_id": "amount",
            "label": plain("Amount"),
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
            "label": plain("Note"),
            "element": {"type": "plain_text_input", "action_id": "value", "multiline": True},
        },
    ],
}
HOME: Json = {"type": "home", "blocks": [{"type": "header", "text": plain("Waiting for you (1)")}, *CARD[1:]]}


def desk_app(token: str, api_url: str) -> AsyncApp:
    app = AsyncApp(client=AsyncWebClient(token=token, base_url=api_url), signing_secret="unused in Socket Mode")

    async def decide(body: Json, client: AsyncWebClient, verdict: str) -> None:
        channel, ts = body["container"]["channel_id"], body["container"]["message_ts"]
        text = f"{verdict} by <@{body['user']['id']}>"
        await client.chat_update(channel=channel, ts=ts, text=text, blocks=[CARD[0], _section(text)])

    @app.command("/agent")
    async def start(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack(f"Starting *{body['text']}*…")
        await client.chat_postMessage(channel=body["channel_id"], text="Send a refund of $250?", blocks=CARD)

    @app.action("approve")
    async def approve(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await decide(body, client, ":white_check_mark: Approved")

    @app.action("forget")
    async def forget(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await decide(body, client, "Forgotten")

    @app.action("edit")
    async def edit(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        where = f"{body['container']['channel_id']} {body['container']['message_ts']}"
        await client.views_open(trigger_id=body["trigger_id"], view={**FORM, "private_metadata": where})

    @app.view("edit")
    async def submit(ack: AsyncAck, body: Json, view: Json, client: AsyncWebClient) -> None:
        amount = view["state"]["values"]["amount"]["value"]["value"]
        if Decimal(amount) > LIMIT:
            await ack(response_action="errors", errors={"amount": f"At most {LIMIT}."})
            return
        await ack()
        channel, ts = view["private_metadata"].split()
        container = {"channel_id": channel, "message_ts": ts}
        await decide({**body, "container": container}, client, f"Approved with ~250~ {amount}")

    @app.event("message")
    async def answer(event: Json, client: AsyncWebClient) -> None:
        if "thread_ts" in event and "bot_id" not in event:
            text = f"Noted: {event['text']}"
            await client.chat_postMessage(channel=event["channel"], thread_ts=event["thread_ts"], text=text)

    @app.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view=HOME)

    return app
