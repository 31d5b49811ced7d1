"""The andon board: makes what people see in Slack agree with the ledger.

Nothing is drawn because something happened; `refresh` looks at what is and draws what differs. Every message has a key
(`request:<id>`, `thread:<id>`, …) and a `Post` in the ledger, written before the message is sent. A post whose outcome
nobody knows, after a crash or a lost reply, is looked for in the conversation by its key before it is sent again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from handlers.cards import words
from handlers.cards.blocks import Message, card_message
from handlers.cards.details import in_full
from handlers.cards.masking import mask_text
from handlers.cards.notices import notice_message
from handlers.cards.payloads import card_of
from handlers.cards.runs import outcome_message, pause, run_message
from handlers.cards.text import clean, one_line
from handlers.live import DEFAULT_PACE, Live, Pace
from handlers.slack import File, Slack, SlackRefusedError, SlackUncertainError
from runtime.engine.ids import derive_id
from runtime.policy.model import is_conversation
from runtime.requests.agents import Agent
from runtime.requests.ledger import Ledger
from runtime.requests.progress import Tell
from runtime.requests.records import (
    Notice,
    Place,
    Post,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
    where_of,
)
from runtime.requests.surface import Guard

logger = logging.getLogger(__name__)

NO_ENTRY = frozenset({"channel_not_found", "is_archived", "not_in_channel", "restricted_action"})
"""Slack's refusals of a conversation as such."""
ROOT = "thread"
"""First part of a root's key."""
GONE = "message_not_found"
NO_THREAD = "thread_not_found"
_SHOWN = (TurnStatus.TAKEN, TurnStatus.ENDED, TurnStatus.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """One message as it should be."""

    key: str
    state: str = ""
    """Changes whenever the message should look different: what `Post.digest` is made of."""
    draw: Callable[[], Message]
    to: str = ""
    """Id of a person or another channel it is for; empty: it is in the conversation."""
    needed: bool = True
    """Whether it is posted when it is not there; otherwise it is only kept up to date."""
    attach: Callable[[], File | None] = lambda: None
    """A file that follows it once."""


class Board:
    """Implements `runtime.requests.surface.Surface` for Slack."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Mapping[str, Agent],
        slack: Slack,
        clock: Callable[[], float],
        *,
        team_url: str = "",
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        """`team_url`: `https://acme.slack.com/`, what links to messages start with."""
        self._live = Live(ledger, slack, clock, pace)
        self._ledger = ledger
        self._agents = agents
        self._slack = slack
        self._clock = clock
        self._team_url = team_url
        self._locks: WeakValueDictionary[ThreadId, asyncio.Lock] = WeakValueDictionary()

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        """Post the root. Where Slack does not let us in, say so to whoever asked: then there is no conversation."""
        try:
            await self.refresh(thread_id, guard)
        except SlackRefusedError as refusal:
            thread = await self._ledger.thread(thread_id)
            if thread is None or refusal.code not in NO_ENTRY:
                raise
            await self._slack.say(thread.started_by.id, words.cannot_post(thread.place["channel"], refusal.code))
            return False
        return True

    async def refresh(self, thread_id: ThreadId, guard: Guard) -> None:
        """Draw what differs, root first. Raises `SlackRefusedError`, `SlackUncertainError`."""
        async with self._locks.setdefault(thread_id, asyncio.Lock()):
            thread = await self._ledger.thread(thread_id)
            if thread is None:
                return
            try:
                await self._refresh(thread, guard)
            except SlackRefusedError as refusal:
                if refusal.code == NO_THREAD:
                    await self._move(thread)
                raise

    def live(self, thread: Thread, turn: Turn, guard: Guard) -> AbstractAsyncContextManager[Tell]:
        """Show a run in its thread while it goes on."""
        return self._live.show(thread, turn.by, self.title(thread), guard)

    def title(self, thread: Thread) -> str:
        """The agent's name for people."""
        agent = self._agents.get(thread.agent)
        return agent.title if agent else thread.agent

    async def thread_of(self, channel: str, ts: str) -> Thread | None:
        """Find the thread whose root a message is by the message itself."""
        try:
            kind, _, thread_id = (await self._slack.key_at(channel, ts)).partition(":")
        except SlackRefusedError:
            return None
        return await self._ledger.thread(ThreadId(thread_id)) if kind == ROOT else None

    # What there is to draw.

    async def _refresh(self, thread: Thread, guard: Guard) -> None:
        turns = await self._ledger.turns(thread.id, *_SHOWN)
        requests = await self._ledger.turn_requests(*(turn.id for turn in turns))
        thread = await self._show_root(thread, requests, guard)
        forks = {request.id: await self._fork_link(request) for request in requests if request.forked_to}
        await self._show_all(thread, self._drawings(thread, turns, requests, forks), guard)
        if thread.status is not ThreadStatus.RUNNING:
            await self._live.clear(thread)
        changing = {r.turn_id for r in requests if r.status is RequestStatus.OPEN or forks.get(r.id) == ""}
        for turn in turns:
            if turn.status is not TurnStatus.TAKEN and turn.id not in changing:
                await self._ledger.change_turn(turn, status=TurnStatus.TOLD)

    async def _show_root(self, thread: Thread, requests: Sequence[Request], guard: Guard) -> Thread:
        asked, origin = pause(requests), await self._origin_link(thread)
        waiting = [(r.id, r.proposal is None) for r in asked if r.status is RequestStatus.OPEN]
        root = _Drawing(
            key=_root_key(thread),
            state=f"{thread.status} {len(asked)} {waiting}",
            draw=lambda: run_message(thread, asked, self.title(thread), origin_link=origin),
            needed=thread.status is not ThreadStatus.STOPPED,
        )
        try:
            post = await self._show(thread, root, guard)
        except SlackRefusedError as refusal:
            if root.needed or thread.where or refusal.code not in NO_ENTRY:
                raise
            return thread  # stopped because there is nowhere to talk
        if thread.where or post is None or post.place is None:
            return thread
        located = await self._locate(thread, post.place)
        await self._link_back(located, guard)
        return located

    # Where a question is answered differently, and where it was answered first, each has a link to the other.

    async def _fork_link(self, request: Request) -> str:
        copy = await self._ledger.thread(request.forked_to) if request.forked_to else None
        return message_link(self._team_url, copy.place) if copy is not None and copy.where else ""

    async def _origin_link(self, thread: Thread) -> str:
        post = await self._ledger.post(f"request:{thread.forked_from}") if thread.forked_from else None
        return message_link(self._team_url, post.place) if post is not None and post.place else ""

    async def _link_back(self, copy: Thread, guard: Guard) -> None:
        """Show the link to a copy on the card it is a copy for; if not now, then when that is next drawn."""
        request = await self._ledger.request(copy.forked_from) if copy.forked_from else None
        if request is None:
            return
        try:
            await self.refresh(request.thread_id, guard)
        except (SlackRefusedError, SlackUncertainError) as problem:
            logger.info("the card of request %s has no link yet: %s", request.id, problem)

    async def _locate(self, thread: Thread, place: Place) -> Thread:
        """Let the conversation be there."""
        while (changed := await self._ledger.change_thread(thread, place=place, where=where_of(place))) is None:
            thread = await self._ledger.thread(thread.id) or thread
        return changed

    def _drawings(
        self, thread: Thread, turns: Sequence[Turn], requests: Sequence[Request], forks: Mapping[RequestId, str]
    ) -> Iterator[_Drawing]:
        standing = {turn.id: replace(thread, status=_standing(turn, thread)) for turn in turns}
        for request in requests:
            yield self._card(standing[request.turn_id], request, forks.get(request.id, ""))
            for notice in request.notices:
                yield self._notice(thread, request, notice)
        for turn in turns:
            if turn.status is TurnStatus.ENDED:
                yield self._outcome(thread, turn)

    def _card(self, thread: Thread, request: Request, fork_link: str) -> _Drawing:
        shown = thread.status if request.status is not RequestStatus.OPEN else ""
        return _Drawing(
            key=f"request:{request.id}",
            state=f"{request.revision} {shown}{fork_link}",
            draw=lambda: card_message(
                card_of(request),
                request,
                thread,
                agent_title=self.title(thread),
                fork_link=fork_link,
            ),
            needed=request.status in {RequestStatus.OPEN, RequestStatus.DECIDED},
            attach=lambda: _in_full(request),
        )

    def _notice(self, thread: Thread, request: Request, notice: Notice) -> _Drawing:
        """Say that nobody answers. Whoever is told elsewhere gets a link to the conversation."""
        link = message_link(self._team_url, thread.place) if notice.to and thread.where else ""
        return _Drawing(
            key=f"notice:{request.id}:{notice.rung}:{notice.to}",
            state=f"{request.status} {request.terms.audiences}",
            draw=lambda: notice_message(
                card_of(request),
                request,
                notice,
                agent_title=self.title(thread),
                link=link,
            ),
            to=notice.to,
            needed=request.status is RequestStatus.OPEN,
        )

    def _outcome(self, thread: Thread, turn: Turn) -> _Drawing:
        """How a turn ended is told once; another try ends anew."""
        key = f"outcome:{turn.id}:{turn.attempt}"
        return _Drawing(key=key, draw=lambda: outcome_message(turn, self.title(thread)))

    # Drawing it.

    async def _show_all(self, thread: Thread, drawings: Iterator[_Drawing], guard: Guard) -> None:
        """Show every message that can be shown now; one that cannot does not keep the others back."""
        problems: list[SlackRefusedError | SlackUncertainError] = []
        for drawing in drawings:
            try:
                await self._show(thread, drawing, guard)
            except (SlackRefusedError, SlackUncertainError) as problem:
                if drawing.to and isinstance(problem, SlackRefusedError):
                    logger.warning("message %s has nowhere to go: %s", drawing.key, problem)
                else:
                    problems.append(problem)
        if problems:
            raise problems[0]

    async def _show(self, thread: Thread, drawing: _Drawing, guard: Guard) -> Post | None:
        """Post it, or redraw it where it differs."""
        digest = derive_id(drawing.state)
        post = await self._ledger.post(drawing.key)
        if post is None and not drawing.needed:
            return None
        if post is None or post.place is None:
            post = await self._put_up(thread, post, drawing, digest, guard)
        if post is not None and post.digest != digest:
            post = await self._redraw(thread, post, drawing, digest, guard)
        return post

    async def _put_up(
        self, thread: Thread, post: Post | None, drawing: _Drawing, digest: str, guard: Guard
    ) -> Post | None:
        """Post a message. One that was intended before is looked for first, and may show an older state."""
        intended = post is not None
        if post is None:
            post = Post(key=drawing.key, thread_id=thread.id, created_at=self._clock())
            intended = not await self._ledger.intend_post(post)
        where = await self._where(thread, drawing)
        ts = await self._sent(where, post, drawing, guard, look_first=intended)
        place = {"team": thread.place["team"], "channel": where["channel"], "ts": ts}
        posted = await self._ledger.change_post(post, place=place, digest="" if intended else digest)
        if posted is None:
            return await self._give_way(post, place)
        if not intended:
            await self._attach(thread, drawing.attach())
        return posted

    async def _give_way(self, post: Post, place: Place) -> Post | None:
        """Take our message away: this process stood still while it posted it, and another one has posted its own."""
        other = await self._ledger.post(post.key)
        if other is not None and other.place not in (None, place):
            logger.info("message %s was posted by another process too; taking ours away", post.key)
            await self._slack.unpost(place["channel"], place["ts"])
        return other

    async def _attach(self, thread: Thread, file: File | None) -> None:
        """Share what is too long for a card. Tried once: all of it can be read from the card as well."""
        if file is None:
            return
        try:
            await self._slack.upload(thread.place["channel"], thread.place["ts"], file, file.title)
        except (SlackRefusedError, SlackUncertainError) as problem:
            logger.info("no file for thread %s: %s", thread.id, problem)

    async def _where(self, thread: Thread, drawing: _Drawing) -> Place:
        """Where a message belongs: a channel, and its thread where it has one."""
        if not drawing.to:
            return thread.place
        return {"channel": drawing.to if is_conversation(drawing.to) else await self._slack.direct_message(drawing.to)}

    async def _sent(self, where: Place, post: Post, drawing: _Drawing, guard: Guard, *, look_first: bool) -> str:
        """Return the ts of the one message with this key, sending it if it is not there."""
        channel, thread_ts = where["channel"], where.get("ts")
        if look_first:
            found = await self._slack.find(channel, key=drawing.key, thread_ts=thread_ts, since=post.created_at)
            if found is not None:
                return found
        try:
            return await self._slack.post(channel, drawing.draw(), key=drawing.key, thread_ts=thread_ts, guard=guard)
        except SlackUncertainError:
            if look_first:
                raise
            return await self._sent(where, post, drawing, guard, look_first=True)

    async def _redraw(self, thread: Thread, post: Post, drawing: _Drawing, digest: str, guard: Guard) -> Post | None:
        place = post.place
        assert place is not None  # noqa: S101 - narrows the type; the caller has looked
        if post.digest:  # until the call is known to have arrived, nobody may rely on what the message shows
            doubtful = await self._ledger.change_post(post, digest="")
            if doubtful is None:
                return None
            post = doubtful
        try:
            await self._slack.update(place["channel"], place["ts"], drawing.draw(), guard=guard)
        except SlackRefusedError as refusal:
            if refusal.code != GONE:
                raise
            if drawing.needed:
                return await self._again(thread, post, drawing, digest, guard)
        return await self._ledger.change_post(post, digest=digest) or await self._doubt(post)

    async def _doubt(self, post: Post) -> Post | None:
        """Have a message drawn again: another process has drawn it too, and nobody knows who was last."""
        drawn = await self._ledger.post(post.key)
        return await self._ledger.change_post(drawn, digest="") if drawn is not None else None

    async def _again(self, thread: Thread, post: Post, drawing: _Drawing, digest: str, guard: Guard) -> Post | None:
        """Somebody deleted a message that people need: put up another one."""
        logger.info("message %s was deleted; posting it again", post.key)
        missing = await self._ledger.change_post(post, place=None, created_at=self._clock())
        return await self._put_up(thread, missing, drawing, digest, guard) if missing else None

    async def _move(self, thread: Thread) -> None:
        """Somebody deleted the first message of the conversation: the next refresh begins another one."""
        logger.info("the conversation of thread %s was deleted; beginning another one", thread.id)
        await self._locate(thread, {name: thread.place[name] for name in ("team", "channel")})
        root = await self._ledger.post(_root_key(thread))
        if root is not None:
            await self._ledger.change_post(root, place=None, digest="", created_at=self._clock())


def message_link(team_url: str, place: Place) -> str:
    """Link to a message."""
    return f"{team_url}archives/{place['channel']}/p{place['ts'].replace('.', '')}"


def _in_full(request: Request) -> File | None:
    card = card_of(request)
    text = in_full(card)
    if text is None:
        return None
    title = words.in_full(one_line(mask_text(clean(card.title)), 80))
    return File(name="in full.txt", title=title, description=title, content=text.encode())


def _root_key(thread: Thread) -> str:
    return f"{ROOT}:{thread.id}"


def _standing(turn: Turn, thread: Thread) -> ThreadStatus:
    """What cards of a turn say of its thread: once the turn is over, the thread may be on its next one."""
    match turn.status:
        case TurnStatus.ENDED:
            return ThreadStatus.FAILED if turn.failed else ThreadStatus.FINISHED
        case TurnStatus.STOPPED:
            return ThreadStatus.STOPPED
        case _:
            return thread.status
