"""When our own database fails: nothing is decided, everybody is told, and Slack sends events again."""

import pytest

from tests.office import TRANSPORTS, Office, OpenOffice, asking, settle, shown

AGENT = {"refund": asking({"question": "Send 40 EUR?", "amount": 40})}
SORRY = "Something went wrong on our side"


async def lose_the_database(office: Office) -> None:
    await settle(office)
    await office.bot.desk.ledger._store.aclose()  # type: ignore[attr-defined]  # every store has it


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_whoever_does_something_is_told_that_it_did_not_work(open_office: OpenOffice, transport: str) -> None:
    async with open_office(AGENT, transport=transport) as office:
        ana, ben = office.person("ana"), office.person("ben")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await ben.press(card, "Edit…")
        await office.modal("ben")
        await lose_the_database(office)
        assert SORRY in shown(await ana.command("/agent refund order 8", channel="refunds"))
        assert SORRY in (await ben.submit({"Amount": "25"}))["Amount"]
        assert ben.modal is not None
        assert await office.person("carla").press(card, "Approve") is None
        await office.sandbox.until(lambda: SORRY in shown(office.sandbox.messages("@carla")))
        await office.person("carla").choose(card, "Stop the run")
        await office.sandbox.until(lambda: shown(office.sandbox.messages("@carla")).count(SORRY) == 2)


async def test_an_event_that_could_not_be_stored_comes_again(open_office: OpenOffice) -> None:
    async with open_office(AGENT, transport="signed http", event_retry_delays=(0.0,)) as office:
        await lose_the_database(office)
        await office.person("ana").say("<@U0ANDON> refund order 7", channel="refunds")
        await office.sandbox.until(
            lambda: [d.error for d in office.sandbox.deliveries if d.name == "app_mention"] == ["http_error"] * 2
        )
