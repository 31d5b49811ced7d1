"""With a thousand open questions a click costs what it costs with one, and a Home tab reads each of them once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from runtime import SqliteSaver
from runtime.requests.records import RequestId, ThreadId
from tests.office import Office, OpenOffice, asking, settle, shown

OPEN = 1000


async def ask_often(office: Office) -> None:
    """Have many more runs that wait as the first one does."""
    ledger = office.bot.desk.ledger
    (request,) = await ledger.open_requests(1)
    thread, turn = await ledger.thread(request.thread_id), await ledger.turn(request.turn_id)
    assert thread is not None
    assert turn is not None

    async def ask(name: str) -> None:
        thread_id = ThreadId(name)
        await ledger.add_turn(replace(turn, id=f"turn {name}", thread_id=thread_id))
        await ledger.open_thread(replace(thread, id=thread_id, where=f"T0ANDON/C0REFUNDS/{name}"))
        request_id = RequestId(f"request {name}")
        await ledger.open_request(replace(request, id=request_id, thread_id=thread_id, turn_id=f"turn {name}"))

    await asyncio.gather(*(ask(str(number)) for number in range(OPEN)))


class Reads:
    """How many documents are read from the store."""

    def __init__(self, office: Office, patch: pytest.MonkeyPatch) -> None:
        self._office = office
        self._documents = 0
        for name in ("get", "find", "count", "update"):
            patch.setattr(SqliteSaver, name, self._counting(getattr(SqliteSaver, name)))

    def _counting(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*given: Any, **more: Any) -> Any:
            answer = await method(*given, **more)
            self._documents += len(answer) if isinstance(answer, list) else 1
            return answer

        return counted

    async def during(self, work: Awaitable[Any]) -> int:
        """How many something takes, with all that comes of it."""
        await settle(self._office)
        before = self._documents
        await work
        await settle(self._office)
        return self._documents - before


async def a_click(office: Office, reads: Reads) -> int:
    """How many documents are read from a press until its outcome is told."""
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    card = await office.card(count=2)

    async def click() -> None:
        await office.person("ben").press(card, "Approve")
        await office.sees("refunds", card["ts"], "Approved")

    return await reads.during(click())


async def open_home(office: Office) -> None:
    before = len(office.sandbox.calls)
    await office.person("carla").open_home()
    await office.sandbox.until(lambda: any(call.method == "views.publish" for call in office.sandbox.calls[before:]))


async def test_what_a_click_and_a_home_tab_read_with_a_thousand_open_questions(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = {"refund": asking({"question": "Send it?", "amount": 40})}
    async with open_office(graphs, specs={"refund": {"approvers": ("U0BEN", "U0CARLA")}}) as office:
        reads = Reads(office, monkeypatch)
        await office.person("ana").command("/agent refund order 6", channel="refunds")
        await office.card()
        with_one = await a_click(office, reads)
        await ask_often(office)
        assert await a_click(office, reads) < with_one + 10  # how often a card is redrawn differs by one or two
        assert await reads.during(open_home(office)) < OPEN + 20
        assert f"Waiting for you ({OPEN}+)" in shown(office.person("carla").home)
