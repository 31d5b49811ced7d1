"""Filling in a modal the way a person describes it: `{"Amount": "200", "Notify": True, "Due": "2026-01-31"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.gestures import options_of
from bot.sandbox.inputs import VALUE_KEYS, entry, nothing
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]

_YES, _NO = ("yes", "true", "on"), ("no", "false", "off")


def fill(view: Json, values: Mapping[str, Any], workspace: Workspace) -> Json:
    """`state.values` entries for what is given, by input label or block_id; AssertionError names what there is."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    filled: Json = {key: dict(held) for key, held in view["state"]["values"].items()}
    for name, value in values.items():
        block = _block(inputs, name)
        element = block["element"]
        held = entry(element, _value(element, value, workspace))
        filled.setdefault(block["block_id"], {})[element["action_id"]] = held
    return filled


def _block(inputs: list[Json], name: str) -> Json:
    found = [block for block in inputs if name in (block["label"]["text"], block["block_id"])]
    if len(found) != 1:
        labels = [block["label"]["text"] for block in inputs]
        raise AssertionError(f"{len(found)} inputs are called {name!r}; the modal has {labels}")
    return found[0]


def _value(element: Json, value: Any, workspace: Workspace) -> Any:
    """`value` in the shape of the element's value key. None empties the input."""
    key = VALUE_KEYS[element["type"]]
    match key:
        case _ if value is None:
            return nothing(element)
        case "selected_option":
            return _option(element, value)
        case "selected_options":
            return [_option(element, one) for one in _listed(element, value)]
        case "selected_user":
            return _user(workspace, value)
        case "selected_users":
            return [_user(workspace, one) for one in value]
        case "rich_text_value":
            return _rich_text(str(value))
        case "value":
            return str(value)
        case _:
            return value


def _listed(element: Json, value: Any) -> list[Any]:
    """A single checkbox may be given as True or False."""
    if isinstance(value, bool):
        return [options_of(element)[0]["text"]["text"]] if value else []
    return [value] if isinstance(value, str) else list(value)


def _option(element: Json, label: Any) -> Json:
    options = options_of(element)
    wanted = {True: _YES, False: _NO}.get(label) if isinstance(label, bool) else (str(label).lower(),)
    for option in options:
        if wanted and {option["text"]["text"].lower(), option["value"].lower()} & set(wanted):
            return option
    raise AssertionError(f"no option {label!r}; there are {[option['text']['text'] for option in options]}")


def _user(workspace: Workspace, name: str) -> str:
    for member in workspace.members.values():
        if name in (member.id, member.name):
            return member.id
    raise AssertionError(f"no person {name!r}; there are {[member.name for member in workspace.members.values()]}")


def _rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}
