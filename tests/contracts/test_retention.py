"""What was kept long enough goes, whole, in every store; what is open never does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from runtime import START, StateGraph
from runtime.codec.process import CODEC
from runtime.requests.agents import Agent
from runtime.requests.audit import AUDIT, faults
from runtime.requests.documents import POSTS, REQUESTS, THREADS, TURNS
from runtime.requests.drafts import DRAFTS
from runtime.requests.grants import GRANTS
from runtime.requests.leases import LEASES
from runtime.requests.ledger import Ledger
from runtime.requests.records import (
    AT_REST,
    NOBODY,
    Decision,
    Person,
    Post,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
    Verdict,
)
from runtime.requests.retention import Keep, Retention
from runtime.requests.runner import Runner
from runtime.store import Store
from tests.office import State

ANA = Person(team="T", id="ANA")
PLACE = {"team": "T", "channel": "C", "ts": "1"}
LEASE_SECONDS = 30.0
PARTS = (REQUESTS, TURNS, POSTS, DRAFTS, GRANTS, LEASES)


@dataclass(slots=True)
class Site:
    """A store whose clock the tests turn; threads are over at 100, and kept for 1,000 seconds."""

    store: Store
    time: float = 2000.0

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.store, CODEC)

    def retention(self, keep: Keep = Keep(threads=1000.0), store: Any = None) -> Retention:  # noqa: B008 - frozen
        store = store or self.store
        ledger = Ledger(store, CODEC)
        return Retention(ledger, store, {}, lambda: self.time, keep=keep, lease_seconds=LEASE_SECONDS)

    async def over(self, name: str = "t", status: ThreadStatus = ThreadStatus.FINISHED) -> Thread:
        """Add a thread that is over, with some of everything."""
        ledger, thread_id = self.ledger, ThreadId(name)
        thread = Thread(
            id=thread_id,
            agent="agent",
            prompt="order 7",
            started_by=ANA,
            place=PLACE,
            where=f"T/C/{name}",
            status=ThreadStatus.RUNNING,
            created_at=1.0,
            updated_at=1.0,
        )
        await ledger.open_thread(thread)
        await ledger.audit.note_start(thread)
        turn = Turn(id=f"{name} 1", thread_id=thread_id, text="", by=ANA, place=PLACE, created_at=1.0)
        await ledger.add_turn(replace(turn, status=TurnStatus.TOLD))
        for number in "12":
            request = asked(thread_id, f"{name} {number}")
            await ledger.open_request(request)
            decided = await ledger.claim(request.id, APPROVAL)
            assert decided is not None
            await ledger.settle(decided, RequestStatus.DELIVERED)
            await ledger.drafts.keep(f"view {name} {number}", request.id, {}, at=1.0)
            await ledger.grants.give(decided, ANA, 1.0)
            await ledger.intend_post(Post(key=f"request:{request.id}", thread_id=thread_id, created_at=1.0))
        for head in range(3):
            await self.store.append(name, head, b"entry")
        lease = await ledger.leases(lambda: 1.0, LEASE_SECONDS).claim(thread_id)
        assert lease is not None
        assert await lease.release()
        now = await ledger.change_thread(thread, status=status, updated_at=100.0)
        assert now is not None
        return now

    async def thread(self, name: str = "t") -> Thread:
        """The thread as it is now."""
        thread = await self.ledger.thread(ThreadId(name))
        assert thread is not None
        return thread

    async def left(self) -> dict[str, int]:
        """How many documents there are of each kind, but for the threads."""
        found = {collection.name: len(await self.store.find(collection, {})) for collection in (*PARTS, AUDIT)}
        return {name: number for name, number in found.items() if number}

    async def assert_gone(self, name: str = "t") -> None:
        """Nothing but where it was, and its audit trail."""
        thread = await self.thread(name)
        assert (thread.prompt, thread.started_by, thread.gone, thread.gone_since) == ("", NOBODY, True, 100.0)
        assert (await self.store.load(name)).head == 0
        assert await self.left() == {"audit": 3}
        assert await self.ledger.threads_over(self.time, 10) == []
        assert await self.ledger.unsettled() == []


APPROVAL = Decision(action="a", verdict=Verdict.APPROVED, label="A", value=True, by=ANA, at=2.0)


def asked(thread_id: ThreadId, name: str) -> Request:
    return Request(
        id=RequestId(name),
        thread_id=thread_id,
        interrupt_id=name,
        agent="agent",
        payload="Send it?",
        digest="d",
        asked_for=ANA,
        status=RequestStatus.OPEN,
        created_at=1.0,
    )


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


@pytest.mark.parametrize("status", AT_REST)
async def test_what_was_kept_long_enough_goes_with_all_that_belongs_to_it(site: Site, status: ThreadStatus) -> None:
    await site.over(status=status)
    site.time = 1100.0
    await site.retention().sweep()
    assert not (await site.thread()).gone
    site.time = 1100.1
    await site.retention().sweep()
    await site.assert_gone()
    gone = await site.ledger.thread_at("T/C/t")
    assert gone is not None
    assert gone.gone


async def test_nothing_goes_unless_it_was_asked_for(site: Site) -> None:
    thread, before = await site.over(), await site.left()
    await site.retention(Keep()).sweep()
    assert (await site.thread(), await site.left()) == (thread, before)


async def _asks(site: Site) -> None:
    await site.ledger.open_request(asked(ThreadId("t"), "open"))


async def _decides(site: Site) -> None:
    await _asks(site)
    await site.ledger.claim(RequestId("open"), APPROVAL)


async def _queues(site: Site) -> None:
    await site.ledger.add_turn(
        Turn(id="more", thread_id=ThreadId("t"), text="", by=ANA, place=PLACE, created_at=1.0, unseen_since=1.0)
    )


async def _ends(site: Site) -> None:
    turn = Turn(id="more", thread_id=ThreadId("t"), text="", by=ANA, place=PLACE, created_at=1.0)
    await site.ledger.add_turn(replace(turn, status=TurnStatus.ENDED))


async def _goes_on(site: Site) -> None:
    await site.ledger.change_thread(await site.thread(), status=ThreadStatus.RUNNING)


async def _is_held(site: Site) -> None:
    assert await site.ledger.leases(lambda: site.time, LEASE_SECONDS).claim(ThreadId("t")) is not None


@pytest.mark.parametrize("happens", [_asks, _decides, _queues, _ends, _goes_on, _is_held])
async def test_what_is_open_or_not_told_or_in_hand_stays(site: Site, happens: Callable[[Site], Any]) -> None:
    await site.over()
    await happens(site)
    before = await site.left()
    await site.retention().sweep()
    assert not (await site.thread()).gone
    assert await site.left() == before
    assert (await site.store.load("t")).head == 3


async def test_what_has_to_stay_does_not_keep_others_back(site: Site) -> None:
    await site.over()
    await _asks(site)
    await site.retention().sweep()
    assert await site.ledger.threads_over(1100.0, 10) == []
    assert len(await site.ledger.threads_over(site.time + 0.1, 10)) == 1


class Died(BaseException):
    """The process is no more."""


class Dying:
    """A store whose process dies after so many writes."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*args: Any, **more: Any) -> Any:
            if name not in {"find", "get", "load"}:
                if not self._writes:
                    raise Died
                self._writes -= 1
            return await method(*args, **more)

        return call


