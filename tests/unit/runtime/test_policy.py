"""Who may do what, and the reason when they may not."""

from dataclasses import replace

import pytest

from runtime.requests.agents import Agent
from runtime.requests.policy import Reason, may_answer, may_steer
from runtime.requests.records import Person, RequestStatus
from tests.cards_kit import ANA, BEN, make_request, make_thread

EVE = Person(team="X", id=ANA.id)
AGENT = Agent(
    name="a",
    title="A",
    graph=None,  # type: ignore[arg-type]  # not run here
    approvers=("U1", "U2"),
    to_input=str,
    to_outcome=str,
    to_approvers=tuple,
)


def reason(refusal: object) -> Reason | None:
    return getattr(refusal, "reason", None)


def test_everybody_of_the_askers_team_may_answer() -> None:
    assert may_answer(make_request("?", RequestStatus.OPEN), BEN) is None


def test_another_team_cannot_tell_a_request_from_none() -> None:
    assert reason(may_answer(make_request("?", RequestStatus.OPEN), EVE)) is Reason.UNKNOWN
    assert reason(may_answer(None, BEN)) is Reason.UNKNOWN


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (RequestStatus.DECIDED, Reason.DECIDED),
        (RequestStatus.DELIVERED, Reason.DECIDED),
        (RequestStatus.REPLACED, Reason.REPLACED),
        (RequestStatus.STOPPED, Reason.STOPPED),
    ],
)
def test_what_is_settled_stays_settled(status: RequestStatus, why: Reason) -> None:
    assert reason(may_answer(make_request("?", status), BEN)) is why


@pytest.mark.parametrize(
    ("named", "may"),
    [((), ("U1", "U2")), (("U2", "U9"), ("U2",)), (("U9",), ("U1", "U2"))],
)
def test_a_payload_narrows_and_never_widens(named: tuple[str, ...], may: tuple[str, ...]) -> None:
    assert AGENT.may_answer(named) == may
    assert replace(AGENT, approvers=()).may_answer(named) == named


def test_a_run_is_steered_by_who_started_it_and_by_approvers() -> None:
    thread = make_thread()
    assert may_steer(thread, AGENT, thread.started_by) is None
    assert may_steer(thread, AGENT, Person(team=thread.started_by.team, id="U2")) is None
    assert reason(may_steer(thread, AGENT, Person(team=thread.started_by.team, id="U9"))) is Reason.NOT_YOURS
    assert reason(may_steer(thread, AGENT, EVE)) is Reason.UNKNOWN
    assert reason(may_steer(None, None, ANA)) is Reason.UNKNOWN
