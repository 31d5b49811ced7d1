"""Agents that misbehave: the process goes on, people are told in words, and nothing they could not say elsewhere."""

import asyncio
import logging
from typing import Any, TypedDict

import pytest

from bot.logs import MaskingFormatter
from runtime import START, StateGraph, interrupt
from tests.office import Json, Office, OpenOffice, State, asking, is_open, settle, shown

TOKEN = "xoxb-1234567890-abcdefghijkl"


def node(function: Any) -> StateGraph:
    return StateGraph(State).add_node("node", function).add_edge(START, "node")


async def failed(office: Office) -> str:
    """Start the agent; return what people read of its failure."""
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    outcome = shown(await office.outcome())
    assert "Failed" in outcome
    await settle(office)
    return outcome


async def still_works(office: Office) -> None:
    """Whatever that was, the next run is as good as ever."""
    await office.person("ana").command("/agent other order 7", channel="general")
    await office.person("ben").press(await office.card("general"), "Approve")
    await office.outcome("general")


OTHER = asking({"question": "Still there?"})


async def test_an_agent_that_raises_is_told_in_its_words_without_secrets(
    open_office: OpenOffice, caplog: pytest.LogCaptureFixture
) -> None:
    def raising(_: State) -> State:
        raise ValueError(f"401 for {TOKEN} <!channel>")

    caplog.handler.setFormatter(MaskingFormatter())
    with caplog.at_level(logging.INFO):
        async with open_office({"refund": node(raising), "other": OTHER}) as office:
            outcome = await failed(office)
            assert "ValueError: 401 for" in outcome
            assert TOKEN not in str(office.sandbox.messages("refunds"))
            assert "<!channel>" not in office.outcomes()[0]["text"]
            await still_works(office)
    assert "ValueError: 401 for xoxb-***" in caplog.handler.stream.getvalue()
    assert TOKEN not in caplog.handler.stream.getvalue()


