"""The agent of the bot that tests kill: it keeps an account book outside, in a file, by idempotency key."""

import os
from pathlib import Path
from typing import Annotated, TypedDict

from runtime import START, StateGraph, idempotency_key, interrupt

BOOK = Path(os.environ["ANDON_TEST_BOOK"])
GATE = BOOK.with_name("gate")
"""A named pipe, when a test wants the node to be at work: opening it waits for the test."""


def _both(old: list[str], new: list[str]) -> list[str]:
    return [*old, *new]


class State(TypedDict, total=False):
    request: str
    sent: Annotated[list[str], _both]
    outcome: str


def send(state: State) -> State:
    """Pay once, however often this runs: the book knows the key."""
    answer = interrupt({"question": f"Send 40 EUR for {state['request']}?", "amount": 40})
    key = idempotency_key()
    with BOOK.open("a") as book:
        book.write(f"run {state['request']} {key}\n")
    if GATE.exists():
        GATE.open().close()
    if f"paid {state['request']} {key}\n" not in BOOK.read_text().splitlines(keepends=True):
        with BOOK.open("a") as book:
            book.write(f"paid {state['request']} {key}\n")
    return {"sent": [f"{state['request']}: {answer}"]}


def tell(state: State) -> State:
    """Say what has been committed."""
    return {"outcome": f"Sent {state['sent']}."}


graph = StateGraph(State).add_sequence([("send", send), ("tell", tell)]).add_edge(START, "send")
