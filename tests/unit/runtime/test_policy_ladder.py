"""What happens while nobody answers, and when."""

from typing import Any

import pytest
from pydantic import ValidationError

from runtime.policy.ladder import Rung, moments
from runtime.policy.model import AgentPolicy, Policy
from runtime.policy.terms import Asked, Call, Terms, terms_for

HOUR = 3600.0


def steps(policy: AgentPolicy, asked: Asked | None = None) -> list[tuple[str, float]]:
    return [(step.rung, step.after / HOUR) for step in terms_for(policy, asked or Asked()).steps]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, []),
        ({"deadline": "4h"}, [("remind", 2), ("direct_message", 3), ("deadline", 4)]),
        ({"deadline": "4h", "remind": "1h"}, [("remind", 1), ("direct_message", 3), ("deadline", 4)]),
        (
            {"deadline": "8h", "escalate_to": ("@ops",)},
            [("remind", 4), ("direct_message", 6), ("escalate", 7), ("deadline", 8)],
        ),
        ({"remind": "2h"}, [("remind", 2)]),
        (
            {"escalate": "1h", "escalate_to": ("@ops",), "direct_message": "2h"},
            [("escalate", 1), ("direct_message", 2)],
        ),
    ],
)
def test_a_deadline_has_a_ladder(policy: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    assert steps(AgentPolicy(**policy)) == expected


def test_a_payload_shortens_a_deadline_and_never_lengthens_it() -> None:
    policy = AgentPolicy(deadline="4h", remind="3h")
    assert steps(policy, Asked(deadline="2h")) == [("direct_message", 1.5), ("deadline", 2)]
    assert steps(policy, Asked(deadline="2d")) == steps(policy)
    assert steps(AgentPolicy(), Asked(deadline="2h"))[-1] == ("deadline", 2)


def test_of_several_calls_the_shortest_deadline_holds_and_one_says_no_for_all() -> None:
    policy = AgentPolicy(deadline="4h", on_timeout="approve", tools={"pay": Policy(deadline="1h", on_timeout="reject")})
    terms = terms_for(policy, Asked(calls=(Call(), Call(tool="pay"))))
    assert (terms.steps[-1].after, terms.on_timeout) == (HOUR, "reject")
    assert terms_for(policy, Asked()).on_timeout == "approve"


def test_those_it_is_escalated_to_may_answer_too() -> None:
    terms = Terms(audiences=(("@finance",), ("U0BEN",)), escalate_to=("C0OPS", "U0CARLA"))
    assert terms.escalated().audiences == (("@finance", "C0OPS", "U0CARLA"), ("U0BEN", "C0OPS", "U0CARLA"))
    assert terms.escalation() == (("C0OPS",), ("U0CARLA",))
    assert Terms(escalate_to=("U0CARLA",)).escalated().audiences == ()


def test_the_clock_runs_in_business_hours_where_there_are_some() -> None:
    ladder = terms_for(AgentPolicy(deadline="4h"), Asked()).steps
    assert moments(ladder, 0.0, "") == (2 * HOUR, 3 * HOUR, 4 * HOUR)
    assert moments(ladder, 0.0, "Thu,Fri 01:00-03:00") == (3 * HOUR, 26 * HOUR, 27 * HOUR)  # 1970 began on a Thursday
    assert ladder[0].rung is Rung.REMIND


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({"deadline": "soon"}, "'soon' is no length of time"),
        ({"deadline": "1h", "remind": "2h"}, "remind must come before the deadline of 1h"),
        ({"escalate": "1h"}, "escalate needs escalate_to"),
        ({"escalate_to": ("@ops",)}, "escalate_to needs escalate or deadline"),
        ({"on_timeout": "maybe"}, "Input should be 'reject' or 'approve'"),
        ({"business_hours": "always"}, "'always' are no business hours"),
    ],
)
def test_a_ladder_that_cannot_be_meant_is_refused_in_words(policy: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Policy(**policy)