async def test_a_run_that_failed_after_the_answer_is_tried_again_with_it(open_office: OpenOffice) -> None:
    attempts: list[Any] = []

    def flaky(_: State) -> State:
        attempts.append(interrupt({"question": "Send it?"}))
        if len(attempts) == 1:
            raise ConnectionError("the bank is closed")
        return {"outcome": f"Sent after {len(attempts)} attempts."}

    async with open_office({"refund": node(flaky)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await office.person("ben").press(card, "Approve")
        failure = await office.outcome()
        assert "the bank is closed" in shown(failure)
        await office.sees("refunds", card["ts"], "failed after this answer")
        assert not is_open(office.cards()[0])
        await office.person("ana").press(failure, "Try again")
        assert "Sent after 2 attempts." in shown(await office.outcome(count=2))
        told = await office.sees("refunds", failure["ts"], "Tried again after this")
        assert "the bank is closed" in shown(told)
        assert "Try again" not in shown(told)
        await office.sees("refunds", card["ts"], "Finished")
        await office.person("ana").press(failure, "Try again")
        await office.told("ana", "tried again already", "refunds")
        await settle(office)
        assert attempts == [True, True]


async def test_two_presses_of_try_again_are_one(open_office: OpenOffice) -> None:
    runs: list[int] = []

    def failing(_: State) -> State:
        runs.append(1)
        raise RuntimeError("no")

    async with open_office({"refund": node(failing)}) as office:
        await failed(office)
        failure = office.outcomes()[0]
        people = [office.person(name) for name in ("ana", "ben")]
        await asyncio.gather(*(person.press(failure, "Try again") for person in people))
        await office.outcome(count=2)
        await settle(office)
        assert len(runs) == 2


async def test_a_failed_run_is_not_run_again_by_a_restart(open_office: OpenOffice) -> None:
    runs: list[int] = []

    def failing(_: State) -> State:
        runs.append(interrupt({"question": "Send it?"}))
        raise RuntimeError("no")

    async with open_office({"refund": node(failing)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.person("ben").press(await office.card(), "Approve")
        await office.outcome()
        await office.stop_bot()
        await office.start_bot()
        await settle(office)
        assert len(runs) == 1
        assert len(office.outcomes()) == 1


async def test_people_can_go_on_talking_after_a_failure(open_office: OpenOffice) -> None:
    def picky(state: State) -> State:
        if state["request"] == "order 7":
            raise RuntimeError("not that one")
        return {"outcome": f"Did {state['request']}."}

    async with open_office({"refund": node(picky)}) as office:
        await failed(office)
        root = await office.root()
        await office.person("ana").say("order 8", channel="refunds", thread_ts=root["ts"])
        assert "Did order 8." in shown(await office.outcome(count=2))
        await office.person("ana").press(office.outcomes()[0], "Try again")
        await office.told("ana", "conversation has gone on", "refunds")


async def test_another_branchs_answer_goes_on_after_a_failure(open_office: OpenOffice) -> None:
    class Two(TypedDict, total=False):
        request: str
        a: str
        b: str

    tries: list[int] = []

    def bad(_: Two) -> Two:
        interrupt({"question": "First?"})
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("no")
        return {"a": "done"}

    def good(_: Two) -> Two:
        interrupt({"question": "Second?"})
        return {"b": "done"}

    graph = StateGraph(Two).add_node("bad", bad).add_node("good", good).add_edge(START, "bad").add_edge(START, "good")
    async with open_office({"refund": graph}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card(count=2)
        cards = {name: next(c for c in office.cards() if name in shown(c)) for name in ("First", "Second")}
        await office.person("ben").press(cards["First"], "Approve")
        await office.outcome()
        await office.person("ben").press(cards["Second"], "Approve")
        assert "Finished" in shown(await office.outcome(count=2))
        await settle(office)
        assert not any(is_open(card) for card in office.cards())


async def test_the_next_turn_withdraws_what_a_failed_one_left_open(open_office: OpenOffice) -> None:
    def bad(_: State) -> State:
        interrupt({"question": "First?"})
        raise RuntimeError("no")

    def good(_: State) -> State:
        interrupt({"question": "Second?"})
        return {}

    graph = StateGraph(State).add_node("bad", bad).add_node("good", good).add_edge(START, "good").add_edge(START, "bad")
    async with open_office({"refund": graph}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card(count=2)
        first, old = sorted(office.cards(), key=lambda card: "Second" in shown(card))
        await office.person("ben").press(first, "Approve")
        failure = await office.outcome()
        await office.person("ana").say("once more", channel="refunds", thread_ts=failure["thread_ts"])
        await office.card(count=2)
        await office.sees("refunds", old["ts"], "Withdrawn")
        await office.person("ben").press(old, "Approve")
        await office.told("ben", "Withdrawn", "refunds")


@pytest.mark.parametrize("result", ["nonsense", 42, ["x"], {"unknown": 1}, {"outcome": object()}], ids=str)
async def test_nonsense_is_told_in_words(open_office: OpenOffice, result: Any) -> None:
    async with open_office({"refund": node(lambda _: result), "other": OTHER}) as office:
        await failed(office)
        await still_works(office)


async def test_an_outcome_that_is_no_text_is_no_outcome(open_office: OpenOffice) -> None:
    async with open_office({"refund": node(lambda _: {"outcome": 42})}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        assert "42" not in shown((await office.outcome())["blocks"])


@pytest.mark.parametrize(
    "payload", [object(), lambda: None, {"question": "?", "lock": asyncio.Lock}], ids=["o", "f", "c"]
)
async def test_a_payload_that_cannot_be_stored_is_told_in_words(open_office: OpenOffice, payload: Any) -> None:
    async with open_office({"refund": asking(payload), "other": OTHER}) as office:
        await failed(office)
        assert office.cards() == []
        await still_works(office)


async def test_an_async_agent_cannot_take_the_process_with_it_either(open_office: OpenOffice) -> None:
    async def leaving(_: State) -> State:
        raise SystemExit("bye")

    async with open_office({"refund": node(leaving), "other": OTHER}) as office:
        await failed(office)
        await still_works(office)


@pytest.mark.parametrize("error", [SystemExit("bye"), KeyboardInterrupt(), asyncio.CancelledError(), MemoryError()])
async def test_an_agent_cannot_take_the_process_with_it(open_office: OpenOffice, error: BaseException) -> None:
    def leaving(_: State) -> State:
        raise error

    async with open_office({"refund": node(leaving), "other": OTHER}) as office:
        await failed(office)
        await still_works(office)


HOSTILE = {
    "mrkdwn": {"question": "<!channel> <@U0BEN> <https://evil|click> & *bold* `x`", "<!here>": "<!here>"},
    "huge": {"question": "x" * 200_000, "text": "y" * 200_000, **{f"field {n}": "z" * 1000 for n in range(150)}},
    "control": {"question": "a\x00b\x1b[31m\u202ec\ud800", "k\x00": "\r\n\x0b"},
    "deep": {"question": "?", "deep": [[[[[[[[[[{"a": {"b": {"c": [1, [2, [3]]]}}}]]]]]]]]]]},
    "empty": {},
    "blank": "",
    "spaces": "   ",
    "list": [1, "<!channel>", None, {"a": [True]}],
    "number": 7,
    "nothing": None,
    "actions": {"question": "?", "actions": [{"label": "x" * 500, "resume": "<!channel>"}]},
    "bad actions": {"question": "?", "actions": "nonsense"},
    "no actions": {"question": "?", "actions": []},
    "unhashable": {"question": ["a"], "amount": float("nan")},
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
async def test_whatever_an_agent_asks_there_is_one_card_that_cannot_ping(open_office: OpenOffice, payload: Any) -> None:
    async with open_office({"refund": asking(payload)}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        assert "<!" not in card["text"].replace("<!date", "")
        mrkdwn = [found["text"] for found in _texts(card["blocks"]) if found.get("type") == "mrkdwn"]
        assert not any("<!channel>" in text or "<!here>" in text or "<https" in text for text in mrkdwn)
        button = next(
            e for b in card["blocks"] if b["type"] == "actions" for e in b["elements"] if e["type"] == "button"
        )
        await office.person("ben").press(card, button["text"]["text"], nth=0)
        await settle(office)
        assert all(call.response.get("ok") for call in office.sandbox.calls)


def _texts(value: Any) -> list[Json]:
    if isinstance(value, list):
        return [found for item in value for found in _texts(item)]
    if isinstance(value, dict):
        return ([value] if isinstance(value.get("text"), str) else []) + _texts(list(value.values()))
    return []


async def test_an_agent_that_is_gone_after_a_restart_is_named(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?"}), "other": OTHER}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await office.stop_bot()
        del office.graphs["refund"]
        office.specs = [spec for spec in office.specs if spec.name != "refund"]
        await office.start_bot()
        await office.person("ben").press(card, "Approve")
        assert "There is no agent named refund any more." in shown(await office.outcome())
        await settle(office)
        await office.stop_bot()
        await office.start_bot()
        await settle(office)
        assert len(office.outcomes()) == 1
        await still_works(office)


async def test_a_node_renamed_while_it_waited_is_named(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?"}), "other": OTHER}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await office.stop_bot()
        office.graphs["refund"] = StateGraph(State).add_node("renamed", lambda _: {}).add_edge(START, "renamed")
        await office.start_bot()
        await settle(office)
        if is_open(office.cards()[0]):
            await office.person("ben").press(card, "Approve")
        assert "ask" in shown((await office.outcome())["blocks"])
        await still_works(office)
