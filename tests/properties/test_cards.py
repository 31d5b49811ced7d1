"""Laws of the cards: whatever an agent asks, the card is accepted by Slack, hides nothing unsaid, and gives it back."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings, strategies as st

from bot.sandbox.blockkit import check_message, check_view
from handlers.cards import schemas, words
from handlers.cards.asked import asked
from handlers.cards.blocks import card_message
from handlers.cards.body import show
from handlers.cards.details import details_view, in_full
from handlers.cards.forms import Draft, form_view, read_form
from handlers.cards.ids import INPUT, field_block
from handlers.cards.masking import MASK, mask_text, masked, restore
from handlers.cards.model import Action, AskForm, Card, Reply, decide
from handlers.cards.payloads import compile_card
from handlers.cards.rest import rest_view
from handlers.cards.runs import run_message
from handlers.cards.text import clean, escape, shorten, size
from runtime.hitl import Approval, Choice, Form, Option
from runtime.requests.records import RequestStatus, ThreadStatus
from tests.cards_kit import AT, BEN, left_as_is, make_request, make_thread, texts

NASTY = st.sampled_from(
    [
        "<!channel>",
        "<@U0BEN>",
        "&amp;",
        "*",
        "`",
        "\u202e",
        "\x00",
        "\ud800",
        "😀" * 90,
        "\r\n",
        " ",
        "",
        "xoxb-" + "a" * 12,
    ]
)
TEXT = st.one_of(st.text(max_size=40), st.text(st.characters(), max_size=40), NASTY, st.lists(NASTY).map("".join))
LONG = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(500, 3000))
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT)
KEY = st.one_of(
    TEXT,
    st.sampled_from(["question", "title", "actions", "approvers", "label", "input", "resume", "password", "token"]),
)
JSON = st.recursive(
    st.one_of(SCALAR, LONG),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(KEY, inner, max_size=6)),
    max_leaves=15,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null", "nonsense"])
SCHEMA = st.recursive(
    st.one_of(
        st.builds(lambda kind: {"type": kind}, TYPES),
        st.builds(lambda values: {"enum": values}, st.lists(SCALAR, max_size=4)),
        st.sampled_from(
            [{}, {"$ref": "#"}, {"$ref": "#/properties/a"}, {"$ref": "x"}, {"type": "string", "format": "date"}]
        ),
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"anyOf": items}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda properties, required: {"type": "object", "properties": properties, "required": required},
            st.dictionaries(st.sampled_from("abc"), inner),
            st.lists(st.sampled_from("abc"), unique=True),
        ),
    ),
    max_leaves=6,
)
ACTION = st.one_of(
    TEXT,
    st.fixed_dictionaries(
        {"label": TEXT},
        optional={
            "style": st.sampled_from(["primary", "danger", "default", "green"]),
            "input": st.one_of(st.sampled_from(["text", "fields"]), SCHEMA),
            "resume": JSON,
            "confirm": st.one_of(st.booleans(), TEXT),
        },
    ),
)
TITLE = st.text(min_size=1, max_size=3000)
ARGS = st.dictionaries(KEY, JSON, max_size=4)
TOOL = st.fixed_dictionaries({"name": TEXT, "args": ARGS}, optional={"description": TEXT | LONG})
DECISIONS = st.lists(st.sampled_from(["approve", "edit", "reject", "respond", "nonsense"]), min_size=1)
HITL_REQUEST = st.lists(st.tuples(TOOL, DECISIONS), min_size=1, max_size=8).map(
    lambda calls: {
        "action_requests": [tool for tool, _ in calls],
        "review_configs": [{"action_name": tool["name"], "allowed_decisions": allowed} for tool, allowed in calls],
    }
)
PER_CALL = TOOL.map(lambda tool: {"type": "tool_approval", "tool_call_id": "1", **tool})
ALLOW = st.sampled_from(["allow_accept", "allow_edit", "allow_respond", "allow_ignore"])
CONFIG = st.dictionaries(ALLOW, st.booleans())
INBOX = st.lists(
    st.builds(
        lambda tool, config: {
            "action_request": {"action": tool["name"], "args": tool["args"]},
            "config": config,
            "description": tool.get("description"),
        },
        TOOL,
        CONFIG,
    ),
    min_size=1,
    max_size=8,
)
PAYLOAD = st.one_of(
    JSON,
    HITL_REQUEST,
    PER_CALL,
    INBOX,
    st.dictionaries(KEY, JSON, max_size=60),
    st.builds(lambda fields, actions: {**fields, "actions": actions}, st.dictionaries(KEY, JSON), st.lists(ACTION)),
    st.builds(
        Approval,
        title=TITLE,
        description=st.none() | LONG,
        args=st.dictionaries(TEXT, JSON),
        args_schema=st.none() | SCHEMA,
        approve_label=TEXT,
        destructive=st.booleans(),
        approvers=st.lists(TEXT, max_size=20),
        reject_reasons=st.lists(st.text(min_size=1, max_size=75).filter(str.strip), max_size=10),
        reason_required=st.booleans(),
    ),
    st.builds(Form, title=TITLE, json_schema=SCHEMA, initial=st.dictionaries(st.sampled_from("abc"), JSON)),
    st.builds(Choice, title=TITLE, options=st.lists(st.builds(Option, value=TEXT, label=TEXT), min_size=1, max_size=9)),
)
MAX_VIEW_BYTES = 250_000


def check_any_message(card: Card, payload: object, action: Action) -> None:
    request = make_request(payload)
    decision = decide(action, Reply(text="a", note="b", values={"a": 1, "answer": 2}, by=BEN, at=AT))
    closed = replace(request, status=RequestStatus.DELIVERED, decision=decision)
    for shown, status in ((request, ThreadStatus.WAITING), (closed, ThreadStatus.FINISHED)):
        made = card_message(card, shown, make_thread(status), agent_title="Agent")
        assert check_message({"text": made.text, "blocks": made.blocks}) == []
        assert len(made.text) <= 4000
        json.dumps(made.blocks, ensure_ascii=False).encode()


def check_any_view(view: dict[str, Any]) -> None:
    assert check_view(view) == []
    assert len(json.dumps(view)) <= MAX_VIEW_BYTES


@settings(deadline=None)
@given(PAYLOAD, st.none() | SCHEMA)
def test_slack_takes_every_card_and_every_view_of_it(payload: object, schema: dict[str, Any] | None) -> None:
    card = compile_card(payload, schema)
    asked(payload)
    for action in card.actions:
        if action.summary is None:  # made from a form's own values only
            check_any_message(card, payload, action)
        if action.ask is not None:
            check_any_view(form_view(card, action, make_request(payload)))
    for revealed in (False, True):
        check_any_view(details_view(card, make_request(payload), revealed=revealed))
    check_any_view(rest_view([make_request(payload), make_request({"question": "Go?"})]))
    (in_full(card) or "").encode()


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(KEY, JSON, max_size=8))
def test_every_value_can_be_read_in_full(payload: dict[str, Any]) -> None:
    card = compile_card(payload)
    read = ""
    for page in range(100):
        view = details_view(card, make_request(payload), page)
        said = [text for block in view["blocks"] if block["type"] == "rich_text" for text in texts(block)]
        turning = words.NEXT in texts([block for block in view["blocks"] if block["type"] == "actions"])
        read += "".join(said[:-1] if turning else said)  # without the number of the page, which comes last
        if not turning:
            break
    for key, value in card.fields.items():
        assert mask_text(clean(show(value, key=key, exact=True).text)) in read


@settings(deadline=None, max_examples=50)
@given(HITL_REQUEST | INBOX, st.data())
def test_calls_are_answered_each_in_their_order_whatever_they_are(payload: Any, data: Any) -> None:
    action = compile_card(payload).action("each")
    if action is None:
        return
    assert isinstance(action.ask, AskForm)
    state, draft, wanted = left_as_is(form_view(compile_card(payload), action, make_request(None))), None, []
    rows = action.ask.schema["properties"]
    for row, union in rows.items():
        options = range(len(union["oneOf"]))
        chosen = data.draw(st.sampled_from(options))
        wanted.append(union["oneOf"][chosen]["properties"]["decision"]["const"])
        block_id = field_block([row, "decision"])
        state[block_id] = {INPUT: {"selected_option": {"value": str(chosen)}}}
    for _ in range(20):
        view = form_view(compile_card(payload), action, make_request(None), draft)
        check_any_view(view)
        state = {block_id: state.get(block_id, empty) for block_id, empty in left_as_is(view).items()}
        for block in view["blocks"]:
            if block["type"] == "input" and block["label"]["text"] == "Your answer":
                state[block["block_id"]] = {INPUT: {"value": "words"}}
        read = read_form(action, state, by=BEN, at=AT, draft=draft)
        assert isinstance(read, Reply | Draft), read
        if isinstance(read, Reply):
            check_each(action, read, wanted)
            return
        draft = read
    raise AssertionError("the form never ends")


def check_each(action: Action, read: Reply, wanted: list[str]) -> None:
    answers = action.resume(read)
    kinds = [answer["type"] for answer in (answers["decisions"] if isinstance(answers, dict) else answers)]
    spelled = {"Approve": {"approve", "accept"}, "Respond": {"respond", "response"}}
    assert all(kind in spelled.get(want, {want.lower()}) for kind, want in zip(kinds, wanted, strict=True))
    assert [change.after for change in action.changes(read)][: len(wanted)]


@settings(deadline=None)
@given(st.dictionaries(TEXT, JSON, max_size=12))
def test_a_form_nobody_touched_gives_back_what_it_was_drawn_from(args: dict[str, Any]) -> None:
    card = compile_card(Approval(title="Go?", args=args))
    action = card.action("edit")
    if action is None:
        assert not args
        return
    view = form_view(card, action, make_request(None))
    reply = read_form(action, left_as_is(view), by=BEN, at=AT)
    assert isinstance(reply, Reply)
    assert repr(reply.values) == repr(args)  # repr: NaN equals nothing, True equals 1
    assert action.changes(reply) == ()


@settings(deadline=None)
@given(SCHEMA, st.dictionaries(st.sampled_from("abc"), JSON), st.data())
def test_what_a_form_accepts_satisfies_its_schema(schema: dict[str, Any], initial: dict[str, Any], data: Any) -> None:
    card = compile_card(Form(title="Go?", json_schema=schema, initial=initial))
    action = card.actions[0]
    state = left_as_is(form_view(card, action, make_request(None)))
    for element in (block["value"] for block in state.values()):
        if "value" in element:
            element["value"] = data.draw(st.none() | TEXT | st.integers().map(str) | JSON.map(json.dumps))
    read = read_form(action, state, by=BEN, at=AT)
    assert not isinstance(read, Draft)
    if isinstance(read, Reply):
        json.dumps(read.values)
        ask = action.ask
        assert list(schemas.faults(getattr(ask, "schema", {}), read.values or {})) == []
    else:
        assert read
        assert all(read.values())


@given(JSON)
def test_what_was_masked_can_be_restored(value: Any) -> None:
    assert repr(restore(masked(value), value)) == repr(value)


@given(TEXT)
def test_a_masked_text_has_nothing_left_to_mask(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)
    assert "xoxb-a" not in mask_text(text) or MASK in mask_text(text)


@given(st.text(st.characters()), st.integers(2, 60), st.none() | st.integers(1, 4))
def test_a_cut_is_within_its_limit_and_always_said(text: str, limit: int, lines: int | None) -> None:
    part = shorten(text, limit, lines=lines)
    assert size(part.text) <= limit
    assert (part.cut is None) == (part.text == text)


@given(st.text(st.characters()))
def test_clean_text_can_be_sent_and_escaped_text_holds_no_command(text: str) -> None:
    assert "<" not in escape(clean(text))
    clean(text).encode()


@given(st.text(st.characters(), max_size=5000))
def test_slack_takes_every_run_message(prompt: str) -> None:
    made = run_message(make_thread(prompt=prompt), [], "Agent")
    assert check_message({"text": made.text, "blocks": made.blocks}) == []
