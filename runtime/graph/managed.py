"""Keys of the state that the engine fills in: a node reads there how many steps its call may still take.

Such a key is part of a schema and of no channel: it is worked out when a node or router looks, and never stored.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, get_args

from runtime.engine.interrupts import current
from runtime.graph.options import RECURSION_LIMIT
from runtime.graph.state import Schema, unwrapped


@dataclass(frozen=True, slots=True)
class Managed:
    """Marks a key that nobody writes."""

    read: Callable[[int], Any]
    """Makes the value of how many steps may follow this one."""


RemainingSteps: TypeAlias = Annotated[int, Managed(lambda left: left)]
"""How many steps may follow this one before `recursion_limit` is reached."""
IsLastStep: TypeAlias = Annotated[bool, Managed(lambda left: left <= 1)]
"""Whether it is time to come to an end: at most one more step may follow."""


class ManagedSchema(Schema):
    """A schema that has such keys."""

    def __init__(self, cls: Any, managed: Mapping[str, Managed]) -> None:
        super().__init__(cls)
        self.managed = managed
        self.channels = {name: channel for name, channel in self.channels.items() if name not in managed}

    def view(self, values: Mapping[str, Any]) -> Any:
        """Add what is known of the running call."""
        left = steps_left()
        return super().view({**values, **{name: key.read(left) for name, key in self.managed.items()}})


def schema_of(cls: Any) -> Schema:
    """Read an annotated class."""
    schema = Schema(cls)
    managed = {name: key for name, hint in schema.hints.items() for key in _markers(hint)}
    return ManagedSchema(cls, managed) if managed else schema


def managed_keys(schemas: Iterable[Schema]) -> frozenset[str]:
    """Return the keys that nobody writes."""
    return frozenset(name for schema in schemas if isinstance(schema, ManagedSchema) for name in schema.managed)


def _markers(hint: Any) -> list[Managed]:
    return [part for part in get_args(unwrapped(hint)) if isinstance(part, Managed)]


def steps_left() -> int:
    """Return how many steps of the running task's graph may follow this one."""
    context = current.get()
    if context is None:  # a router that is asked where a state written by hand leads
        return RECURSION_LIMIT
    return context.run.stops[context.ns] - context.run.journal.frames[context.ns].step - 1
