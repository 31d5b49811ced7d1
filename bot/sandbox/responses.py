"""Posts to a response_url: what an app may still say after an interaction."""

from __future__ import annotations

from typing import Any

from bot.sandbox.capabilities import ResponseUrl
from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.outgoing import CONTENT, bot_message, checked, with_something_to_say
from bot.sandbox.site import Site

Json = dict[str, Any]

_SWITCHES = frozenset({"response_type", "replace_original", "delete_original", "thread_ts"})
_IGNORED = frozenset({"unfurl_links", "unfurl_media", "mrkdwn", "parse", "link_names"})


def respond(site: Site, key: str, body: Json) -> Json:
    """Apply one post to a response_url; the answer is Slack's, as for a Web API method."""
    unknown = body.keys() - _SWITCHES - CONTENT - _IGNORED
    if unknown:
        raise refuse_arguments(*(f"unknown argument: {name}" for name in sorted(unknown)))
    target = site.responses.use(key)
    if body.get("delete_original"):
        _delete(site, target)
        return {"ok": True}
    content = sendable(body)
    if body.get("replace_original") and target.ts is not None:
        _replace(site, target, content)
    else:
        say(site, target.user, target.channel, content, body)
    return {"ok": True}


def sendable(body: Json) -> Json:
    """The checked content of an answer to an interaction; raises Slack's refusals."""
    return with_something_to_say(checked({name: body[name] for name in CONTENT if body.get(name) is not None}))


def say(site: Site, user: str, channel: str, content: Json, switches: Json) -> Json:
    """A new message from the app: ephemeral unless `response_type` says `in_channel`."""
    message = bot_message(site, content)
    if switches.get("response_type") == "in_channel":
        return site.workspace.post(channel, message, switches.get("thread_ts"))
    if switches.get("thread_ts"):
        message["thread_ts"] = switches["thread_ts"]
    return site.workspace.whisper(user, channel, message)


def _replace(site: Site, target: ResponseUrl, content: Json) -> None:
    changed = {"text": "", "blocks": None, "attachments": None, **content}
    if target.ephemeral:
        site.workspace.rewhisper(str(target.ts), changed)
    else:
        site.workspace.update(target.channel, str(target.ts), changed)


def _delete(site: Site, target: ResponseUrl) -> None:
    if target.ts is None:
        raise RefusalError("message_not_found")
    if target.ephemeral:
        site.workspace.rewhisper(target.ts, {})
    else:
        site.workspace.delete(target.channel, target.ts)
