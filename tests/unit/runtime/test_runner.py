"""The use cases over graphs of ours and of LangGraph, with a surface that only takes notes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import langgraph.checkpoint.memory
import langgraph.graph
import langgraph.types
import pytest

from runtime import START, Command, InMemorySaver, StateGraph, interrupt
from runtime.codec.process import CODEC
from runtime.errors import InvalidAnswerError
from runtime.policy.model import AgentPolicy
from runtime.requests.agents import Agent
from runtime.requests.ledger import Ledger
from runtime.requests.policy import Reason, Refusal
from runtime.requests.progress import Tell
from runtime.requests.records import (
    Decision,
    Person,
    Place,
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
from tests.office import State

ANA, BEN, EVE = Person(team="T", id="ANA"), Person(team="T", id="BEN"), Person(team="X", id="EVE")
PLACE: Place = {"team": "T", "channel": "C", "ts": "1"}


@dataclass(slots=True)
class Notes:
    """A surface that takes notes; `broken` makes it raise so many times."""

    ledger: Ledger
    refreshed: list[ThreadId] = field(default_factory=list)
    drawn_anew: list[bool] = field(default_factory=list)
    """At each attempt."""
    broken: int = 0
    closed: bool = False

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        if self.closed:
            return False
        await self.refresh(thread_id, guard)
        thread = await self.ledger.thread(thread_id)
        assert thread is not None
        await self.ledger.change_thread(thread, place=PLACE, where="T/C/1")
        return True

    async def refresh(self, thread_id: ThreadId, guard: Guard, *, anew: bool = False) -> None:
        guard()
        self.drawn_anew.append(anew)
        if self.broken:
            self.broken -= 1
            raise ConnectionError("away")
        self.refreshed.append(thread_id)

    @asynccontextmanager
    async def live(self, thread: Thread, turn: Turn, guard: Guard) -> AsyncIterator[Tell]:
        yield lambda _: None


@dataclass(slots=True)
class World:
    """A runner over a store in memory, with one agent."""

    runner: Runner
    ledger: Ledger
    surface: Notes
    restart: Callable[[], Runner]
    clock: "Clock"

    async def start(self, key: str = "k", place: Place = PLACE) -> Thread:
        thread = await self.runner.start("agent", "order 7", ANA, place, key)
        await self.rest()
        return await self.now(thread)

    async def rest(self) -> None:
        async with asyncio.timeout(5):
            while self.runner.busy:
                await asyncio.gather(*self.runner.busy)

    async def now(self, thread: Thread) -> Thread:
        found = await self.ledger.thread(thread.id)
        assert found is not None
        return found

    async def request(self, thread: Thread) -> Request:
        (request,) = await self.ledger.requests(thread.id, RequestStatus.OPEN)
        return request

    async def answer(self, thread: Thread, value: Any, by: Person = BEN) -> Request | Refusal:
        answered = await self.runner.answer(await self.request(thread), decision(value, by))
        await self.rest()
        return answered

    async def outcomes(self, thread: Thread) -> list[str | None]:
        return [turn.outcome for turn in await self.ledger.turns(thread.id, *TurnStatus)]


def decision(value: Any, by: Person = BEN, at: float = 1.0) -> Decision:
    return Decision(action="a", verdict=Verdict.ANSWERED, label="A", value=value, by=by, at=at)


class Clock:
    """Never the same time twice."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        self.time += 0.001
        return self.time


def asking_twice(ask: Callable[[Any], Any]) -> Callable[[State], State]:
    """A node with two questions, by the `interrupt` of whichever runs it."""

    def node(state: State) -> State:
        return {"outcome": f"{ask('One?')} and {ask('Two?')} for {state['request']}"}

    return node


def ours() -> tuple[Any, Any]:
    graph = StateGraph(State).add_node("ask", asking_twice(interrupt)).add_edge(START, "ask")
    return graph.compile(checkpointer=InMemorySaver()), Command


def langgraphs() -> tuple[Any, Any]:
    node: Any = asking_twice(langgraph.types.interrupt)
    graph = langgraph.graph.StateGraph(State).add_node("ask", node)
    saver = langgraph.checkpoint.memory.InMemorySaver()
    return graph.add_edge(START, "ask").compile(checkpointer=saver), langgraph.types.Command


