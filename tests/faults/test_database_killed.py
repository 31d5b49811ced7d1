"""The database's own process killed with SIGKILL, and started again over the same files, while a bot waits."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.audit import verify
from runtime.hitl import Approval
from runtime.requests.records import RequestStatus
from tests.mongodb import Server, free_port
from tests.office import OpenOffice, asking, settle, shown


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(folder=tmp_path, port=free_port())
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.kill)


async def test_a_click_counts_after_the_database_was_killed_and_came_back(
    open_office: OpenOffice, server: Server
) -> None:
    """Nothing of before is lost, and the bot's connections find the new process by themselves."""
    environ = {"MONGODB_URI": f"{server.uri}andon"}
    async with open_office({"refund": asking(Approval(title="Refund order 7?"))}, environ=environ) as office:
        ledger, ana, ben = office.bot.desk.ledger, office.person("ana"), office.person("ben")
        for order in ("order 7", "order 8"):
            await ana.command(f"/agent refund {order}", channel="refunds")
        cards = [await office.card(nth=nth, count=2) for nth in range(2)]
        await settle(office)
        before = [await ledger.requests(thread.id) for thread in await ledger.threads()]
        for card in cards:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await ben.press(card, "Approve")
            await office.sees("refunds", card["ts"], "Finished")
        await settle(office)
        assert [len(requests) for requests in before] == [1, 1]
        for (asked,) in before:
            (delivered,) = await ledger.requests(asked.thread_id)
            assert (delivered.id, delivered.status) == (asked.id, RequestStatus.DELIVERED)
            said = [entry["what"] for entry in await ledger.trail(asked.thread_id)]
            assert said == ["start", "answer"]
        assert [problem async for problem in verify(ledger)] == []
        assert len(office.outcomes()) == 2
        assert "approved=True" in shown(office.outcomes()[0])
