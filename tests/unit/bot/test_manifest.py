"""The manifest is what Slack will accept, asks for no more than is used, and differs for HTTP in addresses only."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.errors import ConfigurationError
from bot.manifest import http_variant, load_manifest, manifest_text

ROOT = Path(__file__).parents[3]
URL = "https://bot.example.com/slack/events"

# Why the bot may do what it may: each scope with the event, or else the Web API method, that needs it.
NEEDED_FOR = {
    "app_mentions:read": "app_mention",
    "channels:history": "message.channels",
    "channels:read": "conversations.members",
    "chat:write": "chat.postMessage",
    "commands": "/agent",
    "files:write": "files.completeUploadExternal",
    "groups:history": "message.groups",
    "groups:read": "conversations.members",
    "im:history": "message.im",
    "im:read": "conversations.members",
    "im:write": "conversations.open",
    "mpim:history": "message.mpim",
    "mpim:read": "conversations.members",
    "reactions:write": "reactions.add",
    "usergroups:read": "usergroups.users.list",
    "users:read": "users.info",
}
EVENTS_WITHOUT_SCOPE = {"app_home_opened"}


@pytest.fixture(params=["socket mode", "http"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    socket_mode = load_manifest()
    return socket_mode if request.param == "socket mode" else http_variant(socket_mode, "https://bot.example.com")


def test_the_file_at_top_level_is_the_source() -> None:
    assert manifest_text() == (ROOT / "manifest.yml").read_text(encoding="utf-8")


def test_names_and_texts_are_within_slacks_limits(manifest: dict[str, Any]) -> None:
    about = manifest["display_information"]
    assert 1 <= len(about["name"]) <= 35
    assert 1 <= len(about["description"]) <= 140
    assert 1 <= len(manifest["features"]["bot_user"]["display_name"]) <= 80
    for command in manifest["features"]["slash_commands"]:
        assert command["command"].startswith("/")
        assert 2 <= len(command["command"]) <= 32
        assert 1 <= len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_every_event_and_the_command_have_their_scope_and_no_scope_is_for_nothing(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert scopes == sorted(NEEDED_FOR)
    events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    needed_for_events = {event for event in NEEDED_FOR.values() if event.startswith(("message.", "app_"))}
    assert events == needed_for_events | EVENTS_WITHOUT_SCOPE


def test_people_can_write_to_the_bot_and_open_its_home(manifest: dict[str, Any]) -> None:
    assert manifest["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert manifest["settings"]["interactivity"]["is_enabled"]


def test_socket_mode_is_the_default_and_needs_no_address() -> None:
    manifest = load_manifest()
    assert manifest["settings"]["socket_mode_enabled"]
    assert "url" not in json.dumps(manifest)


def test_for_http_only_the_switch_and_the_addresses_change() -> None:
    manifest = load_manifest()
    variant = http_variant(manifest, "https://bot.example.com/")
    assert manifest == load_manifest()
    assert variant["settings"].pop("socket_mode_enabled") is False
    assert variant["settings"]["event_subscriptions"].pop("request_url") == URL
    assert variant["settings"]["interactivity"].pop("request_url") == URL
    assert [command.pop("url") for command in variant["features"]["slash_commands"]] == [URL]
    del manifest["settings"]["socket_mode_enabled"]
    assert variant == manifest


def test_the_text_for_http_is_the_http_variant() -> None:
    assert yaml.safe_load(manifest_text("https://bot.example.com")) == http_variant(load_manifest(), URL)


@pytest.mark.parametrize(
    "base_url", ["http://bot.example.com", "bot.example.com", "https://", "https://a.b?x=1", "https://[x", ""]
)
def test_an_address_slack_would_refuse_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="no address that Slack can call"):
        http_variant(load_manifest(), base_url)


def test_slacks_own_schemas_accept_it_where_they_are_at_hand(manifest: dict[str, Any]) -> None:
    """Slack's schemas are not ours to ship; a checkout that has them beside it (../shared) is held to them."""
    for path in (ROOT.parent / "shared").glob("slack-manifest.schema.*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        assert [error.message for error in Draft7Validator(schema).iter_errors(manifest)] == []
