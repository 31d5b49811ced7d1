"""The record of what went between the sandbox and the bot, for tests and for the page. Tokens are masked."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.changes import Change, Changes

_PAGE_KEEPS = 500
_TESTS_KEEP = 10_000
_TOKEN = re.compile(r"(xox[a-z]|xapp)-[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One Web API call (or a post to a response_url, `method="response_url"`) and its answer."""

    method: str
    args: dict[str, Any]
    response: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver something to the bot.

    `kind` is `events_api`, `interactive` or `slash_commands`; `name` the event's, interaction's or command's.
    `error` is empty when the bot acknowledged, with `answer` if it sent one along.
    """

    kind: str
    name: str
    payload: dict[str, Any]
    attempt: int
    answer: Any
    error: str
    at: float

    @property
    def acked(self) -> bool:
        return not self.error


@dataclass(slots=True)
class Traffic:
    changes: Changes
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_TESTS_KEEP))
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=_TESTS_KEEP))
    _entries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_PAGE_KEEPS))
    _count: int = 0

    def called(self, call: Call, ms: float) -> None:
        self.calls.append(call)
        ok = bool(call.response.get("ok"))
        summary = "ok" if ok else str(call.response.get("error", "no answer"))
        self._enter(
            "from_bot", "api", call.method, ok, summary, request=call.args, response=call.response, at=call.at, ms=ms
        )

    def delivered(self, delivery: Delivery, ms: float) -> None:
        self.deliveries.append(delivery)
        summary = delivery.error or "acked"
        if delivery.attempt:
            summary += f" (retry {delivery.attempt})"
        self._enter(
            "to_bot",
            delivery.kind,
            delivery.name,
            delivery.acked,
            summary,
            request=delivery.payload,
            response=delivery.answer,
            at=delivery.at,
            ms=ms,
        )

    def after(self, number: int) -> list[dict[str, Any]]:
        return [entry for entry in self._entries if entry["n"] > number]

    def _enter(
        self,
        direction: Literal["to_bot", "from_bot"],
        kind: str,
        name: str,
        ok: bool,
        summary: str,
        **rest: Any,
    ) -> None:
        self._count += 1
        entry = {"n": self._count, "direction": direction, "kind": kind, "name": name, "ok": ok, "summary": summary}
        masked: dict[str, Any] = json.loads(_TOKEN.sub(r"\1-…", json.dumps({**entry, **rest}, default=str)))
        masked["ms"] = round(masked["ms"])
        self._entries.append(masked)
        self.changes.publish(Change(kind="traffic", body={"entry": masked}))
