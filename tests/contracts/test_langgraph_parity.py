"""The same program with both libraries says the same.

Each program gets a library (LangGraph's names, from LangGraph or from `runtime`) and returns what somebody who runs it
would see: results, chunks, state. Ids are left out, and the order in which parallel questions are listed.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Annotated, Any, Literal, Optional, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph import types as langgraph_types
from langgraph.checkpoint.memory import InMemorySaver as LangGraphMemory
from langgraph.config import get_config as langgraph_config, get_stream_writer as langgraph_writer
from langgraph.errors import GraphRecursionError as LangGraphRecursionError, NodeError as LangGraphNodeError
from langgraph.graph import StateGraph as LangGraphStateGraph, message as langgraph_messages
from langgraph.runtime import get_runtime as langgraph_runtime
from pydantic import BaseModel

import runtime

LANGGRAPH = SimpleNamespace(
    StateGraph=LangGraphStateGraph,
    InMemorySaver=LangGraphMemory,
    interrupt=langgraph_types.interrupt,
    Command=langgraph_types.Command,
    Send=langgraph_types.Send,
    RetryPolicy=langgraph_types.RetryPolicy,
    get_stream_writer=langgraph_writer,
    get_config=langgraph_config,
    get_runtime=langgraph_runtime,
    GraphRecursionError=LangGraphRecursionError,
    NodeError=LangGraphNodeError,
    MessagesState=langgraph_messages.MessagesState,
    add_messages=langgraph_messages.add_messages,
)
START, END = runtime.START, runtime.END
Config = dict[str, Any]
Program = Callable[[Any], Any]
CONFIG: Config = {"configurable": {"thread_id": "one"}}

PROGRAMS: dict[str, Program] = {}


def program(function: Program) -> Program:
    PROGRAMS[function.__name__] = function
    return function


class State(TypedDict, total=False):
    text: str
    log: Annotated[list[str], operator.add]


def ask_and_tell(lib: Any, name: str) -> Callable[[State], Any]:
    def node(state: State) -> dict[str, Any]:
        return {"log": [f"{name} heard {lib.interrupt(f'{name}?')}"]}

    return node


def tell(name: str) -> Callable[[State], Any]:
    return lambda state: {"log": [name]}


def chain(lib: Any, **nodes: Any) -> Any:
    builder = lib.StateGraph(State)
    previous = START
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(previous, name)
        previous = name
    return builder


def fan(lib: Any, **nodes: Any) -> Any:
    builder = lib.StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(START, name)
    return builder


def saved(lib: Any, builder: Any, **options: Any) -> Any:
    return builder.compile(checkpointer=lib.InMemorySaver(), **options)


def where(graph: Any, config: Config = CONFIG) -> Any:
    state = graph.get_state(config)
    tasks = sorted(
        (task.name, task.path, task.result, task.error is None, sorted(map(plain, task.interrupts), key=repr))
        for task in state.tasks
    )
    return plain(state.values), sorted(state.next), tasks, (state.metadata or {}).get("step")


def ids(graph: Any, config: Config = CONFIG) -> dict[Any, str]:
    return {interrupt.value: interrupt.id for interrupt in graph.get_state(config).interrupts}


@program
def a_graph_without_questions(lib: Any) -> Any:
    graph = chain(lib, a=tell("a"), b=tell("b")).compile()
    return (
        graph.invoke({"text": "hi"}),
        list(graph.stream({"log": ["x"]})),
        list(graph.stream({}, stream_mode="values")),
    )


@program
def a_question_and_its_answer(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), ask=ask_and_tell(lib, "ask"), b=tell("b")))
    return (
        where(graph),
        graph.invoke({"text": "hi"}, CONFIG),
        where(graph),
        graph.invoke(lib.Command(resume="yes"), CONFIG),
        where(graph),
    )


@program
def every_stream_mode_around_a_question(lib: Any) -> Any:
    def ask(state: State) -> dict[str, Any]:
        lib.get_stream_writer()({"at": "ask"})
        return {"text": lib.interrupt({"text": state["text"]})}

    said = []
    for mode in ("values", "updates", "custom", ["values", "updates", "custom"]):
        graph = saved(lib, chain(lib, a=tell("a"), ask=ask, b=tell("b")))
        said.append(list(graph.stream({"text": "hi"}, CONFIG, stream_mode=mode)))
        said.append(list(graph.stream(lib.Command(resume="yo"), CONFIG, stream_mode=mode)))
    return said


def public(config: Any) -> Any:
    """Keep what is documented of a node's config, with task ids as `ID`."""
    own = {key: value for key, value in config["configurable"].items() if not key.startswith("__")}
    shown = own | {"checkpoint_map": None}
    text = repr([sorted(shown.items()), sorted(config["metadata"].items()), config.get("tags")])
    return re.sub(r":[0-9a-f-]{32,36}", ":ID", text)


