"""The main job: an agent asks in Slack, a person answers, the agent goes on."""

from typing import Any, TypedDict

import langgraph.checkpoint.memory
import langgraph.graph
import langgraph.types
import pytest

from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval
from tests.mongodb import fresh_uri
from tests.office import TRANSPORTS, OpenOffice, shown


class State(TypedDict, total=False):
    request: str
    outcome: str


SCHEMA = {
    "type": "object",
    "properties": {
        "order": {"type": "integer"},
        "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 40},
    },
    "required": ["order", "amount"],
}


def refund(state: State) -> State:
    """Ask before money leaves."""
    decision = interrupt(
        Approval(title="Refund 40.00 EUR for order 7?", args={"order": 7, "amount": 40.0}, args_schema=SCHEMA)
    )
    if not decision.approved:
        return {"outcome": f"Nothing was refunded: {decision.reason}"}
    return {"outcome": f"Refunded {decision.args['amount']:.2f} EUR ({type(decision.args['order']).__name__})."}


def refunds() -> StateGraph:
    return StateGraph(State).add_node("refund", refund).add_edge(START, "refund")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_refund_is_edited_approved_and_carried_out(open_office: OpenOffice, transport: str) -> None:
    async with open_office({"refund": refunds()}, transport=transport) as office:
        ana, ben = office.person("ana"), office.person("ben")
        reply: dict[str, Any] | None = await ana.command("/agent refund order 7", channel="refunds")
        assert reply is not None
        assert "Starting *Refund*" in shown(reply)

        card = await office.card()
        await ben.press(card, "Edit…")
        await office.modal("ben")
        assert set(await ben.submit({"Amount": "lots"})) == {"Amount"}
        assert await ben.submit({"Amount": "25.50"}) == {}

        decided = await office.sees("refunds", card["ts"], "Finished")
        assert "Approved with changes* by <@U0BEN>" in shown(decided)
        assert "25.5" in shown(decided)
        outcome = await office.outcome()
        assert "Refunded 25.50 EUR (int)." in shown(outcome)
        assert outcome["thread_ts"] == (await office.root())["ts"]
        assert len(office.cards()) == 1


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_what_was_asked_is_in_mongodb_when_the_bot_starts_again(open_office: OpenOffice, driver: str) -> None:
    environ = {"MONGODB_URI": fresh_uri(), "ANDON_MONGODB_DRIVER": driver}
    async with open_office({"refund": refunds()}, environ=environ) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await office.stop_bot()
        await office.start_bot()
        await office.person("ben").press(card, "Approve")
        assert "Refunded 40.00 EUR (int)." in shown(await office.outcome())
        assert not (office.settings.data_dir / "andon.db").exists()


async def test_an_agent_made_with_langgraph_is_served_as_it_is(open_office: OpenOffice) -> None:
    def ask(state: State) -> State:
        answer = langgraph.types.interrupt({"question": "Send 40 EUR?", "amount": 40})
        return {"outcome": f"Got {answer} for {state['request']}."}

    node: Any = ask
    graph = langgraph.graph.StateGraph(State).add_node("ask", node).add_edge(START, "ask")
    compiled = graph.compile(checkpointer=langgraph.checkpoint.memory.InMemorySaver())
    async with open_office({"refund": compiled}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.person("ben").press(await office.card(), "Approve")
        assert "Got True for order 7." in shown(await office.outcome())
