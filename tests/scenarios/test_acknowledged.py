"""A click is acknowledged as soon as it is decided, whatever else the bot has in hand; and what all of it costs."""

import asyncio
from typing import Any

from runtime import Command, InMemorySaver
from runtime.requests.records import RequestStatus
from runtime.requests.slots import AT_ONCE
from tests.office import OpenOffice, asking


class Stuck:
    """An agent whose state cannot be read for now: a drive that wants to stands still, and is at work all the same."""

    def __init__(self) -> None:
        self.checkpointer = InMemorySaver()
        self._graph = asking({"question": "Send 40 EUR?", "amount": 40}).compile(checkpointer=self.checkpointer)
        self.free, self.all_held = asyncio.Event(), asyncio.Event()
        self.held = 0

    def astream(self, given: Any, config: Any, *, stream_mode: Any) -> Any:
        given = Command(resume=given.resume) if hasattr(given, "resume") else given  # the bot takes it for LangGraph's
        return self._graph.astream(given, config, stream_mode=stream_mode)

    async def aget_state(self, config: Any) -> Any:
        if not self.free.is_set():
            self.held += 1
            if self.held == AT_ONCE:
                self.all_held.set()
            await self.free.wait()
        return await self._graph.aget_state(config)


async def test_a_click_is_acknowledged_while_more_runs_than_may_be_at_work_wait(open_office: OpenOffice) -> None:
    stuck = Stuck()
    stuck.free.set()
    async with open_office({"refund": stuck}) as office:
        ana, ben = office.person("ana"), office.person("ben")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        stuck.free.clear()
        for number in range(AT_ONCE + 2):
            await ana.command(f"/agent refund order {number}", channel="refunds")
        async with asyncio.timeout(20):
            await stuck.all_held.wait()
        assert await ben.press(card, "Approve") is None
        (decided,) = await office.bot.desk.ledger.requests_by_status(RequestStatus.DECIDED, limit=2)
        assert decided.decision is not None
        assert stuck.held == AT_ONCE
        stuck.free.set()
        assert "Got True for order 7." in str(await office.outcome())
