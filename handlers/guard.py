"""What stands between Slack and the listeners: payloads of an odd shape, and errors nobody expected.

Everything that gets past here is of Slack's shape. A listener that fails tells nobody's secrets and loses nothing: what
counts was stored before it failed, or nothing was.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from handlers.cards import words
from handlers.desk import Desk
from handlers.payloads import MalformedError

logger = logging.getLogger(__name__)


def register(app: AsyncApp, desk: Desk) -> None:
    """Register last: the catch-alls take what no listener wanted."""

    @app.event(re.compile(".*"))
    async def ignored() -> None:
        """Slack sends more than we need; an unanswered event would come again."""

    @app.command(re.compile(".*"))
    async def command(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack(words.UNKNOWN_COMMAND)

    @app.shortcut(re.compile(".*"))
    async def shortcut(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack()

    @app.error
    async def failed(error: Exception, body: Mapping[str, Any]) -> BoltResponse | None:
        if isinstance(error, MalformedError):
            logger.warning("refused a payload of type %s: no usable %s", _kind(body), error)
            return BoltResponse(status=400, body="")
        logger.error("a listener failed", exc_info=error)
        desk.later(_apologise(desk, body))
        return BoltResponse(status=200, body="") if _interactive(body) else BoltResponse(status=500, body="")


def _interactive(body: Mapping[str, Any]) -> bool:
    return body.get("type") in {"block_actions", "view_submission"} or "command" in body


async def _apologise(desk: Desk, body: Mapping[str, Any]) -> None:
    """Tell whoever did something that it did not work, where that can be known."""
    user = body.get("user")
    user_id = user.get("id") if isinstance(user, Mapping) else body.get("user_id")
    if isinstance(user_id, str):
        await desk.slack.say(user_id, words.TRY_AGAIN, thread_ts="")


def _kind(body: Mapping[str, Any]) -> str:
    kind = body.get("type", "command" if "command" in body else "unknown")
    return kind if isinstance(kind, str) and kind.isidentifier() else "unknown"