@program
def nodes_know_their_run(lib: Any) -> Any:
    def told(state: State, runtime: Any, config: RunnableConfig) -> dict[str, Any]:
        info = runtime.execution_info
        same = public(lib.get_config()) == public(config), lib.get_runtime() == runtime
        place = info.thread_id, info.run_id, info.node_attempt, info.checkpoint_ns == f"told:{info.task_id}"
        return {"log": [repr((runtime.context, runtime.store, place, same)), public(config)]}

    def sends(state: State) -> Any:
        return lib.Command(goto=lib.Send("told", {}))

    builder = lib.StateGraph(State, context_schema=dict)
    builder.add_node("told", told, metadata={"of": "node"})
    builder.add_node("sends", sends)
    builder.add_edge(START, "told")
    builder.add_edge(START, "sends")
    config = {**CONFIG, "metadata": {"of": "caller", "m": 1}, "tags": ["t"]}
    return saved(lib, builder).invoke({}, config, context={"user": "ana"}), builder.compile().invoke(
        {"text": "no store"}
    )


def anonymous(chunk: Any) -> Any:
    """Put `ID` and `TIME` in the place of what no two runs share.

    A checkpoint's tasks lose their questions: when a run goes on, there the answered one is shown once more.
    """
    if isinstance(chunk, dict):
        hidden = {"interrupts"} if chunk.keys() >= {"interrupts", "state"} else set()
        return {anonymous(key): anonymous(value) for key, value in chunk.items() if key not in hidden}
    if isinstance(chunk, (list, tuple)):
        return [anonymous(item) for item in chunk]
    if isinstance(chunk, Exception):
        return repr(chunk)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "ID", chunk) if isinstance(chunk, str) else chunk
    return "TIME" if isinstance(text, str) and re.match(r"\d{4}-\d\d-\d\dT", text) else text


def with_a_child(lib: Any) -> Any:
    child = chain(lib, inner=ask_and_tell(lib, "inner")).compile()
    nodes = {"a": tell("a"), "child": child, "ask": ask_and_tell(lib, "ask"), "last": fails}
    return chain(lib, **nodes)


def fails(state: State) -> Any:
    raise ConnectionError("down")


def watched(lib: Any, builder: Any, **options: Any) -> list[Any]:
    """Run to the first two questions and then to the failure, and return every chunk."""
    graph = saved(lib, builder)
    seen = list(graph.stream({"text": "hi"}, CONFIG, **options))
    seen += list(graph.stream(lib.Command(resume="yes"), CONFIG, **options))
    try:
        for chunk in graph.stream(lib.Command(resume="no"), CONFIG, **options):
            seen.append(chunk)
    except ConnectionError:
        seen.append("failed")
    return [anonymous(chunk) for chunk in seen]


@program
def tasks_checkpoints_and_debug_streams(lib: Any) -> Any:
    modes = ("tasks", "checkpoints", "debug")
    return [
        watched(lib, with_a_child(lib), stream_mode=mode, subgraphs=subgraphs)
        for mode in modes
        for subgraphs in (False, True)
    ]


