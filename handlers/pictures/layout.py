"""Where the boxes and arrows of a graph go: layers from the top down, few crossings, no two boxes on one place.

The usual four steps for layered drawings: turn edges round until there is no cycle, put each box below all that lead to
it, order each layer by the middle of its neighbours, then push boxes towards their neighbours as far as the order
allows. An edge that passes a layer has an invisible box there, so that it passes between the others. Lengths are
pixels.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]

GAP = 32.0  # between neighbours of a layer
LAYER_GAP = 64.0
_SLOT = 10.0  # the width an edge needs where it passes a layer
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its centre."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything is within `0…width` and `0…height`."""

    boxes: dict[str, Box]
    paths: list[tuple[Point, ...]]
    """One per edge, in their order, from the edge of one box to the edge of another; empty for an edge to itself."""
    width: float
    height: float


def lay_out(sizes: Mapping[str, tuple[float, float]], edges: Sequence[tuple[str, str]]) -> Layout:
    """Place boxes of these widths and heights; `edges` join their names. The first box counts as the start."""
    back = _back_edges(tuple(sizes), edges)
    down = [(target, source) if index in back else (source, target) for index, (source, target) in enumerate(edges)]
    rank = _ranks(tuple(sizes), down)
    chains = [_chain(index, source, target, rank) for index, (source, target) in enumerate(down)]
    layers = _ordered(_layers(sizes, rank, chains), chains)
    widths = defaultdict(lambda: _SLOT, {name: width for name, (width, _) in sizes.items()})
    x = _columns(layers, chains, widths)
    y, height = _rows(layers, sizes)
    left = min((x[name] - widths[name] / 2 for name in x), default=0.0)
    right = max((x[name] + widths[name] / 2 for name in x), default=0.0)
    place = {name: (x[name] - left, y[name]) for name in x}
    boxes = {name: Box(*place[name], *size) for name, size in sizes.items()}
    paths = _paths(chains, boxes, place)
    turned = [tuple(reversed(path)) if index in back else path for index, path in enumerate(paths)]
    return Layout(boxes, turned, right - left, height)


