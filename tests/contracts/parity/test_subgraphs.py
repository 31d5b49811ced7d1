"""Subgraphs, as nodes and as functions, in both libraries."""

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import pytest

from tests.contracts.parity.kit import (
    CONFIG,
    START,
    Programs,
    State,
    anonymous,
    ask_and_tell,
    chain,
    fan,
    ids,
    saved,
    tell,
    where,
)

PROGRAMS = Programs()


def child_graph(lib: Any, **options: Any) -> Any:
    return chain(lib, c1=tell("c1"), ask=ask_and_tell(lib, "ask"), c2=tell("c2")).compile(**options)


@PROGRAMS.add
def a_subgraph_as_a_node(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), child=child_graph(lib), b=tell("b")))
    return (
        list(graph.stream({"log": ["in"]}, CONFIG)),
        where(graph)[:2],
        list(graph.stream(lib.Command(resume="yes"), CONFIG)),
        where(graph),
    )


@PROGRAMS.add
def streams_of_subgraphs(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), child=child_graph(lib), b=tell("b")))

    def seen(given: Any) -> Any:
        chunks = graph.stream(given, CONFIG, subgraphs=True)
        return [(tuple(part.split(":")[0] for part in ns), chunk) for ns, chunk in chunks]

    return seen({"log": ["in"]}), seen(lib.Command(resume="yes"))


@PROGRAMS.add
def a_subgraph_as_a_function(lib: Any) -> Any:
    child, entered = child_graph(lib), []

    def call(state: State) -> dict[str, Any]:
        entered.append(1)
        return {"text": ",".join(child.invoke({"text": "x"})["log"])}

    graph = saved(lib, chain(lib, a=tell("a"), call=call, b=tell("b")))
    return (
        graph.invoke({}, CONFIG),
        graph.invoke(lib.Command(resume="yes"), CONFIG),
        where(graph),
        len(entered),
    )


@PROGRAMS.add
def one_subgraph_called_in_a_loop(lib: Any) -> Any:
    child = child_graph(lib)

    def call(state: State) -> dict[str, Any]:
        return {"log": [child.invoke({"text": str(turn)})["log"][1] for turn in range(3)]}

    graph = saved(lib, chain(lib, call=call))
    said = [graph.invoke({}, CONFIG)]
    return [*said, *(graph.invoke(lib.Command(resume=turn), CONFIG) for turn in range(3))]


@PROGRAMS.add
def a_question_before_and_after_a_subgraph(lib: Any) -> Any:
    child = child_graph(lib)

    def call(state: State) -> dict[str, Any]:
        before = lib.interrupt("before?")
        inside = child.invoke({})["log"][1]
        return {"log": [before, inside, lib.interrupt("after?")]}

    graph = saved(lib, chain(lib, call=call))
    said = [graph.invoke({}, CONFIG)]
    return [*said, *(graph.invoke(lib.Command(resume=answer), CONFIG) for answer in "xyz")]


@PROGRAMS.add
def a_subgraph_with_two_questions_at_once(lib: Any) -> Any:
    child = fan(lib, p=ask_and_tell(lib, "p"), q=ask_and_tell(lib, "q")).compile()
    graph = saved(lib, chain(lib, child=child, b=tell("b")))
    said = [graph.invoke({}, CONFIG)]
    return [*said, *(graph.invoke(lib.Command(resume={ids(graph)[asked]: asked}), CONFIG) for asked in ("q?", "p?"))]


@PROGRAMS.add
def a_command_leaves_the_subgraph(lib: Any) -> Any:
    def leave(state: State) -> Any:
        answer = lib.interrupt("leave?")
        return lib.Command(graph=lib.Command.PARENT, goto="other", update={"log": [answer]})

    builder = lib.StateGraph(State)
    builder.add_node("child", chain(lib, leave=leave, never=tell("never")).compile())
    builder.add_node("other", tell("other")).add_edge(START, "child")
    graph = saved(lib, builder)
    return graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG), where(graph)


@PROGRAMS.add
def questions_three_graphs_deep(lib: Any) -> Any:
    inner = chain(lib, middle=child_graph(lib)).compile()
    graph = saved(lib, chain(lib, outer=inner, b=tell("b")))
    return graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG), where(graph)


@PROGRAMS.add
def a_subgraph_that_shares_only_some_keys(lib: Any) -> Any:
    class Other(TypedDict, total=False):
        text: str
        secret: str

    builder = lib.StateGraph(Other)
    builder.add_node("n", lambda state: {"text": state["text"] + "!", "secret": "x"}).add_edge(START, "n")
    return chain(lib, child=builder.compile()).compile().invoke({"text": "hi", "log": ["in"]})


def counting(lib: Any, **options: Any) -> Any:
    """A graph that says how much it remembers, and asks."""

    def count(state: State) -> dict[str, Any]:
        return {"log": [f"{len(state['log'])} known, heard {lib.interrupt('?')}"]}

    return chain(lib, count=count).compile(**options)


@PROGRAMS.add
def a_node_that_returns_all_that_a_subgraph_did(lib: Any) -> Any:
    class Other(TypedDict, total=False):
        text: str
        secret: str

    builder = lib.StateGraph(Other).add_node("n", lambda state: {"text": lib.interrupt("text?"), "secret": "x"})
    child = builder.add_edge(START, "n").compile()

    def call(state: State) -> Any:
        return child.invoke(state)

    def add(state: State) -> Any:
        return {**child.invoke(state), "log": ["called"]}

    graph = saved(lib, chain(lib, call=call, add=add))
    given: Any = {"log": ["in"]}
    for answer in "abc":
        yield list(graph.stream(given, CONFIG))
        given = lib.Command(resume=answer)


