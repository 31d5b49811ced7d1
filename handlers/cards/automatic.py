"""The answer that nobody gave: what policy decides in place of people, in the terms of the card."""

from handlers.cards.model import AskForm, AskText, Reply, decide
from handlers.cards.payloads import card_of
from runtime.requests.records import Decision, Person, Request, Verdict


def automatic(request: Request, verdict: Verdict, at: float, *, timed_out: bool, by: Person) -> Decision | None:
    """An approval or a rejection that nobody gives now; None where the card has none that needs no words."""
    card = card_of(request)
    fitting = (action for action in card.actions if action.verdict is verdict)
    action = next((action for action in fitting if not isinstance(action.ask, (AskText, AskForm))), None)
    if action is None and verdict is Verdict.REJECTED:
        action = card.unanswered
    return decide(action, Reply(by=by, at=at, timed_out=timed_out)) if action is not None else None
