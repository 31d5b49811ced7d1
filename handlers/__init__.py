"""Everything between Slack and the runtime. A listener parses, calls one use case, acknowledges, says what came of it.

Inwards: `commands`, `shortcuts`, `actions`, `handing`, `views`, `messages`, `home`, in the order a person meets
them, then `guard` for the rest. Outwards: `board` draws what the ledger says, `slack` is the one way out. `cards` turns
payloads into Block Kit and answers back into values.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from handlers import actions, commands, guard, handing, home, messages, shortcuts, views
from handlers.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every listener; Bolt takes the first that fits, so what comes most often comes first."""

    @app.middleware
    async def speak(context: AsyncBoltContext, body: Mapping[str, Any], next_: Callable[[], Awaitable[Any]]) -> None:
        """Answer people in their language. Most events get no answer, and waiting would mix up their order."""
        if context.user_id and body.get("type") != "event_callback":
            await desk.speak_to(context.user_id)
        await next_()

    for room in (actions, commands, shortcuts, handing, views, messages, home, guard):
        room.register(app, desk)
