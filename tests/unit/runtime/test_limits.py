"""How long a node may take, in all and in silence; what nodes have by default; and nodes that cancel themselves.

Time is that of a loop whose clock jumps to whatever is due next, so that nothing here depends on the machine.
"""

import asyncio
import operator
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableConfig

from runtime import (
    START,
    Command,
    CompiledGraph,
    InMemorySaver,
    InvalidGraphError,
    NodeCancelledError,
    NodeError,
    NodeTimeoutError,
    RetryPolicy,
    Runtime,
    Send,
    SqliteSaver,
    StateGraph,
    TimeoutPolicy,
    get_stream_writer,
    interrupt,
    task,
)

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
HASTE = RetryPolicy(initial_interval=0, jitter=False)


class State(TypedDict, total=False):
    log: Annotated[list[Any], operator.add]


class _Clock(selectors.DefaultSelector):
    """Where nothing else happens, time passes at once."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        happened = super().select(timeout if timeout is None else 0)
        self.now += 0 if happened else timeout or 0
        return happened


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def in_no_time(call: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(call)


def graph_of(node: Any, name: str = "node", **options: Any) -> CompiledGraph:
    return StateGraph(State).add_node(name, node, **options).add_edge(START, name).compile(InMemorySaver())


async def endless(state: State) -> Any:
    await asyncio.Event().wait()


# Silence.


def test_a_node_may_not_be_silent_for_longer_than_its_idle_timeout() -> None:
    graph = graph_of(endless, timeout=TimeoutPolicy(idle_timeout=5, run_timeout=60))
    with pytest.raises(NodeTimeoutError, match=r"'node' showed no sign of life for 5 s \(5\.000 s\)") as raised:
        in_no_time(graph.ainvoke({}, CONFIG))
    error = raised.value
    assert (error.node, error.kind, error.timeout) == ("node", "idle", 5)
    assert (error.idle_timeout, error.run_timeout, round(error.elapsed)) == (5, 60, 5)


@task
async def step() -> None:
    pass


async def call_a_subgraph(runtime: Runtime[None]) -> None:
    await CHILD.ainvoke({})


async def call_a_task(runtime: Runtime[None]) -> None:
    await step()


async def write(runtime: Runtime[None]) -> None:
    get_stream_writer()("here")


async def write_by_runtime(runtime: Runtime[None]) -> None:
    runtime.stream_writer("here")


async def beat(runtime: Runtime[None]) -> None:
    runtime.heartbeat()


async def nothing(state: State) -> None:
    pass


CHILD = StateGraph(State).add_node(nothing).add_edge(START, "nothing").compile()
SIGNS = [call_a_subgraph, call_a_task, write, write_by_runtime, beat]


def showing(sign: Callable[[Runtime[None]], Coroutine[Any, Any, None]]) -> Any:
    async def node(state: State, runtime: Runtime[None]) -> Any:
        for _ in range(10):
            await asyncio.sleep(4)
            await sign(runtime)
        return {"log": ["done"]}

    return node


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_of_life_sets_the_idle_timeout_back(sign: Any) -> None:
    graph = graph_of(showing(sign), timeout=TimeoutPolicy(idle_timeout=5))
    assert in_no_time(graph.ainvoke({}, CONFIG)) == {"log": ["done"]}


@pytest.mark.parametrize("sign", SIGNS)
def test_only_a_heartbeat_does_where_that_is_asked_for(sign: Any) -> None:
    graph = graph_of(showing(sign), timeout=TimeoutPolicy(idle_timeout=5, refresh_on="heartbeat"))
    if sign is beat:
        assert in_no_time(graph.ainvoke({}, CONFIG)) == {"log": ["done"]}
    else:
        with pytest.raises(NodeTimeoutError):
            in_no_time(graph.ainvoke({}, CONFIG))


def test_no_sign_of_life_moves_the_end_of_the_whole_attempt() -> None:
    graph = graph_of(showing(beat), timeout=TimeoutPolicy(idle_timeout=5, run_timeout=10))
    with pytest.raises(NodeTimeoutError, match=r"took longer than its timeout of 10 s \(10\.000 s\)") as raised:
        in_no_time(graph.ainvoke({}, CONFIG))
    assert (raised.value.kind, raised.value.timeout) == ("run", 10)


def test_steps_of_a_subgraph_are_signs_of_life_of_the_node_that_it_is() -> None:
    async def slow(state: State) -> Any:
        await asyncio.sleep(4)
        return {"log": ["slow"]}

    child = StateGraph(State).add_sequence([("a", slow), ("b", slow), ("c", slow)]).add_edge(START, "a").compile()
    graph = graph_of(child, timeout=TimeoutPolicy(idle_timeout=5))
    assert in_no_time(graph.ainvoke({}, CONFIG)) == {"log": ["slow"] * 3}


class SlowModel(GenericFakeChatModel):
    """Says a word every four seconds."""

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for word in ("one", "two", "three"):
            await asyncio.sleep(4)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


MODEL = SlowModel(messages=iter([]))


async def asks_a_model(state: State) -> Any:
    return {"log": [chunk.content async for chunk in MODEL.astream("hi") if chunk.content]}


async def hands_its_config_on(state: State, config: RunnableConfig) -> Any:
    return {"log": [chunk.content async for chunk in MODEL.astream("hi", config) if chunk.content]}


@pytest.mark.parametrize("node", [asks_a_model, hands_its_config_on])
@pytest.mark.parametrize("modes", ["values", ["messages", "values"]])
@pytest.mark.parametrize("in_a_subgraph", [True, False])
def test_each_token_of_a_model_is_a_sign_of_life(node: Any, modes: Any, in_a_subgraph: bool) -> None:
    graph = graph_of(graph_of(node) if in_a_subgraph else node, timeout=TimeoutPolicy(idle_timeout=5))

    async def last_chunk() -> Any:
        return [chunk async for chunk in graph.astream({}, CONFIG, stream_mode=modes)][-1]

    log = {"log": ["one", "two", "three"]}
    assert in_no_time(last_chunk()) == (log if modes == "values" else ("values", log))


def test_a_heartbeat_below_counts_above_as_well() -> None:
    child = graph_of(showing(beat), timeout=TimeoutPolicy(idle_timeout=5))
    graph = graph_of(child, timeout=TimeoutPolicy(idle_timeout=6, refresh_on="heartbeat"))
    assert in_no_time(graph.ainvoke({}, CONFIG)) == {"log": ["done"]}


def test_a_heartbeat_without_a_limit_is_nothing() -> None:
    assert in_no_time(graph_of(showing(beat)).ainvoke({}, CONFIG)) == {"log": ["done"]}
    Runtime().heartbeat()


# Limits.


def test_a_node_cannot_swallow_its_timeout() -> None:
    async def stubborn(state: State) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return {"log": ["too late"]}

    graph = graph_of(stubborn, timeout=5)
    with pytest.raises(NodeTimeoutError):
        in_no_time(graph.ainvoke({}, CONFIG))
    assert graph.get_state(CONFIG).values == {"log": []}


def test_a_timeout_takes_the_tasks_along_that_a_workflow_has_begun() -> None:
    @task
    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("endless")

    async def node(state: State) -> Any:
        endless()
        await asyncio.Event().wait()

    stopped: list[str] = []
    with pytest.raises(NodeTimeoutError):
        in_no_time(graph_of(node, timeout=5).ainvoke({}, CONFIG))
    assert stopped == ["endless"]


def test_a_command_to_the_parent_is_no_timeout() -> None:
    async def leaves(state: State) -> Any:
        await asyncio.sleep(4)
        return Command(graph=Command.PARENT, goto="after", update={"log": ["left"]})

    builder = StateGraph(State).add_node("child", graph_of(leaves, timeout=5), timeout=6).add_edge(START, "child")
    graph = builder.add_node("after", lambda state: {"log": ["after"]}).compile()
    assert in_no_time(graph.ainvoke({})) == {"log": ["left", "after"]}


def sent(node: Any, timeout: Any, of_node: Any = 60) -> StateGraph:
    builder = StateGraph(State).add_node("node", node, timeout=of_node)
    return builder.add_conditional_edges(START, lambda _: Send("node", {"log": []}, timeout=timeout))


def test_a_send_has_a_timeout_of_its_own() -> None:
    with pytest.raises(NodeTimeoutError) as raised:
        in_no_time(sent(endless, TimeoutPolicy(idle_timeout=5)).compile().ainvoke({}))
    assert (raised.value.kind, raised.value.idle_timeout, raised.value.run_timeout) == ("idle", 5, None)


def test_the_timeout_of_a_send_outlives_a_restart(tmp_path: Path) -> None:
    async def asks(state: State) -> Any:
        interrupt("go on?")
        await asyncio.Event().wait()

    builder = sent(asks, 5)
    with SqliteSaver(tmp_path / "threads.sqlite") as store:
        builder.compile(store).invoke({}, CONFIG)
    with SqliteSaver(tmp_path / "threads.sqlite") as store, pytest.raises(NodeTimeoutError):
        in_no_time(builder.compile(store).ainvoke(Command(resume="yes"), CONFIG))


def test_sync_nodes_and_no_time_are_refused() -> None:
    with pytest.raises(InvalidGraphError, match="'node' cannot have a timeout: it is not async"):
        sent(lambda state: None, 5, None).compile().invoke({})
    with pytest.raises(ValueError, match="more than 0 seconds, not 0"):
        Send("node", {}, timeout=0)
    with pytest.raises(ValueError, match="more than 0 seconds, not -1"):
        task(timeout=-1)
    with pytest.raises(InvalidGraphError, match="'auto' or 'heartbeat', not 'tokens'"):
        graph_of(endless, timeout=TimeoutPolicy(idle_timeout=1, refresh_on="tokens"))  # type: ignore[arg-type]


# Defaults.


def fails(state: State) -> Any:
    raise ConnectionError("down")


async def handles(state: State, error: NodeError) -> Any:
    return {"log": [f"handled {error.node}"]}


def test_defaults_hold_for_nodes_that_have_none_of_their_own() -> None:
    def flaky(state: State) -> Any:
        tried.append(1)
        raise ConnectionError("down")

    tried: list[int] = []
    builder = StateGraph(State).add_node("flaky", flaky).add_edge(START, "flaky")
    builder.add_node("own", flaky, retry_policy=RetryPolicy(max_attempts=1)).add_edge(START, "own")
    graph = builder.set_node_defaults(retry_policy=HASTE).set_node_defaults(error_handler=handles).compile()
    assert sorted(graph.invoke({})["log"]) == ["handled flaky", "handled own"]
    assert len(tried) == HASTE.max_attempts + 1


def test_a_default_timeout_is_for_async_nodes_only() -> None:
    with pytest.raises(NodeTimeoutError):
        in_no_time(
            StateGraph(State)
            .set_node_defaults(timeout=5)
            .add_sequence([endless])
            .set_entry_point("endless")
            .compile()
            .ainvoke({})
        )
    builder = StateGraph(State).add_node("node", fails).set_entry_point("node").set_node_defaults(timeout=5)
    with pytest.raises(InvalidGraphError, match="'node' cannot have a timeout: it is not async"):
        builder.compile()


def test_nobody_handles_the_failure_of_a_handler() -> None:
    def breaks(state: State, error: NodeError) -> Any:
        raise LookupError(error.node)

    builder = StateGraph(State).add_node("node", fails).set_entry_point("node")
    with pytest.raises(LookupError, match="node"):
        builder.set_node_defaults(error_handler=breaks).compile().invoke({})


def test_a_run_may_stop_in_front_of_a_handler() -> None:
    builder = StateGraph(State).add_node("node", fails, error_handler=handles).set_entry_point("node")
    graph = builder.compile(InMemorySaver(), interrupt_before=["__error_handler__node"])
    assert graph.invoke({}, CONFIG) == {"log": [], "__interrupt__": []}
    assert graph.invoke(None, CONFIG) == {"log": ["handled node"]}


# Nodes that cancel themselves.


async def cancels(state: State) -> Any:
    raise asyncio.CancelledError


def cancels_itself(state: State) -> Any:
    raise asyncio.CancelledError


@pytest.mark.parametrize("node", [cancels, cancels_itself])
@pytest.mark.parametrize("alone", [True, False])
async def test_a_node_that_raises_the_cancelled_error_has_failed(node: Any, alone: bool) -> None:
    builder = StateGraph(State).add_node("node", node).add_edge(START, "node")
    if not alone:
        builder.add_node("other", lambda state: {"log": ["other"]}).add_edge(START, "other")
    with pytest.raises(NodeCancelledError, match=r"'node' raised asyncio\.CancelledError"):
        await builder.compile().ainvoke({})
    with pytest.raises(NodeCancelledError):
        builder.compile().invoke({})


async def test_a_node_whose_run_is_cancelled_has_not_failed() -> None:
    async def waits(state: State) -> Any:
        begun.set()
        await asyncio.Event().wait()

    begun = asyncio.Event()
    going = asyncio.ensure_future(graph_of(waits, error_handler=handles).ainvoke({}, CONFIG))
    await begun.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