@PROGRAMS.add
def subgraphs_with_memories_in_one_node(lib: Any) -> Any:
    """Each call of a node has a memory of its own, also when it is the same graph that is called."""
    one, other = (chain(lib, n=tell(name)).compile(checkpointer=True) for name in ("one", "other"))

    def call(state: State) -> dict[str, Any]:
        return {"log": [",".join(graph.invoke({"log": [state["text"]]})["log"]) for graph in (one, other, one)]}

    graph = saved(lib, chain(lib, call=call))
    return [graph.invoke({"text": turn}, CONFIG) for turn in ("first", "second")]


@PROGRAMS.add
def namespaces_of_subgraphs_with_memories(lib: Any) -> Any:
    """Where they are is shown without the ids of tasks, and by that name their state and history are read."""

    def seen(record: Any) -> Any:
        return record._replace(created_at=None, tasks=[task._replace(interrupts=()) for task in record.tasks])

    for memories in ((True, None), (None, True), (True, True)):
        inner = chain(lib, c1=tell("c1"), ask=ask_and_tell(lib, "ask")).compile(checkpointer=memories[1])
        graph = saved(lib, chain(lib, outer=chain(lib, inner=inner).compile(checkpointer=memories[0])))
        for given in ({"log": ["in"]}, lib.Command(resume="yes"), {"log": ["again"]}):
            yield anonymous(list(graph.stream(given, CONFIG, subgraphs=True, stream_mode="checkpoints"))[-1])
        places = [place for place, memory in zip(("outer", "outer|inner"), memories, strict=True) if memory]
        configs = [{"configurable": {"thread_id": "one", "checkpoint_ns": place}} for place in places]
        for config in configs:
            yield anonymous(seen(graph.get_state(config)))
            yield [anonymous(seen(record)) for record in graph.get_state_history(config)]
        outer = graph.get_state(CONFIG).tasks[0].state
        yield anonymous([outer, seen(graph.get_state(outer)), graph.get_state(outer).tasks[0].state])
        graph.invoke(lib.Command(resume="yes"), CONFIG)
        yield [anonymous(seen(graph.get_state(config))) for config in configs]


@PROGRAMS.add
def a_subgraph_with_a_memory_of_its_own(lib: Any) -> Any:
    said: list[Any] = []
    for checkpointer in (True, None):
        child = counting(lib, checkpointer=checkpointer)

        def call(state: State, child: Any = child) -> dict[str, Any]:
            return {"text": " / ".join(child.invoke({"log": ["in"]})["log"])}

        graph = saved(lib, chain(lib, call=call))
        for turn in "abc":
            graph.invoke({"text": turn}, CONFIG)
            said.append(graph.invoke(lib.Command(resume=turn), CONFIG)["text"])
        second = next(record for record in graph.get_state_history(CONFIG) if record.values.get("text") == "b")
        graph.invoke(None, second.config)
        said.append(graph.invoke(lib.Command(resume="B"), CONFIG)["text"])
    return said


@PROGRAMS.add
def memories_of_several_subgraphs_are_apart(lib: Any) -> Any:
    class Own(TypedDict, total=False):
        text: str
        kept: Annotated[list[str], operator.add]

    def child(name: str) -> Any:
        builder = lib.StateGraph(Own)
        builder.add_node("keep", lambda state: {"kept": [f"{name} {state['text']}"]})
        builder.add_node("tell", lambda state: {"text": ",".join(state["kept"])})
        return builder.add_edge(START, "keep").add_edge("keep", "tell").compile(checkpointer=True, name=name)

    builder = lib.StateGraph(State)
    builder.add_node("p", child("p")).add_node("q", child("q")).add_edge(START, "p").add_edge("p", "q")
    graph = saved(lib, builder)
    return [graph.invoke({"text": turn}, CONFIG)["text"] for turn in "abc"]


@PROGRAMS.add
def a_subgraph_streamed_by_a_node(lib: Any) -> Any:
    """Its questions are the node's, whoever reads its chunks."""
    child, said = child_graph(lib), []
    for mode in ("values", "updates", ["values", "updates"]):

        def call(state: State, mode: Any = mode) -> dict[str, Any]:
            chunks = list(child.stream({"text": "x"}, stream_mode=mode))
            return {"log": [repr(chunks[-1])]}

        graph = saved(lib, chain(lib, call=call))
        said += [graph.invoke({}, CONFIG), list(graph.stream(lib.Command(resume="yes"), CONFIG))]
    return said


@PROGRAMS.add
def a_subgraph_streamed_by_an_async_node(lib: Any) -> Any:
    child = child_graph(lib)

    async def call(state: State) -> dict[str, Any]:
        heard = [chunk async for chunk in child.astream({"text": "x"}, stream_mode="values")]
        twice = await child.ainvoke({"text": "y"})
        return {"log": [repr(heard[-1]), *twice["log"]]}

    graph = saved(lib, chain(lib, call=call))

    async def main() -> Any:
        said = [await graph.ainvoke({}, CONFIG)]
        return [*said, *[await graph.ainvoke(lib.Command(resume=answer), CONFIG) for answer in "ab"]]

    return asyncio.run(main())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
