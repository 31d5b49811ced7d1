"""A drawing as text in Mermaid's language, which wikis and code hosts draw. Laid out as LangGraph's are.

A subgraph that was opened is a box around its nodes: their ids are its name, a colon, and their own.
"""

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from runtime.graph.drawing import Drawing, DrawnEdge, DrawnNode

COLORS: Final = {"default": "fill:#f2f0ff,line-height:1.2", "first": "fill-opacity:0", "last": "fill:#bfb6fc"}
_KEYWORDS: Final = frozenset({"end", "graph", "subgraph", "style", "class", "click"})
_PLAIN: Final = re.compile(r"[\w .,+=?!-]+")
_MARKED_UP: Final = re.compile(r"[*_`].*[*_`]")
"""What Mermaid would take for Markdown."""


def flowchart(drawing: "Drawing", *, curve: str, colors: Any, words: int, settings: dict[str, Any]) -> str:
    """Return the text with boxes, colours and Mermaid's settings; `words`: so many of an arrow's stand on a line."""
    import yaml  # noqa: PLC0415 - nothing else here reads or writes it

    config = settings.get("config", {})
    settings = {**settings, "config": {**config, "flowchart": {"curve": curve, **config.get("flowchart", {})}}}
    classes = (f"classDef {name} {getattr(colors, name, color)}" for name, color in COLORS.items())
    lines = "".join(f"\t{line}\n" for line in (*_lines(drawing, words, "", boxed=True), *classes))
    return f"---\n{yaml.dump(settings)}---\ngraph TD;\n{lines}"


def outline(drawing: "Drawing", *, words: int) -> str:
    """Return the text of the arrows alone."""
    return "".join(f"{line}\n" for line in ("graph TD;", *(f"\t{line}" for line in _lines(drawing, words, ""))))


def _lines(drawing: "Drawing", words: int, within: str, *, boxed: bool = False) -> Iterator[str]:
    """Yield what is drawn of the whole, or in one of its subgraphs."""
    for node in drawing.nodes.values() if boxed else ():
        if _around(node.id) == within:
            yield _box(node, drawing)
    arrows = [edge for edge in drawing.edges if _around(edge.source, edge.target) == within]
    for edge in sorted(arrows, key=lambda edge: edge.source == edge.target):
        yield _arrow(edge, words)
    for place in _inside(drawing, within):
        yield f"subgraph {_text(place.rpartition(':')[2])}"
        yield from _lines(drawing, words, place, boxed=boxed)
        yield "end"


def _around(*ids: str) -> str:
    """Return the innermost subgraph that has all of these."""
    paths = (name.split(":")[:-1] for name in ids)
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    return ":".join(parts[0] for parts in shared)


def _inside(drawing: "Drawing", within: str) -> list[str]:
    """Return the subgraphs right inside of another place, in the order of their nodes."""
    outer = within.split(":") if within else []
    paths = [name.split(":")[:-1] for name in drawing.nodes]
    depth = len(outer)
    found = (":".join(path[: depth + 1]) for path in paths if path[:depth] == outer and len(path) > depth)
    return list(dict.fromkeys(found))


def _box(node: "DrawnNode", drawing: "Drawing") -> str:
    label = f"<p>{node.name}</p>" if _MARKED_UP.fullmatch(node.name) else _text(node.name)
    if node.metadata:
        notes = "\n".join(f"{_text(str(key))} = {_text(str(value))}" for key, value in node.metadata.items())
        label += f"<hr/><small><em>{notes}</em></small>"
    if not _PLAIN.fullmatch(node.name):
        label = f'"{label}"'
    for kind, end in (("first", drawing.first_node()), ("last", drawing.last_node())):
        if node is end:
            return f"{_id(node.id)}([{label}]):::{kind}"
    return f"{_id(node.id)}({label})"


def _arrow(edge: "DrawnEdge", words: int) -> str:
    source, target = _id(edge.source), _id(edge.target)
    if not edge.data:
        return f"{source} {'-.->' if edge.conditional else '-->'} {target};"
    said = _text(str(edge.data)).split()
    lines = "&nbsp<br>&nbsp".join(" ".join(said[at : at + words]) for at in range(0, len(said), words))
    return f"{source} {f'-. &nbsp;{lines}&nbsp; .->' if edge.conditional else f'-- &nbsp;{lines}&nbsp; -->'} {target};"


def _id(name: str) -> str:
    """Mermaid takes letters, digits, `_` and `-`, and no keyword."""
    plain = name.lower() not in _KEYWORDS
    return "".join(
        mark if (plain or at) and ((mark.isascii() and mark.isalnum()) or mark in "_-") else f"\\{ord(mark):x}"
        for at, mark in enumerate(name)
    )


def _text(text: str) -> str:
    """Write what Mermaid would take for its own as entities."""
    return re.sub(r'["#&<>|\\\n]', lambda found: f"#{ord(found[0])};", text)
