"""The workspace in a few lines of text: what a failed `until` prints."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from bot.sandbox.blocks import elements
from bot.sandbox.site import Site
from bot.sandbox.traffic import Traffic

Json = dict[str, Any]

_LAST_MESSAGES = 8
_LAST_TRAFFIC = 12


def transcript(site: Site, traffic: Traffic) -> str:
    lines = []
    for channel in site.workspace.channels.values():
        messages = site.workspace.messages(channel.id)[-_LAST_MESSAGES:]
        lines += [f"#{channel.name}", *(f"  {_line(site, message)}" for message in messages)] if messages else []
    for person in cast.PEOPLE:
        lines += [f"only {person.name}: {_line(site, one)}" for one in site.workspace.ephemerals(person.id)]
        lines += [f"{person.name} has open: {view['title']['text']}" for view in site.views.stack(person.id)]
    entries = traffic.after(0)[-_LAST_TRAFFIC:]
    lines += [f"{entry['direction']} {entry['name']}: {entry['summary']}" for entry in entries]
    return "\n".join(lines) or "(nothing has happened)"


def _line(site: Site, message: Json) -> str:
    author = site.workspace.members.get(message.get("user", ""))
    indent = "↳ " if message.get("thread_ts", message["ts"]) != message["ts"] else ""
    buttons = [
        f"[{element['text']['text']}]" for _, element in elements(message.get("blocks", [])) if "text" in element
    ]
    return f"{indent}{author.name if author else 'slackbot'}: {message['text']} {' '.join(buttons)}".rstrip()
