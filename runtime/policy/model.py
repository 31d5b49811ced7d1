"""What a policy says, as people write it (`Policy`), and what holds for one request (`Terms`).

An agent has a policy, and may have another for each of its tools: what that leaves out, the agent's says. A payload
can ask for less than they allow, never for more.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runtime.policy.conditions import holds, parse
from runtime.policy.ladder import Rung, Step, ladder
from runtime.policy.times import business_hours, seconds_of

CHANNEL: Final = "channel"
"""Approver: whoever is a member of the conversation the question is asked in."""
REQUESTER: Final = "requester"
"""Approver: whoever started the run."""
HERE: Final = "here"
"""Where to ask: in the run's own conversation."""
DIRECTLY: Final = "dm"
"""Where to ask: each of those who may answer, in a direct message."""

_USER = re.compile(r"[UW][A-Z0-9]+")
_CONVERSATION = re.compile(r"[CG][A-Z0-9]+")
_CHANNEL_NAME = re.compile(r"#[^\s#@<>,.:;!?]{1,80}")
_GROUP = re.compile(r"S[A-Z0-9]+|@[^\s@]+")


def is_group(approver: str) -> bool:
    """Whether it names a user group, by id or handle."""
    return bool(_GROUP.fullmatch(approver))


def is_conversation(approver: str) -> bool:
    """Whether it names the members of a conversation, by its id."""
    return bool(_CONVERSATION.fullmatch(approver))


def is_channel_name(place: str) -> bool:
    """Whether it names a channel by `#name`."""
    return bool(_CHANNEL_NAME.fullmatch(place))


def _is_known(approver: str) -> bool:
    kinds = (_USER.fullmatch, is_group, is_conversation)
    return approver in {CHANNEL, REQUESTER} or any(kind(approver) for kind in kinds)


def _approvers(given: tuple[str, ...]) -> tuple[str, ...]:
    if not given:
        raise ValueError("nobody could answer; leave it out to let everybody in the conversation answer")
    if wrong := [one for one in given if not _is_known(one)]:
        raise ValueError(
            f"nobody is called {', '.join(map(repr, wrong))}; name members (U024BE7LH), user groups (S0614TZR7 or "
            f'@finance), channels (C061EG9T2), "{CHANNEL}" or "{REQUESTER}"'
        )
    return given


Approvers = Annotated[tuple[str, ...], AfterValidator(_approvers), Field(strict=False)]
"""Member ids, user groups as ids or `@handle`, channels as ids, `channel`, `requester`."""


def _ask_in(given: str) -> str:
    if given in {HERE, DIRECTLY} or is_channel_name(given) or is_conversation(given):
        return given
    raise ValueError(
        f'{given!r} is no place to ask in; give a channel ("#finance", C061EG9T2), "{DIRECTLY}" or "{HERE}"'
    )


AskIn = Annotated[str, AfterValidator(_ask_in)]
"""A channel as `#name` or id, `dm`, `here`."""


def _conditions(given: tuple[str, ...]) -> tuple[str, ...]:
    for condition in given:
        parse(condition)
    return given


Conditions = Annotated[tuple[str, ...], AfterValidator(_conditions), Field(strict=False)]
"""See `runtime.policy.conditions`."""


def _length(text: str) -> str:
    seconds_of(text)
    return text


def _hours(text: str) -> str:
    business_hours(text)
    return text


Length = Annotated[str, AfterValidator(_length)]
"""`30m`, `4h`, `2d`, `1h 30m`."""
Hours = Annotated[str, AfterValidator(_hours)]


