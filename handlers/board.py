"""The andon board: makes what people see in Slack agree with the ledger.

Nothing is drawn because something happened; `refresh` looks at what is and draws what differs. Every message has a key
(`request:<id>`, `thread:<id>`, …) and a `Post` in the ledger, written before the message is sent. A post whose outcome
nobody knows, after a crash or a lost reply, is looked for in the conversation by its key before it is sent again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from weakref import WeakValueDictionary

from handlers.calls import SlackBusyError, SlackRefusedError, SlackUncertainError
from handlers.cards import words
from handlers.cards.runs import pause, run_message
from handlers.drawings import CARD, Drawing, Drawings
from handlers.languages import Languages
from handlers.live import DEFAULT_PACE, Live, Pace
from handlers.posts import Posts
from handlers.slack import Slack
from runtime.requests.agents import Agent
from runtime.requests.ledger import Ledger
from runtime.requests.progress import Tell
from runtime.requests.records import (
    Place,
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
from runtime.requests.routing import without
from runtime.requests.slots import held
from runtime.requests.surface import Guard

logger = logging.getLogger(__name__)

NO_ENTRY = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "restricted_action"}
    | {"cannot_dm_bot", "user_disabled", "user_not_found", "user_not_visible"}
)
"""Slack's refusals of a conversation as such."""
ROOT = "thread"
"""First part of a root's key."""
NO_THREAD = "thread_not_found"
_SHOWN = (TurnStatus.TAKEN, TurnStatus.ENDED, TurnStatus.STOPPED)


