"""Who may do what: checks that give a reason when the answer is no, made at every click and at every submit."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress
from typing import Final

from runtime.policy.audience import Audience
from runtime.policy.directory import Account, Directory, LookupFailedError
from runtime.policy.terms import Terms
from runtime.requests.records import Person, Request, RequestStatus, Thread


class Reason(StrEnum):
    """Why somebody's attempt changed nothing."""

    UNKNOWN = "unknown"
    """There is no such request or thread, or it belongs to another team: the two look the same from outside."""
    NOT_AN_APPROVER = "not_an_approver"
    OWN_REQUEST = "own_request"
    """Whoever asked may not answer."""
    GUEST = "guest"
    STRANGER = "stranger"
    """Of another organisation."""
    DEACTIVATED = "deactivated"
    BOT = "bot"
    NOT_CHECKED = "not_checked"
    """Nobody could be asked who they are, or who belongs to a group: in doubt nobody decides."""
    DECIDED = "decided"
    """Somebody was first."""
    EXPIRED = "expired"
    """Its deadline has passed, whether or not that was carried out yet."""
    REPLACED = "replaced"
    STOPPED = "stopped"
    CHANGED = "changed"
    """What was shown is not what would be decided."""
    NOT_YOURS = "not_yours"
    """Only the person who started a run, or one of its approvers, may stop it or try it again."""
    MOVED_ON = "moved_on"
    """What failed was tried again already, or something newer took its place."""
    VOTED = "voted"
    """They agreed already; others have to."""
    NOT_VOTED = "not_voted"
    """There is no vote of theirs to take back."""
    INVALID = "invalid"
    """What was given does not fit; whoever gave it was told what does not."""
    NEEDS_BUTTONS = "needs_buttons"
    """A message cannot decide this."""
    SEVERAL_OPEN = "several_open"
    """A message could mean any of several questions."""
    NOT_THEM = "not_them"
    """Whoever they want to ask could not answer; the refusal's `what` is the reason."""
    CANNOT_LET = "cannot_let"
    """Whoever they want to ask may not answer, and they cannot let them."""
    CANNOT_FORK = "cannot_fork"
    """This kind of agent cannot go back to a question."""
    UNDECIDED = "undecided"
    """Nobody has answered yet, so there is nothing to answer differently."""
    GONE = "gone"
    """It was kept long enough, and is deleted."""
    OVER = "over"
    """The run has ended already."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was changed, and why. Carries what is needed to say so in words."""

    reason: Reason
    request: Request | None = None
    thread: Thread | None = None
    ask: tuple[str, ...] = ()
    """Ids of those who may instead."""
    what: str = ""
    """What could not be looked up, as the surface shows it; empty when it simply took too long."""


CHECK_SECONDS: Final = 2.0
"""For looking people up: whoever clicked is to be answered within three."""
_SETTLED = {
    RequestStatus.DECIDED: Reason.DECIDED,
    RequestStatus.DELIVERED: Reason.DECIDED,
    RequestStatus.REPLACED: Reason.REPLACED,
    RequestStatus.STOPPED: Reason.STOPPED,
}


def is_pending(request: Request | None, by: Person, now: float) -> Refusal | None:
    """Check that there is something to answer, for this person's team, and still time for it."""
    if request is None or request.asked_for.team != by.team:
        return Refusal(Reason.UNKNOWN)
    if request.status in _SETTLED:
        return Refusal(_SETTLED[request.status], request)
    expired = request.deadline is not None and request.deadline <= now
    return Refusal(Reason.EXPIRED, request) if expired else None


async def may_answer(request: Request | None, by: Person, directory: Directory, now: float) -> Refusal | None:
    """Check an answer: known, still pending, by somebody who may."""
    settled = is_pending(request, by, now)
    if settled is not None or request is None:
        return settled
    return await may_decide(request, by, directory)


async def may_decide(request: Request, by: Person, directory: Directory) -> Refusal | None:
    """Check who it is, and nothing else."""
    audience = Audience(directory=directory, terms=request.terms, requester=request.asked_for, channel=request.channel)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await _among(request, by, audience)
    except LookupFailedError as failure:
        return Refusal(Reason.NOT_CHECKED, request, what=failure.what)
    except TimeoutError:
        return Refusal(Reason.NOT_CHECKED, request)


async def _among(request: Request, by: Person, audience: Audience) -> Refusal | None:
    if request.terms.audiences:
        looking = audience.directory.account(by), _admitted(request, by, audience)
        account, admitted = await asyncio.gather(*looking)
    else:  # there is but one thing to look up
        account, admitted = await audience.directory.account(by), await _admitted(request, by, audience)
    if barred := _barred(account, request.terms):
        return Refusal(barred, request)
    if not admitted:
        return Refusal(Reason.NOT_AN_APPROVER, request, ask=tuple(await audience.people()))
    if request.terms.no_self_approval and by == request.asked_for:
        return Refusal(Reason.OWN_REQUEST, request, ask=tuple(await audience.people()))
    return None


async def _admitted(request: Request, by: Person, audience: Audience) -> bool:
    return any(one.lets and one.to == by for one in request.handed) or await audience.admits(by)


async def askable(people: Iterable[str], request: Request, directory: Directory) -> list[str]:
    """Those whom it makes sense to ask: no guests and nobody of elsewhere, who may not answer. In doubt they are asked.

    Who cannot be written to is left to the surface, which says so.
    """

    async def may(user: str) -> bool:
        try:
            account = await directory.account(Person(team=request.asked_for.team, id=user))
        except LookupFailedError:
            return True
        return _barred(account, request.terms) not in {Reason.GUEST, Reason.STRANGER}

    asked = list(people)
    return list(compress(asked, await asyncio.gather(*map(may, asked))))


def _barred(account: Account, terms: Terms) -> Reason | None:
    """Why an account may not answer, whoever it belongs to."""
    if account.bot:
        return Reason.BOT
    if account.deactivated:
        return Reason.DEACTIVATED
    if account.stranger:
        return Reason.STRANGER
    return Reason.GUEST if account.guest and not terms.allow_guests else None


async def may_steer(thread: Thread | None, terms: Terms, by: Person, directory: Directory) -> Refusal | None:
    """Check a stop or another try: whoever started the run, or may answer for the agent."""
    if thread is None or thread.started_by.team != by.team:
        return Refusal(Reason.UNKNOWN)
    if by == thread.started_by:
        return None
    audience = Audience(directory=directory, terms=terms, requester=thread.started_by, channel=thread.place["channel"])
    try:
        barred = _barred(await directory.account(by), terms)
        return None if not barred and await audience.admits(by) else Refusal(Reason.NOT_YOURS, thread=thread)
    except LookupFailedError as failure:
        return Refusal(Reason.NOT_CHECKED, thread=thread, what=failure.what)
