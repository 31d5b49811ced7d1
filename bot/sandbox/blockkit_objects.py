"""Block Kit's composition objects and rich text: what blocks and elements are made of.

https://docs.slack.dev/reference/block-kit/composition-objects
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.shapes import (
    Check,
    anything,
    flag,
    integer,
    list_of,
    mapping,
    number,
    one_of,
    pattern,
    shape,
    tagged,
    text,
)

TEXT_LIMIT = 3000

web_url = pattern(r"https?://\S{1,2990}", "an http(s) URL of at most 3000 characters")


def plain_text(most: int) -> Check:
    return tagged({"plain_text": shape({"text": text(most)}, {"emoji": flag})})


def text_kinds(most: int) -> dict[str, Check]:
    return {
        "plain_text": shape({"text": text(most)}, {"emoji": flag}),
        "mrkdwn": shape({"text": text(most)}, {"verbatim": flag}),
    }


def any_text(most: int) -> Check:
    """plain_text or mrkdwn."""
    return tagged(text_kinds(most))


def option(words: Check, extra: Mapping[str, Check] | None = None) -> Check:
    return shape({"text": words, "value": text(150)}, {"description": plain_text(75), **(extra or {})})


select_option = option(plain_text(75))
overflow_option = option(plain_text(75), {"url": web_url})
listed_option = shape({"text": any_text(75), "value": text(150)}, {"description": any_text(75)})
option_group = shape({"label": plain_text(75), "options": list_of(select_option, least=1, most=100)})

confirm = shape(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
dispatch_config = shape(
    {"trigger_actions_on": list_of(one_of("on_enter_pressed", "on_character_entered"), least=1, most=2)}
)
conversation_filter = shape(
    {},
    {
        "include": list_of(one_of("im", "mpim", "private", "public"), least=1, most=4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
    lambda value: ["the filter cannot be empty" if not value else None],
)


def _one_picture(value: dict[str, Any]) -> Iterator[str]:
    if ("image_url" in value) == ("slack_file" in value):
        yield "needs exactly one of image_url and slack_file"


_slack_file = shape(
    {},
    {"id": text(255), "url": web_url},
    lambda value: ["needs exactly one of id and url" if len(value) != 1 else None],
)
_picture = {"image_url": web_url, "slack_file": _slack_file}
image_element = shape({"alt_text": text(2000)}, _picture, _one_picture)
image_block_fields = ({"alt_text": text(2000)}, {**_picture, "title": plain_text(2000)}, _one_picture)
image = tagged({"image": image_element})

# --- rich text ---------------------------------------------------------------------------------------------

_style = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), flag))
_mention_style = shape(
    {}, dict.fromkeys(("bold", "italic", "strike", "highlight", "client_highlight", "unlink", "underline"), flag)
)
_styled = {"style": _style}
_part = tagged(
    {
        "text": shape({"text": text(TEXT_LIMIT * 4)}, _styled),
        "link": shape({"url": text(3000)}, {"text": text(TEXT_LIMIT), "unsafe": flag, **_styled}),
        "user": shape({"user_id": text(255)}, {"style": _mention_style}),
        "channel": shape({"channel_id": text(255)}, {"style": _mention_style}),
        "usergroup": shape({"usergroup_id": text(255)}, {"style": _mention_style}),
        "team": shape({"team_id": text(255)}, {"style": _mention_style}),
        "emoji": shape({"name": text(255)}, {"unicode": text(255), "skin_tone": integer(1, 6), **_styled}),
        "date": shape(
            {"timestamp": integer(0, 10**11), "format": text(255)},
            {"url": web_url, "fallback": text(255), **_styled},
        ),
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, _styled),
        "color": shape({"value": pattern(r"#[0-9A-Fa-f]{6}", "a colour such as #F405B3")}, _styled),
    }
)
_parts = list_of(_part, most=1000)
_section = shape({"elements": _parts})
_rich_element = tagged(
    {
        "rich_text_section": _section,
        "rich_text_preformatted": shape({"elements": _parts}, {"border": integer(0, 1), "language": text(50)}),
        "rich_text_quote": shape({"elements": _parts}, {"border": integer(0, 1)}),
        "rich_text_list": shape(
            {
                "style": one_of("bullet", "ordered"),
                "elements": list_of(tagged({"rich_text_section": _section}), least=1, most=1000),
            },
            {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": integer(0, 1)},
        ),
    }
)
rich_text_fields = {"elements": list_of(_rich_element, least=1, most=1000)}
rich_text = tagged({"rich_text": shape(rich_text_fields, {"block_id": text(255)})})

# --- table cells -------------------------------------------------------------------------------------------

raw_cells = {
    "raw_text": shape({"text": text(10_000)}),
    "raw_number": shape({"value": number}, {"text": text(255)}),
}
cell = tagged({**raw_cells, "rich_text": shape(rich_text_fields, {"block_id": text(255)})})

# --- metadata ----------------------------------------------------------------------------------------------

metadata = shape(
    {"event_type": text(50), "event_payload": mapping},
    {"entities": list_of(anything, most=100)},
)
