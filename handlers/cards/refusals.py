"""Why a click counts for nothing, in mrkdwn for the one who clicked; and the view that says so in place of a form."""

from collections.abc import Mapping
from typing import Any

from handlers.cards import ids, words
from handlers.cards.approvers import approvers, vote_count
from handlers.cards.literal import plain_text
from handlers.cards.text import date_token, mention
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import NOBODY, Decision, Request, RequestStatus, Thread


def _plain() -> Mapping[Reason, str]:
    """What needs no more than a sentence."""
    return {
        Reason.GUEST: words.GUEST,
        Reason.STRANGER: words.STRANGER,
        Reason.DEACTIVATED: words.DEACTIVATED,
        Reason.BOT: words.BOT,
        Reason.CHANGED: words.REDRAWN,
        Reason.NOT_VOTED: words.NOT_VOTED,
        Reason.NOT_YOURS: words.NOT_YOURS,
        Reason.CANNOT_FORK: words.CANNOT_FORK,
        Reason.CANNOT_LET: words.CANNOT_LET,
        Reason.UNDECIDED: words.NOTHING_DECIDED_YET,
        Reason.NEEDS_BUTTONS: words.ANSWER_WITH_BUTTONS,
        Reason.SEVERAL_OPEN: words.WHICH_ONE,
        Reason.OVER: words.ALREADY_OVER,
        Reason.GONE: words.GONE,
        Reason.MOVED_ON: words.MOVED_ON,
    }


def words_of(refusal: Refusal, thread: Thread | None) -> str:
    """Why nothing happened. `thread`: the request's, if there is one."""
    request = refusal.request
    match refusal.reason:
        case Reason.EXPIRED if request is not None and request.deadline is not None:
            return words.expired(date_token(request.deadline))
        case Reason.VOTED if request is not None:
            return f"{words.VOTED_ALREADY} {vote_count(request)}."
        case Reason.NOT_CHECKED:
            return words.not_checked(refusal.what)
        case Reason.NOT_THEM:
            return words.not_them(refusal.what)
        case Reason.NOT_AN_APPROVER if request is not None:
            return not_among(refusal, request)
        case Reason.OWN_REQUEST if request is not None:
            return own_request(refusal, request)
        case Reason.DECIDED | Reason.REPLACED | Reason.STOPPED if request is not None and thread is not None:
            return settled(request, thread)
        case reason:
            return _plain().get(reason, words.UNKNOWN_REQUEST)


def settled(request: Request, thread: Thread) -> str:
    """For a request that is not open any more: who ended it, and when."""
    if request.decision is not None:
        return already(request.decision)
    if request.status is RequestStatus.REPLACED:
        return words.REPLACED
    return words.nothing_left(words.stopped(mention(thread.stopped_by) if thread.stopped_by else None))


def already(decision: Decision) -> str:
    """For whoever came second."""
    if decision.by == NOBODY:
        return words.already_by_policy(date_token(decision.at))
    return words.already(mention(decision.by), decision.verdict, date_token(decision.at))


def not_among(refusal: Refusal, request: Request) -> str:
    """For somebody who is none of those who may answer: who is."""
    return f"{words.only_they_may_answer(approvers(request.terms))} {_ask_instead(refusal, request)}{words.UNDECIDED}"


def own_request(refusal: Refusal, request: Request) -> str:
    """For whoever asked, where somebody else has to answer."""
    return f"{words.OWN_REQUEST} {_ask_instead(refusal, request)}{words.UNDECIDED}"


def _ask_instead(refusal: Refusal, request: Request) -> str:
    """Name a few who may, unless they have just been named."""
    if all(person in names for names in request.terms.audiences for person in refusal.ask):
        return ""
    return f"{words.you_can_ask([mention(person) for person in refusal.ask[:3]])} "


def notice_view(mrkdwn: str) -> dict[str, Any]:
    """A modal that only says something; it takes the place of a form whose moment has passed."""
    return {
        "type": "modal",
        "callback_id": ids.NOTICE,
        "title": plain_text(words.NOT_SENT, 24),
        "close": plain_text(words.CLOSE, 24),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}}],
    }
