"""What survives: reloads in a new process's place, crashes, failures, cancelled calls, closed streams."""

import asyncio
import contextvars
import operator
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from pydantic import BaseModel

from runtime import (
    START,
    Command,
    CompiledGraph,
    EmptyInputError,
    InMemorySaver,
    InvalidGraphError,
    InvalidUpdateError,
    RetryPolicy,
    SqliteSaver,
    StateGraph,
    ThreadBusyError,
    UnknownInterruptError,
    get_stream_writer,
    idempotency_key,
    interrupt,
)
from runtime.codec.codec import Codec
from runtime.engine.journal import Journal
from runtime.hitl import Approval, Decision, Form
from runtime.types import Durability

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class Trip(BaseModel):
    city: str


DURABILITIES: tuple[Durability, ...] = ("sync", "async", "exit")


class State(TypedDict, total=False):
    text: str
    log: Annotated[list[Any], operator.add]


def chain(*nodes: Callable[..., Any]) -> StateGraph:
    return StateGraph(State).add_sequence(nodes).add_edge(START, nodes[0].__name__)


def first(state: State) -> Any:
    return {"log": ["first"]}


def ask(state: State) -> Any:
    return {"log": [interrupt("go?")]}


def last(state: State) -> Any:
    return {"log": ["last"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "andon.sqlite"


@pytest.fixture
def reopened(file: Path) -> Iterator[Callable[[StateGraph], CompiledGraph]]:
    """Compile over the same file with a saver of its own each time, as a new process would."""
    savers: list[SqliteSaver] = []

    def compile_again(builder: StateGraph) -> CompiledGraph:
        savers.append(SqliteSaver(file))
        return builder.compile(checkpointer=savers[-1])

    yield compile_again
    for saver in savers:
        saver.close()


Reopened = Callable[[StateGraph], CompiledGraph]


def test_another_process_goes_on_where_the_question_was_asked(reopened: Reopened) -> None:
    (question,) = reopened(chain(first, ask, last)).invoke({"log": ["in"]}, CONFIG)["__interrupt__"]
    assert reopened(chain(first, ask, last)).get_state(CONFIG).interrupts == (question,)
    done = reopened(chain(first, ask, last)).invoke(Command(resume={question.id: "yes"}), CONFIG)
    assert done["log"] == ["in", "first", "yes", "last"]


def test_typed_questions_survive_a_reload(reopened: Reopened) -> None:
    heard: list[Decision] = []

    def node(state: State) -> Any:
        heard.append(interrupt(Approval(title="Refund?", args={"amount": 1})))
        heard.append(interrupt(Form.of(Trip, title="Where to?")))

    reopened(chain(node)).invoke({}, CONFIG)
    reopened(chain(node)).invoke(Command(resume={"approved": True, "action": "approve"}), CONFIG)
    (question,) = reopened(chain(node)).get_state(CONFIG).interrupts
    assert question.value == Form.of(Trip, title="Where to?").storable()
    answer = {"approved": True, "action": "submit", "args": {"city": "Rome"}}
    reopened(chain(node)).invoke(Command(resume=answer), CONFIG)
    assert [decision.action for decision in heard] == ["approve", "approve", "submit"]
    assert heard[-1].value == Trip(city="Rome")


def test_a_question_with_a_set_in_it_is_the_same_question_in_every_process(file: Path) -> None:
    """Sets of strings are in another order in every process; the answer must count all the same."""
    program = f"""
import sys
from typing import TypedDict
from runtime import START, Command, SqliteSaver, StateGraph, interrupt
class State(TypedDict, total=False):
    text: str
def ask(state: State):
    return {{"text": interrupt({{"tags": set("abcdefgh")}})}}
with SqliteSaver({str(file)!r}) as saver:
    graph = StateGraph(State).add_node(ask).add_edge(START, "ask").compile(checkpointer=saver)
    given = Command(resume="yes") if sys.argv[1:] else {{}}
    print("__interrupt__" in graph.invoke(given, {{"configurable": {{"thread_id": "one"}}}}))
"""
    assert run(program, hash_seed=1) == "True"
    assert run(program, hash_seed=2, arguments=["resume"]) == "False"


def run(program: str, *, hash_seed: int = 0, arguments: list[str] | None = None) -> str:
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", program, *(arguments or [])]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=30
    ).stdout.strip()


@pytest.mark.parametrize("durability", ["sync", "async"])
@pytest.mark.parametrize("call", ["invoke", "ainvoke"])
def test_a_process_that_dies_in_a_node_keeps_what_was_before(file: Path, durability: str, call: str) -> None:
    program = f"""
import asyncio, operator, os, sys
from typing import Annotated, TypedDict
from runtime import START, Command, SqliteSaver, StateGraph, idempotency_key
class State(TypedDict, total=False):
    log: Annotated[list, operator.add]
def first(state: State):
    print("first")
    return {{"log": ["first"]}}
def second(state: State):
    print("second", idempotency_key(), flush=True)
    if not sys.argv[1:]:
        os._exit(9)
    return {{"log": ["second"]}}
builder = StateGraph(State).add_sequence([first, second]).add_edge(START, "first")
with SqliteSaver({str(file)!r}) as saver:
    graph = builder.compile(checkpointer=saver)
    config = {{"configurable": {{"thread_id": "one"}}}}
    given = None if sys.argv[1:] else {{}}
    if {call!r} == "invoke":
        print(graph.invoke(given, config, durability={durability!r})["log"])
    else:
        print(asyncio.run(graph.ainvoke(given, config, durability={durability!r}))["log"])
"""
    died, went_on = run(program).splitlines(), run(program, arguments=["again"]).splitlines()
    assert died[0] == "first"
    assert went_on == [died[1], "['first', 'second']"]


@pytest.mark.parametrize("durability", DURABILITIES)
def test_a_failure_keeps_what_was_finished(reopened: Reopened, durability: Durability) -> None:
    entered: list[str] = []

    def works(state: State) -> Any:
        entered.append("works")
        return {"log": ["works"]}

    def fails(state: State) -> Any:
        entered.append("fails")
        if entered.count("fails") == 1:
            raise ConnectionError("down")
        return {"log": ["worked"]}

    builder = chain(first).add_node(works).add_node(fails).add_edge("first", "works").add_edge("first", "fails")
    with pytest.raises(ConnectionError):
        reopened(builder).invoke({}, CONFIG, durability=durability)
    state = reopened(builder).get_state(CONFIG)
    assert (state.next, state.values["log"]) == (("fails",), ["first", "works"])
    assert [task.error for task in state.tasks] == [None, "ConnectionError('down')"]
    assert reopened(builder).invoke(None, CONFIG)["log"] == ["first", "worked", "works"]
    assert entered.count("works") == 1


def test_a_failed_node_keeps_its_answers(reopened: Reopened) -> None:
    attempts: list[Any] = []

    def node(state: State) -> Any:
        attempts.append(interrupt("go?"))
        if len(attempts) == 1:
            raise ConnectionError("down")
        return {"log": attempts[:]}

    reopened(chain(node)).invoke({}, CONFIG)
    with pytest.raises(ConnectionError):
        reopened(chain(node)).invoke(Command(resume="yes"), CONFIG)
    assert reopened(chain(node)).invoke(None, CONFIG)["log"] == ["yes", "yes"]


def test_retries_get_the_answers_again_and_pauses_are_not_retried() -> None:
    attempts: list[int] = []

    def node(state: State) -> Any:
        attempts.append(1)
        answer = interrupt("go?")
        if len(attempts) < 4:
            raise ConnectionError("down")
        return {"log": [answer, len(attempts)]}

    builder = StateGraph(State).add_node("node", node, retry_policy=RetryPolicy(initial_interval=0, jitter=False))
    graph = builder.add_edge(START, "node").compile(checkpointer=InMemorySaver())
    assert graph.invoke({}, CONFIG)["__interrupt__"]
    assert graph.invoke(Command(resume="yes"), CONFIG)["log"] == ["yes", 4]


def test_a_router_that_fails_after_an_answer_is_asked_again_by_none(reopened: Reopened) -> None:
    routed: list[Any] = []

    def route(state: State) -> str:
        routed.append(state["log"])
        if len(routed) == 1:
            raise ConnectionError("down")
        return "last"

    builder = chain(ask).add_node(last).add_conditional_edges("ask", route, ["last"])
    reopened(builder).invoke({}, CONFIG)
    with pytest.raises(ConnectionError):
        reopened(builder).invoke(Command(resume="yes"), CONFIG)
    assert reopened(builder).get_state(CONFIG).next == ("ask",)
    assert reopened(builder).invoke(None, CONFIG)["log"] == ["yes", "last"]


def test_a_bad_target_is_an_error_that_names_it(reopened: Reopened) -> None:
    def astray(state: State) -> Any:
        return Command(goto="nowhere")

    with pytest.raises(InvalidUpdateError, match="'astray' goes to 'nowhere'"):
        reopened(chain(astray)).invoke({}, CONFIG)
    assert reopened(chain(astray)).get_state(CONFIG).next == ("astray",)


def test_a_paused_node_that_is_gone_is_an_error_that_names_it(reopened: Reopened) -> None:
    reopened(chain(ask)).invoke({}, CONFIG)
    with pytest.raises(InvalidGraphError, match="'ask'"):
        reopened(chain(first)).invoke(Command(resume="yes"), CONFIG)
    assert reopened(chain(ask)).invoke(Command(resume="yes"), CONFIG)["log"] == ["yes"]


def test_a_key_that_the_state_got_since_starts_empty(reopened: Reopened) -> None:
    class Wider(State, total=False):
        more: Annotated[list[str], operator.add]

    reopened(chain(ask)).invoke({}, CONFIG)
    wider = StateGraph(Wider).add_node(ask).add_edge(START, "ask")
    assert reopened(wider).invoke(Command(resume="yes"), CONFIG) == {"log": ["yes"], "more": []}


# Cancelled calls and closed streams.


async def test_a_cancelled_call_keeps_what_was_finished_and_cancels_the_rest() -> None:
    began, entered = asyncio.Event(), []

    async def slow(state: State) -> Any:
        entered.append(1)
        began.set()
        await asyncio.sleep(0 if len(entered) > 1 else 3600)
        return {"log": ["slow"]}

    graph = chain(first, slow).add_node("beside", first).add_edge("first", "beside").compile(InMemorySaver())
    call = asyncio.ensure_future(graph.ainvoke({}, CONFIG))
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await graph.aget_state(CONFIG)).next == ("slow",)
    assert (await graph.ainvoke(None, CONFIG))["log"] == ["first", "first", "slow"]


