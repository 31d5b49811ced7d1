"""What a long conversation costs: turns of 2 KB, one thread, each turn a call of its own on a SQLite file."""

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any, TypedDict, cast

from langgraph.channels import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer

from benchmarks.harness import Contender, Figure, Sample, Target, Workload
from benchmarks.libraries import ANDON, LANGGRAPH, Durability, Library, bytes_in
from runtime import START, Message

MESSAGE = "x" * 1_000
ENDS = 10  # turns at either end of the conversation that are compared


DELTA: DeltaChannel[Any] = DeltaChannel(cast("Any", _messages_delta_reducer))


def conversation(library: Library, reducer: Any) -> Any:
    """A graph that replies to one message."""

    class State(TypedDict):
        messages: Annotated[list[Message], reducer]  # there it says nothing, here it keeps Andon's messages

    def reply(state: Any) -> dict[str, Any]:
        number = len(state["messages"])
        return {"messages": [{"role": "assistant", "content": MESSAGE, "id": str(number)}]}

    return library.graph(State).add_node("reply", library.function(reply)).add_edge(START, "reply")


async def run(library: Library, reducer: Any, durability: Durability, turns: int) -> Sample:
    with TemporaryDirectory() as folder:
        async with library.sqlite(Path(folder, "threads.sqlite"), "FULL") as saver:
            graph = conversation(library, reducer).compile(checkpointer=saver)
            config, seconds, state = library.new_thread(), [], {}
            for turn in range(turns):
                said = {"role": "user", "content": MESSAGE, "id": str(2 * turn)}
                start = perf_counter()
                state = await library.invoke(graph, {"messages": [said]}, config, durability)
                seconds.append(perf_counter() - start)
        stored = bytes_in(folder)
    ends = min(ENDS, turns)
    figures = {
        "turn": sum(seconds) / turns,
        "growth": median(seconds[-ends:]) / median(seconds[:ends]),
        "bytes": stored / turns,
    }
    return Sample(figures, [(message.id, message.content) for message in state["messages"]])


def contender(name: str, library: Library, reducer: Any = None, durability: Durability = "async") -> Contender:
    return Contender(name, partial(run, library, reducer or library.add_messages, durability))


WORKLOADS = (
    Workload(
        figures=(
            Figure("turn", "conversation, a turn of 2 KB"),
            Figure("growth", "conversation, last 10 turns to first 10", "times", Target(at_most=1.5)),
            Figure("bytes", "conversation, stored per turn of 2 KB", "bytes", Target(at_most=4_000)),
        ),
        ours=contender("Andon", ANDON),
        reference=contender("LangGraph", LANGGRAPH),
        others=(
            contender("DeltaChannel", LANGGRAPH, DELTA),
            contender("DeltaChannel, exit", LANGGRAPH, DELTA, "exit"),
        ),
        sizes=(500, 20, 3),
        rounds=(2, 1),
    ),
)
