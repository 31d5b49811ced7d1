"""Forms of nested objects, of unions, of lists, and of more fields than a modal holds."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field

from bot.sandbox.blockkit import check_view
from handlers.cards import ids
from handlers.cards.forms import Draft, form_view, keep_page, read_form
from handlers.cards.model import Action, AskForm, Card, Reply
from handlers.cards.payloads import compile_card
from runtime.hitl import Approval, Form
from tests.cards_kit import AT, BEN, filled, inputs, left_as_is, make_request, texts, typed_into, wrong


class Credit(BaseModel):
    kind: Literal["card"]
    number: str


class Bank(BaseModel):
    """Money sent from an account."""

    kind: Literal["bank"]
    iban: str
    urgent: bool = False


class Address(BaseModel):
    street: str
    country: str = "DE"
    floor: int | None = None


class Customer(BaseModel):
    """Who pays."""

    name: str
    address: Address
    second: Address | None = None


class Node(BaseModel):
    value: int
    next: "Node | None" = None


class Payment(BaseModel):
    customer: Customer
    method: Annotated[Credit | Bank, Field(discriminator="kind")]


BANK = {"kind": "bank", "iban": "DE12", "urgent": True}
PAYMENT = {"customer": {"name": "Ada", "address": {"street": "Main St", "country": "FR", "floor": 2}}, "method": BANK}


def edit(args: dict[str, Any], model: type[BaseModel] | None = None) -> Card:
    schema = model.model_json_schema() if model else None
    return compile_card(Approval(title="Pay?", args=args, args_schema=schema))


def action_of(card: Card, key: str = "edit") -> Action:
    action = card.action(key)
    assert action is not None
    return action


def view_of(card: Card, draft: Draft | None = None, key: str = "edit") -> dict[str, Any]:
    view = form_view(card, action_of(card, key), make_request(None), draft)
    assert check_view(view) == []
    return view


def headings(view: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in view["blocks"] if block["type"] == "header"]


class TestGroups:
    def test_a_nested_object_is_a_titled_group(self) -> None:
        view = view_of(edit(PAYMENT, Payment))
        assert headings(view) == ["Customer", "Customer / Address", "Customer / Second", "Method"]
        assert "Who pays." in texts(view)

    def test_each_value_is_edited_where_it_stands(self) -> None:
        reply = filled(edit({"a": {"b": {"c": 1, "d": "x"}}, "e": 2}), "edit", C="5", E="3")
        assert reply.values == {"a": {"b": {"c": 5, "d": "x"}}, "e": 3}

    def test_a_change_names_the_way_to_the_value(self) -> None:
        card = edit({"order": {"unit_price": 40, "api_key": "hunter2"}})
        changes = action_of(card).changes(filled(card, "edit", Unit_price="25", Api_key="hunter3"))
        assert [change.field for change in changes] == ["order / unit_price", "order / api_key"]
        assert (changes[0].before, changes[0].after) == (40, 25)
        assert "hunter" not in str(changes)

    def test_an_error_inside_a_group_stands_beside_its_input(self) -> None:
        assert wrong(edit({"a": {"b": {"c": 1}}}), "edit", C="x") == {"C": "Enter a whole number, for example 3."}

    def test_a_group_that_is_not_there_stays_away_until_somebody_fills_it(self) -> None:
        card = edit({"name": "Ada", "address": {"street": "x"}}, Customer)
        assert filled(card, "edit", Name="Bob").values == {
            "name": "Bob",
            "address": {"street": "x", "country": "DE", "floor": None},
        }
        action = action_of(card)
        view = view_of(card)
        second = ids.field_block(["second", "street"])
        reply = read_form(action, {**left_as_is(view), **typed_into(view, second, "High St")}, by=BEN, at=AT)
        assert isinstance(reply, Reply)
        assert (reply.values or {})["second"] == {"street": "High St"}

    def test_a_rule_about_a_whole_group_is_told_at_its_first_field(self) -> None:
        inner = {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "minProperties": 1,
        }
        schema = {"type": "object", "properties": {"x": {"type": "string"}, "g": inner}, "required": ["g"]}
        card = compile_card(Form(title="?", json_schema=schema))
        assert wrong(card, "submit", X="y") == {"A": "G: This is not a value the agent can take."}

    def test_a_schema_within_itself_ends_as_structured_data(self) -> None:
        card = edit({"value": 1, "next": {"value": 2, "next": {"value": 3, "next": None}}}, Node)
        assert filled(card, "edit").values == {"value": 1, "next": {"value": 2, "next": {"value": 3, "next": None}}}


class TestUnions:
    def test_a_choice_shows_the_fields_that_follow_from_it(self) -> None:
        view = view_of(edit(PAYMENT, Payment))
        kind = inputs(view)["Kind"]
        assert kind["dispatch_action"]
        assert [option["text"]["text"] for option in kind["element"]["options"]] == ["Card", "Bank"]
        assert {"Iban", "Urgent"} <= inputs(view).keys()
        assert "Number" not in inputs(view)

    def test_another_choice_goes_on_with_its_own_fields(self) -> None:
        card = edit(PAYMENT, Payment)
        action, view = action_of(card), view_of(card)
        state = {**left_as_is(view), **typed_into(view, "Kind", "Card"), **typed_into(view, "Name", "Bob")}
        draft = read_form(action, state, by=BEN, at=AT)
        assert isinstance(draft, Draft)
        assert draft.values["method"] == {"kind": "card"}
        view = view_of(card, draft)
        assert "Iban" not in inputs(view)
        state = left_as_is(view)
        errors = read_form(action, state, by=BEN, at=AT, draft=draft)
        assert errors == {inputs(view)["Number"]["block_id"]: "Fill this in."}
        state |= typed_into(view, "Number", "4111")
        reply = read_form(action, state, by=BEN, at=AT, draft=draft)
        assert isinstance(reply, Reply)
        assert reply.values is not None
        assert reply.values["method"] == {"kind": "card", "number": "4111"}
        assert reply.values["customer"]["name"] == "Bob"

    def test_a_choice_nobody_made_is_asked_for(self) -> None:
        card = compile_card(Form.of(Payment, title="?"))
        errors = read_form(action_of(card, "submit"), left_as_is(view_of(card, key="submit")), by=BEN, at=AT)
        assert isinstance(errors, dict)
        assert errors[ids.field_block(["method", "kind"])] == "Fill this in."

    def test_an_error_in_a_variant_is_the_one_about_that_variant(self) -> None:
        class Small(BaseModel):
            kind: Literal["small"]
            size: int = Field(ge=1, le=3)

        class Large(BaseModel):
            kind: Literal["large"]
            size: int = Field(ge=10)

        class Box(BaseModel):
            box: Annotated[Small | Large, Field(discriminator="kind")]

        card = edit({"box": {"kind": "large", "size": 12}}, Box)
        assert wrong(card, "edit", Size="2") == {"Size": "Enter 10 or more."}


class TestLists:
    def test_numbers_are_edited_one_per_line_and_stay_numbers(self) -> None:
        reply = filled(edit({"ids": [1, 2], "rates": [0.5, 1.0]}), "edit", Ids="3\n 4", Rates="0.25")
        assert reply.values == {"ids": [3, 4], "rates": [0.25]}
        assert wrong(edit({"ids": [1]}), "edit", Ids="1.5") == {"Ids": "Enter a whole number, for example 3."}

    def test_several_of_a_few_values_are_ticked(self) -> None:
        class Pizza(BaseModel):
            toppings: list[Literal["ham", "cheese", "corn"]] = []

        card = edit({"toppings": ["corn", "ham"]}, Pizza)
        assert inputs(view_of(card))["Toppings"]["element"]["type"] == "checkboxes"
        assert filled(card, "edit").values == {"toppings": ["corn", "ham"]}
        assert filled(card, "edit", Toppings=["cheese"]).values == {"toppings": ["cheese"]}
        assert filled(card, "edit", Toppings=None).values == {"toppings": []}


class TestPages:
    FIELDS: ClassVar[dict[str, int]] = {f"field_{index}": index for index in range(200)}

    def test_what_does_not_fit_goes_on_the_next_page(self) -> None:
        card = edit(self.FIELDS)
        action, draft, pages = action_of(card), None, []
        while not isinstance(draft, Reply):
            view = view_of(card, draft)
            pages.append(view)
            label = next(iter(inputs(view)))
            state = {**left_as_is(view), **typed_into(view, label, "777")}
            read = read_form(action, state, by=BEN, at=AT, draft=draft)
            assert not isinstance(read, dict)
            draft = read
        assert [view["submit"]["text"] for view in pages] == ["Continue", "Continue", "Approve with changes"]
        assert "Page 2 of 3" in texts(pages[1])
        assert draft.values == {**self.FIELDS, "field_0": 777, "field_90": 777, "field_180": 777}
        assert len(action.changes(draft)) == 3

    def test_an_error_keeps_its_page(self) -> None:
        card = edit(self.FIELDS)
        view = view_of(card)
        state = {**left_as_is(view), **typed_into(view, "Field 7", "x")}
        errors = read_form(action_of(card), state, by=BEN, at=AT)
        assert errors == {ids.field_block(["field_7"]): "Enter a whole number, for example 3."}

    def test_going_back_keeps_what_was_typed(self) -> None:
        card = edit(self.FIELDS)
        ask = action_of(card).ask
        assert isinstance(ask, AskForm)
        second = Draft(values=self.FIELDS, page=1)
        view = view_of(card, second)
        state = {**left_as_is(view), **typed_into(view, "Field 90", "5"), **typed_into(view, "Field 91", "x")}
        back = keep_page(ask, state, second, turn=-1)
        assert back == Draft(values={**self.FIELDS, "field_90": 5}, page=0)

    def test_the_view_names_the_page_and_holds_no_values(self) -> None:
        view = view_of(edit(self.FIELDS), Draft(values=self.FIELDS, page=1))
        ref = ids.ViewRef(request_id=make_request(None).id, action="edit", page=1)
        assert ids.parse_view_ref(view["private_metadata"]) == ref
