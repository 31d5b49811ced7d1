"""States and messages of every shape, in both libraries."""

import operator
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Optional, TypedDict

import pytest
import typing_extensions
from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field

from tests.contracts.parity.kit import (
    CONFIG,
    START,
    Programs,
    State,
    ask_and_tell,
    attempt,
    chain,
    fan,
    saved,
    tell,
    where,
)

PROGRAMS = Programs()


@PROGRAMS.add
def messages_of_several_shapes(lib: Any) -> Any:
    class Chat(lib.MessagesState):  # type: ignore[misc]  # the library is chosen at run time
        pass

    def answer(state: Any) -> dict[str, Any]:
        return {"messages": [{"role": "assistant", "content": lib.interrupt("say")}]}

    builder = lib.StateGraph(Chat)
    builder.add_node("answer", answer).add_edge(START, "answer")
    graph = saved(lib, builder)
    given = [("user", "a"), "b", {"type": "human", "content": "c"}, {"role": "system", "content": "d", "id": "1"}]
    return graph.invoke({"messages": given}, CONFIG), graph.invoke(lib.Command(resume="e"), CONFIG)


@PROGRAMS.add
def json_schemas(lib: Any) -> Any:
    class Extended(typing_extensions.TypedDict):
        text: typing_extensions.Required[str]
        log: typing_extensions.NotRequired[Annotated[list[int], operator.add]]

    class Model(BaseModel):
        text: str = Field(alias="Text", default="x")
        number: int | None = None

    @dataclass
    class Told:
        who: str

    class Left(typing_extensions.TypedDict, total=False):
        text: str

    for schema, context in ((Extended, Told), (Model, Model), (Extended, None)):
        builder = lib.StateGraph(schema, context, output_schema=Left).add_node("a", tell("a")).add_edge(START, "a")
        graph = builder.compile()
        yield graph.get_input_jsonschema(), graph.get_output_jsonschema(), graph.get_context_jsonschema()


@PROGRAMS.add
def dataclass_states(lib: Any) -> Any:
    @dataclass
    class Data:
        text: str
        log: Annotated[list[str], operator.add] = field(default_factory=list)

    builder = lib.StateGraph(Data)
    builder.add_node("ask", lambda state: {"log": [state.text, lib.interrupt("?")]}).add_edge(START, "ask")
    graph = saved(lib, builder)
    return graph.invoke({"text": "hi"}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG)


@PROGRAMS.add
def pydantic_states(lib: Any) -> Any:
    class Model(BaseModel):
        text: str
        number: int = 0

    builder = lib.StateGraph(Model)
    builder.add_node("ask", lambda state: {"number": lib.interrupt(state.text)}).add_edge(START, "ask")
    graph = saved(lib, builder)
    return graph.invoke({"text": "hi"}, CONFIG), graph.invoke(lib.Command(resume=3), CONFIG)


@PROGRAMS.add
def defaults_of_an_object_given_as_input(lib: Any) -> Any:
    class Model(BaseModel):
        text: str = "hi"
        log: Annotated[list[str], operator.add] = ["d"]

    builder = lib.StateGraph(Model)
    builder.add_node("tell", lambda state: {"log": [state.text]}).add_edge(START, "tell")
    graph = saved(lib, builder)
    return graph.invoke(Model(), CONFIG), graph.invoke(Model(text="ho"), CONFIG), graph.invoke({"text": "x"}, CONFIG)


@PROGRAMS.add
def input_and_output_schemas(lib: Any) -> Any:
    class In(TypedDict):
        text: str

    class Out(TypedDict, total=False):
        log: Annotated[list[str], operator.add]

    builder = lib.StateGraph(State, input_schema=In, output_schema=Out)
    builder.add_node("a", lambda state: {"log": [state["text"]]}).add_edge(START, "a")
    graph = saved(lib, builder)
    return graph.invoke({"text": "hi"}, CONFIG), graph.get_state(CONFIG).values


