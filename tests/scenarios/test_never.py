"""What must never happen, whatever people do."""

import json
import logging

import pytest

from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval
from tests.office import OpenOffice, State, asking, settle, shown
from tests.scenarios.test_cards import REFUND, labels
from tests.scenarios.test_policy import asked, with_policy

SECRETS = {
    "api_key": "hunter2-by-its-key",
    "note": "run it with DB_PASSWORD=hunter2-assigned",
    "address": "postgres://ada:hunter2-in-an-address@db/orders",
    "nested": [{"clientSecret": "hunter2-in-a-list"}],
    "log": "line\n" * 6000 + "Authorization: Bearer hunter2-far-down",
    "pin": "hunter2-by-its-schema",
}
SCHEMA = {"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}}}


async def test_closing_a_modal_leaves_the_run_as_it_is(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(REFUND)}) as office:
        card = await asked(office)
        ben = office.person("ben")
        for label in ("Edit…", "Reject…", "View everything"):
            await ben.press(card, label)
            await office.modal("ben")
            await ben.close_modal(everything=True)
        await ben.choose(card, "Stop the run")
        await office.modal("ben")
        await ben.close_modal()
        await settle(office)
        assert office.cards() == [card]


async def test_nobody_else_hears_that_somebody_was_refused(open_office: OpenOffice) -> None:
    policy = with_policy(approvers=("@finance",), no_self_approval=True)
    async with open_office({"refund": asking(REFUND)}, specs=policy) as office:
        card = await asked(office)
        before = {name: office.sandbox.messages(name) for name in ("refunds", "@ben", "@carla")}
        await office.person("ana").press(card, "Send refund")
        await office.told("ana", "Only @finance can answer this")
        await settle(office)
        assert {name: office.sandbox.messages(name) for name in before} == before
        assert office.person("ben").ephemerals() == office.person("carla").ephemerals() == []


async def test_no_button_asks_how_it_is_going(open_office: OpenOffice) -> None:
    """Messages keep themselves up to date, so on none of them is there anything to press for that."""
    async with open_office({"refund": asking(REFUND)}) as office:
        card = await asked(office)
        await office.person("ben").press(card, "Send refund")
        await office.outcome()
        await settle(office)
        pressable = {label for message in office.sandbox.messages("refunds") for label in labels(message)}
        assert pressable <= {"View everything", "Answer differently"}


async def test_a_card_claims_nothing_before_the_answer_has_arrived(open_office: OpenOffice) -> None:
    """A node that dies after the answer: at no time did the card say that it went well."""

    def dies(_: State) -> State:
        interrupt(REFUND)
        raise RuntimeError("no")

    graph = StateGraph(State).add_node("dies", dies).add_edge(START, "dies")
    async with open_office({"refund": graph}) as office:
        card = await asked(office)
        await office.person("ben").press(card, "Send refund")
        await office.sees("refunds", card["ts"], "The run failed after this answer")
        drawn = [call.args for call in office.sandbox.calls if call.args.get("ts") == card["ts"]]
        assert any("Approved" in shown(args) for args in drawn)
        assert not any("Finished" in shown(args) for args in drawn)


async def test_no_secret_is_in_a_message_a_view_a_log_or_the_audit(
    open_office: OpenOffice, caplog: pytest.LogCaptureFixture
) -> None:
    payload = Approval(title="Run with token=hunter2-in-the-title?", args=SECRETS, args_schema=SCHEMA)
    caplog.set_level(logging.DEBUG)
    async with open_office({"refund": asking(payload)}) as office:
        card = await asked(office)
        ben = office.person("ben")
        for label in ("View everything", "Edit…"):
            await ben.press(card, label)
            assert "hunter2" not in shown(await office.modal("ben"))
            await ben.close_modal(everything=True)
        await ben.press(card, "Reject…")
        await office.modal("ben")
        await ben.submit({"Reason": "password=hunter2-in-a-reason"})
        await office.outcome()
        await settle(office)
        (thread,) = await office.bot.desk.ledger.threads()
        trail = await office.bot.desk.ledger.trail(thread.id)
        sent = json.dumps([call.args for call in office.sandbox.calls], default=repr)
        ours = [one.getMessage() for one in caplog.records if one.name.startswith(("bot.", "handlers.", "runtime."))]
        for where in (sent, json.dumps(trail, default=repr), "\n".join(ours)):
            assert "hunter2" not in where
