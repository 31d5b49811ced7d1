import json
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from bot.sandbox.blockkit import check_view
from handlers.cards import ids
from handlers.cards.forms import form_view, read_form
from handlers.cards.masking import MASK
from handlers.cards.model import Card, Reply
from handlers.cards.payloads import compile_card
from runtime.hitl import Approval, Form
from tests.cards_kit import AT, BEN, fill, filled, inputs, left_as_is, make_request, texts, wrong


class Address(BaseModel):
    street: str
    zip: Annotated[str, Field(pattern=r"^\d{5}$")]


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Order(BaseModel):
    """One of everything a form can ask for."""

    name: str
    remarks: str = Field("", max_length=2000, description="Anything we should know")
    count: int = Field(1, ge=1, le=9)
    price: float = Field(9.5, multiple_of=0.01)
    gift: bool = False
    colour: Literal["red", "blue"] = "red"
    size: Size = Size.SMALL
    day: date | None = None
    at: datetime | None = None
    tags: list[str] = []
    address: Address = Address(street="Main St", zip="12345")
    stops: list[Address] = []


ORDER = compile_card(Form.of(Order, title="What would you like?", initial={"name": "Ana"}))
DEFAULTS = {
    "name": "Ana",
    "remarks": "",
    "count": 1,
    "price": 9.5,
    "gift": False,
    "colour": "red",
    "size": "s",
    "day": None,
    "at": None,
    "tags": [],
    "address": {"street": "Main St", "zip": "12345"},
    "stops": [],
}


CITY, COLOUR = ids.field_block(["city"]), ids.field_block(["colour"])


def edit_card(**fields: Any) -> Card:
    return compile_card({"question": "Go?", **fields})


def view_of(card: Card, key: str) -> dict[str, Any]:
    action = card.action(key)
    assert action is not None
    view = form_view(card, action, make_request(None))
    assert check_view(view) == []
    return view


class TestView:
    def test_every_type_gets_its_input(self) -> None:
        view = view_of(ORDER, "submit")
        assert {label: block["element"]["type"] for label, block in inputs(view).items()} == {
            "Name": "plain_text_input",
            "Remarks": "plain_text_input",
            "Count": "number_input",
            "Price": "number_input",
            "Gift": "radio_buttons",
            "Colour": "static_select",
            "Size": "static_select",
            "Day": "datepicker",
            "At": "datetimepicker",
            "Tags": "plain_text_input",
            "Street": "plain_text_input",
            "Zip": "plain_text_input",
            "Stops": "plain_text_input",
        }

    def test_the_question_stands_on_top_and_back_decides_nothing(self) -> None:
        view = view_of(ORDER, "submit")
        assert texts(view["blocks"])[0] == "What would you like?"
        assert (view["title"]["text"], view["submit"]["text"], view["close"]["text"]) == ("Fill in", "Submit", "Back")

    def test_it_carries_ids_only(self) -> None:
        ref = ids.parse_view_ref(view_of(edit_card(amount=1), "edit")["private_metadata"])
        assert ref == ids.ViewRef(request_id=make_request(None).id, action="edit")

    def test_limits_and_hints_come_from_the_schema(self) -> None:
        shown = inputs(view_of(ORDER, "submit"))
        count = shown["Count"]["element"]
        assert (count["min_value"], count["max_value"], count["is_decimal_allowed"]) == ("1", "9", False)
        assert shown["Remarks"]["hint"]["text"] == "Anything we should know"
        assert shown["Remarks"]["element"]["max_length"] == 2000

    def test_only_what_may_be_left_out_is_optional(self) -> None:
        optional = {label for label, block in inputs(view_of(ORDER, "submit")).items() if block["optional"]}
        assert optional == {"Remarks", "Day", "At", "Tags"}

    def test_edit_ends_with_a_note_and_says_what_sending_does(self) -> None:
        view = view_of(compile_card(Approval(title="Pay?", args={"a": 1})), "edit")
        assert (view["title"]["text"], view["submit"]["text"]) == ("Edit and approve", "Approve with changes")
        assert list(inputs(view))[-1] == "Note to the agent"

    @pytest.mark.parametrize(("told", "hint"), [(True, "The agent will read this."), (False, "Everybody")])
    def test_a_reason_says_who_reads_it(self, told: bool, hint: str) -> None:
        card = compile_card(Approval(title="Pay?")) if told else edit_card(a=1)
        assert inputs(view_of(card, "reject"))["Reason"]["hint"]["text"].startswith(hint)

    def test_an_action_that_asks_nothing_has_no_form(self) -> None:
        with pytest.raises(ValueError, match="asks for nothing"):
            view_of(edit_card(a=1), "approve")