@PROGRAMS.add
def nodes_may_keep_keys_to_themselves(lib: Any) -> Any:
    class Private(TypedDict, total=False):
        hidden: Optional[str]  # noqa: UP045 - as programs write it

    def first(state: State) -> Any:
        return {"hidden": "h"}

    def second(state: Private) -> Any:
        return {"log": [state["hidden"], lib.interrupt("?")]}

    builder = lib.StateGraph(State)
    builder.add_node("first", first).add_node("second", second).add_edge(START, "first").add_edge("first", "second")
    graph, modes = saved(lib, builder), ["updates", "values"]
    yield list(graph.stream({}, CONFIG, stream_mode=modes))
    yield list(graph.stream(lib.Command(resume="!"), CONFIG, stream_mode=modes))
    yield [graph.get_state(CONFIG).values, graph.invoke({}, CONFIG)]  # its result has the output's keys only


@PROGRAMS.add
def states_that_are_one_value(lib: Any) -> Any:
    def ask(state: Any) -> Any:
        return [lib.interrupt(state[0])]

    builder = lib.StateGraph(Annotated[list[str], operator.add])
    builder.add_node("tell", lambda state: ["told", *state]).add_node("ask", ask)
    builder.add_edge(START, "tell").add_edge("tell", "ask")
    graph = saved(lib, builder)
    for mode in ("values", "updates"):
        yield list(graph.stream([mode], CONFIG, stream_mode=mode)), where(graph)
        yield list(graph.stream(lib.Command(resume="yes"), CONFIG, stream_mode=mode))
    graph.update_state(CONFIG, ["written"], as_node="tell")
    yield graph.get_state(CONFIG).values, [(state.values, state.next) for state in graph.get_state_history(CONFIG)]
    yield [graph.invoke(None, CONFIG), graph.invoke(lib.Command(resume="no", update=["more"]), CONFIG)]
    for kind, node, given in [
        (dict, lambda state: {**state, "b": 2}, {"a": 1}),
        (int, lambda state: state + 1, 1),
        (Annotated[list[Any], lib.add_messages], lambda state: ("ai", "yo"), ("user", "hi")),
    ]:
        yield lib.StateGraph(kind).add_node("node", node).add_edge(START, "node").compile().invoke(given)


@PROGRAMS.add
def values_that_pass_their_reducer_by(lib: Any) -> Any:
    def says(value: Any) -> Any:
        return lambda state: {"log": value}

    over, json = lib.Overwrite(["over"]), {"__overwrite__": ["json"]}
    graph = saved(lib, chain(lib, a=says(["a"]), b=says(over), ask=ask_and_tell(lib, "ask"), d=says(["d"])))
    yield named_the_same(list(graph.stream({"log": ["in"]}, CONFIG, stream_mode=["updates", "values"])))
    yield [graph.invoke(lib.Command(resume="x"), CONFIG), where(graph)]
    for written in (lib.Overwrite(["by hand"]), json):
        graph.update_state(CONFIG, {"log": written})
        yield graph.get_state(CONFIG).values
    yield [graph.invoke({"log": ["again"]}, CONFIG)]
    yield [graph.invoke(lib.Command(resume="y", update={"log": lib.Overwrite(["cmd"])}), CONFIG), where(graph)]
    beside = saved(lib, fan(lib, a=says(["a"]), b=says(over), c=says(["c"]), ask=ask_and_tell(lib, "ask")))
    yield [beside.invoke({"log": ["in"]}, CONFIG), beside.invoke(lib.Command(resume="z"), CONFIG), where(beside)]
    yield attempt(lambda: fan(lib, a=says(over), b=says(over)).compile().invoke({}))
    conversation = lib.StateGraph(lib.MessagesState)
    conversation.add_node("node", lambda state: {"messages": lib.Overwrite([AIMessage("new")])}).add_edge(START, "node")
    yield conversation.compile().invoke({"messages": ["old"]})


def named_the_same(chunks: Any) -> Any:
    return [re.sub(r"\w+\.(?=Overwrite)|id='\w+'", "", str(chunk)) for chunk in chunks[:5]]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
