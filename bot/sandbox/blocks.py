"""Reading blocks: where their interactive elements are, and the ids Slack gives to those that have none."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_STATELESS = frozenset(
    {"button", "overflow", "image", "icon_button", "feedback_buttons", "workflow_button", "plain_text", "mrkdwn"}
)
"""Elements that never appear in `state.values`."""


def nested(blocks: list[Json]) -> Iterator[Json]:
    """Every block, those inside containers and carousels included, top to bottom."""
    for block in blocks:
        yield block
        if block["type"] == "container":
            yield from nested(block["child_blocks"])
        elif block["type"] == "carousel":
            yield from nested(block["elements"])


def _elements_of(block: Json) -> list[Json]:
    match block["type"]:
        case "actions" | "context_actions":
            return list(block["elements"])
        case "section":
            return [block["accessory"]] if "accessory" in block else []
        case "input":
            return [block["element"]]
        case "card":
            return list(block.get("actions", ()))
        case _:
            return []


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """(block, element) for each element a person can use."""
    for block in nested(blocks):
        for element in _elements_of(block):
            if element["type"] != "image":
                yield block, element


def stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """(block, element) for each element that holds a value."""
    return ((block, element) for block, element in elements(blocks) if element["type"] not in _STATELESS)


def with_ids(blocks: list[Json]) -> list[Json]:
    """A copy of the blocks with a random block_id and action_id wherever the app gave none."""
    copied = copy.deepcopy(blocks)
    for block in nested(copied):
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in _elements_of(block):
            if element["type"] != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return copied