@program
def every_mode_at_once_in_order(lib: Any) -> Any:
    return watched(lib, with_a_child(lib), stream_mode=["values", "updates", "tasks", "checkpoints", "debug"])


@program
def streams_and_results_of_version_2(lib: Any) -> Any:
    graph = saved(lib, with_a_child(lib))
    result = graph.invoke({}, CONFIG, version="v2")
    said = [
        watched(lib, with_a_child(lib), stream_mode=mode, version="v2") for mode in ("values", ["updates", "tasks"])
    ]
    said.append(watched(lib, with_a_child(lib), stream_mode=["values"], version="v2", subgraphs=True))
    return (
        result.value,
        [question.value for question in result.interrupts],
        said,
        graph.invoke(None, CONFIG, version="v2", stream_mode="updates"),
    )


@program
def tasks_of_sends_joins_and_several_writes(lib: Any) -> Any:
    def sends(state: State) -> Any:
        return lib.Command(goto=[lib.Send("worker", {"text": "one"})])

    builder = chain(lib, sends=sends, a=tell("a"))
    builder.add_node(
        "worker", lambda state: [lib.Command(update={"log": [x]}) for x in "xyz"], metadata={"of": "worker"}
    )
    builder.add_node("joined", tell("joined"))
    builder.add_edge(["a", "worker"], "joined")
    config = {**CONFIG, "metadata": {"ours": 1}, "tags": ["t"]}
    chunks = saved(lib, builder).stream({}, config, stream_mode="tasks")
    return sorted(map(anonymous, chunks), key=repr)


@program
def an_error_handler_takes_over(lib: Any) -> Any:
    def routes(state: State, error: lib.NodeError) -> Any:
        return lib.Command(update={"log": [f"{error.node} {error.error!r}"]}, goto="after")

    def stays(state: State, error: lib.NodeError) -> Any:
        return {"log": [f"handled, heard {lib.interrupt('what now?')}"]}

    said = []
    for handler in (routes, stays):
        builder = lib.StateGraph(State)
        builder.add_node("fails", fails, error_handler=handler)
        builder.add_node("beside", tell("beside"))
        builder.add_node("after", tell("after"))
        builder.add_node("next", tell("next"))
        builder.add_edge(START, "fails")
        builder.add_edge(START, "beside")
        builder.add_edge("fails", "next")
        graph = saved(lib, builder)
        said += [graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="go on"), CONFIG) if handler is stays else 0]
    return said


@program
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


@program
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


@program
def validation_asks_until_the_answer_fits(lib: Any) -> Any:
    def age(state: State) -> dict[str, Any]:
        answer: Any
        question = "How old?"
        while not isinstance(answer := lib.interrupt(question), int):
            question = f"{answer!r} is no age. How old?"
        return {"text": str(answer)}

    graph = saved(lib, chain(lib, age=age))
    return [graph.invoke({}, CONFIG), *(graph.invoke(lib.Command(resume=a), CONFIG) for a in ("x", "y", 7))]


@program
def parallel_questions_answered_by_a_map(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=ask_and_tell(lib, "a"), b=ask_and_tell(lib, "b"), c=tell("c")))
    said = [graph.invoke({"log": ["in"]}, CONFIG), where(graph)]
    pending = ids(graph)
    said.append(graph.invoke(lib.Command(resume={pending["a?"]: 1, pending["b?"]: 2}), CONFIG))
    return [*said, where(graph)]


@program
def parallel_questions_answered_one_by_one(lib: Any) -> Any:
    builder = fan(lib, a=ask_and_tell(lib, "a"), b=ask_and_tell(lib, "b"), c=tell("c"))
    builder.add_node("last", tell("last"))
    builder.add_edge(["a", "b", "c"], "last")
    graph = saved(lib, builder)
    said = [graph.invoke({"log": ["in"]}, CONFIG)]
    for question in ("b?", "a?"):
        said += [graph.invoke(lib.Command(resume={ids(graph)[question]: question}), CONFIG), where(graph)]
    return said


