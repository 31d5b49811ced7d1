"""What surrounds a node: limits, retries, defaults, caches, in both libraries."""

import asyncio
from typing import Any

import pytest

from tests.contracts.parity.kit import (
    CONFIG,
    END,
    START,
    Programs,
    State,
    ask_and_tell,
    attempt,
    chain,
    fails,
    fan,
    ids,
    saved,
    tell,
    where,
)

# mypy: disallow-untyped-decorators=False, disallow-any-decorated=False
# The decorators are those of whichever library a program runs with.

PROGRAMS = Programs()
SHORT = 0.01  # seconds


async def endless(state: State) -> Any:
    await asyncio.Event().wait()


def failure(lib: Any, call: Any) -> Any:
    with pytest.raises(lib.NodeTimeoutError) as raised:
        asyncio.run(call)
    error = raised.value
    return error.node, error.kind, error.timeout, error.run_timeout, error.idle_timeout, error.elapsed >= SHORT


@PROGRAMS.add
def limits_of_time_and_of_silence(lib: Any) -> Any:
    for limit in (SHORT, lib.TimeoutPolicy(run_timeout=60, idle_timeout=SHORT)):
        graph = lib.StateGraph(State).add_node("node", endless, timeout=limit).add_edge(START, "node").compile()
        yield failure(lib, graph.ainvoke({}))


@PROGRAMS.add
def the_limit_of_a_send_comes_before_its_nodes(lib: Any) -> Any:
    builder = lib.StateGraph(State).add_node("node", endless, timeout=60)
    builder.add_conditional_edges(START, lambda _: lib.Send("node", {}, timeout=SHORT), ["node"])
    return failure(lib, saved(lib, builder).ainvoke({}, CONFIG))


@PROGRAMS.add
def a_command_to_the_parent_from_a_node_with_a_limit(lib: Any) -> Any:
    async def leaves(state: State) -> Any:
        return lib.Command(graph=lib.Command.PARENT, goto="after", update={"log": ["left"]})

    child = lib.StateGraph(State).add_node("leaves", leaves, timeout=60).add_edge(START, "leaves").compile()
    builder = lib.StateGraph(State).add_node("child", child, timeout=60).add_node("after", tell("after"))
    return asyncio.run(builder.add_edge(START, "child").add_edge("after", END).compile().ainvoke({"log": []}))


@PROGRAMS.add
def what_holds_for_nodes_that_say_nothing(lib: Any) -> Any:
    tried: list[str] = []

    def flaky(state: State, runtime: Any) -> Any:
        tried.append(f"flaky {runtime.execution_info.node_attempt}")
        raise ConnectionError("down")

    def handles(state: State, error: lib.NodeError) -> Any:
        return {"log": [f"{error.node}: {error.error!r}"]}

    builder = lib.StateGraph(State).add_node("flaky", flaky).add_node("own", fails, error_handler=handles)
    builder.add_edge(START, "flaky").add_edge(START, "own").add_edge("flaky", END).add_edge("own", END)
    haste = lib.RetryPolicy(initial_interval=0, jitter=False, max_attempts=2)
    builder.set_node_defaults(retry_policy=haste).set_node_defaults(error_handler=handles)
    return sorted(builder.compile().invoke({"log": []})["log"]), tried


@PROGRAMS.add
def the_first_policy_that_covers_an_error_decides(lib: Any) -> Any:
    tried: list[int] = []
    errors = [KeyError("a"), KeyError("b"), ConnectionError("c"), ConnectionError("d"), OSError("e")]

    def flaky(state: State) -> Any:
        tried.append(len(tried))
        raise errors[len(tried) - 1]

    haste: dict[str, Any] = {"initial_interval": 0, "jitter": False}
    policies = [
        lib.RetryPolicy(retry_on=(LookupError,), max_attempts=3, **haste),
        lib.RetryPolicy(retry_on=lambda error: "c" in str(error), max_attempts=5, **haste),
        lib.RetryPolicy(retry_on=ConnectionError, max_attempts=9, **haste),
    ]
    graph = lib.StateGraph(State).add_node("flaky", flaky, retry_policy=policies).add_edge(START, "flaky").compile()
    with pytest.raises(OSError, match="e"):
        graph.invoke({"log": []})
    return tried


@PROGRAMS.add
def what_is_tried_again_unless_said_otherwise(lib: Any) -> Any:
    errors = [
        ConnectionError(),
        ValueError(),
        KeyError(),
        OSError(),
        TimeoutError(),
        RuntimeError(),
        Exception(),
        EOFError(),
    ]
    return [lib.RetryPolicy().retry_on(error) for error in errors]


@PROGRAMS.add
def what_is_kept_for_the_same_input(lib: Any) -> Any:
    ran: list[str] = []

    def counts(state: State) -> Any:
        ran.append(state["text"])
        return lib.Command(update={"log": [f"{state['text']} {len(ran)}"]}, goto="after")

    builder = lib.StateGraph(State).add_node("counts", counts, cache_policy=lib.CachePolicy())
    builder.add_node("after", tell("after")).add_edge(START, "counts").add_edge("after", END)
    graph = builder.compile(cache=lib.InMemoryCache())
    for text in ("a", "b", "a"):
        yield list(graph.stream({"text": text, "log": []}, stream_mode=["updates", "values"]))
    graph.clear_cache(["counts"])
    yield graph.invoke({"text": "a", "log": []}), ran


