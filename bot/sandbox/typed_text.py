"""What Slack's client makes of the text a person types: entities, mentions, channel references, links."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PARTS = re.compile(r"<[@#!][^<>\s]+>|https?://[^\s<>|]+|[@#][\w-]+|[&<>]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def as_slack_text(typed: str, names: Mapping[str, str]) -> str:
    """Slack's form of `typed`. `names` maps `@ana` and `#refunds` to `<@U0ANA>` and `<#C0REFUNDS|refunds>`;
    references already in angle brackets stay, so that a test may write them directly.
    """

    def replace(match: re.Match[str]) -> str:
        part = match.group()
        if part in _ENTITIES:
            return _ENTITIES[part]
        if part.startswith("http"):
            return f"<{part}>"
        return names.get(part.lower(), part)

    return _PARTS.sub(replace, typed)
