"""Send a customer their money back, after somebody approved the amount or corrected it.

    /agent refund order 7

Shows how a person reviews a tool call: the agent has worked out what to do, and `hitl.Approval` puts its arguments
before people, who approve, edit or reject them. The schema sets the limits of what can be edited: the amount may not
exceed what was paid, and the order, which it leaves out, stays as it is.

Money moves in a node of its own, after the answer, with an idempotency key. Should the process die while the node runs,
the node runs again from its top with the same key, and the customer is paid once.
"""

import re
from typing import Literal, TypedDict

from examples.effects import perform
from runtime import END, START, Command, StateGraph, idempotency_key, interrupt
from runtime.hitl import Approval, Decision


class Order(TypedDict):
    """What the shop knows about an order."""

    customer: str
    total: float  # EUR
    complaint: str


class State(TypedDict):
    """One request for a refund."""

    request: str
    number: int
    decision: Decision
    outcome: str


SHOP: dict[int, Order] = {
    7: {"customer": "Grace Hopper", "total": 40.00, "complaint": "The lamp arrived broken"},
    8: {"customer": "Alan Turing", "total": 19.99, "complaint": "The book has empty pages"},
    9: {"customer": "Mary Shelley", "total": 120.50, "complaint": "The parcel never arrived"},
}


def find_order(state: State) -> Command[Literal["ask_approval", "__end__"]]:
    """Find the order in the request, or ask which one is meant."""
    number, question = order_number(state["request"]), "Which order is it about? Its number is enough, for example 7."
    while number is None:
        number = order_number(interrupt(question))
        question = "I see no number in that. Which order is it about?"
    if number not in SHOP:
        return Command(update={"outcome": f"There is no order {number}, so nothing was refunded."}, goto=END)
    return Command(update={"number": number}, goto="ask_approval")


def order_number(text: str) -> int | None:
    """The number after the word "order", else the first number there is."""
    found = re.search(r"\border\W{0,3}(\d{1,9})\b", text, re.IGNORECASE) or re.search(r"\b(\d{1,9})\b", text)
    return int(found[1]) if found else None


def ask_approval(state: State) -> Command[Literal["send_refund", "__end__"]]:
    """Let a person approve, edit or reject the refund."""
    order = SHOP[state["number"]]
    decision = interrupt(
        Approval(
            title=f"Refund {order['total']:.2f} EUR to {order['customer']}?",
            description=f"{order['customer']} asked for the money of order {state['number']} back.",
            args={"order": state["number"], "amount": order["total"], "reason": order["complaint"]},
            args_schema={
                "type": "object",
                "properties": {
                    "amount": {
                        "type": "number",
                        "description": "In EUR, at most what was paid.",
                        "exclusiveMinimum": 0,
                        "maximum": order["total"],
                        "multipleOf": 0.01,
                    },
                    "reason": {"type": "string", "maxLength": 200},
                },
                "required": ["amount", "reason"],
            },
            approve_label="Send refund",
        )
    )
    if decision.approved:
        return Command(update={"decision": decision}, goto="send_refund")
    why = f": {decision.reason}" if decision.reason else "."
    return Command(update={"outcome": f"No refund was sent. It was rejected{why}"}, goto=END)


def send_refund(state: State) -> dict[str, str]:
    """Pay what was approved."""
    decision, order = state["decision"], SHOP[state["number"]]
    amount: float = decision.args["amount"]
    perform("refund", idempotency_key(), **decision.args)
    changed = f" instead of {order['total']:.2f} EUR" if amount != order["total"] else ""
    note = f" Their note: {decision.reason}" if decision.reason else ""
    paid = f"Refunded {amount:.2f} EUR{changed} to {order['customer']} for order {state['number']}"
    return {"outcome": f"{paid}.{note}"}


graph = (
    StateGraph(State)
    .add_node(find_order)
    .add_node(ask_approval)
    .add_node(send_refund)
    .add_edge(START, "find_order")
    .add_edge("send_refund", END)
)
