"""Laws of the forms: any schema they support, any valid value: through the modal, as Slack submits it, and back."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

from hypothesis import given, settings, strategies as st

from bot.sandbox.blockkit import check_view
from handlers.cards import ids, schemas
from handlers.cards.forms import Draft, form_view, read_form
from handlers.cards.model import Action, Card, Reply
from handlers.cards.payloads import compile_card
from runtime.hitl import Form
from tests.cards_kit import AT, BEN, left_as_is, make_request

Json = dict[str, Any]
Case = tuple[Json, Any]
"""A schema, and a value that satisfies it."""

WORD = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
LINE = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
NAME = st.sampled_from(["a", "b", "order_id", "naïve", "x" * 90, "a/b", "if"])


def leaf(schema: Json, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Case]:
    return values.map(lambda value: (schema, value))


def some_of(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.sets(st.sampled_from(values)).map(lambda some: [value for value in values if value in some])


def seconds(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


COLOURS = ["red", "green", "blue"]
MANY = [f"option {n}" for n in range(30)]
LEAF: st.SearchStrategy[Case] = st.one_of(
    leaf({"type": "string"}, LINE),
    leaf({"type": "string", "maxLength": 2000}, st.lists(LINE, min_size=1, max_size=3).map("\n".join)),
    leaf({"type": "integer", "minimum": -5, "maximum": 5}, st.integers(-5, 5)),
    leaf({"type": "integer"}, st.integers()),
    leaf({"type": "number"}, st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)),
    leaf({"type": "boolean"}, st.booleans()),
    leaf({"enum": COLOURS}, st.sampled_from(COLOURS)),
    leaf({"enum": [1, 2, 3]}, st.sampled_from([1, 2, 3])),
    leaf({"type": "string", "format": "date"}, st.dates(date(1900, 1, 1)).map(date.isoformat)),
    leaf({"type": "string", "format": "date-time"}, st.integers(10**9, 9_999_999_999).map(seconds)),
    leaf({"type": "string", "format": "email"}, st.just("ana@example.com")),
    leaf({"type": "string", "format": "uri"}, st.just("https://example.com/a?b=c")),
    leaf({"type": "array", "items": {"type": "string"}}, st.lists(LINE, max_size=4)),
    leaf({"type": "array", "items": {"type": "integer"}}, st.lists(st.integers(), max_size=4)),
    leaf({"type": "array", "items": {"enum": COLOURS}}, some_of(COLOURS)),
    leaf({"type": "array", "items": {"enum": MANY}}, some_of(MANY)),
    leaf({"type": "array", "items": {"type": "object"}}, st.lists(st.dictionaries(NAME, st.integers()), min_size=1)),
    leaf({"type": ["integer", "string"]}, st.integers() | LINE),
    leaf({"type": "object", "additionalProperties": {"type": "integer"}}, st.dictionaries(NAME, st.integers())),
    leaf({"$ref": "#/$defs/Address"}, st.fixed_dictionaries({"street": LINE}, optional={"floor": st.integers()})),
)
DEFS = {
    "Address": {
        "type": "object",
        "properties": {"street": {"type": "string"}, "floor": {"type": "integer"}},
        "required": ["street"],
    }
}


def nullable(cases: st.SearchStrategy[Case], word: Literal["anyOf", "oneOf"]) -> st.SearchStrategy[Case]:
    def made(case: Case, none: bool) -> Case:
        return {word: [case[0], {"type": "null"}]}, None if none else case[1]

    return st.builds(made, cases, st.booleans())


def objects(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    def made(properties: dict[str, tuple[Case, bool, bool]]) -> Case:
        schema = {
            "type": "object",
            "properties": {name: case[0] for name, (case, _, _) in properties.items()},
            "required": [name for name, (_, required, _) in properties.items() if required],
        }
        return schema, {name: case[1] for name, (case, required, there) in properties.items() if required or there}

    return st.dictionaries(NAME, st.tuples(cases, st.booleans(), st.booleans()), min_size=1, max_size=4).map(made)


def unions(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    def made(one: Case, other: Case, first: bool) -> Case:
        tagged = [_tagged(one[0], "one"), _tagged(other[0], "other")]
        value = {"kind": "one", **one[1]} if first else {"kind": "other", **other[1]}
        return {"oneOf": tagged, "discriminator": {"propertyName": "kind"}}, value

    return st.builds(made, objects(cases), objects(cases), st.booleans())


def _tagged(schema: Json, tag: str) -> Json:
    properties = {"kind": {"const": tag}, **schema["properties"]}
    return {**schema, "properties": properties, "required": ["kind", *schema["required"]]}


ANY: st.SearchStrategy[Case] = st.recursive(
    LEAF | nullable(LEAF, "anyOf"),
    lambda inner: objects(inner) | unions(inner) | nullable(objects(inner), "oneOf") | nullable(unions(inner), "anyOf"),
    max_leaves=10,
)


def form(schema: Json, initial: Json) -> Card:
    return compile_card(Form(title="Go?", json_schema={**schema, "$defs": DEFS}, initial=initial))


def view_of(card: Card, draft: Draft | None = None) -> Json:
    view = form_view(card, card.actions[0], make_request(None), draft)
    assert check_view(view) == []
    return view


def filled_in(action: Action, card: Card, wanted: Mapping[str, Any]) -> Json:
    """Give an empty form what the inputs of a filled one show, submitting it for as long as it goes on."""
    draft = None
    for _ in range(50):
        view = view_of(card, draft)
        state = {block_id: wanted.get(block_id, empty) for block_id, empty in left_as_is(view).items()}
        match read_form(action, state, by=BEN, at=AT, draft=draft):
            case Reply(values=values):
                return values or {}
            case Draft() as found:
                draft = found
            case errors:
                raise AssertionError(errors, view)
    raise AssertionError("the form never ends")


def slim(value: Any) -> Any:
    """Without what is nothing: an input left empty does not tell `None` or `[]` from a key that is not there."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, item in value.items() if (inner := slim(item)) not in (None, [], {})}


