"""Approve the same for this run: calls of the same tool need no further click, until time is up or somebody ends it."""

import re

from runtime.hitl import Approval
from tests.office import Office, OpenOffice, asking, settle, shown
from tests.scenarios.test_policy import asked, with_policy

GRANTS = with_policy(approvers=("@finance",), grants="1h")
BUTTON = "Approve the same for this run"


def refund(amount: int, tool: str = "refund") -> Approval:
    return Approval(title=f"Refund {amount} EUR?", tool=tool, args={"amount": amount})


async def open_titles(office: Office) -> list[str]:
    await settle(office)
    return [str(request.payload.title) for request in await office.bot.desk.ledger.open_requests(10)]


async def status(office: Office) -> str:
    answer = await office.person("ana").command("/agent status", channel="refunds")
    assert answer is not None
    return str(answer["text"])


async def test_further_calls_of_the_tool_are_approved_and_others_are_asked(open_office: OpenOffice) -> None:
    graph = asking(refund(1), refund(2), refund(3, "delete"))
    async with open_office({"refund": graph}, specs=GRANTS) as office:
        card = await asked(office)
        await office.person("ana").press(card, BUTTON)
        await office.told("ana", "Only @finance can answer this")
        await office.person("ben").press(card, BUTTON)
        assert await open_titles(office) == ["Refund 3 EUR?"]
        assert "✅ *Approved* by <@U0BEN>: the same for this run" in shown(office.cards()[1])
        assert "<@U0BEN> approved `refund` for this run until <!date^" in await status(office)
        policy = await office.person("ana").command("/agent policy refund", channel="refunds")
        assert policy is not None
        assert "<@U0BEN> approved `refund`" in policy["text"]
        thread = (await office.bot.desk.ledger.threads())[0]
        noted = [(entry["what"], entry["detail"]) for entry in await office.bot.desk.ledger.trail(thread.id)]
        assert ("grant", "refund") in noted
        assert ("answer", "approved by rule: the same for this run") in noted


async def test_a_grant_ends_when_somebody_ends_it(open_office: OpenOffice) -> None:
    graph = asking(refund(1), refund(2, "delete"), refund(3))
    async with open_office({"refund": graph}, specs=GRANTS) as office:
        await office.person("ben").press(await asked(office), BUTTON)
        assert await open_titles(office) == ["Refund 2 EUR?"]
        found = re.search(r"/agent revoke (\w+)", await status(office))
        assert found is not None
        command = f"/agent revoke {found[1]}"
        dan = await office.person("dan").command(command, channel="refunds")
        assert dan is not None
        assert "Only the person who started this run" in dan["text"]
        ended = await office.person("ana").command(command, channel="refunds")
        assert ended is not None
        assert ended["text"] == "The agent asks again before it uses `refund`."
        assert "revoke" not in await status(office)
        await office.person("carla").press(await office.card(), "Approve")
        assert await open_titles(office) == ["Refund 3 EUR?"]


async def test_a_grant_ends_with_its_time_and_with_the_right_to_answer(open_office: OpenOffice) -> None:
    graph = asking(refund(1), refund(2, "delete"), refund(3), refund(4, "delete"), refund(5))
    async with open_office({"refund": graph}, specs=GRANTS) as office:
        await office.person("ben").press(await asked(office), BUTTON)
        assert await open_titles(office) == ["Refund 2 EUR?"]
        office.late = 400  # what was known of accounts and groups is too old by now
        office.sandbox.account("ben", deleted=True)
        await office.person("carla").press(await office.card(), "Approve")
        assert await open_titles(office) == ["Refund 3 EUR?"]
        await office.person("carla").press(await office.card(), BUTTON)
        assert await open_titles(office) == ["Refund 4 EUR?"]
        office.late += 3601
        await office.person("carla").press(await office.card(), "Approve")
        assert await open_titles(office) == ["Refund 5 EUR?"]


async def test_where_nobody_offers_it_there_is_no_such_button(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(refund(1))}) as office:
        assert BUTTON not in shown(await asked(office))
    demanding = Approval(title="Refund?", tool="refund", destructive=True)
    async with open_office({"refund": asking(demanding)}, specs=GRANTS) as office:
        assert BUTTON not in shown(await asked(office))


async def test_an_unknown_grant_cannot_be_ended(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(refund(1))}) as office:
        answer = await office.person("ana").command("/agent revoke nothing", channel="refunds")
        assert answer is not None
        assert answer["text"] == "Nothing like that is approved. `/agent status <run>` lists what is."
