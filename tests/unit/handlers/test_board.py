"""The board draws what the ledger says: once, whole, and again only where it differs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import load_manifest
from bot.sandbox import Fault, Sandbox
from handlers.board import Board
from handlers.calls import Calls, SlackRefusedError, SlackUncertainError
from handlers.directory import SlackDirectory
from handlers.languages import Languages
from handlers.live import live_key
from handlers.slack import Slack
from runtime import InMemorySaver
from runtime.codec.process import CODEC
from runtime.errors import LeaseLostError
from runtime.requests.ledger import Ledger
from runtime.requests.records import (
    Decision,
    Post,
    Request,
    RequestId,
    RequestStatus,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
    Verdict,
)
from runtime.requests.surface import nobody_else
from tests.cards_kit import AT, BEN, make_request, make_thread
from tests.office import Json, is_open, key_of, shown

PLACE = {"team": "T0ANDON", "channel": "C0REFUNDS"}


class Wall:
    """A board over a sandbox, with a thread that has asked one question."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.ledger = Ledger(InMemorySaver(), CODEC)
        client = AsyncWebClient(sandbox.bot_token, base_url=sandbox.api_url, session=session)
        self.slack = Slack(Calls(client, self._no_pause))
        self.thread = replace(make_thread(ThreadStatus.WAITING), place=PLACE, where="")
        turn = Turn(id="turn", thread_id=self.thread.id, text="", by=BEN, place={}, created_at=AT)
        self.turn = replace(turn, status=TurnStatus.TAKEN)
        self.board = self.another()

    async def _no_pause(self, _: float) -> None:
        """Nobody waits here."""

    def another(self) -> Board:
        """The board of another process."""
        return Board(
            self.ledger, {}, self.slack, lambda: AT, Languages(SlackDirectory(self.slack, lambda: AT, "T0ANDON").locale)
        )

    async def hang(self) -> None:
        await self.ledger.open_thread(self.thread)
        await self.ledger.add_turn(self.turn)

    async def asks(self, number: int = 1) -> Request:
        request = make_request({"question": f"Question {number}?"}, RequestStatus.OPEN)
        request = replace(
            request, id=RequestId(f"r{number}"), thread_id=self.thread.id, turn_id="turn", created_at=AT + number
        )
        await self.ledger.open_request(request)
        return request

    async def refresh(self) -> None:
        await self.board.refresh(self.thread.id, nobody_else)

    def messages(self) -> list[Json]:
        return self.sandbox.messages("refunds")

    def keys(self) -> list[str]:
        return [key_of(message) for message in self.messages()]

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.sandbox.calls)


@pytest.fixture
async def wall() -> AsyncIterator[Wall]:
    async with Sandbox(manifest=load_manifest()) as sandbox, aiohttp.ClientSession() as session:
        made = Wall(sandbox, session)
        await made.hang()
        yield made


async def now(wall: Wall) -> Thread:
    thread = await wall.ledger.thread(wall.thread.id)
    assert thread is not None
    return thread


async def test_a_root_and_a_card_in_its_thread(wall: Wall) -> None:
    await wall.asks()
    await wall.refresh()
    root, card = wall.messages()
    assert wall.keys() == [f"thread:{wall.thread.id}", "request:r1"]
    assert card["thread_ts"] == root["ts"]
    assert (await now(wall)).where == f"T0ANDON/C0REFUNDS/{root['ts']}"


async def test_what_has_not_changed_is_left_alone(wall: Wall) -> None:
    await wall.asks()
    await wall.refresh()
    before = len(wall.sandbox.calls)
    await wall.refresh()
    await wall.another().refresh(wall.thread.id, nobody_else)
    assert len(wall.sandbox.calls) == before


async def test_refreshes_at_the_same_time_draw_once(wall: Wall) -> None:
    await wall.asks()
    wall.sandbox.inject(Fault(method="chat.postMessage", kind="slow", seconds=0.05, times=2))
    await asyncio.gather(*(wall.refresh() for _ in range(5)))
    assert len(wall.messages()) == 2


