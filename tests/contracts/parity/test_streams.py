"""What streams show, in both libraries."""

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from tests.contracts.parity.kit import (
    CONFIG,
    START,
    Programs,
    State,
    anonymous,
    ask_and_tell,
    chain,
    fails,
    fan,
    saved,
    tell,
)

PROGRAMS = Programs()


@PROGRAMS.add
def a_graph_without_questions(lib: Any) -> Any:
    graph = chain(lib, a=tell("a"), b=tell("b")).compile()
    return (
        graph.invoke({"text": "hi"}),
        list(graph.stream({"log": ["x"]})),
        list(graph.stream({}, stream_mode="values")),
    )


@PROGRAMS.add
def a_node_is_heard_while_it_is_at_work(lib: Any) -> Any:
    heard = threading.Event()

    def speaks(state: State) -> dict[str, Any]:
        lib.get_stream_writer()("at work")
        return {"text": str(heard.wait(20))}

    for chunk in chain(lib, speaks=speaks).compile().stream({}, stream_mode=["custom", "updates"]):
        heard.set()
        yield chunk


@PROGRAMS.add
def every_stream_mode_around_a_question(lib: Any) -> Any:
    def ask(state: State) -> dict[str, Any]:
        lib.get_stream_writer()({"at": "ask"})
        return {"text": lib.interrupt({"text": state["text"]})}

    said = []
    for mode in ("values", "updates", "custom", ["values", "updates", "custom"]):
        graph = saved(lib, chain(lib, a=tell("a"), ask=ask, b=tell("b")))
        said.append(list(graph.stream({"text": "hi"}, CONFIG, stream_mode=mode)))
        said.append(list(graph.stream(lib.Command(resume="yo"), CONFIG, stream_mode=mode)))
    return said


def with_a_child(lib: Any) -> Any:
    child = chain(lib, inner=ask_and_tell(lib, "inner")).compile()
    nodes = {"a": tell("a"), "child": child, "ask": ask_and_tell(lib, "ask"), "last": fails}
    return chain(lib, **nodes)


def watched(lib: Any, builder: Any, **options: Any) -> list[Any]:
    """Run to the first two questions and then to the failure, and return every chunk."""
    graph = saved(lib, builder)
    seen = list(graph.stream({"text": "hi"}, CONFIG, **options))
    seen += list(graph.stream(lib.Command(resume="yes"), CONFIG, **options))
    try:
        for chunk in graph.stream(lib.Command(resume="no"), CONFIG, **options):
            seen.append(chunk)
    except ConnectionError:
        seen.append("failed")
    return [anonymous(chunk) for chunk in seen]


@PROGRAMS.add
def tasks_checkpoints_and_debug_streams(lib: Any) -> Any:
    modes = ("tasks", "checkpoints", "debug")
    return [
        watched(lib, with_a_child(lib), stream_mode=mode, subgraphs=subgraphs)
        for mode in modes
        for subgraphs in (False, True)
    ]


@PROGRAMS.add
def every_mode_at_once_in_order(lib: Any) -> Any:
    return watched(lib, with_a_child(lib), stream_mode=["values", "updates", "tasks", "checkpoints", "debug"])


@PROGRAMS.add
def streams_and_results_of_version_2(lib: Any) -> Any:
    graph = saved(lib, with_a_child(lib))
    result = graph.invoke({}, CONFIG, version="v2")
    said = [
        watched(lib, with_a_child(lib), stream_mode=mode, version="v2") for mode in ("values", ["updates", "tasks"])
    ]
    said.append(watched(lib, with_a_child(lib), stream_mode=["values"], version="v2", subgraphs=True))
    return (
        result.value,
        [question.value for question in result.interrupts],
        said,
        graph.invoke(None, CONFIG, version="v2", stream_mode="updates"),
    )


@PROGRAMS.add
def tasks_of_sends_joins_and_several_writes(lib: Any) -> Any:
    def sends(state: State) -> Any:
        return lib.Command(goto=[lib.Send("worker", {"text": "one"})])

    builder = chain(lib, sends=sends, a=tell("a"))
    builder.add_node(
        "worker", lambda state: [lib.Command(update={"log": [x]}) for x in "xyz"], metadata={"of": "worker"}
    )
    builder.add_node("joined", tell("joined"))
    builder.add_edge(["a", "worker"], "joined")
    config = {**CONFIG, "metadata": {"ours": 1}, "tags": ["t"]}
    chunks = saved(lib, builder).stream({}, config, stream_mode="tasks")
    return sorted(map(anonymous, chunks), key=repr)


@PROGRAMS.add
def the_reader_sets_the_pace(lib: Any) -> Any:
    """What a node does, and what the reader does with a chunk, come in the order of the steps: also in notebooks."""
    happened: list[Any] = []

    def step(name: str) -> Any:
        def node(state: State) -> Any:
            happened.append(name)
            return {"log": [name]}

        return node

    def read(**options: Any) -> None:
        graph = saved(lib, chain(lib, a=step("a"), b=step("b")), interrupt_before=["b"])
        given: Any
        for given in ({"log": []}, None):
            for chunk in graph.stream(given, CONFIG, **options):
                happened.append(chunk)  # noqa: PERF402 - `extend` does not see what the nodes append meanwhile

    async def in_a_loop() -> None:
        for mode in ("values", "updates"):
            read(stream_mode=mode)

    read(stream_mode="values")
    asyncio.run(in_a_loop())
    return happened


@PROGRAMS.add
def messages_are_shown_as_they_were_written(lib: Any) -> Any:
    def say(said: Any) -> Any:
        return lambda state: {"messages": said}

    builder = lib.StateGraph(lib.MessagesState)
    forms: dict[str, Any] = {
        "a": ("user", "hi"),
        "b": "text",
        "c": [{"role": "assistant", "content": "x", "name": "me"}],
    }
    forms |= {"d": HumanMessage("alone"), "e": [HumanMessage("in a list")]}
    for before, (name, said) in zip((START, *forms), forms.items(), strict=False):
        builder.add_node(name, say(said))
        builder.add_edge(before, name)
    graph = builder.compile()
    results = [chunk["result"] for chunk in graph.stream({"messages": []}, stream_mode="tasks") if "result" in chunk]
    return list(graph.stream({"messages": []})), results


@PROGRAMS.add
def chunks_of_a_graph_that_a_node_calls(lib: Any) -> Any:
    inner = chain(lib, c=tell("c"), d=tell("d")).compile()
    graph = chain(lib, a=tell("a"), b=lambda state: {"log": inner.invoke({"log": []})["log"]}).compile()
    return anonymous(list(graph.stream({"log": []}, subgraphs=True)))


@PROGRAMS.add
def values_chunks_of_parallel_questions(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=ask_and_tell(lib, "a"), c=tell("c")))
    return (
        list(graph.stream({"log": ["in"]}, CONFIG, stream_mode="values")),
        list(graph.stream(lib.Command(resume=1), CONFIG, stream_mode="values")),
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
