"""The two ways the sandbox says no: to a program in Slack's error codes, to a person in words."""

from __future__ import annotations

from typing import Any


class RefusalError(Exception):
    """A Web API call is refused. `code` is Slack's error code; `extra` joins the answer's other fields."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.code, **self.extra}


class NotPossibleError(Exception):
    """A person tried something Slack would not let them do; the message is what they read."""


def refuse_arguments(*messages: str) -> RefusalError:
    """`invalid_arguments`, with the reasons where Slack puts them."""
    lines = [f"[ERROR] {message}" for message in messages]
    return RefusalError("invalid_arguments", response_metadata={"messages": lines})
