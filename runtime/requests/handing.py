"""An open question passed on: somebody is asked to answer it in place of others, or oneself later."""

from dataclasses import replace

from runtime.policy.directory import Directory
from runtime.requests.policy import Reason, Refusal, may_decide
from runtime.requests.records import Handover, Person, Reminder, Request


async def may_hand_over(request: Request, by: Person, to: Person, directory: Directory) -> bool | Refusal:
    """Check who asks whom. Whoever may answer can ask, and whoever started the run.

    True where `to` may answer only because `by` lets them: the policy has to name `by`, and to allow it. Nobody can be
    let who is barred for what they are, or for having asked.
    """
    mine = await may_decide(request, by, directory)
    if mine is not None and by != request.asked_for:
        return mine
    theirs = await may_decide(request, to, directory)
    if theirs is None:
        return False
    if theirs.reason is not Reason.NOT_AN_APPROVER:
        return Refusal(Reason.NOT_THEM, request, what=theirs.reason)
    named = await may_decide(replace(request, handed=()), by, directory) is None
    barred = request.terms.no_self_approval and to == request.asked_for
    if barred:
        return Refusal(Reason.NOT_THEM, request, what=Reason.OWN_REQUEST)
    return True if named and request.terms.may_hand_over else Refusal(Reason.CANNOT_LET, request)


def handed(request: Request, handover: Handover) -> Request:
    """Return a request with another handover, and a card for whom it is handed to."""
    before = [one for one in request.handed if one.to == handover.to]
    others = [one for one in request.handed if one.to != handover.to]
    lets = handover.lets or any(one.lets for one in before)
    places = tuple(dict.fromkeys((*request.places, handover.to.id)))
    return replace(request, handed=(*others, replace(handover, lets=lets)), places=places)


def reminded(request: Request, by: Person, at: float, now: float) -> Request:
    """Return a request that reminds somebody once more; the same where they are to be reminded already."""
    if any(one.to == by and one.at > now for one in request.reminders):
        return request
    return replace(request, reminders=(*(one for one in request.reminders if one.to != by), Reminder(to=by, at=at)))
