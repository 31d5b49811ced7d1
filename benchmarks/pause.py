"""What a question costs: a node asks, the run pauses, an answer comes, the run ends."""

import asyncio
from functools import partial
from typing import Any, TypedDict

from benchmarks.harness import Contender, Figure, Sample, Target, Workload, timed
from benchmarks.libraries import ANDON, LANGGRAPH, LANGGRAPH_SYNC, Durability, Kind, Library, opened
from runtime import START


class State(TypedDict, total=False):
    request: str
    outcome: str


def asking(library: Library) -> Any:
    """A graph that asks once."""

    def refund(state: State) -> State:
        answer = library.interrupt({"title": "Refund?", "request": state["request"]})
        return {"outcome": f"{state['request']}: {answer['decision']}"}

    return library.graph(State).add_node("refund", library.function(refund)).add_edge(START, "refund")


async def ask_and_answer(library: Library, graph: Any, durability: Durability) -> Any:
    """One cycle on a new thread."""
    config = library.new_thread()
    asked = await library.invoke(graph, {"request": "order 7"}, config, durability)
    ended = await library.invoke(graph, library.command(resume={"decision": "yes"}), config, durability)
    return [asked["__interrupt__"][0].value, ended["outcome"]]


async def run(library: Library, kind: Kind, durability: Durability, at_once: int, cycles: int) -> Sample:
    """`cycles` cycles, `at_once` of them at a time."""
    async with opened(library, kind) as saver:
        graph = asking(library).compile(checkpointer=saver)

        async def worker() -> list[Any]:
            return [await ask_and_answer(library, graph, durability) for _ in range(max(1, cycles // at_once))]

        workers = asyncio.gather(*(worker() for _ in range(min(at_once, cycles)))) if at_once > 1 else worker()
        seconds, answers = await timed(workers)
    return Sample({"cycle": seconds / cycles}, answers)


def workload(work: str, kind: Kind, target: float, *, at_once: int = 1, sizes: tuple[int, int, int]) -> Workload:
    def contender(name: str, library: Library, durability: Durability = "async") -> Contender:
        return Contender(name, partial(run, library, kind, durability, at_once))

    others = [contender("exit", LANGGRAPH, "exit")]
    if at_once == 1:
        others += [contender("sync API", LANGGRAPH_SYNC), contender("sync API, exit", LANGGRAPH_SYNC, "exit")]
    return Workload(
        figures=(Figure("cycle", f"pause + resume, {work}", target=Target(ratio=target)),),
        ours=contender("Andon", ANDON),
        reference=contender("LangGraph", LANGGRAPH),
        others=tuple(others),
        sizes=sizes,
    )


WORKLOADS = (
    workload("memory", "memory", 10, sizes=(200, 30, 2)),
    workload("SQLite FULL", "FULL", 6, sizes=(60, 10, 2)),
    workload("SQLite NORMAL", "NORMAL", 10, sizes=(60, 10, 2)),
    workload("SQLite FULL, 200 at once", "FULL", 10, at_once=200, sizes=(200, 100, 4)),
)
