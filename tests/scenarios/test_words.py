"""What people read speaks of agents, runs and answers, and never of how they are made."""

import re
from typing import Any

from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval
from tests.office import Json, Office, OpenOffice, State, settle
from tests.scenarios.test_accessible import said
from tests.scenarios.test_policy import with_policy

JARGON = re.compile(
    r"\b(null|None|True|False|boolean)\b|(?i:interrupt|checkpoint|resum|payload|thread_id|superstep|schema|ledger|callback)"
)
REFUND = Approval(title="Refund order 7?", args={"amount": 40, "note": None, "urgent": True, "lines": [{"sku": "a"}]})
UNREAD = {"block_id", "action_id", "callback_id", "private_metadata", "value", "type", "metadata", "channel", "parse"}
"""Parts of a message or view that nobody reads."""


def read(value: Any) -> str:
    """What somebody reads of a message or view."""
    match value:
        case dict():
            return "\n".join(read(item) for name, item in value.items() if name not in UNREAD)
        case list():
            return "\n".join(map(read, value))
        case _:
            return value if isinstance(value, str) else ""


def buttons(value: Any) -> list[str]:
    """What the buttons of a message or view say, its own and those that Slack puts under a modal."""
    found = [value[name]["text"] for name in ("title", "submit", "close") if isinstance(value.get(name), dict)]
    blocks = [block for block in value.get("blocks") or [] if block["type"] == "actions"]
    return found + [element["text"]["text"] for block in blocks for element in block["elements"] if "text" in element]


async def everything_people_meet(office: Office) -> list[Json]:
    """Go through a run from help to its end, and return all that the bot sent."""
    ana, ben = office.person("ana"), office.person("ben")
    for command in ("help", "policy refund", "refund order 7", "list", "status", "inbox", "history", "audit", "grants"):
        await ana.command(f"/agent {command}", channel="refunds")
    card = await office.card()
    await ana.press(card, "Approve")
    await office.told("ana", "Only")
    for label in ("Edit…", "Reject…"):
        await ben.press(card, label)
        await office.modal("ben")
        await ben.close_modal()
    await ben.open_home()
    await ben.press(card, "Edit…")
    await office.modal("ben")
    assert await ben.submit({"Amount": "lots"}) != {}
    assert await ben.submit({"Amount": "30"}) == {}
    await office.outcome()
    await settle(office)
    return list(said(office))


def refund(_: State) -> State:
    interrupt(REFUND)
    return {"outcome": "Sent."}


async def test_nobody_reads_how_it_is_made_and_buttons_are_in_sentence_case(open_office: OpenOffice) -> None:
    graph = StateGraph(State).add_node("refund", refund).add_edge(START, "refund")
    async with open_office({"refund": graph}, specs=with_policy(approvers=("U0BEN",))) as office:
        surfaces = await everything_people_meet(office)
        assert len(surfaces) > 10
        for surface in surfaces:
            assert not JARGON.search(read(surface)), JARGON.search(read(surface))
            for words in buttons(surface):
                assert not re.search(r"\w [A-Z][a-z]", words), words
