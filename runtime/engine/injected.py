"""What a node, router or tool finds out about the run it is part of: its config, and its `Runtime`.

Both are made when asked for, by the name of a parameter or by a call. The config is in LangChain's form, so it can be
handed on to whatever takes a `RunnableConfig`; metadata keys that begin with `langgraph_` are named as programs and
tracing tools look for them.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from runtime.engine.frames import Task, child_namespace
from runtime.engine.interrupts import TaskContext, require_context
from runtime.engine.limits import heartbeat, watching
from runtime.engine.run import Run
from runtime.errors import NodeError
from runtime.graph.nodes import Node
from runtime.streams.hearing import with_handler
from runtime.surroundings import ContextT, ExecutionInfo, Runtime
from runtime.types import Config

OF_THE_RUN: Final = frozenset({"run_id", "run_name"})
"""What names the caller's run alone: a model that is called with a node's config is another one."""


def injected(context: TaskContext, names: Sequence[str]) -> dict[str, Any]:
    """Return what a function asks for by the names of its parameters."""
    return {name: _MAKERS[name](context) for name in names}


def get_runtime(context_schema: type[ContextT] | None = None) -> Runtime[ContextT]:  # noqa: ARG001 - for type checkers
    """Return the running task's `Runtime`. Raises `NoRunError` outside a node."""
    return _runtime(require_context("get_runtime()"))


def get_config() -> Config:
    """Return the running task's config. Raises `NoRunError` outside a node."""
    return config_of(require_context("get_config()"))


def get_store() -> Any:
    """Return what the running graph was given by `compile(store=…)`. Raises `NoRunError` outside a node."""
    return require_context("get_store()").run.store


def as_context(schema: Any, context: Any) -> Any:
    """Make an object of the graph's context schema from a mapping."""
    if not isinstance(context, Mapping) or not (dataclasses.is_dataclass(schema) or hasattr(schema, "model_validate")):
        return context
    return schema(**context)


def triggers(node: Node, task: Task) -> tuple[str, ...]:
    """Return what can start a task, in LangGraph's words."""
    return node.triggers if task.index < 0 else ("__pregel_push",)


def _runtime(context: TaskContext) -> Runtime[Any]:
    return Runtime(
        context=context.run.context_at(context.ns),
        stream_writer=context.emit,
        heartbeat=heartbeat(),
        execution_info=_info(context),
        store=context.run.store,
        control=context.run.control,
    )


def _info(context: TaskContext) -> ExecutionInfo:
    journal, run_id = context.run.journal, context.run.config.get("run_id")
    return ExecutionInfo(
        checkpoint_id=journal.frames[context.ns].id,
        checkpoint_ns=child_namespace(context.ns, context.task),
        task_id=context.task.id,
        thread_id=journal.thread_id or None,
        run_id=None if run_id is None else str(run_id),
        node_attempt=context.attempt,
        node_first_attempt_time=context.began,
        idempotency_key=context.idempotency_key(),
    )


def config_of(context: TaskContext) -> Config:
    """Return the config of a running task: its caller's, with its own place and what it is."""
    config = context.run.config
    ns = child_namespace(context.ns, context.task)
    frame = context.run.journal.frames[context.ns]
    about = {
        "langgraph_step": frame.step + 1,
        "langgraph_node": context.task.name,
        "langgraph_triggers": triggers(context.node, context.task),
        "langgraph_path": context.task.path,
        "langgraph_checkpoint_ns": ns,
        **({"checkpoint_ns": context.ns} if context.ns else {}),
    }
    place = {"checkpoint_ns": ns, "checkpoint_id": None}
    thread = {"thread_id": context.run.journal.thread_id} if context.run.journal.thread_id else {}
    metadata = {**(config.get("metadata") or {}), **context.node.metadata, **thread, **about}
    return {
        **{name: said for name, said in config.items() if name not in OF_THE_RUN},
        **_callbacks(context.run, metadata),
        "metadata": metadata,
        "configurable": {**(config.get("configurable") or {}), **place},
    }


def _callbacks(run: Run, metadata: Mapping[str, Any]) -> Config:
    """Return what LangChain's calls in a task report to, beside what the caller said, if there is anything."""
    callbacks, watch = run.config.get("callbacks"), watching.get()
    if run.speech is not None:
        callbacks = run.speech.callbacks(run.config, metadata)
    if watch is not None and watch.handler is not None:
        callbacks = with_handler(callbacks, watch.handler)
    return {} if callbacks is None else {"callbacks": callbacks}


def _error(context: TaskContext) -> NodeError:
    task_id, words = context.task.arg
    return NodeError(context.node.handles, context.run.failures.get(task_id) or RuntimeError(words))


_MAKERS: Final[Mapping[str, Callable[[TaskContext], Any]]] = {
    "config": config_of,
    "error": _error,
    "runtime": _runtime,
    "store": lambda context: context.run.store,
    "writer": lambda context: context.emit,
}
