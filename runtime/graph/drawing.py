"""A graph as a picture: its nodes and edges as data, and as text or an image of them, as LangChain's graphs are.

Where a node may go by `Command` or a router is known when its return is annotated (`Command[Literal["a", "b"]]`,
`-> Literal["a", "b"]`) or mapped; other routers may go anywhere, and their edges lead to every node.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from runtime.graph.mermaid import flowchart, outline
from runtime.graph.nodes import hints_of
from runtime.types import END, START, Command

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph
    from runtime.graph.nodes import Node


class DrawnNode(NamedTuple):
    """One box."""

    id: str
    name: str
    data: Any = None
    """The function or graph."""
    metadata: Mapping[str, Any] | None = None
    """Of the node; `__interrupt`: where a static breakpoint stops, `before`, `after` or `before,after`."""


class DrawnEdge(NamedTuple):
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

    def first_node(self) -> DrawnNode | None:
        """Return the node that no arrow leads to, if it is the only one."""
        return self._only({edge.target for edge in self.edges})

    def last_node(self) -> DrawnNode | None:
        """Return the node that no arrow leaves, if it is the only one."""
        return self._only({edge.source for edge in self.edges})

    def _only(self, others: set[str]) -> DrawnNode | None:
        found = [node for node in self.nodes.values() if node.id not in others]
        return found[0] if len(found) == 1 else None

    def draw_mermaid(
        self,
        *,
        with_styles: bool = True,
        curve_style: Any = "linear",
        node_colors: Any = None,
        wrap_label_n_words: int = 9,
        frontmatter_config: dict[str, Any] | None = None,
    ) -> str:
        """Return a Mermaid flowchart; conditional edges are dotted. Not `with_styles`: the arrows alone.

        `curve_style`: one of Mermaid's, or LangChain's enum of them; `node_colors`: an object with what its attributes
        `default`, `first` and `last` say in CSS; `frontmatter_config`: what else Mermaid is to be told.
        """
        if not with_styles:
            return outline(self, words=wrap_label_n_words)
        curve = getattr(curve_style, "value", curve_style)
        return flowchart(
            self, curve=curve, colors=node_colors, words=wrap_label_n_words, settings=frontmatter_config or {}
        )

    def draw_mermaid_png(self, *, output_file_path: str | None = None, **options: Any) -> bytes:
        """Have LangChain make an image of it, and keep it in a file if one is named.

        The graph goes to the web service mermaid.ink for that, unless `base_url` or `draw_method` say otherwise;
        `options` are those of LangChain's method and of `draw_mermaid`. Raises ImportError without LangChain.
        """
        draw = _of_langchain("graph_mermaid").draw_mermaid_png
        ours = {"curve_style", "node_colors", "wrap_label_n_words", "frontmatter_config"} & options.keys()
        text = self.draw_mermaid(**{name: options.pop(name) for name in ours})
        image: bytes = draw(text, output_file_path, **options)
        return image

    def draw_ascii(self) -> str:
        """Have LangChain draw it with letters. Raises ImportError without LangChain and grandalf."""
        names = {key: node.name for key, node in self.nodes.items()}
        text: str = _of_langchain("graph_ascii").draw_ascii(names, self.edges)
        return text

    def print_ascii(self) -> None:
        """Print what `draw_ascii` returns."""
        print(self.draw_ascii())  # noqa: T201 - what it is for

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return nodes and edges as plain dicts."""
        return {"nodes": list(map(_plain_node, self.nodes.values())), "edges": list(map(_plain_edge, self.edges))}


def drawing(graph: "CompiledGraph", *, depth: int = 0) -> Drawing:
    """Return the drawing of a graph, with what is inside its subgraphs down to this depth."""
    said = set(_edges(graph))
    reached, left = {edge.target for edge in said}, {edge.source for edge in said}
    said |= {DrawnEdge(name, END) for name in graph.builder.nodes if name in reached and name not in left}
    edges = sorted(said, key=_place)
    ends = [END] if any(edge.target == END for edge in edges) else []
    drawn = Drawing({name: _node(graph, name) for name in (START, *graph.builder.nodes, *ends)}, edges)
    for name, node in graph.builder.nodes.items():
        if depth and node.is_graph:
            drawn = _opened(drawn, name, _trimmed(drawing(node.run, depth=depth - 1)))
    return drawn


