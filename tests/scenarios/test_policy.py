"""Who may answer: by name, by group, by channel, and what kind of account they have."""

from functools import partial
from typing import Any

import pytest

from bot.sandbox import Fault
from tests.office import Json, Office, OpenOffice, asking, shown

QUESTION = {"question": "Refund order 7?", "amount": 40}


async def asked(office: Office, name: str = "ana") -> Json:
    await office.person(name).command("/agent refund order 7", channel="refunds")
    return await office.card()


def with_policy(**policy: Any) -> dict[str, Json]:
    return {"refund": {"policy": policy}}


@pytest.mark.parametrize("group", ["@finance", "S0FINANCE"])
async def test_members_of_a_group_may_answer_and_others_hear_whom_to_ask(open_office: OpenOffice, group: str) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=(group,))) as office:
        card = await asked(office)
        name = group if group.startswith("@") else f"<!subteam^{group}>"
        assert f"Only {name} can answer" in shown(card)
        for label in ("Approve", "Edit…", "Reject…"):
            await office.person("ana").press(card, label)
        told = await office.told("ana", f"Only {name} can answer this.")
        assert "You can ask <@U0BEN> or <@U0CARLA>" in shown(told)
        await office.person("ben").press(card, "Approve")
        await office.outcome()


async def test_a_group_that_cannot_be_looked_up_decides_nothing(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=("@finance",))) as office:
        card = await asked(office)
        office.sandbox.inject(Fault(method="usergroups.users.list", kind="500", times=20))
        await office.person("ben").press(card, "Approve")
        await office.told("ben", "I could not check who is in @finance, so nothing was decided. Try again.")


async def test_a_slow_slack_is_not_waited_for(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        card = await asked(office)
        office.sandbox.inject(Fault(method="users.info", kind="slow", seconds=2.5))
        assert await office.person("ben").press(card, "Approve") is None
        await office.told("ben", "I could not check who <@U0BEN> is, so nothing was decided. Try again.")


async def test_whoever_leaves_a_group_between_form_and_submit_is_refused_in_the_form(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=("@finance",))) as office:
        ben = office.person("ben")
        await ben.press(await asked(office), "Edit…")
        await office.modal("ben")
        office.sandbox.user_group("S0FINANCE", "carla")
        office.bot.directory.clock = lambda: 1e12  # what was known of the group is too old by now
        await ben.submit({"Amount": "25"})
        assert "Only @finance can answer this." in shown(ben.modal)


async def test_someone_else_has_to_answer_where_policy_says_so(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(no_self_approval=True)) as office:
        card = await asked(office)
        assert "not by whoever asked" in shown(card)
        await office.person("ana").press(card, "Approve")
        await office.told("ana", "You asked for this, so someone else has to answer it.")
        await office.person("ben").press(card, "Approve")
        await office.outcome()


async def test_members_of_the_channel_may_answer(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=("channel",))) as office:
        card = await asked(office)
        assert "Only members of this channel can answer" in shown(card)
        await office.person("carla").press(card, "Approve")
        await office.outcome()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"is_restricted": True}, "Guests cannot answer"),
        ({"deleted": True}, "deactivated"),
        ({"is_bot": True}, "Apps cannot answer"),
        ({"is_stranger": True}, "Only people of this workspace"),
    ],
)
async def test_only_full_members_may_answer(open_office: OpenOffice, flags: dict[str, bool], words: str) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        card = await asked(office)
        office.sandbox.account("ben", **flags)
        await office.person("ben").press(card, "Approve")
        assert "othing was decided" in shown(await office.told("ben", words))


async def test_a_policy_can_let_guests_answer(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(allow_guests=True)) as office:
        await office.person("dan").press(await asked(office), "Approve")
        await office.outcome()


async def test_a_group_finds_what_waits_for_it_in_its_home(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=("@finance",))) as office:
        await asked(office)
        for person, waiting in ((office.person("ben"), 1), (office.person("ana"), 0)):
            await person.open_home()
            assert f"Waiting for you ({waiting})" in shown(await office.sandbox.until(partial(getattr, person, "home")))


async def test_a_policy_can_demand_a_reason_from_whoever_rejects(open_office: OpenOffice) -> None:
    specs = with_policy(reason_required=True, reject_reasons=("Too much", "Wrong customer"))
    async with open_office({"refund": asking(QUESTION)}, specs=specs) as office:
        ben = office.person("ben")
        await ben.press(await asked(office), "Reject…")
        await office.modal("ben")
        assert await ben.submit() != {}
        assert office.cards()[-1] == await office.card()
        assert await ben.submit({"Reason": "Too much"}) == {}
        await office.outcome()
        assert "Too much" in shown(office.cards()[-1]["blocks"])
