"""Typed questions: what an agent passes to `interrupt()` when it wants more than a plain dict says.

    decision = interrupt(Approval(title="Send a refund of $250?", args={"amount": 250.0}))
    if decision.approved:
        refund(**decision.args)

Each payload is a pydantic model, so it is stored and shown like any other. The surface answers with plain JSON, and
`interrupt()` hands the node what the payload's `receive` makes of it: always a `Decision`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from runtime.codec.process import CODEC
from runtime.named_types import schema_of as schema_of  # noqa: PLC0414 - for `args_schema`, from here
from runtime.policy.times import seconds_of

Reason = Annotated[str, Field(min_length=1, max_length=75, pattern=r"\S")]
Title = Annotated[str, Field(min_length=1, max_length=3000)]


class Decision(BaseModel):
    """What a person decided about a typed question."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)

    approved: bool
    """False for a rejection and when nobody answered; true for every other answer."""
    action: str
    """`approve`, `edit`, `reject`, `answer`, or the chosen option's value."""
    args: dict[str, Any] = Field(default_factory=dict)
    """An approval's arguments or a form's fields, as the person left them."""
    value: Any = None
    """A question's text, a choice's value, a form's validated model."""
    reason: str | None = None
    """The rejection's reason or the note to the agent."""
    by: str | None = None
    """Id of the person on the surface."""
    at: datetime | None = None
    timed_out: bool = False


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title
    """What will happen, with scope: "Send a refund of $250 to cus_42?", never "Proceed?"."""
    description: str | None = None
    """Why the agent asks."""
    approvers: list[str] = Field(default_factory=list)
    """Those who may answer (ids of people and user groups, `@handle`, `channel`, `requester`), narrowing what the
    agent's own policy allows; empty: no narrowing."""
    no_self_approval: bool = False
    """Whoever asked may not answer."""
    required: int = Field(default=1, ge=1, le=20)
    """How many people have to agree, where that is more than the agent's own policy demands."""

    deadline: str | None = None
    """How long people have to answer (`30m`, `4h`, `2d`), where that is shorter than the agent's own policy says. Then
    the decision is `timed_out`."""

    @field_validator("deadline")
    @classmethod
    def _is_length(cls, deadline: str | None) -> str | None:
        if deadline is not None:
            seconds_of(deadline)
        return deadline

    def receive(self, answer: Any) -> Decision:
        """Turn the surface's answer into what the node gets. Raises `pydantic.ValidationError`."""
        return Decision.model_validate(answer)


class Approval(_Payload):
    """Approve, edit or reject an action with these arguments."""

    kind: Literal["approval"] = "approval"
    tool: str | None = None
    """Whose policy holds, where the agent has one for its tools."""
    args: dict[str, Any] = Field(default_factory=dict)
    args_schema: dict[str, Any] | None = None
    """JSON Schema of `args`, for typed inputs and limits; guessed from the values when absent. Of `schema_of(Model)`,
    the model's own validators are asked too when somebody edits."""
    approve_label: str = "Approve"
    """The action's verb: "Send refund"."""
    allow_edit: bool = True
    destructive: bool = False
    """Approve is red and asks once more."""
    reject_reasons: list[Reason] = Field(default_factory=list, max_length=10)
    """Reasons to choose from when somebody rejects, beside their own words."""
    reason_required: bool = False
    """Whether a rejection has to say why."""


class Question(_Payload):
    """Ask for a text."""

    kind: Literal["question"] = "question"
    multiline: bool = False
    placeholder: str | None = None


class Option(BaseModel):
    """One answer to choose."""

    model_config = ConfigDict(extra="forbid")

    value: str
    label: str
    description: str | None = None


class Choice(_Payload):
    """Choose one of a few options; `decision.value` is the option's value."""

    kind: Literal["choice"] = "choice"
    options: list[Option] = Field(min_length=1, max_length=100)


class Form(_Payload):
    """Fill in a form: `Form.of(Trip, title="Where to?")`; `decision.value` is a validated `Trip`."""

    kind: Literal["form"] = "form"
    json_schema: dict[str, Any]
    initial: dict[str, Any] = Field(default_factory=dict)
    """Values to start from."""
    submit_label: str = "Submit"
    _model: type[BaseModel] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, model: type[BaseModel], **fields: Any) -> "Form":
        """Ask for an instance of `model`."""
        form = cls(json_schema=schema_of(model), **fields)
        form._model = model
        return form

    def storable(self) -> "Form":
        """Return the form without the model class, which lives in the program and not in the store."""
        return Form.model_validate(self.model_dump())

    def refilled(self, answer: Any) -> "Form":
        """Return the same form, starting from an answer that did not fit."""
        given = answer.get("args") if isinstance(answer, dict) else None
        return self.model_copy(update={"initial": {**self.initial, **given}}) if isinstance(given, dict) else self

    def receive(self, answer: Any) -> Decision:
        """Validate the fields with the model, when there is one and the form was not declined."""
        decision = super().receive(answer)
        if self._model is None or not decision.approved:
            return decision
        return decision.model_copy(update={"value": self._model.model_validate(decision.args)})


PAYLOADS: tuple[type[_Payload], ...] = (Approval, Question, Choice, Form)
CODEC.register(Decision, *PAYLOADS)
