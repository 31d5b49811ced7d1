"""Replies in a run's thread: an answer, a stop, the next turn; each counts once."""

import asyncio
import threading
from typing import Annotated, Any, TypedDict

import pytest

from bot.sandbox import Fault
from runtime import START, StateGraph, interrupt
from tests.office import TRANSPORTS, Json, Office, OpenOffice, State, asking, asking_at_once, settle, shown


async def asked(office: Office, count: int = 1) -> Json:
    """Start the agent; return its first card."""
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    return await office.card(nth=0, count=count)


def reactions(office: Office, message: Json) -> list[str]:
    """Names of the reactions to a message."""
    found = next(one for one in office.sandbox.messages("refunds") if one["ts"] == message["ts"])
    return [reaction["name"] for reaction in found.get("reactions", [])]


class Count(TypedDict, total=False):
    request: str
    seen: Annotated[list[str], lambda old, new: [*old, *new]]
    outcome: str


def remembering() -> StateGraph:
    """An agent that knows what it was told before."""

    def note(state: Count) -> Count:
        return {
            "seen": [state["request"]],
            "outcome": f"Heard {', '.join([*state.get('seen', []), state['request']])}.",
        }

    return StateGraph(Count).add_node("note", note).add_edge(START, "note")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_reply_answers_the_one_open_question(open_office: OpenOffice, transport: str) -> None:
    async with open_office({"refund": asking("Which order?")}, transport=transport) as office:
        card = await asked(office)
        said = await office.person("ben").say("number <7> & 8", channel="refunds", thread_ts=card["thread_ts"])
        assert "Got 'number <7> & 8'" in shown((await office.outcome())["blocks"])
        await settle(office)
        assert reactions(office, said) == ["white_check_mark"]
        assert "Answered by <@U0BEN>" in shown(office.cards()[0]).replace("*", "")


async def test_with_several_open_questions_the_bot_asks_which(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking_at_once(one="First?", two="Second?")}) as office:
        card = await asked(office, 2)
        await office.person("ben").say("yes", channel="refunds", thread_ts=card["thread_ts"])
        await office.told("ben", "Several questions are open", "refunds")
        await settle(office)
        assert len(office.cards()) == 2
        assert office.outcomes() == []