class TestReading:
    def test_a_form_nobody_touched_gives_its_values_back(self) -> None:
        assert filled(ORDER, "submit").values == DEFAULTS

    def test_every_type_comes_back_as_itself(self) -> None:
        reply = filled(
            ORDER,
            "submit",
            Name="Ben",
            Remarks="two\nlines",
            Count=" 3 ",
            Price="12",
            Gift="Yes",
            Colour="blue",
            Size="l",
            Day="2026-02-03",
            At=int(AT),
            Tags="a\n\n b ",
            Street="Low St",
            Zip="54321",
            Stops='[{"street": "High St", "zip": "12345"}]',
        )
        assert reply.values == {
            "name": "Ben",
            "remarks": "two\nlines",
            "count": 3,
            "price": 12.0,
            "gift": True,
            "colour": "blue",
            "size": "l",
            "day": "2026-02-03",
            "at": "2026-01-01T10:00:00+00:00",
            "tags": ["a", "b"],
            "address": {"street": "Low St", "zip": "54321"},
            "stops": [{"street": "High St", "zip": "12345"}],
        }
        assert [type(reply.values[key]) for key in ("count", "price")] == [int, float]
        assert Order.model_validate(reply.values).size is Size.LARGE

    def test_an_amount_in_words_is_an_error_at_its_field(self) -> None:
        assert wrong(edit_card(amount=25.0), "edit", Amount="lots") == {"Amount": "Enter a number, for example 25.50."}

    @pytest.mark.parametrize("typed", ["1,5", "1e400", "nan", "inf", "0x10", "٣", "1" * 400, "--1"])
    def test_what_is_no_number_is_refused(self, typed: str) -> None:
        assert "Amount" in wrong(edit_card(amount=25.0), "edit", Amount=typed)

    def test_a_whole_number_stays_one(self) -> None:
        expected = {"Amount": "Enter a whole number, for example 3."}
        assert wrong(edit_card(amount=25), "edit", Amount="25.5") == expected

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"Count": "0"}, {"Count": "Enter 1 or more."}),
            ({"Count": "10"}, {"Count": "Enter 9 or less."}),
            ({"Price": "9.555"}, {"Price": "Enter a multiple of 0.01."}),
            ({"Name": None}, {"Name": "Fill this in."}),
            ({"Count": None}, {"Count": "Fill this in."}),
            ({"Remarks": "x" * 2001}, {"Remarks": "Write at most 2000 characters."}),
            ({"Name": "x" * 3001}, {"Name": "Write at most 3,000 characters."}),
            ({"Colour": "green"}, {"Colour": "Fill this in."}),
            ({"Day": "soon"}, {"Day": "Choose a date."}),
            ({"Count": "0", "Price": "x"}, {"Price": "Enter a number, for example 25.50."}),
            (
                {"Stops": "{'street': 1}"},
                {
                    "Stops": "Line 1, column 2: expecting property name enclosed in double quotes. "
                    "Check quotes, brackets and commas."
                },
            ),
            (
                {"Stops": '[{"street": "x", "zip": "1"}]'},
                {"Stops": r"This does not have the expected form: ^\d{5}$ (at [0].zip)"},
            ),
            ({"Stops": '[{"zip": "12345"}]'}, {"Stops": "Something is missing: street. (at [0])"}),
            ({"Stops": '{"zip": "12345"}'}, {"Stops": "This has to be a list."}),
            ({"Zip": "1"}, {"Zip": r"This does not have the expected form: ^\d{5}$"}),
            ({"Stops": "[" * 900 + "]" * 900}, {"Stops": "This cannot be read as structured data (JSON)."}),
            ({"Stops": "[NaN]"}, {"Stops": "This cannot be read as structured data (JSON)."}),
        ],
    )
    def test_errors_stand_beside_their_field(self, typed: dict[str, Any], words: dict[str, str]) -> None:
        assert wrong(ORDER, "submit", **typed) == words

    def test_a_choice_is_not_mistaken_for_its_place_in_the_list(self) -> None:
        schema = {"type": "object", "properties": {"a": {"enum": ["1", "0"]}}}
        card = compile_card(Form(title="?", json_schema=schema, initial={"a": "1"}))
        assert filled(card, "submit", A="0").values == {"a": "0"}

    def test_emptied_inputs_are_empty_values_of_their_type(self) -> None:
        card = edit_card(tags=["a"], nothing=None)
        assert filled(card, "edit", Tags=None).values == {"tags": [], "nothing": None}

    def test_a_text_that_is_there_cannot_be_emptied_unseen(self) -> None:
        assert wrong(edit_card(city="Rome"), "edit", City=None) == {"City": "Fill this in."}

    def test_what_was_never_filled_in_is_left_out(self) -> None:
        schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
        assert filled(compile_card(Form(title="?", json_schema=schema)), "submit").values == {}

    def test_keys_the_schema_does_not_know_are_kept(self) -> None:
        schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
        card = compile_card(Approval(title="Pay?", args={"amount": 5, "trace": {"id": 1}}, args_schema=schema))
        assert filled(card, "edit", Amount="4").values == {"amount": 4.0, "trace": {"id": 1}}

    def test_a_number_left_alone_keeps_its_type(self) -> None:
        schema = {"type": "object", "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}}
        card = compile_card(Approval(title="Pay?", args={"amount": 5, "note": "x"}, args_schema=schema))
        values = filled(card, "edit", Note="y").values or {}
        assert type(values["amount"]) is int

    def test_values_that_are_not_json_keep_their_type(self) -> None:
        fields = {"at": datetime(2026, 1, 1, 10, tzinfo=UTC), "day": date(2026, 1, 1), "pair": (1, 2)}
        card = edit_card(**fields)
        assert filled(card, "edit").values == fields
        changed = filled(card, "edit", At=int(AT) + 3600, Day="2026-01-02").values
        assert changed == {**fields, "at": datetime(2026, 1, 1, 11, tzinfo=UTC), "day": date(2026, 1, 2)}

    def test_a_list_whose_items_are_not_lines_is_edited_as_json(self) -> None:
        card = edit_card(tags=["two\nlines", ""])
        assert filled(card, "edit").values == {"tags": ["two\nlines", ""]}

    def test_windows_line_ends_are_no_change(self) -> None:
        assert filled(edit_card(body="a\r\nb"), "edit").values == {"body": "a\r\nb"}

    def test_rules_about_several_fields_show_at_the_first_involved(self) -> None:
        schema = {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "dependentRequired": {"a": ["b"]},
        }
        card = compile_card(Form(title="?", json_schema=schema))
        expected = {"B": "Fill this in as well: it belongs to something else that is filled in."}
        assert wrong(card, "submit", A="1") == expected

    def test_a_rule_that_no_field_breaks_alone_is_told_at_the_first_it_names(self) -> None:
        schema = {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"type": "integer"}},
            "not": {"required": ["c", "b"]},
        }
        card = compile_card(Form(title="?", json_schema=schema))
        assert wrong(card, "submit", A="1", B="1", C="1") == {"B": "This is not a value the agent can take."}