@PROGRAMS.add
def what_tells_one_input_from_another(lib: Any) -> Any:
    ran: list[str] = []

    def counts(state: State) -> Any:
        ran.append(state["text"])
        return {"log": [len(ran)]}

    async def calls() -> Any:
        return [await graph.ainvoke({"text": text, "log": []}) for text in ("a", "A", "b", "B")]

    policy = lib.CachePolicy(key_func=lambda state: state["text"].lower(), ttl=3600)
    builder = lib.StateGraph(State).add_node("counts", counts).set_node_defaults(cache_policy=policy)
    graph = builder.add_edge(START, "counts").compile(cache=lib.InMemoryCache())
    return asyncio.run(calls()), ran


@PROGRAMS.add
def tasks_and_workflows_whose_results_are_kept(lib: Any) -> Any:
    ran: list[str] = []

    @lib.task(cache_policy=lib.CachePolicy())
    def double(number: int) -> int:
        ran.append(f"double {number}")
        return number * 2

    cache = lib.InMemoryCache()

    @lib.entrypoint(cache=cache, cache_policy=lib.CachePolicy())
    def flow(numbers: list[int]) -> Any:
        ran.append("flow")
        return [double(number).result() for number in numbers]

    for numbers in ([1, 2, 1], [1, 2, 1], [2, 3]):
        yield list(flow.stream(numbers)), ran[:]
    double.clear_cache(cache)
    yield flow.invoke([2, 3]), flow.invoke([3]), ran


@PROGRAMS.add
def a_call_that_is_asked_to_stop(lib: Any) -> Any:
    control = lib.RunControl()

    def asks_to_stop(state: State, runtime: Any) -> Any:
        before = runtime.drain_requested
        control.request_drain("deploy")
        return {"log": [before, runtime.drain_requested, runtime.drain_reason]}

    for last in (False, True):
        builder = lib.StateGraph(State).add_node("asks", asks_to_stop).add_node("after", tell("after"))
        builder.add_edge(START, "asks").add_edge("asks", END if last else "after")
        graph, control = saved(lib, builder), lib.RunControl()
        yield attempt(lambda: graph.invoke({"log": []}, CONFIG, control=control)), where(graph)  # noqa: B023
        yield graph.invoke(None, CONFIG)


@PROGRAMS.add
def a_subgraph_that_is_asked_to_stop(lib: Any) -> Any:
    control = lib.RunControl()

    def asks_to_stop(state: State) -> Any:
        control.request_drain()
        return {"log": ["asks"]}

    child = chain(lib, asks=asks_to_stop, inside=tell("inside")).compile()
    graph = saved(lib, chain(lib, child=child, after=tell("after")))
    yield attempt(lambda: graph.invoke({"log": []}, CONFIG, control=control)), graph.get_state(CONFIG).next
    yield graph.invoke(None, CONFIG)["log"][-3:]


@PROGRAMS.add
def what_may_be_said_of_a_runtime(lib: Any) -> Any:
    def node(state: State, runtime: Any) -> Any:
        other = runtime.patch_execution_info(node_attempt=7).override(context="other")
        merged = runtime.merge(lib.Runtime(context="merged")), runtime.merge(lib.Runtime())
        seen = [each.context for each in (runtime, other, *merged)]
        same = [runtime.server_info, runtime.previous, lib.Runtime().drain_reason]
        return {"log": [seen, same, other.execution_info.node_attempt, runtime.execution_info.node_attempt]}

    return chain(lib, node=node).compile().invoke({"log": []}, context="given")


@PROGRAMS.add
def a_command_to_a_parent_that_is_not_there(lib: Any) -> Any:
    def leaves(state: State) -> Any:
        return lib.Command(graph=lib.Command.PARENT, goto="away", update={"log": ["left"]})

    with pytest.raises(lib.ParentCommand) as raised:
        saved(lib, chain(lib, leaves=leaves)).invoke({"log": []}, CONFIG)
    return raised.value.args[0].goto, raised.value.args[0].update


@PROGRAMS.add
def who_hears_that_a_run_pauses_and_goes_on(lib: Any) -> Any:
    class Hears(lib.GraphCallbackHandler):  # type: ignore[misc]  # of whichever library
        def on_interrupt(self, event: Any) -> None:
            asked = sorted(interrupt.value for interrupt in event.interrupts)
            heard.append(["paused", event.status, event.checkpoint_ns, asked])

        def on_resume(self, event: Any) -> None:
            heard.append(["goes on", event.status, event.checkpoint_ns])

    asking = fan(lib, a=ask_and_tell(lib, "a"), b=ask_and_tell(lib, "b"))
    plain = chain(lib, a=tell("a"), b=tell("b"))
    for builder, options in ((asking, {}), (plain, {"interrupt_before": ["b"]}), (plain, {"interrupt_after": ["a"]})):
        heard: list[Any] = []
        graph = saved(lib, builder, **options)
        config: Any = {**CONFIG, "callbacks": [Hears()]}
        graph.invoke({"log": []}, config)
        given = dict.fromkeys(ids(graph).values(), "yes")
        graph.invoke(lib.Command(resume=given) if given else None, config)
        yield heard


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
