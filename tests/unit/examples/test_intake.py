from typing import Any

import pytest

from runtime import InvalidAnswerError
from tests.examples_kit import Conversation, Talk, labels

FILLED: dict[str, Any] = {
    "Job_title": "Programmer",
    "About_them": "Wrote the first program.\nLikes horses.",
    "Team": "Engines",
    "First_day": "2026-03-02",
}


async def at_the_form(talk: Talk) -> Conversation:
    intake = talk("intake")
    await intake.write("Ada Lovelace")
    await intake.reply("36")
    return intake


@pytest.mark.parametrize("age", ["0", "36", " 150 "])
async def test_an_age_leads_to_the_form(talk: Talk, age: str) -> None:
    intake = talk("intake")
    await intake.write("Ada Lovelace")
    assert (intake.card.title, labels(intake.card)) == ("How old is Ada Lovelace?", ["Answer"])
    await intake.reply(age)
    assert (intake.card.title, labels(intake.card)) == ("Tell us about Ada Lovelace", ["Fill in", "Decline"])


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("old", "“old” is not a whole number."),
        ("36.5", "“36.5” is not a whole number."),
        ("-1", "“-1” is less than 0."),
        ("151", "“151” is more than 150."),
        ("9" * 5000, "“…” is not a whole number."),
        ("older than you would think, but younger than me", "“older than you would think, but younger…” is not"),
    ],
)
async def test_what_is_no_age_is_asked_for_again_with_the_reason(talk: Talk, answer: str, problem: str) -> None:
    intake = talk("intake")
    await intake.write("Ada Lovelace")
    await intake.reply(answer)
    assert intake.card.title.startswith(problem)
    assert intake.card.title.endswith("How old is Ada Lovelace?")


async def test_it_asks_as_often_as_it_takes(talk: Talk) -> None:
    intake = talk("intake")
    await intake.write("Ada Lovelace")
    for answer in ("old", "-1", "old", "old", "200"):
        await intake.reply(answer)
        assert intake.titles[0].startswith(f"“{answer}”")
    await intake.reply("36")
    assert intake.titles == ["Tell us about Ada Lovelace"]


async def test_the_summary_says_all_that_was_filled_in(talk: Talk) -> None:
    intake = await at_the_form(talk)
    await intake.press(
        "Fill in", **FILLED, Hours_a_week="20.5", Floor="3", Works_from_home="Yes", Languages="English\nFrench"
    )
    assert intake.outcome == (
        "Welcome, Ada Lovelace (36)!\n"
        "Programmer in Engines, 20.5 hours a week, from home, from 02 March 2026.\n"
        "Speaks English, French.\n"
        "Wrote the first program.\nLikes horses."
    )


async def test_what_is_left_as_it_was_has_its_default(talk: Talk) -> None:
    intake = await at_the_form(talk)
    await intake.press("Fill in", **FILLED)
    assert intake.outcome == (
        "Welcome, Ada Lovelace (36)!\n"
        "Programmer in Engines, 38.5 hours a week, on floor 1, from 02 March 2026.\n"
        "Wrote the first program.\nLikes horses."
    )


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        ("Job_title", "X", "Write at least 2 characters."),
        ("Job_title", None, "Fill this in."),
        ("About_them", "x" * 1001, "Write at most 1000 characters."),
        ("Team", "None", "Fill this in."),
        ("First_day", None, "Fill this in."),
        ("Hours_a_week", "0", "Enter more than 0."),
        ("Hours_a_week", "41", "Enter 40 or less."),
        ("Floor", "1.5", "Enter a whole number, for example 3."),
        ("Floor", "13", "Enter 12 or less."),
    ],
)
async def test_what_does_not_fit_is_an_error_at_its_field(
    talk: Talk, label: str, value: str | None, words: str
) -> None:
    intake = await at_the_form(talk)
    assert intake.refused("Fill in", **FILLED | {label: value}) == {label.replace("_", " "): words}


async def test_a_first_day_at_the_weekend_brings_the_form_back(talk: Talk) -> None:
    intake = await at_the_form(talk)
    with pytest.raises(InvalidAnswerError, match="Saturday is no working day, choose one from Monday to Friday"):
        await intake.press("Fill in", **FILLED | {"First_day": "2026-03-07"})
    await intake.recover()
    assert intake.titles == ["Tell us about Ada Lovelace"]
    await intake.press("Fill in", **FILLED)
    assert intake.outcome is not None


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("She left", "Ada Lovelace was not taken in. The form was declined: She left"),
        (None, "Ada Lovelace was not taken in. The form was declined."),
    ],
)
async def test_a_declined_form_takes_nobody_in(talk: Talk, reason: str | None, outcome: str) -> None:
    intake = await at_the_form(talk)
    await intake.press("Decline", Reason=reason)
    assert intake.outcome == outcome


async def test_the_next_member_is_asked_for_their_own_age(talk: Talk) -> None:
    intake = await at_the_form(talk)
    await intake.press("Decline")
    await intake.write("Charles Babbage")
    assert intake.titles == ["How old is Charles Babbage?"]
