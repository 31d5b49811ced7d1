"""Several processes over one store: who has a thread runs it, the others hand over what they hear."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from runtime import START, StateGraph, interrupt
from runtime.codec.process import CODEC
from runtime.requests.agents import Agent
from runtime.requests.leases import LEASES
from runtime.requests.ledger import Ledger
from runtime.requests.progress import Tell
from runtime.requests.records import (
    Decision,
    Person,
    Request,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
    Verdict,
)
from runtime.requests.runner import Runner
from runtime.requests.surface import Guard
from runtime.store import Collection, Store
from tests.office import Answers, State

ANA, BEN = Person(team="T", id="ANA"), Person(team="T", id="BEN")
PLACE = {"team": "T", "channel": "C", "ts": "1"}
LONG = 3600.0
"""A lease that no test is there long enough to see renewed."""


@dataclass(slots=True)
class Wall:
    """A surface on which every process writes that it has shown a thread; it keeps the guard's word."""

    shown: list[str] = field(default_factory=list)

    def of(self, name: str) -> "Hand":
        return Hand(self, name)


@dataclass(slots=True)
class Hand:
    """One process's way to the wall."""

    wall: Wall
    name: str

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        raise NotImplementedError

    async def refresh(self, thread_id: ThreadId, guard: Guard, *, anew: bool = False) -> None:
        guard()
        self.wall.shown.append(f"{self.name} {thread_id}")

    @asynccontextmanager
    async def live(self, thread: Thread, turn: Turn, guard: Guard) -> AsyncIterator[Tell]:
        yield lambda _: None


