"""People, records and a pair of hands that leaves a modal as it is or types into it, for the tests of the cards."""

from collections.abc import Mapping
from typing import Any

from handlers.cards import ids
from handlers.cards.asked import asked
from handlers.cards.filling import Errors
from handlers.cards.forms import Draft, form_view, read_form
from handlers.cards.ids import field_block
from handlers.cards.model import Card, Reply
from runtime.policy.model import AgentPolicy
from runtime.policy.terms import terms_for
from runtime.requests.records import (
    Decision,
    Person,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
)

ANA = Person(team="T0ANDON", id="U0ANA")
BEN = Person(team="T0ANDON", id="U0BEN")
AT = 1_767_261_600.0  # 2026-01-01 10:00 UTC


def make_thread(status: ThreadStatus = ThreadStatus.WAITING, *, prompt: str = "order 7") -> Thread:
    stopped_by = ANA if status is ThreadStatus.STOPPED else None
    return Thread(
        id=ThreadId("t1"),
        agent="refund",
        prompt=prompt,
        started_by=ANA,
        place={},
        status=status,
        stopped_by=stopped_by,
        created_at=AT,
        updated_at=AT,
    )


def make_request(
    payload: object,
    status: RequestStatus = RequestStatus.OPEN,
    decision: Decision | None = None,
    *,
    problem: str | None = None,
) -> Request:
    return Request(
        id=RequestId("r1"),
        thread_id=ThreadId("t1"),
        interrupt_id="i1",
        problem=problem,
        agent="refund",
        payload=payload,
        digest="d",
        asked_for=ANA,
        terms=terms_for(AgentPolicy(), asked(payload)),
        status=status,
        decision=decision,
        created_at=AT,
    )


def inputs(view: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The view's input blocks by label."""
    return {block["label"]["text"]: block for block in view["blocks"] if block["type"] == "input"}


def left_as_is(view: Mapping[str, Any]) -> dict[str, Any]:
    """What Slack sends as `state.values` when nobody touches anything."""
    blocks = [block for block in view["blocks"] if block["type"] == "input"]
    return {block["block_id"]: {ids.INPUT: _state(block["element"])} for block in blocks}


def fill(card: Card, key: str, **typed: Any) -> Reply | Errors | Draft:
    """Open the form of an action, type into the inputs with these labels (`_` for a space), and send it."""
    action = card.action(key)
    assert action is not None
    view = form_view(card, action, make_request(None))
    state = left_as_is(view)
    for label, value in typed.items():
        block = inputs(view)[label.replace("_", " ")]
        state[block["block_id"]] = {ids.INPUT: _typed(block["element"], value)}
    return read_form(action, state, by=BEN, at=AT)


def filled(card: Card, key: str, **typed: Any) -> Reply:
    """As `fill`, where no error is expected."""
    reply = fill(card, key, **typed)
    assert isinstance(reply, Reply), reply
    return reply


def step_by_step(card: Card, key: str, chosen: Mapping[str, str], typed: Mapping[str, Any]) -> Reply:
    """Choose in a form what other fields follow from, by the name of each group; then type into those, by label."""
    action = card.action(key)
    assert action is not None
    state = left_as_is(form_view(card, action, make_request(None)))
    for group, value in chosen.items():
        view = form_view(card, action, make_request(None))
        state |= typed_into(view, field_block([group, "decision"]), value)
    draft = read_form(action, state, by=BEN, at=AT)
    assert isinstance(draft, Draft)
    view = form_view(card, action, make_request(None), draft)
    state = left_as_is(view)
    for label, value in typed.items():
        state |= typed_into(view, label, value)
    reply = read_form(action, state, by=BEN, at=AT, draft=draft)
    assert isinstance(reply, Reply), reply
    return reply


def wrong(card: Card, key: str, **typed: Any) -> dict[str, str]:
    """As `fill`, where errors are expected: the words by label."""
    action = card.action(key)
    assert action is not None
    labels = {block["block_id"]: label for label, block in inputs(form_view(card, action, make_request(None))).items()}
    errors = fill(card, key, **typed)
    assert isinstance(errors, dict), errors
    return {labels[block_id]: words for block_id, words in errors.items()}


def typed_into(view: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The state of one input, by its label or its block id, once somebody has typed or chosen this."""
    blocks = [block for block in view["blocks"] if block["type"] == "input"]
    block = next(block for block in blocks if name in (block["label"]["text"], block["block_id"]))
    return {block["block_id"]: {ids.INPUT: _typed(block["element"], value)}}


_KEYS = {
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
    "static_select": ("selected_option", "initial_option"),
    "datepicker": ("selected_date", "initial_date"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def _state(element: Mapping[str, Any]) -> dict[str, Any]:
    given, initial = _KEYS.get(element["type"], ("value", "initial_value"))
    return {"type": element["type"], given: element.get(initial)}


def _typed(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    given, _ = _KEYS.get(element["type"], ("value", ""))
    if given == "selected_option":
        value = next((option for option in element["options"] if option["text"]["text"] == value), None)
    if given == "selected_options":
        value = [option for option in element["options"] if option["text"]["text"] in (value or ())]
    return {"type": element["type"], given: value}


def texts(value: Any) -> list[str]:
    """Every text that a message or view shows, in order."""
    match value:
        case {"text": str() as text}:
            return [text]
        case dict():
            return [text for item in value.values() for text in texts(item)]
        case list():
            return [text for item in value for text in texts(item)]
        case _:
            return []


def buttons(blocks: list[dict[str, Any]]) -> list[str]:
    """What the buttons of a message say."""
    elements = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return [element["text"]["text"] for element in elements if element["type"] == "button"]
