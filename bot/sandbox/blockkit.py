from __future__ import annotations

from typing import Any, NamedTuple


class Problem(NamedTuple):
    pointer: str
    message: str


def check_message(payload: Any) -> list[Problem]:
    return []


def check_view(view: Any) -> list[Problem]:
    return []