@program
def values_chunks_of_parallel_questions(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=ask_and_tell(lib, "a"), c=tell("c")))
    return (
        list(graph.stream({"log": ["in"]}, CONFIG, stream_mode="values")),
        list(graph.stream(lib.Command(resume=1), CONFIG, stream_mode="values"))[1:],  # the first repeats the state
    )


@program
def continuing_without_an_answer_asks_the_same(lib: Any) -> Any:
    graph = saved(lib, chain(lib, ask=ask_and_tell(lib, "ask")))
    graph.invoke({}, CONFIG)
    before = ids(graph)
    return graph.invoke(None, CONFIG), list(graph.stream(None, CONFIG)), before == ids(graph)


@program
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


@program
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


@program
def a_command_that_updates_and_answers(lib: Any) -> Any:
    def ask(state: State) -> dict[str, Any]:
        return {"log": [f"{lib.interrupt('?')} with {state['text']}"]}

    graph = saved(lib, chain(lib, ask=ask))
    graph.invoke({"text": "old"}, CONFIG)
    return graph.invoke(lib.Command(resume="yes", update={"text": "new", "log": ["updated"]}), CONFIG), where(graph)


@program
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


@program
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


@program
def a_goto_with_the_answer(lib: Any) -> Any:
    builder = chain(lib, ask=ask_and_tell(lib, "ask"), b=tell("b"))
    builder.add_node("aside", tell("aside"))
    graph = saved(lib, builder)
    graph.invoke({}, CONFIG)
    return graph.invoke(lib.Command(goto="aside", resume="yes"), CONFIG), where(graph)


@program
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


@program
def new_input_begins_a_new_turn(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=tell("a"), ask=ask_and_tell(lib, "ask")))
    return (
        graph.invoke({"log": ["one"]}, CONFIG),
        graph.invoke({"log": ["two"]}, CONFIG)["__interrupt__"],
        where(graph)[1],
        graph.invoke(lib.Command(resume="yes"), CONFIG)["log"][-2:],
    )


