"""Building a graph: nodes, edges, and the checks that find mistakes before anything runs."""

import inspect
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from runtime.errors import InvalidGraphError
from runtime.graph.state import Channel, Schema, is_schema
from runtime.types import END, START, RetryPolicy, Send

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph
    from runtime.store import CheckpointStore

NodeFunction: TypeAlias = Callable[..., Any]
Route: TypeAlias = Hashable | Send
Router: TypeAlias = Callable[..., Route | Sequence[Route] | Awaitable[Route | Sequence[Route]]]

INJECTED = ("config", "runtime", "writer")
"""Parameters that a node or router may ask for by name, besides its state."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A conditional edge: where to go is decided by `path`."""

    path: Router
    ends: Mapping[Hashable, str] | None
    """From what `path` returns to the node it means; None: it returns node names."""
    asks: tuple[str, ...]
    """Which of `INJECTED` it wants."""


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
    timeout: float | None = None
    """Seconds that one attempt may take."""
    handler: "Node | None" = None
    """Runs after this node has failed for good."""
    handles: str = ""
    """The node whose failure it is there for."""
    defer: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
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


class StateGraph:
    """A graph whose nodes read and write one shared state.

    >>> from typing import TypedDict
    >>> class State(TypedDict):
    ...     count: int
    >>> graph = StateGraph(State)
    >>> graph = graph.add_node("add", lambda state: {"count": state["count"] + 1}).add_edge(START, "add")
    >>> graph.compile().invoke({"count": 1})
    {'count': 2}
    """

    def __init__(
        self,
        state_schema: type,
        context_schema: type | None = None,
        *,
        input_schema: type | None = None,
        output_schema: type | None = None,
    ) -> None:
        self.state = Schema(state_schema)
        self.context_schema = context_schema
        """What callers pass as `context=`; a mapping is made an object of it where it is a class with fields."""
        self.input = Schema(input_schema) if input_schema else self.state
        self.output = Schema(output_schema) if output_schema else self.state
        self.nodes: dict[str, Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.joins: list[Join] = []
        self.branches: dict[str, list[Branch]] = {}

    def add_node(
        self,
        node: "str | NodeFunction | CompiledGraph",
        action: "NodeFunction | CompiledGraph | None" = None,
        *,
        input_schema: type | None = None,
        retry_policy: RetryPolicy | Sequence[RetryPolicy] | None = None,
        timeout: float | timedelta | None = None,
        error_handler: NodeFunction | None = None,
        defer: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> "StateGraph":
        """Add a function or a compiled graph, under its own name unless one is given.

        The function gets the state and returns what to change: a dict, a `Command`, None, or a list of these.
        `timeout`: after so many seconds an attempt is cancelled, with `NodeTimeoutError`. Only for async functions and
        graphs: the thread of a sync function cannot be stopped. `error_handler(state, error: NodeError)`: a node of its
        own that runs when this one has failed for good, and says where to go on; this one's edges do not count then.
        """
        name, run = _named(node, action)
        if name in self.nodes:
            raise InvalidGraphError(f"there is a node {name!r} already")
        if name in {START, END} or "|" in name or ":" in name:
            raise InvalidGraphError(f"{name!r} cannot be the name of a node: it is reserved or contains '|' or ':'")
        seen = input_schema or _annotated_state(run)
        schema = Schema(seen) if seen else self.state
        self.nodes[name] = Node(
            name=name,
            run=run,
            schema=schema,
            is_sync=not is_async(run) and not is_graph(run),
            is_graph=is_graph(run),
            asks=injected(run),
            retry=_policies(retry_policy),
            timeout=_seconds(name, run, timeout),
            handler=_handler(name, error_handler, schema) if error_handler else None,
            defer=defer,
            metadata=metadata or {},
        )
        return self

    def add_sequence(self, nodes: "Sequence[NodeFunction | tuple[str, NodeFunction]]") -> "StateGraph":
        """Add nodes that run one after the other."""
        previous: str | None = None
        for item in nodes:
            name, run = item if isinstance(item, tuple) else _named(item, None)
            self.add_node(name, run)
            if previous is not None:
                self.add_edge(previous, name)
            previous = name
        return self

    def add_edge(self, start_key: str | Sequence[str], end_key: str) -> "StateGraph":
        """Go from one node to the next; from several: when all of them have finished."""
        if isinstance(start_key, str):
            if start_key == END or end_key == START:
                raise InvalidGraphError(f"no edge can lead from {start_key!r} to {end_key!r}")
            self.edges.append((start_key, end_key))
        else:
            sources = frozenset(start_key)
            self.joins.append(Join(f"{'+'.join(sorted(sources))}>{end_key}", sources, end_key))
        return self

    def add_conditional_edges(
        self,
        source: str,
        path: Router,
        path_map: Mapping[Hashable, str] | Sequence[str] | None = None,
    ) -> "StateGraph":
        """Let `path(state)` choose: it returns a node name, a key of `path_map`, a `Send`, END, or a list of these."""
        ends: Mapping[Hashable, str] | None = _literal_ends(path)
        if path_map:
            ends = path_map if isinstance(path_map, Mapping) else {name: name for name in path_map}
        branch = Branch(path, ends, injected(path))
        self.branches.setdefault(source, []).append(branch)
        return self

    def set_entry_point(self, key: str) -> "StateGraph":
        """Start at this node."""
        return self.add_edge(START, key)

    def set_finish_point(self, key: str) -> "StateGraph":
        """End after this node."""
        return self.add_edge(key, END)

    def set_conditional_entry_point(
        self, path: Router, path_map: Mapping[Hashable, str] | Sequence[str] | None = None
    ) -> "StateGraph":
        """Let `path(input)` choose where to start."""
        return self.add_conditional_edges(START, path, path_map)

    def schemas(self) -> "list[Schema]":
        """Return the state's schema and those of the input, the output and the nodes."""
        return [self.state, self.input, self.output, *(node.schema for node in self.nodes.values())]

    def channels(self) -> dict[str, Channel]:
        """Return every key of the state, the private ones that only some nodes name included."""
        merged: dict[str, Channel] = {}
        for schema in self.schemas():
            for name, channel in schema.channels.items():
                known = merged.get(name)
                if known is None or known.reducer is None:
                    merged[name] = channel
                elif channel.reducer not in {None, known.reducer}:
                    raise InvalidGraphError(f"the key {name!r} has two different reducers")
        return merged

    def compile(
        self,
        checkpointer: "CheckpointStore | bool | None" = None,
        *,
        interrupt_before: Sequence[str] | Literal["*"] = (),
        interrupt_after: Sequence[str] | Literal["*"] = (),
        name: str = "graph",
    ) -> "CompiledGraph":
        """Check the graph and make it runnable. Raises `InvalidGraphError` with the offending names."""
        from runtime.graph.compiled import CompiledGraph  # noqa: PLC0415 - each needs the other's name

        self._check(interrupt_before, interrupt_after)
        return CompiledGraph(
            self,
            checkpointer=checkpointer,
            interrupt_before=interrupt_before,
            interrupt_after=interrupt_after,
            name=name,
        )

    def _check(self, before: Sequence[str] | str, after: Sequence[str] | str) -> None:
        entries = [end for start, end in self.edges if start == START] + [b.ends for b in self.branches.get(START, [])]
        if not entries:
            raise InvalidGraphError("the graph has no entry point: add an edge from START to its first node")
        sources = {start for start, _ in self.edges} | {s for join in self.joins for s in join.sources}
        ends = {end for _, end in self.edges} | {join.target for join in self.joins}
        for branches in self.branches.values():
            ends |= {end for branch in branches for end in (branch.ends or {}).values()}
        named = set() if before == "*" else set(before)
        named |= set() if after == "*" else set(after)
        unknown = (
            (sources | set(self.branches)) - {START, *self.nodes} | ends - {END, *self.nodes} | named - set(self.nodes)
        )
        if unknown:
            raise InvalidGraphError(f"there is no node named {', '.join(map(repr, sorted(unknown)))}")


def _named(
    node: "str | NodeFunction | CompiledGraph", action: "NodeFunction | CompiledGraph | None"
) -> "tuple[str, NodeFunction | CompiledGraph]":
    if isinstance(node, str):
        if action is None:
            raise InvalidGraphError(f"node {node!r} needs a function")
        return node, action
    name = getattr(node, "name", None) or getattr(node, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise InvalidGraphError(f"give the node a name: {node!r} has none")
    return name, node


def is_graph(run: Any) -> bool:
    """Whether it is a compiled graph rather than a function."""
    return hasattr(run, "run_below")


def is_async(run: Any) -> bool:
    """Whether calling it gives an awaitable."""
    called = run if inspect.isroutine(run) or isinstance(run, type) else getattr(run, "__call__", run)  # noqa: B004
    while isinstance(called, partial):
        called = called.func
    return inspect.iscoroutinefunction(called)


def injected(run: Any, names: Sequence[str] = INJECTED) -> tuple[str, ...]:
    """Return which of these a function's parameters ask for, the first one left out."""
    try:
        parameters = inspect.signature(run).parameters
    except (TypeError, ValueError):
        return ()
    return tuple(name for name in names if name in list(parameters)[1:])


def _hints_of(run: Any) -> dict[str, Any]:
    try:
        return get_type_hints(run)
    except (TypeError, NameError, AttributeError):
        return {}


def _annotated_state(run: Any) -> type | None:
    """Find the schema a node asks for by annotating its first parameter."""
    try:
        first = next(iter(inspect.signature(run).parameters), None)
    except (TypeError, ValueError):
        return None
    hint = _hints_of(run).get(first) if first else None
    return hint if is_schema(hint) else None


def _literal_ends(path: Router) -> dict[Hashable, str] | None:
    """Read the possible ends from a router annotated `-> Literal["a", "b"]`."""
    hint = _hints_of(path).get("return")
    return {name: name for name in get_args(hint)} if get_origin(hint) is Literal else None


def _handler(name: str, run: NodeFunction, schema: Schema) -> Node:
    return Node(
        name=f"__error_handler__{name}",
        run=run,
        schema=schema,
        is_sync=not is_async(run),
        asks=(*injected(run), *injected(run, ("error",))),
        handles=name,
    )


def _seconds(name: str, run: Any, timeout: float | timedelta | None) -> float | None:
    if timeout is None:
        return None
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
    if seconds <= 0:
        raise InvalidGraphError(f"the timeout of node {name!r} must be more than 0 seconds, not {seconds:g}")
    if not is_graph(run) and not is_async(run):
        raise InvalidGraphError(f"node {name!r} cannot have a timeout: it is not async, and a thread cannot be stopped")
    return seconds


def _policies(policy: RetryPolicy | Sequence[RetryPolicy] | None) -> tuple[RetryPolicy, ...]:
    if policy is None:
        return ()
    return (policy,) if isinstance(policy, RetryPolicy) else tuple(policy)