async def test_a_message_is_drawn_again_after_a_redraw_of_which_nobody_knows_whether_it_arrived(wall: Wall) -> None:
    """What is wanted again was recorded before that redraw, and is not what Slack shows."""
    await wall.asks()
    await wall.refresh()
    running = await wall.ledger.change_thread(await now(wall), status=ThreadStatus.RUNNING)
    assert running is not None
    wall.sandbox.inject(Fault(method="chat.update", kind="lost_reply", times=4))
    with pytest.raises(SlackUncertainError):
        await wall.refresh()
    assert "Working" in shown(wall.messages()[0])
    await wall.ledger.change_thread(running, status=ThreadStatus.WAITING)
    await wall.another().refresh(wall.thread.id, nobody_else, anew=True)
    assert "Working" not in shown(wall.messages()[0])


async def test_what_another_process_posted_before_it_died_is_found_and_brought_up_to_date(wall: Wall) -> None:
    request = await wall.asks()
    await wall.refresh()
    post = await wall.ledger.post("request:r1")
    assert post is not None
    await wall.ledger.change_post(post, place=None)
    decision = Decision(action="approve", verdict=Verdict.APPROVED, label="Approve", value=True, by=BEN, at=AT)
    await wall.ledger.claim(request.id, decision)
    await wall.another().refresh(wall.thread.id, nobody_else)
    assert len(wall.messages()) == 2
    assert "Approved" in shown(wall.messages()[1])
    assert not is_open(wall.messages()[1])


async def test_a_message_that_cannot_be_drawn_does_not_keep_the_others_back(wall: Wall) -> None:
    await wall.refresh()
    for number in (1, 2, 3):
        await wall.asks(number)
    wall.sandbox.inject(Fault(method="chat.postMessage", kind="500", times=2))
    with pytest.raises(SlackUncertainError):
        await wall.refresh()
    assert wall.keys()[1:] == ["request:r2", "request:r3"]
    await wall.refresh()
    assert sorted(wall.keys()[1:]) == ["request:r1", "request:r2", "request:r3"]


@pytest.mark.parametrize(("status", "back"), [(RequestStatus.DECIDED, True), (RequestStatus.REPLACED, False)])
async def test_a_deleted_card_comes_back_if_it_is_needed(wall: Wall, status: RequestStatus, back: bool) -> None:
    request = await wall.asks()
    await wall.refresh()
    wall.sandbox._site.workspace.delete("C0REFUNDS", wall.messages()[1]["ts"])
    await wall.ledger.settle(request, status)
    await wall.refresh()
    assert (len(wall.messages()) == 2) is back


async def test_a_deleted_conversation_begins_anew(wall: Wall) -> None:
    await wall.refresh()
    (root,) = wall.messages()
    wall.sandbox._site.workspace.delete("C0REFUNDS", root["ts"])
    await wall.asks()
    with pytest.raises(SlackRefusedError, match="thread_not_found"):
        await wall.refresh()
    await wall.refresh()
    new, card = wall.messages()
    assert card["thread_ts"] == new["ts"] != root["ts"]


async def test_where_the_bot_may_not_speak_who_asked_is_told(wall: Wall) -> None:
    wall.sandbox.leave("bot", "refunds")
    assert not await wall.board.open(wall.thread.id, nobody_else)
    assert "I am not a member" in shown(wall.sandbox.messages("@ana"))
    await wall.ledger.change_thread(await now(wall), status=ThreadStatus.STOPPED)
    await wall.refresh()
    assert wall.messages() == []


@pytest.mark.parametrize("kind", ["500", "drop"])
async def test_a_slack_that_is_away_is_no_refusal(wall: Wall, kind: str) -> None:
    wall.sandbox.inject(Fault(method="chat.postMessage", kind=kind, times=2))
    with pytest.raises(SlackUncertainError):
        await wall.board.open(wall.thread.id, nobody_else)
    assert await wall.board.open(wall.thread.id, nobody_else)
    assert len(wall.messages()) == 1