class TestSecrets:
    def test_a_secret_is_neither_shown_nor_lost(self) -> None:
        card = edit_card(api_key="hunter2", city="Rome")
        assert "hunter2" not in str(view_of(card, "edit"))
        assert filled(card, "edit", City="Oslo").values == {"api_key": "hunter2", "city": "Oslo"}

    def test_a_secret_may_be_typed_over(self) -> None:
        card = edit_card(api_key="hunter2")
        reply = filled(card, "edit", Api_key="new")
        assert reply.values == {"api_key": "new"}
        assert "new" not in str(card.actions[1].changes(reply))

    def test_a_secret_inside_nested_values_survives_an_edit_beside_it(self) -> None:
        card = edit_card(db={"host": "a", "password": "hunter2"})
        assert "hunter2" not in str(view_of(card, "edit"))
        assert filled(card, "edit", Host="b").values == {"db": {"host": "b", "password": "hunter2"}}

    def test_a_secret_inside_structured_data_survives_an_edit_beside_it(self) -> None:
        card = edit_card(dbs=[{"host": "a", "password": "hunter2"}])
        shown = inputs(view_of(card, "edit"))["Dbs"]["element"]["initial_value"]
        assert "hunter2" not in shown
        reply = filled(card, "edit", Dbs=shown.replace('"a"', '"b"'))
        assert reply.values == {"dbs": [{"host": "b", "password": "hunter2"}]}

    def test_a_token_inside_a_text_survives_an_edit_around_it(self) -> None:
        token = "xoxb-" + "1" * 12
        card = edit_card(command=f"curl {token}")
        assert filled(card, "edit", Command=f"wget {MASK}").values == {"command": f"wget {token}"}

    def test_dots_that_hide_nothing_are_refused(self) -> None:
        expected = {"City": "A part is hidden behind dots. Leave it as it was, or replace all of it."}
        assert wrong(edit_card(city="Rome"), "edit", City=f"x{MASK}") == expected

    def test_a_schema_can_declare_secrets(self) -> None:
        class Login(BaseModel):
            user: str
            word: SecretStr

        schema = schema_of(Login) | {"required": ["user", "word"]}
        login = compile_card(Approval(title="?", args={"user": "a", "word": "hunter2"}, args_schema=schema))
        assert "hunter2" not in str(view_of(login, "edit"))
        assert inputs(view_of(login, "edit"))["Word"]["optional"]
        assert filled(login, "edit").values == {"user": "a", "word": "hunter2"}

    def test_a_list_under_a_secret_key_is_hidden_as_a_whole(self) -> None:
        card = edit_card(secrets=["hunter2", "hunter3"])
        assert "hunter" not in str(view_of(card, "edit"))
        assert filled(card, "edit").values == {"secrets": ["hunter2", "hunter3"]}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


