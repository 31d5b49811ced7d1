"""A graph that pays by `once()`, in a process that dies where it is told to: `python … file book where kind`.

`book` gets a line with the idempotency key for each payment that really happened.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, TypedDict

from runtime import START, SqliteSaver, StateGraph, idempotency_key, interrupt, once


class State(TypedDict, total=False):
    receipt: str
    answer: str


def _die(here: str, where: str) -> None:
    if here == where:
        os.kill(os.getpid(), signal.SIGKILL)


def pay(book: Path, key: str, where: str) -> str:
    with book.open("a") as lines:
        lines.write(f"{key}\n")
    _die("before the record", where)
    return key


async def pay_later(book: Path, key: str, where: str) -> str:
    return pay(book, key, where)


def graph_of(book: Path, where: str, kind: str) -> StateGraph:
    def sync_node(_: State) -> State:
        receipt = once("pay", pay, book, idempotency_key("pay"), where)
        _die("after the record", where)
        return {"answer": interrupt("Paid. Go on?"), "receipt": receipt}

    async def async_node(_: State) -> State:
        receipt = await once("pay", pay_later, book, idempotency_key("pay"), where)
        _die("after the record", where)
        return {"answer": interrupt("Paid. Go on?"), "receipt": receipt}

    node: Any = sync_node if kind == "sync" else async_node
    return StateGraph(State).add_node("node", node).add_edge(START, "node")


if __name__ == "__main__":
    file, book, where, kind = sys.argv[1:]
    with SqliteSaver(file) as saver:
        graph = graph_of(Path(book), where, kind).compile(saver)
        graph.invoke({}, {"configurable": {"thread_id": "one"}}, durability="sync")
        _die("after the pause", where)
