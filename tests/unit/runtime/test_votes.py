"""Several people have to agree on the same answer: counted once each, never lost, never added up where they differ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime import SqliteSaver
from runtime.codec.process import CODEC
from runtime.policy.terms import Terms
from runtime.requests.ledger import Ledger
from runtime.requests.policy import Reason, Refusal
from runtime.requests.progress import Tell
from runtime.requests.records import Change, Decision, Person, Request, RequestStatus, Thread, ThreadId, Turn, Verdict
from runtime.requests.runner import Runner
from runtime.requests.surface import Guard
from tests.cards_kit import make_request


def person(name: str) -> Person:
    return Person(team="T0ANDON", id=f"U{name}")


ANA, BEN, CARLA = map(person, "ABC")


class Nothing:
    """A surface of which nothing is asked."""

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        return True

    async def refresh(self, thread_id: ThreadId, guard: Guard, *, anew: bool = False) -> None:
        pass

    @asynccontextmanager
    async def live(self, thread: Thread, turn: Turn, guard: Guard) -> AsyncIterator[Tell]:
        yield lambda _: None


class Vote:
    """A request on which so many have to agree, and those who do."""

    def __init__(self, runner: Runner, request: Request) -> None:
        self.runner, self.request = runner, request

    async def now(self) -> Request:
        found = await self.runner.ledger.request(self.request.id)
        assert found is not None
        return found

    async def approve(self, by: Person, amount: Any = None, *, seen: Request | None = None) -> Request | Refusal:
        edited = amount is not None
        made = Decision(
            action="edit" if edited else "approve",
            verdict=Verdict.EDITED if edited else Verdict.APPROVED,
            label="Approve",
            value=amount or True,
            given={"amount": amount} if edited else None,
            changes=(Change(field="amount", before=40, after=amount),) if edited else (),
            by=by,
            at=1.0,
        )
        return await self.runner.answer(seen or await self.now(), made)

    async def reject(self, by: Person) -> Request | Refusal:
        made = Decision(action="reject", verdict=Verdict.REJECTED, label="Reject", value=False, by=by, at=1.0)
        return await self.runner.answer(await self.now(), made)

    async def voters(self) -> list[Person]:
        return [vote.by for vote in (await self.now()).votes]


@pytest.fixture
async def vote(tmp_path: Path) -> AsyncIterator[Vote]:
    async with SqliteSaver(str(tmp_path / "andon.db")) as store:
        runner = Runner(Ledger(store, CODEC), {}, Nothing(), CODEC, lambda: 1.0)
        request = replace(make_request({"amount": 40}), terms=Terms(required=2))
        assert await runner.ledger.open_request(request)
        yield Vote(runner, request)
        await runner.aclose(5.0)


def reason(result: Request | Refusal) -> Reason | None:
    return result.reason if isinstance(result, Refusal) else None


async def test_the_last_vote_that_is_needed_decides(vote: Vote) -> None:
    await vote.approve(ANA)
    assert (await vote.now()).status is RequestStatus.OPEN
    await vote.approve(BEN)
    decided = await vote.now()
    assert decided.status is RequestStatus.DECIDED
    assert decided.decision is not None
    assert decided.decision.by == BEN
    assert await vote.voters() == [ANA, BEN]
    assert reason(await vote.approve(CARLA)) is Reason.DECIDED


async def test_nobody_counts_twice(vote: Vote) -> None:
    await vote.approve(ANA)
    assert reason(await vote.approve(ANA)) is Reason.VOTED
    assert await vote.voters() == [ANA]


async def test_one_rejection_is_enough(vote: Vote) -> None:
    await vote.approve(ANA)
    await vote.reject(BEN)
    assert (await vote.now()).status is RequestStatus.DECIDED


async def test_a_vote_can_be_taken_back(vote: Vote) -> None:
    await vote.approve(ANA)
    assert reason(await vote.runner.withdraw(vote.request.id, BEN)) is Reason.NOT_VOTED
    await vote.runner.withdraw(vote.request.id, ANA)
    assert await vote.voters() == []
    await vote.approve(BEN)
    assert (await vote.now()).status is RequestStatus.OPEN
    await vote.approve(ANA)
    assert reason(await vote.runner.withdraw(vote.request.id, ANA)) is Reason.DECIDED


@pytest.mark.parametrize(("one", "other"), [(None, 25), (25, 30), (25, 25.0), (True, 1)])
async def test_votes_for_different_arguments_do_not_add_up(vote: Vote, one: Any, other: Any) -> None:
    await vote.approve(ANA, one)
    await vote.approve(BEN, other)
    now = await vote.now()
    assert (now.status, await vote.voters()) == (RequestStatus.OPEN, [BEN])
    await vote.approve(CARLA, other)
    decided = (await vote.now()).decision
    assert decided is not None
    assert decided.value == other
    assert type(decided.value) is type(other)


async def test_whoever_saw_something_else_does_not_vote_for_it(vote: Vote) -> None:
    seen = await vote.now()
    await vote.approve(ANA, 25, seen=seen)
    assert reason(await vote.approve(BEN, seen=seen)) is Reason.CHANGED
    assert reason(await vote.approve(BEN, 30, seen=seen)) is Reason.CHANGED
    assert await vote.voters() == [ANA]
    await vote.runner.withdraw(vote.request.id, ANA)
    assert (await vote.now()).proposed_in > seen.revision


async def test_no_vote_is_lost_and_one_decides_when_all_vote_at_once(vote: Vote) -> None:
    request = replace(make_request({"amount": 40}), terms=Terms(required=7))
    for round_ in range(5):
        racing = replace(request, id=type(request.id)(f"r{round_}{round_}"))
        await vote.runner.ledger.open_request(racing)
        race = Vote(vote.runner, racing)
        results = await asyncio.gather(*(race.approve(person(str(n)), seen=racing) for n in range(10)))
        decided = await race.now()
        assert len(set(await race.voters())) == 7
        assert decided.decision is not None
        assert decided.decision.by == decided.votes[-1].by
        assert [reason(result) for result in results].count(Reason.DECIDED) == 3


async def test_a_stored_request_keeps_its_votes(vote: Vote) -> None:
    await vote.approve(ANA, 25)
    now = await vote.now()
    assert now.proposal is not None
    assert (now.proposal.given, now.proposed_in, now.votes[0].at) == ({"amount": 25}, now.revision, 1.0)
