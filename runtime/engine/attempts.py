"""Calling a node: as often as its retry policies allow, and each time for as long as its timeout allows."""

import asyncio
from collections.abc import Sequence
from typing import Any

from runtime.engine.injected import config_of, injected
from runtime.engine.interrupts import Called, ParentCommand, TaskContext
from runtime.engine.limits import Watch, within
from runtime.engine.sync import in_thread
from runtime.errors import NodeCancelledError, NodeTimeoutError
from runtime.graph.nodes import Node
from runtime.streams.hearing import available, listening
from runtime.types import START, Command, TimeoutPolicy


async def tried(node: Node, context: TaskContext, value: Any) -> Any:
    """Return what the node returns. Raises what its last attempt raised."""
    attempt, limits = 1, context.task.timeout or node.timeout
    while True:
        try:
            if limits is None:
                return await _call(node, context, value)
            return await _timed(limits, node, context, value)
        except ParentCommand as command:
            if not command.arrived:
                raise
            return Command(update=command.command.update, goto=command.command.goto)
        except asyncio.CancelledError:
            _cancel(context.begun)
            raise
        except Exception as error:
            policy = next((policy for policy in node.retry if policy.covers(error)), None)
            if policy is None or attempt >= policy.max_attempts or context.paused:
                raise
            await asyncio.sleep(policy.delay(attempt))
            attempt += 1
            if context.begun:
                await _settled(context.begun)
            context.restart()
        finally:
            if context.begun:
                await _settled(context.begun)


def _cancel(calls: Sequence[Called]) -> None:
    for call in calls:
        call.cancel()


async def _settled(calls: Sequence[Called]) -> None:
    """Wait for the tasks that a node has begun; what it did not ask for is nobody's."""
    for call in (await asyncio.wait([asyncio.wrap_future(call) for call in calls]))[0]:
        if not call.cancelled():
            call.exception()


async def _timed(limits: TimeoutPolicy, node: Node, context: TaskContext, value: Any) -> Any:
    """Call a node that may not take long. Raises `NodeTimeoutError`."""
    cancelled = context.run.cancelled
    try:
        async with within(limits, node.name) as watch:
            if limits.idle_timeout is not None and available():
                return await _overheard(watch, node, context, value)
            return await _call(node, context, value)
    except NodeTimeoutError:
        context.run.cancelled = cancelled  # a thread below us took note of this cancelling, not of the caller's
        _cancel(context.begun)
        raise


async def _overheard(watch: Watch, node: Node, context: TaskContext, value: Any) -> Any:
    """Call a node in which LangChain's calls, and each token of its models, are signs of life."""
    from runtime.streams.tokens import SignsOfLife  # noqa: PLC0415 - loads LangChain

    watch.handler = SignsOfLife(watch.progress)
    deafen = listening(config_of(context))
    try:
        return await _call(node, context, value)
    finally:
        deafen()


async def _call(node: Node, context: TaskContext, value: Any) -> Any:
    if node.name == START:
        return value
    if node.is_graph:
        return await node.run.run_below(context, value)
    extras = injected(context, node.asks) if node.asks else {}
    try:
        if context.inline and node.is_sync:
            return node.run(value, **extras)
        if node.is_sync:
            result, context.run.cancelled = await in_thread(lambda: node.run(value, **extras))
            return result
        return await node.run(value, **extras)
    except SystemExit as error:
        if context.run.inline:
            raise
        raise RuntimeError(f"node raised {error!r}") from error  # others live in this loop, too
    except asyncio.CancelledError as error:
        if _is_cancelled(context):
            raise
        raise NodeCancelledError(node.name) from error


def _is_cancelled(context: TaskContext) -> bool:
    """Whether somebody wants the task to end."""
    running = asyncio.current_task()
    return context.run.cancelled or context.over or running is None or running.cancelling() > 0
