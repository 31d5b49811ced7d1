"""People who make it hard: they press twice, both at once, without the right, late, in modals and in words.

What each of them does to a question is drawn from the run's seed and the question alone. Like people they look at what
is there, do their thing, and do it again when nothing comes of it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from bot.sandbox import Person, Sandbox
from bot.sandbox.errors import RefusalError
from handlers.cards import ids
from tests.office import Json, is_open, key_of, shown

PATIENCE: Final = 0.4
"""Seconds after which somebody tries again what had no effect."""
STOP: Final = "Stop the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody pressed or sent what answers a request, and Slack was told that it arrived."""

    by: str
    request_id: str


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Everybody in one channel. `started` and `attempts` are what the bot acknowledged."""

    sandbox: Sandbox
    channel: str
    seed: str
    patience: float
    """Seconds after which they give everything up."""
    leaves_open: frozenset[str] = frozenset()
    """Orders whose last question nobody answers."""
    stops: frozenset[str] = frozenset()
    """Orders that are stopped while they wait."""
    race: bool = False
    """Whether all who may approve something do so at the same moment."""
    started: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    _at_the_keyboard: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def order(self, *orders: str) -> None:
        """Order all of these, and answer whatever is asked until nothing is left to answer. Raises `TimeoutError`."""
        async with asyncio.timeout(self.patience), asyncio.TaskGroup() as group:
            ordering = [group.create_task(self._start(order)) for order in orders]
            answering = group.create_task(self._answer_everything(group))
            await asyncio.gather(*ordering)
            await self._over()
            answering.cancel()

    async def _start(self, order: str) -> None:
        """Type the command until it is taken. What failed may have been taken all the same: the next is another one."""
        ana, tried = self.sandbox.person("ana"), 0
        await self.sandbox.until(lambda: self.sandbox.connections, timeout=2 * self.patience)
        while True:
            text = f"{order}-{tried}" if tried else order
            answer = await ana.command(f"/agent order {text}", channel=self.channel)
            if answer is not None and "Starting" in shown(answer):
                self.started.append(text)
                return
            tried += 1
            await asyncio.sleep(PATIENCE * tried)  # each may have been taken, and is one more to be served

    async def _over(self) -> None:
        """Wait until everything that was started has come to its end, as far as people can see."""
        await self.sandbox.until(
            lambda: len(self._roots()) >= len(self.started) and all(map(self._rests, self._roots())),
            timeout=2 * self.patience,
        )

    def _rests(self, root: Json) -> bool:
        if any(words in shown(root) for words in ("Finished", "stopped", "Failed")):
            return True
        cards = [card for card in self._cards() if card["thread_ts"] == root["ts"] and is_open(card)]
        return bool(cards) and all(self._left(card) for card in cards)

    def _left(self, card: Json) -> bool:
        return "customer" in shown(card) and any(_is_about(card, order) for order in self.leaves_open)

    def _roots(self) -> list[Json]:
        return [message for message in self._messages() if key_of(message).startswith("thread:")]

    def _cards(self) -> list[Json]:
        return [message for message in self._messages() if key_of(message).startswith("request:")]

    def _messages(self) -> list[Json]:
        return self.sandbox.messages(self.channel)

    # Answering.

    async def _answer_everything(self, group: asyncio.TaskGroup) -> None:
        seen: set[str] = set()

        def unseen() -> list[Json]:
            return [c for c in self._cards() if c["ts"] not in seen and is_open(c) and not self._left(c)]

        while True:
            if await self._look_again(PATIENCE, unseen):
                for card in unseen():
                    seen.add(card["ts"])
                    group.create_task(self._settle(card))

    async def _settle(self, card: Json) -> None:
        """Do the thing until the card is closed, and once more when it is too late."""
        chance = Random(f"{self.seed} {card['text']}")
        act = self._act(card, chance)
        if chance.random() < 0.3:
            await self._press(chance.choice(self._bystanders()), card, "Approve")
        while is_open(self._now(card)):
            with suppress(RefusalError):  # a message that was there twice is taken back while somebody reaches for it
                await act(self._now(card))
            await self._look_again(PATIENCE, lambda: not is_open(self._now(card)))
            act = self._plainly if act == self._say else act
        if chance.random() < 0.3:
            await self._press("carla", card, "Approve")
            await self._press(chance.choice(("ana", "ben")), card, "Approve")

    def _act(self, card: Json, chance: Random) -> Callable[[Json], Awaitable[object]]:
        if any(_is_about(card, order) for order in self.stops):
            return self._stop
        if "customer" in shown(card):
            return chance.choice((self._say, self._plainly))
        if self.race:
            return self._both_approve
        return chance.choice(
            (self._approve, self._approve_twice, self._both_approve, self._edit, self._reject, self._disagree)
        )

    async def _approve(self, card: Json) -> None:
        await self._press("ben", card, "Approve")

    async def _approve_twice(self, card: Json) -> None:
        await asyncio.gather(self._press("ben", card, "Approve"), self._press("ben", card, "Approve"))

    async def _both_approve(self, card: Json) -> None:
        await asyncio.gather(self._press("ana", card, "Approve"), self._press("ben", card, "Approve"))

    async def _edit(self, card: Json) -> None:
        typed = {"Amount": "25"} if "Pay" in shown(card) else {"Parcel": "large"}
        await self._fill_in("ben", card, "Edit…", typed)

    async def _reject(self, card: Json) -> None:
        await self._fill_in("ana", card, "Reject…", {})

    async def _disagree(self, card: Json) -> None:
        await asyncio.gather(self._reject(card), self._edit(card), self._press("carla", card, "Approve"))

    async def _say(self, card: Json) -> None:
        await self.sandbox.person("ana").say("It is on its way", channel=self.channel, thread_ts=card["thread_ts"])

    async def _plainly(self, card: Json) -> None:
        await self._fill_in("ben", card, "Answer…", {"Your answer": "It has left"})

    async def _stop(self, card: Json) -> None:
        async with self._typing("ana") as ana:
            await ana.choose(card, STOP)
            if await self._look_again(PATIENCE, lambda: ana.modal):
                await ana.submit()

    async def _press(self, name: str, card: Json, label: str) -> None:
        try:
            button = self.sandbox.person(name).button(card, label)
        except AssertionError:
            return  # this question has no such button
        with suppress(RefusalError):  # as above
            if await self.sandbox.person(name).press(card, label) is None:
                self.attempts.append(Attempt(by=self.sandbox.person(name).id, request_id=button["value"]))

    async def _fill_in(self, name: str, card: Json, label: str, typed: dict[str, Any]) -> None:
        async with self._typing(name) as person:
            await person.press(card, label)
            asked = key_of(card).removeprefix("request:")
            await self._look_again(PATIENCE, lambda: _form_of(person) == asked)
            if _form_of(person) == asked and await person.submit(typed) == {}:
                self.attempts.append(Attempt(by=person.id, request_id=asked))

    @asynccontextmanager
    async def _typing(self, name: str) -> AsyncIterator[Person]:
        """Have somebody to oneself: nobody fills in two modals at a time."""
        person = self.sandbox.person(name)
        async with self._at_the_keyboard.setdefault(name, asyncio.Lock()):
            yield person
            while person.modal is not None:
                await person.close_modal(everything=True)

    def _now(self, card: Json) -> Json:
        """The card as it is shown now; one that was deleted has no buttons."""
        return next((now for now in self._cards() if now["ts"] == card["ts"]), {})

    def _bystanders(self) -> list[str]:
        return ["carla", "dan", "eve"] if self.channel == "shared" else ["carla", "dan"]

    async def _look_again(self, seconds: float, condition: Callable[[], object] = lambda: False) -> bool:
        """Wait until the condition holds, or for so long."""
        try:
            await self.sandbox.until(condition, timeout=seconds)
        except AssertionError:
            return False
        return True


def _is_about(card: Json, order: str) -> bool:
    return re.search(rf"\b{order}\b", card["text"]) is not None


def _form_of(person: Person) -> str | None:
    """Which request the form is about that somebody has before them; what they pressed long ago may come up late."""
    if person.modal is None or person.modal["callback_id"] != ids.ANSWER:
        return None
    about = ids.parse_view_ref(person.modal["private_metadata"])
    return about.request_id if about is not None else None
