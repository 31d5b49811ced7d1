"""Logs of the command line: one line per event, and nothing in it that opens a door.

Libraries log through `logging.getLogger(__name__)` and configure nothing; this module is called once, by the CLI.
Secrets are masked in the finished text, so it does not matter whether they came in a message, an argument, an exception
or the traceback under it.
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

_MASKS = (
    # Tokens: the kind stays readable.
    (re.compile(r"\b(xox[a-z]|xapp|xwfp)[-.][\w.-]+"), r"\1-***"),
    # A response_url lets its holder post for 30 minutes, a Socket Mode ticket listen once.
    (re.compile(r"(https?://hooks\.slack(?:-gov)?\.com/\w+)/[^\s\"'<>]*"), r"\1/***"),
    (re.compile(r"(response_url[\"']?\s*[:=]\s*[\"']?)[^\s\"'<>&]+"), r"\1***"),
    (re.compile(r"([?&]ticket=)[^\s&\"'<>]+"), r"\1***"),
    # A password may hold an @ that should have been %40; the last @ before the path ends it.
    (re.compile(r"(mongodb(?:\+srv)?://[^:@/\s]*):[^/\s\"']*@"), r"\1:***@"),
)
_TALKATIVE = frozenset({"aiohttp", "asyncio", "motor", "pymongo", "slack_bolt", "slack_sdk"})
"""Libraries whose lines below WARNING are dropped: Slack's log whole request bodies there, and Bolt gives each of its
loggers a level of its own, so that setting one on `slack_bolt` would change nothing."""


def configure_logging(level: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Sends records of `level` ("debug" to "error") and above to `stream` (stderr); what was configured before is gone.

    `secrets` are masked wherever they appear, beside everything that looks like one.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(MaskingFormatter(secrets))
    handler.addFilter(_is_wanted)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _is_wanted(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] not in _TALKATIVE


class MaskingFormatter(logging.Formatter):
    """`2026-11-21T08:41:00+0100 INFO    handlers.actions: text`, a traceback indented below it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
        # Longest first: a secret that contains another one is masked whole.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """On one line: what somebody wrote in Slack cannot pass for a line of the log."""
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\n", "\n  ")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for pattern, mask in _MASKS:
            text = pattern.sub(mask, text)
        return text
