"""Building a graph: nodes, edges, and the checks that find mistakes before anything runs."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from runtime.errors import InvalidGraphError
from runtime.graph.managed import schema_of
from runtime.graph.nodes import (
    Branch,
    Join,
    Node,
    NodeFunction,
    Router,
    annotated_state,
    called,
    handler_of,
    injected,
    is_async,
    is_graph,
    literal_ends,
    named,
)
from runtime.graph.policies import Policies, Retry, Timeout, limits_of, retries_of, timeable
from runtime.graph.state import Channel, Schema
from runtime.types import END, START, CachePolicy

if TYPE_CHECKING:
    from runtime.cache import BaseCache
    from runtime.graph.compiled import CompiledGraph
    from runtime.store import CheckpointStore


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
        state_schema: Any,
        context_schema: type | None = None,
        *,
        input_schema: type | None = None,
        output_schema: type | None = None,
        **older: Any,
    ) -> None:
        """`older`: `config_schema`, `input` and `output`, as LangGraph once named the other three."""
        context_schema, input_schema, output_schema = renamed(
            older, config_schema=context_schema, input=input_schema, output=output_schema
        )
        self.state = schema_of(state_schema)
        self.context_schema = context_schema
        """What callers pass as `context=`; a mapping is made an object of it where it is a class with fields."""
        self.input = schema_of(input_schema) if input_schema else self.state
        self.output = schema_of(output_schema) if output_schema else self.state
        self.nodes: dict[str, Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.joins: list[Join] = []
        self.branches: dict[str, list[Branch]] = {}
        self.policies = Policies()

    def set_node_defaults(
        self,
        *,
        retry_policy: Retry = None,
        timeout: Timeout = None,
        cache_policy: CachePolicy | None = None,
        error_handler: NodeFunction | None = None,
    ) -> "StateGraph":
        """Say what holds for nodes that `add_node` gave no such thing, wherever in the program they are added.

        Error handlers get the first two as well; subgraphs get nothing.
        """
        self.policies = self.policies.updated(
            retry=retries_of(retry_policy), timeout=limits_of(timeout), cache=cache_policy, handler=error_handler
        )
        return self

    def add_node(
        self,
        node: "str | NodeFunction | CompiledGraph",
        action: "NodeFunction | CompiledGraph | None" = None,
        *,
        input_schema: type | None = None,
        retry_policy: Retry = None,
        timeout: Timeout = None,
        cache_policy: CachePolicy | None = None,
        error_handler: NodeFunction | None = None,
        defer: bool = False,
        metadata: Mapping[str, Any] | None = None,
        destinations: Mapping[str, str] | Sequence[str] = (),
        **older: Any,
    ) -> "StateGraph":
        """Add a function, a compiled graph, or a runnable of LangChain's, under its own name unless one is given.

        The function gets the state and returns what to change: a dict, a `Command`, None, or a list of these.
        `timeout`: after so many seconds an attempt is cancelled, with `NodeTimeoutError`; a `TimeoutPolicy` also says
        how long it may be silent. Only for async functions and graphs: the thread of a sync function cannot be stopped.
        `cache_policy`: for the same input it does not run again, if the graph has a cache.
        `error_handler(state, error: NodeError)`: a node of its own that runs when this one has failed for good, and
        says where to go on; this one's edges do not count then. `destinations`: where its commands may lead, for
        drawings. `older`: `retry` and `input`, as LangGraph once named `retry_policy` and `input_schema`.
        """
        retry_policy, input_schema = renamed(older, retry=retry_policy, input=input_schema)
        name, run = named(node, action)
        if name in self.nodes:
            raise InvalidGraphError(f"there is a node {name!r} already")
        if name in {START, END} or "|" in name or ":" in name:
            raise InvalidGraphError(f"{name!r} cannot be the name of a node: it is reserved or contains '|' or ':'")
        seen = input_schema or annotated_state(run)
        schema = schema_of(seen) if seen else self.state
        added = Node(
            name=name,
            run=run,
            schema=schema,
            is_sync=not is_async(run) and not is_graph(run),
            is_graph=is_graph(run),
            asks=injected(run),
            retry=retries_of(retry_policy),
            cache=cache_policy,
            handler=handler_of(name, error_handler, schema) if error_handler else None,
            defer=defer,
            metadata=metadata or {},
            ends=destinations if isinstance(destinations, Mapping) else dict.fromkeys(destinations, ""),
        )
        added.timeout = timeable(added, limits_of(timeout))
        self.nodes[name] = added
        return self

    def add_sequence(self, nodes: "Sequence[NodeFunction | tuple[str, NodeFunction]]") -> "StateGraph":
        """Add nodes that run one after the other."""
        if not nodes:
            raise InvalidGraphError("a sequence needs at least one node")
        previous: str | None = None
        for item in nodes:
            name, run = item if isinstance(item, tuple) else named(item, None)
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
        path = called(path)
        ends: Mapping[Hashable, str] | None = literal_ends(path)
        if path_map:
            ends = path_map if isinstance(path_map, Mapping) else {name: name for name in path_map}
        seen = annotated_state(path)
        branch = Branch(path, ends, injected(path), schema_of(seen) if seen else None)
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
        """Return the state's schema and those of the input, the output, the nodes and the routers."""
        routers = [branch.schema for branches in self.branches.values() for branch in branches if branch.schema]
        return [self.state, self.input, self.output, *(node.schema for node in self.nodes.values()), *routers]

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
        interrupt_before: Sequence[str] | Literal["*"] | None = (),
        interrupt_after: Sequence[str] | Literal["*"] | None = (),
        name: str | None = None,
        store: Any = None,
        cache: "BaseCache | None" = None,
        debug: bool = False,  # noqa: ARG002 - LangGraph's; here one asks for the stream of that name
    ) -> "CompiledGraph":
        """Check the graph and make it runnable. Raises `InvalidGraphError` with the offending names.

        `store`: what nodes remember beside their threads, for those that ask for it (`runtime.items`). `cache`: where
        results are kept of nodes that have a `cache_policy`, and of subgraphs' that have no cache of their own.
        """
        from runtime.graph.compiled import CompiledGraph, RootGraph  # noqa: PLC0415 - each needs the other's name

        self._check()
        return (RootGraph if self.state.is_root else CompiledGraph)(
            self,
            checkpointer=checkpointer,
            interrupt_before=interrupt_before or (),
            interrupt_after=interrupt_after or (),
            name=name or "graph",
            store=store,
            cache=cache,
        )

    def validate(self, interrupt: Sequence[str] | None = None) -> "StateGraph":
        """Find mistakes without compiling, also in the names of nodes to stop at. Raises `InvalidGraphError`."""
        self.compile(interrupt_before=interrupt)
        return self

    def _check(self) -> None:
        entries = [end for start, end in self.edges if start == START] + [b.ends for b in self.branches.get(START, [])]
        if not entries:
            raise InvalidGraphError("the graph has no entry point: add an edge from START to its first node")
        sources = {start for start, _ in self.edges} | {s for join in self.joins for s in join.sources}
        ends = {end for _, end in self.edges} | {join.target for join in self.joins}
        for branches in self.branches.values():
            ends |= {end for branch in branches for end in (branch.ends or {}).values()}
        unknown = (sources | set(self.branches)) - {START, *self.nodes} | ends - {END, *self.nodes}
        if unknown:
            raise InvalidGraphError(f"there is no node named {', '.join(map(repr, sorted(unknown)))}")


def renamed(older: Mapping[str, Any], **newer: Any) -> list[Any]:
    """Return arguments by what they are called now, also where a program uses an older name of LangGraph's."""
    if unknown := older.keys() - newer.keys():
        raise TypeError(f"there is no argument {min(unknown)!r}")
    for name in older:
        warnings.warn(
            f"the argument {name!r} has a newer name: see docs/from-langgraph.md", DeprecationWarning, stacklevel=3
        )
    return [older.get(name) if value is None else value for name, value in newer.items()]
