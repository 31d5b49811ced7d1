"""What of a payload matters to policy: which tools would be called with what, and who alone may answer."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from handlers.cards.declared import APPROVERS
from handlers.cards.schemas import too_deep
from runtime.hitl import PAYLOADS, Approval
from runtime.policy.terms import Asked, Call


class _Action(BaseModel):
    """A call as Agent Inbox (`action`) and LangChain's middleware (`name`; `arguments` of old) write it."""

    model_config = ConfigDict(extra="ignore")

    action: str | None = None
    name: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)
    arguments: dict[str, Any] = Field(default_factory=dict)

    def call(self) -> Call:
        return Call(tool=self.action or self.name, args=self.args or self.arguments)


class _Interrupt(BaseModel):
    action_request: _Action


_INTERRUPTS = TypeAdapter(list[_Interrupt])
_ACTIONS = TypeAdapter(list[_Action])


def asked(payload: Any) -> Asked:
    """Read a payload of any shape. Never raises."""
    match payload:
        case Approval():
            calls: tuple[Call, ...] = (Call(tool=payload.tool, args=payload.args),)
        case list() if payload:
            calls = _calls(_INTERRUPTS, payload) or (Call(),)
        case {"action_requests": [*requests]} if requests:
            calls = _calls(_ACTIONS, requests) or (Call(),)
        case {"type": "tool_approval"}:
            calls = _calls(_ACTIONS, [payload]) or (Call(),)
        case dict() if not too_deep(payload):
            calls = (Call(args={key: value for key, value in payload.items() if key != APPROVERS}),)
        case _:
            calls = (Call(),)
    if isinstance(payload, PAYLOADS):
        return Asked(
            calls=calls,
            destructive=isinstance(payload, Approval) and payload.destructive,
            approvers=tuple(payload.approvers),
            no_self_approval=payload.no_self_approval,
            required=payload.required,
            deadline=payload.deadline,
        )
    return Asked(calls=calls, approvers=_declared(payload))


def _calls(adapter: TypeAdapter[Any], payload: list[Any]) -> tuple[Call, ...]:
    try:
        found = adapter.validate_python(payload)
    except (ValidationError, RecursionError):
        return ()
    return tuple((one.action_request if isinstance(one, _Interrupt) else one).call() for one in found)


def _declared(payload: object) -> tuple[str, ...]:
    """Who may answer a dict: whom it names under `approvers`."""
    if not isinstance(payload, dict):
        return ()
    match payload.get(APPROVERS):
        case None:
            return ()
        case list() | tuple() as given:
            return tuple(str(item) for item in given)
        case other:
            return (str(other),)
