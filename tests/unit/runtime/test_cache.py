"""Results that are used again for the same input: which, for how long, and whose."""

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.cache.memory import InMemoryCache as LangGraphCache

from runtime import (
    START,
    BaseCache,
    CachePolicy,
    CodecError,
    Command,
    CompiledGraph,
    HumanMessage,
    InMemoryCache,
    InMemorySaver,
    Message,
    Send,
    StateGraph,
    entrypoint,
    interrupt,
    task,
)

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
OTHER: dict[str, Any] = {"configurable": {"thread_id": "two"}}


class State(TypedDict, total=False):
    text: str
    log: Annotated[list[Any], operator.add]


class Counter:
    """A node that says how often it ran."""

    def __init__(self) -> None:
        self.ran = 0

    def __call__(self, state: State) -> Any:
        self.ran += 1
        return {"log": [self.ran]}


ALWAYS = CachePolicy()


def graph_of(node: Any, cache: Any, policy: CachePolicy | None = ALWAYS, name: str = "node") -> CompiledGraph:
    builder = StateGraph(State).add_node(name, node, cache_policy=policy).add_edge(START, name)
    return builder.compile(InMemorySaver(), cache=cache)


# Which results are used again.


@pytest.mark.parametrize("cache", [InMemoryCache(), LangGraphCache()])
async def test_another_thread_gets_what_the_first_one_computed(cache: Any) -> None:
    counter = Counter()
    graph = graph_of(counter, cache)
    assert graph.invoke({"text": "a"}, CONFIG) == await graph.ainvoke({"text": "a"}, OTHER) == {"text": "a", "log": [1]}
    assert graph.invoke({"text": "b"}, OTHER) == {"text": "b", "log": [1, 2]}
    assert counter.ran == 2


@pytest.mark.parametrize(("cache", "policy"), [(None, CachePolicy()), (InMemoryCache(), None)])
def test_it_takes_a_cache_and_a_policy(cache: Any, policy: Any) -> None:
    counter = Counter()
    graph = graph_of(counter, cache, policy)
    graph.invoke({"text": "a"}, CONFIG)
    graph.invoke({"text": "a"}, OTHER)
    assert counter.ran == 2


def test_a_result_lapses() -> None:
    for ttl, ran in ((0, 2), (3600, 1), (None, 1)):
        counter = Counter()
        graph = graph_of(counter, InMemoryCache(), CachePolicy(ttl=ttl))
        graph.invoke({"text": "a"}, CONFIG)
        graph.invoke({"text": "a"}, OTHER)
        assert counter.ran == ran


def test_a_failure_is_tried_again() -> None:
    def fails(state: State) -> Any:
        tried.append(1)
        raise ConnectionError("down")

    tried: list[int] = []
    graph = graph_of(fails, InMemoryCache())
    for config in (CONFIG, OTHER):
        with pytest.raises(ConnectionError):
            graph.invoke({"text": "a"}, config)
    assert len(tried) == 2


def test_where_a_result_led_is_kept_with_it() -> None:
    def fans_out(state: State) -> Any:
        ran.append("fans out")
        sends = [Send("worker", {"text": number}) for number in "12"]
        return Command(goto=sends, update={"text": "sent"})

    ran: list[str] = []
    builder = StateGraph(State).add_node(fans_out, cache_policy=CachePolicy()).add_edge(START, "fans_out")
    builder.add_node("worker", lambda state: {"log": [state["text"]]})
    graph = builder.compile(cache=InMemoryCache())
    assert graph.invoke({}) == graph.invoke({}) == {"text": "sent", "log": ["1", "2"]}
    assert ran.count("fans out") == 1


def test_messages_come_back_as_they_were() -> None:
    class Talk(TypedDict, total=False):
        said: Annotated[list[Message], operator.add]

    def says(state: Talk) -> Any:
        return {"said": [HumanMessage("hello", id="a")]}

    builder = StateGraph(Talk).add_node(says, cache_policy=CachePolicy()).add_edge(START, "says")
    graph = builder.compile(cache=InMemoryCache())
    assert graph.invoke({}) == graph.invoke({}) == {"said": [HumanMessage("hello", id="a")]}


def test_what_is_changed_later_is_not_changed_in_the_cache() -> None:
    graph = graph_of(Counter(), InMemoryCache())
    for config in (CONFIG, OTHER):
        result = graph.invoke({"text": "a"}, config)
        assert result["log"] == [1]
        result["log"].append("mine")


def test_an_input_that_cannot_be_told_apart_says_where() -> None:
    builder = StateGraph(State).add_node("node", Counter(), cache_policy=ALWAYS).add_edge(START, "node")
    with pytest.raises(CodecError, match="text"):
        builder.compile(cache=InMemoryCache()).invoke({"text": object()})


# Whose cache it is.


def nested(child: CompiledGraph, cache: Any) -> CompiledGraph:
    return StateGraph(State).add_node("child", child).add_edge(START, "child").compile(cache=cache)


def test_a_subgraph_uses_its_own_cache_or_that_of_the_graph_that_was_called() -> None:
    for own, outer, ran in (
        (None, InMemoryCache(), 1),
        (InMemoryCache(), None, 1),
        (InMemoryCache(), InMemoryCache(), 1),
    ):
        counter = Counter()
        graph = nested(graph_of(counter, own), outer)
        assert graph.invoke({"text": "a"}) == graph.invoke({"text": "a"})
        assert counter.ran == ran
        if own is not None:
            own.clear()
            graph.invoke({"text": "a"})
            assert counter.ran == 2


