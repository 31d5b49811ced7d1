"""The manifest asks Slack for what the listeners and calls need, and for nothing else; and every button is heard."""

import re
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

import handlers.slack
from bot.manifest import load_manifest
from bot.sandbox import cast
from bot.sandbox.web_api import METHODS
from handlers.cards import ids
from tests.office import Json, OpenOffice, asking

KINDS = {"message.channels": "channel", "message.groups": "group", "message.im": "im", "message.mpim": "mpim"}
CONVERSATIONS = ("channels", "groups", "im", "mpim")
SCOPES_OF_EVENTS = {"app_mention": {"app_mentions:read"}, "app_home_opened": set[str]()}
BUTTONS = (
    ids.act("approve"),
    ids.MORE,
    ids.VIEW,
    ids.VIEW_RUN,
    ids.VIEW_TURN,
    ids.RETRY,
    ids.GRANT,
    ids.FORK,
    ids.LINK,
    ids.INPUT,
    ids.FORM_BACK,
    ids.REST,
    ids.REVEAL,
    f"{ids.PAGE}:1",
    f"{ids.HOME_PAGE}:1",
    ids.STOP_RUN,
)
MODALS = (ids.ANSWER, ids.START, ids.STOP, ids.REST, ids.HAND_OVER)


@pytest.fixture
async def bolt(open_office: OpenOffice) -> Any:
    async with open_office({"refund": asking("Which?")}) as office:
        yield office.bot.bolt


async def heard_by(app: AsyncApp, body: Json) -> list[str]:
    """Names of the listeners that would take this, the first of which gets it."""
    request = AsyncBoltRequest(mode="socket_mode", body=body)
    return [
        listener.ack_function.__name__
        for listener in app._async_listeners
        if await listener.async_matches(req=request, resp=BoltResponse(status=200))
    ]


def event(kind: str) -> Json:
    """The least of an event that the manifest subscribes to."""
    body: Json = {"type": "event_callback", "team_id": cast.TEAM_ID}
    if kind in KINDS:
        return {**body, "event": {"type": "message", "channel_type": KINDS[kind]}}
    return {**body, "event": {"type": kind}}


async def test_every_command_and_event_of_the_manifest_has_a_listener(bolt: AsyncApp) -> None:
    manifest = load_manifest()
    for command in manifest["features"]["slash_commands"]:
        assert (await heard_by(bolt, {"command": command["command"]}))[0] == "agent"
    for kind in manifest["settings"]["event_subscriptions"]["bot_events"]:
        assert (await heard_by(bolt, event(kind)))[0] != "ignored", kind
    for shortcut in manifest["features"]["shortcuts"]:
        assert (await heard_by(bolt, {"type": "message_action", "callback_id": shortcut["callback_id"]}))[0] == "used"


async def test_every_listener_is_asked_for_in_the_manifest() -> None:
    manifest = load_manifest()
    source = "".join(path.read_text() for path in Path(handlers.__file__).parent.glob("*.py"))
    listened = set(re.findall(r'(?:app\.event|hears)\("(\w+)"', source))
    subscribed = {kind.split(".")[0] for kind in manifest["settings"]["event_subscriptions"]["bot_events"]}
    assert listened == subscribed
    assert re.findall(r"app\.command\((\w+)\)", source) == ["COMMAND"]
    assert [one["callback_id"] for one in manifest["features"]["shortcuts"]] == [ids.ASK_AGENT]
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == ["/agent"]


async def test_every_button_and_modal_of_ours_has_a_listener_of_its_own(bolt: AsyncApp) -> None:
    anything = await heard_by(bolt, {"type": "block_actions", "actions": [{"type": "button", "action_id": "nobodys"}]})
    for action_id in BUTTONS:
        actions = [{"type": "button", "action_id": action_id, "block_id": "b"}]
        heard = await heard_by(bolt, {"type": "block_actions", "actions": actions})
        assert len(heard) > len(anything), action_id
    for callback_id in MODALS:
        heard = await heard_by(bolt, {"type": "view_submission", "view": {"type": "modal", "callback_id": callback_id}})
        assert heard[0] != "unknown"


def test_no_name_is_forgotten_here() -> None:
    """What people can press or submit; the rest are parts of other names, or of views that only show."""
    names = {value for key, value in vars(ids).items() if key.isupper() and not key.startswith("_")}
    pressed = {action_id.split(":")[0] for action_id in BUTTONS} | set(MODALS)
    typed = {ids.AUDIT, ids.HISTORY}
    menu = {ids.ASK_AGENT, ids.WITHDRAW, ids.REMIND}
    assert names - pressed - typed - menu == {ids.NOTICE, ids.DETAILS, ids.NOTE, ids.REASON, ids.TEXT}


def test_the_scopes_are_those_of_the_calls_and_events() -> None:
    manifest = load_manifest()
    called = set(re.findall(r'"((?:\w+\.)+\w+)"', Path(handlers.slack.__file__).read_text()))
    needed = {"commands"}
    for method in called:
        scope = METHODS[method].scope
        action = "read" if method == "conversations.members" else "history"
        needed |= {f"{kind}:{action}" for kind in CONVERSATIONS} if callable(scope) else {scope} if scope else set()
    for kind in manifest["settings"]["event_subscriptions"]["bot_events"]:
        needed |= SCOPES_OF_EVENTS.get(kind, {f"{kind.removeprefix('message.')}:history"})
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed
