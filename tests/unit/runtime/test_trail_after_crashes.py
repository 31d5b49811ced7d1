"""Whatever people and policy do is on the trail, once, also where a process dies before it can say so there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from runtime import START, InMemorySaver, StateGraph, interrupt
from runtime.codec.process import CODEC
from runtime.errors import StoreError
from runtime.graph.copies import copy_before_answer
from runtime.policy.model import AgentPolicy
from runtime.policy.terms import Asked, Call
from runtime.requests.agents import Agent
from runtime.requests.audit import AUDIT, faults
from runtime.requests.ledger import Ledger
from runtime.requests.records import Person, Request, RequestStatus, Thread, TurnStatus
from runtime.requests.runner import Runner
from runtime.store import Collection, Document
from tests.office import State
from tests.unit.runtime.test_runner import ANA, BEN, PLACE, Notes, decision

CAT = Person(team="T", id="CAT")
HOUR = 3600.0


class Mute(InMemorySaver):
    """A store whose process dies whenever it is about to add to the trail."""

    dead = False

    async def insert(self, collection: Collection, document: Document) -> bool:
        if self.dead and collection is AUDIT:
            raise StoreError("dead")
        return await super().insert(collection, document)


@dataclass(slots=True, kw_only=True)
class World:
    """Processes over one store, one after the other."""

    node: Callable[[State], State]
    policy: AgentPolicy
    store: Mute = field(default_factory=Mute)
    time: float = 1000.0

    def clock(self) -> float:
        """Never the same time twice."""
        self.time += 0.001
        return self.time

    def process(self) -> Runner:
        graph = StateGraph(State).add_node("node", self.node).add_edge(START, "node").compile(self.store)
        ledger = Ledger(self.store, CODEC)
        agent = Agent(
            name="agent",
            title="Agent",
            graph=graph,
            policy=self.policy,
            to_input=lambda text: {"request": text},
            to_outcome=lambda state: state.get("outcome"),
            to_asked=lambda _: Asked(calls=(Call(tool="refund"),)),
            copy=partial(copy_before_answer, self.store),
        )
        return Runner(ledger, {"agent": agent}, Notes(ledger), CODEC, self.clock, retry_seconds=(HOUR,))


def ask(state: State) -> State:
    return {"outcome": f"{interrupt('Refund?')} for {state['request']}"}


def fail(_: State) -> State:
    raise ConnectionError("away")


async def rest(runner: Runner) -> None:
    async with asyncio.timeout(10):
        while runner.busy:
            await asyncio.gather(*runner.busy)


async def say(world: World, runner: Runner, thread: Thread, _: Request | None) -> None:
    await runner.say(thread, "and order 8", BEN, PLACE, "k2", said_at=world.clock())


async def agree_and_take_it_back(world: World, runner: Runner, _: Thread, request: Request | None) -> None:
    assert request is not None
    await runner.answer(request, decision("yes", at=world.clock()))
    await runner.withdraw(request.id, BEN)
    await runner.answer(request, decision("yes", at=world.clock()))


async def agree_for_the_run(world: World, runner: Runner, _: Thread, request: Request | None) -> None:
    assert request is not None
    await runner.answer_for_run(request, decision("yes", at=world.clock()))


async def hand_over_and_wait(world: World, runner: Runner, _: Thread, request: Request | None) -> None:
    assert request is not None
    await runner.hand_over(request.id, BEN, CAT, "please")
    await runner.remind(request.id, BEN, world.clock() + HOUR)


async def retry(_: World, runner: Runner, thread: Thread, __: Request | None) -> None:
    (turn,) = await runner.ledger.turns(thread.id, *TurnStatus)
    await runner.retry(turn.id, BEN)


async def stop(_: World, runner: Runner, thread: Thread, __: Request | None) -> None:
    await runner.stop(thread.id, BEN)


async def answer(world: World, runner: Runner, _: Thread, request: Request | None) -> None:
    assert request is not None
    await runner.answer(request, decision("yes", at=world.clock()))


async def answer_differently(world: World, runner: Runner, thread: Thread, request: Request | None) -> None:
    world.store.dead = False
    await answer(world, runner, thread, request)
    await rest(runner)
    world.store.dead = True
    assert request is not None
    await runner.fork(request.id, CAT)


async def let_time_pass(world: World, runner: Runner, _: Thread, request: Request | None) -> None:
    assert request is not None
    await runner.remind(request.id, BEN, world.clock() + HOUR / 2)
    for _rung in range(3):
        world.time += HOUR
        await runner.recover()


async def miss_the_deadline(world: World, runner: Runner, _: Thread, __: Request | None) -> None:
    world.time += 9 * HOUR
    await runner.recover()


@pytest.mark.parametrize(
    ("act", "policy", "node", "said"),
    [
        (answer, {}, ask, ["answer BEN answered"]),
        (stop, {}, ask, ["stop BEN "]),
        (say, {}, ask, ["say BEN "]),
        (retry, {}, fail, ["retry BEN "]),
        (
            agree_and_take_it_back,
            {"required": 2},
            ask,
            ["vote BEN answered", "withdraw BEN ", "vote BEN answered"],
        ),
        (agree_for_the_run, {"grants": "1h"}, ask, ["answer BEN answered", "grant BEN refund"]),
        (hand_over_and_wait, {}, ask, ["hand_over BEN CAT", "remind BEN ", "reminded  BEN"]),
        (answer_differently, {}, ask, ["answer BEN answered", "fork CAT "]),
        (
            let_time_pass,
            {"remind": "50m", "direct_message": "110m", "escalate": "170m", "escalate_to": ("U0CAT",)},
            ask,
            ["remind BEN ", "reminded  ", "reminded  ANA", "escalated  U0CAT", "reminded  BEN"],
        ),
        (miss_the_deadline, {"deadline": "8h"}, ask, ["stop  "]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_was_done_is_said_once_by_whoever_comes_after_a_crash(
    act: Callable[[World, Runner, Thread, Request | None], Awaitable[None]],
    policy: dict[str, Any],
    node: Callable[[State], State],
    said: list[str],
) -> None:
    world = World(node=node, policy=AgentPolicy(**policy))
    first = world.process()
    thread = await first.start("agent", "order 7", ANA, PLACE, "k")
    await rest(first)
    asked = await first.ledger.requests(thread.id, RequestStatus.OPEN)
    world.store.dead = True
    await act(world, first, thread, next(iter(asked), None))
    await first.aclose(10.0)
    assert len(await first.ledger.trail(thread.id)) <= 2
    world.store.dead = False
    world.time += 2 * HOUR
    for another in (world.process(), world.process()):
        await another.recover()
        await rest(another)
    trail = await first.ledger.trail(thread.id)
    assert [f"{entry['what']!s} {_who(entry)} {_about(entry)}" for entry in trail] == ["start ANA agent", *said]
    assert list(faults(trail)) == []
    assert await first.ledger.unsettled(world.time) == []


def _who(entry: Document) -> str:
    by: Any = entry["by"]
    return by["id"] if by else ""


def _about(entry: Document) -> str:
    return "" if entry["what"] == "fork" else str(entry["detail"])
