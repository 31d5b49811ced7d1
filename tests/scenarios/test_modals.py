"""Modals: what they give back, errors beside the fields, and what takes their place when their moment has passed."""

import copy
import json
from datetime import date
from enum import Enum
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel, Field

from bot.sandbox import Fault
from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval, Form
from tests.office import TRANSPORTS, Json, Office, OpenOffice, State, asking, settle, shown


class Pace(Enum):
    SLOW = "slow"
    FAST = "fast"


class Trip(BaseModel):
    """What a trip needs."""

    days: int = Field(ge=1, le=30)
    budget: float
    vegetarian: bool
    pace: Pace
    start: date
    names: list[str]


TRIP = {"Days": "3", "Budget": "99.50", "Vegetarian": "Yes", "Pace": "fast", "Start": "2026-12-01", "Names": "Ada\nBob"}
QUESTION = {"question": "Send 40 EUR?", "amount": 40, "to": "ada"}


async def opened(office: Office, label: str, who: str = "ben") -> Json:
    """Start the agent, press a button of its card; return the card once the modal is there."""
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    card = await office.card()
    await office.person(who).press(card, label)
    await office.modal(who)
    return card


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_edit_keeps_types_and_shows_what_changed(open_office: OpenOffice, transport: str) -> None:
    async with open_office({"refund": asking(QUESTION)}, transport=transport) as office:
        card = await opened(office, "Edit…")
        ben = office.person("ben")
        assert set(await ben.submit({"Amount": ""})) == {"Amount"}
        assert await ben.submit({"Amount": "25"}) == {}
        assert "'amount': 25" in shown(await office.outcome())
        assert ben.modal is None
        assert "40" in shown(await office.sees("refunds", card["ts"], "Approved with changes"))


async def test_a_masked_secret_stays_as_it_was_and_the_modal_carries_ids_alone(open_office: OpenOffice) -> None:
    heard: list[Any] = []

    def ask(_: State) -> State:
        heard.append(interrupt({**QUESTION, "api_key": "hunter2"}))
        return {"outcome": "Sent."}

    async with open_office({"refund": StateGraph(State).add_node("ask", ask).add_edge(START, "ask")}) as office:
        await opened(office, "Edit…")
        ben = office.person("ben")
        view = await office.modal("ben")
        assert "hunter2" not in json.dumps(view)
        (request,) = await office.bot.desk.ledger.open_requests(limit=2)
        assert json.loads(view["private_metadata"]) == {"request_id": request.id, "action": "edit"}
        assert await ben.submit({"Amount": "25"}) == {}
        await office.outcome()
        assert heard == [{"amount": 25, "to": "ada", "api_key": "hunter2"}]
        assert "hunter2" not in json.dumps(office.sandbox.messages("refunds"))


async def test_a_reason_for_a_rejection_is_read_by_the_agent(open_office: OpenOffice) -> None:
    def told(payload: Any) -> Any:
        return asking(payload)

    async with open_office({"refund": told(Approval(title="Send it?"))}) as office:
        card = await opened(office, "Reject…")
        assert await office.person("ben").submit({"Reason": "too <much> & more"}) == {}
        assert "too <much> & more" in shown((await office.outcome())["blocks"])
        decided = await office.sees("refunds", card["ts"], "Rejected")
        assert "too" in shown(decided)


