"""What a policy says, as people write it: who may answer an agent's questions, where, by when, and what else happens.

An agent has a policy, and may have another for each of its tools: what that leaves out, the agent's says.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runtime.policy.conditions import parse
from runtime.policy.ladder import Rung
from runtime.policy.names import (
    CHANNEL,
    DIRECTLY,
    HERE,
    REQUESTER,
    is_approver,
    is_channel_name,
    is_conversation,
    is_user,
)
from runtime.policy.times import business_hours, seconds_of


def _approvers(given: tuple[str, ...]) -> tuple[str, ...]:
    if not given:
        raise ValueError("nobody could answer; leave it out to let everybody in the conversation answer")
    if wrong := [one for one in given if not is_approver(one)]:
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
        if named and all(map(is_user, named)) and len(named) < self.required:
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
