"""Several people who have to agree: what a vote makes of an open request. Pure.

All votes of a request are for one proposal, the same answer with the same arguments. A vote for something else is a
proposal of its own, and the count begins again with it. An edit also changes what a plain approval stands for, so the
request remembers since which revision that is so: a card drawn before then shows something else.
"""

from dataclasses import replace

from runtime.codec.codec import Codec
from runtime.requests.policy import Reason
from runtime.requests.records import Decision, Person, Request, Verdict, Vote


def cast(request: Request, seen: Request, decision: Decision, codec: Codec) -> Request | Reason:
    """Add a vote to a request as it is now. `seen`: the request that the voter decided about."""
    agrees = request.proposal is not None and _content(request.proposal, codec) == _content(decision, codec)
    if agrees and any(vote.by == decision.by for vote in request.votes):
        return Reason.VOTED
    if not agrees and request.proposed_in != seen.proposed_in:
        return Reason.CHANGED
    vote = Vote(by=decision.by, at=decision.at)
    return replace(request, votes=(*request.votes, vote)) if agrees else _proposed(request, decision, (vote,))


def withdraw(request: Request, by: Person) -> Request | Reason:
    """Take somebody's vote back."""
    votes = tuple(vote for vote in request.votes if vote.by != by)
    if votes == request.votes:
        return Reason.NOT_VOTED
    return _proposed(request, request.proposal if votes else None, votes)


def _proposed(request: Request, proposal: Decision | None, votes: tuple[Vote, ...]) -> Request:
    unchanged = proposal == request.proposal or not (_is_edit(proposal) or _is_edit(request.proposal))
    since = request.proposed_in if unchanged else request.revision + 1
    return replace(request, proposal=proposal, votes=votes, proposed_in=since)


def _is_edit(proposal: Decision | None) -> bool:
    return proposal is not None and proposal.verdict is Verdict.EDITED


def _content(decision: Decision, codec: Codec) -> bytes:
    """What is agreed to: values of different types differ, 1 is not True."""
    return codec.encode([decision.action, decision.given])
