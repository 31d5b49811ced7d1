"""Messages about a question that nobody answers: in its conversation, to those who may answer, in other channels."""

from handlers.cards import ids, words
from handlers.cards.approvers import approver, approvers
from handlers.cards.blocks import Message, otherwise, verdict_line
from handlers.cards.literal import Block, context, excerpt, paragraph, plain_text
from handlers.cards.model import Card
from handlers.cards.text import date_token, escape, mention
from runtime.policy.ladder import Rung
from runtime.requests.records import Notice, Request, RequestStatus


def notice_message(card: Card, request: Request, notice: Notice, *, agent_title: str, link: str) -> Message:
    """What is said, and once the question is closed what became of it. `link`: to the card, if it is known."""
    if request.status is not RequestStatus.OPEN:
        return _closed(card, request, notice.rung, notice.to)
    return _told(card, request, _line(request, notice, escape(agent_title)), link, private=bool(notice.to))


def reminder_message(card: Card, request: Request, *, agent_title: str, link: str) -> Message:
    """What somebody wanted to be told, and once the question is closed what became of it."""
    if request.status is not RequestStatus.OPEN:
        return _ended(card, request)
    line = words.you_wanted_to_know(escape(agent_title), mention(request.asked_for))
    return _told(card, request, line, link, private=True)


def _told(card: Card, request: Request, line: str, link: str, *, private: bool) -> Message:
    title = _title(card)
    when = request.deadline and words.answer_by(date_token(request.deadline), otherwise(card, request))
    said: list[Block] = [{"type": "section", "text": {"type": "mrkdwn", "text": line, "verbatim": True}}]
    about = [paragraph(title)] if private else []
    until = [context(f"{when[:1].upper()}{when[1:]}")] if when else []
    return Message(f"{line}: {escape(title)}", [*said, *about, *until, *_open(link)])


def _title(card: Card) -> str:
    return excerpt(card.title, 300, lines=3).text


def _closed(card: Card, request: Request, rung: Rung, to: str) -> Message:
    """Afterwards: in the conversation the card says it all."""
    if to:
        return _ended(card, request)
    line = words.ESCALATED if rung is Rung.ESCALATE else words.REMINDED
    return Message(line, [context(line)])


def _ended(card: Card, request: Request) -> Message:
    title, decision = _title(card), request.decision
    line = verdict_line(decision, request.votes, request.deadline) if decision else words.NOTHING_TO_ANSWER
    return Message(f"{escape(title)} {line}", [paragraph(title), context(line)])


def _line(request: Request, notice: Notice, agent: str) -> str:
    match notice.rung:
        case Rung.ESCALATE if not notice.to:
            return words.may_answer_too(words.any_of([approver(name) for name in request.terms.escalate_to], 0))
        case _ if notice.to:
            return words.waits_for_you(agent, mention(request.asked_for))
        case _:
            return words.still_waiting(agent, approvers(request.terms))


def _open(link: str) -> list[Block]:
    if not link:
        return []
    button = {"type": "button", "action_id": ids.LINK, "text": plain_text(words.OPEN_QUESTION, 75), "url": link}
    return [{"type": "actions", "elements": [button]}]