async def test_a_rejection_needs_no_reason(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        await opened(office, "Reject…")
        assert await office.person("ben").submit({}) == {}
        assert "Got False" in shown(await office.outcome())


async def test_an_answer_in_a_modal(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which order?")}) as office:
        await opened(office, "Answer…")
        ben = office.person("ben")
        assert await ben.submit({"Your answer": ""}) != {}
        assert await ben.submit({"Your answer": "number 7\nplease"}) == {}
        assert "Got 'number 7\\nplease'" in shown((await office.outcome())["blocks"])


async def test_a_form_gives_back_values_of_their_types(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(Form.of(Trip, title="Your trip"))}) as office:
        await office.person("ana").command("/agent refund x", channel="refunds")
        card = await office.card()
        label = next(
            element["text"]["text"]
            for block in card["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element.get("action_id", "").startswith("act:") and element["text"]["text"].endswith("…")
        )
        ben = office.person("ben")
        await ben.press(card, label)
        await office.modal("ben")
        assert set(await ben.submit({**TRIP, "Days": "99"})) == {"Days"}
        assert await ben.submit(TRIP) == {}
        outcome = shown((await office.outcome())["blocks"])
        for words in ("days=3", "budget=99.5", "vegetarian=True", "Pace.FAST", "2026, 12, 1", "['Ada', 'Bob']"):
            assert words in outcome


async def test_closing_a_modal_decides_nothing(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        await opened(office, "Edit…")
        await office.person("ben").close_modal()
        await settle(office)
        assert len(office.cards()) == 1
        assert office.outcomes() == []


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_losing_a_race_with_the_modal_open_puts_the_reason_in_its_place(
    open_office: OpenOffice, transport: str
) -> None:
    async with open_office({"refund": asking(QUESTION)}, transport=transport) as office:
        card = await opened(office, "Edit…")
        await office.person("carla").press(card, "Approve")
        await office.outcome()
        ben = office.person("ben")
        assert await ben.submit({"Amount": "1"}) == {}
        assert "<@U0CARLA> approved this" in shown(ben.modal)
        assert "Got True" in shown(office.outcomes()[0]["blocks"])


async def test_a_modal_of_a_stopped_run_decides_nothing(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        await opened(office, "Edit…")
        await office.person("ana").command("/agent stop", channel="refunds")
        ben = office.person("ben")
        await ben.submit({"Amount": "1"})
        assert "Run stopped by <@U0ANA>" in shown(ben.modal)


async def test_a_modal_that_opens_too_late_is_explained(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, trigger_seconds=0.0) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.person("ben").press(await office.card(), "Edit…")
        await office.told("ben", "Try again", "refunds")


@pytest.mark.parametrize("kind", ["500", "drop"])
async def test_a_modal_that_slack_fails_to_open_is_explained(open_office: OpenOffice, kind: str) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        office.sandbox.inject(Fault(method="views.open", kind=kind))
        await office.person("ben").press(card, "Edit…")
        await office.told("ben", "Try again", "refunds")


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"value": None},
        {"value": {"type": "number_input", "value": None}},
        {"value": {"type": "number_input", "value": "9" * 400}},
        {"value": {"type": "number_input", "value": "NaN"}},
        {"value": {"type": "number_input", "value": 5}},
        {"value": {"type": "number_input", "value": ["5"]}},
        {"other": {"type": "number_input", "value": "5"}},
        "text",
        [],
    ],
    ids=lambda value: str(value)[-40:],
)
async def test_a_hand_made_value_gets_an_error_at_its_field(open_office: OpenOffice, value: Any) -> None:
    async with open_office({"refund": asking(QUESTION)}, transport="signed http") as office:
        await opened(office, "Edit…")
        made = office.submission("ben")
        amount = next(b for b in made["view"]["blocks"] if b["type"] == "input" and b["label"]["text"] == "Amount")
        made["view"]["state"]["values"][amount["block_id"]] = value
        status, answer = await office.deliver(made)
        assert status == 200
        assert list(json.loads(answer)["errors"]) == [amount["block_id"]]
        await settle(office)
        assert office.outcomes() == []


async def test_a_hand_made_submission_decides_nothing(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, transport="signed http") as office:
        await opened(office, "Edit…")
        made = office.submission("ben")
        made["view"]["state"] = {"values": {}}
        status, answer = await office.deliver(made)
        assert (status, json.loads(answer)["response_action"]) == (200, "errors")
        for metadata in ("", "[]", '{"request_id": "x", "action": "edit"}', '{"request_id": 5}', "{" * 2000):
            made["view"]["private_metadata"] = metadata
            status, answer = await office.deliver(made)
            assert status == 200
            assert "not known here any more" in answer
        odd: list[Any] = [None, [], {"values": []}, {"values": "x"}]
        for state in odd:
            made["view"]["state"] = state
            assert (await office.deliver(made))[0] in {200, 400}
        await settle(office)
        assert office.outcomes() == []


async def test_everything_can_be_read_page_by_page(open_office: OpenOffice) -> None:
    payload = {"question": "Post this?", "text": "\n".join(f"line {n} " + "x" * 60 for n in range(6000)) + "THE END"}
    async with open_office({"refund": asking(payload)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        ben = office.person("ben")
        await ben.press(await office.card(), "View everything")
        view = await office.modal("ben")
        assert "Page 1 of" in shown(view)
        pages = 1
        while "THE END" not in shown(ben.modal):
            await ben.press(await office.modal("ben"), "Next page")
            await settle(office)
            pages += 1
            assert pages < 50
        await ben.press(await office.modal("ben"), "Previous page")
        await settle(office)
        assert f"Page {pages - 1} of" in shown(ben.modal)


LONG = {"question": "Post this?", "text": "line\n" * 6000 + "THE END", "password": "hunter2"}


async def test_what_is_too_long_for_a_modal_comes_as_a_file_too_with_secrets_masked(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(LONG)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        shared = await office.sandbox.until(lambda: next(m for m in office.sandbox.messages("refunds") if "files" in m))
        assert shared is not None
        assert shared["thread_ts"] == card["thread_ts"]
        async with aiohttp.ClientSession() as session, session.get(shared["files"][0]["url_private"]) as answer:
            text = await answer.text()
        assert "Post this?" in text
        assert "THE END" in text
        assert "hunter2" not in text
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        await settle(office)
        assert len([m for m in office.sandbox.messages("refunds") if "files" in m]) == 1


async def test_a_file_that_slack_does_not_take_keeps_no_card_back(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(LONG)}) as office:
        office.sandbox.inject(Fault(method="files.completeUploadExternal", kind="500", times=9))
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.person("ben").press(await office.card(), "Approve")
        await office.outcome()
        assert not [m for m in office.sandbox.messages("refunds") if "files" in m]


async def test_a_page_of_nothing_says_so_in_the_modal(open_office: OpenOffice) -> None:
    payload = {"question": "Post this?", "text": "x" * 400_000}
    async with open_office({"refund": asking(payload)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        ben = office.person("ben")
        await ben.press(await office.card(), "View everything")
        view = copy.deepcopy(await office.modal("ben"))
        for press in ("99999999999999999999999", "-1", "x"):
            made = copy.deepcopy(view)
            ben.button(made, "Next page")["value"] = press
            assert await ben.press(made, "Next page") is None
        await settle(office)
        assert "Page" in shown(ben.modal)


SECRET = Approval(title="Log in?", args={"user": "ada", "password": "hunter2"}, approvers=["U0BEN"])


async def test_what_is_hidden_is_revealed_to_those_who_may_answer_and_noted(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(SECRET)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        assert "hunter2" not in json.dumps(office.sandbox.messages("refunds"))
        for name in ("ben", "carla"):
            person = office.person(name)
            await person.choose(card, "View everything")
            view = await office.modal(name)
            assert "hunter2" not in json.dumps(view)
            await person.press(view, "Reveal what is hidden")
        ben, carla = office.person("ben"), office.person("carla")
        await office.sandbox.until(lambda: "hunter2" in shown(ben.modal))
        await office.sandbox.until(lambda: "Only <@U0BEN>" in shown(carla.modal))
        thread = (await office.bot.desk.ledger.threads())[0]
        trail = await office.bot.desk.ledger.trail(thread.id)
        assert [entry["by"]["id"] for entry in trail if entry["what"] == "reveal"] == ["U0BEN"]  # type: ignore[index, call-overload]  # a stored person
        assert "hunter2" not in json.dumps(trail)
        await ben.close_modal()
        await ben.press(card, "Approve")
        await office.outcome()


async def test_a_run_is_stopped_after_a_question(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        ana = office.person("ana")
        await ana.choose(card, "Stop the run")
        assert "Stop this run?" in shown(await office.modal("ana"))
        await ana.close_modal()
        await ana.choose(card, "Stop the run")
        await office.modal("ana")
        assert await ana.submit() == {}
        await office.sees("refunds", card["ts"], "Run stopped by <@U0ANA>")
        await ana.choose(card, "Stop the run")
        await office.modal("ana")
        await ana.submit()
        assert "ended already" in shown(ana.modal)


async def test_a_destructive_action_counts_only_once_it_is_confirmed(open_office: OpenOffice) -> None:
    drop = Approval(title="Drop users?", approve_label="Drop table", destructive=True, reject_reasons=["Still in use"])
    async with open_office({"refund": asking(drop, drop)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        ben, card = office.person("ben"), await office.card()
        button = ben.button(card, "Drop table")
        assert button["style"] == "danger"
        assert "Drop users?" in shown(button["confirm"])
        await ben.press(card, "Drop table", confirm=False)
        await settle(office)
        assert "Approved" not in shown(office.cards())
        await ben.press(card, "Drop table")
        await office.sees("refunds", card["ts"], "Approved")
        await ben.press(await office.card(nth=-1), "Reject…")
        await office.modal("ben")
        assert await ben.submit({"Reason": "Still in use", "In your own words": "until May"}) == {}
        assert "Still in use: until May" in shown((await office.outcome())["blocks"])
