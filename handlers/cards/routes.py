"""What the run's own conversation is told of a question that is asked elsewhere: where that is, and what came of it."""

from collections.abc import Iterator, Mapping

from handlers.cards import words
from handlers.cards.approvers import MOST
from handlers.cards.blocks import Message, outcome, outcome_line
from handlers.cards.handing import handed_lines
from handlers.cards.literal import Block, excerpt, paragraph
from handlers.cards.model import Card
from handlers.cards.text import escape, mention
from runtime.policy.names import is_channel_name, is_conversation
from runtime.requests.records import HOME, Request, RequestStatus, Thread


def asked_message(card: Card, request: Request, thread: Thread, links: Mapping[str, str], agent: str) -> Message:
    """The line in the run's conversation. `links`: to the cards in channels, by place; `agent`: its title."""
    lines = [*_asked(request, links), *handed_lines(request), *_not_asked(request)]
    title = excerpt(card.title, 300, lines=3).text
    settled = request.status is not RequestStatus.OPEN
    blocks: list[Block] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines), "verbatim": True}},
        *([paragraph(title)] if HOME not in request.places else []),
        *(outcome(request, thread) if settled and HOME not in request.places else []),
    ]
    end = f" {outcome_line(request, thread)}." if settled else ""
    return Message(f"{escape(agent)}: {escape(title)} {' '.join(lines)}{end}", blocks)


def _asked(request: Request, links: Mapping[str, str]) -> Iterator[str]:
    """Where it was asked, a line for channels and one for people."""
    channels = [place for place in request.places if is_conversation(place)]
    handed = {one.to.id for one in request.handed}
    people = [place for place in request.places if place not in {HOME, *handed} and not is_conversation(place)]
    if channels:
        yield words.asked_in(words.all_of([_link(place, links.get(place, "")) for place in channels]))
    if people:
        shown = [mention(person) for person in people[:MOST]]
        yield words.asked_directly(words.all_of([*shown, *words.so_many_others(len(people) - len(shown))]))


def _not_asked(request: Request) -> Iterator[str]:
    here = HOME in request.places
    for place in request.closed:
        if is_conversation(place) or is_channel_name(place):
            yield words.not_asked_in(f"<#{place}>" if is_conversation(place) else escape(place), here=here)
        else:
            yield words.not_asked_directly("" if place.islower() else mention(place), here=here)


def _link(place: str, link: str) -> str:
    return f"<#{place}>: <{link}|{words.OPEN_IT}>" if link else f"<#{place}>"