class Board:
    """Implements `runtime.requests.surface.Surface` for Slack."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Mapping[str, Agent],
        slack: Slack,
        clock: Callable[[], float],
        languages: Languages,
        *,
        team_url: str = "",
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        """`team_url`: `https://acme.slack.com/`, what links to messages start with."""
        self._live = Live(ledger, slack, clock, pace, languages)
        self._posts = Posts(ledger, slack, clock, languages)
        self._ledger = ledger
        self._drawings = Drawings(ledger, agents, team_url, clock)
        self._slack = slack
        self._clock = clock
        self._languages = languages
        self._locks: WeakValueDictionary[ThreadId, asyncio.Lock] = WeakValueDictionary()

    async def open(self, thread_id: ThreadId, guard: Guard) -> bool:
        """Post the root. Where Slack does not let us in, say so to whoever asked: then there is no conversation."""
        try:
            await self.refresh(thread_id, guard)
        except SlackRefusedError as refusal:
            thread = await self._ledger.thread(thread_id)
            if thread is None or refusal.code not in NO_ENTRY:
                raise
            with words.speaking(await self._languages.of(thread.started_by.id)):
                text = words.cannot_post(thread.place["channel"], refusal.code)
            await self._slack.say(thread.started_by.id, text)
            return False
        return True

    async def refresh(self, thread_id: ThreadId, guard: Guard, *, anew: bool = False) -> None:
        """Draw what differs, root first. Raises `SlackRefusedError`, `SlackUncertainError`."""
        async with held(self._locks.setdefault(thread_id, asyncio.Lock())):
            thread = await self._ledger.thread(thread_id)
            if thread is None:
                return
            try:
                await self._refresh(thread, guard, anew=anew)
            except SlackRefusedError as refusal:
                if refusal.code == NO_THREAD:
                    await self._move(thread)
                raise

    def live(self, thread: Thread, turn: Turn, guard: Guard) -> AbstractAsyncContextManager[Tell]:
        """Show a run in its thread while it goes on."""
        return self._live.show(thread, turn.by, self.title(thread), guard)

    def title(self, thread: Thread) -> str:
        """The agent's name for people."""
        return self._drawings.title(thread)

    async def card_link(self, request: Request, reader: str = "") -> str:
        """Link to a request's card, to the reader's own where they have one; empty where it is not there yet."""
        return await self._drawings.card_link(request, reader)

    async def shown_at(self, place: Place) -> tuple[Thread | None, Request | None]:
        """Find what a message of ours shows, a thread's root or a request's card; by itself where nobody noted it."""
        post = await self._ledger.post_at(where_of(place))
        try:
            key = post.key if post else await self._slack.key_at(place["channel"], place["ts"])
        except SlackRefusedError:
            return None, None
        kind, subject, *_ = *key.split(":"), ""
        request = await self._ledger.request(RequestId(subject)) if kind == CARD else None
        thread_id = request.thread_id if request else ThreadId(subject)
        return (await self._ledger.thread(thread_id) if request or kind == ROOT else None), request

    # What there is to draw.

    async def _refresh(self, thread: Thread, guard: Guard, *, anew: bool) -> None:
        turns = await self._ledger.turns(thread.id, *_SHOWN)
        requests = await self._ledger.turn_requests(*(turn.id for turn in turns))
        thread = await self._show_root(thread, requests, guard, anew=anew)
        forks = {request.id: await self._fork_link(request) for request in requests if request.forked_to}
        if await self._show_all(thread, self._drawings.of(thread, turns, requests, forks), guard, anew=anew):
            return await self._refresh(await self._ledger.thread(thread.id) or thread, guard, anew=anew)
        if thread.status is not ThreadStatus.RUNNING:
            await self._live.clear(thread)
        changing = {r.turn_id for r in requests if r.status is RequestStatus.OPEN or forks.get(r.id) == ""}
        for turn in turns:
            if turn.status is not TurnStatus.TAKEN and turn.id not in changing:
                await self._ledger.change_turn(turn, status=TurnStatus.TOLD)
        return None

    async def _show_root(self, thread: Thread, requests: Sequence[Request], guard: Guard, *, anew: bool) -> Thread:
        asked, origin = pause(requests), await self._origin_link(thread)
        waiting = [(r.id, r.proposal is None) for r in asked if r.status is RequestStatus.OPEN]
        root = Drawing(
            key=_root_key(thread),
            state=f"{thread.status} {len(asked)} {waiting}",
            draw=lambda: run_message(thread, asked, self.title(thread), origin_link=origin),
            needed=thread.status is not ThreadStatus.STOPPED,
        )
        try:
            post = await self._posts.show(thread, root, guard, anew=anew)
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
        return self._drawings.link(copy.place) if copy is not None else ""

    async def _origin_link(self, thread: Thread) -> str:
        request = await self._ledger.request(thread.forked_from) if thread.forked_from else None
        return await self.card_link(request) if request is not None else ""

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

    # Drawing it.

    async def _show_all(self, thread: Thread, drawings: AsyncIterator[Drawing], guard: Guard, *, anew: bool) -> bool:
        """Show every message that can be shown now; one that cannot does not keep the others back.

        True when a question had nowhere to go, so that it is asked in fewer places now.
        """
        problems: list[SlackRefusedError | SlackUncertainError] = []
        rerouted = False
        async for drawing in drawings:
            try:
                await self._posts.show(thread, drawing, guard, anew=anew)
            except (SlackBusyError, SlackUncertainError) as problem:
                problems.append(problem)
            except SlackRefusedError as refusal:
                if not drawing.to or (drawing.asks and refusal.code not in NO_ENTRY):
                    problems.append(refusal)
                    continue
                logger.warning("message %s has nowhere to go: %s", drawing.key, refusal)
                if drawing.asks:
                    await self._reroute(drawing.asks, drawing.to)
                    rerouted = True
        if problems:  # what need not wait is to be tried again first
            raise min(problems, key=lambda problem: problem.seconds if isinstance(problem, SlackBusyError) else 0.0)
        return rerouted

    async def _reroute(self, request: Request, place: str) -> None:
        """Ask a question without one of its places; where somebody has changed it, the next refresh finds out again."""
        left = without(request, place)
        await self._ledger.change_request(request, places=left.places, closed=left.closed)

    async def _move(self, thread: Thread) -> None:
        """Somebody deleted the first message of the conversation: the next refresh begins another one."""
        logger.info("the conversation of thread %s was deleted; beginning another one", thread.id)
        await self._locate(thread, {name: thread.place[name] for name in ("team", "channel")})
        root = await self._ledger.post(_root_key(thread))
        if root is not None:
            await self._ledger.change_post(root, place=None, digest="", created_at=self._clock())


def _root_key(thread: Thread) -> str:
    return f"{ROOT}:{thread.id}"
