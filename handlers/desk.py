"""What every listener gets: the use cases, the way out to Slack, and a place for work after the acknowledgement."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from handlers.board import Board
from handlers.calls import SlackRefusedError, SlackUncertainError
from handlers.cards import words
from handlers.cards.refusals import words_of
from handlers.drawings import message_link
from handlers.languages import Languages
from handlers.payloads import Click, SlashCommand
from handlers.slack import Slack
from runtime.policy.directory import Directory
from runtime.requests.agents import Agent
from runtime.requests.ledger import Ledger
from runtime.requests.policy import Refusal
from runtime.requests.records import Person, Place
from runtime.requests.runner import Runner

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Desk:
    """One per process, built by `bot.app`."""

    runner: Runner
    ledger: Ledger
    board: Board
    slack: Slack
    directory: Directory
    languages: Languages
    agents: Mapping[str, Agent]
    clock: Callable[[], float]
    team: str
    """The workspace the bot is installed in; people of others are refused."""
    user: str
    """The bot's own user id: what a mention of it holds."""
    team_url: str
    """`https://acme.slack.com/`: links to messages start with it."""
    homes: dict[Person, int] = field(default_factory=dict)
    """Whose Home tab was opened here, and the page it is on; latest last."""
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    def later(self, work: Coroutine[Any, Any, None], by: Person) -> None:
        """Do what Slack need not wait for: everything that calls Slack. What goes wrong, the person is told."""
        task = asyncio.create_task(self._guarded(work, by))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None], by: Person) -> None:
        try:
            await work
        except (SlackRefusedError, SlackUncertainError) as error:
            logger.warning("could not answer: %s", error)
        except Exception:
            logger.exception("failed after the acknowledgement")
            with suppress(SlackRefusedError, SlackUncertainError):
                await self.slack.say(by.id, words.TRY_AGAIN)

    async def speak_to(self, user: str) -> None:
        """Use somebody's language for what is said to them from here on."""
        words.use(await self.languages.of(user))

    async def drain(self, grace_seconds: float) -> None:
        """Wait for what `later` took on; what Slack keeps waiting for longer is given up."""
        if self._background:
            _, slow = await asyncio.wait(self._background, timeout=grace_seconds)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    async def tell(self, by: Person, channel: str, text: str, thread_ts: str = "") -> None:
        """Say something only this person sees; where Slack shows it nowhere else, in a direct message."""
        try:
            await self.slack.whisper(channel or by.id, by.id, text, thread_ts=thread_ts)
        except SlackRefusedError as refusal:
            logger.info("a private answer goes to a direct message: %s", refusal)
            await self.slack.say(by.id, text)

    async def show(self, pressed: Click | SlashCommand, view: Mapping[str, Any]) -> None:
        """Open a modal for a click or a command; where that came too late, say so."""
        try:
            await self.slack.open_view(pressed.trigger_id, view)
        except (SlackRefusedError, SlackUncertainError) as problem:
            logger.info("no modal: %s", problem)
            await self.tell(pressed.by, pressed.channel, words.TOO_LATE, pressed.thread_ts)

    async def refuse(self, what: str, refusal: Refusal, by: Person) -> str:
        """Note an attempt that changes nothing, and say why it does not."""
        return await self.words_for(await self.runner.refused(what, refusal, by), by)

    async def words_for(self, refusal: Refusal, by: Person) -> str:
        """Say why nothing happened, to the person it did not happen for."""
        await self.speak_to(by.id)
        if by.team != self.team:
            return words.STRANGER
        thread = await self.ledger.thread(refusal.request.thread_id) if refusal.request else None
        return words_of(refusal, thread)

    def link(self, place: Place) -> str:
        """Link to a message."""
        return message_link(self.team_url, place)
