"""Modals and the Home tab: triggers, the stack, hashes, and what survives an update."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Fault, NotPossibleError, Sandbox
from tests.unit.sandbox.slack_clients import bolt_app, client_of, code, refusal, socket_mode

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def field(block_id: str, element: Json | None = None, **more: Any) -> Json:
    element = element or {"type": "plain_text_input", "action_id": "value"}
    return {"type": "input", "block_id": block_id, "label": plain(block_id.title()), "element": element, **more}


def modal(*blocks: Json, title: str = "Edit", **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "edit",
        "title": plain(title),
        "submit": plain("Save"),
        "blocks": list(blocks) or [field("amount")],
        **more,
    }


async def trigger_of(sandbox: Sandbox) -> str:
    """A fresh trigger id, from a command nobody answers in Socket Mode without a bot."""
    await sandbox.person("ana").command("/agent")
    return str(sandbox.deliveries[-1].payload["trigger_id"])


async def test_a_trigger_opens_one_view_within_its_time() -> None:
    clock = [1_800_000_000.0]
    async with Sandbox(now=lambda: clock[0]) as sandbox:
        client = client_of(sandbox)
        trigger = await trigger_of(sandbox)
        assert await code(client.views_open(trigger_id="12345.98765.abcd", view=modal())) == "invalid_trigger_id"
        await client.views_open(trigger_id=trigger, view=modal())
        assert await code(client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
        late = await trigger_of(sandbox)
        clock[0] += 3.1
        assert await code(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"


async def test_a_refused_view_does_not_spend_the_trigger(client: AsyncWebClient, sandbox: Sandbox) -> None:
    trigger = await trigger_of(sandbox)
    answer = await refusal(client.views_open(trigger_id=trigger, view=modal(title="x" * 25)))
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    huge = modal(*[field(f"f{n}", hint=plain("x" * 2000), label=plain("y" * 2000)) for n in range(90)])
    assert await code(client.views_open(trigger_id=trigger, view=huge)) == "view_too_large"
    assert (await client.views_open(trigger_id=trigger, view=modal()))["view"]["id"].startswith("V")


async def test_a_stale_hash_conflicts(client: AsyncWebClient, sandbox: Sandbox) -> None:
    view = (await client.views_open(trigger_id=await trigger_of(sandbox), view=modal()))["view"]
    await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(title="Second"))
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=modal(title="Third"))
    assert await code(stale) == "hash_conflict"
    assert await code(client.views_update(view_id="V0", view=modal())) == "not_found"
    shown = sandbox.person("ana").modal
    assert shown is not None
    assert shown["title"]["text"] == "Second"


async def test_an_external_id_is_unique_and_finds_its_view(client: AsyncWebClient, sandbox: Sandbox) -> None:
    await client.views_open(trigger_id=await trigger_of(sandbox), view=modal(external_id="one"))
    await client.views_update(external_id="one", view=modal(external_id="one", title="Found"))
    assert sandbox.person("ana").views[0]["title"]["text"] == "Found"
    home = {"type": "home", "blocks": [], "external_id": "one"}
    assert await code(client.views_publish(user_id="U0ANA", view=home)) == "duplicate_external_id"


async def test_typed_input_survives_an_update_only_under_the_same_ids(client: AsyncWebClient, sandbox: Sandbox) -> None:
    ana = sandbox.person("ana")
    before = modal(field("amount"), field("note"), field("due"))
    opened = await client.views_open(trigger_id=await trigger_of(sandbox), view=before)
    ana.fill({"Amount": "7", "Note": "please", "Due": "soon"})
    after = modal(field("amount"), field("remark"), field("due", {"type": "datepicker", "action_id": "value"}))
    await client.views_update(view_id=opened["view"]["id"], view=after)
    assert ana.modal is not None
    assert ana.modal["state"]["values"] == {
        "amount": {"value": {"type": "plain_text_input", "value": "7"}},
        "remark": {"value": {"type": "plain_text_input", "value": None}},
        "due": {"value": {"type": "datepicker", "selected_date": None}},
    }


async def test_home_is_published_per_person(client: AsyncWebClient, sandbox: Sandbox) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = (await client.views_publish(user_id="U0ANA", view=home))["view"]
    second = (await client.views_publish(user_id="U0ANA", view=home, hash=first["hash"]))["view"]
    assert (first["id"], sandbox.person("ben").home) == (second["id"], None)
    assert await code(client.views_publish(user_id="U0ANA", view=home, hash=first["hash"])) == "hash_conflict"
    assert await code(client.views_publish(user_id="U0NOBODY", view=home)) == "user_not_found"
    assert await code(client.views_publish(user_id="U0ANA", view=modal())) == "invalid_arguments"


class ModalBot:
    """A bot whose answer to a submission, and whose first modal, a test chooses."""

    def __init__(self, sandbox: Sandbox, view: Json) -> None:
        self.app: AsyncApp = bolt_app(sandbox)
        self.answer: Json = {}
        self.submitted: list[Json] = []
        self.closed: list[Json] = []

        @self.app.command("/agent")
        async def command(ack: Any, body: Json, client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=view)

        @self.app.view("edit")
        async def submit(ack: Any, body: Json) -> None:
            self.submitted.append(body)
            await ack(**self.answer)

        @self.app.view_closed("edit")
        async def close(ack: Any, body: Json) -> None:
            await ack()
            self.closed.append(body)

        @self.app.action("next")
        async def push(ack: Any, body: Json, client: AsyncWebClient) -> None:
            await ack()
            with suppress(SlackApiError):  # Bolt forgets an ack that is followed by an exception at once
                await client.views_push(trigger_id=body["trigger_id"], view=view)


async def open_modal(sandbox: Sandbox) -> Json:
    ana = sandbox.person("ana")
    await ana.command("/agent")
    return await sandbox.until(lambda: ana.modal)


async def test_a_submission_carries_every_input_and_an_empty_ack_closes(sandbox: Sandbox) -> None:
    yes_no = [{"text": plain("Yes"), "value": "yes"}, {"text": plain("No"), "value": "no"}]
    view = modal(
        field("amount", {"type": "number_input", "action_id": "value", "is_decimal_allowed": False}),
        field("notify", {"type": "radio_buttons", "action_id": "value", "options": yes_no}),
        field("tags", {"type": "checkboxes", "action_id": "value", "options": yes_no}, optional=True),
        field("due", {"type": "datepicker", "action_id": "value"}),
        field("who", {"type": "users_select", "action_id": "value"}),
        private_metadata="ids only",
    )
    bot = ModalBot(sandbox, view)
    ana = sandbox.person("ana")
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        assert await ana.submit({"Amount": 200, "Notify": True, "Due": "2026-01-31", "Who": "ben"}) == {}
    (body,) = bot.submitted
    values = {block_id: entry["value"] for block_id, entry in body["view"]["state"]["values"].items()}
    assert values == {
        "amount": {"type": "number_input", "value": "200"},
        "notify": {"type": "radio_buttons", "selected_option": yes_no[0]},
        "tags": {"type": "checkboxes", "selected_options": []},
        "due": {"type": "datepicker", "selected_date": "2026-01-31"},
        "who": {"type": "users_select", "selected_user": "U0BEN"},
    }
    assert (body["type"], body["view"]["private_metadata"], body["user"]["id"]) == (
        "view_submission",
        "ids only",
        "U0ANA",
    )
    assert body["view"]["hash"]
    assert ana.modal is None


@pytest.mark.parametrize(
    ("element", "value", "words"),
    [
        ({"type": "plain_text_input"}, "", "required"),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "at least 3"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "at most 3"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "whole number"),
        ({"type": "number_input", "is_decimal_allowed": True}, "lots", "valid number"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "10"}, "11", "at most 10"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "10"}, "9", "at least 10"),
        ({"type": "email_text_input"}, "ana", "email"),
        ({"type": "url_text_input"}, "ana", "URL"),
        ({"type": "datepicker"}, "2026-02-31", "date"),
        ({"type": "datepicker"}, None, "required"),
    ],
)
async def test_slacks_client_checks_input_before_the_bot_sees_it(
    client: AsyncWebClient, sandbox: Sandbox, element: Json, value: Any, words: str
) -> None:
    view = modal(field("amount", {**element, "action_id": "value"}))
    await client.views_open(trigger_id=await trigger_of(sandbox), view=view)
    ana = sandbox.person("ana")
    errors = await ana.submit({"Amount": value})
    assert words in errors["Amount"]
    assert sandbox.deliveries[-1].name != "view_submission"
    assert ana.modal is not None


async def test_errors_update_push_and_clear_do_what_they_say(sandbox: Sandbox) -> None:
    bot = ModalBot(sandbox, modal(field("amount", optional=True)))
    ana = sandbox.person("ana")
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        bot.answer = {"response_action": "errors", "errors": {"amount": "too much"}}
        assert await ana.submit({"Amount": "7"}) == {"Amount": "too much"}
        bot.answer = {"response_action": "update", "view": modal(title="Updated")}
        assert await ana.submit() == {}
        assert [view["title"]["text"] for view in ana.views] == ["Updated"]
        bot.answer = {"response_action": "push", "view": modal(title="Pushed")}
        assert await ana.submit({"Amount": "7"}) == {}
        assert [view["title"]["text"] for view in ana.views] == ["Updated", "Pushed"]
        assert ana.views[1]["root_view_id"] == ana.views[0]["id"] == ana.views[1]["previous_view_id"]
        bot.answer = {"response_action": "clear"}
        assert await ana.submit({"Amount": "7"}) == {}
        assert ana.views == []


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"elsewhere": "x"}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "shrug"},
    ],
)
async def test_an_answer_slack_cannot_use_is_a_general_failure(sandbox: Sandbox, answer: Json) -> None:
    bot = ModalBot(sandbox, modal(field("amount", optional=True)))
    bot.answer = answer
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        errors = await sandbox.person("ana").submit()
    assert "trouble connecting" in errors[""]
    assert sandbox.person("ana").modal is not None


async def test_the_stack_ends_at_three(sandbox: Sandbox) -> None:
    more = {"type": "button", "action_id": "next", "text": plain("More")}
    bot = ModalBot(sandbox, modal({"type": "actions", "elements": [more]}))
    ana = sandbox.person("ana")
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        await ana.press(ana.views[-1], "More")
        await sandbox.until(lambda: len(ana.views) == 2)
        await ana.press(ana.views[-1], "More")
        await sandbox.until(lambda: len(ana.views) == 3)
        await ana.press(ana.views[-1], "More")
        refused = await sandbox.until(lambda: [call for call in sandbox.calls if not call.response["ok"]])
    assert refused[0].response["error"] == "push_limit_reached"


async def test_a_push_needs_a_trigger_from_a_modal(client: AsyncWebClient, sandbox: Sandbox) -> None:
    refused = client.views_push(trigger_id=await trigger_of(sandbox), view=modal())
    assert await code(refused) == "invalid_trigger_id"


@pytest.mark.parametrize("everything", [False, True])
async def test_closing_tells_the_bot_only_when_it_asked_for_it(sandbox: Sandbox, everything: bool) -> None:
    bot = ModalBot(sandbox, modal(notify_on_close=True))
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        await sandbox.person("ana").close_modal(everything=everything)
        (body,) = await sandbox.until(lambda: bot.closed)
    assert (body["type"], body["is_cleared"]) == ("view_closed", everything)
    assert sandbox.person("ana").modal is None


async def test_a_view_closed_while_the_bot_thinks_stays_closed(sandbox: Sandbox) -> None:
    bot = ModalBot(sandbox, modal(field("amount")))
    bot.answer = {"response_action": "update", "view": modal(title="Too late")}
    ana = sandbox.person("ana")
    sandbox.inject(Fault(delivery="delay", kind="view_submission", seconds=0.02))
    async with socket_mode(sandbox, bot.app):
        await open_modal(sandbox)
        submission = asyncio.create_task(ana.submit({"Amount": "7"}))
        await asyncio.sleep(0)
        await ana.close_modal()
        assert await submission == {}
    assert (len(bot.submitted), ana.views) == (1, [])


async def test_a_closed_view_cannot_be_submitted(client: AsyncWebClient, sandbox: Sandbox) -> None:
    await client.views_open(trigger_id=await trigger_of(sandbox), view=modal())
    ana = sandbox.person("ana")
    await ana.close_modal()
    with pytest.raises(AssertionError, match="no modal open"):
        await ana.submit()
    with pytest.raises(NotPossibleError, match="no longer open"):
        await ana._modals.submit("U0ANA", "V0", {})