@settings(deadline=None, max_examples=60)
@given(objects(ANY))
def test_a_form_nobody_touched_gives_any_valid_value_back(case: Case) -> None:
    schema, value = case
    card = form(schema, value)
    reply = read_form(card.actions[0], left_as_is(view_of(card)), by=BEN, at=AT)
    assert isinstance(reply, Reply)
    assert repr(reply.values) == repr(value)
    assert card.actions[0].changes(reply) == ()


@settings(deadline=None, max_examples=60)
@given(objects(ANY))
def test_any_valid_value_can_be_filled_into_an_empty_form(case: Case) -> None:
    schema, value = case
    assert list(schemas.faults({**schema, "$defs": DEFS}, value)) == []
    empty = form(schema, {})
    found = filled_in(empty.actions[0], empty, left_as_is(view_of(form(schema, value))))
    assert slim(found) == slim(value)


@settings(deadline=None, max_examples=60)
@given(objects(ANY), st.data())
def test_one_valid_value_can_be_edited_into_another(case: Case, data: Any) -> None:
    """Only where both have the same keys: what is there cannot be taken away by leaving its input empty."""
    schema, value = case
    number = data.draw(st.integers())
    schema["properties"]["count"], value["count"] = {"type": "integer"}, number
    card = form(schema, {**value, "count": number + 1})
    wanted = left_as_is(view_of(form(schema, value)))
    assert repr(filled_in(card.actions[0], card, wanted)) == repr({**value, "count": number})


def test_block_ids_tell_fields_apart() -> None:
    places = [["a", "b"], ["a/b"], ["a", "b", ""], ['a", "b']]
    assert len({ids.field_block(place) for place in places}) == len(places)
