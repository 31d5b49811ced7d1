"""Every sentence people read, in the language of whoever reads it: `words.APPROVE` is the one of the present catalogue.

A catalogue is a module with the names that `english` has; what one lacks is taken from there. Words are looked up
when they are used, so none may be kept in a constant or a default. What is stored is stored in English.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal

from handlers.cards.words import english, korean

if TYPE_CHECKING:
    from handlers.cards.words.english import *  # noqa: F403 - all of its names are found here, in some language

Language = Literal["en", "ko"]
"""As BCP 47 calls it."""
CATALOGUES: Final[Mapping[Language, ModuleType]] = {"en": english, "ko": korean}
_present: ContextVar[Language] = ContextVar("present", default="en")
_STORED: Final = (
    *("APPROVE", "EDIT", "REJECT", "ANSWER", "DECLINE", "FILL_IN", "CHOOSE", "RESPOND", "IGNORE", "YES", "NO"),
    *("APPROVE_ALL", "REJECT_ALL", "DECIDE_EACH", "APPROVE_WITH_CHANGES", "SUBMIT"),
)
"""Labels that decisions may be stored with."""
LABELS: Final = {getattr(catalogue, name): name for catalogue in CATALOGUES.values() for name in _STORED}
"""Their names, by what they are called in any language."""


def use(language: Language) -> None:
    """Speak a language from here on: for the rest of a task, and in those it starts."""
    _present.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language for a while."""
    before = _present.set(language)
    try:
        yield
    finally:
        _present.reset(before)


def language_of(locale: str) -> Language | None:
    """The language for a locale such as `ko-KR`; None where there is no catalogue for it."""
    spoken = locale.partition("-")[0].lower()
    return next((language for language in CATALOGUES if language == spoken), None)


def translated(label: str) -> str:
    """A label of ours, in whatever language it is, in the present one; anybody else's as it is."""
    return str(_look_up(LABELS[label])) if label in LABELS else label


def in_english(label: str) -> str:
    """A label of ours as it is stored, whatever the language of who pressed it; anybody else's as it is."""
    return str(getattr(english, LABELS[label])) if label in LABELS else label


def _look_up(name: str) -> object:
    return getattr(CATALOGUES[_present.get()], name, None) or getattr(english, name)


if not TYPE_CHECKING:
    __getattr__ = _look_up
