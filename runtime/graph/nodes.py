"""What a graph is made of: nodes, conditional edges and joins, and how a function becomes a node.

A node is a function, a compiled graph, or an object with `ainvoke` or `invoke`, as LangChain's runnables are.
"""

import inspect
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from runtime.errors import InvalidGraphError
from runtime.graph.state import Schema, is_schema
from runtime.types import CachePolicy, RetryPolicy, Send, TimeoutPolicy

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph

NodeFunction: TypeAlias = Callable[..., Any]
Route: TypeAlias = Hashable | Send
Router: TypeAlias = Callable[..., Route | Sequence[Route] | Awaitable[Route | Sequence[Route]]]

INJECTED = ("config", "runtime", "store", "writer")
"""Parameters that a node or router may ask for by name, besides its state."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A conditional edge: where to go is decided by `path`."""

    path: Router
    ends: Mapping[Hashable, str] | None
    """From what `path` returns to the node it means; None: it returns node names."""
    asks: tuple[str, ...]
    """Which of `INJECTED` it wants."""
    schema: Schema | None = None
    """What it gets to see, where its annotation says; else what its node sees."""


@dataclass(slots=True)
class Node:
    """One node, everything about it resolved when the graph is compiled."""

    name: str
    run: Any
    """A function, or a compiled graph; None at the start."""
    schema: Schema
    """What the node gets to see."""
    is_sync: bool = False
    """Whether calling it may block, and cannot be cancelled."""
    is_graph: bool = False
    asks: tuple[str, ...] = ()
    retry: tuple[RetryPolicy, ...] = ()
    timeout: TimeoutPolicy | None = None
    """In seconds."""
    cache: CachePolicy | None = None
    handler: "Node | None" = None
    """Runs after this node has failed for good."""
    handles: str = ""
    """The node whose failure it is there for."""
    defer: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    """Where its commands may lead, and what to write on the arrow; only for drawings."""
    edges: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    """Names of the joins this node takes part in."""
    triggers: tuple[str, ...] = ()
    """What starts it, in LangGraph's words."""
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """An edge from several nodes: `target` runs when all of `sources` have finished since it last ran."""

    name: str
    sources: frozenset[str]
    target: str


def named(node: "str | NodeFunction | CompiledGraph", action: "NodeFunction | CompiledGraph | None") -> tuple[str, Any]:
    """Return a node's name and what to run: a function, or a compiled graph."""
    if isinstance(node, str):
        if action is None:
            raise InvalidGraphError(f"node {node!r} needs a function")
        return node, called(action)
    name = getattr(node, "name", None) or getattr(node, "__name__", None) or type(node).__name__
    if not isinstance(name, str) or name == "<lambda>":
        raise InvalidGraphError(f"give the node a name: {node!r} has none")
    return name, called(node)


def called(run: Any) -> Any:
    """Return something to call: of LangChain's runnables and the like, their `ainvoke` or `invoke`."""
    if callable(run) or is_graph(run):
        return run
    if not hasattr(run, "invoke") and not hasattr(run, "ainvoke"):
        raise InvalidGraphError(f"{run!r} cannot run: give a function, a compiled graph, or something with `invoke`")

    async def ainvoke(given: Any, config: Any) -> Any:
        return await run.ainvoke(given, config)

    def invoke(given: Any, config: Any) -> Any:
        return run.invoke(given, config)

    return ainvoke if hasattr(run, "ainvoke") else invoke


def is_graph(run: Any) -> bool:
    """Whether it is a compiled graph rather than a function."""
    return hasattr(run, "run_below")


def _function_of(run: Any) -> Any:
    """Return the function that is called: of an object that can be called, its `__call__`."""
    return run if inspect.isroutine(run) or isinstance(run, type) else getattr(run, "__call__", run)  # noqa: B004


def is_async(run: Any) -> bool:
    """Whether calling it gives an awaitable."""
    return inspect.iscoroutinefunction(without_partial(_function_of(without_partial(run))))


def without_partial(run: Any) -> Any:
    """Return the function that was made partial."""
    while isinstance(run, partial):
        run = run.func
    return run


def injected(run: Any, names: Sequence[str] = INJECTED) -> tuple[str, ...]:
    """Return which of these a function's parameters ask for, the first one left out."""
    try:
        parameters = inspect.signature(run).parameters
    except (TypeError, ValueError):
        return ()
    return tuple(name for name in names if name in list(parameters)[1:])


def hints_of(run: Any) -> dict[str, Any]:
    """Return the annotations of a function; none where they cannot be read."""
    try:
        return get_type_hints(_function_of(run))
    except (TypeError, NameError, AttributeError):
        return {}


def annotated_state(run: Any) -> type | None:
    """Find the schema a node or router asks for by annotating its first parameter."""
    try:
        first = next(iter(inspect.signature(run).parameters), None)
    except (TypeError, ValueError):
        return None
    hint = hints_of(run).get(first) if first else None
    return hint if is_schema(hint) else None


def literal_ends(path: Router) -> dict[Hashable, str] | None:
    """Read the possible ends from a router annotated `-> Literal["a", "b"]`."""
    hint = hints_of(path).get("return")
    return {name: name for name in get_args(hint)} if get_origin(hint) is Literal else None


def handler_of(name: str, run: NodeFunction, schema: Schema) -> Node:
    return Node(
        name=f"__error_handler__{name}",
        run=run,
        schema=schema,
        is_sync=not is_async(run),
        asks=(*injected(run), *injected(run, ("error",))),
        handles=name,
    )