async def test_a_cancelled_call_waits_for_a_thread_and_keeps_its_result(tmp_path: Path) -> None:
    began, finish = threading.Event(), threading.Event()

    def blocking(state: State) -> Any:
        began.set()
        assert finish.wait(10)
        return {"log": ["finished"]}

    async with SqliteSaver(tmp_path / "andon.sqlite") as saver:
        graph = chain(blocking, last).compile(saver)
        call = asyncio.ensure_future(graph.ainvoke({}, CONFIG))
        await asyncio.to_thread(began.wait)
        call.cancel()
        await asyncio.sleep(0)
        finish.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        state = await graph.aget_state(CONFIG)
        assert (state.next, state.values["log"]) == (("last",), ["finished"])
        assert (await graph.ainvoke(None, CONFIG))["log"] == ["finished", "last"]


@pytest.mark.parametrize("durability", DURABILITIES)
def test_a_stream_closed_early_keeps_what_was_finished(durability: Durability) -> None:
    graph = chain(first, last).compile(InMemorySaver())
    stream = graph.stream({}, CONFIG, durability=durability)
    assert next(stream) == {"first": {"log": ["first"]}}
    stream.close()
    assert graph.get_state(CONFIG).values["log"] == ["first"]
    assert graph.invoke(None, CONFIG)["log"] == ["first", "last"]