async def _dies(site: Site, keep: Keep, writes: int) -> bool:
    try:
        await site.retention(keep, Dying(site.store, writes)).sweep()
    except Died:
        return True
    return False


async def test_what_is_half_deleted_when_a_process_dies_is_finished_by_another(site: Site) -> None:
    for writes in range(100):
        await site.over()
        died = await _dies(site, Keep(threads=1000.0), writes)
        site.time += LEASE_SECONDS
        await site.retention().sweep()
        await site.assert_gone()
        await site.retention(Keep(threads=1000.0, trails=0.0)).sweep()
        assert await site.left() == {}
        if not died:
            break
    else:
        pytest.fail("it never came to an end")
    assert writes > 10


async def test_a_trail_goes_in_its_own_time_and_is_a_chain_until_then(site: Site) -> None:
    await site.over()
    keep = Keep(threads=1000.0, trails=3000.0)
    await site.retention(keep).sweep()
    await site.assert_gone()
    site.time = 3100.1
    assert await _dies(site, keep, writes=3)  # two for the claim
    trail = await site.ledger.trail(ThreadId("t"))
    assert len(trail) == 2
    assert list(faults(trail)) == []
    site.time += LEASE_SECONDS
    await site.retention(keep).sweep()
    assert await site.left() == {}
    assert await site.store.find(THREADS, {}) == []


async def test_a_sweep_of_the_runner_takes_it_away_and_nothing_said_later_runs(site: Site) -> None:
    ran: list[str] = []

    def act(_: State) -> State:
        ran.append("act")
        return {}

    graph = StateGraph(State).add_node("act", act).add_edge(START, "act").compile(checkpointer=site.store)
    forgotten: list[str] = []

    async def forget(thread_id: str) -> None:
        forgotten.append(thread_id)

    agent = Agent(name="agent", title="", graph=graph, to_input=str, to_outcome=lambda _: None, forget=forget)
    keep = Keep(threads=1000.0)
    retention = Retention(site.ledger, site.store, {"agent": agent}, lambda: site.time, keep=keep)
    surface: Any = None
    runner = Runner(site.ledger, {"agent": agent}, surface, CODEC, lambda: site.time, retention=retention)
    thread = await site.over()
    await runner.recover()
    assert forgotten == [thread.id]
    await runner.say(thread, "more", ANA, PLACE, "k", said_at=5.0)
    await runner.recover()
    await runner.aclose(5.0)
    assert ran == []
