"""Nodes whose results are kept beyond their thread: they do not run again for the same input.

What a person answered belongs to the thread it was asked in. So only the result of a task is kept that ran from its
beginning to its end at once: one that asked, in itself or in anything below, has come to rest before, and that shows.
"""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

from runtime.engine.interrupts import TaskContext
from runtime.graph.nodes import Node
from runtime.graph.state import Writes
from runtime.types import CachePolicy

if TYPE_CHECKING:
    from runtime.cache import BaseCache

Outcome: TypeAlias = tuple[Writes, tuple[Any, ...]]
"""What a task wrote, and where it leads."""


async def looked_up(
    cache: "BaseCache",
    policy: CachePolicy,
    context: TaskContext,
    value: Any,
    run: Callable[[], Awaitable[Outcome | None]],
) -> Outcome | None:
    """Return the outcome that is kept for a node's input, or that of running it, which is kept then."""
    if not _begins(context):
        return await run()
    codec = context.run.journal.codec
    asked = value if policy.key_func is None else policy.key_func(value)
    key = namespace_of(context.node), blake2b(codec.encode(asked), digest_size=16).hexdigest()
    found = await cache.aget([key])
    if key in found:
        writes, routes = codec.decode(found[key])
        context.shown, context.cached = writes, True
        return writes, routes
    outcome = await run()
    if outcome is not None:
        await cache.aset({key: (codec.encode(outcome), policy.ttl)})
    return outcome


def namespace_of(node: Node) -> tuple[str, ...]:
    """Return where a cache has the results of a node: those of the same function under the same name."""
    run = node.run
    named = run if hasattr(run, "__qualname__") else type(run)
    return "andon", f"{named.__module__}.{named.__qualname__}", node.name


def _begins(context: TaskContext) -> bool:
    """Whether the task has not run before, not up to a question and not into a subgraph."""
    task = context.task
    return not task.answers and task.question is None and not any(context.run.journal.children(context.ns, task))
