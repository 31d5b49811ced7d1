"""The Slack app's manifest: `manifest.yml` for Socket Mode, and the same app for HTTP.

`bot/manifest.yml` is a link to the file at top level, which is the one to edit; a wheel carries its content.
"""

import re
from copy import deepcopy
from importlib.resources import files
from typing import Any

import yaml

from bot.errors import ConfigurationError

EVENTS_PATH = "/slack/events"
"""Where Slack sends everything over HTTP: commands, events and interactions."""


def manifest_text(base_url: str | None = None) -> str:
    """What to paste into Slack: the file with its comments, or the HTTP variant for the bot at `base_url`."""
    if base_url is None:
        return files("bot").joinpath("manifest.yml").read_text(encoding="utf-8")
    return yaml.safe_dump(http_variant(load_manifest(), base_url), allow_unicode=True, sort_keys=False)


def load_manifest() -> dict[str, Any]:
    """The manifest as Slack reads it."""
    manifest: dict[str, Any] = yaml.safe_load(manifest_text())
    return manifest


def http_variant(manifest: dict[str, Any], base_url: str) -> dict[str, Any]:
    """A copy in which Slack calls the bot at `base_url` instead of the bot connecting to Slack.

    Raises ConfigurationError where Slack would refuse the address.
    """
    url = _events_url(base_url)
    variant = deepcopy(manifest)
    variant["settings"]["socket_mode_enabled"] = False
    for caller in (variant["settings"]["event_subscriptions"], variant["settings"]["interactivity"]):
        caller["request_url"] = url
    for command in variant["features"]["slash_commands"]:
        command["url"] = url
    return variant


def _events_url(base_url: str) -> str:
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?(/[^\s?#]*)?", base_url, re.ASCII):
        raise ConfigurationError(
            [f"{base_url!r} is no address that Slack can call; give one such as https://bot.example.com."]
        )
    return base_url.rstrip("/").removesuffix(EVENTS_PATH) + EVENTS_PATH