async def test_a_sentence_never_settles_an_approval(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Send it?", "amount": 3})}) as office:
        card = await asked(office)
        await office.person("ben").say("Approve", channel="refunds", thread_ts=card["thread_ts"])
        await office.told("ben", "Use the buttons", "refunds")
        await settle(office)
        assert office.outcomes() == []


async def test_a_reply_after_the_end_is_the_next_turn_with_what_was_known(open_office: OpenOffice) -> None:
    async with open_office({"refund": remembering()}) as office:
        await office.person("ana").command("/agent refund one", channel="refunds")
        first = await office.outcome()
        assert "Heard one." in shown(first)
        await office.person("ben").say("two", channel="refunds", thread_ts=first["thread_ts"])
        assert "Heard one, two." in shown(await office.outcome(count=2))
        assert "<@U0BEN>" in shown(office.outcomes()[1])


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_replies_while_it_works_wait_for_their_turn_in_order(open_office: OpenOffice, transport: str) -> None:
    go = threading.Event()

    def slow(state: State) -> State:
        go.wait(10)
        return {"outcome": f"Did {state['request']}."}

    graph = StateGraph(State).add_node("slow", slow).add_edge(START, "slow")
    async with open_office({"refund": graph}, transport=transport) as office:
        await office.person("ana").command("/agent refund one", channel="refunds")
        root = await office.root()
        queued = [
            await office.person("ben").say(text, channel="refunds", thread_ts=root["ts"]) for text in ("two", "three")
        ]
        await office.sandbox.until(lambda: all("eyes" in reactions(office, message) for message in queued))
        assert all(delivery.acked for delivery in office.sandbox.deliveries)
        go.set()
        await office.outcome(count=3)
        assert [shown(outcome["blocks"]).split("Did ")[1][:5].split(".")[0] for outcome in office.outcomes()] == [
            "one",
            "two",
            "three",
        ]


async def test_replies_run_in_the_order_they_were_written_whatever_arrives_first(open_office: OpenOffice) -> None:
    go = threading.Event()

    def slow(state: State) -> State:
        go.wait(10)
        return {"outcome": f"Did {state['request']}."}

    graph = StateGraph(State).add_node("slow", slow).add_edge(START, "slow")
    async with open_office({"refund": graph}, transport="signed http") as office:
        await office.person("ana").command("/agent refund one", channel="refunds")
        root = await office.root()
        await office.sees("refunds", root["ts"], "Working")
        reply = {"type": "message", "user": "U0BEN", "team": "T0ANDON", "channel": "C0REFUNDS"}
        reply |= {"thread_ts": root["ts"], "parent_user_id": "U0ANDON"}
        for text, ts in (("three", "1999.000030"), ("two", "1999.000020")):
            status, _ = await office.deliver_event({**reply, "text": text, "ts": ts})
            assert status == 200
        go.set()
        await office.outcome(count=3)
        said = [shown(outcome["blocks"]) for outcome in office.outcomes()]
        assert [next(word for word in ("one", "two", "three") if f"Did {word}." in text) for text in said] == [
            "one",
            "two",
            "three",
        ]


@pytest.mark.parametrize("fault", ["duplicate", "lose_ack"])
async def test_an_answer_that_comes_twice_is_no_next_turn(open_office: OpenOffice, fault: str) -> None:
    async with open_office({"refund": asking("Which?")}, event_retry_delays=(0.0, 0.05)) as office:
        card = await asked(office)
        office.sandbox.inject(Fault(delivery=fault, kind="message", times=20))
        await office.person("ben").say("seven", channel="refunds", thread_ts=card["thread_ts"])
        await office.outcome()
        await office.sandbox.until(lambda: len([d for d in office.sandbox.deliveries if _is_from(d, "U0BEN")]) >= 2)
        await settle(office)
        assert len(office.outcomes()) == 1
        assert office.person("ben").ephemerals("refunds") == []


async def test_a_prompt_that_comes_again_is_no_answer_to_its_own_question(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which?")}, event_retry_delays=(0.3,)) as office:
        for kind in ("message", "app_mention"):
            office.sandbox.inject(Fault(delivery="lose_ack", kind=kind))
        await office.person("ben").say("<@U0ANDON> refund it", channel="refunds")
        await office.card()
        await office.sandbox.until(lambda: len([d for d in office.sandbox.deliveries if _is_from(d, "U0BEN")]) == 4)
        await settle(office)
        assert len(office.cards()) == 1
        assert office.outcomes() == []


def _is_from(delivery: Any, user: str) -> bool:
    return (delivery.payload.get("event") or {}).get("user") == user


async def test_edits_deletions_and_our_own_messages_never_count(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which?")}) as office:
        card = await asked(office)
        ben = office.person("ben")
        aside = await ben.say("aside", channel="general")
        await ben.edit(aside, "aside, edited")
        await ben.delete(aside)
        said = await ben.say("seven", channel="refunds", thread_ts=card["thread_ts"])
        await office.outcome()
        await ben.edit(said, "eight")
        await ben.delete(said)
        await settle(office)
        assert len(office.outcomes()) == 1
        (thread,) = await office.bot.desk.ledger.threads()
        assert thread.status == "finished"


@pytest.mark.parametrize(
    ("event", "counts"),
    [
        ({}, True),
        ({"subtype": "file_share", "files": []}, True),
        ({"subtype": "thread_broadcast"}, True),
        ({"bot_id": "B0OTHER"}, False),
        ({"subtype": "bot_message"}, False),
        ({"subtype": "message_changed"}, False),
        ({"subtype": "channel_join"}, False),
        ({"edited": {"user": "U0BEN", "ts": "1.1"}}, False),
        ({"user": None}, False),
        ({"user_team": "T0OTHER"}, False),
        ({"text": ""}, False),
    ],
    ids=str,
)
async def test_only_new_words_of_people_of_ours_count(open_office: OpenOffice, event: Json, counts: bool) -> None:
    async with open_office({"refund": asking("Which?")}, transport="signed http") as office:
        card = await asked(office)
        message = {
            "type": "message",
            "user": "U0BEN",
            "text": "seven",
            "channel": "C0REFUNDS",
            "channel_type": "channel",
            "ts": "1999.000001",
            "thread_ts": card["thread_ts"],
            "team": "T0ANDON",
        }
        status, _ = await office.deliver_event({**message, **event})
        assert status == 200
        await settle(office)
        assert len(office.outcomes()) == (1 if counts else 0)


async def test_a_stop_in_words(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which?")}) as office:
        card = await asked(office)
        ana = office.person("ana")
        await ana.say("!stop", channel="refunds", thread_ts=card["thread_ts"])
        await office.sees("refunds", card["ts"], "Run stopped by <@U0ANA>")
        await ana.say("!stop", channel="refunds", thread_ts=card["thread_ts"])
        await office.told("ana", "ended already", "refunds")
        await ana.say("again please", channel="refunds", thread_ts=card["thread_ts"])
        again = await office.card()
        assert again["ts"] != card["ts"]


async def test_a_stop_counts_only_when_it_stands_alone(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which?")}) as office:
        card = await asked(office)
        await office.person("ana").say("please !stop", channel="refunds", thread_ts=card["thread_ts"])
        assert "please !stop" in shown((await office.outcome())["blocks"])
        assert "Run stopped" not in shown(office.cards())


async def test_a_stop_cancels_what_runs(open_office: OpenOffice) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def endless(_: State) -> State:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return {}

    graph = StateGraph(State).add_node("endless", endless).add_edge(START, "endless")
    async with open_office({"refund": graph}) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        await asyncio.wait_for(started.wait(), 5)
        await ana.command("/agent stop", channel="refunds")
        await asyncio.wait_for(ended.wait(), 5)
        root = await office.root()
        await office.sees("refunds", root["ts"], "Run stopped by <@U0ANA>")
        await settle(office)
        assert office.outcomes() == []


async def test_a_stop_shows_at_once_though_a_node_in_a_thread_cannot_be_stopped(open_office: OpenOffice) -> None:
    go = threading.Event()

    def slow(_: State) -> State:
        go.wait(10)
        return {"outcome": "done"}

    graph = StateGraph(State).add_node("slow", slow).add_edge(START, "slow")
    async with open_office({"refund": graph}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        root = await office.root()
        await office.sees("refunds", root["ts"], "Working")
        await office.person("ana").command("/agent stop", channel="refunds")
        await office.sees("refunds", root["ts"], "Run stopped")
        go.set()
        await settle(office)
        assert office.outcomes() == []


async def test_a_question_open_when_somebody_may_not_answer_is_refused_in_words(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which?")}, specs={"refund": {"approvers": ("U0CARLA",)}}) as office:
        card = await asked(office)
        await office.person("ben").say("seven", channel="refunds", thread_ts=card["thread_ts"])
        await office.told("ben", "Only <@U0CARLA> can answer", "refunds")
        await office.person("carla").say("seven", channel="refunds", thread_ts=card["thread_ts"])
        await office.outcome()


async def test_a_stranger_in_the_thread_is_refused(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which?")}) as office:
        await office.person("ana").command("/agent refund order 7", channel="shared")
        card = await office.card("shared")
        await office.person("eve").say("seven", channel="shared", thread_ts=card["thread_ts"])
        await office.told("eve", "Only people of this workspace", "shared")
        assert office.outcomes("shared") == []


async def test_asking_again_after_nonsense_happens_in_the_thread(open_office: OpenOffice) -> None:
    def age(state: State) -> State:
        answer = interrupt("How old?")
        while not answer.isdigit():
            answer = interrupt(f"{answer} is no number. How old?")
        return {"outcome": f"{answer} years."}

    graph = StateGraph(State).add_node("age", age).add_edge(START, "age")
    async with open_office({"refund": graph}) as office:
        card = await asked(office)
        ben = office.person("ben")
        await ben.say("old", channel="refunds", thread_ts=card["thread_ts"])
        await office.sandbox.until(lambda: "old is no number" in shown(office.cards()[1]))
        await ben.say("41", channel="refunds", thread_ts=card["thread_ts"])
        assert "41 years." in shown(await office.outcome())
        assert len(office.cards()) == 2