class TestTooMuch:
    def test_a_text_too_long_for_an_input_is_kept_and_said_so(self) -> None:
        card = edit_card(body="x" * 3001, city="Rome")
        view = view_of(card, "edit")
        assert "Body is too long to edit here (3,001 characters) and stays as it is." in texts(view)
        assert filled(card, "edit", City="Oslo").values == {"body": "x" * 3001, "city": "Oslo"}

    def test_a_view_stays_below_its_size(self) -> None:
        view = view_of(edit_card(**{f"field_{index}": "😀" * 1400 for index in range(80)}), "edit")
        assert len(json.dumps(view)) < 250_000

    def test_what_is_missing_outside_the_form_is_said_in_it(self) -> None:
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["order"]}
        card = compile_card(Form(title="?", json_schema=schema))
        assert wrong(card, "submit", A="1") == {"A": "Order: Fill this in."}

    def test_a_choice_of_more_than_a_hundred_is_typed(self) -> None:
        schema = {"type": "object", "properties": {"code": {"type": "string", "enum": [str(n) for n in range(200)]}}}
        card = compile_card(Form(title="?", json_schema=schema))
        assert filled(card, "submit", Code="150").values == {"code": "150"}
        assert wrong(card, "submit", Code="x")["Code"].startswith("Choose one of: 0, 1, 2")


