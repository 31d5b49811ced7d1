"""Why a click counts for nothing, in mrkdwn for the one who clicked; and the view that says so in place of a form."""

from typing import Any

from handlers.cards import ids, words
from handlers.cards.literal import plain_text
from handlers.cards.text import date_token, mention
from runtime.requests.records import Decision, Request, RequestStatus, Thread, Verdict

_DEEDS = {
    Verdict.APPROVED: "approved",
    Verdict.EDITED: "approved",
    Verdict.REJECTED: "rejected",
    Verdict.ANSWERED: "answered",
}


def settled(request: Request, thread: Thread) -> str:
    """For a request that is not open any more: who ended it, and when."""
    if request.decision is not None:
        return already(request.decision)
    if request.status is RequestStatus.REPLACED:
        return words.REPLACED
    return f"{words.stopped(mention(thread.stopped_by) if thread.stopped_by else None)}. Nothing is left to answer."


def already(decision: Decision) -> str:
    """For whoever came second."""
    return (
        f"{mention(decision.by)} {_DEEDS[decision.verdict]} this: {date_token(decision.at)}. Your answer was not used."
    )


def not_among(request: Request) -> str:
    """For somebody who is none of those who may answer."""
    names = [mention(person) for person in request.approvers]
    return f"{words.who_may_answer(names[:8], len(names[8:]))} this. Nothing was decided."


def notice_view(mrkdwn: str) -> dict[str, Any]:
    """A modal that only says something; it takes the place of a form whose moment has passed."""
    return {
        "type": "modal",
        "callback_id": ids.NOTICE,
        "title": plain_text(words.NOT_SENT, 24),
        "close": plain_text(words.CLOSE, 24),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}}],
    }
