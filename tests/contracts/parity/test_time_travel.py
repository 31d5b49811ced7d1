"""History, replays, forks and states written by hand, in both libraries."""

from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from tests.contracts.parity.kit import (
    CONFIG,
    END,
    START,
    Programs,
    State,
    ask_and_tell,
    attempt,
    chain,
    fan,
    plain,
    saved,
    tell,
)

PROGRAMS = Programs()


@PROGRAMS.add
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


@PROGRAMS.add
def checkpoints_read_from_the_saver(lib: Any) -> Any:
    graph = saved(lib, fan(lib, a=tell("a"), ask=ask_and_tell(lib, "ask")))
    saver = graph.checkpointer
    seen: list[Any] = [saver.get_tuple(CONFIG), list(saver.list(CONFIG))]
    graph.invoke({"log": ["in"]}, {**CONFIG, "metadata": {"who": "ana"}})
    for given in (lib.Command(resume="yes"), {"log": ["again"]}):
        latest = saver.get_tuple(CONFIG)
        writes = sorted(
            (key, plain(value)) for _, key, value in latest.pending_writes if key in {"log", "__interrupt__"}
        )
        seen += latest.checkpoint["channel_values"]["log"], latest.metadata["step"], latest.metadata.get("who"), writes
        seen.append(latest.config == graph.get_state(CONFIG).config)
        graph.invoke(given, CONFIG)
    past = list(saver.list(CONFIG))
    return [
        *seen,
        [(found.metadata["step"], found.parent_config is None) for found in past],
        [found.metadata["step"] for found in saver.list(CONFIG, limit=1)],
        [found.metadata["step"] for found in saver.list(CONFIG, filter={"source": "input"})],
        [found.metadata["step"] for found in saver.list(CONFIG, before=past[0].config)],
        saver.get_tuple(past[1].config).metadata["step"],
    ]


def outline(graph: Any) -> Any:
    return [
        (plain(record.values), record.next, record.metadata["source"], record.metadata["step"])
        for record in graph.get_state_history(CONFIG)
    ]


@PROGRAMS.add
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


@PROGRAMS.add
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


@PROGRAMS.add
def states_written_in_bulk(lib: Any) -> Any:
    def route(state: State) -> str:
        return "c" if "by a" in state["log"] else END

    builder = fan(lib, a=tell("a"), b=tell("b"))
    builder.add_node("c", tell("c")).add_conditional_edges("a", route, ["c", END])
    graph = saved(lib, builder)
    update = lib.StateUpdate
    steps = [
        [update({"log": ["in"]}, "__input__")],
        [update({"log": ["in"]}, START)],
        [update({"log": ["by a"]}, "a"), update({"log": ["by b"]}, "b")],
    ]
    last = graph.bulk_update_state(CONFIG, steps)
    said = [outline(graph), graph.get_state(CONFIG).config == last, graph.invoke(None, CONFIG)]
    graph.update_state(CONFIG, None, as_node="__copy__")
    said.append(outline(graph)[0])
    wrong: list[Any] = [[], [[]], [[update({}, "zzz")]]]
    return [*said, *(attempt(partial(graph.bulk_update_state, CONFIG, steps)) for steps in wrong)]


@PROGRAMS.add
def tasks_done_by_hand(lib: Any) -> Any:
    def results() -> Any:
        return [
            (plain(record.values), [(task.name, task.result, plain(task.interrupts)) for task in record.tasks])
            for record in graph.get_state_history(CONFIG)
        ]

    def fans_out(state: State) -> Any:
        return lib.Command(goto=[lib.Send("work", {"text": "1"}), lib.Send("work", {"text": "2"})])

    builder = chain(lib, a=tell("a"), ask=ask_and_tell(lib, "ask"), fan=fans_out)
    builder.add_node("work", lambda state: {"log": [state["text"]]})
    graph = saved(lib, builder)
    update, command = lib.StateUpdate, lib.Command
    sent = [lib.Send("work", {"text": "3"}), lib.Send("work", {"text": "4"})]
    steps = [
        [update({"log": ["in"]}, "__input__")],
        [update({"log": ["in"]}, START)],
        [update({"log": ["by a"]}, "a")],
        [update({"log": ["by ask"]}, "ask")],
        [update(command(goto=sent, update={"log": ["by fan"]}), "fan")],
        [update({"log": ["one"]}, "work"), update({"log": ["two"]}, "work")],
    ]
    graph.bulk_update_state(CONFIG, steps)
    yield results()
    graph.invoke({"log": ["again"]}, CONFIG)
    graph.update_state(CONFIG, {"log": ["in place of ask"]}, as_node="ask")
    yield results()
    yield graph.invoke(None, CONFIG)
    place = graph.get_state_history(CONFIG)
    before = next(record for record in place if record.next == ("fan",)).config
    yield graph.invoke(None, graph.update_state(before, [update(command(goto=sent[:1]), "fan")], as_node="__copy__"))


