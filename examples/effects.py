"""The world outside the examples: payments, a notice board, servers. All of it is pretence.

An effect is one line of JSON in the file that the environment variable `ANDON_EFFECTS` names; without it nothing is
written. As with any outside system that can be trusted with money, every effect comes with an idempotency key, and a
key that was seen before changes nothing: a node that died before its result was saved, and runs again, pays only once.
"""

import json
import os
from pathlib import Path


def perform(effect: str, key: str, **details: object) -> None:
    """Have an effect, once for each key: `perform("refund", idempotency_key(), order=7, amount=40.0)`."""
    file = os.environ.get("ANDON_EFFECTS")
    if not file:
        return
    with Path(file).open("a+", encoding="utf-8") as log:
        log.seek(0)
        if not any(json.loads(line)["key"] == key for line in log):
            log.write(json.dumps({"effect": effect, "key": key, **details}) + "\n")