class TestWhatSlackWouldNotSend:
    @pytest.mark.parametrize(
        "state",
        [{}, {CITY: None}, {CITY: {"value": 5}}, {CITY: {ids.INPUT: {"value": 5}}}, {"x": {}}],
    )
    def test_a_missing_or_broken_value_is_an_error_not_a_change(self, state: dict[str, Any]) -> None:
        action = edit_card(city="Rome").actions[1]
        assert read_form(action, state, by=BEN, at=AT) == {CITY: "This did not arrive. Enter it again."}

    def test_a_choice_that_was_not_offered_is_refused(self) -> None:
        action = ORDER.action("submit")
        assert action is not None
        state = left_as_is(view_of(ORDER, "submit")) | {COLOUR: {ids.INPUT: {"selected_option": {"value": "99"}}}}
        assert read_form(action, state, by=BEN, at=AT) == {COLOUR: "This did not arrive. Enter it again."}

    @pytest.mark.parametrize("key", ["edit", "reject"])
    def test_a_broken_note_is_an_error_at_the_note(self, key: str) -> None:
        action = edit_card(a=1).action(key)
        assert action is not None
        errors = read_form(action, {ids.NOTE: {ids.INPUT: {"value": 5}}}, by=BEN, at=AT)
        assert errors == {ids.NOTE: "This did not arrive. Enter it again."}

    def test_an_answer_longer_than_any_message_is_refused(self) -> None:
        errors = fill(compile_card("Go?"), "answer", Your_answer="x" * 40_001)
        assert errors == {ids.TEXT: "Write at most 40,000 characters."}


def test_pydantic_extras_have_their_inputs() -> None:
    class Contact(BaseModel):
        email: Annotated[str, Field(json_schema_extra={"format": "email"})]
        page: Annotated[str, Field(json_schema_extra={"format": "uri"})] = "https://example.org"

    view = view_of(compile_card(Form.of(Contact, title="?")), "submit")
    kinds = [block["element"]["type"] for block in inputs(view).values()]
    assert kinds == ["email_text_input", "url_text_input"]


def test_a_note_beside_an_edit_reaches_the_decision() -> None:
    reply = filled(edit_card(amount=1), "edit", Amount="2", Note="as agreed")
    assert reply == Reply(values={"amount": 2}, note="as agreed", by=BEN, at=AT)


class TestReasons:
    REASONS = ("Too expensive", "Wrong customer")

    def card(self, *, required: bool = False) -> Card:
        return compile_card(Approval(title="Pay?", reject_reasons=[*self.REASONS], reason_required=required))

    def test_a_reason_may_be_chosen_or_said_or_both(self) -> None:
        assert filled(self.card(), "reject").note is None
        assert filled(self.card(), "reject", Reason="Too expensive").note == "Too expensive"
        assert filled(self.card(), "reject", In_your_own_words="not now").note == "not now"
        both = filled(self.card(), "reject", Reason="Wrong customer", In_your_own_words="it was Bob")
        assert both.note == "Wrong customer: it was Bob"

    def test_a_reason_may_be_demanded(self) -> None:
        assert wrong(self.card(required=True), "reject") == {"In your own words": "Give a reason."}
        own = inputs(view_of(self.card(required=True), "reject"))["In your own words"]
        assert own["hint"]["text"] == "Choose a reason or write one. The agent will read this."
        assert filled(self.card(required=True), "reject", Reason="Too expensive").note == "Too expensive"
        plain = compile_card(Approval(title="Pay?", reason_required=True))
        assert not inputs(view_of(plain, "reject"))["Reason"]["optional"]
        assert wrong(plain, "reject") == {"Reason": "Give a reason."}

    def test_a_plain_dict_may_list_reasons_too(self) -> None:
        card = edit_card(amount=1, reject_reasons=[*self.REASONS])
        assert dict(card.fields) == {"amount": 1}
        assert filled(card, "reject", Reason="Too expensive").note == "Too expensive"

    def test_a_list_that_makes_no_sense_is_shown(self) -> None:
        assert dict(edit_card(reject_reasons=["x", 5]).fields) == {"reject_reasons": ["x", 5]}
