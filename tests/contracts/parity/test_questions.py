"""Questions, answers, commands and breakpoints, in both libraries."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, RemoveMessage

from tests.contracts.parity.kit import (
    CONFIG,
    LANGGRAPH,
    START,
    Programs,
    State,
    ask_and_tell,
    chain,
    fan,
    ids,
    saved,
    tell,
    where,
)

PROGRAMS = Programs()


@PROGRAMS.add
def a_question_and_its_answer(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), ask=ask_and_tell(lib, "ask"), b=tell("b")))
    return (
        where(graph),
        graph.invoke({"text": "hi"}, CONFIG),
        where(graph),
        graph.invoke(lib.Command(resume="yes"), CONFIG),
        where(graph),
    )


@PROGRAMS.add
def falsy_answers_are_answers(lib: Any) -> Any:
    said = []
    answers: list[Any] = [[], False, 0, "", {"a": 1}, ("t",)]
    for answer in answers:
        graph = saved(lib, chain(lib, ask=lambda state: {"text": repr(lib.interrupt("?"))}))
        graph.invoke({}, CONFIG)
        said.append(graph.invoke(lib.Command(resume=answer), CONFIG))
    graph = saved(lib, chain(lib, ask=lambda state: {"text": repr(lib.interrupt("?"))}))
    graph.invoke({}, CONFIG)
    said.append(graph.invoke(lib.Command(resume={ids(graph)["?"]: None}), CONFIG))
    return said


@PROGRAMS.add
def several_questions_in_one_node(lib: Any) -> Any:
    entered = []

    def ask(state: State) -> dict[str, Any]:
        entered.append(1)
        first = lib.interrupt("first?")
        second = lib.interrupt("second?")
        return {"text": f"{first} {second}"}

    graph = saved(lib, chain(lib, ask=ask, b=tell("b")))
    return (
        graph.invoke({}, CONFIG),
        graph.invoke(lib.Command(resume=1), CONFIG),
        where(graph),
        graph.invoke(lib.Command(resume=2), CONFIG),
        len(entered),
    )


@PROGRAMS.add
def validation_asks_until_the_answer_fits(lib: Any) -> Any:
    def age(state: State) -> dict[str, Any]:
        answer: Any
        question = "How old?"
        while not isinstance(answer := lib.interrupt(question), int):
            question = f"{answer!r} is no age. How old?"
        return {"text": str(answer)}

    graph = saved(lib, chain(lib, age=age))
    return [graph.invoke({}, CONFIG), *(graph.invoke(lib.Command(resume=a), CONFIG) for a in ("x", "y", 7))]


@PROGRAMS.add
def parallel_questions_answered_by_a_map(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=ask_and_tell(lib, "a"), b=ask_and_tell(lib, "b"), c=tell("c")))
    said = [graph.invoke({"log": ["in"]}, CONFIG), where(graph)]
    pending = ids(graph)
    said.append(graph.invoke(lib.Command(resume={pending["a?"]: 1, pending["b?"]: 2}), CONFIG))
    return [*said, where(graph)]


@PROGRAMS.add
def parallel_questions_answered_one_by_one(lib: Any) -> Any:
    builder = fan(lib, a=ask_and_tell(lib, "a"), b=ask_and_tell(lib, "b"), c=tell("c"))
    builder.add_node("last", tell("last"))
    builder.add_edge(["a", "b", "c"], "last")
    graph = saved(lib, builder)
    said = [graph.invoke({"log": ["in"]}, CONFIG)]
    for question in ("b?", "a?"):
        said += [graph.invoke(lib.Command(resume={ids(graph)[question]: question}), CONFIG), where(graph)]
    return said


@PROGRAMS.add
def continuing_without_an_answer_asks_the_same(lib: Any) -> Any:
    graph = saved(lib, chain(lib, ask=ask_and_tell(lib, "ask")))
    graph.invoke({}, CONFIG)
    before = ids(graph)
    return graph.invoke(None, CONFIG), list(graph.stream(None, CONFIG)), before == ids(graph)


@PROGRAMS.add
def sends_are_tasks_of_their_own(lib: Any) -> Any:
    def route(state: State) -> list[Any]:
        return [lib.Send("work", {"text": name}) for name in "xyz"]

    def work(state: State) -> dict[str, Any]:
        return {"log": [f"{state['text']}={lib.interrupt(state['text'])}"]}

    builder = lib.StateGraph(State)
    builder.add_node("start", tell("start")).add_node("work", work).add_node("last", tell("last"))
    builder.add_edge(START, "start").add_conditional_edges("start", route, ["work"]).add_edge("work", "last")
    graph = saved(lib, builder)
    said = [graph.invoke({}, CONFIG), where(graph)]
    pending = ids(graph)
    said += [graph.invoke(lib.Command(resume={pending["y"]: 2}), CONFIG), where(graph)]
    said += [graph.invoke(lib.Command(resume={pending["x"]: 1, pending["z"]: 3}), CONFIG), where(graph)]
    return said


@PROGRAMS.add
def command_goto_and_update(lib: Any) -> Any:
    def approve(state: State) -> Any:
        yes = lib.interrupt("ok?")
        return lib.Command(goto="do" if yes else "skip", update={"log": ["decided"]})

    said = []
    for answer in (True, False):
        builder = lib.StateGraph(State)
        builder.add_node("approve", approve, destinations=("do", "skip")) if lib is LANGGRAPH else builder.add_node(
            "approve", approve
        )
        builder.add_node("do", tell("do")).add_node("skip", tell("skip")).add_edge(START, "approve")
        graph = saved(lib, builder)
        graph.invoke({}, CONFIG)
        said.append(list(graph.stream(lib.Command(resume=answer), CONFIG)))
        said.append(where(graph))
    return said


@PROGRAMS.add
def a_command_that_updates_and_answers(lib: Any) -> Any:
    def ask(state: State) -> dict[str, Any]:
        return {"log": [f"{lib.interrupt('?')} with {state['text']}"]}

    graph = saved(lib, chain(lib, ask=ask))
    graph.invoke({"text": "old"}, CONFIG)
    return graph.invoke(lib.Command(resume="yes", update={"text": "new", "log": ["updated"]}), CONFIG), where(graph)


@PROGRAMS.add
def a_command_that_only_updates_asks_again(lib: Any) -> Any:
    def ask(state: State) -> dict[str, Any]:
        return {"log": [lib.interrupt({"text": state["text"]})]}

    graph = saved(lib, chain(lib, ask=ask))
    graph.invoke({"text": "old"}, CONFIG)
    return (
        graph.invoke(lib.Command(update={"text": "new"}), CONFIG),
        where(graph),
        graph.invoke(lib.Command(resume="yes"), CONFIG),
    )


@PROGRAMS.add
def a_goto_beside_a_question(lib: Any) -> Any:
    builder = chain(lib, ask=ask_and_tell(lib, "ask"), b=tell("b"))
    builder.add_node("side", tell("side"))
    graph = saved(lib, builder)
    graph.invoke({}, CONFIG)
    return (
        graph.invoke(lib.Command(goto="side"), CONFIG),
        graph.invoke(lib.Command(resume="yes"), CONFIG),
        where(graph),
    )


@PROGRAMS.add
def a_goto_with_the_answer(lib: Any) -> Any:
    builder = chain(lib, ask=ask_and_tell(lib, "ask"), b=tell("b"))
    builder.add_node("aside", tell("aside"))
    graph = saved(lib, builder)
    graph.invoke({}, CONFIG)
    return graph.invoke(lib.Command(goto="aside", resume="yes"), CONFIG), where(graph)


@PROGRAMS.add
def commands_on_a_finished_thread(lib: Any) -> Any:
    builder = chain(lib, a=tell("a"))
    builder.add_node("side", tell("side"))
    graph = saved(lib, builder)
    graph.invoke({}, CONFIG)
    return (
        graph.invoke(None, CONFIG),
        graph.invoke(lib.Command(update={"text": "new"}), CONFIG),
        graph.invoke(lib.Command(goto="side"), CONFIG),
        graph.get_state(CONFIG).values,
    )


@PROGRAMS.add
def new_input_begins_a_new_turn(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=tell("a"), ask=ask_and_tell(lib, "ask")))
    return (
        graph.invoke({"log": ["one"]}, CONFIG),
        graph.invoke({"log": ["two"]}, CONFIG)["__interrupt__"],
        where(graph)[1],
        graph.invoke(lib.Command(resume="yes"), CONFIG)["log"][-2:],
    )


@PROGRAMS.add
def turns_of_a_finished_thread_add_up(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a")))
    return [graph.invoke({"log": [turn]}, CONFIG) for turn in ("one", "two")], where(graph)


@PROGRAMS.add
def routers_may_ask(lib: Any) -> Any:
    entered: list[int] = []

    def first(state: State) -> dict[str, Any]:
        entered.append(1)
        return {"log": ["first"]}

    builder = chain(lib, first=first)
    builder.add_node("left", tell("left")).add_node("right", tell("right"))
    builder.add_conditional_edges("first", lambda state: lib.interrupt("where?"), {"l": "left", "r": "right"})
    graph = saved(lib, builder)
    return (
        graph.invoke({}, CONFIG)["__interrupt__"],
        graph.get_state(CONFIG).next,
        graph.invoke(lib.Command(resume="r"), CONFIG),
        len(entered),
    )


@PROGRAMS.add
def breakpoints_pause_before_and_after(lib: Any) -> Any:
    said: list[Any] = []
    for options in ({"interrupt_before": ["b"]}, {"interrupt_after": ["a"]}, {"interrupt_before": "*"}):
        graph = saved(lib, chain(lib, a=tell("a"), b=tell("b"), c=tell("c")), **options)
        said.append(list(graph.stream({}, CONFIG)))
        for _ in range(3):
            said += [where(graph), list(graph.stream(None, CONFIG))]
    return said


@PROGRAMS.add
def a_breakpoint_holds_its_whole_step(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=tell("a"), b=ask_and_tell(lib, "b")), interrupt_before=["b"])
    said = [list(graph.stream({}, CONFIG)), where(graph)]
    said += [graph.invoke(None, CONFIG), where(graph)]
    return [*said, graph.invoke(lib.Command(resume=1), CONFIG)]


@PROGRAMS.add
def sync_questions_in_parallel_threads(lib: Any) -> Any:
    graph = saved(lib, fan(lib, **{name: ask_and_tell(lib, name) for name in "abcde"}))
    graph.invoke({}, CONFIG)
    answers = {interrupt_id: value for value, interrupt_id in ids(graph).items()}
    return graph.invoke(lib.Command(resume=answers), CONFIG)


@PROGRAMS.add
def errors_that_programs_catch(lib: Any) -> Any:
    """Under the built-in names that their `except` clauses know."""
    forgetful = chain(lib, ask=ask_and_tell(lib, "a")).compile()
    asking = saved(lib, fan(lib, a=ask_and_tell(lib, "a"), b=ask_and_tell(lib, "b")))
    asking.invoke({}, CONFIG)
    wrong: list[Callable[[], Any]] = [
        lambda: forgetful.invoke(lib.Command(resume="yes")),
        lambda: forgetful.get_state(CONFIG),
        lambda: asking.invoke(lib.Command(resume="yes"), CONFIG),
        lambda: asking.invoke({}),
        lambda: lib.add_messages([HumanMessage("hi")], [RemoveMessage(id="unknown")]),
        lambda: chain(lib, a=tell("a")).add_edge("a", "nowhere").compile(),
        lambda: lib.interrupt("outside?"),
    ]
    for call in wrong:
        with pytest.raises((ValueError, RuntimeError)) as caught:
            call()
        yield isinstance(caught.value, ValueError)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
