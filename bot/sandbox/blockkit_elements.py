"""Block Kit's elements, the blocks and surfaces they may stand in, and the rules between their fields.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.sandbox import blockkit_objects as objects
from bot.sandbox.gestures import options_of
from bot.sandbox.shapes import Check, flag, integer, list_of, one_of, pattern, shape, tagged, text

Json = dict[str, Any]

_ID = {"action_id": text(255)}
_CONFIRM = {"confirm": objects.confirm}
_FOCUS = {"focus_on_load": flag}
_PLACEHOLDER = {"placeholder": objects.plain_text(150)}
_TYPED = {**_ID, **_FOCUS, **_PLACEHOLDER, "dispatch_action_config": objects.dispatch_config}
_SELECT = {**_ID, **_FOCUS, **_PLACEHOLDER, **_CONFIRM}
_MOST = {"max_selected_items": integer(1, 100)}
_STYLE = one_of("primary", "danger")

_id = text(255)
_ids = list_of(_id, least=1, most=100)
_numeric = pattern(r"[+-]?(\d+(\.\d+)?|\.\d+)", "a number in a string")
_date = pattern(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date as YYYY-MM-DD")
_time = pattern(r"([01]\d|2[0-3]):[0-5]\d", "a time as HH:mm")


def _initial_is_offered(value: Json) -> Iterator[str]:
    offered = options_of(value)
    chosen = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
    if any(option not in offered for option in chosen):
        yield "initial option(s) must equal one of the options exactly"


def _options_or_groups(value: Json) -> Iterator[str]:
    if ("options" in value) == ("option_groups" in value):
        yield "needs exactly one of options and option_groups"


def _within_most(value: Json) -> Iterator[str]:
    if len(value.get("initial_options", ())) > value.get("max_selected_items", 100):
        yield "more initial_options than max_selected_items"


def _text_lengths(value: Json) -> Iterator[str]:
    if value.get("min_length", 0) > value.get("max_length", 3000):
        yield "min_length must not be greater than max_length"
    if len(value.get("initial_value", "")) > value.get("max_length", 3000):
        yield "initial_value is longer than max_length"


def _numbers(value: Json) -> Iterator[str]:
    least, most = float(value.get("min_value", "-inf")), float(value.get("max_value", "inf"))
    if least > most:
        yield "min_value must not be greater than max_value"
    if "initial_value" in value and not least <= float(value["initial_value"]) <= most:
        yield "initial_value must be between min_value and max_value"
    whole = [name for name in ("min_value", "max_value", "initial_value") if "." in value.get(name, "")]
    if whole and not value["is_decimal_allowed"]:
        yield f"{', '.join(whole)} must be whole: is_decimal_allowed is false"


def _listed(option: Check, single: str, most: int) -> Check:
    """Checkboxes, radio buttons: a short list shown as a whole."""
    initial = option if single == "initial_option" else list_of(option, least=1, most=most)
    return shape(
        {"options": list_of(option, least=1, most=most)},
        {**_ID, **_FOCUS, **_CONFIRM, single: initial},
        _initial_is_offered,
    )


_OPTIONS = {
    "options": list_of(objects.select_option, least=1, most=100),
    "option_groups": list_of(objects.option_group, least=1, most=100),
}
_INITIALS = list_of(objects.select_option, least=1, most=100)
_QUERY = {"min_query_length": integer(0, 100)}
_CONVERSATION = {"default_to_current_conversation": flag, "filter": objects.conversation_filter}
_feedback = shape({"text": objects.plain_text(75), "value": text(2000)}, {"accessibility_label": text(75)})
_workflow = shape(
    {
        "trigger": shape(
            {"url": objects.web_url},
            {"customizable_input_parameters": list_of(shape({"name": text(255), "value": text(3000)}), most=100)},
        )
    }
)

ELEMENTS: dict[str, Check] = {
    "button": shape(
        {"text": objects.plain_text(75)},
        {
            **_ID,
            **_CONFIRM,
            "url": objects.web_url,
            "value": text(2000),
            "style": _STYLE,
            "accessibility_label": text(75),
        },
    ),
    "overflow": shape({"options": list_of(objects.overflow_option, least=1, most=5)}, {**_ID, **_CONFIRM}),
    "checkboxes": _listed(objects.listed_option, "initial_options", 10),
    "radio_buttons": _listed(objects.listed_option, "initial_option", 10),
    "static_select": shape(
        {},
        {**_SELECT, **_OPTIONS, "initial_option": objects.select_option},
        _options_or_groups,
        _initial_is_offered,
    ),
    "multi_static_select": shape(
        {},
        {**_SELECT, **_OPTIONS, **_MOST, "initial_options": _INITIALS},
        _options_or_groups,
        _initial_is_offered,
        _within_most,
    ),
    "external_select": shape({}, {**_SELECT, **_QUERY, "initial_option": objects.select_option}),
    "multi_external_select": shape({}, {**_SELECT, **_QUERY, **_MOST, "initial_options": _INITIALS}, _within_most),
    "users_select": shape({}, {**_SELECT, "initial_user": _id}),
    "multi_users_select": shape({}, {**_SELECT, **_MOST, "initial_users": _ids}),
    "conversations_select": shape(
        {}, {**_SELECT, **_CONVERSATION, "initial_conversation": _id, "response_url_enabled": flag}
    ),
    "multi_conversations_select": shape({}, {**_SELECT, **_CONVERSATION, **_MOST, "initial_conversations": _ids}),
    "channels_select": shape({}, {**_SELECT, "initial_channel": _id, "response_url_enabled": flag}),
    "multi_channels_select": shape({}, {**_SELECT, **_MOST, "initial_channels": _ids}),
    "datepicker": shape({}, {**_SELECT, "initial_date": _date}),
    "timepicker": shape({}, {**_SELECT, "initial_time": _time, "timezone": text(255)}),
    "datetimepicker": shape({}, {**_ID, **_FOCUS, **_CONFIRM, "initial_date_time": integer(10**9, 10**10 - 1)}),
    "plain_text_input": shape(
        {},
        {
            **_TYPED,
            "initial_value": text(3000, 0),
            "multiline": flag,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        _text_lengths,
    ),
    "email_text_input": shape({}, {**_TYPED, "initial_value": text(3000, 0)}),
    "url_text_input": shape({}, {**_TYPED, "initial_value": text(3000, 0)}),
    "number_input": shape(
        {"is_decimal_allowed": flag},
        {**_TYPED, "initial_value": _numeric, "min_value": _numeric, "max_value": _numeric},
        _numbers,
    ),
    "rich_text_input": shape(
        {},
        {
            **_TYPED,
            "initial_value": objects.rich_text,
            "min_lines": integer(1, 100),
            "max_lines": integer(1, 100),
        },
    ),
    "file_input": shape({}, {**_ID, "filetypes": list_of(text(20), least=1, most=100), "max_files": integer(1, 10)}),
    "feedback_buttons": shape({"positive_button": _feedback, "negative_button": _feedback}, _ID),
    "icon_button": shape(
        {"icon": one_of("trash"), "text": objects.plain_text(75)},
        {
            **_ID,
            **_CONFIRM,
            "value": text(2000),
            "accessibility_label": text(75),
            "visible_to_user_ids": list_of(_id, most=100),
        },
    ),
    "workflow_button": shape(
        {"text": objects.plain_text(75), "workflow": _workflow},
        {**_ID, "style": _STYLE, "accessibility_label": text(75)},
    ),
    "image": objects.image_element,
}

_SINGLE_SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_MULTI_SELECTS = tuple(f"multi_{kind}" for kind in _SINGLE_SELECTS)
_EVERYWHERE = ("checkboxes", "radio_buttons", "datepicker", "timepicker", *_SINGLE_SELECTS)
_TYPED_INPUTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input")


def _only(*kinds: str) -> Check:
    return tagged({kind: ELEMENTS[kind] for kind in kinds})


in_section = _only("button", "overflow", "image", "workflow_button", *_EVERYWHERE, *_MULTI_SELECTS)
in_actions = _only("button", "overflow", "workflow_button", "datetimepicker", "rich_text_input", *_EVERYWHERE)
in_input = _only("datetimepicker", "file_input", *_TYPED_INPUTS, *_EVERYWHERE, *_MULTI_SELECTS)
in_context_actions = _only("feedback_buttons", "icon_button")
in_card = _only("button")

SURFACES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("email_text_input", "url_text_input", "number_input", "file_input"), frozenset({"modal"})),
    "rich_text_input": frozenset({"modal", "home"}),
    "datetimepicker": frozenset({"modal", "message"}),
    **dict.fromkeys(("feedback_buttons", "icon_button", "workflow_button"), frozenset({"message"})),
}
"""Where the elements that are not allowed everywhere may stand."""
