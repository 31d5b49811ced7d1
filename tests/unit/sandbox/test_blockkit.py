"""The validator refuses what Slack refuses, and says where."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bot.sandbox import check_message, check_view
from bot.sandbox.blockkit_blocks import BLOCKS
from bot.sandbox.blockkit_elements import ELEMENTS

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str | None = None) -> Json:
    return {"text": plain(text), "value": value or text}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Approve"), **more}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn("hello"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def an_input(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Amount"), "element": element, **more}


def rich_text(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(parts)}]}


def image() -> Json:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Edit"), "submit": plain("Save"), "blocks": list(blocks), **more}


OPTIONS = [option("yes"), option("no")]
CELL = {"type": "raw_text", "text": "x"}

GOOD_ELEMENTS: dict[str, Json] = {
    "button": button(action_id="a", value="v", style="danger", url="https://example.com", accessibility_label="A"),
    "overflow": {"type": "overflow", "options": [{**option("Open"), "url": "https://example.com"}]},
    "checkboxes": {"type": "checkboxes", "options": OPTIONS, "initial_options": [OPTIONS[0]]},
    "radio_buttons": {"type": "radio_buttons", "options": OPTIONS, "initial_option": OPTIONS[1]},
    "static_select": {"type": "static_select", "options": OPTIONS, "placeholder": plain("Choose")},
    "multi_static_select": {
        "type": "multi_static_select",
        "option_groups": [{"label": plain("All"), "options": OPTIONS}],
        "initial_options": [OPTIONS[0]],
        "max_selected_items": 2,
    },
    "external_select": {"type": "external_select", "min_query_length": 2},
    "multi_external_select": {"type": "multi_external_select"},
    "users_select": {"type": "users_select", "initial_user": "U0ANA"},
    "multi_users_select": {"type": "multi_users_select", "initial_users": ["U0ANA"]},
    "conversations_select": {"type": "conversations_select", "filter": {"include": ["im"]}},
    "multi_conversations_select": {"type": "multi_conversations_select"},
    "channels_select": {"type": "channels_select", "response_url_enabled": True},
    "multi_channels_select": {"type": "multi_channels_select"},
    "datepicker": {"type": "datepicker", "initial_date": "2026-01-31"},
    "timepicker": {"type": "timepicker", "initial_time": "09:30"},
    "datetimepicker": {"type": "datetimepicker", "initial_date_time": 1_700_000_000},
    "plain_text_input": {"type": "plain_text_input", "multiline": True, "min_length": 1, "max_length": 10},
    "email_text_input": {"type": "email_text_input", "initial_value": "a@b.example"},
    "url_text_input": {"type": "url_text_input"},
    "number_input": {"type": "number_input", "is_decimal_allowed": True, "min_value": "1.5", "initial_value": "2"},
    "rich_text_input": {"type": "rich_text_input", "initial_value": rich_text({"type": "text", "text": "x"})},
    "file_input": {"type": "file_input", "filetypes": ["pdf"], "max_files": 2},
    "feedback_buttons": {
        "type": "feedback_buttons",
        "positive_button": {"text": plain("Good"), "value": "1"},
        "negative_button": {"text": plain("Bad"), "value": "0"},
    },
    "icon_button": {"type": "icon_button", "icon": "trash", "text": plain("Delete")},
    "workflow_button": {
        "type": "workflow_button",
        "text": plain("Run"),
        "workflow": {"trigger": {"url": "https://example.com/t"}},
    },
    "image": image(),
}
CARD = {"type": "card", "title": mrkdwn("A"), "actions": [button()]}
TASK = {"type": "task_card", "task_id": "1", "title": "Look", "status": "complete"}
GOOD_BLOCKS: dict[str, Json] = {
    "section": section(fields=[mrkdwn("*a*")], accessory=button(), expand=True, block_id="b"),
    "divider": {"type": "divider"},
    "header": {"type": "header", "text": plain("Refund?"), "level": 2},
    "image": {**image(), "title": plain("A picture")},
    "actions": actions(button(action_id="a"), button(action_id="b")),
    "context": {"type": "context", "elements": [mrkdwn("by ana"), image()]},
    "context_actions": {"type": "context_actions", "elements": [GOOD_ELEMENTS["feedback_buttons"]]},
    "input": an_input(GOOD_ELEMENTS["plain_text_input"], hint=plain("h"), optional=True, dispatch_action=True),
    "markdown": {"type": "markdown", "text": "# Title"},
    "rich_text": {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]},
            {
                "type": "rich_text_list",
                "style": "bullet",
                "indent": 1,
                "elements": [{"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0ANA"}]}],
            },
            {"type": "rich_text_quote", "elements": [{"type": "emoji", "name": "wave"}]},
        ],
    },
    "table": {"type": "table", "rows": [[CELL, CELL]], "column_settings": [None, {"align": "right"}]},
    "data_table": {"type": "data_table", "caption": "c", "rows": [[CELL], [{"type": "raw_number", "value": 1.5}]]},
    "data_visualization": {"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": []}},
    "video": {
        "type": "video",
        "alt_text": "a",
        "title": plain("v"),
        "thumbnail_url": "https://example.com/t.png",
        "video_url": "https://example.com/v",
    },
    "alert": {"type": "alert", "text": mrkdwn("Careful"), "level": "warning"},
    "card": CARD,
    "carousel": {"type": "carousel", "elements": [CARD]},
    "container": {"type": "container", "title": plain("More"), "child_blocks": [section()], "is_collapsible": True},
    "task_card": TASK,
    "plan": {"type": "plan", "title": "Plan", "tasks": [{**TASK, "status": "pending"}]},
}
MODAL_ONLY = {"alert"}
IN_SECTION = ("button", "overflow", "image", "multi_static_select", "workflow_button", "users_select")


def test_every_block_and_element_has_a_good_example() -> None:
    assert GOOD_BLOCKS.keys() == BLOCKS.keys()
    assert GOOD_ELEMENTS.keys() == ELEMENTS.keys()


@pytest.mark.parametrize("kind", sorted(GOOD_BLOCKS))
def test_a_good_block_is_accepted(kind: str) -> None:
    block = GOOD_BLOCKS[kind]
    assert (check_view(modal(block)) if kind in MODAL_ONLY else check_message({"blocks": [block]})) == []


@pytest.mark.parametrize("kind", sorted(GOOD_ELEMENTS))
def test_a_good_element_is_accepted_by_its_shape(kind: str) -> None:
    element = {name: value for name, value in GOOD_ELEMENTS[kind].items() if name != "type"}
    assert list(ELEMENTS[kind](element, "")) == []


@pytest.mark.parametrize("kind", sorted(GOOD_BLOCKS))
def test_an_unknown_field_of_any_block_is_refused(kind: str) -> None:
    problems = check_message({"blocks": [{**GOOD_BLOCKS[kind], "colour": "red"}]})
    assert ("/blocks/0/colour", "unknown field: colour") in problems


@pytest.mark.parametrize("kind", sorted(GOOD_ELEMENTS))
def test_an_unknown_field_of_any_element_is_refused(kind: str) -> None:
    element = {name: value for name, value in GOOD_ELEMENTS[kind].items() if name != "type"}
    assert [p.pointer for p in ELEMENTS[kind]({**element, "colour": "red"}, "")] == ["/colour"]


REFUSED: list[tuple[str, Json, str]] = [
    ("no type", {"text": plain("x")}, "/blocks/0"),
    ("an invented block", {"type": "button_row"}, "/blocks/0/type"),
    ("a block sent by nobody", {"type": "file", "external_id": "1", "source": "remote"}, "/blocks/0/type"),
    ("an empty section", {"type": "section"}, "/blocks/0"),
    ("empty text", section(text=mrkdwn("")), "/blocks/0/text/text"),
    ("text of 3001", section(text=mrkdwn("x" * 3001)), "/blocks/0/text/text"),
    ("a bare string as text", section(text="hello"), "/blocks/0/text"),
    ("emoji on mrkdwn", section(text={**mrkdwn("x"), "emoji": True}), "/blocks/0/text/emoji"),
    ("eleven fields", section(fields=[plain("x")] * 11), "/blocks/0/fields"),
    ("a field of 2001", section(fields=[plain("x" * 2001)]), "/blocks/0/fields/0/text"),
    ("mrkdwn header", {"type": "header", "text": mrkdwn("x")}, "/blocks/0/text/type"),
    ("header of 151", {"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
    ("no actions", actions(), "/blocks/0/elements"),
    ("26 actions", actions(*[button(action_id=str(n)) for n in range(26)]), "/blocks/0/elements"),
    ("the same action_id twice", actions(button(action_id="a"), button(action_id="a")), "/blocks/0"),
    ("button text of 76", actions(button(text=plain("x" * 76))), "/blocks/0/elements/0/text/text"),
    ("button value of 2001", actions(button(value="x" * 2001)), "/blocks/0/elements/0/value"),
    ("an invented style", actions(button(style="default")), "/blocks/0/elements/0/style"),
    ("action_id of 256", actions(button(action_id="x" * 256)), "/blocks/0/elements/0/action_id"),
    ("block_id of 256", section(block_id="x" * 256), "/blocks/0/block_id"),
    ("multi select in actions", actions(GOOD_ELEMENTS["multi_static_select"]), "/blocks/0/elements/0/type"),
    ("text input in actions", actions(GOOD_ELEMENTS["plain_text_input"]), "/blocks/0/elements/0/type"),
    ("date-time in a section", section(accessory=GOOD_ELEMENTS["datetimepicker"]), "/blocks/0/accessory/type"),
    ("a button as input", an_input(button()), "/blocks/0/element/type"),
    ("no label", {"type": "input", "element": GOOD_ELEMENTS["plain_text_input"]}, "/blocks/0"),
    ("six overflow options", actions({"type": "overflow", "options": [option(str(n)) for n in range(6)]}),
     "/blocks/0/elements/0/options"),
    ("eleven checkboxes", actions({"type": "checkboxes", "options": [option(str(n)) for n in range(11)]}),
     "/blocks/0/elements/0/options"),
    ("101 options", actions({"type": "static_select", "options": [option(str(n)) for n in range(101)]}),
     "/blocks/0/elements/0/options"),
    ("options and groups", actions({"type": "static_select", "options": OPTIONS, "option_groups": [
        {"label": plain("All"), "options": OPTIONS}]}), "/blocks/0/elements/0"),
    ("neither options nor groups", actions({"type": "static_select"}), "/blocks/0/elements/0"),
    ("an initial option that is not offered",
     actions({"type": "static_select", "options": OPTIONS, "initial_option": option("yes", "y")}),
     "/blocks/0/elements/0"),
    ("option text of 76", actions({"type": "static_select", "options": [option("x" * 76, "v")]}),
     "/blocks/0/elements/0/options/0/text/text"),
    ("option value of 151", actions({"type": "static_select", "options": [option("x", "v" * 151)]}),
     "/blocks/0/elements/0/options/0/value"),
    ("option with a url in a select",
     actions({"type": "static_select", "options": [{**option("x"), "url": "https://example.com"}]}),
     "/blocks/0/elements/0/options/0/url"),
    ("mrkdwn option in a select", actions({"type": "static_select", "options": [{"text": mrkdwn("x"), "value": "v"}]}),
     "/blocks/0/elements/0/options/0/text/type"),
    ("placeholder of 151", actions({**GOOD_ELEMENTS["static_select"], "placeholder": plain("x" * 151)}),
     "/blocks/0/elements/0/placeholder/text"),
    ("a confirm without a title",
     actions(button(confirm={"text": plain("?"), "confirm": plain("y"), "deny": plain("n")})),
     "/blocks/0/elements/0/confirm"),
    ("a date that is none", actions({"type": "datepicker", "initial_date": "31.1.2026"}),
     "/blocks/0/elements/0/initial_date"),
    ("number without is_decimal_allowed", an_input({"type": "number_input"}), "/blocks/0/element"),
    ("a number as number", an_input({"type": "number_input", "is_decimal_allowed": False, "min_value": 1}),
     "/blocks/0/element/min_value"),
    ("a decimal bound of a whole number",
     an_input({"type": "number_input", "is_decimal_allowed": False, "max_value": "1.5"}), "/blocks/0/element"),
    ("min above max",
     an_input({"type": "number_input", "is_decimal_allowed": False, "min_value": "3", "max_value": "2"}),
     "/blocks/0/element"),
    ("min_length above max_length", an_input({"type": "plain_text_input", "min_length": 5, "max_length": 4}),
     "/blocks/0/element"),
    ("a prefill longer than allowed",
     an_input({"type": "plain_text_input", "initial_value": "abcde", "max_length": 4}), "/blocks/0/element"),
    ("a prefill outside the bounds",
     an_input({"type": "number_input", "is_decimal_allowed": True, "max_value": "2", "initial_value": "3"}),
     "/blocks/0/element"),
    ("more prefilled than allowed",
     an_input({"type": "multi_static_select", "options": OPTIONS, "initial_options": OPTIONS, "max_selected_items": 1}),
     "/blocks/0/element"),
    ("a file dispatched", an_input({"type": "file_input"}, dispatch_action=True), "/blocks/0"),
    ("a collapsible container with a divider",
     {"type": "container", "title": plain("x"), "child_blocks": [section()], "is_collapsible": True,
      "has_header_divider": True}, "/blocks/0"),
    ("collapsed without being collapsible",
     {"type": "container", "title": plain("x"), "child_blocks": [section()], "default_collapsed": True}, "/blocks/0"),
    ("rich text in the header row", {"type": "data_table", "caption": "c", "rows": [
        [rich_text({"type": "text", "text": "x"})], [CELL]]}, "/blocks/0"),
    ("eleven context elements", {"type": "context", "elements": [plain("x")] * 11}, "/blocks/0/elements"),
    ("a button in context", {"type": "context", "elements": [button()]}, "/blocks/0/elements/0/type"),
    ("no picture", {"type": "image", "alt_text": "a"}, "/blocks/0"),
    ("two pictures", {**image(), "slack_file": {"id": "F1"}}, "/blocks/0"),
    ("empty rich text", rich_text({"type": "text", "text": ""}), "/blocks/0/elements/0/elements/0/text"),
    ("an invented rich text style", rich_text({"type": "text", "text": "x", "style": {"loud": True}}),
     "/blocks/0/elements/0/elements/0/style/loud"),
    ("101 rows", {"type": "table", "rows": [[CELL]] * 101}, "/blocks/0/rows"),
    ("21 cells", {"type": "table", "rows": [[CELL] * 21]}, "/blocks/0/rows/0"),
    ("uneven rows", {"type": "data_table", "caption": "c", "rows": [[CELL], [CELL, CELL]]}, "/blocks/0"),
    ("a card of nothing", {"type": "card", "subtitle": plain("x")}, "/blocks/0"),
    ("a card's title as string", {"type": "card", "title": "x"}, "/blocks/0/title"),
    ("four card buttons", {**CARD, "actions": [button()] * 4}, "/blocks/0/actions"),
    ("a pending task on its own", {**TASK, "status": "pending"}, "/blocks/0"),
    ("a plan's title as object", {"type": "plan", "title": plain("x")}, "/blocks/0/title"),
    ("eleven children", {"type": "container", "title": plain("x"), "child_blocks": [section()] * 11},
     "/blocks/0/child_blocks"),
    ("rich text in a container",
     {"type": "container", "title": plain("x"), "child_blocks": [rich_text()]}, "/blocks/0/child_blocks/0/type"),
    ("a container without a title", {"type": "container", "child_blocks": [section()]}, "/blocks/0"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "pointer"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_block_is_refused_where_it_is_bad(block: Json, pointer: str) -> None:
    assert pointer in [problem.pointer for problem in check_message({"blocks": [block]})]


def test_fifty_blocks_are_the_most_of_a_message_and_a_hundred_of_a_view() -> None:
    assert check_message({"blocks": [section()] * 50}) == []
    assert check_message({"blocks": [section()] * 51})
    assert check_view(modal(*[section()] * 100)) == []
    assert check_view(modal(*[section()] * 101))


def test_a_block_id_is_used_once() -> None:
    problems = check_message({"blocks": [section(block_id="same"), section(block_id="same")]})
    assert [problem.message for problem in problems] == ["block_id 'same' already exists"]


def test_markdown_blocks_share_one_limit() -> None:
    block = {"type": "markdown", "text": "x" * 6_000}
    assert check_message({"blocks": [block, block]}) == []
    assert check_message({"blocks": [block, block, {"type": "markdown", "text": "y"}]})


def test_a_message_has_one_table_and_two_charts() -> None:
    table, chart = GOOD_BLOCKS["table"], GOOD_BLOCKS["data_visualization"]
    assert [p.message for p in check_message({"blocks": [table, table]})] == ["only_one_table_allowed"]
    assert check_message({"blocks": [chart, chart]}) == []
    assert check_message({"blocks": [chart, chart, chart]})


def test_the_cells_of_a_table_share_one_limit() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 5_001}] * 2]}
    assert check_message({"blocks": [table]})


@pytest.mark.parametrize("kind", ["markdown", "context_actions", "plan", "task_card", "table", "card", "container"])
def test_blocks_of_messages_are_refused_in_modals(kind: str) -> None:
    assert check_view(modal(GOOD_BLOCKS[kind]))


def test_an_alert_is_only_for_modals() -> None:
    assert check_message({"blocks": [GOOD_BLOCKS["alert"]]})
    assert check_view({"type": "home", "blocks": [GOOD_BLOCKS["alert"]]})


@pytest.mark.parametrize("kind", ["email_text_input", "url_text_input", "number_input", "file_input"])
def test_typed_inputs_are_only_for_modals(kind: str) -> None:
    block = an_input(GOOD_ELEMENTS[kind])
    assert check_view(modal(block)) == []
    assert check_message({"blocks": [block]})
    assert check_view({"type": "home", "blocks": [block]})


def test_a_surface_rule_reaches_into_containers() -> None:
    inner = an_input(GOOD_ELEMENTS["number_input"])
    assert check_message({"blocks": [{"type": "container", "title": plain("x"), "child_blocks": [inner]}]})


def test_a_modal_with_inputs_needs_submit() -> None:
    view = modal(an_input(GOOD_ELEMENTS["plain_text_input"]))
    del view["submit"]
    assert [problem.pointer for problem in check_view(view)] == ["/submit"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", plain("x" * 25)),
        ("title", mrkdwn("x")),
        ("submit", plain("x" * 25)),
        ("close", plain("")),
        ("private_metadata", "x" * 3001),
        ("callback_id", "x" * 256),
        ("external_id", "x" * 256),
        ("notify_on_close", "true"),
        ("state", {"values": {}}),
    ],
)
def test_the_limits_of_a_modals_own_fields(field: str, value: Any) -> None:
    assert [problem.pointer.split("/")[1] for problem in check_view(modal(section(), **{field: value}))] == [field]


def test_a_home_tab_has_no_title_or_submit() -> None:
    assert check_view({"type": "home", "blocks": [section()]}) == []
    assert check_view({"type": "home", "blocks": [section()], "submit": plain("Save")})


def test_one_element_takes_the_focus() -> None:
    focused = an_input({"type": "plain_text_input", "focus_on_load": True})
    assert check_view(modal(focused)) == []
    assert check_view(modal(focused, copy.deepcopy(focused)))


@pytest.mark.parametrize("view", [None, [], "modal", {"type": "page"}, {"type": "modal"}, {}])
def test_what_is_no_view_is_refused_without_an_exception(view: Any) -> None:
    assert check_view(view)


@pytest.mark.parametrize("blocks", [{}, "text", [None], [[]], [{"type": 7}], [{"type": "actions", "elements": None}]])
def test_what_are_no_blocks_is_refused_without_an_exception(blocks: Any) -> None:
    assert check_message({"blocks": blocks})


def test_metadata_has_an_event_type_and_an_object() -> None:
    assert check_message({"metadata": {"event_type": "run", "event_payload": {"id": "1"}}}) == []
    assert check_message({"metadata": {}}) == []
    assert check_message({"metadata": {"event_type": "run"}})
    assert check_message({"metadata": {"event_type": "run", "event_payload": "1"}})


def test_blocks_of_attachments_are_checked_too() -> None:
    problems = check_message({"attachments": [{"blocks": [{"type": "section"}]}]})
    assert [problem.pointer for problem in problems] == ["/attachments/0/blocks/0"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value inside."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "text", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from(sorted(GOOD_BLOCKS)), st.data())
def test_junk_anywhere_in_a_block_never_raises(kind: str, data: st.DataObject) -> None:
    block = copy.deepcopy(GOOD_BLOCKS[kind])
    container, key = data.draw(st.sampled_from(list(places(block))))
    container[key] = data.draw(JUNK)
    assert isinstance(check_message({"blocks": [block]}), list)
    assert isinstance(check_view(modal(block)), list)