def world_of(graph: Any, command: Any = Command, **more: Any) -> World:
    store, clock = InMemorySaver(), Clock()
    ledger = Ledger(store, CODEC)
    surface = Notes(ledger)
    agent = Agent(
        name="agent",
        title="Agent",
        graph=graph,
        to_input=lambda text: {"request": text},
        to_outcome=lambda state: state.get("outcome"),
        command=command,
        **more,
    )

    def runner() -> Runner:
        return Runner(ledger, {"agent": agent}, surface, CODEC, clock, retry_seconds=(0.0,))

    return World(runner(), ledger, surface, runner, clock)


@pytest.fixture(params=[ours, langgraphs], ids=["ours", "LangGraph"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    made = world_of(*request.param())
    yield made
    await made.runner.aclose(5.0)


async def test_a_run_asks_takes_answers_and_ends(world: World) -> None:
    thread = await world.start()
    assert thread.status is ThreadStatus.WAITING
    assert (await world.request(thread)).payload == "One?"
    await world.answer(thread, "a")
    assert (await world.request(thread)).payload == "Two?"
    await world.answer(thread, "b")
    assert (await world.now(thread)).status is ThreadStatus.FINISHED
    assert await world.outcomes(thread) == ["a and b for order 7"]
    assert {r.status for r in await world.ledger.requests(thread.id)} == {RequestStatus.DELIVERED}


async def test_what_is_said_later_is_the_next_turn(world: World) -> None:
    thread = await world.start()
    await world.answer(thread, "a")
    await world.answer(thread, "b")
    assert not await world.runner.say(await world.now(thread), "order 8", BEN, PLACE, "k2", said_at=2.0)
    await world.rest()
    await world.answer(thread, "c")
    await world.answer(thread, "d")
    assert await world.outcomes(thread) == ["a and b for order 7", "c and d for order 8"]


async def test_of_two_failed_turns_the_one_that_ran_last_is_tried_again_whenever_it_was_said() -> None:
    def fail(_: State) -> State:
        raise ConnectionError("away")

    graph = StateGraph(State).add_node("fail", fail).add_edge(START, "fail")
    world = world_of(graph.compile(checkpointer=InMemorySaver()))
    thread = await world.start()
    for said_at in (3.0, 2.0):  # the earlier message arrives when the later one has run
        await world.runner.say(await world.now(thread), "more", ANA, PLACE, f"k{said_at}", said_at=said_at)
        await world.rest()
    begun, late, early = sorted(await world.ledger.turns(thread.id, *TurnStatus), key=lambda turn: turn.created_at)
    for turn in (begun, late):
        refused = await world.runner.retry(turn.id, ANA)
        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.MOVED_ON
    assert not isinstance(await world.runner.retry(early.id, ANA), Refusal)


async def test_a_stopped_run_answers_nothing_any_more(world: World) -> None:
    thread = await world.start()
    request = await world.request(thread)
    assert isinstance(await world.runner.stop(thread.id, ANA), Thread)
    await world.rest()
    refused = await world.runner.answer(request, decision("a"))
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.STOPPED
    assert await world.outcomes(thread) == [None]


async def test_a_stopped_conversation_goes_on_with_what_is_said_next(world: World) -> None:
    thread = await world.start()
    await world.runner.stop(thread.id, ANA)
    await world.rest()
    await world.runner.say(await world.now(thread), "order 8", ANA, PLACE, "k2", said_at=2.0)
    await world.rest()
    await world.answer(thread, "a")
    await world.answer(thread, "b")
    assert (await world.outcomes(thread))[1] == "a and b for order 8"


async def test_another_process_delivers_what_this_one_only_claimed(world: World) -> None:
    thread = await world.start()
    await world.runner.aclose(5.0)
    await world.ledger.claim((await world.request(thread)).id, decision("a"))
    world.runner = world.restart()
    await world.runner.recover()
    await world.rest()
    assert (await world.request(thread)).payload == "Two?"
    await world.answer(thread, "b")
    assert await world.outcomes(thread) == ["a and b for order 7"]


async def test_recovering_twice_changes_nothing(world: World) -> None:
    thread = await world.start()
    before = await world.ledger.requests(thread.id)
    for _ in range(2):
        world.runner = world.restart()
        await world.runner.recover()
        await world.rest()
    assert await world.ledger.requests(thread.id) == before


async def test_the_same_start_twice_is_one_thread(world: World) -> None:
    first, second = await world.start(), await world.start()
    assert first.id == second.id
    assert len(await world.ledger.requests(first.id)) == 1
    assert [entry["what"] for entry in await world.ledger.trail(first.id)] == ["start"]


async def test_of_all_who_answer_one_is_taken(world: World) -> None:
    thread = await world.start()
    request = await world.request(thread)
    people = [Person(team="T", id=str(number)) for number in range(10)]
    results = await asyncio.gather(*(world.runner.answer(request, decision(p.id, p)) for p in people))
    await world.rest()
    (taken,) = [result for result in results if isinstance(result, Request)]
    assert taken.decision is not None
    for result in results:
        if isinstance(result, Refusal):
            assert result.reason is Reason.DECIDED
            assert result.request is not None
            assert result.request.decision == taken.decision


async def test_a_surface_that_is_away_is_tried_again(world: World) -> None:
    world.surface.broken = 3
    thread = await world.start(place={"team": "T", "channel": "C"})
    assert thread.status is ThreadStatus.WAITING
    assert world.surface.refreshed


async def test_what_may_have_been_drawn_is_drawn_anew_until_it_is_known_to_be(world: World) -> None:
    thread = await world.start()
    world.surface.drawn_anew.clear()
    world.surface.broken = 2
    for _ in range(2):
        world.runner.wake(thread.id)
        await world.rest()
    assert world.surface.drawn_anew == [False, True, True, False]


async def test_where_there_is_no_place_nothing_runs(world: World) -> None:
    world.surface.closed = True
    thread = await world.start(place={"team": "T", "channel": "C"})
    assert thread.status is ThreadStatus.STOPPED
    assert await world.ledger.requests(thread.id) == []


async def test_every_attempt_is_in_the_audit_trail(world: World) -> None:
    thread = await world.start()
    request = await world.request(thread)
    await world.runner.check(request.id, EVE)
    await world.runner.stop(thread.id, EVE)
    await world.answer(thread, "a")
    await world.runner.answer(request, decision("b"))
    await world.runner.stop(thread.id, ANA)
    await world.runner.stop(thread.id, ANA)
    await world.rest()
    trail = [(entry["what"], entry["detail"]) for entry in await world.ledger.trail(thread.id)]
    assert trail == [
        ("start", "agent"),
        ("answer", "answered"),
        ("answer refused", "decided"),
        ("stop", ""),
        ("stop refused", "over"),
    ]
    eve = {"team": "X", "id": "EVE"}
    unknown = [(entry["what"], entry["by"]) for entry in await world.ledger.trail(ThreadId(""))]
    assert unknown == [("answer refused", eve), ("stop refused", eve)]


async def test_a_decision_whose_process_died_before_it_was_noted_is_noted_by_whoever_delivers_it(world: World) -> None:
    thread = await world.start()
    request = await world.request(thread)
    assert await world.ledger.claim(request.id, decision("a")) is not None
    world.runner.wake(thread.id)
    await world.rest()
    entries = [(entry["what"], entry["request_id"]) for entry in await world.ledger.trail(thread.id)]
    assert entries == [("start", ""), ("answer", request.id)]


async def test_a_failed_turn_is_tried_again_from_where_it_failed() -> None:
    tries: list[Any] = []

    def flaky(_: State) -> State:
        tries.append(interrupt("Go?"))
        if len(tries) < 3:
            raise ConnectionError("away")
        return {"outcome": "done"}

    graph = StateGraph(State).add_node("flaky", flaky).add_edge(START, "flaky").compile(checkpointer=InMemorySaver())
    world = world_of(graph)
    thread = await world.start()
    await world.answer(thread, "yes")
    (turn,) = await world.ledger.turns(thread.id, *TurnStatus)
    for expected in (ThreadStatus.FAILED, ThreadStatus.FINISHED):
        (turn,) = await world.ledger.turns(thread.id, *TurnStatus)
        assert turn.failed
        assert turn.outcome == "ConnectionError: away"
        assert not isinstance(await world.runner.retry(turn.id, ANA), Refusal)
        await world.rest()
        assert (await world.now(thread)).status is expected
    refused = await world.runner.retry(turn.id, ANA)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.MOVED_ON
    assert tries == ["yes", "yes", "yes"]


async def test_only_some_may_stop_or_try_again() -> None:
    graph = StateGraph(State).add_node("ask", lambda _: {"outcome": interrupt("?")}).add_edge(START, "ask")
    world = world_of(graph.compile(checkpointer=InMemorySaver()), policy=AgentPolicy(approvers=("U0CARLA",)))
    thread = await world.start()
    (turn,) = await world.ledger.turns(thread.id, *TurnStatus)
    for refused in (await world.runner.stop(thread.id, BEN), await world.runner.retry(turn.id, BEN)):
        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.NOT_YOURS
    unknown = await world.runner.retry("nothing", BEN)
    assert isinstance(unknown, Refusal)
    assert unknown.reason is Reason.UNKNOWN
    assert isinstance(await world.runner.stop(thread.id, Person(team="T", id="U0CARLA")), Thread)
    await world.rest()


async def test_an_answer_the_graph_does_not_take_is_asked_again() -> None:
    def age(_: State) -> State:
        return {"outcome": f"{interrupt('How old?', response_schema=int) + 1} next year"}

    graph = StateGraph(State).add_node("age", age).add_edge(START, "age").compile(checkpointer=InMemorySaver())
    world = world_of(graph)
    thread = await world.start()
    await world.answer(thread, "old")
    again = await world.request(thread)
    assert (again.attempt, bool(again.problem)) == (1, True)
    await world.answer(thread, 41)
    assert await world.outcomes(thread) == ["42 next year"]


async def test_closing_lets_a_step_finish_and_then_stops() -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def first(_: State) -> State:
        started.set()
        await go.wait()
        return {"outcome": "done"}

    graph = StateGraph(State).add_node("first", first).add_edge(START, "first").compile(checkpointer=InMemorySaver())
    world = world_of(graph)
    thread = await world.runner.start("agent", "x", ANA, PLACE, "k")
    await started.wait()
    closing = asyncio.create_task(world.runner.aclose(5.0))
    asyncio.get_running_loop().call_soon(go.set)
    await closing
    assert world.runner.busy == ()
    world.runner = world.restart()
    await world.runner.recover()
    await world.rest()
    assert await world.outcomes(thread) == ["done"]


async def test_closing_does_not_wait_for_ever() -> None:
    started = asyncio.Event()

    async def endless(_: State) -> State:
        started.set()
        await asyncio.Event().wait()
        return {}

    graph = StateGraph(State).add_node("endless", endless).add_edge(START, "endless")
    world = world_of(graph.compile(checkpointer=InMemorySaver()))
    thread = await world.runner.start("agent", "x", ANA, PLACE, "k")
    await started.wait()
    await world.runner.aclose(grace_seconds=0.01)
    assert world.runner.busy == ()
    assert (await world.now(thread)).status is ThreadStatus.RUNNING
    assert thread.id in await world.ledger.unsettled()


async def test_a_stop_between_look_and_leap_is_in_time() -> None:
    ran: list[str] = []

    def act(_: State) -> State:
        ran.append("act")
        return {}

    class Graph:
        """Somebody stops the thread just while its state is read."""

        def __init__(self) -> None:
            self.inner = StateGraph(State).add_node("act", act).add_edge(START, "act").compile(InMemorySaver())
            self.astream = self.inner.astream

        async def aget_state(self, config: Any) -> Any:
            state = await self.inner.aget_state(config)
            await site.runner.stop(ThreadId(config["configurable"]["thread_id"]), ANA)
            return state

    site = world_of(Graph())
    thread = await site.start()
    assert thread.status is ThreadStatus.STOPPED
    assert ran == []


async def test_a_schema_error_that_is_nobodys_answer_is_a_failure() -> None:
    def act(_: State) -> State:
        raise InvalidAnswerError("another", {"": "no"})

    world = world_of(StateGraph(State).add_node("act", act).add_edge(START, "act").compile(InMemorySaver()))
    thread = await world.start()
    assert thread.status is ThreadStatus.FAILED


async def test_an_answer_is_for_what_was_shown_even_where_ids_do_not_tell() -> None:
    """LangGraph gives a question its place as id: a node that runs again may ask something else under it."""
    asked: list[str] = []

    def ask(state: State) -> State:
        asked.append(f"Send {len(asked) + 1} EUR?")
        return {"outcome": f"{asked[-1]} {langgraph.types.interrupt(asked[-1])}"}

    node: Any = ask
    saver = langgraph.checkpoint.memory.InMemorySaver()
    graph = langgraph.graph.StateGraph(State).add_node("ask", node).add_edge(START, "ask").compile(checkpointer=saver)
    world = world_of(graph, langgraph.types.Command)
    thread = await world.start()
    shown = await world.request(thread)
    await graph.ainvoke(None, {"configurable": {"thread_id": thread.id}})
    await world.runner.answer(shown, decision("yes"))
    await world.rest()
    anew = await world.request(thread)
    assert (shown.payload, anew.payload) == ("Send 1 EUR?", "Send 2 EUR?")
    assert shown.interrupt_id == anew.interrupt_id
    assert anew.id != shown.id


async def test_what_counted_is_on_the_trail_even_if_a_process_died_before_it_noted_that(world: World) -> None:
    """Here, it died right after each of these writes: a start, an answer, a stop."""
    begun = Thread(
        id=ThreadId("t"),
        agent="agent",
        prompt="order 7",
        started_by=ANA,
        place=PLACE,
        where="T/C/1",
        status=ThreadStatus.RUNNING,
        created_at=1.0,
        updated_at=1.0,
    )
    await world.ledger.add_turn(
        Turn(id="turn", thread_id=begun.id, text="", by=ANA, place=PLACE, created_at=1.0, unseen_since=1.0)
    )
    await world.ledger.open_thread(begun)
    await world.restart().recover()
    request = await world.request(begun)
    await world.ledger.claim(request.id, decision("a"))
    await world.restart().recover()
    waiting = await world.now(begun)
    stopped = {"status": ThreadStatus.STOPPED, "stopped_by": BEN, "updated_at": 2.0, "unseen_since": 2.0}
    await world.ledger.change_thread(waiting, **stopped)
    await world.restart().recover()
    trail = [(entry["what"], entry["by"]) for entry in await world.ledger.trail(begun.id)]
    assert trail == [("start", asdict(ANA)), ("answer", asdict(BEN)), ("stop", asdict(BEN))]


async def test_a_deadline_holds_on_a_run_that_failed_too() -> None:
    def pay(_: State) -> State:
        raise ConnectionError(interrupt("Pay?"))

    def ship(_: State) -> State:
        return {"outcome": f"shipped: {interrupt('Ship?')}"}

    def reject(_: Request, __: Verdict, at: float, *, timed_out: bool, by: Person) -> Decision:
        return replace(decision("no", by, at), timed_out=timed_out)

    graph = StateGraph(State).add_node("pay", pay).add_node("ship", ship)
    graph.add_edge(START, "pay").add_edge(START, "ship")
    compiled = graph.compile(checkpointer=InMemorySaver())
    world = world_of(compiled, policy=AgentPolicy(deadline="1h"), to_decision=reject)
    thread = await world.start()
    asked = await world.ledger.requests(thread.id, RequestStatus.OPEN)
    pay_first = next(request for request in asked if request.payload == "Pay?")
    await world.runner.answer(pay_first, decision("yes", at=world.clock()))
    await world.rest()
    assert (await world.now(thread)).status is ThreadStatus.FAILED
    world.clock.time += 3600.0
    await world.runner.recover()
    await world.rest()
    (ship_it,) = [request for request in await world.ledger.requests(thread.id) if request.payload == "Ship?"]
    assert ship_it.decision is not None
    assert ship_it.decision.timed_out
