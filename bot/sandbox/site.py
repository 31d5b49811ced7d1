"""What the Web API, the people and the page have in common: the workspace and the rights it hands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.app_profile import AppProfile
from bot.sandbox.capabilities import ResponseUrls, Triggers
from bot.sandbox.cast import Channel
from bot.sandbox.changes import Changes
from bot.sandbox.persistence import Documents
from bot.sandbox.views import Views
from bot.sandbox.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class Site:
    """Everything behind the Web API and behind what people do."""

    workspace: Workspace
    views: Views
    triggers: Triggers
    responses: ResponseUrls
    profile: AppProfile
    documents: Documents
    changes: Changes
    now: Callable[[], float]
    url: str = ""
    """`http://host:port`, known once the server listens."""

    def response_url(self, key: str) -> str:
        return f"{self.url}/response/{key}"

    def conversation(self, reference: str) -> Channel:
        """By id, or a person's id for their direct message, or `#name`."""
        if reference.startswith("#"):
            named = (one for one in self.workspace.channels.values() if f"#{one.name}" == reference)
            reference = next((one.id for one in named if one.kind == "channel"), "")
        if reference.startswith("U") and reference in self.workspace.members:
            return self.workspace.im_of(reference)
        return self.workspace.channel(reference)
