"""Every sentence people read, in the language of whoever reads it: `words.APPROVE` is the one of the present catalogue.

A catalogue is a module with the names that `english` has; what one lacks is taken from there. Words are looked up
when they are used, so none may be kept in a constant or a default. What is stored is stored in English.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Final

from handlers.cards.words import english

if TYPE_CHECKING:
    from handlers.cards.words.english import *  # noqa: F403 - all of its names are found here, in some language

CATALOGUES: Final[Mapping[str, ModuleType]] = {"en": english}
"""By the language of their words, as BCP 47 calls it."""
ENGLISH: Final = "en"
_present: ContextVar[str] = ContextVar("present", default=ENGLISH)
_LABELS: Final = (
    *("APPROVE", "EDIT", "REJECT", "ANSWER", "DECLINE", "FILL_IN", "CHOOSE", "RESPOND", "IGNORE", "YES", "NO"),
    *("APPROVE_ALL", "REJECT_ALL", "DECIDE_EACH", "APPROVE_WITH_CHANGES", "SUBMIT"),
)
"""Labels of buttons that decisions may be stored with."""
_NAMES: Final = {getattr(catalogue, name): name for catalogue in CATALOGUES.values() for name in _LABELS}


def use(language: str) -> None:
    """Speak a language from here on: for the rest of a task, and in those it starts."""
    _present.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language for a while."""
    before = _present.set(language)
    try:
        yield
    finally:
        _present.reset(before)


def language_of(locale: str) -> str | None:
    """The language for a locale such as `ko-KR`; None where there is no catalogue for it."""
    language = locale.partition("-")[0].lower()
    return language if language in CATALOGUES else None


def translated(label: str) -> str:
    """A label of ours, in whatever language it is, in the present one; anybody else's as it is."""
    return _said(_NAMES[label]) if label in _NAMES else label


def in_english(label: str) -> str:
    """A label of ours as it is stored, whatever the language of who pressed it; anybody else's as it is."""
    return str(getattr(english, _NAMES[label])) if label in _NAMES else label


def _said(name: str) -> str:
    return str(_look_up(name))


def _look_up(name: str) -> object:
    return getattr(CATALOGUES[_present.get()], name, None) or getattr(english, name)


if not TYPE_CHECKING:
    __getattr__ = _look_up
