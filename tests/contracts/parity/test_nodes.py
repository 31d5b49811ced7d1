"""Nodes: what they know, how they fail, who is next, in both libraries."""

import re
from typing import Any, Literal, NotRequired

import pytest
from langchain_core.runnables import RunnableConfig

from tests.contracts.parity.kit import (
    CONFIG,
    END,
    START,
    Programs,
    State,
    attempt,
    chain,
    fails,
    fan,
    saved,
    tell,
    where,
)

PROGRAMS = Programs()


def public(config: Any) -> Any:
    """Keep what is documented of a node's config, with task ids as `ID`."""
    own = {key: value for key, value in config["configurable"].items() if not key.startswith("__")}
    shown = own | {"checkpoint_map": None}
    text = repr([sorted(shown.items()), sorted(config["metadata"].items()), config.get("tags")])
    return re.sub(r":[0-9a-f-]{32,36}", ":ID", text)


@PROGRAMS.add
def nodes_know_their_run(lib: Any) -> Any:
    def told(state: State, runtime: Any, config: RunnableConfig) -> dict[str, Any]:
        info = runtime.execution_info
        same = public(lib.get_config()) == public(config), lib.get_runtime() == runtime
        place = info.thread_id, info.run_id, info.node_attempt, info.checkpoint_ns == f"told:{info.task_id}"
        return {"log": [repr((runtime.context, runtime.store, place, same)), public(config)]}

    def sends(state: State) -> Any:
        return lib.Command(goto=lib.Send("told", {}))

    builder = lib.StateGraph(State, context_schema=dict)
    builder.add_node("told", told, metadata={"of": "node"})
    builder.add_node("sends", sends)
    builder.add_edge(START, "told")
    builder.add_edge(START, "sends")
    config = {**CONFIG, "metadata": {"of": "caller", "m": 1}, "tags": ["t"]}
    return saved(lib, builder).invoke({}, config, context={"user": "ana"}), builder.compile().invoke(
        {"text": "no store"}
    )


@PROGRAMS.add
def nodes_and_routers_know_how_many_steps_are_left(lib: Any) -> Any:
    class Counting(State, total=False):
        left: NotRequired[lib.RemainingSteps]
        last: lib.IsLastStep

    def counts(state: Counting) -> Any:
        return {**state, "log": [f"{state['left']} {state['last']}"]}

    builder = lib.StateGraph(Counting).add_node("counts", counts).add_node("child", counts)
    builder.add_edge(START, "counts")
    builder.add_conditional_edges("counts", lambda state: END if state["last"] else "counts")
    child = builder.compile()
    outer = lib.StateGraph(Counting).add_node("first", counts).add_node("child", child)
    graph = saved(lib, outer.add_edge(START, "first").add_edge("first", "child"))
    return graph.invoke({"left": 99, "log": []}, {**CONFIG, "recursion_limit": 4}), graph.get_state(CONFIG).values


@PROGRAMS.add
def an_error_handler_takes_over(lib: Any) -> Any:
    def routes(state: State, error: lib.NodeError) -> Any:
        return lib.Command(update={"log": [f"{error.node} {error.error!r}"]}, goto="after")

    def stays(state: State, error: lib.NodeError) -> Any:
        return {"log": [f"handled, heard {lib.interrupt('what now?')}"]}

    said = []
    for handler in (routes, stays):
        builder = lib.StateGraph(State)
        builder.add_node("fails", fails, error_handler=handler)
        builder.add_node("beside", tell("beside"))
        builder.add_node("after", tell("after"))
        builder.add_node("next", tell("next"))
        builder.add_edge(START, "fails")
        builder.add_edge(START, "beside")
        builder.add_edge("fails", "next")
        graph = saved(lib, builder)
        said += [graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="go on"), CONFIG) if handler is stays else 0]
    return said


@PROGRAMS.add
def a_failing_node_is_retried_by_none(lib: Any) -> Any:
    attempts: list[int] = []

    def fails_once(state: State) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("line is down")
        return {"log": ["worked"]}

    graph = saved(lib, chain(lib, a=tell("a"), fails=fails_once, b=tell("b")))
    said = [attempt(lambda: graph.invoke({}, CONFIG)), where(graph)]
    return [*said, graph.invoke(None, CONFIG), where(graph), len(attempts)]


@PROGRAMS.add
def retry_policies_try_again(lib: Any) -> Any:
    attempts: list[int] = []

    def fails_twice(state: State) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError("line is down")
        return {"log": [f"after {len(attempts)}"]}

    policy = lib.RetryPolicy(initial_interval=0.001, jitter=False)
    builder = lib.StateGraph(State)
    builder.add_node("fails", fails_twice, retry_policy=policy).add_edge(START, "fails")
    return builder.compile().invoke({})


@PROGRAMS.add
def routers_see_what_their_node_wrote(lib: Any) -> Any:
    def route(state: State) -> Literal["long", "short"]:
        return "long" if len(state["text"]) > 3 else "short"

    said = []
    for text in ("hi", "hello"):
        builder = chain(lib, read=lambda state: {"text": state["text"] + "!"})
        builder.add_node("long", tell("long")).add_node("short", tell("short"))
        builder.add_conditional_edges("read", route)
        said.append(builder.compile().invoke({"text": text}))
    return said


@PROGRAMS.add
def joins_wait_for_all_and_edges_for_none(lib: Any) -> Any:
    builder = fan(lib, a=tell("a"), b=tell("b"))
    builder.add_node("b2", tell("b2")).add_node("all", tell("all")).add_node("each", tell("each"))
    builder.add_edge("b", "b2").add_edge(["a", "b2"], "all").add_edge("a", "each").add_edge("b2", "each")
    return builder.compile().invoke({})


@PROGRAMS.add
def deferred_nodes_come_last(lib: Any) -> Any:
    builder = fan(lib, a=tell("a"), b=tell("b"))
    builder.add_node("b2", tell("b2")).add_node("sum", tell("sum"), defer=True)
    builder.add_edge("a", "sum").add_edge("b", "b2").add_edge("b2", "sum")
    return builder.compile().invoke({})


@PROGRAMS.add
def recursion_is_limited(lib: Any) -> Any:
    said = []
    for limit in (1, 2, 4):
        graph = saved(lib, chain(lib, a=tell("a"), b=tell("b"), c=tell("c")))
        config = CONFIG | {"recursion_limit": limit}
        try:
            said.append(graph.invoke({}, config))
        except lib.GraphRecursionError:
            said.append(("too long", where(graph), graph.invoke(None, CONFIG)))
    return said


@PROGRAMS.add
def mixed_results_of_one_node(lib: Any) -> Any:
    def node(state: State) -> Any:
        return [{"log": ["one"]}, lib.Command(update={"log": ["two"]}, goto="b")]

    builder = chain(lib, node=node)
    builder.add_node("b", tell("b"))
    return builder.compile().invoke({}), list(builder.compile().stream({}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
