"""Values of input elements: what `state.values` holds, what a client checks before it submits.

One entry per element, `{"type": …, <its value key>: …}`, null when empty, exactly as Slack sends them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bot.sandbox.blocks import stateful

Json = dict[str, Any]

VALUE_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
}
_INITIAL_KEYS = {"value": "initial_value", "rich_text_value": "initial_value"}
_MANY = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})


def merge(blocks: list[Json], typed: Json) -> Json:
    """`state.values` of these blocks: what was typed where the ids still match, else what the app prefilled."""
    values: Json = {}
    for block, element in stateful(blocks):
        held = typed.get(block["block_id"], {}).get(element["action_id"])
        same = held is not None and held.get("type", element["type"]) == element["type"]
        entry = {"type": element["type"], **held} if same else initial(element)
        values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def initial(element: Json) -> Json:
    """An element's entry before anybody touched it."""
    key = VALUE_KEYS[element["type"]]
    prefilled = element.get(_INITIAL_KEYS.get(key, key.replace("selected_", "initial_")))
    return entry(element, nothing(element) if prefilled is None else prefilled)


def nothing(element: Json) -> Any:
    """The value of an empty element."""
    return [] if VALUE_KEYS[element["type"]] in _MANY else None


def entry(element: Json, value: Any) -> Json:
    """The entry of an element that holds `value`, given in Slack's own shape."""
    return {"type": element["type"], VALUE_KEYS[element["type"]]: value}


def complaints(blocks: list[Json], values: Json) -> dict[str, str]:
    """{block_id: words} for everything Slack's client refuses to submit."""
    found: dict[str, str] = {}
    for block, element in stateful(blocks):
        if block["type"] != "input":
            continue
        held = values[block["block_id"]][element["action_id"]][VALUE_KEYS[element["type"]]]
        words = _complaint(element, held, optional=block.get("optional", False))
        if words:
            found[block["block_id"]] = words
    return found


def _complaint(element: Json, held: Any, *, optional: bool) -> str | None:
    if held in (None, "", []):
        return None if optional else "Please complete this required field."
    match element["type"]:
        case "plain_text_input":
            return _length_complaint(element, held)
        case "number_input":
            return _number_complaint(element, held)
        case "email_text_input":
            return None if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", held) else "Please enter a valid email address."
        case "url_text_input":
            return None if re.fullmatch(r"https?://\S+", held) else "Please enter a valid URL."
        case "datepicker":
            return None if _is_date(held) else "Please enter a valid date."
        case _:
            return _count_complaint(element, held)


def _length_complaint(element: Json, text: str) -> str | None:
    if len(text) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(text) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return None


def _number_complaint(element: Json, text: str) -> str | None:
    pattern = r"[+-]?(\d+(\.\d*)?|\.\d+)" if element["is_decimal_allowed"] else r"[+-]?\d+"
    if not re.fullmatch(pattern, text):
        return "Please enter a valid number." if element["is_decimal_allowed"] else "Please enter a whole number."
    if "min_value" in element and float(text) < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and float(text) > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None


def _count_complaint(element: Json, held: Any) -> str | None:
    most = element.get("max_selected_items")
    if most is not None and isinstance(held, list) and len(held) > most:
        return f"Please choose at most {most}."
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
