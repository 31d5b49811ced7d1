"""The nouns of the ledger: who asked what, who decided, what became of it.

Frozen values; the only way to change one is a compare-and-set in `runtime.requests.ledger`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NewType

from runtime.policy.ladder import Rung
from runtime.policy.terms import Terms
from runtime.store import Document

ThreadId = NewType("ThreadId", str)
RequestId = NewType("RequestId", str)
"""Opaque; what a button carries. Derived from thread and interrupt, so opening a request twice is opening it once."""

Place = dict[str, str]
"""Where a conversation is: `team`, `channel`, and once there is a first message its `ts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, as the surface identifies them; a name is not an identity."""

    team: str
    id: str


HOME: Final = ""
"""Where a request can be asked: in its run's own conversation."""
NOBODY: Final = Person(team="", id="")
"""By whom a decision is that policy took in place of people."""


class ThreadStatus(StrEnum):
    """Where a thread stands between two runs, or that one is under way."""

    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


AT_REST: Final = (ThreadStatus.FINISHED, ThreadStatus.FAILED, ThreadStatus.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One conversation of one agent."""

    id: ThreadId
    agent: str
    """Name under which the graph is registered."""
    prompt: str
    """What the person who started it wrote, as typed."""
    started_by: Person
    place: Place
    status: ThreadStatus
    where: str = ""
    """The place as one string, once the conversation has one: how a reply finds its thread."""
    stopped_by: Person | None = None
    forked_from: "RequestId | None" = None
    """The request that is answered differently here."""
    forked_by: Person | None = None
    created_at: float
    """Seconds since the epoch, as all times here."""
    updated_at: float
    unseen_since: float | None = None
    """Since when nobody has seen to what a person did to it: so that it is found when a process dies just then."""
    over_since: float | None = None
    """Since when it is at rest for good, or was last found not to be: what retention counts from."""
    gone: bool = False
    """Kept long enough: what belongs to it is being deleted, or is deleted."""
    gone_since: float | None = None
    """Since when it was over, once nothing but its audit trail is left."""
    revision: int = 1


class RequestStatus(StrEnum):
    """`open` → `decided` → `delivered`; or out of `open`: `replaced` by newer input, `stopped` with its thread."""

    OPEN = "open"
    DECIDED = "decided"
    DELIVERED = "delivered"
    REPLACED = "replaced"
    STOPPED = "stopped"


class Verdict(StrEnum):
    """What kind of answer a decision is, for words and for the audit; the resume value carries the rest."""

    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value a person changed before approving."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The one answer a request got."""

    action: str
    """Key of the card's action that was taken, for example `approve`."""
    verdict: Verdict
    label: str
    """What the button said: shown when the verdict alone would say less."""
    value: Any
    """What `interrupt()` returns in the graph; anything the codec takes."""
    reason: str | None = None
    changes: tuple[Change, ...] = ()
    said: str = ""
    """Key of the message that held the answer, when it was one: delivered again, it is no new answer."""
    given: Any = None
    """What was typed or filled in, as it was; with the action, what others have to agree to."""
    by: Person
    """`NOBODY` for a decision of the policy's."""
    at: float
    rule: str = ""
    """The condition by which the policy approved it."""
    timed_out: bool = False
    """Nobody answered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """Somebody's consent to a request's proposal."""

    by: Person
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something said because nobody answered."""

    rung: Rung
    to: str = ""
    """Id of a person or of another conversation; empty: the conversation itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Somebody was asked to answer in place of others."""

    to: Person
    by: Person
    note: str = ""
    lets: bool = False
    """Whether they may answer because of it; otherwise they may anyway."""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """Somebody wants to be told, if it is still open then."""

    to: Person
    at: float
    noted: bool = False
    """Whether the trail says that it was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The durable record of one interrupt put before people."""

    id: RequestId
    thread_id: ThreadId
    interrupt_id: str
    turn_id: str = ""
    """The turn whose run asked."""
    attempt: int = 0
    """How many answers to this interrupt did not fit what the graph expects."""
    problem: str | None = None
    """Why the answer before this one did not fit."""
    agent: str
    step: str = ""
    """The node that asks, in the agent's own graph."""
    payload: Any
    """What the graph passed to `interrupt()`."""
    response_schema: dict[str, Any] | None = None
    digest: str
    """Of the payload: what a card showed is what gets decided."""
    asked_for: Person
    """Whose words led to it."""
    channel: str = ""
    """The conversation it is asked in, the first one where there are several; `#name` of one nobody could find."""
    places: tuple[str, ...] = (HOME,)
    """Where its cards are: ids of conversations and people, or `HOME`."""
    closed: tuple[str, ...] = ()
    """Where it should have been asked and could not be, as in `places` or as the policy names it."""
    terms: Terms = field(default_factory=Terms)
    """Who may answer, and how."""
    status: RequestStatus
    decision: Decision | None = None
    proposal: Decision | None = None
    """What those who voted so far agree to."""
    proposed_in: int = 0
    """The revision since which a plain approval stands for this proposal, or for none."""
    votes: tuple[Vote, ...] = ()
    """Of different people, oldest first; with the decision, all who agreed to it."""
    due: tuple[float, ...] = ()
    """When the turn of each step of the terms is, in order."""
    climbed: int = 0
    """How many of these steps were taken."""
    notices: tuple[Notice, ...] = ()
    """What people were told because nobody answered."""
    handed: tuple[Handover, ...] = ()
    """Who was asked to answer, once each, oldest first."""
    reminders: tuple[Reminder, ...] = ()
    """Of different people."""
    forked_to: ThreadId | None = None
    """The run in which it is answered differently."""
    created_at: float
    unseen_since: float | None = None
    """Since when nobody has seen to what a person did with it."""
    unnoted: tuple[Document, ...] = ()
    """What was done with it, as the audit trail is still to say (`runtime.requests.audit.entry_of`)."""
    revision: int = 1

    @property
    def deadline(self) -> float | None:
        """Until when people can answer."""
        last = self.terms.steps[-1:]
        return self.due[-1] if last and last[0].rung is Rung.DECIDE else None


