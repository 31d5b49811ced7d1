"""Which language to speak to whom: their own where Slack tells it, and one for what many read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from handlers.cards.words import Language, language_of


@dataclass(frozen=True, slots=True)
class Languages:
    """Knows the languages of people and conversations."""

    locale: Callable[[str], Awaitable[str]]
    """Somebody's locale, such as `ko-KR`, by their id; empty where nobody can tell soon."""
    shared: Language = "en"
    """For channels, and for people whose own is not known or not spoken here."""

    async def of(self, user: str) -> Language:
        """The language of a person."""
        return (language_of(await self.locale(user)) if user else None) or self.shared

    async def among(self, channel: str, user: str) -> Language:
        """The language of a conversation: of whoever asked for it where nobody else reads along."""
        return await self.of(user) if channel.startswith("D") else self.shared
