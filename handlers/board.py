"""The andon board: makes what people see in Slack agree with the ledger.

Nothing is drawn because something happened; `refresh` looks at what is and draws what differs. Every message has a key
(`request:<id>`, `thread:<id>`, …) and a `Post` in the ledger, written before the message is sent. A post whose outcome
nobody knows, after a crash or a lost reply, is looked for in the conversation by its key before it is sent again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from handlers.cards.blocks import Message, card_message
from handlers.cards.payloads import compile_card
from handlers.cards.runs import outcome_message, run_message
from handlers.slack import Slack, SlackRefusedError, SlackUncertainError
from runtime.agents import Agent
from runtime.journal import derive_id
from runtime.ledger import Ledger
from runtime.records import (
    Post,
    Request,
    RequestStatus,
    Thread,
    ThreadId,
    ThreadStatus,
    Turn,
    TurnStatus,
)
from runtime.runner import where_of

logger = logging.getLogger(__name__)
GONE = frozenset({"message_not_found"})
_STANDING = {TurnStatus.ENDED: ThreadStatus.FINISHED, TurnStatus.STOPPED: ThreadStatus.STOPPED}
"""What cards of a turn say of its thread, once the turn is over: the thread may be on its next one by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """One message as it should be."""

    key: str
    state: str
    """Changes whenever the message should look different: what `Post.digest` is made of."""
    draw: Callable[[], Message]
    needed: bool = True
    """Whether it is posted when it is not there; otherwise it is only kept up to date."""


class Board:
    """Implements `runtime.runner.Surface` for Slack."""

    def __init__(self, ledger: Ledger, agents: Mapping[str, Agent], slack: Slack, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._agents = agents
        self._slack = slack
        self._clock = clock
        self._locks: WeakValueDictionary[ThreadId, asyncio.Lock] = WeakValueDictionary()

    async def refresh(self, thread_id: ThreadId) -> None:
        """Draw what differs, root first. Raises `SlackRefusedError`, `SlackUncertainError`."""
        lock = self._locks.setdefault(thread_id, asyncio.Lock())
        async with lock:
            thread = await self._ledger.thread(thread_id)
            if thread is None:
                return
            turns = await self._ledger.turns(thread_id, TurnStatus.TAKEN, TurnStatus.ENDED, TurnStatus.STOPPED)
            requests = await self._ledger.turn_requests(*(turn.id for turn in turns))
            thread = await self._show_root(thread, requests)
            standing = {turn.id: replace(thread, status=_STANDING.get(turn.status, thread.status)) for turn in turns}
            for request in requests:
                await self._show(thread, self._card(standing[request.turn_id], request))
            for turn in turns:
                await self._tell(thread, turn)

    def title(self, thread: Thread) -> str:
        """The agent's name for people."""
        agent = self._agents.get(thread.agent)
        return agent.title if agent else thread.agent

    # What there is to draw.

    async def _show_root(self, thread: Thread, requests: list[Request]) -> Thread:
        oldest = min((r.created_at for r in requests if r.status is RequestStatus.OPEN), default=self._clock())
        asked = [request for request in requests if request.created_at >= oldest]
        open_count = sum(request.status is RequestStatus.OPEN for request in asked)
        state = f"{thread.status} {open_count} {len(asked)}"
        root = _Drawing(
            key=f"thread:{thread.id}", state=state, draw=lambda: run_message(thread, asked, self.title(thread))
        )
        post = await self._show(thread, root)
        return thread if thread.where or post is None else await self._locate(thread, post)

    async def _locate(self, thread: Thread, post: Post) -> Thread:
        """Let the conversation be where its root is."""
        while post.place is not None:
            changed = await self._ledger.change_thread(thread, place=post.place, where=where_of(post.place))
            if changed is not None:
                return changed
            thread = await self._ledger.thread(thread.id) or thread
        return thread

    def _card(self, thread: Thread, request: Request) -> _Drawing:
        shown = thread.status if request.status is not RequestStatus.OPEN else ""
        card = compile_card(request.payload, request.response_schema)
        return _Drawing(
            key=f"request:{request.id}",
            state=f"{request.revision} {shown}",
            draw=lambda: card_message(card, request, thread, agent_title=self.title(thread)),
            needed=request.status in {RequestStatus.OPEN, RequestStatus.DECIDED},
        )

    async def _tell(self, thread: Thread, turn: Turn) -> None:
        """Tell how a turn ended, once. A failure, which may yet be tried again, is told under a key of its own."""
        failed = turn.failed and thread.status is ThreadStatus.FAILED
        if turn.status is TurnStatus.ENDED or failed:
            key = f"failure:{turn.id}:{turn.revision}" if failed else f"outcome:{turn.id}"
            draw = _Drawing(key=key, state="", draw=lambda: outcome_message(turn, self.title(thread)))
            await self._show(thread, draw)
        if turn.status is not TurnStatus.TAKEN:
            await self._ledger.change_turn(turn, status=TurnStatus.TOLD)

    # Drawing it.

    async def _show(self, thread: Thread, drawing: _Drawing) -> Post | None:
        digest = derive_id(drawing.state)
        post = await self._ledger.post(drawing.key)
        if post is not None and post.place is not None:
            return post if post.digest == digest else await self._redraw(thread, post, drawing, digest)
        if post is None and not drawing.needed:
            return None
        return await self._put_up(thread, post, drawing, digest)

    async def _put_up(self, thread: Thread, post: Post | None, drawing: _Drawing, digest: str) -> Post | None:
        """Post a message. One that was intended before is looked for first."""
        intended = post is not None
        if post is None:
            post = Post(key=drawing.key, thread_id=thread.id, created_at=self._clock())
            intended = not await self._ledger.intend_post(post)
        ts = await self._sent(thread, post, drawing, look_first=intended)
        place = {"team": thread.place["team"], "channel": thread.place["channel"], "ts": ts}
        # What was found may show an older state; leaving its digest empty has the next refresh redraw it.
        return await self._ledger.change_post(post, place=place, digest="" if intended else digest)

    async def _sent(self, thread: Thread, post: Post, drawing: _Drawing, *, look_first: bool) -> str:
        """Return the ts of the one message with this key, sending it if it is not there."""
        channel, thread_ts = thread.place["channel"], thread.place.get("ts")
        if look_first:
            found = await self._slack.find(channel, key=drawing.key, thread_ts=thread_ts, since=post.created_at)
            if found is not None:
                return found
        try:
            return await self._slack.post(channel, drawing.draw(), key=drawing.key, thread_ts=thread_ts)
        except SlackUncertainError:
            if look_first:
                raise
            return await self._sent(thread, post, drawing, look_first=True)

    async def _redraw(self, thread: Thread, post: Post, drawing: _Drawing, digest: str) -> Post | None:
        assert post.place is not None  # noqa: S101 - narrows the type; the caller has looked
        try:
            await self._slack.update(post.place["channel"], post.place["ts"], drawing.draw())
        except SlackRefusedError as refusal:
            if refusal.code not in GONE:
                raise
            if drawing.needed:
                return await self._again(thread, post, drawing)
        return await self._ledger.change_post(post, digest=digest)

    async def _again(self, thread: Thread, post: Post, drawing: _Drawing) -> Post | None:
        """Somebody deleted a message that people need: put up another one."""
        logger.info("message %s was deleted; posting it again", post.key)
        missing = await self._ledger.change_post(post, place=None, digest="", created_at=self._clock())
        return await self._put_up(thread, missing, drawing, "") if missing else None
