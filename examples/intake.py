"""Take in a new member: ask for their age until the answer is one, then have a form filled in.

    /agent intake Ada Lovelace

Shows two ways to get good data from people. A plain question is answered in a reply; the node checks the answer and
asks again, saying what was wrong, in a `while` loop: each round is a question of its own, and a restart goes on where
it was. A form takes its inputs and limits from a pydantic model, and the node gets an instance of it back. What the
form itself cannot check, the model does: a first day at the weekend brings the form back with the reason.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from textwrap import shorten
from typing import Any

from pydantic import BaseModel, Field, field_validator

from runtime import END, START, StateGraph, interrupt
from runtime.hitl import Form

OLDEST = 150
SATURDAY = 5


class Team(StrEnum):
    """Where somebody works."""

    ENGINES = "Engines"
    PROOFS = "Proofs"
    POETRY = "Poetry"


class Profile(BaseModel):
    """What we need to know about a new member."""

    job: str = Field(title="Job title", min_length=2, max_length=80)
    about: str = Field(title="About them", max_length=1000, description="A few sentences for the team page.")
    team: Team
    first_day: date = Field(title="First day")
    hours: float = Field(default=38.5, title="Hours a week", gt=0, le=40)
    floor: int = Field(default=1, ge=0, le=12)
    remote: bool = Field(default=False, title="Works from home")
    languages: list[str] = Field(default_factory=list)

    @field_validator("first_day")
    @classmethod
    def on_a_working_day(cls, day: date) -> date:
        """Nobody is there to say hello at the weekend."""
        if day.weekday() >= SATURDAY:
            raise ValueError(f"{day:%A} is no working day, choose one from Monday to Friday")
        return day


@dataclass
class State:
    """One new member."""

    name: str
    age: int | None = None
    outcome: str = ""


def ask_age(state: State) -> dict[str, int]:
    """Ask until the answer is an age."""
    question = f"How old is {state.name}?"
    while True:
        answer = interrupt(question)
        try:
            return {"age": as_age(answer)}
        except ValueError as problem:
            question = f"“{shorten(answer, 40, placeholder='…')}” {problem}. How old is {state.name}?"


def as_age(answer: str) -> int:
    """A whole number of years. Raises ValueError with what is wrong, to stand after the answer."""
    try:
        age = int(answer)
    except ValueError:
        raise ValueError("is not a whole number") from None
    if age < 0:
        raise ValueError("is less than 0")
    if age > OLDEST:
        raise ValueError(f"is more than {OLDEST}")
    return age


def ask_profile(state: State) -> dict[str, Any]:
    """Have the form filled in, and sum it all up."""
    decision = interrupt(Form.of(Profile, title=f"Tell us about {state.name}"))
    if not decision.approved:
        why = f": {decision.reason}" if decision.reason else "."
        return {"outcome": f"{state.name} was not taken in. The form was declined{why}"}
    return {"outcome": summary(state, decision.value)}


def summary(state: State, profile: Profile) -> str:
    """Everything that was answered, as people read it."""
    where = "from home" if profile.remote else f"on floor {profile.floor}"
    lines = [
        f"Welcome, {state.name} ({state.age})!",
        f"{profile.job} in {profile.team}, {profile.hours:g} hours a week, {where}, from {profile.first_day:%d %B %Y}.",
        *([f"Speaks {', '.join(profile.languages)}."] if profile.languages else []),
        profile.about,
    ]
    return "\n".join(lines)


graph = (
    StateGraph(State)
    .add_node(ask_age)
    .add_node(ask_profile)
    .add_edge(START, "ask_age")
    .add_edge("ask_age", "ask_profile")
    .add_edge("ask_profile", END)
)
