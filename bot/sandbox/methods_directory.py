"""auth.*, users.*, usergroups.*, bots.* and conversations.*: who and what there is to read."""

from __future__ import annotations

import math
from typing import Any

from bot.sandbox import cast, payloads
from bot.sandbox.cast import Channel
from bot.sandbox.errors import RefusalError
from bot.sandbox.methods import Args, Method, page_of, scope_by_kind
from bot.sandbox.site import Site

Json = dict[str, Any]


def api_test(_site: Site, args: Args) -> Json:
    if "error" in args:
        raise RefusalError(args.required("error"), args=args.given)
    return {"args": args.given} if args.given else {}


def auth_test(site: Site, _args: Args) -> Json:
    return {
        "url": f"{site.url}/",
        "team": cast.TEAM_NAME,
        "user": site.workspace.bot.name,
        "team_id": cast.TEAM_ID,
        "user_id": cast.BOT_USER_ID,
        "bot_id": cast.BOT_ID,
        "is_enterprise_install": False,
    }


def users_info(site: Site, args: Args) -> Json:
    member = site.workspace.member(args.required("user"))
    return {"user": {**member.as_user(), **({"locale": member.locale} if args.flag("include_locale") else {})}}


def users_conversations(site: Site, args: Args) -> Json:
    """The channels that the bot is in; of `types`, these are the only ones here."""
    kinds = (args.text("types") or "public_channel").split(",")
    if not set(kinds) <= {"public_channel", "private_channel", "mpim", "im"}:
        raise RefusalError("invalid_types")
    ours = [
        one for one in site.workspace.channels.values() if one.kind == "channel" and cast.BOT_USER_ID in one.members
    ]
    page, paging = page_of([one.as_conversation() for one in ours if "public_channel" in kinds], args, 100)
    return {"channels": page, "response_metadata": paging["response_metadata"]}


def users_list(site: Site, args: Args) -> Json:
    users = [member.as_user() for member in site.workspace.members.values()]
    page, paging = page_of(users, args, 1000)
    return {"members": page, "response_metadata": paging["response_metadata"]}


def usergroups_list(site: Site, args: Args) -> Json:
    with_users = args.flag("include_users")
    groups = [
        {**group.as_usergroup(), **({"users": list(group.users)} if with_users else {})}
        for group in site.workspace.user_groups.values()
    ]
    return {"usergroups": groups}


def usergroups_users_list(site: Site, args: Args) -> Json:
    group = site.workspace.user_groups.get(args.required("usergroup"))
    if group is None:
        raise RefusalError("no_such_subteam")
    return {"users": list(group.users)}


def bots_info(site: Site, args: Args) -> Json:
    if args.text("bot") not in (None, cast.BOT_ID):
        raise RefusalError("bot_not_found")
    return {"bot": payloads.bot_profile(site.profile.name)}


def conversations_open(site: Site, args: Args) -> Json:
    channel = args.text("channel")
    if channel is not None:
        return {"channel": site.workspace.channel(channel).as_conversation()}
    users = args.required("users").split(",")
    if len(users) != 1:
        raise RefusalError("method_not_supported_for_channel_type")
    member = site.workspace.member(users[0])
    if member.is_bot:
        raise RefusalError("cannot_dm_bot")
    if member.deleted:
        raise RefusalError("user_disabled")
    opened = site.workspace.im_of(member.id)
    if not args.flag("return_im"):
        return {"channel": {"id": opened.id}}
    return {"channel": opened.as_conversation()}


def conversations_info(site: Site, args: Args) -> Json:
    return {"channel": site.workspace.channel(args.required("channel")).as_conversation()}


def conversations_members(site: Site, args: Args) -> Json:
    channel = site.workspace.channel(args.required("channel"))
    page, paging = page_of([{"id": user} for user in channel.members], args, 100)
    return {"members": [one["id"] for one in page], "response_metadata": paging["response_metadata"]}


def conversations_history(site: Site, args: Args) -> Json:
    """Top-level messages, newest first."""
    channel = _readable(site, args)
    shown = [
        message
        for message in _between(site.workspace.messages(channel.id), args)
        if message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"
    ]
    return _listing(shown[::-1], args, 100)


def conversations_replies(site: Site, args: Args) -> Json:
    """A thread, oldest first, the root leading."""
    channel = _readable(site, args)
    thread = site.workspace.thread(channel.id, args.required("ts"))
    return _listing([thread[0], *_between(thread[1:], args)], args, 1000)


def _readable(site: Site, args: Args) -> Channel:
    channel = site.workspace.channel(args.required("channel"))
    if cast.BOT_USER_ID not in channel.members:
        raise RefusalError("not_in_channel")
    return channel


def _between(messages: list[Json], args: Args) -> list[Json]:
    oldest, latest = args.moment("oldest", 0.0), args.moment("latest", math.inf)
    bounds = (oldest, latest) if args.flag("inclusive") else ()
    return [message for message in messages if oldest < float(message["ts"]) < latest or float(message["ts"]) in bounds]


def _listing(messages: list[Json], args: Args, default: int) -> Json:
    page, paging = page_of(messages, args, default)
    with_metadata = args.flag("include_all_metadata")
    return {"messages": [payloads.message(one, with_metadata=with_metadata) for one in page], **paging}


METHODS = {
    "api.test": Method(run=api_test, token="none"),  # noqa: S106  the kind of token
    "auth.test": Method(run=auth_test),
    "users.info": Method(run=users_info, scope="users:read"),
    "users.conversations": Method(run=users_conversations, scope="channels:read"),
    "users.list": Method(run=users_list, scope="users:read"),
    "usergroups.list": Method(run=usergroups_list, scope="usergroups:read"),
    "usergroups.users.list": Method(run=usergroups_users_list, scope="usergroups:read"),
    "bots.info": Method(run=bots_info, scope="users:read"),
    "conversations.open": Method(run=conversations_open, scope="im:write"),
    "conversations.info": Method(run=conversations_info, scope=scope_by_kind("read")),
    "conversations.members": Method(run=conversations_members, scope=scope_by_kind("read")),
    "conversations.history": Method(run=conversations_history, scope=scope_by_kind("history")),
    "conversations.replies": Method(run=conversations_replies, scope=scope_by_kind("history")),
}
