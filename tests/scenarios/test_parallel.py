"""Several questions at once: a card each, one line that counts them, and each answer goes to its own branch."""

import asyncio
import threading

import pytest

from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval
from tests.office import TRANSPORTS, Json, Office, OpenOffice, State, asking_at_once, is_open, settle, shown

QUESTIONS = {
    "eu": {"question": "Ship to Europe?", "region": "eu"},
    "us": {"question": "Ship to America?", "region": "us"},
    "asia": "Which port in Asia?",
}


async def asked(office: Office) -> dict[str, Json]:
    """Start the agent; return its cards by region."""
    await office.person("ana").command("/agent deploy 2.4", channel="deploys")
    await office.card("deploys", count=3)
    words = {"eu": "Europe", "us": "America", "asia": "Asia"}
    return {key: next(c for c in office.cards("deploys") if word in shown(c)) for key, word in words.items()}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_each_answer_goes_to_its_own_branch(open_office: OpenOffice, transport: str) -> None:
    async with open_office({"deploy": asking_at_once(**QUESTIONS)}, transport=transport) as office:
        cards = await asked(office)
        root = await office.root("deploys")
        await office.sees("deploys", root["ts"], "0 of 3 answered")
        ben, carla = office.person("ben"), office.person("carla")

        await ben.press(cards["us"], "Approve")
        await office.sees("deploys", root["ts"], "1 of 3 answered")
        await settle(office)
        now = {card["ts"]: card for card in office.cards("deploys")}
        assert not is_open(now[cards["us"]["ts"]])
        for untouched in (cards["eu"], cards["asia"]):
            assert now[untouched["ts"]]["blocks"] == untouched["blocks"]

        await carla.press(cards["eu"], "Reject…")
        await office.modal("carla")
        await carla.submit({})
        await office.sees("deploys", root["ts"], "2 of 3 answered")
        await ben.say("Osaka", channel="deploys", thread_ts=root["ts"])
        assert "asia='Osaka', eu=False, us=True" in shown(await office.outcome("deploys"))
        await settle(office)
        assert not any(is_open(card) for card in office.cards("deploys"))
        assert "Finished" in shown(await office.root("deploys"))


async def test_all_at_once_is_as_good_as_one_by_one(open_office: OpenOffice) -> None:
    questions = {name: {"question": f"Ship {name}?"} for name in ("a", "b", "c", "d", "e")}
    async with open_office({"deploy": asking_at_once(**questions)}) as office:
        await office.person("ana").command("/agent deploy 2.4", channel="deploys")
        await office.card("deploys", count=5)
        people = [office.person(name) for name in ("ana", "ben", "carla", "ben", "ana")]
        await asyncio.gather(
            *(person.press(card, "Approve") for person, card in zip(people, office.cards("deploys"), strict=True))
        )
        assert "a=True, b=True, c=True, d=True, e=True" in shown(await office.outcome("deploys"))
        await settle(office)
        assert len(office.outcomes("deploys")) == 1
        assert len(office.cards("deploys")) == 5


async def test_an_answer_shows_on_its_card_while_another_branch_still_works(open_office: OpenOffice) -> None:
    go = threading.Event()

    def slow(_: State) -> State:
        interrupt({"question": "Slow?"})
        go.wait(10)
        return {}

    def fast(_: State) -> State:
        interrupt({"question": "Fast?"})
        return {}

    graph = StateGraph(State).add_node("slow", slow).add_node("fast", fast)
    async with open_office({"deploy": graph.add_edge(START, "slow").add_edge(START, "fast")}) as office:
        await office.person("ana").command("/agent deploy 2.4", channel="deploys")
        await office.card("deploys", count=2)
        cards = {word: next(c for c in office.cards("deploys") if word in shown(c)) for word in ("Slow", "Fast")}
        await office.person("ben").press(cards["Slow"], "Approve")
        await office.sees("deploys", cards["Slow"]["ts"], "Approved")
        await office.person("carla").press(cards["Fast"], "Approve")
        await office.sees("deploys", cards["Fast"]["ts"], "Approved")
        assert office.outcomes("deploys") == []
        go.set()
        await office.outcome("deploys")