async def test_an_outcome_is_told_once_per_attempt(wall: Wall) -> None:
    await wall.refresh()
    ended: dict[str, Any] = {"status": TurnStatus.ENDED, "outcome": "no", "failed": True}
    turn = await wall.ledger.change_turn(wall.turn, **ended)
    await wall.refresh()
    await wall.refresh()
    assert wall.keys()[1:] == ["outcome:turn:0"]
    turn = await wall.ledger.turn("turn")
    assert turn is not None
    assert turn.status is TurnStatus.TOLD
    await wall.ledger.change_turn(turn, **ended, attempt=1)
    await wall.refresh()
    assert wall.keys()[1:] == ["outcome:turn:0", "outcome:turn:1"]


async def test_a_root_tells_whose_conversation_it_is(wall: Wall) -> None:
    await wall.asks()
    await wall.refresh()
    root, card = wall.messages()
    place = {name: wall.thread.place[name] for name in ("team", "channel")}
    thread, request = await wall.board.shown_at({**place, "ts": root["ts"]})
    assert thread is not None
    assert (thread.id, request) == (wall.thread.id, None)
    _, request = await wall.board.shown_at({**place, "ts": card["ts"]})
    assert request is not None
    assert request.thread_id == wall.thread.id
    other = wall.sandbox._site.workspace.post("C0REFUNDS", {"user": "U0ANDON", "text": "hello"})
    assert await wall.board.shown_at({**place, "ts": other["ts"]}) == (None, None)
    assert card["thread_ts"] == root["ts"]


async def test_a_process_that_stood_still_takes_back_what_another_has_posted_meanwhile(wall: Wall) -> None:
    await wall.refresh()
    await wall.asks()
    frozen = wall.another()

    def thaws_too_late() -> None:
        """Nobody can know that the process stands still between this check and the call."""

    posted = asyncio.Event()
    real = wall.slack.post

    async def late(*args: Any, **more: Any) -> str:
        wall.slack.post = real  # type: ignore[method-assign]  # the other process is not slow
        await wall.refresh()
        posted.set()
        return await real(*args, **more)

    wall.slack.post = late  # type: ignore[method-assign]  # a pause at the one place where it hurts
    await frozen.refresh(wall.thread.id, thaws_too_late)
    assert posted.is_set()
    assert wall.keys() == [f"thread:{wall.thread.id}", "request:r1"]


async def test_what_two_processes_have_drawn_is_drawn_once_more(wall: Wall) -> None:
    request = await wall.asks()
    await wall.refresh()
    frozen, real = wall.another(), wall.slack.update
    await wall.ledger.settle(request, RequestStatus.STOPPED)

    async def late(*args: Any, **more: Any) -> None:
        wall.slack.update = real  # type: ignore[method-assign]  # the other process is not slow
        await wall.refresh()
        await real(*args, **more)

    wall.slack.update = late  # type: ignore[method-assign]  # a pause at the one place where it hurts
    await frozen.refresh(wall.thread.id, nobody_else)
    before = wall.calls("chat.update")
    await wall.refresh()
    assert wall.calls("chat.update") == before + 1


async def test_nothing_is_shown_by_a_process_that_has_lost_the_thread(wall: Wall) -> None:
    def lost() -> None:
        raise LeaseLostError(wall.thread.id)

    await wall.asks()
    with pytest.raises(LeaseLostError):
        await wall.board.refresh(wall.thread.id, lost)
    assert wall.messages() == []


async def test_what_a_process_that_died_was_showing_of_a_run_is_taken_away(wall: Wall) -> None:
    await wall.refresh()
    post = Post(key=live_key(wall.thread), thread_id=wall.thread.id, created_at=AT)
    await wall.ledger.intend_post(post)
    root = wall.messages()[0]
    ts = await wall.slack.start_stream("C0REFUNDS", root["ts"], to=BEN, chunks=[{"type": "markdown_text", "text": "I"}])
    await wall.ledger.change_post(post, place={**PLACE, "ts": ts})
    await wall.refresh()
    assert [message["ts"] for message in wall.messages()] == [root["ts"]]
    assert await wall.ledger.post(post.key) is None