async def test_an_async_stream_closed_early_frees_the_thread() -> None:
    graph = chain(first, last).compile(InMemorySaver())
    stream = graph.astream({}, CONFIG)
    assert await anext(stream) == {"first": {"log": ["first"]}}
    await stream.aclose()
    assert (await graph.ainvoke(None, CONFIG))["log"] == ["first", "last"]


# One run at a time.


async def test_a_second_run_of_a_thread_is_refused_whoever_compiled_the_graph() -> None:
    began, finish = asyncio.Event(), asyncio.Event()

    async def slow(state: State) -> Any:
        began.set()
        await finish.wait()

    saver = InMemorySaver()
    graph = chain(slow).compile(saver)
    running = asyncio.ensure_future(graph.ainvoke({}, CONFIG))
    await began.wait()
    for other in (graph, chain(slow).compile().with_checkpointer(saver)):
        with pytest.raises(ThreadBusyError, match="'one'"):
            await other.ainvoke({}, CONFIG)
    elsewhere = asyncio.ensure_future(graph.ainvoke({}, {"configurable": {"thread_id": "two"}}))
    finish.set()
    await asyncio.gather(running, elsewhere)
    await graph.ainvoke({}, CONFIG)


def test_the_slower_of_two_processes_is_told(file: Path, reopened: Reopened) -> None:
    def overtaken(state: State) -> Any:
        interrupt("go?")
        entered.append(1)
        if len(entered) == 1:
            faster = reopened(chain(overtaken))
            others.append(elsewhere(lambda: faster.invoke(Command(resume="fast"), CONFIG)))
        return {"log": ["done"]}

    entered: list[int] = []
    others: list[Any] = []
    reopened(chain(overtaken)).invoke({}, CONFIG)
    with pytest.raises(ThreadBusyError):
        reopened(chain(overtaken)).invoke(Command(resume="slow"), CONFIG)
    assert others == [{"log": ["done"]}]


