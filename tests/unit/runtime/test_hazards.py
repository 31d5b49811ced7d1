"""What goes wrong in LangGraph and cannot here: one test per hazard. The stories: `docs/from-langgraph.md`."""

import asyncio
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest

from runtime import (
    START,
    CachePolicy,
    Command,
    CompiledGraph,
    InMemoryCache,
    InMemorySaver,
    InvalidAnswerError,
    InvalidUpdateError,
    PendingInterruptError,
    StateGraph,
    ThreadBusyError,
    UnknownInterruptError,
    interrupt,
    once,
)

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


def chain(*nodes: Callable[..., Any]) -> CompiledGraph:
    builder = StateGraph(State).add_sequence(nodes).add_edge(START, nodes[0].__name__)
    return builder.compile(checkpointer=InMemorySaver())


def asked(graph: CompiledGraph, given: Any) -> Any:
    """Run to the next pause and return its one question."""
    (question,) = graph.invoke(given, CONFIG)["__interrupt__"]
    return question


def first(state: State) -> Any:
    return {"log": [interrupt("pay 10?")]}


def second(state: State) -> Any:
    return {"log": [interrupt("delete everything?")]}


# 1. An answer belongs to one question.


def test_an_answer_never_answers_another_question() -> None:
    graph = chain(first, second)
    old = asked(graph, {})
    new = asked(graph, Command(resume={old.id: "yes"}))
    with pytest.raises(UnknownInterruptError) as refused:
        graph.invoke(Command(resume={old.id: "yes"}), CONFIG)
    assert (refused.value.reason, refused.value.pending_ids) == ("not_pending", (new.id,))
    assert asked(graph, None) == new


def test_an_answer_never_answers_a_question_nobody_has_seen() -> None:
    graph = chain(first)
    graph.invoke({}, CONFIG, interrupt_before=["first"])
    with pytest.raises(UnknownInterruptError, match="no question is pending"):
        graph.invoke(Command(resume="yes"), CONFIG)
    assert asked(graph, None).value == "pay 10?"


@pytest.mark.parametrize("answer", [{}, {"0" * 32: "yes"}])
def test_an_answer_to_nothing_is_never_ignored(answer: Any) -> None:
    graph = chain(first)
    asked(graph, {})
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume=answer), CONFIG)


# 2. What was approved is what runs.


def test_an_approval_never_covers_what_was_not_shown() -> None:
    price = [10]

    def pay(state: State) -> Any:
        return {"log": [(price[0], interrupt(f"pay {price[0]}?"))]}

    graph = chain(pay)
    old = asked(graph, {})
    price[0] = 99
    new = asked(graph, Command(resume=True))
    assert (new.value, new.supersedes) == ("pay 99?", old.id)
    assert graph.invoke(Command(resume=False), CONFIG) == {"log": [(99, False)]}


# 3. Only answered tasks run again.


def test_a_node_nobody_answered_never_runs_again() -> None:
    entered: list[str] = []

    def asking(name: str) -> Callable[[State], Any]:
        def node(state: State) -> Any:
            entered.append(name)
            return {"log": [interrupt(name)]}

        return node

    builder = StateGraph(State)
    for name in "abc":
        builder.add_node(name, asking(name)).add_edge(START, name)
    graph = builder.compile(checkpointer=InMemorySaver())
    questions = {question.value: question.id for question in graph.invoke({}, CONFIG)["__interrupt__"]}
    entered.clear()
    graph.invoke(Command(resume={questions["b"]: "yes"}), CONFIG)
    assert entered == ["b"]


# 4. A pause cannot be swallowed.


def test_except_exception_never_swallows_a_question() -> None:
    def careful(state: State) -> Any:
        try:
            return {"log": [interrupt("go?")]}
        except Exception:  # noqa: BLE001 - the hazard
            return {"log": ["nobody was asked"]}

    graph = chain(careful)
    assert asked(graph, {}).value == "go?"
    assert graph.invoke(Command(resume="yes"), CONFIG) == {"log": ["yes"]}


# 5. No silent loss.


