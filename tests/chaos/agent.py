"""The agent that chaos is let loose on: two questions at once, then one in words. What it does outside is in a book.

The book is the world: every time a node acts, it writes a line with its idempotency key. A node that died before its
commit acts again, so a key may be there twice; whoever keeps to the key, as a bank does, acts once.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

from bot.agents import AgentSpec
from runtime import START, StateGraph, idempotency_key, interrupt

APPROVERS = ("U0ANA", "U0BEN")
"""Carla, Dan and Eve look on, and try all the same."""

SPEC = AgentSpec(
    name="order",
    title="Order",
    example="lamp",
    graph="tests:order",
    search_path=(),
    approvers=APPROVERS,
    input={"order": "$text"},
)


def _both(old: list[Any], new: list[Any]) -> list[Any]:
    return [*old, *new]


class State(TypedDict, total=False):
    order: str
    taken: Annotated[list[list[Any]], _both]
    """Question and answer, once for each committed step that used it."""
    outcome: str


def order_graph(book: Path) -> StateGraph:
    """Pay and ship, both asked at once; then a word to the customer."""

    def asks(question: Callable[[str], Any]) -> Callable[[State], State]:
        def ask(state: State) -> State:
            asked = question(state["order"])
            answer = interrupt(asked)
            if answer is not False:
                act(book, asked, answer)
            return {"taken": [[asked, answer]]}

        return ask

    def tell(state: State) -> State:
        return {"outcome": f"Done with {state['order']}."}

    return (
        StateGraph(State)
        .add_node("pay", asks(lambda order: {"question": f"Pay for {order}?", "amount": 40}))
        .add_node("ship", asks(lambda order: {"question": f"Ship {order}?", "parcel": "small"}))
        .add_node("thank", asks(lambda order: f"What do we tell the customer of {order}?"))
        .add_node("tell", tell)
        .add_edge(START, "pay")
        .add_edge(START, "ship")
        .add_edge(["pay", "ship"], "thank")
        .add_edge("thank", "tell")
    )


def act(book: Path, asked: Any, answer: Any) -> None:
    """Do something that cannot be taken back: one line, written at once."""
    line = json.dumps({"key": idempotency_key(), "asked": asked, "answer": answer}) + "\n"
    with book.open("ab", buffering=0) as file:
        file.write(line.encode())


def acts(book: Path) -> list[dict[str, Any]]:
    """What was done, oldest first; the last line may be half of one when its writer was killed."""
    return [json.loads(line) for line in book.read_text().splitlines(keepends=True) if line.endswith("\n")]
