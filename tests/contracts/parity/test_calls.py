"""What a call may say besides its input, in both libraries: config and options."""

import asyncio
import warnings
from typing import Any
from uuid import UUID

import pytest
from langchain_core.runnables import RunnableConfig

from tests.contracts.parity.kit import CONFIG, START, Programs, State, attempt, chain, fails, saved, tell

PROGRAMS = Programs()


def told(state: State, config: RunnableConfig) -> dict[str, Any]:
    """Write what a node sees of the caller's config."""
    kept = {name: value for name, value in config["metadata"].items() if "langgraph" not in name}
    return {
        "log": [config.get("tags"), kept, config["configurable"].get("who"), "run_name" in config, "run_id" in config]
    }


@PROGRAMS.add
def what_is_bound_and_what_is_said_are_put_together(lib: Any) -> Any:
    bound = saved(lib, chain(lib, told=told)).with_config(
        {"tags": ["bound"], "metadata": {"m": 1, "both": 1}, "configurable": {"who": "bound"}}, run_name="named"
    )
    said = {**CONFIG, "run_id": UUID(int=1), "tags": ["said"], "metadata": {"both": 2, "own": 3}}
    return bound.invoke({}, said), bound.invoke({}, CONFIG), (bound.get_state(CONFIG).metadata or {}).get("m")


@PROGRAMS.add
def limits_may_be_bound(lib: Any) -> Any:
    graph = chain(lib, a=tell("a"), b=tell("b"), c=tell("c")).compile().with_config(recursion_limit=2)
    return attempt(lambda: graph.invoke({})), graph.invoke({}, {"recursion_limit": 5})


@PROGRAMS.add
def so_many_tasks_at_a_time(lib: Any) -> Any:
    at_work: set[int] = set()
    three = asyncio.Barrier(3)

    async def works(number: int) -> dict[str, Any]:
        at_work.add(number)
        most = len(at_work)
        await three.wait()
        at_work.discard(number)
        return {"log": [most <= 3]}

    builder = lib.StateGraph(State).add_node("works", works)
    builder.add_conditional_edges(START, lambda _: [lib.Send("works", number) for number in range(9)], ["works"])
    return asyncio.run(builder.compile().ainvoke({}, {"max_concurrency": 3}))


@PROGRAMS.add
def batches_have_limits_and_may_keep_what_failed(lib: Any) -> Any:
    at_work: list[None] = []

    async def works(state: State) -> dict[str, Any]:
        at_work.append(None)
        most = len(at_work)
        await asyncio.sleep(0)
        at_work.pop()
        return {"log": [most <= 2]}

    graph = chain(lib, works=works).compile()
    broken = chain(lib, fails=fails).compile()
    return (
        asyncio.run(graph.abatch([{}] * 4, {"max_concurrency": 2})),
        list(map(repr, broken.batch([{}, {}], return_exceptions=True))),
    )


@PROGRAMS.add
def streams_show_only_the_keys_that_were_asked_for(lib: Any) -> Any:
    def text(state: State) -> dict[str, Any]:
        return {"text": lib.interrupt("?")}

    for keys in ("text", "log", ["text"], ["log", "text"]):
        for mode in ("values", "updates", ["values", "updates"]):
            graph = saved(lib, chain(lib, a=tell("a"), text=text, none=lambda _: None, b=tell("b")))
            options = {"stream_mode": mode, "output_keys": keys}
            yield list(graph.stream({"text": "hi", "log": ["in"]}, CONFIG, **options))
            yield list(graph.stream(lib.Command(resume="yo"), CONFIG, **options))


@PROGRAMS.add
def older_and_idle_options_are_taken(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a")))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        result = graph.invoke({}, CONFIG, checkpoint_during=False)
    return result, len(heard), graph.invoke({}, CONFIG, debug=False)


@PROGRAMS.add
def a_state_without_keys_is_streamed(lib: Any) -> Any:
    builder = lib.StateGraph(list).add_node("more", lambda items: [*items, 1]).add_edge(START, "more")
    return list(builder.compile().stream([0], stream_mode=["values", "updates"], version="v2"))


@PROGRAMS.add
def a_value_that_is_no_dict_is_returned_at_a_breakpoint(lib: Any) -> Any:
    builder = lib.StateGraph(list).add_node("more", lambda items: [*items, 1]).add_edge(START, "more")
    graph = saved(lib, builder, interrupt_before=["more"])
    one = saved(lib, chain(lib, a=tell("a")), interrupt_before=["a"])
    return graph.invoke([0], CONFIG), graph.invoke(None, CONFIG), one.invoke({"text": "x"}, CONFIG, output_keys="text")


@PROGRAMS.add
def what_is_no_checkpointer_is_refused(lib: Any) -> Any:
    return attempt(lambda: chain(lib, a=tell("a")).compile(checkpointer=object()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
