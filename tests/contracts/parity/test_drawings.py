"""Graphs as pictures, in both libraries."""

from typing import Any, Literal

import pytest

from tests.contracts.parity.kit import END, START, Programs, State, chain, tell

PROGRAMS = Programs()


def drawn(graph: Any, **options: Any) -> Any:
    """What programs read of a drawing; what a node is made of is each library's own."""
    drawing = graph.get_graph(**options)
    plain = drawing.to_json()
    for node in plain["nodes"]:
        node.get("data", {}).pop("id", None)
    ends = [node and node.id for node in (drawing.first_node(), drawing.last_node())]
    nodes = [(key, node.id, node.name, node.metadata) for key, node in drawing.nodes.items()]
    return nodes, list(map(tuple, drawing.edges)), ends, plain, drawing.draw_mermaid(with_styles=False)


def routed(lib: Any) -> Any:
    def steer(state: State) -> lib.Command[Literal["left", "right"]]:
        raise NotImplementedError

    def choose(state: State) -> str:
        raise NotImplementedError

    builder = lib.StateGraph(State).add_node(steer).add_node("left", tell("left")).add_node("right", tell("right"))
    builder.add_node("both", tell("both"), metadata={"k": 1}).add_edge(START, "steer").add_edge(
        ["left", "right"], "both"
    )
    builder.add_conditional_edges("both", choose, {"again and again": "steer", "done": END})
    return builder


@PROGRAMS.add
def edges_routers_commands_and_breakpoints(lib: Any) -> Any:
    graph = routed(lib).compile(interrupt_before=["steer", "both"], interrupt_after=["both"])
    return drawn(graph), graph.get_graph().draw_mermaid(), graph.get_graph().draw_mermaid(wrap_label_n_words=2)


@PROGRAMS.add
def subgraphs_closed_and_open(lib: Any) -> Any:
    inner = chain(lib, one=tell("one"), two=tell("two")).compile()
    looped = lib.StateGraph(State).add_node("deep", inner).add_node("turn", tell("turn"))
    looped.add_edge(START, "deep").add_edge("deep", "turn").add_conditional_edges("turn", tell(""), ["deep", END])
    builder = chain(lib, a=tell("a"), inner=inner, looped=looped.compile(), b=tell("b")).add_edge("b", "b")
    graph = builder.add_conditional_edges("b", tell(""), ["a", END]).compile()
    return [(drawn(graph, xray=depth), graph.get_graph(xray=depth).draw_mermaid()) for depth in (False, 1, True)]


@PROGRAMS.add
def ends_that_are_said_and_ends_that_are_not(lib: Any) -> Any:
    builder = lib.StateGraph(State).add_node("z", tell("z")).add_node("b", tell("b")).add_node("a", tell("a"))
    builder.add_edge(START, "z").add_edge("z", "b").add_edge("z", "a").add_edge("a", END)
    return drawn(builder.compile())


@PROGRAMS.add
def styles_of_ones_own(lib: Any) -> Any:
    settings = {"config": {"theme": "neutral", "look": "handDrawn"}}
    return routed(lib).compile().get_graph().draw_mermaid(frontmatter_config=settings)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
