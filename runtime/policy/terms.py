"""What holds for one request (`Terms`): the strictest of the policies of what it asks, narrowed by what it says itself.

A payload can ask for less than they allow, never for more.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from runtime.policy.conditions import holds
from runtime.policy.ladder import Step, ladder
from runtime.policy.model import AgentPolicy, Policy
from runtime.policy.names import HERE, is_approver, is_conversation, is_user
from runtime.policy.times import seconds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What would be done: a tool with its arguments, or fields that belong to no tool."""

    tool: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a payload says that matters to policy. Everything in it narrows."""

    calls: tuple[Call, ...] = (Call(),)
    approvers: tuple[str, ...] = ()
    """Unchecked, so that a mistake lets nobody in rather than everybody."""
    no_self_approval: bool = False
    required: int = 1
    destructive: bool = False
    deadline: str | None = None

    @property
    def demanding(self) -> bool:
        """Whether it asks for people, whatever the policy approves by itself."""
        return bool(self.approvers) or self.no_self_approval or self.required > 1 or self.destructive


class Terms(BaseModel):
    """What holds for one request; stored with it, so that a changed policy changes nothing that is asked already."""

    model_config = ConfigDict(frozen=True)

    audiences: tuple[tuple[str, ...], ...] = ()
    """Somebody who may answer is in every one of these; none: everybody of the asker's team. The first is the agent's
    own: where the others leave too few, it holds alone."""
    no_self_approval: bool = False
    required: int = 1
    reject_reasons: tuple[str, ...] = ()
    reason_required: bool = False
    allow_guests: bool = False
    may_hand_over: bool = True
    """Those who may answer may let somebody else answer."""
    ask_in: tuple[str, ...] = ()
    """Where it is to be asked, as policies write it; none: in the run's own conversation."""
    rule: str = ""
    """The conditions that approved it without asking anybody."""
    same: str = ""
    """The tools whose further calls somebody can approve along with this one; empty: nobody can."""
    same_seconds: float = 0.0
    """For how long."""
    steps: tuple[Step, ...] = ()
    """What happens while nobody answers."""
    on_timeout: Literal["reject", "approve"] = "reject"
    escalate_to: tuple[str, ...] = ()
    business_hours: str = ""

    def escalation(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Those who may answer in the end: the conversations among them, and the others."""
        conversations = tuple(one for one in self.escalate_to if is_conversation(one))
        return conversations, tuple(one for one in self.escalate_to if one not in conversations)

    def escalated(self) -> "Terms":
        """The same, with those who may answer too in the end."""
        return self.model_copy(update={"audiences": tuple((*one, *self.escalate_to) for one in self.audiences)})


def terms_of(policy: Policy) -> Terms:
    """The terms of a question that says nothing about them."""
    return terms_for(
        AgentPolicy.model_construct(**{name: getattr(policy, name) for name in Policy.model_fields}), Asked()
    )


def terms_for(policy: AgentPolicy, asked: Asked) -> Terms:
    """The terms of a question: the strictest of its calls' policies, narrowed by what the payload says."""
    policies = [policy.of(call.tool) for call in asked.calls]
    audiences = [one.approvers for one in policies if one.approvers]
    if asked.approvers:
        audiences.append(asked.approvers)
    required = max(asked.required, *(one.required for one in policies))
    return Terms(
        audiences=narrowed(audiences, required),
        required=required,
        no_self_approval=asked.no_self_approval or any(one.no_self_approval for one in policies),
        reject_reasons=tuple(dict.fromkeys(reason for one in policies for reason in one.reject_reasons)),
        reason_required=any(one.reason_required for one in policies),
        allow_guests=all(one.allow_guests for one in policies),
        may_hand_over=all(one.may_hand_over for one in policies),
        ask_in=_places(policies),
        **({} if asked.demanding or required > 1 else _same(policies, asked.calls)),
        **_silence(policies, asked.deadline),
        rule="" if asked.demanding else _rule(policies, asked.calls),
    )


def _places(policies: Sequence[Policy]) -> tuple[str, ...]:
    """Every place that one of them asks in."""
    places = tuple(dict.fromkeys(policy.ask_in for policy in policies))
    return places if places != (HERE,) else ()


def _same(policies: Sequence[Policy], calls: Sequence[Call]) -> dict[str, Any]:
    """What can be approved for the rest of the run: only what has a name, and where all policies offer it."""
    lengths = [seconds_of(policy.grants) for policy in policies if policy.grants]
    tools = sorted({call.tool for call in calls if call.tool})
    if len(lengths) < len(policies) or not all(call.tool for call in calls):
        return {}
    return {"same": ", ".join(tools), "same_seconds": min(lengths)}


def _silence(policies: Sequence[Policy], asked: str | None) -> dict[str, Any]:
    """What happens while nobody answers: by the policy with the shortest deadline, which the payload can shorten."""
    deadlines = [seconds_of(one.deadline) if one.deadline else math.inf for one in policies]
    shortest = min(deadlines)
    policy = policies[deadlines.index(shortest)]
    deadline = min(shortest, seconds_of(asked) if asked else math.inf)
    until = deadline if deadline < math.inf else None
    return {
        "steps": ladder(policy.given_steps, deadline=until, escalates=bool(policy.escalate_to)),
        "on_timeout": "approve" if all(one.on_timeout == "approve" for one in policies) else "reject",
        "escalate_to": policy.escalate_to,
        "business_hours": policy.business_hours or "",
    }


def _rule(policies: Sequence[Policy], calls: Sequence[Call]) -> str:
    """The conditions by which all of these calls are approved; empty when one of them is not."""
    pairs = zip(policies, calls, strict=True)
    found = [next((one for one in policy.auto_approve if holds(one, call.args)), "") for policy, call in pairs]
    return "; ".join(dict.fromkeys(found)) if all(found) else ""


def narrowed(audiences: Iterable[tuple[str, ...]], required: int) -> tuple[tuple[str, ...], ...]:
    """The same audiences, in one where nobody has to be looked up for that."""
    distinct = tuple(dict.fromkeys(audiences))
    if len(distinct) < 2 or not all(is_user(one) for one in distinct[0]):
        return distinct
    if any(is_approver(one) and not is_user(one) for audience in distinct[1:] for one in audience):
        return distinct
    both = tuple(one for one in distinct[-1] if all(one in audience for audience in distinct))
    return (both if len(both) >= required else distinct[0],)
