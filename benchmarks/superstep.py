"""What a step costs: one node that counts to N, and a router that sends it round again."""

from functools import partial
from typing import Any, TypedDict

from benchmarks.harness import Contender, Figure, Sample, Target, Workload, timed
from benchmarks.libraries import ANDON, LANGGRAPH, LANGGRAPH_SYNC, Durability, Kind, Library, opened
from runtime import END, START


class State(TypedDict):
    count: int
    text: str


def counter(library: Library, steps: int) -> Any:
    """A graph that takes `steps` supersteps."""

    def add(state: State) -> dict[str, int]:
        return {"count": state["count"] + 1}

    def route(state: State) -> str:
        return "add" if state["count"] < steps else END

    graph = library.graph(State).add_node("add", library.function(add)).add_edge(START, "add")
    return graph.add_conditional_edges("add", library.function(route), ["add", END])


async def run(library: Library, kind: Kind, durability: Durability, steps: int) -> Sample:
    async with opened(library, kind) as saver:
        graph = counter(library, steps).compile(checkpointer=saver)
        config = library.new_thread() | {"recursion_limit": steps + 1}
        given = {"count": 0, "text": "x" * 100}
        seconds, state = await timed(library.invoke(graph, given, config, durability))
    return Sample({"step": seconds / steps}, state)


def workload(work: str, kind: Kind, durability: Durability, target: float | None = None) -> Workload:
    def contender(name: str, library: Library, durability: Durability) -> Contender:
        return Contender(name, partial(run, library, kind, durability))

    others = [contender("sync API", LANGGRAPH_SYNC, durability)]
    if kind != "none" and durability != "exit":
        others += [contender("exit", LANGGRAPH, "exit"), contender("sync API, exit", LANGGRAPH_SYNC, "exit")]
    return Workload(
        figures=(Figure("step", f"superstep, {work}", target=Target(ratio=target) if target else None),),
        ours=contender("Andon", ANDON, durability),
        reference=contender("LangGraph", LANGGRAPH, durability),
        others=tuple(others),
        sizes=(200, 50, 5),
    )


WORKLOADS = (
    workload("no store", "none", "async", 10),
    workload("memory", "memory", "async", 10),
    workload("SQLite FULL, write-behind", "FULL", "async", 10),
    workload("SQLite FULL, durable at each step", "FULL", "sync", 4),
    workload("SQLite FULL, saved when the call ends", "FULL", "exit"),
)
