"""Who may do what, and the reason when they may not."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pytest

from runtime.policy.audience import FRESH
from runtime.policy.directory import Account, LookupFailedError, NoDirectory
from runtime.policy.terms import Terms
from runtime.requests.policy import Reason, Refusal, may_answer, may_steer
from runtime.requests.records import Person, RequestStatus
from tests.cards_kit import ANA, AT, BEN, make_request, make_thread

CARLA = Person(team=ANA.team, id="U0CARLA")
EVE = Person(team="X", id=ANA.id)


@dataclass
class People:
    """A directory in memory; `down` cannot look anything up."""

    groups: dict[str, set[str]] = field(default_factory=lambda: {"@finance": {BEN.id, CARLA.id}, "S0OPS": {CARLA.id}})
    members: set[str] = field(default_factory=lambda: {ANA.id, BEN.id})
    accounts: dict[str, Account] = field(default_factory=dict)
    down: bool = False
    ages: list[float] = field(default_factory=list)

    async def account(self, person: Person) -> Account:
        return self.accounts.get(person.id, Account())

    async def group(self, group: str, max_age: float) -> Collection[str]:
        self.ages.append(max_age)
        if self.down:
            raise LookupFailedError(group)
        return self.groups[group]

    async def channel(self, channel: str, max_age: float) -> Collection[str]:
        assert channel == "C0REFUNDS"
        return self.members

    async def conversation(self, name: str) -> str:
        if name != "#finance":
            raise LookupFailedError(name)
        return "C0FINANCE"


async def refusal(by: Person, terms: Terms, people: People | None = None) -> Refusal | None:
    request = replace(make_request("?", RequestStatus.OPEN), channel="C0REFUNDS", terms=terms)
    return await may_answer(request, by, people or People(), AT)


async def reason(by: Person, terms: Terms, people: People | None = None) -> Reason | None:
    found = await refusal(by, terms, people)
    return found.reason if found else None


async def test_everybody_of_the_askers_team_may_answer() -> None:
    assert await reason(BEN, Terms()) is None


async def test_another_team_cannot_tell_a_request_from_none() -> None:
    assert await reason(EVE, Terms()) is Reason.UNKNOWN
    assert await may_answer(None, BEN, NoDirectory(), AT) == Refusal(Reason.UNKNOWN)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (RequestStatus.DECIDED, Reason.DECIDED),
        (RequestStatus.DELIVERED, Reason.DECIDED),
        (RequestStatus.REPLACED, Reason.REPLACED),
        (RequestStatus.STOPPED, Reason.STOPPED),
    ],
)
async def test_what_is_settled_stays_settled(status: RequestStatus, why: Reason) -> None:
    found = await may_answer(make_request("?", status), BEN, NoDirectory(), AT)
    assert found is not None
    assert found.reason is why


@pytest.mark.parametrize(
    ("audiences", "may"),
    [
        (("U0BEN",), {BEN}),
        (("@finance",), {BEN, CARLA}),
        (("S0OPS", "U0ANA"), {ANA, CARLA}),
        (("channel",), {ANA, BEN}),
        (("requester",), {ANA}),
    ],
)
async def test_people_groups_members_of_the_channel_and_the_requester_may_answer(
    audiences: tuple[str, ...], may: set[Person]
) -> None:
    terms = Terms(audiences=(audiences,))
    assert {person for person in (ANA, BEN, CARLA) if await reason(person, terms) is None} == may


async def test_whoever_may_answer_is_in_every_audience() -> None:
    terms = Terms(audiences=(("@finance",), ("S0OPS", "U0ANA")))
    assert await reason(CARLA, terms) is None
    assert await refusal(BEN, terms) == replace_ask(await refusal(BEN, terms), ("U0CARLA",))


def replace_ask(found: Refusal | None, ask: tuple[str, ...]) -> Refusal:
    assert found is not None
    return replace(found, ask=ask)


async def test_a_narrowing_that_leaves_nobody_is_not_used() -> None:
    terms = Terms(audiences=(("@finance",), ("U0ANA",)))
    assert await reason(BEN, terms) is None
    assert await reason(ANA, terms) is Reason.NOT_AN_APPROVER


async def test_whoever_asked_may_be_kept_from_answering() -> None:
    terms = Terms(audiences=(("channel",),), no_self_approval=True)
    found = await refusal(ANA, terms)
    assert found is not None
    assert (found.reason, found.ask) == (Reason.OWN_REQUEST, ("U0BEN",))
    assert await reason(BEN, terms) is None


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (Account(guest=True), Reason.GUEST),
        (Account(stranger=True), Reason.STRANGER),
        (Account(deactivated=True), Reason.DEACTIVATED),
        (Account(bot=True), Reason.BOT),
    ],
)
async def test_only_full_members_may_answer(account: Account, why: Reason) -> None:
    people = People(accounts={BEN.id: account})
    assert await reason(BEN, Terms(), people) is why
    assert await reason(BEN, Terms(allow_guests=True), people) is (None if account.guest else why)


async def test_who_cannot_be_looked_up_is_refused() -> None:
    found = await refusal(BEN, Terms(audiences=(("@finance",),)), People(down=True))
    assert found is not None
    assert (found.reason, found.what) == (Reason.NOT_CHECKED, "@finance")


class Slow(People):
    """A directory that never comes back."""

    async def account(self, person: Person) -> Account:
        await asyncio.Event().wait()
        return Account()


async def test_what_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.requests.policy.CHECK_SECONDS", 0.01)
    found = await refusal(BEN, Terms(), Slow())
    assert found is not None
    assert (found.reason, found.what) == (Reason.NOT_CHECKED, "")


async def test_nobody_is_kept_out_by_what_was_known_before() -> None:
    people = People()
    assert await reason(ANA, Terms(audiences=(("@finance",),)), people) is Reason.NOT_AN_APPROVER
    assert FRESH in people.ages


async def test_a_run_is_steered_by_who_started_it_and_by_approvers() -> None:
    thread, terms = replace(make_thread(), place={"channel": "C0REFUNDS"}), Terms(audiences=(("@finance",),))
    people = People()
    assert await may_steer(thread, terms, thread.started_by, people) is None
    assert await may_steer(thread, terms, BEN, people) is None
    assert await may_steer(thread, terms, Person(team=ANA.team, id="U9"), people) == Refusal(
        Reason.NOT_YOURS, thread=thread
    )
    assert await may_steer(thread, Terms(), EVE, people) == Refusal(Reason.UNKNOWN)
    assert await may_steer(None, Terms(), ANA, people) == Refusal(Reason.UNKNOWN)
    down = await may_steer(thread, terms, BEN, People(down=True))
    assert down is not None
    assert down.reason is Reason.NOT_CHECKED