def elsewhere(call: Callable[[], Any]) -> Any:
    """Call without the running task in sight, as another process does."""
    return contextvars.Context().run(call)


# Nothing to run.


def test_there_must_be_something_to_run() -> None:
    graph = chain(ask).compile(InMemorySaver())
    with pytest.raises(EmptyInputError, match="does not exist"):
        graph.invoke(None, CONFIG)
    with pytest.raises(ValueError, match="thread_id"):
        graph.invoke({})
    with pytest.raises(ValueError, match="durability"):
        graph.invoke({}, CONFIG, durability="zzz")  # type: ignore[arg-type]  # the mistake under test


def test_a_finished_thread_has_nothing_left_and_says_what_it_knows() -> None:
    graph = chain(first).compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    assert graph.invoke(None, CONFIG) == {"log": ["first"]}
    assert graph.get_state({"configurable": {"thread_id": "unknown"}}).values == {}


# Saving while nodes run.


async def test_finished_siblings_are_saved_while_others_run(tmp_path: Path) -> None:
    finish = asyncio.Event()

    async def slow(state: State) -> Any:
        get_stream_writer()("waiting")
        await finish.wait()

    async with SqliteSaver(tmp_path / "andon.sqlite") as saver:
        graph = chain(first, last).add_node(slow).add_edge("first", "slow").compile(saver)
        running = asyncio.ensure_future(graph.ainvoke({}, CONFIG))
        async with asyncio.timeout(10):
            while (await graph.aget_state(CONFIG)).next != ("slow",):  # noqa: ASYNC110 - nobody announces saving
                await asyncio.sleep(0.001)
        finish.set()
        assert (await running)["log"] == ["first", "last"]


async def test_exit_saves_at_the_end_only() -> None:
    appended: list[int] = []

    class Counting(InMemorySaver):
        async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
            appended.append(expected)
            await super().append(thread_id, expected, entry, snapshot=snapshot)

    counted: dict[str, int] = {}
    for durability in DURABILITIES:
        appended.clear()
        await chain(first, last, ask).compile(Counting()).ainvoke({}, CONFIG, durability=durability)
        counted[durability] = len(appended)
    assert counted["exit"] == 1 <= counted["async"] <= counted["sync"] == 4


def test_a_pause_and_resume_is_two_commits() -> None:
    saver = InMemorySaver()
    graph = chain(ask).compile(saver)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume="yes"), CONFIG)
    assert asyncio.run(Journal.load("one", Codec(), saver)).head == 2


