"""A small Slack on localhost, for tests and for people without a Slack workspace.

It plays Slack over real HTTP and WebSocket and refuses what Slack refuses. It imports nothing of the bot, so that
the two can only agree by both following Slack.

    async with Sandbox() as sandbox:
        ...  # connect a bot: sandbox.api_url, sandbox.bot_token, sandbox.app_token
        ana = sandbox.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await sandbox.until(lambda: sandbox.messages("refunds")[0])
        await ana.press(card, "Approve")
"""

from bot.sandbox.blockkit import Problem, check_message, check_view
from bot.sandbox.driver import Person
from bot.sandbox.errors import NotPossibleError
from bot.sandbox.faults import Fault
from bot.sandbox.page_api import ProcessControl
from bot.sandbox.server import Sandbox
from bot.sandbox.traffic import Call, Delivery

__all__ = [
    "Call",
    "Delivery",
    "Fault",
    "NotPossibleError",
    "Person",
    "Problem",
    "ProcessControl",
    "Sandbox",
    "check_message",
    "check_view",
]
