"""Forms of several steps: over pages, with fields that follow from a choice; what was filled in before is not lost."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from runtime.hitl import Approval, Form
from tests.office import TRANSPORTS, Json, Office, OpenOffice, asking, settle, shown

FIELDS = {f"field_{index}": index for index in range(100)}


class Credit(BaseModel):
    """A credit card."""

    kind: Literal["credit"]
    number: str


class Bank(BaseModel):
    """An account at a bank."""

    kind: Literal["bank"]
    iban: str


class Payer(BaseModel):
    """Who pays, and how."""

    name: str
    method: Annotated[Credit | Bank, Field(discriminator="kind")]


async def opened(office: Office, label: str) -> Json:
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    await office.person("ben").press(await office.card(), label)
    return await office.modal("ben")


def labels(view: Json | None) -> list[str]:
    return [block["label"]["text"] for block in (view or {})["blocks"] if block["type"] == "input"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_form_of_two_pages(open_office: OpenOffice, transport: str) -> None:
    async with open_office({"refund": asking(Approval(title="Go?", args=FIELDS))}, transport=transport) as office:
        await opened(office, "Edit…")
        ben = office.person("ben")
        assert await ben.submit({"Field 3": "x1"}) != {}
        assert await ben.submit({"Field 3": "300"}) == {}
        assert labels(ben.modal)[0] == "Field 90"
        assert "Page 2 of 2" in shown(ben.modal)

        ben.fill({"Field 91": "910"})
        await ben.press(await office.modal("ben"), "Previous page")
        await office.sandbox.until(lambda: labels(ben.modal)[0] == "Field 0")
        assert "300" in str(ben.modal)
        assert await ben.submit() == {}
        assert await ben.submit({"Field 99": "990"}) == {}
        outcome = shown(await office.outcome())
        for words in ("'field_3': 300", "'field_91': 910", "'field_99': 990", "'field_98': 98"):
            assert words in outcome
        card = office.cards()[-1]
        assert "field 91" in shown(await office.sees("refunds", card["ts"], "Approved with changes")).lower()


async def test_fields_follow_from_a_choice(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(Form.of(Payer, title="Who pays?"))}) as office:
        view = await opened(office, "Fill in…")
        ben = office.person("ben")
        ben.fill({"Name": "Ada"})
        await ben.choose(view, "Bank")
        await office.sandbox.until(lambda: "Iban" in labels(ben.modal))
        await ben.choose(await office.modal("ben"), "Credit")
        await office.sandbox.until(lambda: "Number" in labels(ben.modal))
        assert "Iban" not in labels(ben.modal)
        assert await ben.submit({"Number": "4111"}) == {}
        outcome = shown(await office.outcome())
        assert "name='Ada'" in outcome
        assert "Credit(kind='credit', number='4111')" in outcome


async def test_a_choice_sent_before_its_fields_came_brings_them(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(Form.of(Payer, title="Who pays?"))}) as office:
        await opened(office, "Fill in…")
        ben = office.person("ben")
        assert await ben.submit({"Name": "Ada", "Kind": "Bank"}) == {}
        assert labels(ben.modal) == ["Name", "Kind", "Iban"]
        assert await ben.submit({"Iban": "DE12"}) == {}
        assert "iban='DE12'" in shown(await office.outcome())


async def test_what_was_filled_in_is_forgotten_when_the_form_is_closed_or_decided(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(Approval(title="Go?", args=FIELDS))}) as office:
        ledger, ben = office.bot.desk.ledger, office.person("ben")
        view = await opened(office, "Edit…")
        await ben.submit()
        request = (await ledger.open_requests(9))[0]
        assert await ledger.drafts.draft(view["id"], request.id) == FIELDS
        await ben.close_modal()
        await office.sandbox.until(lambda: ben.modal is None)
        await ben.press(await office.card(), "Edit…")
        again = await office.modal("ben")
        await ben.submit()
        await ben.submit()
        await office.outcome()
        await settle(office)
        assert [await ledger.drafts.draft(one["id"], request.id) for one in (view, again)] == [None, None]


async def test_two_people_fill_in_forms_of_their_own(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(Approval(title="Go?", args=FIELDS))}) as office:
        await opened(office, "Edit…")
        ben, carla = office.person("ben"), office.person("carla")
        await carla.press(await office.card(), "Edit…")
        await office.modal("carla")
        await ben.submit({"Field 0": "111"})
        await carla.submit({"Field 1": "222"})
        assert await carla.submit() == {}
        await ben.submit()
        assert "<@U0CARLA> approved this" in shown(ben.modal)
        outcome = shown(await office.outcome())
        assert "'field_0': 0, 'field_1': 222" in outcome
