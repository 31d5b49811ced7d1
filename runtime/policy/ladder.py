"""What happens while nobody answers: a reminder, direct messages, others who may answer too, and at last a decision."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from runtime.policy.times import business_hours


class Rung(StrEnum):
    """A step of the ladder, in order."""

    REMIND = "remind"
    """Say in the conversation that the question is still open."""
    MESSAGE = "direct_message"
    """Tell everybody who may answer."""
    ESCALATE = "escalate"
    """Let others answer too, and tell them."""
    DECIDE = "deadline"
    """Decide in place of people."""


SHARES = {Rung.REMIND: 1 / 2, Rung.MESSAGE: 3 / 4, Rung.ESCALATE: 7 / 8}
"""When a rung's turn is, as a share of the deadline, where nobody says."""


class Step(NamedTuple):
    """A rung, and when its turn is."""

    rung: Rung
    after: float
    """Seconds since the question was asked, business hours only where there are such."""


def ladder(given: dict[Rung, float], *, deadline: float | None, escalates: bool) -> tuple[Step, ...]:
    """The steps in order: those given, and with a deadline the others at their share of it. None comes after it."""
    return tuple(sorted(_steps(given, deadline, escalates=escalates), key=lambda step: step.after))


def _steps(given: dict[Rung, float], deadline: float | None, *, escalates: bool) -> Iterator[Step]:
    for rung, share in SHARES.items():
        if rung is Rung.ESCALATE and not escalates:
            continue
        after = given.get(rung, deadline * share if deadline else None)
        if after is not None and (deadline is None or after < deadline):
            yield Step(rung, after)
    if deadline is not None:
        yield Step(Rung.DECIDE, deadline)


def moments(steps: tuple[Step, ...], asked_at: float, hours: str) -> tuple[float, ...]:
    """When each step's turn is, in epoch seconds. `hours`: business hours, or nothing."""
    if not hours:
        return tuple(asked_at + step.after for step in steps)
    at_work = business_hours(hours)
    return tuple(at_work.after(asked_at, step.after) for step in steps)