@PROGRAMS.add
def the_state_of_a_subgraph_by_its_config(lib: Any) -> Any:
    inner = chain(lib, first=tell("first"), ask=ask_and_tell(lib, "ask"), last=tell("last")).compile()
    outer = chain(lib, middle=inner).compile()
    graph = saved(lib, chain(lib, a=tell("a"), child=outer))
    graph.invoke({}, CONFIG)

    def below(graph: Any, config: Any) -> Any:
        return graph.get_state(config).tasks[0].state

    middle = below(graph, CONFIG)
    innermost = below(graph, middle)
    state = graph.get_state(innermost)
    said = [plain(state.values), state.next, state.metadata["step"], plain(state.interrupts)]
    graph.update_state(innermost, {"log": ["by hand"]})
    said += [plain(graph.get_state(innermost).values), graph.invoke(None, CONFIG)]
    graph.update_state(innermost, {"log": ["in place of ask"]}, as_node="ask")
    return [*said, graph.invoke(None, CONFIG)]


@PROGRAMS.add
def what_callers_configure_is_noted_with_each_checkpoint(lib: Any) -> Any:
    graph = saved(lib, chain(lib, a=tell("a"), ask=ask_and_tell(lib, "ask")))
    config = {
        "configurable": {"thread_id": "one", "user_id": 7, "__private": 1, "model": object(), "tier": "gold"},
        "metadata": {"of": "caller", "tier": "said twice"},
    }
    graph.invoke({}, config)
    graph.update_state(config, {"log": ["x"]}, as_node="a")
    seen = [record.metadata for record in graph.get_state_history(CONFIG)]
    return seen, len(list(graph.get_state_history(CONFIG, filter={"user_id": 7})))


@PROGRAMS.add
def a_state_edited_at_a_breakpoint(lib: Any) -> Any:
    """Who goes on passes the breakpoint, also when the edit has made a new checkpoint in front of it."""
    child = chain(lib, c1=tell("c1"), c2=tell("c2")).compile(interrupt_before=["c2"])
    said: list[Any] = []
    for nodes, stops in ((dict.fromkeys("abc"), ["b"]), ({"a": None, "b": child}, [])):
        builder = chain(lib, **{name: node or tell(name) for name, node in nodes.items()})
        graph = saved(lib, builder, interrupt_before=stops)
        graph.invoke({"log": ["in"]}, CONFIG)
        graph.update_state(CONFIG, {"log": ["edited"]})
        said += [outline(graph), graph.invoke(None, CONFIG) if stops else None]
    return said


@PROGRAMS.add
def the_history_of_a_subgraph(lib: Any) -> Any:
    inner = chain(lib, c1=tell("c1"), c2=ask_and_tell(lib, "c2"), c3=ask_and_tell(lib, "c3")).compile()
    graph = saved(lib, chain(lib, a=tell("a"), outer=chain(lib, inner=inner).compile()))

    def seen(config: Any) -> Any:
        return [
            (plain(record.values), record.next, record.metadata["source"], record.metadata["step"])
            for record in graph.get_state_history(config)
        ]

    def places() -> Any:
        outer = graph.get_state(CONFIG, subgraphs=True).tasks[0].state
        return outer, outer.tasks[0].state

    graph.invoke({"log": ["in"]}, CONFIG)
    graph.invoke(lib.Command(resume="yes"), CONFIG)
    for state in places():
        yield [seen(without_checkpoint(state.config)), seen(state.config)]
    graph.update_state(places()[1].config, {"log": ["edited"]})
    yield [seen(without_checkpoint(places()[1].config)), seen(CONFIG)]
    yield [seen(record.config) for record in graph.get_state_history(CONFIG)]


def without_checkpoint(config: Any) -> Any:
    return {"configurable": {key: config["configurable"][key] for key in ("thread_id", "checkpoint_ns")}}


@PROGRAMS.add
def going_back_inside_a_subgraph(lib: Any) -> Any:
    nodes = {"c1": tell("c1"), "p": ask_and_tell(lib, "p"), "q": ask_and_tell(lib, "q")}
    graph = saved(lib, chain(lib, a=tell("a"), child=chain(lib, **nodes).compile(checkpointer=True), b=tell("b")))
    graph.invoke({"log": ["in"]}, CONFIG)
    places = [graph.get_state(CONFIG, subgraphs=True).tasks[0].state.config]
    graph.invoke(lib.Command(resume="1"), CONFIG)
    places.append(graph.get_state(CONFIG, subgraphs=True).tasks[0].state.config)
    graph.invoke(lib.Command(resume="2"), CONFIG)
    for place in places:
        yield graph.invoke(None, place)
        yield outline(graph)
        branch = graph.update_state(place, {"log": ["edited"]})
        yield graph.invoke(None, branch)
        yield graph.invoke(lib.Command(resume="3"), CONFIG)
        yield outline(graph)
    yield graph.invoke(lib.Command(resume="4"), places[1])