def test_the_idempotency_key_of_a_task_outlives_the_process(reopened: Reopened) -> None:
    keys: list[str] = []

    def node(state: State) -> Any:
        keys.append(idempotency_key())
        if len(keys) == 1:
            raise ConnectionError("down")

    with pytest.raises(ConnectionError):
        reopened(chain(first, node)).invoke({}, CONFIG)
    reopened(chain(first, node)).invoke(None, CONFIG)
    assert keys[0] == keys[1]


def test_an_older_checkpoint_is_read_as_it_was() -> None:
    graph = chain(first, ask, last).compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    oldest = list(graph.get_state_history(CONFIG))[-1]
    assert graph.get_state(oldest.config) == oldest
    unknown = {"configurable": {"thread_id": "one", "checkpoint_id": "x"}}
    assert graph.get_state(unknown).values == {}
    with pytest.raises(ValueError, match="no checkpoint 'x'"):
        graph.invoke(None, unknown)
    with pytest.raises(ValueError, match="checkpoint_ns"):
        graph.get_state({"configurable": {"thread_id": "one", "checkpoint_ns": "child:1"}})


def test_answering_differently_from_an_old_checkpoint_forks_with_the_new_answer(reopened: Reopened) -> None:
    reopened(chain(first, ask, last)).invoke({}, CONFIG)
    asked = reopened(chain(first, ask, last)).get_state(CONFIG)
    reopened(chain(first, ask, last)).invoke(Command(resume="yes"), asked.config)
    graph = reopened(chain(first, ask, last))
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume={asked.interrupts[0].id: "no"}), asked.config)
    assert graph.invoke(Command(resume="no"), asked.config)["log"] == ["first", "no", "last"]
    assert reopened(chain(first, ask, last)).get_state(CONFIG).values["log"] == ["first", "no", "last"]
    ended = [record.values["log"] for record in graph.get_state_history(CONFIG) if not record.next]
    assert ended == [["first", "no", "last"], ["first", "yes", "last"]]


@pytest.mark.parametrize("durability", DURABILITIES)
@pytest.mark.parametrize(
    "wrong", [Command(resume={"0" * 32: "x"}), Command(goto="nowhere"), Command(update={"zzz": 1}), {"zzz": 1}]
)
def test_a_refused_input_at_an_old_checkpoint_leaves_no_branch(wrong: Any, durability: Durability) -> None:
    graph = chain(first, ask, last).compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    asked = graph.get_state(CONFIG).config
    graph.invoke(Command(resume="go"), CONFIG)
    before = graph.get_state(CONFIG)
    with pytest.raises((UnknownInterruptError, InvalidUpdateError)):
        graph.invoke(wrong, asked, durability=durability)
    assert graph.get_state(CONFIG) == before


def test_a_state_written_by_hand_is_checked() -> None:
    builder = chain(first).add_node(last).add_node(ask).add_edge("first", "last").add_edge("first", "ask")
    graph = builder.add_edge(["last", "ask"], "end").add_node("end", last).compile(InMemorySaver())
    graph.invoke({}, CONFIG)
    with pytest.raises(InvalidUpdateError, match="no node 'zzz'"):
        graph.update_state(CONFIG, {"log": []}, as_node="zzz")
    with pytest.raises(InvalidUpdateError, match="the update writes 'zzz'"):
        graph.update_state(CONFIG, {"zzz": 1})
    commands: list[Command[str]] = [Command(resume="yes"), Command(graph=Command.PARENT, update={"log": []})]
    for command in commands:
        with pytest.raises(InvalidUpdateError, match="neither answers nor a graph"):
            graph.update_state(CONFIG, command, as_node="ask")
    graph.invoke(Command(resume="yes"), CONFIG, interrupt_before=["end"])
    with pytest.raises(InvalidUpdateError, match="ambiguous update: say as which node, one of ask, last"):
        graph.update_state(CONFIG, {"log": []})


def test_a_thread_can_begin_with_a_state_written_by_hand(reopened: Reopened) -> None:
    reopened(chain(first, last)).update_state(CONFIG, {"log": ["by hand"]}, as_node="first")
    assert reopened(chain(first, last)).invoke(None, CONFIG)["log"] == ["by hand", "last"]
