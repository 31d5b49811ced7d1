"""Several people have to approve: the card counts, and what is approved is what everybody saw."""

import asyncio
from typing import Any

from runtime.hitl import Approval
from tests.office import Json, Office, OpenOffice, asking, shown
from tests.scenarios.test_policy import asked, with_policy

TWO = with_policy(approvers=("U0ANA", "@finance"), required=2)
REFUND = Approval(title="Refund order 7?", args={"order": 7, "amount": 40})


async def current(office: Office, card: Json, words: str) -> Json:
    return await office.sees("refunds", card["ts"], words)


async def test_two_people_approve_and_the_card_counts(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=TWO) as office:
        card = await asked(office)
        assert "2 people have to approve" in shown(card)
        await office.person("ben").press(card, "Approve")
        card = await current(office, card, "1 of 2 · <@U0BEN> ✓ · one more of <@U0ANA> or @finance needed")
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "You approved this already. 1 of 2")
        await office.person("carla").press(card, "Approve")
        await current(office, card, "Approved* by <@U0BEN> and <@U0CARLA>")
        assert "approved=True" in shown(await office.outcome())


async def test_an_approval_can_be_taken_back(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=TWO) as office:
        card = await asked(office)
        ben = office.person("ben")
        await ben.press(card, "Approve")
        card = await current(office, card, "1 of 2")
        await office.person("carla").choose(card, "Take back my approval")
        await office.told("carla", "There is no approval of yours to take back.")
        await ben.choose(card, "Take back my approval")
        card = await current(office, card, "2 people have to approve")
        await office.person("carla").press(card, "Approve")
        await current(office, card, "1 of 2 · <@U0CARLA> ✓")


async def test_one_rejection_is_enough(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=TWO) as office:
        card = await asked(office)
        await office.person("ben").press(card, "Approve")
        card = await current(office, card, "1 of 2")
        await office.person("carla").press(card, "Reject…")
        await office.modal("carla")
        await office.person("carla").submit({"Reason": "Too much"})
        card = await current(office, card, "Rejected* by <@U0CARLA>")
        assert "U0BEN" not in shown(card)


async def test_changes_are_what_others_approve_from_then_on(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=TWO) as office:
        before = await asked(office)
        await office.person("ana").press(before, "Approve")
        card = await current(office, before, "1 of 2 · <@U0ANA> ✓")
        carla = office.person("carla")
        await carla.press(card, "Edit…")
        await office.modal("carla")
        await carla.submit({"Amount": "25"})
        card = await current(office, card, "1 of 2 · <@U0CARLA> ✓")
        assert "<@U0CARLA> changed this, and approvals count from there" in shown(card)
        await office.person("ben").press(before, "Approve")
        await office.told("ben", "This question changed since its card was drawn")
        await office.person("ben").press(card, "Approve with changes")
        assert "'amount': 25" in shown(await office.outcome())
        await current(office, card, "Approved with changes* by <@U0CARLA> and <@U0BEN>")


async def test_two_clicks_at_the_same_moment_are_two_votes(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}, specs=TWO) as office:
        card = await asked(office)
        await asyncio.gather(*(office.person(name).press(card, "Approve") for name in ("ben", "carla")))
        await office.outcome()


async def test_a_payload_can_ask_for_more_people_than_its_agent(open_office: OpenOffice) -> None:
    payload: Any = Approval(title="Refund order 7?", required=2)
    async with open_office({"refund": asking(payload)}) as office:
        card = await asked(office)
        await office.person("ana").press(card, "Approve")
        await current(office, card, "1 of 2 · <@U0ANA> ✓ · one more needed")
