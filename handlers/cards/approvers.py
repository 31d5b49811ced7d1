"""Who may answer, in mrkdwn: as the policy names them, not as they were looked up."""

from collections.abc import Sequence
from itertools import islice

from handlers.cards import words
from handlers.cards.text import clean, escape, mention, one_line
from runtime.policy.names import CHANNEL, REQUESTER, is_conversation, is_group
from runtime.policy.terms import Terms
from runtime.requests.records import Request

MOST = 8
"""Names shown of each list."""


def approvers(terms: Terms) -> str:
    """Who may answer; empty when that is everybody."""
    return words.also_in([names(audience) for audience in terms.audiences])


def vote_count(request: Request) -> str:
    """How many of those who have to agree did; empty where one is enough."""
    required = request.terms.required
    if required == 1:
        return ""
    if not request.votes:
        return words.have_to_agree(required)
    mentions = [mention(vote.by) for vote in request.votes]
    return words.votes(len(mentions), required, mentions, approvers(request.terms))


def approver(name: str) -> str:
    """One of those whom a policy names."""
    if name == CHANNEL:
        return words.CHANNEL_MEMBERS
    if name == REQUESTER:
        return words.REQUESTER
    if is_conversation(name):
        return words.members_of(f"<#{name}>")
    if not is_group(name):
        return mention(name)
    return escape(one_line(clean(name), 40)) if name.startswith("@") else f"<!subteam^{name}>"


def names(audience: Sequence[str]) -> str:
    """Some of those whom a policy names, with a word about the others."""
    shown = [approver(name) for name in islice(audience, MOST)]
    return words.any_of(shown, len(audience) - len(shown))