def _back_edges(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> set[int]:
    """The edges that lead back to where a walk from the start came from; without them there is no cycle."""
    leaving: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for index, (source, target) in enumerate(edges):
        leaving[source].append((index, target))
    back: set[int] = set()
    seen: set[str] = set()
    for start in names:
        stack = [(start, iter(leaving[start]))] if start not in seen else []
        above = {start}
        seen.add(start)
        while stack:
            name, rest = stack[-1]
            for index, target in rest:
                if target in above:
                    back.add(index)
                elif target not in seen:
                    seen.add(target)
                    above.add(target)
                    stack.append((target, iter(leaving[target])))
                    break
            else:
                above.discard(name)
                stack.pop()
    return back


def _ranks(names: Iterable[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each box: one below the lowest of those that lead to it. `edges` have no cycle of two or more."""
    entering: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        if source != target:
            entering[target].append(source)
    ranks: dict[str, int] = {}
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if all(source in ranks for source in entering[name])]
        for name in ready:
            ranks[name] = max((ranks[source] + 1 for source in entering[name]), default=0)
        waiting = [name for name in waiting if name not in ranks]
    return ranks


def _chain(index: int, source: str, target: str, rank: Mapping[str, int]) -> tuple[str, ...]:
    """An edge as the boxes it goes through, the invisible ones in between included."""
    passed = range(rank[source] + 1, rank[target])
    return (source, *(f"\0{index}/{layer}" for layer in passed), target)


def _layers(names: Iterable[str], rank: Mapping[str, int], chains: Iterable[tuple[str, ...]]) -> list[list[str]]:
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for name in names:
        layers[rank[name]].append(name)
    for source, *passed, _ in chains:
        for depth, name in enumerate(passed, rank[source] + 1):
            layers[depth].append(name)
    return layers


def _neighbours(chains: Iterable[tuple[str, ...]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """For each box those above and those below that it is joined to."""
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for upper, lower in pairwise(chain):
            if upper != lower:
                below[upper].append(lower)
                above[lower].append(upper)
    return above, below


def _ordered(layers: list[list[str]], chains: Sequence[tuple[str, ...]]) -> list[list[str]]:
    """Order each layer by the middle of its neighbours, down and up again, and keep the order that crosses least."""
    above, below = _neighbours(chains)
    best, fewest = layers, _crossings(layers, below)
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        spot = {name: float(place) for layer in layers for place, name in enumerate(layer)}
        fresh: list[list[str]] = []
        for layer in reversed(layers) if sweep % 2 else layers:
            middle = {name: _mean([spot[other] for other in near[name]], spot[name]) for name in layer}
            fresh.append(sorted(layer, key=middle.__getitem__))
            spot.update((name, float(place)) for place, name in enumerate(fresh[-1]))
        layers = fresh[::-1] if sweep % 2 else fresh
        if (crossings := _crossings(layers, below)) < fewest:
            best, fewest = layers, crossings
    return best


def _crossings(layers: Sequence[Sequence[str]], below: Mapping[str, Sequence[str]]) -> int:
    spot = {name: place for layer in layers for place, name in enumerate(layer)}
    count = 0
    for layer in layers:
        ends = [sorted(spot[other] for other in below[name]) for name in layer]
        flat = [end for group in ends for end in group]
        count += sum(later < earlier for at, earlier in enumerate(flat) for later in flat[at + 1 :])
    return count


def _columns(
    layers: Sequence[Sequence[str]], chains: Sequence[tuple[str, ...]], widths: Mapping[str, float]
) -> dict[str, float]:
    """The x of every box: as near to the middle of its neighbours as the order of its layer allows."""
    above, below = _neighbours(chains)
    x = {name: 0.0 for layer in layers for name in layer}
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        for layer in reversed(layers) if sweep % 2 else layers:
            wanted = [_mean([x[other] for other in near[name]], x[name]) for name in layer]
            x.update(zip(layer, _apart(wanted, [widths[name] for name in layer]), strict=True))
    return x


def _apart(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Find the places nearest to those wanted that keep the order and `GAP`.

    Neighbours in each other's way move as one block to the mean of what they want.
    """
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + GAP)
    blocks: list[list[float]] = []
    for place, offset in zip(wanted, offsets, strict=False):
        blocks.append([place - offset])
        while len(blocks) > 1 and _mean(blocks[-2], 0) >= _mean(blocks[-1], 0):
            later = blocks.pop()
            blocks[-1] += later
    flat = [_mean(block, 0) for block in blocks for _ in block]
    return [place + offset for place, offset in zip(flat, offsets, strict=False)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _rows(layers: Sequence[Sequence[str]], sizes: Mapping[str, tuple[float, float]]) -> tuple[dict[str, float], float]:
    """The y of every box, and how high all of it is."""
    y: dict[str, float] = {}
    top = 0.0
    for layer in layers:
        height = max(sizes[name][1] for name in layer if name in sizes)
        y.update((name, top + height / 2) for name in layer)
        top += height + LAYER_GAP
    return y, max(0.0, top - LAYER_GAP)


def _paths(
    chains: Sequence[tuple[str, ...]], boxes: Mapping[str, Box], place: Mapping[str, Point]
) -> list[tuple[Point, ...]]:
    """List the points each edge goes through.

    Edges that share a side of a box are spread over it, so that none hides
    another.
    """
    leaving: dict[str, list[int]] = defaultdict(list)
    entering: dict[str, list[int]] = defaultdict(list)
    for index, chain in enumerate(chains):
        if chain[0] != chain[-1]:
            leaving[chain[0]].append(index)
            entering[chain[-1]].append(index)
    starts = {index: x for name, edges in leaving.items() for index, x in _ports(boxes[name], edges, chains, place, 1)}
    ends = {index: x for name, edges in entering.items() for index, x in _ports(boxes[name], edges, chains, place, -2)}
    paths: list[tuple[Point, ...]] = []
    for index, chain in enumerate(chains):
        if index not in starts:
            paths.append(())
            continue
        upper, lower = boxes[chain[0]], boxes[chain[-1]]
        first, last = (starts[index], upper.y + upper.height / 2), (ends[index], lower.y - lower.height / 2)
        paths.append((first, *(place[name] for name in chain[1:-1]), last))
    return paths


def _ports(
    box: Box, edges: Sequence[int], chains: Sequence[tuple[str, ...]], place: Mapping[str, Point], step: int
) -> list[tuple[int, float]]:
    """Where on a box's side each of these edges begins or ends, from left to right as they go."""
    ordered = sorted(edges, key=lambda index: (place[chains[index][step]][0], index))
    apart = min(24.0, box.width / (len(ordered) + 1))
    left = box.x - apart * (len(ordered) - 1) / 2
    return [(index, left + apart * number) for number, index in enumerate(ordered)]