@program
def turns_of_a_finished_thread_add_up(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a")))
    return [graph.invoke({"log": [turn]}, CONFIG) for turn in ("one", "two")], where(graph)


@program
def a_failing_node_is_retried_by_none(lib: Any) -> Any:
    attempts: list[int] = []

    def fails_once(state: State) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("line is down")
        return {"log": ["worked"]}

    graph = saved(lib, chain(lib, a=tell("a"), fails=fails_once, b=tell("b")))
    said = [attempt(lambda: graph.invoke({}, CONFIG)), where(graph)]
    return [*said, graph.invoke(None, CONFIG), where(graph), len(attempts)]


@program
def retry_policies_try_again(lib: Any) -> Any:
    attempts: list[int] = []

    def fails_twice(state: State) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError("line is down")
        return {"log": [f"after {len(attempts)}"]}

    policy = lib.RetryPolicy(initial_interval=0.001, jitter=False)
    builder = lib.StateGraph(State)
    builder.add_node("fails", fails_twice, retry_policy=policy).add_edge(START, "fails")
    return builder.compile().invoke({})


@program
def routers_see_what_their_node_wrote(lib: Any) -> Any:
    def route(state: State) -> Literal["long", "short"]:
        return "long" if len(state["text"]) > 3 else "short"

    said = []
    for text in ("hi", "hello"):
        builder = chain(lib, read=lambda state: {"text": state["text"] + "!"})
        builder.add_node("long", tell("long")).add_node("short", tell("short"))
        builder.add_conditional_edges("read", route)
        said.append(builder.compile().invoke({"text": text}))
    return said


@program
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


@program
def joins_wait_for_all_and_edges_for_none(lib: Any) -> Any:
    builder = fan(lib, a=tell("a"), b=tell("b"))
    builder.add_node("b2", tell("b2")).add_node("all", tell("all")).add_node("each", tell("each"))
    builder.add_edge("b", "b2").add_edge(["a", "b2"], "all").add_edge("a", "each").add_edge("b2", "each")
    return builder.compile().invoke({})


@program
def deferred_nodes_come_last(lib: Any) -> Any:
    builder = fan(lib, a=tell("a"), b=tell("b"))
    builder.add_node("b2", tell("b2")).add_node("sum", tell("sum"), defer=True)
    builder.add_edge("a", "sum").add_edge("b", "b2").add_edge("b2", "sum")
    return builder.compile().invoke({})


@program
def recursion_is_limited(lib: Any) -> Any:
    said = []
    for limit in (1, 2, 4):
        graph = saved(lib, chain(lib, a=tell("a"), b=tell("b"), c=tell("c")))
        config = CONFIG | {"recursion_limit": limit}
        try:
            said.append(graph.invoke({}, config))
        except lib.GraphRecursionError:
            said.append(("too long", where(graph), graph.invoke(None, CONFIG)))
    return said


@program
def breakpoints_pause_before_and_after(lib: Any) -> Any:
    said: list[Any] = []
    for options in ({"interrupt_before": ["b"]}, {"interrupt_after": ["a"]}, {"interrupt_before": "*"}):
        graph = saved(lib, chain(lib, a=tell("a"), b=tell("b"), c=tell("c")), **options)
        said.append(list(graph.stream({}, CONFIG)))
        for _ in range(3):
            said += [where(graph), list(graph.stream(None, CONFIG))]
    return said


@program
def a_breakpoint_holds_its_whole_step(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=tell("a"), b=ask_and_tell(lib, "b")), interrupt_before=["b"])
    said = [list(graph.stream({}, CONFIG)), where(graph)]
    said += [graph.invoke(None, CONFIG), where(graph)]
    return [*said, graph.invoke(lib.Command(resume=1), CONFIG)]


def child_graph(lib: Any, **options: Any) -> Any:
    return chain(lib, c1=tell("c1"), ask=ask_and_tell(lib, "ask"), c2=tell("c2")).compile(**options)


@program
def a_subgraph_as_a_node(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), child=child_graph(lib), b=tell("b")))
    return (
        list(graph.stream({"log": ["in"]}, CONFIG)),
        where(graph)[:2],
        list(graph.stream(lib.Command(resume="yes"), CONFIG)),
        where(graph),
    )


@program
def streams_of_subgraphs(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), child=child_graph(lib), b=tell("b")))

    def seen(given: Any) -> Any:
        chunks = graph.stream(given, CONFIG, subgraphs=True)
        return [(tuple(part.split(":")[0] for part in ns), chunk) for ns, chunk in chunks]

    return seen({"log": ["in"]}), seen(lib.Command(resume="yes"))


@program
def a_subgraph_as_a_function(lib: Any) -> Any:
    child, entered = child_graph(lib), []

    def call(state: State) -> dict[str, Any]:
        entered.append(1)
        return {"text": ",".join(child.invoke({"text": "x"})["log"])}

    graph = saved(lib, chain(lib, a=tell("a"), call=call, b=tell("b")))
    return (
        graph.invoke({}, CONFIG),
        graph.invoke(lib.Command(resume="yes"), CONFIG),
        where(graph),
        len(entered),
    )


@program
def one_subgraph_called_in_a_loop(lib: Any) -> Any:
    child = child_graph(lib)

    def call(state: State) -> dict[str, Any]:
        return {"log": [child.invoke({"text": str(turn)})["log"][1] for turn in range(3)]}

    graph = saved(lib, chain(lib, call=call))
    said = [graph.invoke({}, CONFIG)]
    return [*said, *(graph.invoke(lib.Command(resume=turn), CONFIG) for turn in range(3))]