@PROGRAMS.add
def going_back_two_subgraphs_deep(lib: Any) -> Any:
    inner = chain(lib, c1=tell("c1"), p=ask_and_tell(lib, "p")).compile(checkpointer=True)
    middle = chain(lib, m=ask_and_tell(lib, "m"), inner=inner).compile(checkpointer=True)
    graph = saved(lib, chain(lib, outer=middle, b=tell("b")))
    graph.invoke({"log": ["in"]}, CONFIG)
    graph.invoke(lib.Command(resume="1"), CONFIG)
    middle_state = graph.get_state(CONFIG, subgraphs=True).tasks[0].state
    graph.invoke(lib.Command(resume="2"), CONFIG)
    for state in (middle_state, middle_state.tasks[0].state):
        branch = graph.update_state(state.config, {"log": ["edited"]})
        yield graph.invoke(None, branch), outline(graph)
        yield graph.invoke(lib.Command(resume="3"), CONFIG)


def calling(graph: Any) -> Any:
    def call(state: State) -> Any:
        return graph.invoke(state)

    return call


@PROGRAMS.add
def the_state_of_a_graph_that_a_node_calls(lib: Any) -> Any:
    for memory in (None, True):
        nodes = {"c1": tell("c1"), "p": ask_and_tell(lib, "p"), "q": ask_and_tell(lib, "q")}
        child = chain(lib, **nodes).compile(checkpointer=memory)

        graph = saved(lib, chain(lib, a=tell("a"), call=calling(child), b=tell("b")))
        yield [name for name, _ in graph.get_subgraphs()]
        graph.invoke({"log": ["in"]}, CONFIG)
        state = graph.get_state(CONFIG, subgraphs=True).tasks[0].state
        yield [plain(state.values), state.next, plain(state.interrupts), state.metadata["step"]]
        place = without_checkpoint(state.config)
        yield [(plain(record.values), record.next) for record in graph.get_state_history(place)]
        graph.update_state(state.config, {"log": ["edited"]})
        yield graph.invoke(None, CONFIG)
        yield graph.invoke(lib.Command(resume="1"), CONFIG)
        yield [(record.next, plain(record.interrupts)) for record in graph.get_state_history(CONFIG)]
        yield graph.invoke(lib.Command(resume="2"), CONFIG)


@PROGRAMS.add
def the_order_of_tasks_side_by_side(lib: Any) -> Any:
    def route(state: State) -> Any:
        return ["z", "a", lib.Send("w", {}), "m", lib.Send("w", {})]

    builder = chain(lib, go=lambda state: {})
    for name in ("z", "m", "a", "w"):
        builder.add_node(name, ask_and_tell(lib, name))
    graph = saved(lib, builder.add_conditional_edges("go", route, ["z", "m", "a", "w"]))
    yield [
        (chunk["next"], [task["name"] for task in chunk["tasks"]])
        for chunk in graph.stream({}, CONFIG, stream_mode="checkpoints")
    ]
    question = next(question for question in graph.get_state(CONFIG).interrupts if question.value == "m?")
    graph.invoke(lib.Command(resume={question.id: "x"}), CONFIG)
    for state in (graph.get_state(CONFIG), *graph.get_state_history(CONFIG)):
        yield state.next, [task.name for task in state.tasks], plain(state.interrupts)


@PROGRAMS.add
def questions_of_subgraphs_in_history(lib: Any) -> Any:
    child = chain(lib, p=ask_and_tell(lib, "p"), q=ask_and_tell(lib, "q")).compile()
    graph = saved(lib, chain(lib, a=tell("a"), child=child, last=ask_and_tell(lib, "last")))
    given: Any = {"log": ["in"]}
    for answer in "123":
        graph.invoke(given, CONFIG)
        given = lib.Command(resume=answer)
        yield [(record.next, plain(record.interrupts)) for record in graph.get_state_history(CONFIG)]


@PROGRAMS.add
def nothing_to_read_without_a_checkpointer(lib: Any) -> Any:
    graph = chain(lib, a=tell("a")).compile()
    return [
        attempt(call)
        for call in (
            lambda: graph.get_state(CONFIG),
            lambda: list(graph.get_state_history(CONFIG)),
            lambda: graph.update_state(CONFIG, {"log": ["x"]}),
        )
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
