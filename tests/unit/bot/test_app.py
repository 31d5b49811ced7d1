"""What can be an agent, and what is said of what cannot."""

from typing import Any, TypedDict

import langgraph.checkpoint.memory
import langgraph.graph
import pytest

from bot.agents import AgentSpec
from bot.app import _agents, agent, outcome
from bot.errors import ConfigurationError
from runtime import START, CompiledGraph, InMemorySaver, Message, StateGraph


class State(TypedDict, total=False):
    request: str
    outcome: str


def node(state: State) -> State:
    return {"outcome": f"did {state['request']}"}


OURS = StateGraph(State).add_node(node).add_edge(START, "node")
THEIRS = langgraph.graph.StateGraph(State).add_node(node).add_edge(START, "node")


def spec(name: str = "refund") -> AgentSpec:
    return AgentSpec(name=name, graph="tests:graph", search_path=(), title="Refund", input={"request": "$text"})


@pytest.mark.parametrize(
    "given", [OURS, OURS.compile(), lambda: OURS, OURS.compile], ids=["graph", "compiled", "maker", "method"]
)
async def test_a_graph_without_a_store_gets_ours(given: Any) -> None:
    store = InMemorySaver()
    made = agent(spec(), given, store)
    thread = {"configurable": {"thread_id": "1"}}
    async for _ in made.graph.astream(made.to_input("order 7"), thread):
        pass
    assert made.to_outcome((await made.graph.aget_state(thread)).values) == "did order 7"
    assert (await store.load("1")).head


def test_a_graph_with_a_store_keeps_it() -> None:
    own = InMemorySaver()
    graph = agent(spec(), OURS.compile(checkpointer=own), InMemorySaver()).graph
    assert isinstance(graph, CompiledGraph)
    assert graph.checkpointer is own


def test_langgraph_s_own_graphs_bring_their_checkpointer() -> None:
    compiled = THEIRS.compile(checkpointer=langgraph.checkpoint.memory.InMemorySaver())
    assert agent(spec(), compiled, InMemorySaver()).graph is compiled


def test_the_problems_of_all_agents_come_at_once() -> None:
    def broken() -> None:
        raise RuntimeError("no database")

    graphs: dict[str, object] = {"a": THEIRS, "b": THEIRS.compile(), "c": 7, "d": broken}
    with pytest.raises(ConfigurationError) as caught:
        _agents([spec(name) for name in graphs], graphs, InMemorySaver())
    one, two, three, four = caught.value.problems
    assert one.startswith("Agent a: ValueError: what it names is not compiled")
    assert two.startswith("Agent b: ValueError: a LangGraph graph needs a checkpointer")
    assert three.startswith("Agent c: ValueError: what it names is an object of type int, and no graph")
    assert four == "Agent d: RuntimeError: no database"


def test_an_agent_ends_with_its_last_message_or_its_outcome() -> None:
    assert outcome({"messages": [Message(type="human", content="hi"), Message(type="ai", content="bye")]}) == "bye"
    assert outcome({"messages": [Message(type="human", content="hi")]}) is None
    assert outcome({"outcome": "done"}) == "done"
    assert outcome({}) is None
