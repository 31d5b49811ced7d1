"""Faults a test or a person injects, between the sandbox and the bot, in either direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

METHOD_FAULTS = frozenset({"429", "500", "lost_reply", "slow", "drop", "unknown"})
DELIVERY_FAULTS = frozenset({"duplicate", "echo", "delay", "lose", "lose_ack"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault, for the next `times` matching calls or deliveries.

    On Web API calls: `method` is a method's name, `"response_url"`, or `"*"`; `kind` is `429` (answers
    `Retry-After: retry_after`), `500`, `lost_reply` (takes effect, then the connection closes without an answer),
    `drop` (closes without effect), `unknown` (there is no such method in this workspace) or `slow` (answers after
    `seconds`).
    On deliveries to the bot: `delivery` is `duplicate` (sent twice at once), `echo` (sent again after `seconds`),
    `delay` (sent after `seconds`: what comes later overtakes it), `lose` (never arrives) or `lose_ack` (the bot's
    acknowledgement is ignored); `kind` narrows it to one name, such as `block_actions`, `/agent`, `message` or
    `view_submission`.
    """

    method: str | None = None
    delivery: str | None = None
    kind: str | None = None
    after: int = 0
    """How many matching calls or deliveries are let pass first."""
    times: int = 1
    retry_after: int = 1
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if (self.method is None) == (self.delivery is None):
            raise ValueError("a fault needs either method= or delivery=")
        if self.method is not None and self.kind not in METHOD_FAULTS:
            raise ValueError(f"kind of a method's fault must be one of {sorted(METHOD_FAULTS)}, not {self.kind!r}")
        if self.delivery is not None and self.delivery not in DELIVERY_FAULTS:
            raise ValueError(f"delivery must be one of {sorted(DELIVERY_FAULTS)}, not {self.delivery!r}")

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Fault:
        """From the page's JSON; raises ValueError in words."""
        try:
            return cls(**body)
        except TypeError as error:
            raise ValueError(f"unknown fault field: {error}") from error


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def inject(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def heal(self) -> None:
        """Take back the faults that are still to come."""
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        return list(self._waiting)

    def for_method(self, method: str) -> Fault | None:
        return self._take(fault for fault in self._waiting if fault.method in (method, "*"))

    def for_delivery(self, delivery: str, name: str) -> Fault | None:
        return self._take(fault for fault in self._waiting if fault.delivery == delivery and fault.kind in (None, name))

    def _take(self, matching: Iterable[Fault]) -> Fault | None:
        fault = next(iter(matching), None)
        if fault is None:
            return None
        if fault.after > 0:
            fault.after -= 1
            return None
        fault.times -= 1
        if fault.times <= 0:
            self._waiting.remove(fault)
        return fault
