"""Who is meant by the audiences of a request, and whether somebody is among them. Everything is looked up in here.

What is known of a group may be `MAX_AGE` old when it lets somebody in, so whoever leaves a group may answer that much
longer. Before it keeps somebody out it is looked up anew: whoever joins need not wait.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime.policy.directory import Directory
from runtime.policy.names import CHANNEL, REQUESTER, is_conversation, is_group
from runtime.policy.terms import Terms
from runtime.requests.records import Person

MAX_AGE: Final = 300.0
"""Seconds that members of a group may have been known for."""
FRESH: Final = 10.0
"""The same before somebody is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who may answer one request, as far as names go."""

    directory: Directory
    terms: Terms
    requester: Person
    channel: str

    async def admits(self, person: Person) -> bool:
        """Whether somebody may answer. Raises `LookupFailedError`."""
        return person.id in await self._members(MAX_AGE, person.id) or person.id in await self._members(
            FRESH, person.id
        )

    async def people(self) -> Sequence[str]:
        """Ids of all who may answer; empty where that is everybody. Raises `LookupFailedError`."""
        everybody = await self._members(MAX_AGE, "")
        return sorted(self._eligible(everybody))

    async def _members(self, max_age: float, person: str) -> frozenset[str]:
        """Ids of those who are in every audience; `person` is among them where there is none."""
        if not self.terms.audiences:
            return frozenset({person} - {""})
        sets = await asyncio.gather(*(self._audience(names, max_age) for names in self.terms.audiences))
        both = frozenset.intersection(*sets)
        return both if len(self._eligible(both)) >= self.terms.required else sets[0]

    def _eligible(self, people: frozenset[str]) -> frozenset[str]:
        return people - {self.requester.id} if self.terms.no_self_approval else people

    async def _audience(self, names: Sequence[str], max_age: float) -> frozenset[str]:
        found = await asyncio.gather(*(self._named(name, max_age) for name in names))
        return frozenset().union(*found)

    async def _named(self, name: str, max_age: float) -> frozenset[str]:
        if name == REQUESTER:
            return frozenset({self.requester.id})
        if name == CHANNEL:
            return frozenset(await self.directory.channel(self.channel, max_age))
        if is_conversation(name):
            return frozenset(await self.directory.channel(name, max_age))
        return frozenset(await self.directory.group(name, max_age)) if is_group(name) else frozenset({name})