MIXED = {
    "eu": {"question": "Ship to Europe?", "region": "eu"},
    "us": {"question": "Ship to America?", "region": "us"},
    "asia": {"question": "Ship to Asia?", "region": "asia"},
    "old": Approval(title="Delete the old release?", destructive=True),
    "name": "What is it called?",
}


def rest_button(root: Json) -> str:
    return next(text for text in shown(root).split("\n") if text.startswith("Approve the rest"))


async def test_what_is_still_open_is_approved_in_one_go(open_office: OpenOffice) -> None:
    async with open_office({"deploy": asking_at_once(**MIXED)}) as office:
        await office.person("ana").command("/agent deploy 2.4", channel="deploys")
        await office.card("deploys", count=5)
        root = await office.root("deploys")
        root = await office.sees("deploys", root["ts"], "Approve the rest (3)")
        ben = office.person("ben")
        await ben.press(next(c for c in office.cards("deploys") if "America" in shown(c)), "Approve")
        root = await office.sees("deploys", root["ts"], "Approve the rest (2)")
        await ben.press(root, rest_button(root))
        listed = shown(await office.modal("ben"))
        assert "Ship to Europe?" in listed
        assert "Ship to Asia?" in listed
        assert "America" not in listed
        assert "Delete" not in listed
        assert "2 more need a look of their own." in listed
        assert await ben.submit() == {}
        await office.sandbox.until(lambda: "Approved all 2." in shown(ben.modal))
        root = await office.sees("deploys", root["ts"], "3 of 5 answered")
        assert "Approve the rest" not in shown(root)
        trail = await office.bot.desk.ledger.trail((await office.bot.desk.ledger.threads())[0].id)
        assert [entry["what"] for entry in trail].count("answer") == 3


async def test_the_rest_goes_through_the_same_guards(open_office: OpenOffice) -> None:
    """What somebody decided meanwhile stays as decided, and what is not theirs to approve stays open."""
    questions = {
        "a": Approval(title="Ship a?"),
        "b": Approval(title="Ship b?", approvers=["U0CARLA"]),
        "c": Approval(title="Ship c?"),
    }
    async with open_office({"deploy": asking_at_once(**questions)}) as office:
        await office.person("ana").command("/agent deploy 2.4", channel="deploys")
        await office.card("deploys", count=3)
        root = await office.root("deploys")
        root = await office.sees("deploys", root["ts"], "Approve the rest (3)")
        ben, carla = office.person("ben"), office.person("carla")
        await ben.press(root, rest_button(root))
        await office.modal("ben")
        await carla.press(next(c for c in office.cards("deploys") if "Ship c" in shown(c)), "Reject…")
        await office.modal("carla")
        await carla.submit({})
        assert await ben.submit() == {}
        await office.sandbox.until(lambda: "Approved 1 of 3." in shown(ben.modal))
        told = shown(ben.modal)
        assert "Only <@U0CARLA>" in told
        assert "<@U0CARLA> rejected this" in told
        assert office.outcomes("deploys") == []


async def test_strangers_and_late_clicks_approve_nothing(open_office: OpenOffice) -> None:
    questions = {name: {"question": f"Ship {name}?"} for name in ("a", "b")}
    async with open_office({"deploy": asking_at_once(**questions)}) as office:
        await office.person("ana").command("/agent deploy 2.4", channel="deploys")
        await office.card("deploys", count=2)
        root = await office.root("deploys")
        root = await office.sees("deploys", root["ts"], "Approve the rest (2)")
        ben = office.person("ben")
        await ben.press(root, rest_button(root))
        await office.modal("ben")
        await office.person("ana").command("/agent stop", channel="deploys")
        assert await ben.submit() == {}
        await office.sandbox.until(lambda: "Approved 0 of 2." in shown(ben.modal))
        await ben.press(root, rest_button(root))
        await office.sandbox.until(lambda: "Nothing is left" in shown(ben.modal))


async def test_a_stop_closes_every_card(open_office: OpenOffice) -> None:
    async with open_office({"deploy": asking_at_once(**QUESTIONS)}) as office:
        cards = await asked(office)
        await office.person("ben").press(cards["us"], "Approve")
        await office.person("ana").command("/agent stop", channel="deploys")
        for card in cards.values():
            await office.sees("deploys", card["ts"], "Run stopped by <@U0ANA>")
        await settle(office)
        assert not any(is_open(card) for card in office.cards("deploys"))
        assert office.outcomes("deploys") == []
