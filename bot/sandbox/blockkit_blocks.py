"""Block Kit's blocks, the surfaces they may stand on, and the rules between their fields.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox import blockkit_elements as elements, blockkit_objects as objects
from bot.sandbox.shapes import Check, Problem, Rule, flag, integer, list_of, mapping, one_of, shape, tagged, text

Json = dict[str, Any]


def block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Rule) -> Check:
    return shape(required, {"block_id": text(255), **(optional or {})}, *rules)


def _text_or_fields(value: Json) -> Iterator[str]:
    if "text" not in value and not value.get("fields"):
        yield "needs text or fields"


def _unique_action_ids(value: Json) -> Iterator[str]:
    ids = [element["action_id"] for element in value["elements"] if "action_id" in element]
    if len(ids) != len(set(ids)):
        yield "action_id must be unique in its block"


def _no_dispatch_of_files(value: Json) -> Iterator[str]:
    if value.get("dispatch_action") and value["element"]["type"] == "file_input":
        yield "file_input cannot be used with dispatch_action"


def _some_content(value: Json) -> Iterator[str]:
    if not value.keys() & {"hero_image", "title", "actions", "body"}:
        yield "needs one of hero_image, title, actions and body"


def _titled(value: Json) -> Iterator[str]:
    if not value.keys() & {"title", "rich_text_title"}:
        yield "needs title or rich_text_title"
    if value.get("is_collapsible") and value.get("has_header_divider"):
        yield "has_header_divider cannot be set when is_collapsible is true"
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield "default_collapsed needs is_collapsible"


def _even_rows(value: Json) -> Iterator[str]:
    if len({len(row) for row in value["rows"]}) > 1:
        yield "all rows must have the same number of cells"
    if any(cell["type"] == "rich_text" for cell in value["rows"][0]):
        yield "the header row cannot hold rich_text"


def _child(value: Any, at: str) -> Iterator[Problem]:
    """A block in a container. Slack documents more of them (rich_text, file, input) than its validator lets in."""
    return tagged({kind: BLOCKS[kind] for kind in _CHILDREN})(value, at)


_CHILDREN = ("actions", "context", "divider", "header", "image", "section", "table", "video")


def _not_pending(value: Json) -> Iterator[str]:
    if value["status"] == "pending":
        yield "status pending is only allowed inside a plan"


def _task(*rules: Rule) -> Check:
    source = tagged({"url": shape({"url": objects.web_url, "text": text(255)})})
    return block(
        {
            "task_id": text(255),
            "title": text(255),
            "status": one_of("pending", "in_progress", "complete", "error"),
        },
        {"details": objects.rich_text, "output": objects.rich_text, "sources": list_of(source, most=100)},
        *rules,
    )


_card = block(
    {},
    {
        "hero_image": objects.image,
        "icon": objects.image,
        "title": objects.any_text(150),
        "subtitle": objects.any_text(150),
        "body": objects.any_text(200),
        "subtext": objects.any_text(200),
        "actions": list_of(elements.in_card, least=1, most=3),
    },
    _some_content,
)
_chart = tagged(dict.fromkeys(("pie", "bar", "area", "line"), mapping))  # its series are not checked
_align = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag})


def _column(value: Any, at: str) -> Iterator[Problem]:
    """Settings of a column, or null for the default."""
    return iter(()) if value is None else _align(value, at)


BLOCKS: dict[str, Check] = {
    "section": block(
        {},
        {
            "text": objects.any_text(3000),
            "fields": list_of(objects.any_text(2000), least=1, most=10),
            "accessory": elements.in_section,
            "expand": flag,
        },
        _text_or_fields,
    ),
    "divider": block({}),
    "header": block({"text": objects.plain_text(150)}, {"level": integer(1, 4)}),
    "image": block(*objects.image_block_fields),
    "actions": block({"elements": list_of(elements.in_actions, least=1, most=25)}, None, _unique_action_ids),
    "context": block(
        {"elements": list_of(tagged({"image": objects.image_element, **objects.text_kinds(3000)}), least=1, most=10)}
    ),
    "context_actions": block(
        {"elements": list_of(elements.in_context_actions, least=1, most=5)}, None, _unique_action_ids
    ),
    "input": block(
        {"label": objects.plain_text(2000), "element": elements.in_input},
        {"hint": objects.plain_text(2000), "optional": flag, "dispatch_action": flag},
        _no_dispatch_of_files,
    ),
    "markdown": block({"text": text(12_000)}),
    "rich_text": block(objects.rich_text_fields),
    "table": block(
        {"rows": list_of(list_of(objects.cell, least=1, most=20), least=1, most=100)},
        {"column_settings": list_of(_column, most=20)},
    ),
    "data_table": block(
        {
            "caption": text(255),
            "rows": list_of(list_of(objects.cell, least=1, most=20), least=2, most=201),
        },
        {"page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
        _even_rows,
    ),
    "data_visualization": block({"title": text(50), "chart": _chart}),
    "video": block(
        {
            "alt_text": text(2000),
            "title": objects.plain_text(199),
            "thumbnail_url": objects.web_url,
            "video_url": objects.web_url,
        },
        {
            "title_url": objects.web_url,
            "description": objects.plain_text(199),
            "author_name": text(49),
            "provider_name": text(255),
            "provider_icon_url": objects.web_url,
        },
    ),
    "alert": block(
        {"text": objects.any_text(200)}, {"level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": _card,
    "carousel": block({"elements": list_of(tagged({"card": _card}), least=1, most=10)}),
    "container": block(
        {"child_blocks": list_of(_child, least=1, most=10)},
        {
            "title": objects.plain_text(150),
            "rich_text_title": objects.rich_text,
            "subtitle": objects.any_text(150),
            "icon": objects.image,
            "width": one_of("narrow", "standard", "wide", "full"),
            "is_collapsible": flag,
            "default_collapsed": flag,
            "has_header_divider": flag,
        },
        _titled,
    ),
    "task_card": _task(_not_pending),
    "plan": block({"title": text(255)}, {"tasks": list_of(tagged({"task_card": _task()}), most=50)}),
}
any_block: Check = tagged(BLOCKS)

_MESSAGE_AND_HOME = frozenset({"message", "home"})
SURFACES: dict[str, frozenset[str]] = {
    "alert": frozenset({"modal"}),
    **dict.fromkeys(("markdown", "context_actions", "plan", "task_card"), frozenset({"message"})),
    **dict.fromkeys(("table", "data_table", "container", "card", "carousel"), _MESSAGE_AND_HOME),
}
"""Where the blocks that are not allowed everywhere may stand."""
