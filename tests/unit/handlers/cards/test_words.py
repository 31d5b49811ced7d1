"""The catalogues say the same in each language, and nothing is stored in the language of whoever pressed it."""

import inspect
import re
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from handlers.cards import words
from handlers.cards.blocks import verdict_line
from handlers.cards.model import Reply, decide
from handlers.cards.payloads import compile_card
from handlers.cards.words import CATALOGUES, english
from runtime.requests.records import Verdict
from tests.cards_kit import AT, BEN

TRANSLATIONS = [catalogue for catalogue in CATALOGUES.values() if catalogue is not english]
KEPT = re.compile(r"<@?\w+>|\{[^{}]*\}|/(?:agent|invite)(?: (?:help|list|status|revoke))?|andon\.toml|\d+")
"""What no translation leaves out: mentions, what is put in, what is to be typed, numbers."""


def entries(catalogue: ModuleType) -> dict[str, Any]:
    """Constants and functions of a catalogue, by name."""
    return {
        name: value
        for name, value in vars(catalogue).items()
        if not name.startswith("_")
        and (isinstance(value, str | dict) or getattr(value, "__module__", "") == catalogue.__name__)
    }


def texts(value: object) -> Iterator[str]:
    """Every text in a constant, or the one that a function makes of an argument of each kind."""
    match value:
        case FunctionType():
            given = {one: sample(parameter) for one, parameter in inspect.signature(value).parameters.items()}
            yield from texts(value(**given))
        case dict():
            yield from texts([*value.values()])
        case tuple() | list():
            yield from (text for item in value for text in texts(item))
        case _:
            yield str(value)


def sample(parameter: inspect.Parameter) -> object:
    if parameter.annotation is Verdict:
        return Verdict.REJECTED
    if parameter.annotation in {int, bool}:
        return 3
    mention = f"<@{parameter.name}>"
    return [mention, "<@another>"] if "Sequence" in str(parameter.annotation) else mention


@pytest.mark.parametrize("catalogue", TRANSLATIONS)
def test_a_catalogue_has_the_names_kinds_and_signatures_of_the_english_one(catalogue: ModuleType) -> None:
    ours, theirs = entries(english), entries(catalogue)
    assert theirs.keys() == ours.keys()
    for name, value in ours.items():
        assert type(theirs[name]) is type(value), name
        if isinstance(value, FunctionType):
            assert inspect.signature(theirs[name]) == inspect.signature(value), name


@pytest.mark.parametrize("catalogue", TRANSLATIONS)
def test_a_translation_is_one_and_keeps_what_is_put_into_it(catalogue: ModuleType) -> None:
    theirs = entries(catalogue)
    for name, value in entries(english).items():
        for text, translation in zip(texts(value), texts(theirs[name]), strict=True):
            assert translation.strip(), name
            assert sorted(KEPT.findall(translation)) == sorted(KEPT.findall(text)), name
            assert translation != text or not re.search("[a-z]{2}", KEPT.sub("", text)), name


@pytest.mark.parametrize("catalogue", TRANSLATIONS)
def test_tables_have_the_same_keys(catalogue: ModuleType) -> None:
    tables = {name: value for name, value in vars(english).items() if isinstance(value, dict) and name[:2] != "__"}
    theirs = vars(catalogue)
    assert {name for name, table in tables.items() if theirs.get(name, table).keys() != table.keys()} == set()


@pytest.mark.parametrize("language", CATALOGUES)
def test_labels_of_buttons_differ_from_each_other(language: words.Language) -> None:
    """Else a stored label could not be told in another language."""
    with words.speaking(language):
        labels = [words.translated(label) for label in sorted({words.in_english(label) for label in words.LABELS})]
    assert len({*labels}) == len(labels)


def test_a_decision_is_stored_in_english_and_told_in_the_language_of_whoever_reads_it() -> None:
    call = {"action_request": {"action": "send", "args": {"to": "a"}}, "config": {"allow_ignore": True}}
    with words.speaking("ko"):
        card = compile_card([call, call])
        (ignore, *_) = card.actions
        assert ignore.label == "모두 거절"
        decision = decide(ignore, Reply(by=BEN, at=AT))
        assert verdict_line(decision).endswith("모두 거절")
    assert decision.label == "Reject all"
    assert verdict_line(decision).endswith("Reject all")
