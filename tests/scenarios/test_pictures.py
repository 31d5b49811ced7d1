"""`/agent graph`: a picture of where a run stands, drawn by the bot itself."""

from typing import Any, TypedDict

import pytest

from bot.sandbox import Fault
from runtime import START, StateGraph, interrupt
from tests.office import Office, OpenOffice, asking, settle, shown


class Refund(TypedDict, total=False):
    request: str
    outcome: str


def look_up(state: Refund) -> Refund:
    return {}


def decide(state: Refund) -> Refund:
    return {"outcome": str(interrupt({"question": "Refund?"}))}


def pay(state: Refund) -> Refund:
    if state["request"] == "fail":
        raise RuntimeError("no money")
    return {}


REFUND = {"refund": StateGraph(Refund).add_sequence([look_up, decide, pay]).add_edge(START, "look_up")}


async def picture(office: Office, count: int = 1) -> Any:
    def shared() -> Any:
        return [file for message in office.sandbox.messages("refunds") for file in message.get("files", ())]

    return await office.sandbox.until(lambda: len(shared()) >= count and shared()[-1])


async def test_a_picture_says_where_the_run_waits_and_then_that_it_is_done(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        assert "Drawing where *Refund* stands" in shown(await ana.command("/agent graph", channel="refunds"))
        waiting = await picture(office)
        assert waiting["mimetype"] == "image/png"
        assert waiting["alt_txt"] == "Where the run stands: look_up: done; decide: waiting for an answer"
        await ana.press(card, "Approve")
        await office.outcome()
        await ana.command("/agent graph", channel="refunds")
        done = await picture(office, 2)
        assert done["alt_txt"] == "Where the run stands: look_up: done; decide: done; pay: done"
        shared = next(message for message in office.sandbox.messages("refunds") if message.get("files"))
        assert shared["thread_ts"] == card["thread_ts"]
        assert shared["text"] == "<@U0ANA> asked where the run stands."


async def test_a_picture_marks_what_failed(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        await ana.command("/agent refund fail", channel="refunds")
        await ana.press(await office.card(), "Approve")
        await office.outcome()
        await ana.command("/agent graph", channel="refunds")
        assert "pay: failed" in (await picture(office))["alt_txt"]


async def test_a_run_of_others_elsewhere_is_not_drawn(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        run = card["metadata"]["event_payload"]["key"]
        said = shown(await office.person("ben").command(f"/agent graph {run}", channel="deploys"))
        assert "Drawing" not in said
        await settle(office)
        assert not [message for message in office.sandbox.messages("refunds") if message.get("files")]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_picture_that_slack_does_not_take_is_shared_at_most_once(open_office: OpenOffice, method: str) -> None:
    async with open_office({"refund": asking("How much?")}) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        await office.card()
        office.sandbox.inject(Fault(method=method, kind="lost_reply"))
        await ana.command("/agent graph", channel="refunds")
        await settle(office)
        assert len([message for message in office.sandbox.messages("refunds") if message.get("files")]) <= 1
