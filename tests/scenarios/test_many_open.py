"""With a thousand open questions a click is as quick as with one, and a Home tab little slower than reading them."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from time import perf_counter
from typing import Any

from runtime.requests.records import RequestId, ThreadId
from tests.office import Office, OpenOffice, asking, settle, shown

OPEN = 1000
TIMES = 5
"""Of so many tries the quickest counts, whatever else the machine does."""


async def seconds(work: Awaitable[Any]) -> float:
    began = perf_counter()
    await work
    return perf_counter() - began


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


async def from_click_to_card(office: Office) -> float:
    """How long it takes until a card shows what was pressed, at best."""
    took = []
    for _ in range(TIMES):
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card(count=2)
        await settle(office)
        began = perf_counter()
        await office.person("ben").press(card, "Approve")
        await office.sees("refunds", card["ts"], "Approved")
        took.append(perf_counter() - began)
        await settle(office)
    return min(took)


def published(office: Office) -> int:
    """How often a Home tab was drawn."""
    return sum(call.method == "views.publish" for call in office.sandbox.calls)


async def test_a_click_and_the_home_tab_stay_quick_with_a_thousand_open_questions(open_office: OpenOffice) -> None:
    graphs = {"refund": asking({"question": "Send it?", "amount": 40})}
    async with open_office(graphs, specs={"refund": {"approvers": ("U0BEN", "U0CARLA")}}) as office:
        await office.person("ana").command("/agent refund order 6", channel="refunds")
        await office.card()
        with_one = await from_click_to_card(office)
        await ask_often(office)
        assert await from_click_to_card(office) < with_one * 3
        desk, carla = office.bot.desk, office.person("carla")
        reading = min([await seconds(desk.ledger.open_requests(OPEN)) for _ in range(TIMES)])

        async def look() -> None:
            before = published(office)
            await carla.open_home()
            await office.sandbox.until(lambda: published(office) > before)

        drawing = min([await seconds(look()) for _ in range(TIMES)])
        assert f"Waiting for you ({OPEN}+)" in shown(carla.home)
        assert drawing < reading * 3
