"""The page's own API: what it reads, what it hears, what it can do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Sandbox
from tests.unit.sandbox.slack_clients import bolt_app, client_of, socket_mode
from tests.unit.sandbox.test_views import ModalBot, field, modal

Json = dict[str, Any]

YES_NO = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("yes", "no")]
SELECT = {"type": "static_select", "action_id": "pick", "options": YES_NO}
CARD = [{"type": "actions", "block_id": "b", "elements": [SELECT]}]


class Page:
    """What the page's script does, as one person."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user: str = "U0ANA") -> None:
        self._session, self._url, self.user = session, url, user

    async def get(self, path: str) -> Json:
        async with self._session.get(f"{self._url}/sandbox/{path}") as response:
            answer: Json = await response.json()
            return answer

    async def state(self) -> Json:
        return await self.get(f"state?user={self.user}")

    async def do(self, what: str, **body: Any) -> Json:
        async with self._session.post(f"{self._url}/sandbox/{what}", json={"user": self.user, **body}) as response:
            assert response.status == 200
            answer: Json = await response.json()
            return answer

    async def events(self) -> aiohttp.ClientWebSocketResponse:
        return await self._session.ws_connect(f"{self._url}/sandbox/events?user={self.user}")


@pytest.fixture
async def page(sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, sandbox.url)