@program
def a_question_before_and_after_a_subgraph(lib: Any) -> Any:
    child = child_graph(lib)

    def call(state: State) -> dict[str, Any]:
        before = lib.interrupt("before?")
        inside = child.invoke({})["log"][1]
        return {"log": [before, inside, lib.interrupt("after?")]}

    graph = saved(lib, chain(lib, call=call))
    said = [graph.invoke({}, CONFIG)]
    return [*said, *(graph.invoke(lib.Command(resume=answer), CONFIG) for answer in "xyz")]


@program
def a_subgraph_with_two_questions_at_once(lib: Any) -> Any:
    child = fan(lib, p=ask_and_tell(lib, "p"), q=ask_and_tell(lib, "q")).compile()
    graph = saved(lib, chain(lib, child=child, b=tell("b")))
    said = [graph.invoke({}, CONFIG)]
    return [*said, *(graph.invoke(lib.Command(resume={ids(graph)[asked]: asked}), CONFIG) for asked in ("q?", "p?"))]


@program
def a_command_leaves_the_subgraph(lib: Any) -> Any:
    def leave(state: State) -> Any:
        answer = lib.interrupt("leave?")
        return lib.Command(graph=lib.Command.PARENT, goto="other", update={"log": [answer]})

    builder = lib.StateGraph(State)
    builder.add_node("child", chain(lib, leave=leave, never=tell("never")).compile())
    builder.add_node("other", tell("other")).add_edge(START, "child")
    graph = saved(lib, builder)
    return graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG), where(graph)


@program
def questions_three_graphs_deep(lib: Any) -> Any:
    inner = chain(lib, middle=child_graph(lib)).compile()
    graph = saved(lib, chain(lib, outer=inner, b=tell("b")))
    return graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG), where(graph)


@program
def a_subgraph_that_shares_only_some_keys(lib: Any) -> Any:
    class Other(TypedDict, total=False):
        text: str
        secret: str

    builder = lib.StateGraph(Other)
    builder.add_node("n", lambda state: {"text": state["text"] + "!", "secret": "x"}).add_edge(START, "n")
    return chain(lib, child=builder.compile()).compile().invoke({"text": "hi", "log": ["in"]})


@program
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


@program
def dataclass_states(lib: Any) -> Any:
    @dataclass
    class Data:
        text: str
        log: Annotated[list[str], operator.add] = field(default_factory=list)

    builder = lib.StateGraph(Data)
    builder.add_node("ask", lambda state: {"log": [state.text, lib.interrupt("?")]}).add_edge(START, "ask")
    graph = saved(lib, builder)
    return graph.invoke({"text": "hi"}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG)


@program
def pydantic_states(lib: Any) -> Any:
    class Model(BaseModel):
        text: str
        number: int = 0

    builder = lib.StateGraph(Model)
    builder.add_node("ask", lambda state: {"number": lib.interrupt(state.text)}).add_edge(START, "ask")
    graph = saved(lib, builder)
    return graph.invoke({"text": "hi"}, CONFIG), graph.invoke(lib.Command(resume=3), CONFIG)


@program
def input_and_output_schemas(lib: Any) -> Any:
    class In(TypedDict):
        text: str

    class Out(TypedDict, total=False):
        log: Annotated[list[str], operator.add]

    builder = lib.StateGraph(State, input_schema=In, output_schema=Out)
    builder.add_node("a", lambda state: {"log": [state["text"]]}).add_edge(START, "a")
    graph = saved(lib, builder)
    return graph.invoke({"text": "hi"}, CONFIG), graph.get_state(CONFIG).values


@program
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


@program
def mixed_results_of_one_node(lib: Any) -> Any:
    def node(state: State) -> Any:
        return [{"log": ["one"]}, lib.Command(update={"log": ["two"]}, goto="b")]

    builder = chain(lib, node=node)
    builder.add_node("b", tell("b"))
    return builder.compile().invoke({}), list(builder.compile().stream({}))


