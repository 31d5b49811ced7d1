"""History, replays, forks and states written by hand, in both libraries."""

from itertools import pairwise
from typing import Any

import pytest

from tests.contracts.parity.kit import CONFIG, END, Programs, ask_and_tell, chain, fan, plain, saved, tell

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


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
