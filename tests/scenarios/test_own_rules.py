"""What a model's own validators say is said in the form, while the person who filled it in is still there."""

from datetime import date
from typing import Annotated, Self

import pytest
from pydantic import AfterValidator, BaseModel, model_validator

from handlers import views
from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval, Form, schema_of
from tests.office import Json, Office, OpenOffice, State, asking, shown


def _known_airport(code: str) -> str:
    if code not in {"TXL", "ICN"}:
        raise ValueError("Nobody flies there")
    return code


class Stay(BaseModel):
    since: date
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until <= self.since:
            raise ValueError("Leave after you came")
        return self


class Trip(BaseModel):
    airport: Annotated[str, AfterValidator(_known_airport)]
    stay: Stay
    nights: int

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (self.stay.until - self.stay.since).days != self.nights:
            raise ValueError("The nights and the dates do not agree")
        return self


GIVEN: Json = {"Airport": "ICN", "Since": "2026-12-01", "Until": "2026-12-04", "Nights": "3"}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, these validators are waited for."""
    monkeypatch.setattr(views, "PATIENCE", 60.0)


async def opened(office: Office) -> None:
    await office.person("ana").command("/agent travel x", channel="refunds")
    await office.person("ben").press(await office.card(), "Fill in…")
    await office.modal("ben")


async def test_a_models_own_rules_are_told_beside_the_fields_and_nothing_is_decided(open_office: OpenOffice) -> None:
    async with open_office({"travel": asking(Form.of(Trip, title="Where to?"))}) as office:
        await opened(office)
        ben = office.person("ben")
        assert await ben.submit({**GIVEN, "Airport": "XXX"}) == {"Airport": "Nobody flies there"}
        assert await ben.submit({**GIVEN, "Until": "2026-11-01"}) == {"Since": "Stay: Leave after you came"}
        assert await ben.submit({**GIVEN, "Nights": "9"}) == {"Airport": "The nights and the dates do not agree"}
        assert await ben.submit(GIVEN) == {}
        assert "nights=3" in shown(await office.outcome())
        assert len(office.cards()) == 1


async def test_they_are_told_in_the_form_after_a_restart_too(open_office: OpenOffice) -> None:
    async with open_office({"travel": asking(Form.of(Trip, title="Where to?"))}) as office:
        await office.person("ana").command("/agent travel x", channel="refunds")
        card = await office.card()
        await office.stop_bot()
        await office.start_bot()
        await office.person("ben").press(card, "Fill in…")
        await office.modal("ben")
        assert set(await office.person("ben").submit({**GIVEN, "Nights": "9"})) == {"Airport"}


async def test_an_answers_type_is_asked_as_well(open_office: OpenOffice) -> None:
    def stay(_: State) -> State:
        return {"outcome": str(interrupt("How long?", response_schema=Stay))}

    graph = StateGraph(State).add_node("stay", stay).add_edge(START, "stay")
    async with open_office({"travel": graph}) as office:
        await office.person("ana").command("/agent travel x", channel="refunds")
        await office.person("ben").press(await office.card(), "Answer…")
        await office.modal("ben")
        ben = office.person("ben")
        dates = {"Since": "2026-12-04", "Until": "2026-12-01"}
        assert await ben.submit(dates) == {"Since": "Leave after you came"}
        assert await ben.submit({**dates, "Since": "2026-11-01"}) == {}


async def test_edited_arguments_are_held_against_their_model_too(open_office: OpenOffice) -> None:
    book = Approval(title="Book it?", args={"since": "2026-12-01", "until": "2026-12-04"}, args_schema=schema_of(Stay))
    async with open_office({"travel": asking(book)}) as office:
        await office.person("ana").command("/agent travel x", channel="refunds")
        await office.person("ben").press(await office.card(), "Edit…")
        await office.modal("ben")
        ben = office.person("ben")
        assert await ben.submit({"Until": "2026-11-01"}) == {"Since": "Leave after you came"}
        assert await ben.submit({"Until": "2026-12-09"}) == {}


async def test_a_model_that_is_found_nowhere_is_asked_by_the_graph(open_office: OpenOffice) -> None:
    class Hidden(Stay):
        """Made within a function: no other process could find it by a name."""

    async with open_office({"travel": asking(Form.of(Hidden, title="How long?"))}) as office:
        await opened(office)
        ben = office.person("ben")
        assert await ben.submit({"Since": "2026-12-04", "Until": "2026-12-01"}) == {}
        again = await office.sandbox.until(lambda: office.cards()[1])
        assert "Leave after you came" in shown(again)
        await ben.press(again, "Fill in…")
        await office.modal("ben")
        assert await ben.submit({"Until": "2026-12-09"}) == {}  # what was filled in need not be typed again
        assert "datetime.date(2026, 12, 4)" in shown(await office.outcome())
