"""Durable agent graphs that ask people and go on with the answer. No Slack, no web.

Everything a program needs is importable from here; what not every program needs is imported when first used.
"""

from typing import TYPE_CHECKING, Any

from runtime.conversation import REMOVE_ALL_MESSAGES, add_messages
from runtime.engine.injected import get_config, get_runtime, get_store
from runtime.engine.interrupts import (
    GraphBubbleUp,
    GraphInterrupt,
    NodeInterrupt,
    ParentCommand,
    get_stream_writer,
    idempotency_key,
    interrupt,
    once,
)
from runtime.errors import (
    AndonError,
    CodecError,
    EmptyInputError,
    GraphDrained,
    GraphError,
    GraphRecursionError,
    InterruptMismatchError,
    InvalidAnswerError,
    InvalidGraphError,
    InvalidUpdateError,
    NodeCancelledError,
    NodeError,
    NodeTimeoutError,
    NoRunError,
    PendingInterruptError,
    RunError,
    StaleHeadError,
    StoreError,
    ThreadBusyError,
    UnknownInterruptError,
    is_invalid_resume,
)
from runtime.graph.builder import StateGraph
from runtime.graph.compiled import CompiledGraph, CompiledGraph as CompiledStateGraph
from runtime.graph.managed import IsLastStep, RemainingSteps
from runtime.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    Message,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from runtime.surroundings import ExecutionInfo, RunControl, Runtime
from runtime.types import (
    END,
    START,
    TAG_NOSTREAM,
    All,
    CachePolicy,
    Command,
    Config as RunnableConfig,
    Durability,
    GraphOutput,
    Interrupt,
    Overwrite,
    PregelTask,
    RetryPolicy,
    Send,
    StateSnapshot,
    StateUpdate,
    StreamMode,
    StreamWriter,
    TimeoutPolicy,
)

if TYPE_CHECKING:
    from runtime.cache import BaseCache, InMemoryCache
    from runtime.callbacks import GraphCallbackHandler, GraphInterruptEvent, GraphResumeEvent
    from runtime.functional import entrypoint, task
    from runtime.graph.checkpoints import CheckpointTuple
    from runtime.items import BaseStore, InMemoryStore, Item, SearchItem
    from runtime.messages_state import MessageGraph, MessagesState
    from runtime.store import CheckpointStore as Checkpointer
    from runtime.stores.memory import InMemorySaver, InMemorySaver as MemorySaver
    from runtime.stores.mongodb import MongoDBSaver
    from runtime.stores.sqlite import SqliteSaver, SqliteSaver as AsyncSqliteSaver
    from runtime.streams.speech import push_message

__all__ = [
    "END",
    "REMOVE_ALL_MESSAGES",
    "START",
    "TAG_NOSTREAM",
    "AIMessage",
    "All",
    "AndonError",
    "AnyMessage",
    "AsyncSqliteSaver",
    "BaseCache",
    "BaseStore",
    "CachePolicy",
    "CheckpointTuple",
    "Checkpointer",
    "CodecError",
    "Command",
    "CompiledGraph",
    "CompiledStateGraph",
    "Durability",
    "EmptyInputError",
    "ExecutionInfo",
    "GraphBubbleUp",
    "GraphCallbackHandler",
    "GraphDrained",
    "GraphError",
    "GraphInterrupt",
    "GraphInterruptEvent",
    "GraphOutput",
    "GraphRecursionError",
    "GraphResumeEvent",
    "HumanMessage",
    "InMemoryCache",
    "InMemorySaver",
    "InMemoryStore",
    "Interrupt",
    "InterruptMismatchError",
    "InvalidAnswerError",
    "InvalidGraphError",
    "InvalidUpdateError",
    "IsLastStep",
    "Item",
    "MemorySaver",
    "Message",
    "MessageGraph",
    "MessagesState",
    "MongoDBSaver",
    "NoRunError",
    "NodeCancelledError",
    "NodeError",
    "NodeInterrupt",
    "NodeTimeoutError",
    "Overwrite",
    "ParentCommand",
    "PendingInterruptError",
    "PregelTask",
    "RemainingSteps",
    "RemoveMessage",
    "RetryPolicy",
    "RunControl",
    "RunError",
    "RunnableConfig",
    "Runtime",
    "SearchItem",
    "Send",
    "SqliteSaver",
    "StaleHeadError",
    "StateGraph",
    "StateSnapshot",
    "StateUpdate",
    "StoreError",
    "StreamMode",
    "StreamWriter",
    "SystemMessage",
    "ThreadBusyError",
    "TimeoutPolicy",
    "ToolMessage",
    "UnknownInterruptError",
    "add_messages",
    "entrypoint",
    "get_config",
    "get_runtime",
    "get_store",
    "get_stream_writer",
    "idempotency_key",
    "interrupt",
    "is_invalid_resume",
    "once",
    "push_message",
    "task",
]

_LAZY = {
    "Checkpointer": ("runtime.store", "CheckpointStore"),
    "CheckpointTuple": ("runtime.graph.checkpoints", "CheckpointTuple"),
    "MessageGraph": ("runtime.messages_state", "MessageGraph"),
    "MessagesState": ("runtime.messages_state", "MessagesState"),
    "entrypoint": ("runtime.functional", "entrypoint"),
    "task": ("runtime.functional", "task"),
    "push_message": ("runtime.streams.speech", "push_message"),
    "BaseCache": ("runtime.cache", "BaseCache"),
    "GraphCallbackHandler": ("runtime.callbacks", "GraphCallbackHandler"),
    "GraphInterruptEvent": ("runtime.callbacks", "GraphInterruptEvent"),
    "GraphResumeEvent": ("runtime.callbacks", "GraphResumeEvent"),
    "InMemoryCache": ("runtime.cache", "InMemoryCache"),
    "BaseStore": ("runtime.items", "BaseStore"),
    "InMemoryStore": ("runtime.items", "InMemoryStore"),
    "Item": ("runtime.items", "Item"),
    "SearchItem": ("runtime.items", "SearchItem"),
    "InMemorySaver": ("runtime.stores.memory", "InMemorySaver"),
    "MemorySaver": ("runtime.stores.memory", "InMemorySaver"),
    "MongoDBSaver": ("runtime.stores.mongodb", "MongoDBSaver"),
    "SqliteSaver": ("runtime.stores.sqlite", "SqliteSaver"),
    "AsyncSqliteSaver": ("runtime.stores.sqlite", "SqliteSaver"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only for the names that load something heavy

    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)
