"""What `import runtime` costs and offers."""

import subprocess
import sys
from pathlib import Path

import pytest

import runtime


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.cwd())
    return done.stdout.strip()


def test_importing_runtime_loads_nothing_heavy() -> None:
    heavy = {"aiohttp", "jsonschema", "motor", "pydantic", "pymongo", "slack_bolt", "slack_sdk", "sqlite3", "langgraph"}
    rare = {"decimal", "typing_extensions", "runtime.functional", "runtime.items", "runtime.streams.speech"}
    loaded = run("import sys, runtime; print(*sys.modules)").split()
    assert heavy.isdisjoint(name.partition(".")[0] for name in loaded)
    assert rare.isdisjoint(loaded)


def test_typed_questions_are_read_by_a_process_that_has_not_met_them(tmp_path: Path) -> None:
    graph = f"""
from typing import TypedDict
from runtime import START, SqliteSaver, StateGraph, interrupt
class State(TypedDict, total=False):
    text: str
def ask(state: State):
    from runtime.hitl import Question
    interrupt(Question(title="Why?"))
with SqliteSaver({str(tmp_path / "andon.sqlite")!r}) as saver:
    graph = StateGraph(State).add_node(ask).add_edge(START, "ask").compile(saver)
    config = {{"configurable": {{"thread_id": "one"}}}}
"""
    run(f"{graph}    graph.invoke({{}}, config)")
    assert run(f"{graph}    print(graph.get_state(config).interrupts[0].value.title)") == "Why?"


PUBLIC = """
AIMessage All AndonError AnyMessage AsyncSqliteSaver BaseCache BaseStore CachePolicy CheckpointTuple Checkpointer
CodecError Command CompiledGraph CompiledStateGraph Durability END EmptyInputError ExecutionInfo GraphBubbleUp
GraphCallbackHandler GraphDrained GraphError GraphInterrupt GraphInterruptEvent GraphOutput GraphRecursionError
GraphResumeEvent HumanMessage InMemoryCache InMemorySaver InMemoryStore Interrupt InterruptMismatchError
InvalidAnswerError InvalidGraphError InvalidUpdateError IsLastStep Item MemorySaver Message MessageGraph MessagesState
MongoDBSaver NoRunError NodeCancelledError NodeError NodeInterrupt NodeTimeoutError Overwrite ParentCommand
PendingInterruptError PregelTask REMOVE_ALL_MESSAGES RemainingSteps RemoveMessage RetryPolicy RunControl RunError
RunnableConfig Runtime START SearchItem Send SqliteSaver StaleHeadError StateGraph StateSnapshot StateUpdate StoreError
StreamMode StreamWriter SystemMessage TAG_NOSTREAM ThreadBusyError TimeoutPolicy ToolMessage UnknownInterruptError
add_messages entrypoint get_config get_runtime get_store get_stream_writer idempotency_key interrupt is_invalid_resume
once push_message task
"""


def test_the_public_names_are_these() -> None:
    """To take one away breaks programs; to add one is a promise."""
    assert sorted(runtime.__all__) == sorted(PUBLIC.split())


@pytest.mark.parametrize("name", runtime.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(runtime, name) is not None


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="'zzz'"):
        _ = runtime.zzz
