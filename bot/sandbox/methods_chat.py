"""chat.* and reactions.*: what the bot says."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast, payloads
from bot.sandbox.cast import Channel
from bot.sandbox.errors import RefusalError
from bot.sandbox.methods import Args, Method
from bot.sandbox.outgoing import CONTENT, bot_message, checked, with_something_to_say
from bot.sandbox.site import Site

Json = dict[str, Any]

UPDATE_TEXT_LIMIT = 4_000
_STRUCTURES = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
}
"""Arguments that may come as JSON text, with the error code for text that is none."""


def post_message(site: Site, args: Args) -> Json:
    channel = member_channel(site, site.conversation(args.required("channel")))
    content = with_something_to_say(_content(args))
    thread_ts = root_of(site, channel, args)
    if args.flag("reply_broadcast"):
        content["subtype"] = "thread_broadcast"
    message = site.workspace.post(channel.id, bot_message(site, content), thread_ts)
    return {"channel": channel.id, "ts": message["ts"], "message": payloads.message(message)}


def update(site: Site, args: Args) -> Json:
    channel = site.workspace.channel(args.required("channel"))
    ts = args.required("ts")
    message = own_message(site, channel, ts, "cant_update_message")
    if message.get("streaming"):
        raise RefusalError("streaming_state_conflict")
    if len(args.text("text") or "") > UPDATE_TEXT_LIMIT:
        raise RefusalError("msg_too_long")
    changed: Json = _content(args)
    if not changed.keys() & {"text", "blocks", "attachments"}:
        raise RefusalError("no_text")
    if changed.get("text") and "blocks" not in changed:
        # Text alone replaces the blocks, and only then does Slack mark the message as edited.
        changed["blocks"] = None
        changed["edited"] = {"user": cast.BOT_USER_ID, "ts": ts}
    if changed.get("metadata") == {}:
        changed["metadata"] = None
    with_something_to_say({"text": message["text"], **changed})
    new = site.workspace.update(channel.id, ts, changed)
    return {"channel": channel.id, "ts": ts, "text": new["text"], "message": payloads.message(new)}


def delete(site: Site, args: Args) -> Json:
    channel = site.workspace.channel(args.required("channel"))
    ts = args.required("ts")
    own_message(site, channel, ts, "cant_delete_message")
    site.workspace.delete(channel.id, ts)
    return {"channel": channel.id, "ts": ts}


def post_ephemeral(site: Site, args: Args) -> Json:
    channel = member_channel(site, site.conversation(args.required("channel")))
    user = args.required("user")
    if user not in channel.members:
        raise RefusalError("user_not_in_channel")
    content = with_something_to_say(_content(args))
    if thread_ts := root_of(site, channel, args):
        content["thread_ts"] = thread_ts
    whispered = site.workspace.whisper(user, channel.id, bot_message(site, content))
    return {"message_ts": whispered["ts"]}


def get_permalink(site: Site, args: Args) -> Json:
    channel = site.workspace.channel(args.required("channel"))
    ts = args.required("message_ts")
    message = site.workspace.message(channel.id, ts)
    link = f"{site.url}/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.get("thread_ts", ts) != ts:
        link += f"?thread_ts={message['thread_ts']}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def add_reaction(site: Site, args: Args) -> Json:
    channel, ts, name = _reaction_target(site, args)
    site.workspace.react(cast.BOT_USER_ID, channel.id, ts, name)
    return {}


def remove_reaction(site: Site, args: Args) -> Json:
    channel, ts, name = _reaction_target(site, args)
    site.workspace.unreact(cast.BOT_USER_ID, channel.id, ts, name)
    return {}


def get_reactions(site: Site, args: Args) -> Json:
    channel = site.workspace.channel(args.required("channel"))
    message = site.workspace.message(channel.id, args.required("timestamp"))
    return {"type": "message", "channel": channel.id, "message": payloads.message(message)}


def _content(args: Args) -> Json:
    """The checked content of a call's arguments."""
    content: Json = {name: args.text(name) for name in ("text", "markdown_text") if name in args}
    for name, wrong in _STRUCTURES.items():
        if name in args:
            content[name] = args.structure(name, wrong)
    return checked(content)


def member_channel(site: Site, channel: Channel) -> Channel:
    """The conversation, if the bot may write in it."""
    if cast.BOT_USER_ID not in channel.members and not site.profile.may("chat:write.public"):
        raise RefusalError("not_in_channel")
    return channel


def root_of(site: Site, channel: Channel, args: Args) -> str | None:
    """The thread to reply in. Slack wants the parent's ts; a reply's ts would start a thread nobody sees."""
    thread_ts = args.text("thread_ts")
    if thread_ts is None:
        return None
    try:
        root = site.workspace.message(channel.id, thread_ts)
    except RefusalError:
        raise RefusalError("thread_not_found") from None
    if root.get("thread_ts", thread_ts) != thread_ts:
        raise RefusalError("cannot_reply_to_message")
    return thread_ts


def own_message(site: Site, channel: Channel, ts: str, otherwise: str) -> Json:
    """A message of the bot; `otherwise`: the error code where it is somebody else's."""
    message = site.workspace.message(channel.id, ts)
    if message.get("bot_id") != cast.BOT_ID:
        raise RefusalError(otherwise)
    return message


def _reaction_target(site: Site, args: Args) -> tuple[Channel, str, str]:
    channel = member_channel(site, site.workspace.channel(args.required("channel")))
    return channel, args.required("timestamp"), args.required("name").strip(":")


_CONTENT = CONTENT | {"channel", "parse", "link_names"}
_UNFURL = {"unfurl_links", "unfurl_media"}
METHODS = {
    "chat.postMessage": Method(
        run=post_message,
        scope="chat:write",
        args=_CONTENT | _UNFURL | {"thread_ts", "reply_broadcast"},
    ),
    "chat.update": Method(
        run=update,
        scope="chat:write",
        args=_CONTENT | _UNFURL | {"ts"},
    ),
    "chat.delete": Method(run=delete, scope="chat:write", args=frozenset({"channel", "ts"})),
    "chat.postEphemeral": Method(
        run=post_ephemeral,
        scope="chat:write",
        args=_CONTENT - {"metadata"} | {"user", "thread_ts"},
    ),
    "chat.getPermalink": Method(run=get_permalink, args=frozenset({"channel", "message_ts"})),
    "reactions.add": Method(run=add_reaction, scope="reactions:write"),
    "reactions.remove": Method(run=remove_reaction, scope="reactions:write"),
    "reactions.get": Method(run=get_reactions, scope="reactions:read"),
}
