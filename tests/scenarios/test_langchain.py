"""An agent of LangChain with its own human-in-the-loop middleware, served as it is: every call waits for a person."""

from typing import Any, Literal

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from tests.office import Json, Office, OpenOffice, settle, shown

SPEC = {"deploy": {"input": {"messages": [{"role": "user", "content": "$text"}]}}}
done: list[str] = []


class Model(FakeMessagesListChatModel):
    """Says what it was told to, whatever tools it is given."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@tool
def send(to: str, amount: int) -> str:
    """Send money."""
    done.append(f"send {amount} to {to}")
    return done[-1]


@tool
def drop(table: str) -> str:
    """Drop a table."""
    done.append(f"drop {table}")
    return done[-1]


def agent(mode: Literal["batched", "per_call"]) -> Any:
    """An agent that wants to send money and drop a table, and then says what its tools said."""
    calls = [
        {"name": "send", "args": {"to": "ada", "amount": 40}, "id": "1"},
        {"name": "drop", "args": {"table": "orders"}, "id": "2"},
    ]
    model = Model(responses=[AIMessage("", tool_calls=calls), AIMessage("All done.")])
    interrupt_on: Any = {"send": True, "drop": {"allowed_decisions": ["approve", "reject"]}}
    middleware = HumanInTheLoopMiddleware(interrupt_on=interrupt_on, interrupt_mode=mode)
    done.clear()
    return create_agent(model, [send, drop], middleware=[middleware], checkpointer=InMemorySaver())


async def started(office: Office, cards: int) -> list[Json]:
    await office.person("ana").command("/agent deploy clean up", channel="deploys")
    await office.card("deploys", count=cards)
    return office.cards("deploys")


async def test_calls_of_one_turn_are_one_card_and_decided_each(open_office: OpenOffice) -> None:
    async with open_office({"deploy": agent("batched")}, specs=SPEC) as office:
        (card,) = await started(office, 1)
        assert "1. send" in shown(card)
        ben = office.person("ben")
        await ben.press(card, "Decide each…")
        await office.modal("ben")
        assert await ben.submit({"Decision on 1. send": "Edit", "Decision on 2. drop": "Reject"}) == {}
        assert await ben.submit({"Amount": "25", "Reason": "not on a Friday"}) == {}
        assert "All done." in shown(await office.outcome("deploys"))
        decided = shown(await office.sees("deploys", card["ts"], "Answered"))
        assert "not on a Friday" in decided
        assert done == ["send 25 to ada"]


async def test_calls_of_one_turn_are_approved_together(open_office: OpenOffice) -> None:
    async with open_office({"deploy": agent("batched")}, specs=SPEC) as office:
        (card,) = await started(office, 1)
        await office.person("ben").press(card, "Approve all")
        await office.outcome("deploys")
        assert done == ["send 40 to ada", "drop orders"]


async def test_two_people_who_decide_at_once_do_not_mix(open_office: OpenOffice) -> None:
    async with open_office({"deploy": agent("batched")}, specs=SPEC) as office:
        (card,) = await started(office, 1)
        for name in ("ben", "carla"):
            await office.person(name).press(card, "Decide each…")
            await office.modal(name)
        ben, carla = office.person("ben"), office.person("carla")
        await ben.submit({"Decision on 1. send": "Reject", "Decision on 2. drop": "Reject"})
        await carla.submit({"Decision on 1. send": "Approve", "Decision on 2. drop": "Approve"})
        assert await carla.submit() == {}
        await ben.submit()
        assert "<@U0CARLA> answered this" in shown(ben.modal)
        await office.outcome("deploys")
        assert done == ["send 40 to ada", "drop orders"]


async def test_a_card_per_call(open_office: OpenOffice) -> None:
    async with open_office({"deploy": agent("per_call")}, specs=SPEC) as office:
        cards = {word: card for card in await started(office, 2) for word in ("send", "drop") if word in shown(card)}
        ben = office.person("ben")
        await ben.press(cards["drop"], "Reject…")
        await office.modal("ben")
        await ben.submit({"Reason": "no"})
        await settle(office)
        await ben.press(cards["send"], "Edit…")
        await office.modal("ben")
        assert await ben.submit({"Amount": ""}) != {}
        assert await ben.submit({"Amount": "25"}) == {}
        assert "All done." in shown(await office.outcome("deploys"))
        assert done == ["send 25 to ada"]