def test_a_question_is_never_dropped_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    graph = chain(first)
    question = asked(graph, {})
    with pytest.raises(PendingInterruptError, match=question.id):
        graph.invoke({}, CONFIG, on_pending="refuse")
    chunks = list(graph.stream({}, CONFIG))
    assert chunks[0] == {"__abandoned__": (question,)}
    assert question.id in caplog.text


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (Command(goto="nowhere"), "'nowhere', but there is no such node"),
        ({"lgo": ["typo"]}, "writes 'lgo', but the state has only log"),
    ],
)
def test_a_mistyped_target_or_key_is_never_ignored(returned: Any, problem: str) -> None:
    def mistaken(state: State) -> Any:
        return returned

    with pytest.raises(InvalidUpdateError, match=problem):
        chain(mistaken).invoke({}, CONFIG)


def test_a_failing_router_never_ends_the_thread() -> None:
    down = [True]

    def route(state: State) -> str:
        if down.pop() if down else False:
            raise ConnectionError
        return "second"

    builder = StateGraph(State).add_node(first).add_node(second).add_edge(START, "first")
    graph = builder.add_conditional_edges("first", route).compile(checkpointer=InMemorySaver())
    asked(graph, {})
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume="yes"), CONFIG)
    assert asked(graph, None).value == "delete everything?"


# 6. Static breakpoints show, and can be switched off.


def test_a_static_breakpoint_never_looks_like_the_end() -> None:
    graph = chain(first)
    assert graph.invoke({}, CONFIG, interrupt_before=["first"]) == {"log": [], "__interrupt__": []}
    compiled = chain(first).builder.compile(checkpointer=InMemorySaver(), interrupt_before=["first"])
    assert compiled.invoke({}, CONFIG, interrupt_before=[])["__interrupt__"][0].value == "pay 10?"


# 7. Effects before a question happen once.


def test_an_effect_before_a_question_never_repeats() -> None:
    sent: list[str] = []

    def notify(state: State) -> Any:
        once("mail", sent.append, "please look")
        return {"log": [interrupt("first?"), interrupt("second?")]}

    graph = chain(notify)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume=1), CONFIG)
    assert graph.invoke(Command(resume=2), CONFIG) == {"log": [1, 2]}
    assert sent == ["please look"]


# 8. Another answer from an old checkpoint.


def test_an_old_answer_never_replaces_a_new_one() -> None:
    graph = chain(first)
    asked(graph, {})
    paused = graph.get_state(CONFIG).config
    assert graph.invoke(Command(resume="yes"), CONFIG) == {"log": ["yes"]}
    assert graph.invoke(Command(resume="no"), paused) == {"log": ["no"]}


# 9. Answers fit their question.


def test_an_answer_that_does_not_fit_never_reaches_the_node() -> None:
    heard: list[Any] = []

    def count(state: State) -> Any:
        heard.append(
            interrupt("how many?", response_schema={"type": "object", "properties": {"n": {"type": "integer"}}})
        )
        return {"log": heard}

    graph = chain(count)
    question = asked(graph, {})
    with pytest.raises(InvalidAnswerError, match="n: 'many' is not of type 'integer'"):
        graph.invoke(Command(resume={"n": "many"}), CONFIG)
    assert (heard, asked(graph, None)) == ([], question)
    assert graph.invoke(Command(resume={"n": 3}), CONFIG) == {"log": [{"n": 3}]}


# 10. One run at a time.


async def test_a_double_click_never_runs_a_node_twice() -> None:
    entered: list[Any] = []

    async def pay(state: State) -> Any:
        answer = interrupt("pay?")
        entered.append(answer)
        await asyncio.sleep(0)
        return {"log": [answer]}

    graph = chain(pay)
    await graph.ainvoke({}, CONFIG)
    clicks = (graph.ainvoke(Command(resume=click), CONFIG) for click in ("one", "two"))
    done = await asyncio.gather(*clicks, return_exceptions=True)
    assert done[0] == {"log": ["one"]}
    assert isinstance(done[1], ThreadBusyError)
    assert entered == ["one"]


# 11. What people decide belongs to the thread it was decided in.


def test_an_answer_never_reaches_another_thread_through_a_cache() -> None:
    builder = StateGraph(State).add_node(first, cache_policy=CachePolicy()).add_edge(START, "first")
    graph = builder.compile(InMemorySaver(), cache=InMemoryCache())
    asked(graph, {})
    assert graph.invoke(Command(resume="yes"), CONFIG) == {"log": ["yes"]}
    other: Any = {"configurable": {"thread_id": "two"}}
    assert [question.value for question in graph.invoke({}, other)["__interrupt__"]] == ["pay 10?"]
