"""What many questions at once cost: a hundred workers ask in one step, people answer one by one or all together."""

import operator
from functools import partial
from typing import Annotated, Any, TypedDict

from benchmarks.harness import Contender, Figure, Sample, Target, Workload, timed
from benchmarks.libraries import ANDON, LANGGRAPH, Durability, Kind, Library, opened
from runtime import START


class State(TypedDict, total=False):
    questions: int
    answers: Annotated[list[str], operator.add]


class Asking:
    """A graph whose workers each ask one question, and the number of times that one of them was entered."""

    def __init__(self, library: Library) -> None:
        self.executions = 0
        self._library = library

    def work(self, given: dict[str, int]) -> State:
        self.executions += 1
        return {"answers": [self._library.interrupt(given["number"])]}

    def spread(self, state: State) -> list[Any]:
        return [self._library.send("work", {"number": number}) for number in range(state["questions"])]

    def graph(self) -> Any:
        function = self._library.function
        graph = self._library.graph(State).add_node("work", function(self.work))
        return graph.add_conditional_edges(START, function(self.spread), ["work"])


async def run(library: Library, kind: Kind, durability: Durability, together: bool, questions: int) -> Sample:
    async with opened(library, kind) as saver:
        asking, config = Asking(library), library.new_thread()
        graph = asking.graph().compile(checkpointer=saver)
        asked = await library.invoke(graph, {"questions": questions}, config, durability)
        answers = {question.id: f"answer {question.value}" for question in asked["__interrupt__"]}
        entered = asking.executions

        async def answer() -> Any:
            state = None
            for part in [answers] if together else [{key: value} for key, value in answers.items()]:
                state = await library.invoke(graph, library.command(resume=part), config, durability)
            return state

        seconds, state = await timed(answer())
    return Sample({"all": seconds, "executions": asking.executions - entered}, state["answers"])


def workload(store: str, kind: Kind, target: float, *, together: bool) -> Workload:
    def contender(name: str, library: Library, durability: Durability = "async") -> Contender:
        return Contender(name, partial(run, library, kind, durability, together))

    work = f"100 parallel questions, {'one map of answers' if together else 'single answers'}, {store}"
    return Workload(
        figures=(
            Figure("all", work, target=Target(ratio=target)),
            Figure("executions", f"{work}: node executions", "count", Target(at_most=100)),
        ),
        ours=contender("Andon", ANDON),
        reference=contender("LangGraph", LANGGRAPH),
        others=(contender("exit", LANGGRAPH, "exit"),),
        sizes=(100, 10, 3),
        rounds=(5, 2) if together else (3, 2),
    )


WORKLOADS = (
    workload("memory", "memory", 50, together=False),
    workload("SQLite FULL", "FULL", 50, together=False),
    workload("memory", "memory", 5, together=True),
    workload("SQLite FULL", "FULL", 10, together=True),
)
