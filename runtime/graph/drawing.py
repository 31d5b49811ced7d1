"""A graph as a picture: its nodes and edges as data, and as Mermaid, which wikis and code hosts draw.

Where a node may go by `Command` or a router is known when its return is annotated (`Command[Literal["a", "b"]]`,
`-> Literal["a", "b"]`) or mapped; other routers may go anywhere, and their edges lead to every node.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from runtime.types import END, START, Command

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph
    from runtime.graph.nodes import Node


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """One box."""

    id: str
    name: str
    halts: Literal["before", "after"] | None = None
    """Whether a static breakpoint stops here."""


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """One arrow."""

    source: str
    target: str
    data: str | None = None
    """The router's word for this end, where it is not the node's name."""
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """What there is to draw."""

    nodes: dict[str, DrawnNode]
    edges: list[DrawnEdge]

    def draw_mermaid(self) -> str:
        """Return a Mermaid flowchart; conditional edges are dotted."""
        lines = [*map(_box, self.nodes.values()), *map(_arrow, self.edges)]
        return "\n".join(["graph TD;", *(f"\t{line}" for line in lines)]) + "\n"


def drawing(graph: "CompiledGraph", *, depth: int = 0) -> Drawing:
    """Return the drawing of a graph, with what is inside its subgraphs down to this depth."""
    edges = sorted(
        set(_edges(graph)), key=lambda edge: (edge.source != START, edge.source, edge.target, str(edge.data))
    )
    used = {START} | {edge.target for edge in edges} | {edge.source for edge in edges}
    names = [START, *graph.builder.nodes, END]
    drawn = Drawing({name: DrawnNode(name, name, _halts(graph, name)) for name in names if name in used}, edges)
    for name, node in graph.builder.nodes.items():
        if depth and node.is_graph:
            drawn = _opened(drawn, name, drawing(node.run, depth=depth - 1))
    return drawn


def _opened(drawn: Drawing, name: str, inside: Drawing) -> Drawing:
    """Put what is inside a box in its place: arrows to it lead to its first nodes, arrows from it leave its last."""
    nodes: dict[str, DrawnNode] = {}
    for outer in drawn.nodes.values():
        if outer.id == name:
            within = (inner for inner in inside.nodes.values() if inner.id not in {START, END})
            nodes |= {f"{name}:{inner.id}": replace(inner, id=f"{name}:{inner.id}") for inner in within}
        else:
            nodes[outer.id] = outer
    first = [edge.target for edge in inside.edges if edge.source == START]
    last = [edge.source for edge in inside.edges if edge.target == END]
    outside = [
        replace(edge, source=source, target=target)
        for edge in drawn.edges
        for source in ([f"{name}:{end}" for end in last] if edge.source == name else [edge.source])
        for target in ([f"{name}:{start}" for start in first] if edge.target == name else [edge.target])
    ]
    between = [edge for edge in inside.edges if edge.source != START and edge.target != END]
    return Drawing(
        nodes,
        [
            *outside,
            *(replace(edge, source=f"{name}:{edge.source}", target=f"{name}:{edge.target}") for edge in between),
        ],
    )


def _halts(graph: "CompiledGraph", name: str) -> Literal["before", "after"] | None:
    if name in graph.before:
        return "before"
    return "after" if name in graph.after else None


def _edges(graph: "CompiledGraph") -> Iterator[DrawnEdge]:
    for source, target in graph.builder.edges:
        yield DrawnEdge(source, target)
    for join in graph.builder.joins:
        yield from (DrawnEdge(source, join.target) for source in join.sources)
    for name, node in graph.nodes.items():
        for branch in node.branches:
            ends = branch.ends or {other: other for other in (*graph.builder.nodes, END)}
            for word, target in ends.items():
                yield DrawnEdge(name, target, None if word == target else str(word), conditional=True)
        yield from (
            DrawnEdge(name, target, node.ends.get(target) or None, conditional=True) for target in command_ends(node)
        )
        if name != START and not (node.edges or node.joins or node.branches or command_ends(node)):
            yield DrawnEdge(name, END)


def command_ends(node: "Node") -> tuple[str, ...]:
    """Return the node's `destinations`, or those of a return annotated `Command[Literal["a", "b"]]`."""
    if node.ends:
        return tuple(node.ends)
    try:
        hint = get_type_hints(node.run).get("return")
    except (TypeError, NameError, AttributeError):
        return ()
    return tuple(end for part in _parts(hint) if get_origin(part) is Command for end in _literals(get_args(part)[0]))


def _parts(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union, or the one hint there is."""
    return (hint,) if get_origin(hint) in {Command, None} else get_args(hint)


def _literals(hint: Any) -> tuple[str, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def _box(node: DrawnNode) -> str:
    label = _text(node.name) + (f"<br/><small>stops {node.halts}</small>" if node.halts else "")
    return (
        f'{_id(node.id)}(["{label}"])' if node.id.rpartition(":")[2] in {START, END} else f'{_id(node.id)}("{label}")'
    )


def _arrow(edge: DrawnEdge) -> str:
    line = "-.->" if edge.conditional else "-->"
    word = f"|{_text(edge.data)}|" if edge.data else ""
    return f"{_id(edge.source)} {line}{word} {_id(edge.target)};"


def _id(name: str) -> str:
    """Mermaid takes letters, digits and underscores; `end` alone is a keyword."""
    safe = re.sub(r"\W", lambda found: f"_{ord(found[0]):x}_", name, flags=re.ASCII)
    return f"n_{safe}"


def _text(text: str) -> str:
    """Write what Mermaid would take for its own as entities."""
    return re.sub(r'["#&<>|\\\n]', lambda found: f"#{ord(found[0])};", text)