def _place(edge: DrawnEdge) -> tuple[bool, str, str, str]:
    """Order arrows by their ends; those that lead to the end of the graph for certain come last."""
    return edge.target == END and not edge.conditional, edge.source, edge.target, str(edge.data)


def _trimmed(inside: Drawing) -> Drawing:
    """Leave the start and the end away, where what follows or goes before them can stand for them."""
    for end, way, back in ((START, 0, 1), (END, 1, 0)):
        beside = [edge[back] for edge in inside.edges if edge[way] == end]
        others = [edge[way] for edge in inside.edges if edge[back] in beside and edge[way] != end]
        if len(beside) == 1 and not others:
            kept = {name: node for name, node in inside.nodes.items() if name != end}
            inside = Drawing(kept, [edge for edge in inside.edges if edge[way] != end])
    return inside


def _opened(drawn: Drawing, name: str, inside: Drawing) -> Drawing:
    """Put what is inside a box in its place: arrows to it lead to its first node, arrows from it leave its last."""
    first, last = (end.id if end else "" for end in (inside.first_node(), inside.last_node()))
    outside = [
        edge._replace(
            source=f"{name}:{last}" if edge.source == name else edge.source,
            target=f"{name}:{first}" if edge.target == name else edge.target,
        )
        for edge in drawn.edges
        if (last or edge.source != name) and (first or edge.target != name)
    ]
    within = {f"{name}:{node.id}": node._replace(id=f"{name}:{node.id}") for node in inside.nodes.values()}
    between = [edge._replace(source=f"{name}:{edge.source}", target=f"{name}:{edge.target}") for edge in inside.edges]
    nodes = {key: node for key, node in drawn.nodes.items() if key != name}
    return Drawing({**nodes, **within}, [*outside, *between])


def _node(graph: "CompiledGraph", name: str) -> DrawnNode:
    node = graph.builder.nodes.get(name)
    if node is None:
        return DrawnNode(name, name)
    stops = [where for where, names in (("before", graph.before), ("after", graph.after)) if name in names]
    metadata = {**node.metadata, **({"__interrupt": ",".join(stops)} if stops else {})}
    return DrawnNode(name, name, node.run, metadata or None)


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


def command_ends(node: "Node") -> tuple[str, ...]:
    """Return the node's `destinations`, or those of a return annotated `Command[Literal["a", "b"]]`."""
    if node.ends:
        return tuple(node.ends)
    hint = hints_of(node.run).get("return")
    return tuple(end for part in _parts(hint) if get_origin(part) is Command for end in _literals(get_args(part)[0]))


def _parts(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union, or the one hint there is."""
    return (hint,) if get_origin(hint) in {Command, None} else get_args(hint)


def _literals(hint: Any) -> tuple[str, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def _of_langchain(module: str) -> Any:
    try:
        return import_module(f"langchain_core.runnables.{module}")
    except ImportError as error:
        raise ImportError("LangChain draws this: install the extra `langchain`, or use draw_mermaid()") from error


def _plain_node(node: DrawnNode) -> dict[str, Any]:
    if node.name == END:
        return {"id": node.id}
    kind = type(node.data) if hasattr(node.data, "run_below") else DrawnNode
    data = {"id": [*kind.__module__.split("."), kind.__name__], "name": node.id}
    return {
        "id": node.id,
        "type": "runnable",
        "data": data,
        **({"metadata": dict(node.metadata)} if node.metadata else {}),
    }


def _plain_edge(edge: DrawnEdge) -> dict[str, Any]:
    said = {"source": edge.source, "target": edge.target}
    return said | ({"data": edge.data} if edge.data else {}) | ({"conditional": True} if edge.conditional else {})
