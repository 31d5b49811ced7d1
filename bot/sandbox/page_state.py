"""What one person's page shows: the state when it opens, and which changes it then hears of. Pure reading."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from bot.sandbox.changes import Change
from bot.sandbox.site import Site

Json = dict[str, Any]

_ONLY_FOR_THE_BOT = frozenset({"reaction_added", "reaction_removed"})
_PAGE_KINDS = {"message_touched": "message_changed"}


def state_of(site: Site, user: str, *, connected: int, process: Json | None) -> Json:
    """Everything this person sees. RefusalError if there is nobody with that id."""
    me = site.workspace.member(user)
    channels = site.workspace.channels_of(user)
    return {
        "team": {"id": cast.TEAM_ID, "name": cast.TEAM_NAME},
        "me": _person(me),
        "bot": {"user_id": cast.BOT_USER_ID, "name": site.profile.name, "connected": connected},
        "people": [_person(member) for member in cast.PEOPLE],
        "channels": [_channel(channel) for channel in channels],
        "usergroups": [group.as_usergroup() for group in site.workspace.user_groups.values()],
        "messages": {channel.id: _seen_by(site, user, channel.id) for channel in channels},
        "home": site.views.home(user),
        "views": site.views.stack(user),
        "commands": [_command(one) for one in site.profile.commands],
        "shortcuts": [{key: one[key] for key in ("name", "callback_id", "type")} for one in site.profile.shortcuts],
        "process": process,
        "notice": [],
    }


def heard_by(user: str, channels: set[str], change: Change) -> Json | None:
    """The event for the page of a person in these channels, or None if they do not notice the change."""
    if change.kind in _ONLY_FOR_THE_BOT or change.user not in (None, user):
        return None
    if change.channel is not None and change.channel not in channels:
        return None
    body = {key: value for key, value in change.body.items() if key != "previous"}
    event = {"type": _PAGE_KINDS.get(change.kind, change.kind), **body}
    return event if change.channel is None else {**event, "channel": change.channel}


def _seen_by(site: Site, user: str, channel: str) -> list[Json]:
    seen = [*site.workspace.messages(channel), *site.workspace.ephemerals(user, channel)]
    return sorted(seen, key=lambda message: str(message["ts"]))


def _command(declared: Json) -> Json:
    optional = {key: declared.get(key, "") for key in ("description", "usage_hint")}
    return {"command": declared["command"], **optional}


def _person(member: cast.Member) -> Json:
    return {
        "id": member.id,
        "name": member.name,
        "real_name": member.real_name,
        "color": member.color,
        "team_id": member.team_id,
        "is_restricted": member.is_restricted,
        "locale": member.locale,
    }


def _channel(channel: cast.Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "user": channel.user,
        "is_ext_shared": channel.is_ext_shared,
        "members": list(channel.members),
    }
