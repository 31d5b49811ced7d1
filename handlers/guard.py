"""What no listener wanted, and errors nobody expected.

A listener that fails tells nobody's secrets and loses nothing: what counts was stored before it failed, or nothing was.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from handlers.cards import words
from handlers.desk import Desk
from runtime.requests.records import Person

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
    async def failed(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        logger.error("a listener failed", exc_info=error)
        return _apology(desk, body)


def _apology(desk: Desk, body: Mapping[str, Any]) -> BoltResponse:
    """Say that it did not work: in the modal at hand, in the answer to a command, else in a direct message.

    An event gets an error, so that Slack sends it again.
    """
    match body:
        case {"type": "view_submission", "view": {"blocks": [*blocks]}}:
            inputs = [block["block_id"] for block in blocks if block.get("type") == "input"]
            answer = {"response_action": "errors", "errors": dict.fromkeys(inputs[:1], words.TRY_AGAIN)}
            return BoltResponse(status=200 if inputs else 500, body=json.dumps(answer) if inputs else "")
        case {"command": _}:
            return BoltResponse(status=200, body=words.TRY_AGAIN)
        case {"type": "block_actions", "user": {"id": str(user)}}:
            desk.later(desk.slack.say(user, words.TRY_AGAIN), Person(team=desk.team, id=user))
            return BoltResponse(status=200, body="")
        case _:
            return BoltResponse(status=500, body="")
