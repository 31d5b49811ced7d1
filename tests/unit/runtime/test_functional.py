"""Workflows that are functions: what tasks keep, in every store of a process and after it."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from runtime import Command, InMemorySaver, InvalidGraphError, NoRunError, SqliteSaver, entrypoint, interrupt, task
from runtime.engine import frames
from runtime.engine.thread import Thread

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


@task
def ask(what: str) -> Any:
    return interrupt(what)


def test_sync_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)

    @task
    def meet(name: str) -> str:
        meeting.wait()
        return name

    @entrypoint()
    def flow(names: list[str]) -> list[str]:
        return [call.result() for call in [meet(name) for name in names]]

    assert flow.invoke(["a", "b", "c"]) == ["a", "b", "c"]


def test_what_a_task_returns_is_shown_while_the_workflow_goes_on() -> None:
    seen = threading.Event()

    @task
    def first() -> str:
        return "first"

    @entrypoint()
    def flow(_: Any) -> bool:
        first().result()
        return seen.wait(10)

    chunks = flow.stream("x")
    assert next(chunks) == {"first": "first"}
    seen.set()
    assert list(chunks) == [{"flow": True}]


def test_tasks_side_by_side_ask_side_by_side() -> None:
    @entrypoint(InMemorySaver())
    def flow(names: list[str]) -> list[Any]:
        return [call.result() for call in [ask(name) for name in names]]

    asked = {question.value: question for question in flow.invoke(["a", "b"], CONFIG)["__interrupt__"]}
    assert flow.invoke(Command(resume={asked["b"].id: 2}), CONFIG)["__interrupt__"] == [asked["a"]]
    assert flow.invoke(Command(resume=1), CONFIG) == [1, 2]


async def test_async_tasks_ask_side_by_side() -> None:
    @task
    async def ask_too(what: str) -> Any:
        await asyncio.sleep(0)
        return interrupt(what)

    @entrypoint(InMemorySaver())
    async def flow(names: list[str]) -> list[Any]:
        return list(await asyncio.gather(*map(ask_too, names)))

    questions = (await flow.ainvoke(["a", "b"], CONFIG))["__interrupt__"]
    answers = {question.id: question.value.upper() for question in questions}
    assert await flow.ainvoke(Command(resume=answers), CONFIG) == ["A", "B"]


def test_results_of_tasks_outlive_the_process(tmp_path: Path) -> None:
    ran: list[str] = []

    @task
    def once(text: str) -> str:
        ran.append(text)
        return text.upper()

    def flow(text: str, previous: str | None) -> str:
        return f"{previous or ''}{once(text).result()}{ask('go?').result()}"

    with SqliteSaver(tmp_path / "andon.sqlite") as store:
        entrypoint(store)(flow).invoke("a", CONFIG)
    with SqliteSaver(tmp_path / "andon.sqlite") as store:
        workflow = entrypoint(store)(flow)
        assert workflow.invoke(Command(resume="!"), CONFIG) == "A!"
        workflow.invoke("b", CONFIG)
        assert workflow.invoke(Command(resume="?"), CONFIG) == "A!B?"
    assert ran == ["a", "b"]


def test_another_task_in_the_same_place_does_not_get_the_result() -> None:
    taken = [task(name=name)(lambda name=name: name) for name in ("first", "second")]

    @entrypoint(InMemorySaver())
    def flow(_: Any) -> Any:
        return taken.pop(0)().result(), ask("go?").result()

    flow.invoke("x", CONFIG)
    assert flow.invoke(Command(resume="yes"), CONFIG) == ("second", "yes")


def test_what_a_task_began_is_over_before_the_workflow_is() -> None:
    done = threading.Event()

    @task
    def slow() -> None:
        going.wait(10)
        done.set()

    going = threading.Event()

    @entrypoint()
    def flow(_: Any) -> str:
        slow()
        going.set()
        return "over"

    assert flow.invoke("x") == "over"
    assert done.is_set()


def test_a_task_belongs_to_a_workflow() -> None:
    with pytest.raises(NoRunError, match="task 'ask' works only inside"):
        ask("what?")


def test_a_generator_is_no_workflow() -> None:
    def flow(_: Any) -> Any:
        yield 1

    with pytest.raises(InvalidGraphError, match="cannot be a workflow"):
        entrypoint()(flow)


def test_a_workflow_may_be_given_another_store() -> None:
    @entrypoint()
    def flow(what: str) -> Any:
        return ask(what).result()

    stored = flow.with_checkpointer(InMemorySaver())
    stored.invoke("go?", CONFIG)
    assert stored.invoke(Command(resume="yes"), CONFIG) == "yes"


def test_calls_are_listed_in_their_order_whichever_thread_was_first() -> None:
    thread, caller = Thread(), frames.Task("t", "flow")
    for number in (2, 0, 10, 1):
        ns = f"flow:t:{number}:ask"
        thread.frames[ns] = frames.Frame(ns)
    thread.frames["flow:t"] = frames.Frame("flow:t")  # a subgraph that it called first
    thread.frames["flow:t:0:ask|ask:u"] = frames.Frame("flow:t:0:ask|ask:u")
    listed = [frame.ns for frame in thread.children("", caller)]
    assert listed == ["flow:t:0:ask", "flow:t", "flow:t:1:ask", "flow:t:2:ask", "flow:t:10:ask"]
