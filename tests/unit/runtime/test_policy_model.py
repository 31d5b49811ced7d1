"""What a policy says, and what of it holds for a question."""

from typing import Any

import pytest
from pydantic import ValidationError

from runtime.policy.model import AgentPolicy, Policy
from runtime.policy.terms import Asked, Call, Terms, terms_for

TEAM = AgentPolicy(
    approvers=("@finance",),
    no_self_approval=True,
    tools={"refund": Policy(approvers=("U0BEN",)), "look_up": Policy(no_self_approval=False)},
)


def test_a_tool_says_what_is_different_for_it() -> None:
    assert terms_for(TEAM, Asked(calls=(Call(tool="refund"),))) == Terms(audiences=(("U0BEN",),), no_self_approval=True)
    assert terms_for(TEAM, Asked(calls=(Call(tool="look_up"),))) == Terms(audiences=(("@finance",),))
    assert terms_for(TEAM, Asked()) == Terms(audiences=(("@finance",),), no_self_approval=True)


def test_several_calls_are_as_strict_as_the_strictest_of_them() -> None:
    calls = (Call(tool="look_up"), Call(tool="refund"))
    assert terms_for(TEAM, Asked(calls=calls)) == Terms(audiences=(("@finance",), ("U0BEN",)), no_self_approval=True)
    guests = AgentPolicy(allow_guests=True, tools={"refund": Policy(allow_guests=False)})
    assert terms_for(guests, Asked()).allow_guests
    assert not terms_for(guests, Asked(calls=(Call(), Call(tool="refund")))).allow_guests


@pytest.mark.parametrize(
    ("named", "may"),
    [((), ("U1", "U2")), (("U2", "U9"), ("U2",)), (("U9",), ("U1", "U2"))],
)
def test_a_payload_narrows_and_never_widens(named: tuple[str, ...], may: tuple[str, ...]) -> None:
    assert terms_for(AgentPolicy(approvers=("U1", "U2")), Asked(approvers=named)).audiences == (may,)
    assert terms_for(AgentPolicy(), Asked(approvers=named)).audiences == ((named,) if named else ())


def test_a_payload_that_leaves_too_few_to_agree_is_not_used() -> None:
    two = AgentPolicy(approvers=("U1", "U2"), required=2)
    assert terms_for(two, Asked(approvers=("U1",))) == Terms(audiences=(("U1", "U2"),), required=2)
    assert terms_for(AgentPolicy(required=2), Asked(required=3)).required == 3


def test_whom_a_payload_names_has_to_be_in_the_agents_group() -> None:
    assert terms_for(TEAM, Asked(approvers=("U0BEN",))).audiences == (("@finance",), ("U0BEN",))
    assert terms_for(AgentPolicy(), Asked(no_self_approval=True)).no_self_approval


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"approvers": ()}, "nobody could answer; leave it out"),
        ({"approvers": ("ana", "U0BEN", "@")}, "nobody is called 'ana', '@'; name members"),
        ({"approvers": ("requester",), "no_self_approval": True}, "nobody could answer: only the requester may"),
        ({"approvers": ("U0ANA", "U0BEN"), "required": 3}, "3 people have to agree, but approvers names only 2"),
        ({"required": 0}, "greater than or equal to 1"),
        ({"required_people": 2}, "Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_in_words(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Policy(**given)


CHEAP = AgentPolicy(
    auto_approve=("amount < 50 and currency == 'EUR'", "staff"),
    tools={"refund": Policy(auto_approve=("amount < 10",)), "delete": Policy(auto_approve=())},
)


@pytest.mark.parametrize(
    ("calls", "rule"),
    [
        ((Call(args={"amount": 40, "currency": "EUR"}),), "amount < 50 and currency == 'EUR'"),
        ((Call(args={"amount": 60, "currency": "EUR"}),), ""),
        ((Call(args={"amount": 60, "currency": "EUR", "staff": True}),), "staff"),
        ((Call(tool="refund", args={"amount": 40, "staff": True}),), ""),
        ((Call(tool="refund", args={"amount": 9}), Call(args={"staff": True})), "amount < 10; staff"),
        ((Call(tool="refund", args={"amount": 9}), Call(args={})), ""),
        ((Call(tool="delete", args={"staff": True}),), ""),
    ],
)
def test_a_question_is_approved_by_rule_when_all_of_its_calls_are(calls: tuple[Call, ...], rule: str) -> None:
    assert terms_for(CHEAP, Asked(calls=calls)).rule == rule


@pytest.mark.parametrize(
    "more", [{"approvers": ("U1",)}, {"required": 2}, {"no_self_approval": True}, {"destructive": True}]
)
def test_a_question_that_asks_for_people_is_not_approved_by_rule(more: dict[str, Any]) -> None:
    assert terms_for(CHEAP, Asked(calls=(Call(args={"staff": True}),), **more)).rule == ""


def test_a_rule_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValidationError, match='"amount <" is no condition: it ends too early'):
        Policy(auto_approve=("amount < 50", "amount <"))


@pytest.mark.parametrize(
    ("asked", "same", "seconds"),
    [
        (Asked(calls=(Call(tool="refund"),)), "refund", 3600.0),
        (Asked(calls=(Call(tool="refund"), Call(tool="mail"))), "mail, refund", 1800.0),
        (Asked(calls=(Call(tool="refund"), Call(tool="delete"))), "", 0.0),
        (Asked(calls=(Call(tool="two"),)), "", 0.0),
        (Asked(calls=(Call(args={"amount": 1}),)), "", 0.0),
        (Asked(calls=(Call(tool="refund"),), destructive=True), "", 0.0),
    ],
)
def test_only_calls_of_named_tools_can_be_approved_for_a_run(asked: Asked, same: str, seconds: float) -> None:
    tools = {"mail": Policy(grants="30m"), "delete": Policy(grants=None), "two": Policy(required=2)}
    terms = terms_for(AgentPolicy(grants="1h", tools=tools), asked)
    assert (terms.same, terms.same_seconds) == (same, seconds)
