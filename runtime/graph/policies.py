"""What a node is given besides its function: how often it is tried, for how long, and who looks after its failure.

A graph has defaults for its nodes. They are put in when it is compiled, wherever a node has none of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeAlias

from runtime.errors import InvalidGraphError
from runtime.graph.nodes import Node, NodeFunction, handler_of
from runtime.types import CachePolicy, RetryPolicy, TimeoutPolicy

Retry: TypeAlias = RetryPolicy | Sequence[RetryPolicy] | None
Timeout: TypeAlias = float | timedelta | TimeoutPolicy | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Of a node that has none of its own."""

    retry: tuple[RetryPolicy, ...] = ()
    timeout: TimeoutPolicy | None = None
    cache: CachePolicy | None = None
    handler: NodeFunction | None = None

    def updated(self, **given: Any) -> "Policies":
        """Return these with others in their place, where some are given."""
        return replace(self, **{name: policy for name, policy in given.items() if policy})

    def put_in(self, node: Node) -> Node:
        """Return a node with these where it has none. Raises `InvalidGraphError` where it cannot have one."""
        handler = node.handler or (handler_of(node.name, self.handler, node.schema) if self.handler else None)
        return self.put_in_handler(replace(node, handler=handler, cache=node.cache or self.cache))

    def put_in_handler(self, node: Node) -> Node:
        """Do so for a node that looks after the failure of another: nobody looks after its own."""
        timeout = node.timeout or timeable(node, self.timeout)
        return replace(node, retry=node.retry or self.retry, timeout=timeout)


def retries_of(policy: Retry) -> tuple[RetryPolicy, ...]:
    """Return policies in the order in which they are asked."""
    if policy is None:
        return ()
    return (policy,) if isinstance(policy, RetryPolicy) else tuple(policy)


def limits_of(timeout: Timeout) -> TimeoutPolicy | None:
    """Return limits in seconds. Raises `InvalidGraphError` for no time at all."""
    try:
        return TimeoutPolicy.coerce(timeout)
    except ValueError as error:
        raise InvalidGraphError(str(error)) from error


def timeable(node: Node, timeout: TimeoutPolicy | None) -> TimeoutPolicy | None:
    """Return the limits for a node that can have some. Raises `InvalidGraphError` for one that cannot be stopped."""
    if timeout is not None and node.is_sync:
        raise InvalidGraphError(
            f"node {node.name!r} cannot have a timeout: it is not async, and a thread cannot be stopped"
        )
    return timeout
