"""What people are told when what they answer, or go on with, was kept long enough."""

from tests.office import OpenOffice, asking, settle

DAY = 86_400.0


async def test_who_comes_back_to_a_run_that_is_gone_is_told(open_office: OpenOffice) -> None:
    environ = {"ANDON_RETENTION_DAYS": "30"}
    async with open_office({"refund": asking("Which order?")}, environ=environ) as office:
        ana, ben = office.person("ana"), office.person("ben")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        office.late = 31 * DAY
        await office.bot.runner.recover()
        await ben.say("seven", channel="refunds", thread_ts=card["thread_ts"])
        await office.outcome()  # what is open is there for as long as it takes
        await settle(office)
        (run,) = await office.bot.desk.ledger.threads()
        office.late = 62 * DAY
        await office.bot.runner.recover()
        assert await office.bot.desk.ledger.requests(run.id) == []
        await ben.say("eight", channel="refunds", thread_ts=card["thread_ts"])
        await office.told("ben", "not kept any more", "refunds")
        await ben.press(card, "Answer…")
        await office.told("ben", "not known here any more", "refunds")
        assert "I know no run" in str(await ana.command(f"/agent status {run.id[:8]}", channel="refunds"))
        await settle(office)
        assert len(office.outcomes()) == 1
