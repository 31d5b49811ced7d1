"""Bad weather between Slack and the bot: calls that fail in every way, deliveries doubled, late, overtaken and lost."""

from random import Random

from bot.sandbox import Fault

METHODS = ("chat.postMessage", "chat.update", "conversations.history", "conversations.replies", "views.open")
WAYS = ("429", "500", "slow", "drop", "lost_reply")
DELIVERIES = ("duplicate", "echo", "delay", "lose", "lose_ack")
NAMES = ("block_actions", "view_submission", "message", "/agent")


def faults(chance: Random, count: int) -> list[Fault]:
    """So many faults, each after some calls or deliveries that go well."""
    return [_fault(chance) for _ in range(count)]


def _fault(chance: Random) -> Fault:
    seconds, after = chance.choice((0.02, 0.1, 0.3)), chance.randrange(4)
    if chance.random() < 0.5:
        kind, method = chance.choice(WAYS), chance.choice(METHODS)
        return Fault(method=method, kind=kind, after=after, seconds=seconds, retry_after=0)
    return Fault(delivery=chance.choice(DELIVERIES), kind=chance.choice(NAMES), after=after, seconds=seconds)
