"""Whom a policy speaks about, as the runtime needs to know them. The surface implements it; here is only the shape."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from runtime.requests.records import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What kind of account somebody has."""

    guest: bool = False
    """Invited to a few conversations, no full member."""
    stranger: bool = False
    """Of another organisation, in a shared conversation."""
    deactivated: bool = False
    bot: bool = False


class LookupFailedError(Exception):
    """The surface could not say who somebody is, or who belongs to `what`."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"could not look up {self.what}"


class Directory(Protocol):
    """Answers within a second or two, from memory where that is no older than it says. Raises `LookupFailedError`."""

    async def account(self, person: Person) -> Account:
        """Say what kind of account somebody has."""
        ...

    async def group(self, group: str, max_age: float) -> Collection[str]:
        """Ids of the members of a user group, by its id or `@handle`; known for at most `max_age` seconds."""
        ...

    async def channel(self, channel: str, max_age: float) -> Collection[str]:
        """Ids of the members of a conversation; known for at most `max_age` seconds."""
        ...

    async def conversation(self, name: str) -> str:
        """Id of the conversation called `#name`, of those that the app is in. May take longer than the others."""
        ...


class NoDirectory:
    """Where there is nothing to look anybody up in: everybody is an ordinary member, and no group is known."""

    async def account(self, person: Person) -> Account:  # noqa: ARG002 - it knows nobody
        """An ordinary member."""
        return Account()

    async def group(self, group: str, max_age: float) -> Collection[str]:  # noqa: ARG002 - it knows none
        """No group can be looked up."""
        raise LookupFailedError(group)

    async def channel(self, channel: str, max_age: float) -> Collection[str]:  # noqa: ARG002 - it knows none
        """No conversation can be looked up."""
        raise LookupFailedError(channel)

    async def conversation(self, name: str) -> str:
        """No conversation can be looked up."""
        raise LookupFailedError(name)
