"""What happens to a bot, or to its way to the database, at which of its writes.

Guards are there for moments that hardly ever come. An accident waits for such a moment and makes use of it, so that it
comes in every run, however fast the machine is.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write that a bot is about to make."""

    collection: str = ""
    """Where the document is; empty for the log of a thread."""
    id: str = ""
    expect: Mapping[str, Any] = field(default_factory=dict)
    """What must be true of it for the write to count: of a log, its `head`."""
    change: Mapping[str, Any] = field(default_factory=dict)


Which = Callable[[Write], bool]


def each(_: Write) -> bool:
    """Every write there is."""
    return True


def commits(write: Write, since: int = 0) -> bool:
    """Appends to a log that has so many entries at least: what commits a step of a run."""
    return int(write.expect.get("head", -1)) >= since


def decides(write: Write) -> bool:
    """Takes somebody's answer to a request."""
    return write.collection == "requests" and write.change.get("status") == "decided"


def notes_where(write: Write) -> bool:
    """Notes where a message is that has just been posted, as was intended."""
    return write.collection == "posts" and write.expect.get("revision") == 1


@dataclass(slots=True, kw_only=True)
class Accident:
    """Happens at one write, to the bot that makes it: of several that have the accident in common, to the first.

    The bot dies. Or its network stalls, until another bot has committed what this one was about to.
    """

    write: int
    """From 1; 0 for never."""
    counts: Which = each
    landed: bool = False
    """Whether the bot dies after the write took effect, or before."""
    stall: float = 0.0
    """Seconds for which the network stalls at most; 0: the bot dies."""
    happened: asyncio.Event = field(default_factory=asyncio.Event)
    _so_far: int = 0

    def strikes(self, write: Write) -> bool:
        """Whether it happens now."""
        if not self.counts(write):
            return False
        self._so_far += 1
        if self._so_far == self.write:
            self.happened.set()
        return self._so_far == self.write


NEVER: Final = Accident(write=0)


@dataclass(slots=True, kw_only=True)
class Meeting:
    """Bots that are about to write to the same place wait for each other: whatever both have read is out of date then.

    Who is alone there goes on after some `seconds`.
    """

    counts: Which
    seconds: float
    _waiting: dict[tuple[str, str], asyncio.Event] = field(default_factory=dict)

    async def wait(self, write: Write) -> None:
        """Wait, if this write counts."""
        if not self.counts(write):
            return
        place = write.collection, write.id
        if place in self._waiting:
            self._waiting.pop(place).set()
            return
        met = self._waiting[place] = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await met.wait()
        if not met.is_set():
            del self._waiting[place]
