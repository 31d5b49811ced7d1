"""A decided question can be answered differently: in a copy of the run, by those who may, and nothing is lost."""

from typing import Annotated, Any, TypedDict

import langgraph.checkpoint.memory
import langgraph.graph
import langgraph.types
import pytest

from runtime import START, StateGraph, idempotency_key, interrupt, once
from runtime.hitl import Approval
from tests.office import TRANSPORTS, Json, Office, OpenOffice, asking, asking_at_once, settle, shown
from tests.scenarios.test_policy import with_policy

REFUND = {"refund": asking(Approval(title="Refund?", args={"amount": 40.0}))}
AGAIN = "Answer differently"


async def decided(office: Office, label: str = "Approve") -> Json:
    """The card of a run that has been answered to its end."""
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    card = await office.card()
    await office.person("ben").press(card, label)
    await office.outcome()
    await settle(office)
    return next(one for one in office.cards() if one["ts"] == card["ts"])


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_question_is_asked_again_in_a_conversation_of_its_own(
    open_office: OpenOffice, transport: str
) -> None:
    async with open_office(REFUND, transport=transport) as office:
        first = await decided(office)
        carla = office.person("carla")
        await carla.press(first, AGAIN)
        again = await office.card()
        root = await office.root(nth=1)
        assert again["thread_ts"] == root["ts"] != first["thread_ts"]
        assert "Asked again for <@U0CARLA>" in shown(root)
        assert f"/p{first['ts'].replace('.', '')}|the first answer>" in shown(root)
        marked = await office.sees("refunds", first["ts"], f"/p{root['ts'].replace('.', '')}|open>")
        assert "Approved* by <@U0BEN>" in shown(marked)
        assert AGAIN not in shown(marked)

        await carla.press(again, "Reject…")
        await office.modal("carla")
        await carla.submit({"Reason": "too much"})
        outcome = await office.outcome(count=2)
        assert outcome["thread_ts"] == root["ts"]
        assert "approved=False" in shown(outcome)
        assert "approved=True" in shown(office.outcomes()[0])
        await settle(office)
        assert len(office.cards()) == 2
        copy, original = await office.bot.desk.ledger.threads()
        whats = [[entry["what"] for entry in await office.bot.desk.ledger.trail(one.id)] for one in (original, copy)]
        assert whats == [["start", "answer", "fork"], ["forked", "answer"]]


