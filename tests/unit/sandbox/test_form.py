"""Filling in a form as people describe it gives the values Slack would send."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Sandbox
from tests.unit.sandbox.slack_clients import bolt_app, socket_mode
from tests.unit.sandbox.test_views import ModalBot, field, modal, open_modal, trigger_of

Json = dict[str, Any]


def option(text: str) -> Json:
    return {"text": {"type": "plain_text", "text": text}, "value": text.lower()}


RED, BLUE = option("Red"), option("Blue")
YES, NO = option("Yes"), option("No")


@pytest.mark.parametrize(
    ("element", "given", "held"),
    [
        ({"type": "plain_text_input", "initial_value": "x"}, None, {"value": None}),
        ({"type": "number_input", "is_decimal_allowed": True}, 1.5, {"value": "1.5"}),
        ({"type": "static_select", "options": [RED, BLUE]}, "Blue", {"selected_option": BLUE}),
        ({"type": "static_select", "options": [RED, BLUE]}, "blue", {"selected_option": BLUE}),
        ({"type": "radio_buttons", "options": [YES, NO]}, False, {"selected_option": NO}),
        ({"type": "checkboxes", "options": [YES]}, True, {"selected_options": [YES]}),
        ({"type": "checkboxes", "options": [YES], "initial_options": [YES]}, False, {"selected_options": []}),
        ({"type": "checkboxes", "options": [RED, BLUE]}, "Red", {"selected_options": [RED]}),
        ({"type": "multi_static_select", "options": [RED, BLUE]}, ["Red", "Blue"], {"selected_options": [RED, BLUE]}),
        ({"type": "multi_static_select", "options": [RED], "initial_options": [RED]}, None, {"selected_options": []}),
        ({"type": "multi_users_select"}, ["ana", "U0BEN"], {"selected_users": ["U0ANA", "U0BEN"]}),
        ({"type": "datetimepicker"}, 1_800_000_000, {"selected_date_time": 1_800_000_000}),
        ({"type": "timepicker"}, "09:30", {"selected_time": "09:30"}),
        (
            {"type": "rich_text_input"},
            "hi",
            {
                "rich_text_value": {
                    "type": "rich_text",
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]}],
                }
            },
        ),
    ],
)
async def test_a_value_takes_the_shape_of_its_element(
    client: AsyncWebClient, sandbox: Sandbox, element: Json, given: Any, held: Json
) -> None:
    view = modal(field("answer", {**element, "action_id": "value"}, optional=True))
    await client.views_open(trigger_id=await trigger_of(sandbox), view=view)
    ana = sandbox.person("ana")
    ana.fill({"answer": given})
    assert ana.modal is not None
    assert ana.modal["state"]["values"]["answer"]["value"] == {"type": element["type"], **held}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"Colour": "red"}, r"0 inputs are called 'Colour'; the modal has \['Answer'\]"),
        ({"Answer": "Green"}, r"no option 'Green'; there are \['Red', 'Blue'\]"),
    ],
)
async def test_what_is_not_there_is_named(client: AsyncWebClient, sandbox: Sandbox, values: Json, words: str) -> None:
    element = {"type": "static_select", "action_id": "value", "options": [RED, BLUE]}
    await client.views_open(trigger_id=await trigger_of(sandbox), view=modal(field("answer", element)))
    with pytest.raises(AssertionError, match=words):
        sandbox.person("ana").fill(values)


async def test_too_many_choices_are_refused_by_the_client(client: AsyncWebClient, sandbox: Sandbox) -> None:
    element = {"type": "multi_static_select", "action_id": "value", "options": [RED, BLUE], "max_selected_items": 1}
    await client.views_open(trigger_id=await trigger_of(sandbox), view=modal(field("answer", element)))
    errors = await sandbox.person("ana").submit({"Answer": ["Red", "Blue"]})
    assert errors == {"Answer": "Please choose at most 1."}


async def test_a_chosen_conversation_brings_a_response_url(sandbox: Sandbox) -> None:
    element = {"type": "conversations_select", "action_id": "value", "response_url_enabled": True}
    bot = ModalBot(sandbox, modal(field("where", element)))
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        assert await sandbox.person("ana").submit({"Where": "C0REFUNDS"}) == {}
    (chosen,) = bot.submitted[0]["response_urls"]
    assert (chosen["block_id"], chosen["channel_id"]) == ("where", "C0REFUNDS")
    assert chosen["response_url"].startswith(sandbox.url)


async def test_each_of_a_pair_of_feedback_buttons_sends_its_own_value(client: AsyncWebClient, sandbox: Sandbox) -> None:
    pair = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "up"},
        "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"},
    }
    blocks = [{"type": "context_actions", "elements": [pair]}]
    await client.chat_postMessage(channel="C0REFUNDS", text="How was it?", blocks=blocks)
    app = bolt_app(sandbox)
    values: list[str] = []

    @app.action("rate")
    async def rate(ack: Any, action: Json) -> None:
        values.append(action["value"])
        await ack()

    async with socket_mode(sandbox, app):
        for label in ("Good", "Bad"):
            await sandbox.person("ana").press(sandbox.messages("refunds")[0], label)
    assert values == ["up", "down"]
