"""What the first release stored in a ledger is still found and finished."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime import START, InMemorySaver, StateGraph, interrupt
from runtime.codec.process import CODEC
from runtime.requests.agents import Agent
from runtime.requests.documents import REQUESTS, THREADS, TURNS
from runtime.requests.ledger import Ledger
from runtime.requests.records import RequestStatus, ThreadId, TurnStatus
from runtime.requests.runner import Runner
from runtime.store import Document
from tests.office import State
from tests.unit.runtime.test_runner import Notes

SAMPLES: dict[str, list[Any]] = json.loads(Path(__file__).with_name("ledger_samples.json").read_text("utf-8"))
"""A run whose one question was just answered, as a release without `unseen_since` and leases has stored it."""
THREAD = ThreadId(SAMPLES["threads"][0]["id"])


def ask(state: State) -> State:
    return {"outcome": f"Got {interrupt('Refund?')} for {state['request']}"}


def stored(value: Any) -> Any:
    """A document of the samples, its bytes no longer in words."""
    match value:
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case dict():
            return {name: stored(item) for name, item in value.items()}
        case _:
            return value


async def store_with(**changes: Document) -> InMemorySaver:
    """What the samples hold, changed here and there."""
    store = InMemorySaver()
    for collection in (THREADS, REQUESTS, TURNS):
        (sample,) = SAMPLES[collection.name]
        await store.insert(collection, stored(sample) | changes.get(collection.name, {}))
    for number, entry in enumerate(SAMPLES["log"]):
        await store.append(THREAD, number, bytes.fromhex(entry))
    return store


def process_over(store: InMemorySaver) -> tuple[Runner, Notes]:
    ledger = Ledger(store, CODEC)
    surface = Notes(ledger)
    agent = Agent(
        name="agent",
        title="Agent",
        graph=StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile(store),
        to_input=lambda text: {"request": text},
        to_outcome=lambda state: state.get("outcome"),
    )
    return Runner(ledger, {"agent": agent}, surface, CODEC, lambda: 1000.0), surface


async def test_an_answer_that_was_not_delivered_yet_is() -> None:
    runner, _ = process_over(await store_with())
    await runner.recover()
    await runner.aclose(10.0)
    (request,) = await runner.ledger.requests(THREAD)
    (turn,) = await runner.ledger.turns(THREAD, *TurnStatus)
    assert (request.status, turn.outcome) == (RequestStatus.DELIVERED, "Got yes for order 7")


@pytest.mark.parametrize(
    "left",
    [
        {"requests": {"status": "open"}, "threads": {"status": "running"}},
        {"requests": {"status": "delivered"}, "turns": {"status": "ended"}, "threads": {"status": "finished"}},
        {"requests": {"status": "open"}, "turns": {"status": "queued"}},
    ],
    ids=["under way", "not told", "not taken"],
)
async def test_what_was_in_the_middle_of_something_is_looked_at_once(left: dict[str, Document]) -> None:
    store = await store_with(**left)
    for times in (1, 0):
        runner, surface = process_over(store)
        await runner.recover()
        await runner.aclose(10.0)
        assert bool(surface.refreshed) is bool(times)


async def test_what_waited_for_somebody_is_left_alone() -> None:
    store = await store_with(requests={"status": "open", "decision": None})
    runner, surface = process_over(store)
    await runner.recover()
    await runner.aclose(10.0)
    assert surface.refreshed == []
