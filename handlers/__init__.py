"""Everything between Slack and the runtime. A listener parses, calls one use case, acknowledges, says what came of it.

Inwards: `commands`, `shortcuts`, `actions`, `views`, `messages`, `home`, in the order a person meets them, then `guard`
for the rest. Outwards: `board` draws what the ledger says, `slack` is the one way out. `cards` turns payloads into
Block Kit and answers back into values.
"""

from slack_bolt.async_app import AsyncApp

from handlers import actions, commands, guard, home, messages, shortcuts, views
from handlers.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every listener; Bolt asks them in this order and takes the first that fits."""
    for room in (commands, shortcuts, actions, views, messages, home, guard):
        room.register(app, desk)
