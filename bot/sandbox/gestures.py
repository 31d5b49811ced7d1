"""From an element on the screen to the action Slack sends: what was pressed, chosen or picked.

The element's own text and value come from the blocks, never from the client; only a choice comes from outside.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.blocks import elements
from bot.sandbox.errors import NotPossibleError
from bot.sandbox.inputs import VALUE_KEYS

Json = dict[str, Any]

_FROM_ELEMENT = ("text", "value", "style", "placeholder", "confirm")
_CHOICES = frozenset({*VALUE_KEYS.values(), "value"})


def find(blocks: list[Json], block_id: str, action_id: str) -> tuple[Json, Json]:
    """(block, element) by ids; NotPossibleError if it is not there (any more)."""
    for block, element in elements(blocks):
        if (block["block_id"], element["action_id"]) == (block_id, action_id):
            return block, element
    raise NotPossibleError("That is not there any more. Look again and retry.")


def action(block: Json, element: Json, choice: Json) -> Json:
    """An entry of `actions` without its time. `choice` holds the value key of the element's type, if it has one."""
    kind = element["type"]
    made: Json = {"type": kind, "action_id": element["action_id"], "block_id": block["block_id"]}
    made |= {key: element[key] for key in _FROM_ELEMENT if key in element}
    if kind == "feedback_buttons":
        chosen = choice.get("value")
        sides = (element["positive_button"], element["negative_button"])
        return {**made, **next((side for side in sides if side["value"] == chosen), sides[0])}
    if kind == "overflow":
        return {**made, "selected_option": _option(element, choice.get("selected_option"))}
    if kind not in VALUE_KEYS:
        return made
    key = VALUE_KEYS[kind]
    if key not in choice:
        raise NotPossibleError(f"Choose something: {key} is missing.")
    if key == "selected_option" and choice[key] is not None and kind != "external_select":
        return {**made, key: _option(element, choice[key])}
    return {**made, key: choice[key]}


def choice_in(body: Json) -> Json:
    """The fields of a request that say what was chosen."""
    return {key: value for key, value in body.items() if key in _CHOICES}


def with_choice(state: Json, made: Json) -> Json:
    """The typed state, the choice of this action included: Slack sends the new value in both places."""
    key = VALUE_KEYS.get(made["type"])
    if key is None:
        return state
    block = {**state.get(made["block_id"], {}), made["action_id"]: {"type": made["type"], key: made[key]}}
    return {**state, made["block_id"]: block}


def options_of(element: Json) -> list[Json]:
    groups = [option for group in element.get("option_groups", ()) for option in group["options"]]
    return [*element.get("options", ()), *groups]


def _option(element: Json, chosen: Any) -> Json:
    value = chosen.get("value") if isinstance(chosen, dict) else chosen
    for option in options_of(element):
        if option["value"] == value:
            return option
    raise NotPossibleError("That option is not there any more. Look again and retry.")
