"""States and messages of every shape, in both libraries."""

import operator
from dataclasses import dataclass, field
from typing import Annotated, Any, Optional, TypedDict

import pytest
from pydantic import BaseModel

from tests.contracts.parity.kit import CONFIG, START, Programs, State, saved

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
        return {"log": [state["hidden"]]}

    builder = lib.StateGraph(State)
    builder.add_node("first", first).add_node("second", second).add_edge(START, "first").add_edge("first", "second")
    return builder.compile().invoke({})


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
