"""Lengths of time and business hours, as people write them: `1h 30m`, `Mon-Fri 09:00-17:30 Europe/Berlin`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"(\d+)\s*([smhdw])")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?P<days>\S+)\s+(?P<opens>\d{1,2}:\d\d)-(?P<closes>\d{1,2}:\d\d)(?:\s+(?P<zone>\S+))?")
_LONGEST: Final = 366 * 86_400


def seconds_of(text: str) -> float:
    """Read a length of time, in seconds. Raises `ValueError` in words."""
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _LENGTH.findall(text))
    if _LENGTH.sub("", text).strip() or not 0 < seconds <= _LONGEST:
        raise ValueError(f"{text!r} is no length of time up to a year; write 30m, 4h, 2d or 1h 30m")
    return float(seconds)


def length(seconds: float) -> str:
    """Write a length of time, as people write it."""
    parts, rest = [], round(seconds)
    for unit in ("d", "h", "m", "s"):
        number, rest = divmod(rest, _UNITS[unit])
        parts += [f"{number}{unit}"] if number else []
    return " ".join(parts) or "0s"


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When a team is at work. Holidays are work days: nobody told us of them."""

    days: frozenset[int]
    """0 is Monday."""
    opens: time
    closes: time
    zone: tzinfo

    def after(self, start: float, seconds: float) -> float:
        """Return the moment by which the team will have been at work for so long since `start`, as epoch seconds."""
        day = datetime.fromtimestamp(start, self.zone).date()
        while True:
            opens, closes = self._moment(day, self.opens), self._moment(day, self.closes)
            begins = max(start, opens)
            if day.weekday() in self.days and closes > begins:
                if seconds <= closes - begins:
                    return begins + seconds
                seconds -= closes - begins
            day += timedelta(days=1)

    def _moment(self, day: date, at: time) -> float:
        return datetime.combine(day, at, self.zone).timestamp()


def business_hours(text: str) -> BusinessHours:
    """Read business hours. Raises `ValueError` in words."""
    found = _HOURS.fullmatch(text.strip())
    example = "write Mon-Fri 09:00-17:30 Europe/Berlin"
    if found is None:
        raise ValueError(f"{text!r} are no business hours; {example}")
    opens, closes = _time(found["opens"]), _time(found["closes"])
    if opens >= closes:
        raise ValueError(f"{text!r} ends before it begins; {example}")
    return BusinessHours(_days(found["days"]), opens, closes, _zone(found["zone"]))


def _time(text: str) -> time:
    hours, minutes = map(int, text.split(":"))
    try:
        return time(hours, minutes)
    except ValueError:
        raise ValueError(f"{text!r} is no time of day; the last one is 23:59") from None


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        try:
            begin, end = DAYS.index(first), DAYS.index(last or first)
        except ValueError:
            raise ValueError(f"{part!r} are no days; they are {', '.join(day.title() for day in DAYS)}") from None
        days.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return frozenset(days)


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (LookupError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; they are called like Europe/Berlin") from None
