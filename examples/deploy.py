"""Ship a release to three regions, each approved on its own and in any order.

    /agent deploy checkout 2.4.1

Shows several questions at once. The plan sends one task to `approve` for each region; the three ask side by side, each
with a card of its own, and an answer brings only its own task on. A plain dict is enough to get the buttons Approve,
Edit and Reject: `interrupt()` returns True, the fields as they were edited, or False. That two people have to
approve is no business of the graph: `andon.toml` says it, `required = 2`.

When all are answered, `deploy` runs once and ships what was approved. It has several effects, so it labels its
idempotency keys: should it die between two regions and run again, no region is shipped twice.
"""

import operator
from typing import Annotated, Literal, TypedDict

from examples.effects import perform
from runtime import END, START, Command, Send, StateGraph, idempotency_key, interrupt

WINDOWS = {"Europe": "22:00 UTC", "America": "05:00 UTC", "Asia": "17:00 UTC"}
"""When it is quiet, by region."""


class Shipment(TypedDict):
    """What goes to a region and when."""

    release: str
    start: str


class Part(Shipment):
    """One region's share of the plan: all that its approval needs to know."""

    region: str


class State(TypedDict):
    """One release."""

    release: str
    approved: Annotated[dict[str, Shipment | None], operator.or_]
    """By region, what was approved; None for a rejection. The approvals run side by side, so they are merged."""
    outcome: str


def plan(state: State) -> Command[Literal["approve"]]:
    """Ask for each region's approval at the same time."""
    parts = [Part(region=region, release=state["release"], start=start) for region, start in WINDOWS.items()]
    return Command(goto=[Send("approve", part) for part in parts])


def approve(part: Part) -> dict[str, dict[str, Shipment | None]]:
    """Ask about one region."""
    shipment = Shipment(release=part["release"], start=part["start"])
    answer: bool | Shipment = interrupt({"question": f"Deploy {part['release']} to {part['region']}?", **shipment})
    return {"approved": {part["region"]: shipment if answer is True else answer or None}}


def deploy(state: State) -> dict[str, str]:
    """Ship what was approved, and say what became of each region."""
    return {"outcome": "\n".join(ship(region, state["approved"][region]) for region in WINDOWS)}


def ship(region: str, shipment: Shipment | None) -> str:
    """Ship to one region, if that was approved, and say so."""
    if shipment is None:
        return f"{region}: left as it is, because it was rejected."
    perform("deployment", idempotency_key(region), region=region, **shipment)
    return f"{region}: {shipment['release']} is on its way, starting at {shipment['start']}."


graph = (
    StateGraph(State)
    .add_node(plan)
    .add_node(approve)
    .add_node(deploy)
    .add_edge(START, "plan")
    .add_edge("approve", "deploy")
    .add_edge("deploy", END)
)