async def test_asking_twice_is_asking_once(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        first = await decided(office)
        await office.person("carla").press(first, AGAIN)
        await office.person("ben").press(first, AGAIN)
        await office.card()
        await settle(office)
        assert len(office.roots()) == 2
        assert len(office.cards()) == 2


async def test_a_copy_can_be_answered_differently_too(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        card = await decided(office)
        for count in (2, 3):
            await office.person("ben").press(card, AGAIN)
            await office.person("ben").press(await office.card(), "Approve")
            await office.outcome(count=count)
            await settle(office)
            card = office.cards()[-1]
        assert len(office.roots()) == 3


async def test_who_may_not_answer_may_not_ask_for_it(open_office: OpenOffice) -> None:
    async with open_office(REFUND, specs={"refund": {"approvers": ("U0BEN",)}}) as office:
        first = await decided(office)
        await office.person("carla").press(first, AGAIN)
        await office.told("carla", "Only <@U0BEN>")
        await settle(office)
        assert len(office.roots()) == 1
        (thread,) = await office.bot.desk.ledger.threads()
        trail = [(entry["what"], entry["detail"]) for entry in await office.bot.desk.ledger.trail(thread.id)]
        assert trail[-1] == ("fork refused", "not_an_approver")
        await office.person("ben").press(first, AGAIN)
        again = await office.card()
        await office.person("carla").press(again, "Approve")
        await office.told("carla", "Only <@U0BEN>")


async def test_a_rule_that_answered_at_once_does_not_answer_again(open_office: OpenOffice) -> None:
    async with open_office(REFUND, specs=with_policy(auto_approve=("amount < 50",))) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.outcome()
        await settle(office)
        (card,) = office.cards()
        assert "Approved automatically" in shown(card)
        await office.person("ben").press(card, AGAIN)
        await office.person("ben").press(await office.card(), "Reject…")
        await office.modal("ben")
        await office.person("ben").submit({})
        assert "approved=False" in shown(await office.outcome(count=2))


async def test_a_question_that_is_open_cannot_be(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        assert AGAIN not in shown(await office.card())


async def test_an_agent_of_langgraph_says_that_it_cannot(open_office: OpenOffice) -> None:
    class State(TypedDict, total=False):
        request: str
        outcome: str

    def ask(state: State) -> State:
        return {"outcome": f"Got {langgraph.types.interrupt({'question': 'Send?'})}."}

    node: Any = ask
    graph = langgraph.graph.StateGraph(State).add_node("ask", node).add_edge(START, "ask")
    compiled = graph.compile(checkpointer=langgraph.checkpoint.memory.InMemorySaver())
    async with open_office({"refund": compiled}) as office:
        await office.person("ben").press(await decided(office), AGAIN)
        await office.told("ben", "This agent cannot go back to a question")
        assert len(office.roots()) == 1


async def test_the_copy_has_what_was_there_before_the_answer_and_effects_of_its_own(open_office: OpenOffice) -> None:
    """Earlier answers and kept results stay; keys for outside systems differ, or the second answer would do nothing."""
    keys: list[str] = []
    looked_up: list[str] = []

    class State(TypedDict, total=False):
        request: str
        outcome: str

    def node(state: State) -> State:
        once("look up", looked_up.append, state["request"])
        answers = [interrupt("First?"), interrupt("Second?")]
        keys.append(idempotency_key())
        return {"outcome": f"Got {answers}"}

    async with open_office({"refund": StateGraph(State).add_node("node", node).add_edge(START, "node")}) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        for answer in ("one", "two"):
            card = await office.card()
            await ana.say(answer, channel="refunds", thread_ts=card["thread_ts"])
            await office.sees("refunds", card["ts"], "Answered")
        await office.outcome()
        await settle(office)
        await ana.press(office.cards()[-1], AGAIN)
        again = await office.card()
        assert "Second?" in shown(again)
        await ana.say("three", channel="refunds", thread_ts=again["thread_ts"])
        assert "Got ['one', 'three']" in shown(await office.outcome(count=2))
        assert looked_up == ["order 7"]
        assert len(set(keys)) == len(keys) == 2


async def test_other_questions_stay_answered(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking_at_once(a={"question": "A?"}, b={"question": "B?"})}) as office:
        ben = office.person("ben")
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card(count=2)
        for title in ("A?", "B?"):
            card = next(one for one in office.cards() if title in shown(one))
            await ben.press(card, "Approve")
            await office.sees("refunds", card["ts"], "Approved")
            await settle(office)
        second = next(one for one in office.cards() if "B?" in shown(one))
        await ben.press(second, AGAIN)
        again = await office.card()
        assert "B?" in shown(again)
        await ben.press(again, "Reject…")
        await office.modal("ben")
        await ben.submit({})
        assert "a=True, b=False" in shown(await office.outcome(count=2))


async def test_the_next_turn_of_a_copy_goes_on_from_its_own_answer(open_office: OpenOffice) -> None:
    class State(TypedDict, total=False):
        request: str
        told: Annotated[list[str], lambda old, new: old + new]
        outcome: str

    def node(state: State) -> State:
        told = [*state.get("told", []), interrupt(f"{state['request']}?")]
        return {"told": told[-1:], "outcome": f"Got {told}"}

    async with open_office({"refund": StateGraph(State).add_node("node", node).add_edge(START, "node")}) as office:
        ana = office.person("ana")
        await ana.command("/agent refund one", channel="refunds")
        card = await office.card()
        await ana.say("a", channel="refunds", thread_ts=card["thread_ts"])
        await office.outcome()
        await settle(office)
        await ana.press(office.cards()[-1], AGAIN)
        again = await office.card()
        await ana.say("b", channel="refunds", thread_ts=again["thread_ts"])
        await office.outcome(count=2)
        await settle(office)
        await ana.say("more", channel="refunds", thread_ts=again["thread_ts"])
        await office.card()
        await ana.say("c", channel="refunds", thread_ts=again["thread_ts"])
        assert "Got ['b', 'c']" in shown(await office.outcome(count=3))