@program
def history_newest_first(lib: Any) -> Any:
    def seen(graph: Any, **options: Any) -> Any:
        return [
            (
                plain(record.values),
                sorted(record.next),
                sorted((task.name, task.path, task.result, plain(task.interrupts)) for task in record.tasks),
                (record.metadata["source"], record.metadata["step"]),
                record.parent_config is None,
            )
            for record in graph.get_state_history(CONFIG, **options)
        ]

    graph = saved(lib, fan(lib, a=tell("a"), ask=ask_and_tell(lib, "ask")))
    graph.invoke({"log": ["in"]}, CONFIG)
    said = [seen(graph)]
    graph.invoke(lib.Command(resume="yes"), CONFIG)
    graph.invoke({"log": ["again"]}, CONFIG)
    past = list(graph.get_state_history(CONFIG))
    old = graph.get_state(past[-1].config)
    return [
        *said,
        seen(graph),
        seen(graph, limit=2),
        seen(graph, filter={"source": "input"}),
        seen(graph, before=past[1].config),
        (plain(old.values), old.next),
        [record.parent_config == older.config for record, older in pairwise(past)],
    ]


def outline(graph: Any) -> Any:
    return [
        (plain(record.values), record.next, record.metadata["source"], record.metadata["step"])
        for record in graph.get_state_history(CONFIG)
    ]


@program
def replays_and_states_written_by_hand(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), b=tell("b"), c=tell("c")))
    graph.invoke({"log": ["in"]}, CONFIG)
    before_b = list(graph.get_state_history(CONFIG))[2].config
    said = [graph.invoke(None, before_b), outline(graph)]
    graph.update_state(CONFIG, {"log": ["by hand"]}, as_node="a")
    said += [outline(graph), graph.invoke(None, CONFIG)]
    branch = graph.update_state(before_b, {"log": ["elsewhere"]})
    said += [outline(graph), graph.invoke(None, branch), outline(graph)]
    graph.update_state(CONFIG, None, as_node=END)
    return [*said, outline(graph)]


@program
def questions_in_replays_and_states_written_by_hand(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), ask=ask_and_tell(lib, "ask"), b=tell("b")))
    graph.invoke({"log": ["in"]}, CONFIG)
    asked = graph.get_state(CONFIG).config
    graph.invoke(lib.Command(resume="x"), CONFIG)
    said = [graph.invoke(None, asked), outline(graph), graph.invoke(lib.Command(resume="y"), CONFIG)]
    graph.invoke({"log": ["two"]}, CONFIG)
    graph.update_state(CONFIG, {"log": ["by hand"]})
    said += [outline(graph), graph.get_state(CONFIG).interrupts, graph.invoke(None, CONFIG)]
    graph.update_state(CONFIG, {"log": ["skipped"]}, as_node="ask")
    return [*said, outline(graph), graph.invoke(None, CONFIG)]


@program
def sync_questions_in_parallel_threads(lib: Any) -> Any:
    graph = saved(lib, fan(lib, **{name: ask_and_tell(lib, name) for name in "abcde"}))
    graph.invoke({}, CONFIG)
    answers = {interrupt_id: value for value, interrupt_id in ids(graph).items()}
    return graph.invoke(lib.Command(resume=answers), CONFIG)


def attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - which error it is is what gets compared
        return type(error).__name__


def plain(seen: Any) -> Any:
    """What was seen, in the same words for both libraries."""
    if hasattr(seen, "interrupt_id") or type(seen).__name__ == "Interrupt":
        return {"asks": seen.value}
    if hasattr(seen, "content") and hasattr(seen, "type"):
        return (seen.type, seen.content)
    if isinstance(seen, dict):
        return {key: unordered(value) if key == "__interrupt__" else plain(value) for key, value in seen.items()}
    if isinstance(seen, (list, tuple)):
        return [plain(item) for item in seen]
    return seen


def unordered(questions: Any) -> Any:
    return sorted((plain(question) for question in questions), key=repr)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    assert plain(PROGRAMS[name](runtime)) == plain(PROGRAMS[name](LANGGRAPH))
