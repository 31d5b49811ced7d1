"""What a node learns about its run: `runtime`, `config`, and the functions that return them."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import pytest
from pydantic import BaseModel

from runtime import (
    START,
    Command,
    InMemorySaver,
    NoRunError,
    RetryPolicy,
    Runtime,
    StateGraph,
    get_config,
    get_runtime,
    idempotency_key,
    interrupt,
)

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one", "user": "ana"}, "metadata": {"ours": 1}, "tags": ["t"]}


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


@dataclass
class Caller:
    name: str


class CallerModel(BaseModel):
    name: str


def chain(*nodes: Callable[..., Any], schema: type | None = None) -> StateGraph:
    return StateGraph(State, schema).add_sequence(nodes).add_edge(START, nodes[0].__name__)


def greet(state: State, runtime: Runtime[Caller]) -> Any:
    return {"log": [runtime.context]}


@pytest.mark.parametrize("schema", [Caller, CallerModel])
@pytest.mark.parametrize("by_mapping", [True, False])
def test_the_context_reaches_the_nodes_as_its_schema(schema: Callable[..., Any], by_mapping: bool) -> None:
    graph = chain(greet, schema=schema).compile()  # type: ignore[arg-type]  # both are classes
    context = {"name": "ana"} if by_mapping else schema(name="ana")
    assert graph.invoke({}, context=context) == {"log": [schema(name="ana")]}
    assert graph.invoke({}, context=context, stream_mode="values")["log"] == [schema(name="ana")]


def test_a_context_that_does_not_fit_is_refused_before_anything_runs() -> None:
    with pytest.raises(TypeError, match="nmae"):
        chain(greet, schema=Caller).compile().invoke({}, context={"nmae": "ana"})


def test_the_context_is_not_stored() -> None:
    def ask(state: State, runtime: Runtime[Any]) -> Any:
        return {"log": [interrupt("go?"), runtime.context]}

    graph = chain(ask).compile(InMemorySaver())
    graph.invoke({}, CONFIG, context={"name": "ana"})
    assert graph.invoke(Command(resume="yes"), CONFIG) == {"log": ["yes", None]}


def test_subgraphs_get_the_context_of_their_caller_unless_called_with_their_own() -> None:
    child = chain(greet, schema=Caller).compile()

    def calls(state: State) -> Any:
        return {"log": child.invoke({}, context={"name": "ben"})["log"] + child.invoke({})["log"]}

    graph = chain(calls, schema=Caller).add_node("child", child).add_edge("calls", "child").compile()
    assert graph.invoke({}, context=Caller("ana")) == {
        "log": [Caller("ben"), Caller("ana"), Caller("ben"), Caller("ana"), Caller("ana")]
    }


def test_the_execution_info_says_which_task_and_attempt_it_is() -> None:
    def flaky(state: State, runtime: Runtime[None]) -> Any:
        seen.append(runtime.execution_info)
        assert runtime == get_runtime()
        assert runtime.execution_info.idempotency_key == idempotency_key()
        if len(seen) == 1:
            raise ConnectionError
        return {"log": [interrupt("go?")]}

    seen: list[Any] = []
    retry = RetryPolicy(initial_interval=0, jitter=False)
    graph = StateGraph(State).add_node(flaky, retry_policy=retry).add_edge(START, "flaky").compile(InMemorySaver())
    graph.invoke({}, {**CONFIG, "run_id": "r"})
    graph.invoke(Command(resume="yes"), CONFIG)
    assert [info.node_attempt for info in seen] == [1, 2, 1]
    assert [info.run_id for info in seen] == ["r", "r", None]
    assert len({info.idempotency_key for info in seen}) == 1
    assert {(info.thread_id, info.checkpoint_ns, info.task_id) for info in seen} == {
        ("one", f"flaky:{seen[0].task_id}", seen[0].task_id)
    }


def test_the_runtime_writes_to_the_custom_stream() -> None:
    def writes(state: State, runtime: Runtime[None]) -> None:
        runtime.stream_writer("hello")
        runtime.override(stream_writer=print).stream_writer("elsewhere")

    assert list(chain(writes).compile().stream({}, stream_mode="custom")) == ["hello"]


def test_routers_get_what_they_ask_for() -> None:
    def route(state: State, runtime: Runtime[Any], config: Any) -> str:
        assert config["configurable"]["user"] == "ana"
        return str(runtime.context["to"])

    builder = StateGraph(State).add_node("there", lambda state: {"log": ["there"]}).add_conditional_edges(START, route)
    assert builder.compile().invoke({}, CONFIG, context={"to": "there"}) == {"log": ["there"]}


def test_a_node_can_call_another_thread_with_its_own_config() -> None:
    other = chain(greet).compile(InMemorySaver())

    def calls(state: State, config: Any) -> Any:
        elsewhere = {**config, "configurable": {**config["configurable"], "thread_id": "two"}}
        return other.invoke({}, elsewhere, context="mine")

    assert chain(calls).compile(InMemorySaver()).invoke({}, CONFIG) == {"log": ["mine"]}
    assert other.get_state({"configurable": {"thread_id": "two"}}).values == {"log": ["mine"]}


@pytest.mark.parametrize("ask", [get_runtime, get_config])
def test_outside_a_node_there_is_nothing_to_return(ask: Callable[[], Any]) -> None:
    with pytest.raises(NoRunError, match=ask.__name__):
        ask()


def test_a_misspelt_option_is_named() -> None:
    graph = chain(greet).compile()
    with pytest.raises(TypeError, match="no option 'contxt'; there are context, "):
        graph.invoke({}, contxt=1)  # type: ignore[call-arg]  # the mistake under test
    with pytest.raises(TypeError, match="no option 'contxt'"):
        graph.stream({}, contxt=1)  # type: ignore[call-arg]  # the mistake under test
