"""The messages of a thread as they should be, by what the ledger says: which there are, where, and what they show.

Nothing is sent from here; `handlers.board` compares what is with what should be.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from handlers.cards import words
from handlers.cards.blocks import Message, card_message
from handlers.cards.details import in_full
from handlers.cards.masking import mask_text
from handlers.cards.notices import notice_message, reminder_message
from handlers.cards.payloads import card_of
from handlers.cards.routes import asked_message
from handlers.cards.runs import outcome_message
from handlers.cards.text import clean, one_line
from handlers.slack import File
from runtime.policy.names import is_conversation
from runtime.requests.agents import Agent
from runtime.requests.ledger import Ledger
from runtime.requests.records import (
    HOME,
    Notice,
    Place,
    Reminder,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
)

CARD = "request"
"""First part of a card's key; the request's id follows, and the place where that is not its run's conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One message as it should be."""

    key: str
    state: str = ""
    """Changes whenever the message should look different: what `Post.digest` is made of."""
    draw: Callable[[], Message]
    to: str = ""
    """Id of a person or another channel it is for; empty: it is in the conversation."""
    under: str = ""
    """Key of the message there in whose thread it belongs; empty: none."""
    needed: bool = True
    """Whether it is posted when it is not there; otherwise it is only kept up to date."""
    asks: Request | None = None
    """The open question that nobody there could answer without this message."""
    attach: Callable[[], File | None] = lambda: None
    """A file that follows it once."""


