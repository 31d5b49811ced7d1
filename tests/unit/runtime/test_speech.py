"""The `messages` stream, side by side with LangGraph's where a chat model of LangChain speaks."""

import operator
import subprocess
import sys
from types import SimpleNamespace
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph import types as langgraph_types
from langgraph.checkpoint.memory import InMemorySaver as LangGraphMemory
from langgraph.graph import StateGraph as LangGraphStateGraph, message as langgraph_messages

import runtime
from runtime import START, Message, NoRunError, StateGraph, push_message
from runtime.prebuilt import create_react_agent
from tests.contracts.parity.kit import CONFIG, anonymous

LANGGRAPH = SimpleNamespace(
    StateGraph=LangGraphStateGraph,
    MessagesState=langgraph_messages.MessagesState,
    push_message=langgraph_messages.push_message,
    InMemorySaver=LangGraphMemory,
    Command=langgraph_types.Command,
    interrupt=langgraph_types.interrupt,
)


def speaking(text: str) -> Any:
    """Return a model that says this once, word by word."""
    return GenericFakeChatModel(messages=iter([AIMessage(text, id=text)]))


def chain(lib: Any, **nodes: Any) -> Any:
    builder, previous = lib.StateGraph(lib.MessagesState), START
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(previous, name)
        previous = name
    return builder


def talk(lib: Any) -> Any:
    """Speak in every way a node can."""

    def invokes(state: Any) -> Any:
        return {"messages": [speaking("one two").invoke(state["messages"])]}

    def streams(state: Any) -> Any:
        parts = list(speaking("three four").stream(state["messages"]))
        return {"messages": [sum(parts[1:], start=parts[0])]}

    def hands_on_its_config(state: Any, config: RunnableConfig) -> Any:
        return {"messages": [speaking("five six").invoke("x", config)]}

    def adds_to_its_config(state: Any) -> Any:
        return {"messages": [speaking("own tags").invoke("x", {"tags": ["joke"], "metadata": {"kind": "joke"}})]}

    def silent(state: Any) -> Any:
        speaking("un heard").invoke("x", {"tags": ["nostream"]})
        return {"messages": [{"role": "ai", "content": "a dict"}]}

    def repeats(state: Any) -> Any:
        return {"messages": [*state["messages"], AIMessage("new")]}

    def pushes(state: Any) -> Any:
        lib.push_message(AIMessage("pushed", id="p"))
        lib.push_message(AIMessage("not kept", id="n"), state_key=None)

    def inner(state: Any) -> Any:
        return {"messages": [speaking("in side").invoke("x"), AIMessage("child")]}

    return chain(
        lib,
        invokes=invokes,
        streams=streams,
        hands_on_its_config=hands_on_its_config,
        adds_to_its_config=adds_to_its_config,
        silent=silent,
        repeats=repeats,
        pushes=pushes,
        child=chain(lib, inner=inner).compile(),
    ).compile()


def heard(chunk: Any) -> Any:
    *place, (message, metadata) = [chunk] if hasattr(chunk[0], "content") else chunk
    about = {key: value for key, value in metadata.items() if key != "thread_id"}
    return anonymous([*place, type(message).__name__, message.content, about])


@pytest.mark.parametrize("options", [{}, {"subgraphs": True, "stream_mode": ["messages"]}])
def test_what_is_heard_is_what_langgraph_lets_hear(options: Any) -> None:
    def listen(lib: Any) -> list[Any]:
        given = {"messages": [HumanMessage("hi", id="h")]}
        return list(map(heard, talk(lib).stream(given, {"tags": ["t"]}, **{"stream_mode": "messages", **options})))

    ours = listen(runtime)
    assert ours == listen(LANGGRAPH)
    assert [content for *_, content, _ in ours[:6]] == ["one", " ", "two", "three", " ", "four"]


@pytest.mark.parametrize("subgraphs", [False, True])
def test_a_run_that_goes_on_does_not_say_again_what_it_is_given(subgraphs: bool) -> None:
    def asks(lib: Any) -> Any:
        return lambda state: {"messages": [AIMessage(lib.interrupt("?"), id="last")]}

    def listen(lib: Any) -> list[Any]:
        child = chain(lib, says=lambda _: {"messages": [speaking("hi all").invoke("x")]}, asks=asks(lib)).compile()
        graph = chain(lib, child=child).compile(checkpointer=lib.InMemorySaver())
        options: Any = {"stream_mode": ["messages"], "subgraphs": subgraphs}
        given: Any = ({"messages": []}, lib.Command(resume="answer"))
        return [heard(chunk) for one in given for chunk in graph.stream(one, CONFIG, **options)]

    assert listen(runtime) == listen(LANGGRAPH)


