"""A graph as a picture: boxes and arrows, and on each box in words how far a run has come.

No meaning is by colour alone: a mark is a word as well, and a conditional edge is dashed.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol

from handlers.pictures.canvas import PAPER, Canvas, text_width
from handlers.pictures.layout import Box, Layout, Point, lay_out

START, END = "__start__", "__end__"
_PADDING = 18.0
_HEIGHT, _MARKED_HEIGHT = 44.0, 60.0
_NAME_SIZE, _SMALL = 15.0, 11.0
_LONGEST = 40  # letters of a name
_STEPS = 48  # of a curve
_DASH = 7.0
_LOOP = 20.0  # how far an edge from a box to itself reaches
_INK, _LINE = "#1d1c1d", "#616061"


class Mark(StrEnum):
    """How far a run has come at a node."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting for an answer"
    FAILED = "failed"


_FILL = {Mark.DONE: "#e8f5ee", Mark.RUNNING: "#e8f0fb", Mark.WAITING: "#fff3d6", Mark.FAILED: "#fbe3e4"}
_BORDER = {Mark.DONE: "#1f7a53", Mark.RUNNING: "#1264a3", Mark.WAITING: "#8a5a12", Mark.FAILED: "#c01343"}


class Edge(Protocol):
    """An arrow of a graph's drawing."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def data(self) -> object: ...
    @property
    def conditional(self) -> bool: ...


class Drawing(Protocol):
    """What `get_graph()` returns, ours or LangGraph's."""

    @property
    def nodes(self) -> Mapping[str, Any]: ...
    @property
    def edges(self) -> Iterable[Edge]: ...


def picture(drawing: Drawing, marks: Mapping[str, Mark]) -> bytes:
    """Draw a graph with these of its nodes marked. Returns a PNG; takes about half a second, so not on the loop."""
    edges = list(drawing.edges)
    names = sorted(drawing.nodes, key=lambda name: name != START)
    sizes = {name: _size(name, marks.get(name)) for name in names}
    layout = lay_out(sizes, [(edge.source, edge.target) for edge in edges])
    beside = max((_LOOP + text_width(_word(edge), _SMALL) for edge in edges if edge.source == edge.target), default=0)
    canvas = Canvas(layout.width + beside, layout.height)
    for edge, path in zip(edges, layout.paths, strict=True):
        _draw_arrow(canvas, edge, path, layout)
    for name in names:
        _draw_box(canvas, name, marks.get(name), layout.boxes[name])
    return canvas.png()


def _label(name: str) -> str:
    return _short({START: "start", END: "end"}.get(name, name))


def _word(edge: Edge) -> str:
    return _short(str(edge.data or ""))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _size(name: str, mark: Mark | None) -> tuple[float, float]:
    wide = max(text_width(_label(name), _NAME_SIZE), text_width(mark or "", _SMALL))
    return wide + 2 * _PADDING, _MARKED_HEIGHT if mark else _HEIGHT


def _draw_box(canvas: Canvas, name: str, mark: Mark | None, box: Box) -> None:
    radius = box.height / 2 if name in {START, END} else 10
    pen = 2 if mark and mark is not Mark.DONE else 1
    fill, ink = (_FILL[mark], _BORDER[mark]) if mark else (PAPER, _LINE)
    canvas.box(box, radius=radius, fill=fill, ink=ink, pen=pen)
    canvas.text((box.x, box.y - (9 if mark else 0)), _label(name), _NAME_SIZE, _INK, around=fill)
    if mark:
        canvas.text((box.x, box.y + 13), mark, _SMALL, ink, around=fill)


def _draw_arrow(canvas: Canvas, edge: Edge, path: Sequence[Point], layout: Layout) -> None:
    if path:
        line, down = _curve(path), math.copysign(1.0, path[-1][1] - path[-2][1])
        middle = (path[0][0] + path[1][0]) / 2, (path[0][1] + path[1][1]) / 2
    else:
        line, down = _loop(layout.boxes[edge.source]), 0.0
        middle = line[len(line) // 2][0] + 6 + text_width(_word(edge), _SMALL) / 2, layout.boxes[edge.source].y
    for begin, end in _dashes(line) if edge.conditional else pairwise(line):
        canvas.line(begin, end, ink=_LINE, pen=1.5)
    canvas.polygon(_head(line[-1], down), ink=_LINE)
    canvas.text(middle, _word(edge), _SMALL, _LINE, around=PAPER)


def _head(tip: Point, down: float) -> list[Point]:
    """A triangle that points down (1), up (-1) or to the left (0)."""
    x, y = tip
    if down:
        return [tip, (x - 5, y - 9 * down), (x + 5, y - 9 * down)]
    return [tip, (x + 9, y - 5), (x + 9, y + 5)]


def _loop(box: Box) -> list[Point]:
    """A round trip at the right of a box."""
    right = box.x + box.width / 2
    turns = [math.pi * (step / _STEPS - 0.5) for step in range(_STEPS + 1)]
    return [(right + _LOOP * math.cos(turn), box.y + _HEIGHT / 3 * math.sin(turn)) for turn in turns]


def _dashes(line: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Every other bit of a line, by length."""
    gone = 0.0
    for begin, end in pairwise(line):
        if gone % (2 * _DASH) < _DASH:
            yield begin, end
        gone += math.dist(begin, end)


def _curve(path: Sequence[Point]) -> list[Point]:
    """Points along a path that leaves and enters everything vertically (cubic Bézier)."""
    points = [path[0]]
    for (x, y), (to_x, to_y) in pairwise(path):
        middle = (y + to_y) / 2
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            points.append(((a + b) * x + (c + d) * to_x, a * y + (b + c) * middle + d * to_y))
    return points