class Counted:
    """The store as one process has it: with nothing kept in common, and with its calls and finds counted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[tuple[str, str]] = Counter()
        self.found = 0

    def of(self, collection: Collection) -> dict[str, int]:
        """How often each method was called for a collection."""
        return {name: calls for (name, where), calls in self.calls.items() if where == collection.name}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method):
            return method

        async def call(collection: Collection, *args: Any, **more: Any) -> Any:
            self.calls[name, getattr(collection, "name", "log")] += 1
            result = await method(collection, *args, **more)
            self.found += len(result) if isinstance(result, list) else 0
            return result

        return call


@dataclass(slots=True)
class Site:
    """A store, a clock that somebody else turns, and processes that come and go."""

    store: Store
    graph: StateGraph
    time: float = 1000.0
    wall: Wall = field(default_factory=Wall)
    runners: list[Runner] = field(default_factory=list)
    counted: Counted = field(init=False)
    """The store of the last process."""

    def process(self, name: str, *, lease_seconds: float = LONG) -> Runner:
        """Start one more process."""
        self.counted = Counted(self.store)
        store: Any = self.counted
        ledger = Ledger(store, CODEC)
        agent = Agent(
            name="agent",
            title="Agent",
            graph=self.graph.compile(checkpointer=store),
            to_input=lambda text: {"request": text},
            to_outcome=lambda state: state.get("outcome"),
        )
        runner = Runner(
            ledger,
            {"agent": agent},
            self.wall.of(name),
            CODEC,
            lambda: self.time,
            retry_seconds=(0.01,),
            lease_seconds=lease_seconds,
        )
        self.runners.append(runner)
        return runner

    async def aclose(self) -> None:
        for runner in self.runners:
            await runner.aclose(0.0)


async def rest(*runners: Runner) -> None:
    async with asyncio.timeout(15):
        for runner in runners:
            while runner.busy:
                await asyncio.gather(*runner.busy, return_exceptions=True)


async def start(runner: Runner, key: str = "k") -> Thread:
    return await runner.start("agent", "order 7", ANA, PLACE, key)


async def asked(runner: Runner, thread: Thread) -> list[Request]:
    return sorted(await runner.ledger.requests(thread.id, RequestStatus.OPEN), key=lambda request: str(request.payload))


def yes(value: Any = True) -> Decision:
    return Decision(action="a", verdict=Verdict.APPROVED, label="A", value=value, by=BEN, at=1000.0)


async def outcomes(runner: Runner, thread: Thread) -> list[str | None]:
    return [turn.outcome for turn in await runner.ledger.turns(thread.id, *TurnStatus)]


Open = Callable[[StateGraph], Site]


@pytest.fixture
async def open_site(store: Store) -> AsyncIterator[Open]:
    sites: list[Site] = []

    def opened(graph: StateGraph) -> Site:
        sites.append(Site(store, graph))
        return sites[-1]

    yield opened
    for site in sites:
        await site.aclose()


@dataclass(slots=True)
class Gated:
    """A node that asks, and then stands at a gate."""

    question: str = "One?"
    at_work: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    runs: int = 0
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _: State) -> State:
        answer = interrupt(self.question)
        self.runs += 1
        self.at_work.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return {"outcome": f"got {answer}"}


def alone(node: Gated) -> StateGraph:
    return StateGraph(State).add_node("one", node).add_edge(START, "one")


async def test_a_click_that_another_process_hears_reaches_the_one_that_has_the_thread(open_site: Open) -> None:
    node = Gated()
    other_runs: list[str] = []

    async def one(state: State) -> Answers:
        return {"answers": {"one": (await node(state))["outcome"]}}

    def two(_: State) -> Answers:
        answer = interrupt("Two?")
        other_runs.append(answer)
        return {"answers": {"two": answer}}

    graph = StateGraph(Answers).add_node("one", one).add_node("two", two).add_edge(START, "one").add_edge(START, "two")
    site = open_site(graph)
    a, b = site.process("a"), site.process("b")
    thread = await start(a)
    await rest(a)
    first, second = await asked(a, thread)
    await a.answer(first, yes("1"))
    await node.at_work.wait()
    await b.answer(second, yes("2"))
    await rest(b)
    assert other_runs == []
    node.gate.set()
    await rest(a)
    assert (node.runs, other_runs) == (1, ["2"])
    assert {r.status for r in await a.ledger.requests(thread.id)} == {RequestStatus.DELIVERED}
    assert await a.ledger.unsettled() == []
    assert site.wall.shown.count(f"b {thread.id}") == 0


async def test_what_is_said_to_other_processes_waits_its_turn_whichever_arrives_first(open_site: Open) -> None:
    node = Gated()
    site = open_site(alone(node))
    a, b, c = (site.process(name) for name in "abc")
    thread = await start(a)
    await rest(a)
    await a.answer((await asked(a, thread))[0], yes("1"))
    await node.at_work.wait()
    for process, number in ((c, 3), (b, 2)):
        site.time += 1
        assert await process.say(thread, f"order {number}", BEN, PLACE, f"k{number}", said_at=number)
    await rest(b)
    await rest(c)
    node.gate.set()
    await rest(a)
    for number in (2, 3):
        assert [turn.text for turn in await b.ledger.turns(thread.id, TurnStatus.TAKEN)] == [f"order {number}"]
        await b.answer((await asked(b, thread))[0], yes(number))
        await rest(b)
    assert await outcomes(a, thread) == ["got 1", "got 2", "got 3"]
    assert node.runs == 3


async def test_a_stop_by_another_process_cancels_a_run_at_the_next_renewal(open_site: Open) -> None:
    node = Gated()
    site = open_site(alone(node))
    a, b = site.process("a", lease_seconds=0.3), site.process("b")
    thread = await start(a)
    await rest(a)
    await a.answer((await asked(a, thread))[0], yes())
    await node.at_work.wait()
    await b.stop(thread.id, ANA)
    async with asyncio.timeout(15):
        await node.cancelled.wait()
    await rest(a, b)
    stopped = await a.ledger.thread(thread.id)
    assert stopped is not None
    assert stopped.status is ThreadStatus.STOPPED
    assert await a.ledger.unsettled() == []


async def test_another_process_goes_on_when_a_lease_has_lapsed(open_site: Open) -> None:
    """The first one is frozen in its node, and wakes up when all is over: it changes nothing, and shows nothing."""
    node = Gated()
    site = open_site(alone(node))
    a, b = site.process("a", lease_seconds=30.0), site.process("b", lease_seconds=30.0)
    thread = await start(a)
    await rest(a)
    await a.answer((await asked(a, thread))[0], yes("1"))
    await node.at_work.wait()
    await b.recover()
    assert node.runs == 1
    site.time += 31
    frozen, node.gate, node.at_work = node.gate, asyncio.Event(), asyncio.Event()
    sweeping = asyncio.create_task(b.recover())
    await node.at_work.wait()
    node.gate.set()
    await sweeping
    await rest(b)
    site.wall.shown.clear()
    frozen.set()
    await rest(a)
    assert node.runs in {2, 3}  # what the first one was saving just then makes the other begin again
    assert await outcomes(b, thread) == ["got 1"]
    assert [r.status for r in await b.ledger.requests(thread.id)] == [RequestStatus.DELIVERED]
    assert await b.ledger.unsettled() == []


async def test_two_processes_that_start_to_sweep_share_the_work(open_site: Open) -> None:
    node = Gated()
    node.gate.set()
    site = open_site(alone(node))
    dead = site.process("dead")
    threads = [await start(dead, f"k{number}") for number in range(5)]
    await rest(dead)
    for thread in threads:  # decided by a process that died before it could do anything about it
        await dead.ledger.claim((await asked(dead, thread))[0].id, yes("1"))
    site.time += 1
    a, b = site.process("a"), site.process("b")
    await asyncio.gather(a.recover(), b.recover())
    await rest(a, b)
    assert node.runs == 5
    assert [await outcomes(a, thread) for thread in threads] == [["got 1"]] * 5


async def test_a_drive_costs_two_writes_for_its_lease(open_site: Open) -> None:
    node = Gated()
    node.gate.set()
    site = open_site(alone(node))
    a = site.process("a")
    thread = await start(a)
    await rest(a)
    assert site.counted.of(LEASES) == {"insert": 1, "update": 1}
    site.counted.calls.clear()
    await a.answer((await asked(a, thread))[0], yes())
    await rest(a)
    assert site.counted.of(LEASES) == {"update": 2}


async def test_what_is_at_rest_costs_a_sweep_nothing(open_site: Open) -> None:
    site = open_site(alone(Gated()))
    a = site.process("a")
    for number in range(20):
        await start(a, f"k{number}")
    await rest(a)
    await a.recover()  # the first sweep also looks for what an older release left
    site.counted.calls.clear()
    site.counted.found = 0
    site.time += 1e6
    await a.recover()
    assert site.counted.found == 0
    assert sum(site.counted.calls.values()) == 4


async def test_a_thread_is_looked_at_when_its_time_has_come(open_site: Open) -> None:
    site = open_site(alone(Gated()))
    a = site.process("a")
    thread = await start(a)
    await rest(a)
    await a.ledger.wake_at(thread.id, 2000.0)
    site.wall.shown.clear()
    for time, looks in ((1999.0, 0), (2001.0, 1), (3000.0, 1)):
        site.time = time
        await a.recover()
        await rest(a)
        assert len(site.wall.shown) == looks
