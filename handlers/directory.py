"""Who people are and who belongs to what, as Slack says: remembered for a while, and never guessed.

A click has to be acknowledged within three seconds, so a lookup gives up long before, and whoever asked refuses.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.calls import SlackRefusedError, SlackUncertainError
from handlers.slack import Slack
from runtime.policy.audience import FRESH, MAX_AGE
from runtime.policy.directory import Account, LookupFailedError
from runtime.requests.records import Person
from runtime.requests.slots import Aside

LOOKUP_SECONDS: Final = 1.0
LOCALE_SECONDS: Final = 0.5
"""Less: whoever waits for it has more to look up."""
REMEMBERED: Final = 10_000
"""Lookups kept in memory; the oldest goes first."""


@dataclass(slots=True)
class SlackDirectory:
    """Implements `runtime.policy.directory.Directory`. One per process."""

    slack: Slack
    clock: Callable[[], float]
    team: str
    lookup_seconds: float = LOOKUP_SECONDS
    _known: dict[str, tuple[float, Any]] = field(default_factory=dict)
    """When it was looked up, and what Slack said, by kind and id."""

    _asked: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    """Lookups under way: whoever wants to know the same waits for the same call."""

    async def account(self, person: Person) -> Account:
        """Look up what kind of account somebody has."""
        user = await self._user(person.id)
        elsewhere = user.get("team_id", self.team) != self.team and not user.get("enterprise_user")
        return Account(
            guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            stranger=bool(user.get("is_stranger")) or elsewhere,
            deactivated=bool(user.get("deleted")),
            bot=bool(user.get("is_bot")),
        )

    async def locale(self, user: str) -> str:
        """Look up somebody's locale, such as `ko-KR`; where Slack does not say it soon, the last known, or empty."""
        try:
            async with asyncio.timeout(LOCALE_SECONDS):
                known = await self._user(user)
        except (LookupFailedError, TimeoutError):
            _, known = self._known.get(_user_key(user), (0.0, None))
        return str((known or {}).get("locale") or "")

    async def _user(self, user: str) -> Mapping[str, Any]:
        known: Mapping[str, Any] = await self._lookup(
            _user_key(user), f"<@{user}>", MAX_AGE, lambda: self.slack.user(user)
        )
        return known

    async def group(self, group: str, max_age: float) -> Collection[str]:
        """Look up the members of a user group."""
        group_id = await self._group_id(group) if group.startswith("@") else group
        shown = group if group.startswith("@") else f"<!subteam^{group}>"
        members: Collection[str] = await self._lookup(
            f"group {group_id}", shown, max_age, lambda: self.slack.group_members(group_id)
        )
        return members

    async def channel(self, channel: str, max_age: float) -> Collection[str]:
        """Look up the members of a conversation."""
        shown = channel if channel.startswith("#") else f"<#{channel}>"
        members: Collection[str] = await self._lookup(
            f"channel {channel}", shown, max_age, lambda: self.slack.channel_members(channel)
        )
        return members

    async def conversation(self, name: str) -> str:
        """Find a channel that the bot is in. It may have been invited just now, so Slack is asked each time."""
        try:
            return (await self.slack.channels())[name]
        except (SlackRefusedError, SlackUncertainError, KeyError) as problem:
            raise LookupFailedError(name) from problem

    async def _group_id(self, handle: str) -> str:
        """Find a group by its handle; one that is not among those known may be new."""
        for max_age in (MAX_AGE, FRESH):
            groups = await self._lookup("groups", handle, max_age, self.slack.groups)
            if handle in groups:
                return str(groups[handle])
        raise LookupFailedError(handle)

    async def _lookup(self, key: str, shown: str, max_age: float, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Remember or ask. `shown`: what is looked up, in mrkdwn."""
        at, known = self._known.get(key, (0.0, None))
        if known is not None and self.clock() - at < max_age:
            return known
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask(key, ask))
        async with Aside():
            found = await asyncio.shield(self._asked[key])
        if isinstance(found, Exception):
            raise LookupFailedError(shown) from found
        return found

    async def _ask(self, key: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """What Slack says, or why it does not."""
        try:
            async with asyncio.timeout(self.lookup_seconds):
                known = await ask()
        except (SlackRefusedError, SlackUncertainError, TimeoutError) as problem:
            return problem
        finally:
            del self._asked[key]
        self._known.pop(key, None)
        self._known[key] = self.clock(), known
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return known


def _user_key(user: str) -> str:
    return f"user {user}"
