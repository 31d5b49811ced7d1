"""Several questions at once: a card each, one line that counts them, and each answer goes to its own branch."""

import asyncio
import threading

import pytest

from runtime import START, StateGraph, interrupt
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
