"""What a Web API method is, and what it may touch. The methods themselves are in the `methods_*` modules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.app_profile import AppProfile
from bot.sandbox.blockkit import Problem, check_message
from bot.sandbox.capabilities import ResponseUrls, Triggers
from bot.sandbox.cast import Channel
from bot.sandbox.changes import Changes
from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.persistence import Documents
from bot.sandbox.views import Views
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]

TEXT_LIMIT = 40_000
_TRUE = frozenset({"1", "true", True})


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


class Args:
    """The arguments of one call. Structures may come as JSON text, flags as `1` or `true`, as in Slack."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = {name: value for name, value in given.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, str):
            raise refuse_arguments(f"must be a string [json-pointer:/{name}]")
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise refuse_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        return self.given.get(name) in _TRUE

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise refuse_arguments(f"must be an integer [json-pointer:/{name}]") from None

    def moment(self, name: str, default: float) -> float:
        """A ts, in seconds."""
        try:
            return float(self.given.get(name) or default)
        except (TypeError, ValueError):
            raise RefusalError(f"invalid_ts_{name}") from None

    def structure(self, name: str, wrong: str) -> Any:
        """A list or an object; `wrong` is the error code when the text is no JSON."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise RefusalError(wrong) from None


Run = Callable[[Site, Args], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """`scope` may be a function of the site and the arguments, where it depends on the kind of conversation."""

    run: Run
    scope: str | Callable[[Site, Args], str] | None = None
    args: frozenset[str] | None = None
    """All arguments there are; None: not checked."""
    token: str = "bot"  # noqa: S105  the kind of token, not a token
    """`bot`, `app` or `none`."""

    def needed_scope(self, site: Site, args: Args) -> str | None:
        return self.scope(site, args) if callable(self.scope) else self.scope


def scope_by_kind(action: str) -> Callable[[Site, Args], str]:
    """`channels:history` in a channel, `im:history` in a direct message."""

    def scope(site: Site, args: Args) -> str:
        reference = args.given.get("channel")
        known = site.workspace.channels.get(str(reference))
        return f"im:{action}" if known is not None and known.kind == "im" else f"channels:{action}"

    return scope


def page_of(items: list[Json], args: Args, default: int) -> tuple[list[Json], Json]:
    """One page of a listing and the answer's paging fields. A cursor is the number of items already seen."""
    limit = args.number("limit", default) or default
    start = args.number("cursor", 0) if args.given.get("cursor") else 0
    more = start + limit < len(items)
    cursor = {"next_cursor": str(start + limit) if more else ""}
    return items[start : start + limit], {"has_more": more, "response_metadata": cursor}


def content_of(args: Args) -> Json:
    """The checked text, blocks, attachments and metadata of a message to send; raises Slack's refusals."""
    payload: Json = {}
    for name, wrong in (
        ("blocks", "invalid_blocks_format"),
        ("attachments", "invalid_attachments"),
        ("metadata", "invalid_metadata_format"),
    ):
        if name in args:
            payload[name] = args.structure(name, wrong)
    for name in ("text", "markdown_text"):
        if name in args:
            payload[name] = args.text(name)
    check_sendable(payload)
    if "markdown_text" in payload:
        payload["text"] = payload.pop("markdown_text")
    return payload


def check_sendable(payload: Json) -> None:
    if "markdown_text" in payload and ("text" in payload or "blocks" in payload):
        raise RefusalError("markdown_text_conflict")
    if len(payload.get("text") or payload.get("markdown_text") or "") > TEXT_LIMIT:
        raise RefusalError("msg_too_long")
    problems = check_message(payload)
    for name, code in (("metadata", "invalid_metadata_schema"), ("attachments", "invalid_attachments")):
        if any(problem.pointer.startswith(f"/{name}") for problem in problems):
            raise refusal_of(problems, code)
    if problems:
        raise refusal_of(problems, "invalid_blocks")
    if len(json.dumps(payload.get("metadata", {}))) > METADATA_LIMIT:
        raise RefusalError("metadata_too_large")


METADATA_LIMIT = 8_000  # characters of JSON; Slack does not publish its own number


def refusal_of(problems: list[Problem], code: str) -> RefusalError:
    lines = [f"[ERROR] {problem.message} [json-pointer:{problem.pointer}]" for problem in problems]
    return RefusalError(code, response_metadata={"messages": lines})


def bot_message(site: Site, content: Json) -> Json:
    return {"text": "", **content, **payloads.bot_author(site.profile.name)}
