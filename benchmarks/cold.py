"""What it costs to come back to a large thread: 5 MB of state, a store and a graph that have never seen it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypedDict

from benchmarks.harness import Contender, Figure, Sample, Target, Workload, timed
from benchmarks.libraries import ANDON, LANGGRAPH, Durability, Library
from runtime import START, Message

TEXT = "x" * 1_000


def page(number: int) -> dict[str, Any]:
    return {"number": number, "text": TEXT}


def message(number: int) -> dict[str, Any]:
    return {"role": "user", "content": TEXT, "id": str(number)}


def review(library: Library, make: Callable[[int], Any]) -> Any:
    """A graph that asks about much: plain dicts, or messages."""
    kind = Annotated[list[Message], library.add_messages] if make is message else list[Any]

    class State(TypedDict, total=False):
        items: kind  # type: ignore[valid-type]  # chosen here
        verdict: str

    def judge(state: State) -> State:
        return {"verdict": f"{library.interrupt('Good?')} after {len(state['items'])}"}

    return library.graph(State).add_node("judge", library.function(judge)).add_edge(START, "judge")


def texts(state: Any) -> list[str]:
    """What items say, whatever the library makes of them."""
    return [item["text"] if isinstance(item, dict) else item.content for item in state["items"]]


async def run(library: Library, make: Callable[[int], Any], durability: Durability, items: int) -> Sample:
    config, given = library.new_thread(), {"items": [make(number) for number in range(items)]}
    with TemporaryDirectory() as folder:

        def opened() -> Any:
            return library.sqlite(Path(folder, "threads.sqlite"), "FULL")

        async with opened() as saver:
            await library.invoke(review(library, make).compile(checkpointer=saver), given, config, durability)
        async with opened() as saver:
            graph = review(library, make).compile(checkpointer=saver)
            get_state, snapshot = await timed(graph.aget_state(config))
        async with opened() as saver:
            graph = review(library, make).compile(checkpointer=saver)
            resume, state = await timed(library.invoke(graph, library.command(resume="Yes"), config, durability))
    answer = [texts(snapshot.values), snapshot.next, snapshot.interrupts[0].value, texts(state), state["verdict"]]
    return Sample({"get_state": get_state, "resume": resume}, answer)


def workload(what: str, make: Callable[[int], Any]) -> Workload:
    def contender(name: str, library: Library, durability: Durability = "async") -> Contender:
        return Contender(name, partial(run, library, make, durability))

    return Workload(
        figures=(
            Figure("get_state", f"get_state of 5 MB of {what}, cold", target=Target(ratio=5)),
            Figure("resume", f"resume of 5 MB of {what}, cold", target=Target(ratio=10)),
        ),
        ours=contender("Andon", ANDON),
        reference=contender("LangGraph", LANGGRAPH),
        others=(contender("exit", LANGGRAPH, "exit"),),
        sizes=(5_000, 5_000, 3),
        rounds=(5, 2),
    )


WORKLOADS = (workload("messages", message), workload("plain dicts", page))
