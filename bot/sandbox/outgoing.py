"""What an app wants to say, checked as Slack checks it, on whatever way it comes."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.blockkit import Problem, check_message
from bot.sandbox.blocks import with_ids
from bot.sandbox.errors import RefusalError
from bot.sandbox.site import Site

Json = dict[str, Any]

CONTENT = frozenset({"text", "markdown_text", "blocks", "attachments", "metadata"})
"""The fields of a message that an app may send."""
TEXT_LIMIT = 40_000
METADATA_LIMIT = 8_000  # characters of JSON; Slack does not publish its own number


def checked(content: Json) -> Json:
    """The content as it is stored, blocks with their ids; raises Slack's refusals."""
    _check_texts(content)
    problems = check_message(content)
    for name, code in (("metadata", "invalid_metadata_schema"), ("attachments", "invalid_attachments")):
        if any(problem.pointer.startswith(f"/{name}") for problem in problems):
            raise refusal_of(problems, code)
    if problems:
        raise refusal_of(problems, "invalid_blocks")
    if len(json.dumps(content.get("metadata", {}))) > METADATA_LIMIT:
        raise RefusalError("metadata_too_large")
    stored = dict(content)
    if "markdown_text" in stored:
        stored["text"] = stored.pop("markdown_text")
    if "blocks" in stored:
        stored["blocks"] = with_ids(stored["blocks"])
    return stored


def with_something_to_say(content: Json) -> Json:
    """The content, unless it is empty."""
    if not (content.get("text") or content.get("blocks") or content.get("attachments")):
        raise RefusalError("no_text")
    return content


def refusal_of(problems: list[Problem], code: str) -> RefusalError:
    lines = [f"[ERROR] {problem.message} [json-pointer:{problem.pointer}]" for problem in problems]
    return RefusalError(code, response_metadata={"messages": lines})


def bot_message(site: Site, content: Json) -> Json:
    """The content, with the bot as its author."""
    return {"text": "", **content, **payloads.bot_author(site.profile.name)}


def _check_texts(content: Json) -> None:
    if "markdown_text" in content and ("text" in content or "blocks" in content):
        raise RefusalError("markdown_text_conflict")
    for name in ("text", "markdown_text"):
        if isinstance(content.get(name), str) and len(content[name]) > TEXT_LIMIT:
            raise RefusalError("msg_too_long")