class TurnStatus(StrEnum):
    """`queued` → `taken` by a run → `ended` with words for the people, or `stopped` → `told`.

    A failed one may be `taken` again.
    """

    QUEUED = "queued"
    TAKEN = "taken"
    ENDED = "ended"
    STOPPED = "stopped"
    TOLD = "told"
    """Everything people see of it is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something a person said to a thread: its first prompt, or a later message.

    One run each, in the order in which they were said, as far as they have arrived when the next one is taken.
    """

    id: str
    """Derived from the surface's own id of the message, so that a redelivery is the same turn."""
    thread_id: ThreadId
    text: str
    by: Person
    place: Place
    """Where it was said, for marking it."""
    status: TurnStatus = TurnStatus.QUEUED
    outcome: str | None = None
    """What the agent said at the end, or what went wrong."""
    failed: bool = False
    attempt: int = 0
    """How often it was tried again after it had failed."""
    failures: tuple[str, ...] = ()
    """What went wrong each time before."""
    origin: str = ""
    """The turn that this one is a copy of: what the checkpoints up to there are marked with."""
    reopens: str = ""
    """Id of the interrupt that is open again in the copy."""
    said_at: float = 0.0
    """When it was said, by the surface's clock; 0 for what the thread began with."""
    taken_at: float | None = None
    """When it was first taken."""
    created_at: float
    """When it arrived."""
    unseen_since: float | None = None
    """Since when nobody has seen it in the queue."""
    unnoted: tuple[Document, ...] = ()
    """As of a request."""
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message of ours that people see: posted once, then kept up to date."""

    key: str
    """What it shows, for example `request:<id>`; never two messages for one key."""
    thread_id: ThreadId
    place: Place | None = None
    """Where it is; None while it is intended and nobody knows yet whether it got there."""
    digest: str = ""
    """Of what it shows."""
    created_at: float
    revision: int = 1


def where_of(place: Place) -> str:
    """Write a conversation's place as one string; empty while it has none."""
    return "/".join((place["team"], place["channel"], place["ts"])) if place.get("ts") else ""
