"""Ways to write a graph down, in both libraries."""

import operator
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypedDict

import pytest
import typing_extensions
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from tests.contracts.parity.kit import CONFIG, END, START, Programs, State, chain, fan, saved, tell

PROGRAMS = Programs()


@PROGRAMS.add
def typeddicts_of_typing_extensions(lib: Any) -> Any:
    class Extended(typing_extensions.TypedDict):
        text: typing_extensions.Required[str]
        log: typing_extensions.Annotated[list[str], operator.add]
        rest: typing_extensions.NotRequired[int]

    builder = lib.StateGraph(Extended)
    builder.add_node("a", lambda state: {"log": [state["text"]], "rest": 1}).add_edge(START, "a")
    return builder.compile().invoke({"text": "hi"})


@PROGRAMS.add
def an_edge_from_several_nodes_may_lead_to_the_end(lib: Any) -> Any:
    builder = fan(lib, a=tell("a"), b=tell("b")).add_edge(["a", "b"], END)
    return builder.compile().invoke({})


@PROGRAMS.add
def objects_that_can_be_called_are_read_like_functions(lib: Any) -> Any:
    class Hidden(TypedDict):
        secret: str

    class Called:
        def __call__(self, state: Hidden) -> lib.Command[Literal["method"]]:
            return lib.Command(update={"log": [state["secret"]]}, goto="method")

        def method(self, state: Hidden) -> dict[str, Any]:
            return {"log": [state["secret"]]}

    builder = lib.StateGraph(State).add_node("hides", lambda _: {"secret": "s"}).add_node(Called())
    builder.add_node(Called().method).add_edge(START, "hides").add_edge("hides", "Called")
    graph = builder.compile()
    return graph.invoke({}), sorted(edge[:2] for edge in graph.get_graph().edges)


@PROGRAMS.add
def a_graph_of_messages_alone(lib: Any) -> Any:
    builder = lib.MessageGraph()
    builder.add_node("answer", lambda said: ("ai", f"heard {said[-1].content}"))
    builder.add_edge(START, "answer")
    return builder.compile().invoke([("user", "hi")])


@PROGRAMS.add
def runnables_are_nodes_and_routers(lib: Any) -> Any:
    def ask(state: State) -> dict[str, Any]:
        return {"log": [lib.interrupt("?")]}

    def after(state: State) -> dict[str, Any]:
        return {"log": [f"after {state['log']}"]}

    def route(state: State) -> str:
        return "after" if state["log"] else END

    builder = lib.StateGraph(State)
    builder.add_node("ask", RunnableLambda(ask)).add_node("after", RunnableLambda(after)).add_edge(START, "ask")
    builder.add_conditional_edges("ask", RunnableLambda(route, name="route"), ["after", END])
    graph = saved(lib, builder)
    return graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="x"), CONFIG)


@PROGRAMS.add
def a_chat_model_in_a_node_takes_messages_of_every_shape(lib: Any) -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "be kind"), ("placeholder", "{messages}")])

    def answer(state: Any) -> Any:
        people = [message.content for message in state["messages"] if isinstance(message, HumanMessage)]
        model = prompt | GenericFakeChatModel(messages=iter([AIMessage(f"heard {people}")]))
        return {"messages": [model.invoke(state)]}

    graph = saved(lib, lib.StateGraph(lib.MessagesState).add_node("answer", answer).add_edge(START, "answer"))
    return [
        graph.invoke({"messages": given}, CONFIG)
        for given in ([{"role": "user", "content": "a"}], [("user", "b"), "c"], HumanMessage("d"))
    ]


@PROGRAMS.add
def routers_may_see_what_their_annotation_names(lib: Any) -> Any:
    class Hidden(typing_extensions.TypedDict):
        secret: str

    class Whole(typing_extensions.TypedDict):
        log: Annotated[list[str], operator.add]

    def route(state: Hidden) -> str:
        return state["secret"]

    builder = lib.StateGraph(Whole)
    builder.add_node("first", lambda state: {"log": ["first"], "secret": "right"})
    builder.add_node("left", tell("left")).add_node("right", tell("right"))
    builder.add_edge(START, "first").add_conditional_edges("first", route, ["left", "right"])
    return builder.compile().invoke({"log": []})


@PROGRAMS.add
def arguments_by_their_older_names(lib: Any) -> Any:
    class Text(typing_extensions.TypedDict):
        text: str

    builder = lib.StateGraph(State, input=Text, output=Text, config_schema=dict)
    builder.add_node("a", tell("a"), input=Text, retry=lib.RetryPolicy(max_attempts=1), destinations=("b",))
    builder.add_node("b", lambda state: {"text": "b"}).add_edge(START, "a").add_edge("a", "b")
    return builder.compile().invoke({"text": "hi"})


@PROGRAMS.add
def what_else_a_compiled_graph_can_be_asked(lib: Any) -> Any:
    inner = chain(lib, deep=tell("deep")).compile(name="inner")
    middle = chain(lib, inner=inner).compile()
    graph = saved(lib, chain(lib, a=tell("a"), middle=middle), name="ours")
    bound = graph.with_config({"configurable": {"thread_id": "bound"}}).with_config(metadata={"by": "us"})
    other = {"configurable": {"thread_id": "other"}}
    return [
        graph.get_name(),
        bound.invoke({}),
        bound.get_state({"configurable": {"thread_id": "bound"}}).metadata["by"],
        bound.invoke({}, other),
        graph.get_state(other).metadata["by"],
        graph.batch([{}, {"text": "x"}], [CONFIG, other]),
        [name for name, _ in graph.get_subgraphs()],
        [name for name, _ in graph.get_subgraphs(recurse=True)],
        [name for name, _ in graph.get_subgraphs(namespace="middle|inner", recurse=True)],
        sorted(graph.nodes),
        [len(graph.get_graph(xray=depth).nodes) for depth in (False, 1, True)],
    ]


def mistake(build: Callable[[], Any]) -> Any:
    try:
        build()
    except ValueError:
        return "ValueError"
    return "built"


@PROGRAMS.add
def mistakes_are_found_when_the_graph_is_built(lib: Any) -> Any:
    one = chain(lib, a=tell("a"))
    return [
        mistake(call)
        for call in (
            lambda: lib.StateGraph(State).compile(),
            lambda: lib.StateGraph(State).add_sequence([]),
            lambda: one.add_node("a", tell("a")),
            lambda: one.add_node(END, tell("a")),
            lambda: one.add_edge(END, "a"),
            lambda: chain(lib, a=tell("a")).add_edge("a", "nowhere").compile(),
            lambda: chain(lib, a=tell("a")).compile(interrupt_before=["nowhere"]),
        )
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
