"""What looks whether all is well is not itself a part of what goes wrong."""

from tests.chaos.runs import look, prepared


async def test_the_checker_sees_past_an_outage_of_the_database() -> None:
    async with prepared("mongodb/outage/0", patience=120.0) as run, run.database.away():
        assert (await look(run)).threads == []
