"""Lengths of time and business hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from runtime.policy.times import business_hours, length, seconds_of

HOUR = 3600.0
BERLIN = "Mon-Fri 09:00-17:00 Europe/Berlin"


def moment(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("4h", 14_400), ("1h 30m", 5400), ("1h30m", 5400), ("2d", 172_800)]
)
def test_a_length_of_time_is_read_and_written(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(length(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "4", "4 hrs", "-4h", "0m", "h", "400d", "4h and 2m"])
def test_what_is_no_length_of_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is no length of time up to a year; write 30m, 4h, 2d or 1h 30m"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-04 10:00", 2, "2026-03-04 12:00"),  # a Wednesday
        ("2026-03-04 06:00", 2, "2026-03-04 11:00"),
        ("2026-03-04 16:00", 2, "2026-03-05 10:00"),
        ("2026-03-06 16:00", 2, "2026-03-09 10:00"),  # over a weekend
        ("2026-03-07 12:00", 8, "2026-03-09 17:00"),
        ("2026-03-04 09:00", 40, "2026-03-10 17:00"),
        ("2026-03-27 16:00", 2, "2026-03-30 10:00"),  # over the change to summer time
    ],
)
def test_the_clock_runs_in_business_hours_only(start: str, hours: float, end: str) -> None:
    assert business_hours(BERLIN).after(moment(start), hours * HOUR) == moment(end)


def test_without_a_zone_hours_are_utc_and_days_can_be_listed() -> None:
    hours = business_hours("Sat-Mon,Wed 08:00-20:00")
    assert hours.zone is UTC
    assert hours.days == {5, 6, 0, 2}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("always", "'always' are no business hours; write Mon-Fri 09:00-17:30 Europe/Berlin"),
        ("Mon-Fri 17:00-09:00", "ends before it begins"),
        ("Mon-Fri 09:00-25:00", "'25:00' is no time of day"),
        ("Mon-Fry 09:00-17:00", "'mon-fry' are no days; they are Mon, Tue"),
        ("Mon-Fri 09:00-17:00 Berlin", "'Berlin' is no time zone"),
        ("Mon-Fri 09:00-17:00 ../../etc/passwd", "is no time zone"),
    ],
)
def test_what_are_no_business_hours_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace(".", "[.]")):
        business_hours(text)