class Policy(BaseModel):
    """Who may answer, and how. Frozen."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    approvers: Approvers = Field(default=(), validate_default=False)
    """Who may answer; empty: everybody of the asker's team."""
    no_self_approval: bool = False
    """Whoever started the run may not answer its questions."""
    auto_approve: Conditions = ()
    """Conditions on the arguments; what any of them holds for is approved without asking anybody."""
    required: int = Field(default=1, ge=1, le=20)
    """How many people have to agree on the same answer; one rejection is always enough."""
    reject_reasons: tuple[str, ...] = Field(default=(), strict=False)
    """Reasons to choose from for whoever rejects; their own words are possible too."""
    reason_required: bool = False
    """Whoever rejects has to say why."""
    allow_guests: bool = False
    """Guests may answer as members do. Nobody of another organisation ever may, nor a bot."""
    ask_in: AskIn = HERE
    """Where its questions are asked. A payload cannot change that."""
    may_hand_over: bool = True
    """Those who may answer may let somebody else of the team answer one question."""
    grants: Length | None = None
    """How long "Approve the same for this run" holds for calls of the same tools; None: that is not offered."""
    deadline: Length | None = None
    """How long people have to answer; then `on_timeout` decides."""
    on_timeout: Literal["reject", "approve"] = "reject"
    """What happens when nobody has answered."""
    remind: Length | None = None
    """After how long the conversation is reminded; half of the deadline where there is one."""
    direct_message: Length | None = None
    """After how long those who may answer are told directly; three quarters of the deadline where there is one."""
    escalate: Length | None = None
    """After how long those of `escalate_to` may answer too; seven eighths of the deadline where there is one."""
    escalate_to: Approvers = Field(default=(), validate_default=False)
    """Who may answer in the end, as `approvers`."""
    business_hours: Hours | None = None
    """When these clocks run: `Mon-Fri 09:00-17:30 Europe/Berlin`; always, where there are none."""

    @model_validator(mode="after")
    def _the_ladder_stands(self) -> Self:
        late = [
            rung for rung, after in self.given_steps.items() if self.deadline and after >= seconds_of(self.deadline)
        ]
        if late:
            raise ValueError(f"{', '.join(late)} must come before the deadline of {self.deadline}")
        if self.escalate and not self.escalate_to:
            raise ValueError("escalate needs escalate_to: who may answer then")
        if self.escalate_to and not (self.escalate or self.deadline):
            raise ValueError("escalate_to needs escalate or deadline: after how long")
        return self

    @property
    def given_steps(self) -> dict[Rung, float]:
        """The steps before the deadline that somebody set, in seconds."""
        lengths = {Rung.REMIND: self.remind, Rung.MESSAGE: self.direct_message, Rung.ESCALATE: self.escalate}
        return {rung: seconds_of(length) for rung, length in lengths.items() if length}

    @model_validator(mode="after")
    def _somebody_can_answer(self) -> Self:
        if self.no_self_approval and set(self.approvers) == {REQUESTER}:
            raise ValueError("nobody could answer: only the requester may, and no_self_approval forbids just that")
        named = set(self.approvers)
        if named and all(map(_USER.fullmatch, named)) and len(named) < self.required:
            raise ValueError(f"{self.required} people have to agree, but approvers names only {len(named)}")
        return self


class AgentPolicy(Policy):
    """An agent's policy, with those of its tools."""

    tools: dict[str, Policy] = Field(default_factory=dict)
    """By the tool's name; what a tool's policy leaves out, the agent's says."""

    def of(self, tool: str | None) -> Policy:
        """The policy for a tool's calls, or for whatever else the agent asks."""
        mine = {name: getattr(self, name) for name in Policy.model_fields}
        given = self.tools.get(tool or "")
        return Policy.model_construct(
            **mine | ({name: getattr(given, name) for name in given.model_fields_set} if given else {})
        )


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
    if len(distinct) < 2 or not all(_USER.fullmatch(one) for one in distinct[0]):
        return distinct
    if any(_is_known(one) and not _USER.fullmatch(one) for audience in distinct[1:] for one in audience):
        return distinct
    both = tuple(one for one in distinct[-1] if all(one in audience for audience in distinct))
    return (both if len(both) >= required else distinct[0],)