@pytest.mark.parametrize("subgraphs", [None, False, True])
def test_a_node_hears_its_subgraph_whoever_listens_to_the_run(subgraphs: bool | None) -> None:
    """`subgraphs` is what the reader of the whole run asks for; None: nobody reads it."""

    def listen(lib: Any) -> list[Any]:
        child = chain(
            lib, says=lambda _: {"messages": [speaking("hi all").invoke("x"), AIMessage("b", id="b")]}
        ).compile()
        heard_inside: list[Any] = []

        def call(state: Any, config: RunnableConfig) -> Any:
            chunks = [heard(chunk) for chunk in child.stream({"messages": []}, config, stream_mode="messages")]
            heard_inside.append([chunk[:-1] for chunk in chunks])
            return {"messages": [AIMessage("b", id="b")]}

        graph = chain(lib, call=call).compile()
        if subgraphs is None:
            graph.invoke({"messages": []})
            return heard_inside
        chunks = graph.stream({"messages": []}, stream_mode="messages", subgraphs=subgraphs)
        return [*heard_inside, *map(heard, chunks)]

    assert listen(runtime) == listen(LANGGRAPH)


def test_pushed_messages_are_in_the_state_in_front_of_what_the_node_returns() -> None:
    def pushes(state: Any) -> Any:
        push_message({"role": "ai", "content": "first", "id": "p"})
        push_message(Message(type="ai", content="not kept", id="n"), state_key=None)
        return {"messages": ["last"]}

    result = chain(runtime, pushes=pushes).compile().invoke({"messages": []})
    assert [message.content for message in result["messages"]] == ["first", "last"]


def test_a_pushed_message_needs_a_node_and_an_id() -> None:
    def pushes(state: Any) -> None:
        push_message("no id")

    with pytest.raises(NoRunError, match="push_message"):
        push_message("outside")
    with pytest.raises(ValueError, match="with an id"):
        chain(runtime, pushes=pushes).compile().invoke({"messages": []})


async def test_a_prebuilt_agent_is_heard_word_by_word_and_once() -> None:
    agent = create_react_agent(speaking("hello world"), [])
    chunks = [chunk async for chunk in agent.astream({"messages": ["hi"]}, stream_mode="messages")]
    assert [message.content for message, _ in chunks] == ["hello", " ", "world"]
    assert {metadata["langgraph_node"] for _, metadata in chunks} == {"agent"}


def test_messages_of_our_own_are_heard_too() -> None:
    said = Message(type="ai", content="hello")
    ((message, metadata),) = (
        chain(runtime, node=lambda state: {"messages": [said]})
        .compile()
        .stream({"messages": []}, stream_mode="messages")
    )
    assert (message.content, bool(message.id), metadata["langgraph_node"]) == ("hello", True, "node")


@pytest.mark.parametrize("wrapped", [list, lambda handlers: CallbackManager(handlers, handlers)])
def test_callbacks_of_the_caller_hear_the_model_as_well(wrapped: Any) -> None:
    class Counter(BaseCallbackHandler):
        ends = 0

        def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
            self.ends += 1

    counter = Counter()
    graph = chain(runtime, node=lambda state: {"messages": [speaking("one two").invoke("x")]}).compile()
    chunks = list(graph.stream({"messages": []}, {"callbacks": wrapped([counter])}, stream_mode="messages"))
    assert (len(chunks), counter.ends) == (3, 1)


def test_a_failing_model_leaves_nothing_behind() -> None:
    class State(TypedDict, total=False):
        log: Annotated[list[str], operator.add]

    def fails_first(state: Any) -> Any:
        try:
            GenericFakeChatModel(messages=iter([])).invoke("x")
        except RuntimeError:
            return {"log": [speaking("recovered").invoke("x").content]}

    graph = StateGraph(State).add_node(fails_first).add_edge(START, "fails_first").compile()
    assert [message.content for message, _ in graph.stream({}, stream_mode="messages")] == ["recovered"]


WITHOUT_LANGCHAIN = """
import sys
sys.modules["langchain_core"] = None
from runtime import START, Message, MessagesState, StateGraph
def node(state):
    return {"messages": [Message(type="ai", content="hello")]}
graph = StateGraph(MessagesState).add_node(node).add_edge(START, "node").compile()
print([message.content for message, _ in graph.stream({"messages": []}, stream_mode="messages")])
"""


def test_without_langchain_there_are_the_messages_that_nodes_write() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_LANGCHAIN], capture_output=True, text=True, check=True)
    assert done.stdout == "['hello']\n"
