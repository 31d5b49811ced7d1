"""The strict validator: does Slack accept this message, this view? All problems at once, with JSON pointers.

Shapes and limits are in `blockkit_blocks`, `blockkit_elements` and `blockkit_objects`; here is what concerns a
message or a view as a whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox import blockkit_blocks, blockkit_elements, blockkit_objects as objects
from bot.sandbox.blocks import elements, nested
from bot.sandbox.shapes import Check, Problem, anything, flag, list_of, shape, tagged, text

__all__ = ["Problem", "check_message", "check_view"]

Json = dict[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_CHARACTERS = 12_000
TABLE_CHARACTERS = {"table": 10_000, "data_table": 20_000}
MOST_PER_MESSAGE = {"table": (1, "only_one_table_allowed"), "data_visualization": (2, "no more than 2 charts allowed")}

_ATTACHMENT = shape(
    {},
    {
        **dict.fromkeys(("fallback", "pretext", "author_name", "title", "text", "footer"), text(40_000, 0)),
        **dict.fromkeys(
            ("author_link", "author_icon", "title_link", "image_url", "thumb_url", "footer_icon"), objects.web_url
        ),
        **dict.fromkeys(("color", "callback_id"), text(255)),
        **dict.fromkeys(("fields", "mrkdwn_in"), list_of(anything, most=100)),
        **dict.fromkeys(("ts", "id"), anything),
        "blocks": list_of(blockkit_blocks.any_block, most=MESSAGE_BLOCKS),
    },
)
_PRIVATE = {"private_metadata": text(3000, 0), "callback_id": text(255, 0), "external_id": text(255, 0)}
_VIEW_BLOCKS = list_of(blockkit_blocks.any_block, most=VIEW_BLOCKS)
_VIEW = tagged(
    {
        "modal": shape(
            {"title": objects.plain_text(24), "blocks": _VIEW_BLOCKS},
            {
                **_PRIVATE,
                "submit": objects.plain_text(24),
                "close": objects.plain_text(24),
                "clear_on_close": flag,
                "notify_on_close": flag,
            },
        ),
        "home": shape({"blocks": _VIEW_BLOCKS}, _PRIVATE),
    }
)


def check_message(payload: Json) -> list[Problem]:
    """Problems of `text`, `blocks`, `attachments` and `metadata`; other arguments of a call are not looked at."""
    checks: dict[str, Check] = {
        "text": text(40_000, 0),
        "markdown_text": text(MARKDOWN_CHARACTERS),
        "blocks": list_of(blockkit_blocks.any_block, most=MESSAGE_BLOCKS),
        "attachments": list_of(_ATTACHMENT, most=100),
        "metadata": _metadata,
    }
    given = {name: payload[name] for name in checks if payload.get(name) is not None}
    problems = [problem for name, one in given.items() for problem in checks[name](one, f"/{name}")]
    if problems:
        return problems
    problems += _whole(given.get("blocks", []), "message", "/blocks")
    for index, attachment in enumerate(given.get("attachments", ())):
        problems += _whole(attachment.get("blocks", []), "message", f"/attachments/{index}/blocks")
    return problems


def check_view(view: Any) -> list[Problem]:
    """Problems of a modal or a Home tab."""
    problems = list(_VIEW(view, ""))
    if problems:
        return problems
    problems += _whole(view["blocks"], view["type"], "/blocks")
    if view["type"] == "modal" and "submit" not in view and any(one["type"] == "input" for one in view["blocks"]):
        problems.append(Problem("/submit", "missing required field: submit (there are input blocks)"))
    return problems


def _metadata(value: Any, at: str) -> Iterator[Problem]:
    """An empty object is allowed: it clears the metadata in chat.update."""
    return iter(()) if value == {} else objects.metadata(value, at)


def _whole(blocks: list[Json], surface: str, at: str) -> Iterator[Problem]:
    """What concerns all blocks together. Each block is known to be right in itself."""
    yield from _surfaces(blocks, surface, at)
    yield from _unique_block_ids(blocks, at)
    yield from _counts(blocks, at)
    focused = sum(bool(element.get("focus_on_load")) for _, element in elements(blocks))
    if focused > 1:
        yield Problem(at, "only one element can have focus_on_load")


def _surfaces(blocks: list[Json], surface: str, at: str) -> Iterator[Problem]:
    for index, block in enumerate(blocks):
        for inner in nested([block]):
            if surface not in blockkit_blocks.SURFACES.get(inner["type"], {surface}):
                yield Problem(f"{at}/{index}", f"{inner['type']} block is not allowed in a {surface}")
        for _, element in elements([block]):
            if surface not in blockkit_elements.SURFACES.get(element["type"], {surface}):
                yield Problem(f"{at}/{index}", f"{element['type']} is not allowed in a {surface}")


def _unique_block_ids(blocks: list[Json], at: str) -> Iterator[Problem]:
    counted = Counter(block["block_id"] for block in nested(blocks) if "block_id" in block)
    for block_id, count in counted.items():
        if count > 1:
            yield Problem(at, f"block_id {block_id!r} already exists")


def _counts(blocks: list[Json], at: str) -> Iterator[Problem]:
    flat = list(nested(blocks))
    for kind, (most, words) in MOST_PER_MESSAGE.items():
        if sum(block["type"] == kind for block in flat) > most:
            yield Problem(at, words)
    if sum(len(block["text"]) for block in flat if block["type"] == "markdown") > MARKDOWN_CHARACTERS:
        yield Problem(at, f"markdown blocks together must be less than {MARKDOWN_CHARACTERS + 1} characters")
    for kind, most in TABLE_CHARACTERS.items():
        if sum(_cell_characters(block) for block in flat if block["type"] == kind) > most:
            yield Problem(at, f"the cells of {kind} blocks together must be less than {most + 1} characters")


def _cell_characters(block: Json) -> int:
    return sum(_characters(cell) for row in block["rows"] for cell in row)


def _characters(value: Any) -> int:
    """The length of every text in a cell."""
    if isinstance(value, list):
        return sum(_characters(one) for one in value)
    if isinstance(value, dict):
        own = value.get("text", value.get("value", ""))
        inside = sum(_characters(one) for one in value.get("elements", ()))
        return inside + len(own if isinstance(own, str) else json.dumps(own))
    return 0