class Drawings:
    """Reads the ledger only for where other messages are. `team_url`: what links to messages start with."""

    def __init__(self, ledger: Ledger, agents: Mapping[str, Agent], team_url: str, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._agents = agents
        self._team_url = team_url
        self._clock = clock

    def title(self, thread: Thread) -> str:
        """The agent's name for people."""
        agent = self._agents.get(thread.agent)
        return agent.title if agent else thread.agent

    def link(self, place: Place | None) -> str:
        """Link to a message; empty where there is none yet."""
        return message_link(self._team_url, place) if place and place.get("ts") else ""

    async def card_link(self, request: Request, reader: str = "") -> str:
        """Link to a request's card: to the reader's own where they have one."""
        place = reader if reader in request.places else request.places[0]
        post = await self._ledger.post(card_key(request.id, place))
        return self.link(post.place) if post is not None else ""

    async def of(
        self, thread: Thread, turns: Sequence[Turn], requests: Sequence[Request], forks: Mapping[RequestId, str]
    ) -> AsyncIterator[Drawing]:
        """Each as soon as the ones before it are there. `forks`: links to where requests are answered differently."""
        standing = {turn.id: replace(thread, status=_standing(turn, thread)) for turn in turns}
        for request in requests:
            now = standing[request.turn_id]
            for place in request.places:
                yield self._card(now, request, place, forks.get(request.id, ""))
            if HOME not in request.places or request.closed:
                yield await self._asked(now, request)
            for reminder in request.reminders:
                yield await self._reminder(thread, request, reminder)
            for notice in request.notices:
                for drawing in await self._notices(thread, request, notice):
                    yield drawing
        for turn in turns:
            for failure in self._failures(thread, turn):
                yield failure
            if turn.status is TurnStatus.ENDED:
                yield self._outcome(thread, turn)

    def _card(self, thread: Thread, request: Request, place: str, fork_link: str) -> Drawing:
        shown = thread.status if request.status is not RequestStatus.OPEN else ""
        is_open = request.status is RequestStatus.OPEN
        home_link = self.link(thread.place) if place != HOME else ""
        return Drawing(
            key=card_key(request.id, place),
            state=f"{request.revision} {shown}{fork_link}",
            draw=lambda: card_message(
                card_of(request),
                request,
                thread,
                agent_title=self.title(thread),
                fork_link=fork_link,
                home_link=home_link,
            ),
            to=place,
            needed=is_open or (place == HOME and _is_news(request)),
            asks=request if is_open else None,
            attach=lambda: _in_full(request),
        )

    async def _asked(self, thread: Thread, request: Request) -> Drawing:
        """Where the question went, as far as that is not the conversation."""
        channels = [place for place in request.places if is_conversation(place)]
        posts = {place: await self._ledger.post(card_key(request.id, place)) for place in channels}
        links = {place: self.link(post.place) for place, post in posts.items() if post is not None}
        shown = thread.status if request.status is not RequestStatus.OPEN else ""
        return Drawing(
            key=f"asked:{request.id}",
            state=f"{request.status} {shown} {request.places} {request.handed} {request.closed} {links}",
            draw=lambda: asked_message(card_of(request), request, thread, links, self.title(thread)),
            needed=request.status in {RequestStatus.OPEN, RequestStatus.DECIDED},
        )

    async def _reminder(self, thread: Thread, request: Request, reminder: Reminder) -> Drawing:
        link = await self.card_link(request, reminder.to.id)
        return Drawing(
            key=f"reminder:{request.id}:{reminder.to.id}:{reminder.at}",
            state=f"{request.status}",
            draw=lambda: reminder_message(card_of(request), request, agent_title=self.title(thread), link=link),
            to=reminder.to.id,
            needed=request.status is RequestStatus.OPEN and reminder.at <= self._clock(),
        )

    async def _notices(self, thread: Thread, request: Request, notice: Notice) -> list[Drawing]:
        """Say that nobody answers: beside every card, or to whom it is for, with a link to the question."""
        if notice.to:
            elsewhere = HOME not in request.places or notice.to in request.places
            link = await self.card_link(request, notice.to) if elsewhere else self.link(thread.place)
            return [self._notice(thread, request, notice, to=notice.to, link=link)]
        return list(self._beside_cards(thread, request, notice))

    def _beside_cards(self, thread: Thread, request: Request, notice: Notice) -> Iterator[Drawing]:
        for place in request.places:
            if any(one.to.id == place for one in request.handed):
                continue
            under = card_key(request.id, place) if place != HOME else ""
            yield self._notice(thread, request, notice, to=place, under=under)

    def _notice(
        self, thread: Thread, request: Request, notice: Notice, *, to: str, link: str = "", under: str = ""
    ) -> Drawing:
        return Drawing(
            key=f"notice:{request.id}:{notice.rung}:{notice.to}{f':{to}' if under else ''}",
            state=f"{request.status} {request.terms.audiences}",
            draw=lambda: notice_message(
                card_of(request),
                request,
                notice,
                agent_title=self.title(thread),
                link=link,
            ),
            to=to,
            under=under,
            needed=request.status is RequestStatus.OPEN,
        )

    def _outcome(self, thread: Thread, turn: Turn) -> Drawing:
        """How a turn ended is told once; another try ends anew."""
        key = f"outcome:{turn.id}:{turn.attempt}"
        return Drawing(key=key, draw=lambda: outcome_message(turn, self.title(thread)))

    def _failures(self, thread: Thread, turn: Turn) -> Iterator[Drawing]:
        """What was told of a turn before it was tried again; nobody can have that done twice."""
        first = turn.attempt - len(turn.failures)
        for attempt, failure in enumerate(turn.failures, start=first):
            before = replace(turn, outcome=failure, failed=True)
            yield Drawing(
                key=f"outcome:{turn.id}:{attempt}",
                state="tried again",
                draw=partial(outcome_message, before, self.title(thread), tried_again=True),
                needed=False,
            )


def card_key(request_id: RequestId, place: str) -> str:
    """The key of a request's card in one of its places."""
    return f"{CARD}:{request_id}{f':{place}' if place else ''}"


def message_link(team_url: str, place: Place) -> str:
    """Link to a message."""
    return f"{team_url}archives/{place['channel']}/p{place['ts'].replace('.', '')}"


def _is_news(request: Request) -> bool:
    """Whether people have to learn of a decision: a rule's also once it is delivered, for nobody saw it being asked."""
    by_rule = request.decision is not None and request.decision.rule != ""
    return request.status is RequestStatus.DECIDED or (request.status is RequestStatus.DELIVERED and by_rule)


def _in_full(request: Request) -> File | None:
    card = card_of(request)
    text = in_full(card)
    if text is None:
        return None
    title = words.in_full(one_line(mask_text(clean(card.title)), 80))
    return File(name="in full.txt", title=title, description=title, content=text.encode())


def _standing(turn: Turn, thread: Thread) -> ThreadStatus:
    """What cards of a turn say of its thread: once the turn is over, the thread may be on its next one."""
    match turn.status:
        case TurnStatus.ENDED:
            return ThreadStatus.FAILED if turn.failed else ThreadStatus.FINISHED
        case TurnStatus.STOPPED:
            return ThreadStatus.STOPPED
        case _:
            return thread.status
