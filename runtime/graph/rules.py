"""What the engine asks of a graph: its nodes, where a task may go, what it may write, and who gets to see what.

Everything is resolved when the graph is compiled; nothing here runs or changes anything.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runtime.engine.frames import Frame, Task
from runtime.engine.plan import following
from runtime.engine.records import plain_value
from runtime.engine.thread import Thread
from runtime.errors import InvalidGraphError, InvalidUpdateError
from runtime.graph.builder import StateGraph
from runtime.graph.called import called_by
from runtime.graph.managed import managed_keys
from runtime.graph.nodes import Branch, Node
from runtime.graph.policies import limits_of, timeable
from runtime.graph.state import Schema, Values, Writes, copied, given_by, writes_of
from runtime.types import END, NOTHING, START, Overwrite, Send


class Rules:
    """The rules of one graph."""

    only_writer: str | None = None
    """The node that a state written by hand is always from, if there is but one."""

    def __init__(self, graph: StateGraph) -> None:
        self.builder = graph
        self.channels = graph.channels()
        self.managed = managed_keys(graph.schemas())
        self.kept_as_results = frozenset(name for name, channel in self.channels.items() if not channel.replayable)
        self.input, self.output = graph.input, graph.output
        self.nodes = _resolved(graph)
        self._inside: dict[str, Any] = {}
        self.joins = {join.name: join for join in graph.joins}
        self.entry = following(self.nodes, self.joins, Frame(""), [Task("", START)])
        """The step after the input, where no router chooses it."""

    def below(self, ns: str) -> Any:
        """Return the graph that runs at a namespace: this one, or one that a node is or calls. Raises `ValueError`."""
        graph: Any = self
        for part in ns.split("|") if ns else ():
            graph = graph.inside(part.partition(":")[0])
            if graph is None:
                raise ValueError(f"checkpoint_ns {ns!r}: {part!r} neither is a graph nor calls one that can be told")
        return graph

    def inside(self, name: str) -> Any:
        """Return the graph that a node is, or that its code calls; None where there is none, or no telling which."""
        if name not in self._inside:
            node = self.nodes.get(name)
            self._inside[name] = None if node is None else node.run if node.is_graph else called_by(node.run)
        return self._inside[name]

    def learn(self, thread: Thread, *namespaces: str) -> None:
        """Let a thread know which of the graphs on the way to its frames and these namespaces keep their state."""
        for ns in (*namespaces, *thread.frames):
            graph, place = self, ""
            for part in ns.split("|") if ns else ():
                place = f"{place}|{part}" if place else part
                graph = graph.inside(part.partition(":")[0])
                if graph is None:
                    break
                if graph.checkpointer is True:
                    thread.keeping.add(place)

    def checked_targets(self, source: str, targets: Sequence[Any]) -> list[Any]:
        """Refuse to go where there is no node."""
        for target in targets:
            name = target.node if isinstance(target, Send) else target
            if not isinstance(name, str):
                raise InvalidUpdateError(f"{source!r} goes to {target!r}; give a node's name, a Send, or END")
            if name != END and name not in self.builder.nodes:
                raise InvalidUpdateError(f"{source!r} goes to {name!r}, but there is no such node")
            if isinstance(target, Send) and target.timeout is not None:
                timeable(self.nodes[name], limits_of(target.timeout))
        return list(targets)

    def checked_writes(self, writes: Writes, where: str, schema: Schema | None = None) -> list[tuple[str, Any]]:
        """Refuse keys the state does not have, and make each write replayable."""
        known = schema.channels if schema else self.channels
        checked = []
        for name, value in writes:
            if name not in known:
                if name in self.managed:
                    continue  # of a node that returns the whole state
                raise InvalidUpdateError(f"{where} writes {name!r}, but the state has only {', '.join(known)}")
            checked.append((name, self.channels[name].normalise(value)))
        return checked

    def shared(self, node: Node, writes: Writes, called: Collection[str]) -> Writes:
        """Keep the keys that this graph has too of a subgraph's state, which is what the node is, or has `called`."""
        return [pair for pair in writes if pair[0] in self.channels or not (node.is_graph or pair[0] in called)]

    def replayable(self, writes: Writes) -> list[list[Any]]:
        """Return the writes that the log keeps, as the codec takes them."""
        return [[name, plain_value(value)] for name, value in writes if name not in self.kept_as_results]

    def results(self, values: Values, writes: Writes) -> Values:
        """Return the new values of the keys whose writes the log cannot keep, or that were overwritten."""
        kept = self.kept_as_results
        return {name: values[name] for name, write in writes if name in kept or type(write) is Overwrite}

    def router_view(self, name: str, branch: Branch, values: Values) -> Any:
        """Show a router the state with its node's own writes in it."""
        return (branch.schema or self.nodes[name].schema).view(values)

    def parts_of(self, result: Any) -> Sequence[Any]:
        """Return the updates and commands that a node returned."""
        return result if isinstance(result, list) else (result,)

    def written(self, update: Any, where: str) -> Writes:
        """Return what an update of a node writes."""
        return writes_of(update, where)

    def updated(self, update: Any, where: str) -> Writes:
        """Return what an update of a person or a command writes."""
        return self.written(update, where)

    def taken(self, given: Any, where: str) -> Writes:
        """Return what an input writes; an object of a class with fields: all of them, its defaults too."""
        return given_by(given, where)

    def output_of(self, values: Mapping[str, Any]) -> Any:
        """Keep the keys of the output schema, for who called the graph."""
        return {name: copied(values[name]) for name in self.output.channels if name in values}

    def shown_values(self, values: Mapping[str, Any]) -> Any:
        """Show every key, those of single nodes too, to who looks at the state."""
        return {name: copied(values[name]) for name in self.channels if name in values}

    def shows(self, writes: Writes) -> bool:
        """Whether readers of `values` get to see the state after a step that wrote this."""
        return bool(writes)

    def shown_at(self, ns: str) -> str:
        """Return the namespace whose readers see what happens in a frame of this graph."""
        return ns

    def shown_update(self, writes: Writes) -> Any:
        """Show what a node wrote: None for nothing, a list where it wrote to one key more than once."""
        update = dict(writes)
        return (update if len(update) == len(writes) else [{name: value} for name, value in writes]) or None

    def shown_input(self, node: Node, frame: Frame, task: Task) -> Any:
        """Show what a task gets."""
        return node.schema.view(frame.values) if task.arg is NOTHING else task.arg

    def result_of(self, writes: Writes) -> Any:
        """Return what a task's record says that it wrote."""
        return dict(writes)

    def shown_result(self, writes: Writes) -> dict[str, Any]:
        """Show what a task wrote by key; of several writes to one key, all."""
        result: dict[str, Any] = {}
        for name, value in writes:
            if name not in result:
                result[name] = value
            elif isinstance(result[name], dict) and "$writes" in result[name]:
                result[name]["$writes"].append(value)
            else:
                result[name] = {"$writes": [result[name], value]}
        return result


class Nodes(dict[str, Node]):
    """Nodes by name; one that a stored thread knows and the graph no longer has is an `InvalidGraphError`."""

    def __missing__(self, name: str) -> Node:
        raise InvalidGraphError(
            f"the thread is in node {name!r}, which the graph no longer has: put it back under that name"
        )


def _resolved(graph: StateGraph) -> Nodes:
    """Give every node its edges, joins and branches, and the start its own."""
    added = {name: graph.policies.put_in(node) for name, node in graph.nodes.items()}
    handlers = {
        node.handler.name: graph.policies.put_in_handler(node.handler) for node in added.values() if node.handler
    }
    nodes = {START: Node(name=START, run=None, schema=graph.state), **added, **handlers}
    resolved = {
        name: replace(
            node,
            edges=tuple(dict.fromkeys(end for start, end in graph.edges if start == name)),
            joins=tuple(join.name for join in graph.joins if name in join.sources and join.target != END),
            branches=tuple(graph.branches.get(name, ())),
            triggers=(
                f"branch:to:{name}",
                *(f"join:{join.name.replace('>', ':')}" for join in graph.joins if join.target == name),
            ),
        )
        for name, node in nodes.items()
    }
    return Nodes(resolved)