def test_nodes_of_other_names_and_functions_do_not_share() -> None:
    def double(state: State) -> Any:
        return {"log": [state["text"] * 2]}

    def triple(state: State) -> Any:
        return {"log": [state["text"] * 3]}

    cache = InMemoryCache()
    logs = [
        graph_of(run, cache, name=name).invoke({"text": "a"}, CONFIG)["log"]
        for run, name in ((double, "node"), (triple, "node"), (triple, "other"))
    ]
    assert logs == [["aa"], ["aaa"], ["aaa"]]


async def test_what_is_kept_can_be_forgotten_node_by_node() -> None:
    first, second = Counter(), Counter()
    builder = StateGraph(State).add_sequence([("first", first), ("second", second)]).add_edge(START, "first")
    graph = builder.set_node_defaults(cache_policy=CachePolicy(key_func=lambda _: "any")).compile(cache=InMemoryCache())
    graph.invoke({})
    graph.clear_cache(["second"])
    graph.invoke({})
    assert (first.ran, second.ran) == (1, 2)
    await graph.aclear_cache()
    await graph.ainvoke({})
    assert (first.ran, second.ran) == (2, 3)
    with pytest.raises(ValueError, match="no cache to clear"):
        builder.compile().clear_cache()


# Workflows.


async def test_tasks_are_told_apart_by_what_they_are_called_with() -> None:
    @task(cache_policy=CachePolicy(key_func=lambda word, *, times: f"{word.lower()}{times}"))
    async def repeat(word: str, *, times: int) -> str:
        ran.append(word)
        return word * times

    @entrypoint(cache=InMemoryCache())
    async def flow(words: list[str]) -> Any:
        return [await repeat(word, times=2) for word in words]

    ran: list[str] = []
    assert await flow.ainvoke(["a", "A", "b"]) == ["aa", "aa", "bb"]
    assert await flow.ainvoke(["B"]) == ["bb"]
    assert ran == ["a", "b"]


async def test_a_task_can_be_forgotten() -> None:
    @task(cache_policy=CachePolicy())
    def count() -> int:
        ran.append(1)
        return len(ran)

    @entrypoint(cache=(cache := InMemoryCache()))
    def flow(given: Any) -> Any:
        return count().result()

    ran: list[int] = []
    assert [flow.invoke(1), flow.invoke(2)] == [1, 1]
    await count.aclear_cache(cache)
    assert flow.invoke(1) == 2
    count.clear_cache(cache)
    assert flow.invoke(1) == 3


def test_what_a_workflow_left_in_one_thread_is_not_used_in_another() -> None:
    @entrypoint(InMemorySaver(), cache=InMemoryCache(), cache_policy=CachePolicy())
    def add(number: int, *, previous: int | None = None) -> int:
        return (previous or 0) + number

    assert [add.invoke(1, CONFIG), add.invoke(1, CONFIG), add.invoke(1, OTHER)] == [1, 2, 1]


# What people answered. The first of these: `test_hazards.py`.


@task(cache_policy=CachePolicy())
def ask() -> Any:
    return interrupt("pay?")


def asks(state: State) -> Any:
    return {"log": [interrupt("pay?")]}


def asks_in_a_task(state: State) -> Any:
    return {"log": [ask().result()]}


ASKING = StateGraph(State).add_node("asks", asks, cache_policy=CachePolicy()).add_edge(START, "asks").compile()


def asks_in_a_graph(state: State) -> Any:
    return {"log": ASKING.invoke({"text": "a"})["log"]}


def asks_before_and_computes_after(state: State) -> Any:
    return {"log": [*ASKING.invoke({"text": "a"})["log"], *NOTHING_ASKED.invoke({})["log"]]}


def asks_after_another_call(state: State) -> Any:
    NOTHING_ASKED.invoke({})
    return {"log": ASKING.invoke({"text": "a"})["log"]}


NOTHING_ASKED = StateGraph(State).add_node("none", lambda state: {"log": ["none"]}).add_edge(START, "none").compile()


@pytest.mark.parametrize(
    "node", [asks_in_a_task, asks_in_a_graph, ASKING, asks_before_and_computes_after, asks_after_another_call]
)
def test_what_was_answered_below_stays_in_its_thread(node: Callable[..., Any] | CompiledGraph) -> None:
    graph = graph_of(node, InMemoryCache())
    for config, answer in ((CONFIG, "yes"), (OTHER, "no")):
        assert "__interrupt__" in graph.invoke({"text": "a"}, config)
        assert graph.invoke(Command(resume=answer), config)["log"][0] == answer


def test_a_cache_is_anything_that_has_its_methods() -> None:
    assert issubclass(InMemoryCache, BaseCache)
    cache = InMemoryCache()
    cache.set({(("a",), "1"): ("one", None), (("b",), "1"): ("two", 3600), (("b",), "2"): ("three", 0)})
    keys = [(("a",), "1"), (("b",), "1"), (("b",), "2"), (("c",), "1")]
    assert cache.get(keys) == {(("a",), "1"): "one", (("b",), "1"): "two"}
    cache.clear([("a",), ("c",)])
    assert cache.get(keys) == {(("b",), "1"): "two"}
    cache.clear()
    assert cache.get(keys) == {}
