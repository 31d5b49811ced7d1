"""The same program with both libraries says the same.

Each program gets a library (LangGraph's names, from LangGraph or from `runtime`) and returns what somebody who runs it
would see: results, chunks, state. Ids are left out, and the order in which parallel questions are listed.
"""

import operator
import re
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Annotated, Any, TypedDict

from langgraph import func as langgraph_func, types as langgraph_types
from langgraph.cache.memory import InMemoryCache as LangGraphCache
from langgraph.callbacks import GraphCallbackHandler as LangGraphCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver as LangGraphMemory
from langgraph.config import (
    get_config as langgraph_config,
    get_store as langgraph_store,
    get_stream_writer as langgraph_writer,
)
from langgraph.errors import (
    GraphRecursionError as LangGraphRecursionError,
    NodeError as LangGraphNodeError,
    NodeTimeoutError as LangGraphNodeTimeoutError,
    ParentCommand as LangGraphParentCommand,
)
from langgraph.graph import StateGraph as LangGraphStateGraph, message as langgraph_messages
from langgraph.managed import IsLastStep as LangGraphIsLastStep, RemainingSteps as LangGraphRemainingSteps
from langgraph.runtime import (
    RunControl as LangGraphControl,
    Runtime as LangGraphRuntime,
    get_runtime as langgraph_runtime,
)
from langgraph.store.memory import InMemoryStore as LangGraphStore

import runtime

LANGGRAPH = SimpleNamespace(
    StateGraph=LangGraphStateGraph,
    InMemorySaver=LangGraphMemory,
    interrupt=langgraph_types.interrupt,
    Command=langgraph_types.Command,
    Send=langgraph_types.Send,
    Overwrite=langgraph_types.Overwrite,
    StateUpdate=langgraph_types.StateUpdate,
    RetryPolicy=langgraph_types.RetryPolicy,
    get_stream_writer=langgraph_writer,
    get_config=langgraph_config,
    get_runtime=langgraph_runtime,
    get_store=langgraph_store,
    InMemoryStore=LangGraphStore,
    GraphRecursionError=LangGraphRecursionError,
    NodeError=LangGraphNodeError,
    NodeTimeoutError=LangGraphNodeTimeoutError,
    TimeoutPolicy=langgraph_types.TimeoutPolicy,
    CachePolicy=langgraph_types.CachePolicy,
    InMemoryCache=LangGraphCache,
    IsLastStep=LangGraphIsLastStep,
    RemainingSteps=LangGraphRemainingSteps,
    MessagesState=langgraph_messages.MessagesState,
    MessageGraph=langgraph_messages.MessageGraph,
    add_messages=langgraph_messages.add_messages,
    entrypoint=langgraph_func.entrypoint,
    task=langgraph_func.task,
    RunControl=LangGraphControl,
    GraphCallbackHandler=LangGraphCallbackHandler,
    Runtime=LangGraphRuntime,
    ParentCommand=LangGraphParentCommand,
)
START, END = runtime.START, runtime.END
Config = dict[str, Any]
Program = Callable[[Any], Any]
CONFIG: Config = {"configurable": {"thread_id": "one"}}


class Programs(dict[str, Program]):
    """The programs of one subject, by name."""

    def add(self, program: Program) -> Program:
        """Take one more; for use as a decorator."""
        self[program.__name__] = program
        return program

    def say_the_same(self, name: str) -> None:
        """Run one with both libraries."""
        assert plain(_whole(self[name](runtime))) == plain(_whole(self[name](LANGGRAPH)))


def _whole(said: Any) -> Any:
    return list(said) if isinstance(said, Generator) else said


class State(TypedDict, total=False):
    text: str
    log: Annotated[list[str], operator.add]


def ask_and_tell(lib: Any, name: str) -> Callable[[State], Any]:
    def node(state: State) -> dict[str, Any]:
        return {"log": [f"{name} heard {lib.interrupt(f'{name}?')}"]}

    return node


def tell(name: str) -> Callable[[State], Any]:
    return lambda state: {"log": [name]}


def chain(lib: Any, **nodes: Any) -> Any:
    builder = lib.StateGraph(State)
    previous = START
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(previous, name)
        previous = name
    return builder


def fan(lib: Any, **nodes: Any) -> Any:
    builder = lib.StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(START, name)
    return builder


def saved(lib: Any, builder: Any, **options: Any) -> Any:
    return builder.compile(checkpointer=lib.InMemorySaver(), **options)


def where(graph: Any, config: Config = CONFIG) -> Any:
    state = graph.get_state(config)
    tasks = sorted(
        (task.name, task.path, task.result, task.error is None, sorted(map(plain, task.interrupts), key=repr))
        for task in state.tasks
    )
    return plain(state.values), sorted(state.next), tasks, (state.metadata or {}).get("step")


def ids(graph: Any, config: Config = CONFIG) -> dict[Any, str]:
    return {interrupt.value: interrupt.id for interrupt in graph.get_state(config).interrupts}


def anonymous(chunk: Any) -> Any:
    """Put `ID` and `TIME` in the place of what no two runs share.

    A checkpoint's tasks lose their questions: when a run goes on, there the answered one is shown once more.
    """
    if isinstance(chunk, dict):
        hidden = {"interrupts"} if chunk.keys() >= {"interrupts", "state"} else set()
        return {anonymous(key): anonymous(value) for key, value in chunk.items() if key not in hidden}
    if isinstance(chunk, (list, tuple)):
        return [anonymous(item) for item in chunk]
    if isinstance(chunk, Exception):
        return repr(chunk)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "ID", chunk) if isinstance(chunk, str) else chunk
    return "TIME" if isinstance(text, str) and re.match(r"\d{4}-\d\d-\d\dT", text) else text


def fails(state: State) -> Any:
    raise ConnectionError("down")


def attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - which error it is is what gets compared
        return type(error).__name__


def plain(seen: Any) -> Any:
    """What was seen, in the same words for both libraries."""
    if hasattr(seen, "interrupt_id") or type(seen).__name__ == "Interrupt":
        return {"asks": seen.value}
    if hasattr(seen, "content") and hasattr(seen, "type"):
        return (seen.type, seen.content)
    if isinstance(seen, dict):
        return {key: unordered(value) if key == "__interrupt__" else plain(value) for key, value in seen.items()}
    if isinstance(seen, (list, tuple)):
        return [plain(item) for item in seen]
    return seen


def unordered(questions: Any) -> Any:
    return sorted((plain(question) for question in questions), key=repr)
