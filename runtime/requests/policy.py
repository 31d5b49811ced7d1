"""Who may do what: pure checks that give a reason when the answer is no, made at every click and at every submit."""

from dataclasses import dataclass
from enum import StrEnum

from runtime.requests.agents import Agent
from runtime.requests.records import Person, Request, RequestStatus, Thread


class Reason(StrEnum):
    """Why somebody's attempt changed nothing."""

    UNKNOWN = "unknown"
    """There is no such request or thread, or it belongs to another team: the two look the same from outside."""
    NOT_AN_APPROVER = "not_an_approver"
    DECIDED = "decided"
    """Somebody was first."""
    REPLACED = "replaced"
    STOPPED = "stopped"
    CHANGED = "changed"
    """What was shown is not what would be decided."""
    NOT_YOURS = "not_yours"
    """Only the person who started a run, or one of its approvers, may stop it or try it again."""
    MOVED_ON = "moved_on"
    """What failed was tried again already, or something newer took its place."""
    OVER = "over"
    """The run has ended already."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was changed, and why. Carries what is needed to say so in words."""

    reason: Reason
    request: Request | None = None
    thread: Thread | None = None


_SETTLED = {
    RequestStatus.DECIDED: Reason.DECIDED,
    RequestStatus.DELIVERED: Reason.DECIDED,
    RequestStatus.REPLACED: Reason.REPLACED,
    RequestStatus.STOPPED: Reason.STOPPED,
}


def may_answer(request: Request | None, by: Person) -> Refusal | None:
    """Check an answer: known, still pending, allowed."""
    if request is None or request.asked_for.team != by.team:
        return Refusal(Reason.UNKNOWN)
    if request.status in _SETTLED:
        return Refusal(_SETTLED[request.status], request)
    if request.approvers and by.id not in request.approvers:
        return Refusal(Reason.NOT_AN_APPROVER, request)
    return None


def may_steer(thread: Thread | None, agent: Agent | None, by: Person) -> Refusal | None:
    """Check a stop or another try: whoever started the run, or may answer for the agent."""
    if thread is None or thread.started_by.team != by.team:
        return Refusal(Reason.UNKNOWN)
    approvers = agent.approvers if agent else ()
    if by != thread.started_by and approvers and by.id not in approvers:
        return Refusal(Reason.NOT_YOURS, thread=thread)
    return None