async def heard(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Json:
    """The next event of this kind."""
    while True:
        event: Json = await socket.receive_json(timeout=5)
        if event["type"] == kind:
            return event


async def test_the_state_is_what_this_person_sees(page: Page, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C0REFUNDS", text="for all")
    await client.chat_postEphemeral(channel="C0REFUNDS", user="U0ANA", text="for ana")
    await client.chat_postMessage(channel="U0BEN", text="for ben")
    state = await page.state()
    assert state["team"] == {"id": "T0ANDON", "name": "Andon Sandbox"}
    assert (state["me"]["name"], state["bot"]) == ("ana", {"user_id": "U0ANDON", "name": "Andon", "connected": 0})
    assert [(one["text"], one.get("ephemeral", False)) for one in state["messages"]["C0REFUNDS"]] == [
        ("for all", False),
        ("for ana", True),
    ]
    assert "D0BEN" not in state["messages"]
    assert [channel["name"] for channel in state["channels"] if channel["kind"] == "im"] == ["ana"]
    assert state["commands"] == [{"command": "/agent", "description": "Talk to an agent", "usage_hint": ""}]
    assert (state["process"], state["home"], state["views"]) == (None, None, [])


async def test_the_state_of_nobody_is_refused(page: Page) -> None:
    assert (await page.get("state?user=U0NOBODY"))["error"] == "user_not_found"


async def test_a_page_hears_what_its_person_can_see(page: Page, client: AsyncWebClient) -> None:
    socket = await page.events()
    await client.chat_postMessage(channel="U0BEN", text="for ben")
    posted = await client.chat_postMessage(channel="C0REFUNDS", text="one")
    event = await heard(socket, "message")
    assert (event["channel"], event["message"]["text"]) == ("C0REFUNDS", "one")
    await client.chat_update(channel="C0REFUNDS", ts=posted["ts"], text="two")
    assert (await heard(socket, "message_changed"))["message"]["text"] == "two"
    await client.reactions_add(channel="C0REFUNDS", timestamp=posted["ts"], name="eyes")
    assert (await heard(socket, "message_changed"))["message"]["reactions"][0]["name"] == "eyes"
    await client.chat_delete(channel="C0REFUNDS", ts=posted["ts"])
    assert (await heard(socket, "message_deleted"))["ts"] == posted["ts"]
    await client.chat_postEphemeral(channel="C0REFUNDS", user="U0BEN", text="not for ana")
    await client.chat_postEphemeral(channel="C0REFUNDS", user="U0ANA", text="psst")
    assert (await heard(socket, "ephemeral"))["message"]["text"] == "psst"
    await client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": []})
    assert (await heard(socket, "home"))["view"]["type"] == "home"
    assert (await heard(socket, "traffic"))["entry"]["name"] == "views.publish"
    await socket.close()


async def test_a_page_hears_of_the_bot_coming_and_going(page: Page, sandbox: Sandbox) -> None:
    socket = await page.events()
    async with socket_mode(sandbox, bolt_app(sandbox)):
        assert await heard(socket, "bot") == {"type": "bot", "connected": 1, "process": None}
    assert (await heard(socket, "bot"))["connected"] == 0
    await socket.close()


async def test_people_write_edit_react_and_delete(page: Page, sandbox: Sandbox) -> None:
    said = await page.do("say", channel="C0REFUNDS", text="helo")
    here = {"channel": "C0REFUNDS", "ts": said["message"]["ts"]}
    assert (await page.do("edit", **here, text="hello"))["ok"]
    assert (await page.do("react", **here, name="wave"))["ok"]
    (message,) = sandbox.messages("refunds")
    assert (message["text"], message["reactions"][0]["users"]) == ("hello", ["U0ANA"])
    assert (await page.do("react", **here, name="wave"))["ok"]
    assert sandbox.messages("refunds")[0]["reactions"] == []
    assert (await page.do("delete", **here))["ok"]
    assert sandbox.messages("refunds") == []


async def test_what_is_not_possible_is_said_in_words(page: Page, sandbox: Sandbox) -> None:
    theirs = await sandbox.person("ben").say("mine", channel="refunds")
    here = {"channel": "C0REFUNDS", "ts": theirs["ts"]}
    refused = {
        "a command in a thread": await page.do("say", channel="C0REFUNDS", text="/agent", thread_ts=theirs["ts"]),
        "an empty message": await page.do("say", channel="C0REFUNDS", text="  "),
        "somebody else's message": await page.do("edit", **here, text="yours"),
        "a channel of others": await page.do("say", user="U0EVE", channel="C0REFUNDS", text="hi"),
        "a button that is gone": await page.do("action", message=here, block_id="b", action_id="a"),
        "a closed dialog": await page.do("close", view_id="V0"),
        "no process to control": await page.do("process", do="kill"),
        "a fault of no kind": await page.do("faults", method="chat.update", kind="fire"),
        "a missing field": await page.do("say", channel="C0REFUNDS"),
    }
    for why, answer in refused.items():
        assert answer["ok"] is False, why
        assert " " in answer["error"], why


async def test_a_page_of_another_site_can_neither_act_nor_listen(page: Page, sandbox: Sandbox) -> None:
    said = {"user": "U0ANA", "channel": "C0REFUNDS", "text": "hi"}
    for origin, allowed in (("https://elsewhere.example", False), (sandbox.url, True)):
        headers = {"Origin": origin}
        async with page._session.post(f"{sandbox.url}/sandbox/say", json=said, headers=headers) as response:
            assert (await response.json())["ok"] is allowed
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await page._session.ws_connect(f"{sandbox.url}/sandbox/events?user=U0ANA", origin="https://elsewhere.example")


async def test_a_slash_command_typed_into_a_channel_runs(page: Page) -> None:
    answer = await page.do("say", channel="C0REFUNDS", text="/agent list")
    assert "dispatch_failed" in answer["message"]["text"]
    assert (await page.state())["messages"]["C0REFUNDS"][0]["ephemeral"] is True


async def test_a_choice_is_checked_against_the_message_and_sent_with_its_state(page: Page, sandbox: Sandbox) -> None:
    posted = await client_of(sandbox).chat_postMessage(channel="C0REFUNDS", text="?", blocks=CARD)
    where = {"message": {"channel": "C0REFUNDS", "ts": posted["ts"]}, "block_id": "b", "action_id": "pick"}
    app, states = bolt_app(sandbox), []

    @app.action("pick")
    async def pick(ack: Any, body: Json) -> None:
        states.append((body["actions"][0]["selected_option"], body["state"]["values"]["b"]["pick"]["selected_option"]))
        await ack()

    async with socket_mode(sandbox, app):
        assert await page.do("action", **where, selected_option=YES_NO[0]) == {"ok": True}
        forged = {"text": {"type": "plain_text", "text": "yes"}, "value": "everything"}
        assert (await page.do("action", **where, selected_option=forged))["ok"] is False
        assert (await page.do("action", **where))["ok"] is False
    assert states == [(YES_NO[0], YES_NO[0])]


async def test_a_modal_is_submitted_with_errors_by_block_and_closed(page: Page, sandbox: Sandbox) -> None:
    bot = ModalBot(sandbox, modal(field("amount")))
    async with socket_mode(sandbox, bot.app):
        await page.do("say", channel="C0REFUNDS", text="/agent")
        await sandbox.until(lambda: sandbox.person("ana").modal)
        (view,) = (await page.state())["views"]
        empty = await page.do("submit", view_id=view["id"], values={})
        assert empty == {"ok": True, "errors": {"amount": "Please complete this required field."}}
        bot.answer = {"response_action": "errors", "errors": {"amount": "too much"}}
        values = {"amount": {"value": {"type": "plain_text_input", "value": "7"}}}
        assert (await page.do("submit", view_id=view["id"], values=values))["errors"] == {"amount": "too much"}
        assert (await page.do("close", view_id=view["id"])) == {"ok": True}
    assert (await page.state())["views"] == []


async def test_faults_can_be_injected_and_listed(page: Page, client: AsyncWebClient) -> None:
    assert await page.do("faults", method="auth.test", kind="500", times=1) == {"ok": True}
    assert [fault["method"] for fault in (await page.get("faults"))["faults"]] == ["auth.test"]
    with pytest.raises(Exception, match="internal_error"):
        await client.auth_test()
    assert (await page.get("faults"))["faults"] == []


async def test_traffic_is_listed_since_a_number_and_masks_tokens(page: Page, client: AsyncWebClient) -> None:
    await client.auth_test()
    await client.chat_postMessage(channel="C0REFUNDS", text="my token is xoxb-12-secret")
    entries = (await page.get("traffic?after=1"))["entries"]
    assert [(entry["n"], entry["direction"], entry["name"], entry["ok"]) for entry in entries] == [
        (2, "from_bot", "chat.postMessage", True)
    ]
    assert entries[0]["request"]["text"] == "my token is xoxb-…"
    assert "secret" not in str(entries)


class FakeProcess:
    """Stands in for the bot's process that `andon demo` runs."""

    running = True

    def state(self) -> Json:
        return {"state": "running" if self.running else "stopped", "pid": 7 if self.running else None}

    async def kill(self) -> None:
        self.running = False

    async def start(self) -> None:
        self.running = True


async def test_the_bots_process_can_be_killed_and_started() -> None:
    async with Sandbox(process_control=FakeProcess()) as sandbox, aiohttp.ClientSession() as session:
        page = Page(session, sandbox.url)
        socket = await page.events()
        assert (await page.state())["process"] == {"state": "running", "pid": 7}
        assert (await page.do("process", do="kill"))["process"] == {"state": "stopped", "pid": None}
        assert (await heard(socket, "bot"))["process"]["state"] == "stopped"
        assert (await page.do("process", do="start"))["process"]["state"] == "running"
        await socket.close()


async def test_the_page_is_one_file_with_nothing_from_elsewhere(page: Page, sandbox: Sandbox) -> None:
    async with page._session.get(f"{sandbox.url}/") as response:
        html = await response.text()
    assert response.content_type == "text/html"
    assert "<script src=" not in html
    async with page._session.get(f"{sandbox.url}/favicon.ico") as response:
        assert response.content_type == "image/svg+xml"
