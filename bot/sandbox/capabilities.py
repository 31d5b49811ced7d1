"""The short-lived rights Slack hands out: trigger ids (one modal, 3 s) and response urls (5 uses, 30 min)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bot.sandbox.errors import RefusalError
from bot.sandbox.persistence import Documents

RESPONSE_USES = 5
RESPONSE_SECONDS = 30 * 60.0
_KEEP_TRIGGERS = 1000  # enough to tell an old trigger from an invented one


@dataclass(slots=True)
class _Trigger:
    user: str
    issued: float
    in_modal: bool
    used: bool = False


class Triggers:
    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._seconds = seconds
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str, *, in_modal: bool = False) -> str:
        trigger_id = f"{int(self._now() * 1000)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = _Trigger(user, self._now(), in_modal)
        if len(self._issued) > _KEEP_TRIGGERS:
            del self._issued[next(iter(self._issued))]
        return trigger_id

    def exchange(self, trigger_id: str, *, from_modal: bool = False) -> str:
        """The user who may be shown a view now; the trigger is spent. `from_modal`: views.push asks for that."""
        trigger = self._issued.get(trigger_id)
        if trigger is None or (from_modal and not trigger.in_modal):
            raise RefusalError("invalid_trigger_id")
        if trigger.used:
            raise RefusalError("exchanged_trigger_id")
        if self._now() - trigger.issued > self._seconds:
            raise RefusalError("expired_trigger_id")
        trigger.used = True
        return trigger.user


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """Who interacted where. `ts` is the message interacted with, if any; `ephemeral` says which sort it was."""

    user: str
    channel: str
    issued: float
    ts: str | None = None
    ephemeral: bool = False
    uses: int = 0


class ResponseUrls:
    def __init__(self, documents: Documents, now: Callable[[], float]) -> None:
        self._documents = documents
        self._now = now
        self._issued = {key: ResponseUrl(**body) for key, body in documents.all("response_url").items()}

    def issue(self, user: str, channel: str, *, ts: str | None = None, ephemeral: bool = False) -> str:
        """The secret last part of a new response_url."""
        key = secrets.token_urlsafe(18)
        self._issued[key] = ResponseUrl(user=user, channel=channel, issued=self._now(), ts=ts, ephemeral=ephemeral)
        self._documents.put("response_url", key, asdict(self._issued[key]))
        return key

    def use(self, key: str) -> ResponseUrl:
        target = self._issued.get(key)
        if target is None or self._now() - target.issued > RESPONSE_SECONDS:
            raise RefusalError("expired_url")
        if target.uses >= RESPONSE_USES:
            raise RefusalError("used_url")
        target.uses += 1
        self._documents.put("response_url", key, asdict(target))
        return target
