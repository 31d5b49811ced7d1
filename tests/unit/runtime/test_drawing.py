"""A graph as a picture: every way that a run can take is an arrow, and nothing else is."""

import sys
from types import SimpleNamespace
from typing import Literal, TypedDict

import pytest

from runtime import END, START, Command, StateGraph
from runtime.graph.drawing import DrawnEdge


class State(TypedDict, total=False):
    x: int


def work(state: State) -> State:
    return state


def steer(state: State) -> Command[Literal["left", "right"]]:
    return Command(goto="left" if state.get("x") else "right")


def choose(state: State) -> Literal["left", "right"]:
    return "left" if state.get("x") else "right"


def test_edges_joins_routers_and_commands_are_arrows() -> None:
    graph = StateGraph(State).add_node(steer).add_node("left", work).add_node("right", work).add_node("both", work)
    graph.add_edge(START, "steer").add_edge(["left", "right"], "both")
    graph.add_conditional_edges("both", lambda _: "again", {"again": "steer", "done": END})
    assert graph.compile().get_graph().edges == [
        DrawnEdge(START, "steer"),
        DrawnEdge("both", END, "done", conditional=True),
        DrawnEdge("both", "steer", "again", conditional=True),
        DrawnEdge("left", "both"),
        DrawnEdge("right", "both"),
        DrawnEdge("steer", "left", conditional=True),
        DrawnEdge("steer", "right", conditional=True),
    ]


def test_a_literal_router_leads_to_its_ends_and_a_dead_end_to_the_end() -> None:
    graph = StateGraph(State).add_node("left", work).add_node("right", work).add_conditional_edges(START, choose)
    drawn = graph.compile().get_graph()
    assert [(edge.source, edge.target) for edge in drawn.edges] == [
        (START, "left"),
        (START, "right"),
        ("left", END),
        ("right", END),
    ]


def test_mermaid_names_every_box_and_escapes_what_is_its_own() -> None:
    graph = StateGraph(State).add_node('say "hi"; <b>', work).add_edge(START, 'say "hi"; <b>')
    text = graph.compile(interrupt_before=['say "hi"; <b>']).get_graph().draw_mermaid()
    assert '("say #34;hi#34;; #60;b#62;<hr/><small><em>__interrupt = before</em></small>")' in text
    assert text.count("-->") == 2
    keyword = StateGraph(State).add_node("end", work).add_edge(START, "end").compile().get_graph()
    assert "--> end;" not in keyword.draw_mermaid()


def test_xray_opens_subgraphs() -> None:
    child = StateGraph(State).add_sequence([("one", work), ("two", work)]).add_edge(START, "one").compile()
    graph = StateGraph(State).add_node("child", child).add_edge(START, "child").compile()
    drawn = graph.get_graph(xray=True)
    assert drawn.edges == [
        DrawnEdge(START, "child:one"),
        DrawnEdge("child:two", END),
        DrawnEdge("child:one", "child:two"),
    ]
    assert r"child\3aone(one)" in drawn.draw_mermaid()


def test_destinations_are_arrows() -> None:
    graph = StateGraph(State).add_node("steer", lambda _: None, destinations={"work": "go"}).add_node(work)
    drawn = graph.add_edge(START, "steer").compile().get_graph()
    assert DrawnEdge("steer", "work", "go", conditional=True) in drawn.edges


def test_what_follows_several_ends_of_a_subgraph_follows_its_end() -> None:
    inner = StateGraph(State).add_node("left", work).add_node("right", work).add_conditional_edges(START, choose)
    graph = StateGraph(State).add_node("inner", inner.compile()).add_node(work).add_edge("inner", "work")
    drawn = graph.add_edge(START, "inner").compile().get_graph(xray=1)
    assert [tuple(edge)[:2] for edge in drawn.edges if edge.source.endswith(END) or edge.target.endswith(START)] == [
        (START, "inner:__start__"),
        ("inner:__end__", "work"),
    ]


def test_without_langchain_the_text_is_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = StateGraph(State).add_node(work).add_edge(START, "work").compile().get_graph()
    monkeypatch.setitem(sys.modules, "langchain_core.runnables.graph_mermaid", None)
    with pytest.raises(ImportError, match=r"draw_mermaid\(\)"):
        drawn.draw_mermaid_png()


def test_langchain_makes_the_image_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = StateGraph(State).add_node(work).add_edge(START, "work").compile().get_graph()
    module = SimpleNamespace(draw_mermaid_png=lambda text, path, **options: repr((text, path, options)).encode())
    monkeypatch.setitem(sys.modules, "langchain_core.runnables.graph_mermaid", module)
    image = drawn.draw_mermaid_png(output_file_path="a.png", curve_style="basis", max_retries=2)
    assert image == repr((drawn.draw_mermaid(curve_style="basis"), "a.png", {"max_retries": 2})).encode()
