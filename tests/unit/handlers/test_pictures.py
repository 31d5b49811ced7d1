"""Graphs drawn as pictures: where everything goes, and what a PNG of it shows."""

from io import BytesIO
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from handlers.pictures.graphs import Mark, picture
from handlers.pictures.layout import Box, lay_out
from runtime import END, START, Command, MessagesState, StateGraph

SIZE = (80.0, 40.0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]:
    names = [f"n{number}" for number in range(draw(st.integers(1, 9)))]
    widths = st.floats(30, 200)
    sizes = {name: (draw(widths), draw(st.sampled_from((40.0, 60.0)))) for name in names}
    return sizes, draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=16))


def overlap(one: Box, other: Box) -> bool:
    across = abs(one.x - other.x) * 2 < one.width + other.width - 0.01
    return across and abs(one.y - other.y) * 2 < one.height + other.height - 0.01


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_no_two_boxes_are_on_one_place_and_all_are_within_the_sheet(graph: Any) -> None:
    layout = lay_out(*graph)
    assert not [pair for pair in combinations(layout.boxes.values(), 2) if overlap(*pair)]
    for box in layout.boxes.values():
        assert -0.01 <= box.x - box.width / 2 <= box.x + box.width / 2 <= layout.width + 0.01
        assert -0.01 <= box.y - box.height / 2 <= box.y + box.height / 2 <= layout.height + 0.01


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_every_edge_goes_from_the_border_of_its_source_to_that_of_its_target(graph: Any) -> None:
    sizes, edges = graph
    layout = lay_out(sizes, edges)
    for (source, target), path in zip(edges, layout.paths, strict=True):
        if source == target:
            assert path == ()
            continue
        for name, (x, y) in ((source, path[0]), (target, path[-1])):
            box = layout.boxes[name]
            assert abs(abs(y - box.y) - box.height / 2) < 0.01
            assert abs(x - box.x) < box.width / 2


def test_a_chain_is_one_column_from_the_top_down() -> None:
    layout = lay_out(dict.fromkeys("abc", SIZE), [("a", "b"), ("b", "c")])
    assert len({box.x for box in layout.boxes.values()}) == 1
    assert [layout.boxes[name].y for name in "abc"] == sorted(layout.boxes[name].y for name in "abc")


def test_an_edge_back_leads_up_beside_the_edge_down() -> None:
    layout = lay_out(dict.fromkeys("ab", SIZE), [("a", "b"), ("b", "a")])
    down, up = layout.paths
    assert down[0][1] < down[-1][1]
    assert up[0][1] > up[-1][1]
    assert down[0][0] != up[-1][0]


def test_an_edge_over_several_layers_passes_beside_the_boxes_between() -> None:
    layout = lay_out(dict.fromkeys("abc", SIZE), [("a", "b"), ("b", "c"), ("a", "c")])
    passed = layout.boxes["b"]
    (x, y) = layout.paths[2][1]
    assert y == passed.y
    assert abs(x - passed.x) > passed.width / 2


def test_layers_are_ordered_so_that_edges_do_not_cross() -> None:
    edges = [("s", "a"), ("s", "b"), ("a", "y"), ("b", "x")]
    layout = lay_out(dict.fromkeys("sabxy", SIZE), edges)
    order = [layout.boxes[name].x for name in "ab"], [layout.boxes[name].x for name in "yx"]
    assert (order[0][0] < order[0][1]) == (order[1][0] < order[1][1])


def test_a_long_chain_needs_no_recursion() -> None:
    names = [f"n{number}" for number in range(1500)]
    assert len(lay_out(dict.fromkeys(names, SIZE), list(pairwise(names))).boxes) == 1500


def drawn(*edges: tuple[str, str], word: str | None = None) -> Any:
    names = dict.fromkeys(name for edge in edges for name in edge)
    made = [
        SimpleNamespace(source=source, target=target, data=word, conditional=bool(word)) for source, target in edges
    ]
    return SimpleNamespace(nodes=names, edges=made)


def colours(png: bytes) -> set[Any]:
    image = Image.open(BytesIO(png))
    return {colour for _, colour in image.getcolors(1 << 24) or ()}


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_shows_in_colour_and_makes_room_for_its_word(mark: Mark) -> None:
    graph = drawn((START, "pay"), ("pay", END))
    plain, marked = picture(graph, {}), picture(graph, {"pay": mark})
    assert len(colours(marked) - colours(plain)) > 10
    assert Image.open(BytesIO(marked)).height > Image.open(BytesIO(plain)).height


def test_the_word_of_a_loop_is_within_the_picture() -> None:
    short, long = (
        Image.open(BytesIO(picture(drawn(("a", "a"), word=word), {}))) for word in ("no", "no, not like this")
    )
    assert long.width > short.width
    for image in (short, long):
        assert {image.getpixel((image.width - 1, y)) for y in range(image.height)} == {(255, 255, 255)}


def test_a_large_graph_is_drawn_coarser_instead_of_taking_all_memory() -> None:
    names = [f"n{number}" for number in range(300)]
    image = Image.open(BytesIO(picture(drawn(*pairwise(names)), {})))
    assert image.height < 300 * 110


def test_our_graphs_can_be_drawn() -> None:
    def route(state: MessagesState) -> Command[Any]:
        return Command(goto=END)

    graph = StateGraph(MessagesState).add_node("route", route).add_edge(START, "route").compile()
    assert picture(graph.get_graph(), {"route": Mark.DONE}).startswith(b"\x89PNG")
