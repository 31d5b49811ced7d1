"""What Slack knows about the installed app: its name, commands, shortcuts, scopes and subscriptions.

Read from a parsed app manifest. Without one everything is allowed and `/agent` exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AppProfile:
    """`None` for `scopes` or `events` means: all of them."""

    name: str = "Andon"
    commands: tuple[dict[str, Any], ...] = ({"command": "/agent", "description": "Talk to an agent", "usage_hint": ""},)
    shortcuts: tuple[dict[str, Any], ...] = ()
    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any] | None) -> AppProfile:
        """Raises KeyError when the manifest has no bot user: such an app cannot be installed as a bot."""
        if manifest is None:
            return cls()
        features = manifest["features"]
        subscriptions = manifest.get("settings", {}).get("event_subscriptions", {})
        return cls(
            name=features["bot_user"]["display_name"],
            commands=tuple(features.get("slash_commands", ())),
            shortcuts=tuple(features.get("shortcuts", ())),
            scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            events=frozenset(subscriptions.get("bot_events", ())),
        )

    def command(self, name: str) -> dict[str, Any] | None:
        return next((command for command in self.commands if command["command"] == name), None)

    def has_shortcut(self, callback_id: str) -> bool:
        return self.scopes is None or any(one["callback_id"] == callback_id for one in self.shortcuts)

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes

    def listens_to(self, event: str) -> bool:
        """`event` as the manifest names it: `message.im`, `app_mention`, …"""
        return self.events is None or event in self.events
