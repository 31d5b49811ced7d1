"""Workflows as functions, `entrypoint` and `task`, in both libraries."""

# mypy: disallow-untyped-decorators=False, disallow-any-decorated=False
# The decorators are those of whichever library a program runs with.

import asyncio
import functools
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from pydantic import BaseModel

from tests.contracts.parity.kit import CONFIG, Programs, State, anonymous, attempt

PROGRAMS = Programs()
MODES: list[Any] = ["updates", "values", "custom", ["updates", "values"]]


def essay(lib: Any, **options: Any) -> Any:
    """A workflow that writes, asks, and publishes; and how often each step ran."""
    ran: list[str] = []

    @lib.task
    def write(topic: str) -> str:
        ran.append("write")
        return f"about {topic}"

    @lib.task
    def review(text: str) -> str:
        ran.append("review")
        return f"{text}: {lib.interrupt(f'{text}?')}"

    @lib.entrypoint(checkpointer=lib.InMemorySaver(), **options)
    def flow(topic: str) -> list[str]:
        lib.get_stream_writer()(topic)
        text = write(topic).result()
        first = review(text).result()
        second = lib.interrupt("publish?")
        return [first, second]

    return flow, ran


@PROGRAMS.add
def finished_tasks_do_not_run_again(lib: Any) -> Any:
    flow, ran = essay(lib)
    said = [flow.invoke("cats", CONFIG)]
    said.append([task.state for task in flow.get_state(CONFIG).tasks])
    for answer in ("good", "yes"):
        said += [flow.invoke(lib.Command(resume=answer), CONFIG), flow.get_state(CONFIG).next, list(ran)]
    return [*said, flow.get_state(CONFIG).values]


@PROGRAMS.add
def streams_of_a_workflow(lib: Any) -> Any:
    said = []
    for mode in MODES:
        flow, _ = essay(lib)
        given = ["cats", lib.Command(resume="good"), lib.Command(resume="yes"), "dogs"]
        said.append([list(flow.stream(one, CONFIG, stream_mode=mode)) for one in given])
    return said


@PROGRAMS.add
def tasks_as_they_begin_and_end(lib: Any) -> Any:
    @lib.task
    def fails() -> None:
        raise ConnectionError("down")

    @lib.task
    def falsy(number: int, *, times: int) -> bool:
        return False

    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    def flow(given: Any) -> Any:
        if given == "fails":
            fails().result()
        return [falsy(1, times=2).result(), lib.interrupt("go on?")]

    yield anonymous(list(flow.stream({"a": 1}, CONFIG, stream_mode="tasks")))
    yield anonymous(list(flow.stream(lib.Command(resume="yes"), CONFIG, stream_mode="tasks"))[-1])
    stream = flow.stream("fails", CONFIG, stream_mode="tasks")
    yield [anonymous(next(stream)) for _ in range(4)], attempt(lambda: next(stream))


@PROGRAMS.add
def what_the_history_of_a_workflow_says(lib: Any) -> Any:
    flow, _ = essay(lib)
    flow.invoke("cats", CONFIG)
    yield [(task.name, task.result) for task in flow.get_state(CONFIG).tasks]
    for answer in ("good", "yes"):
        flow.invoke(lib.Command(resume=answer), CONFIG)
    of_the_function = [task for state in flow.get_state_history(CONFIG) for task in state.tasks if task.name == "flow"]
    yield [(task.name, task.result) for task in of_the_function]


@PROGRAMS.add
def what_the_last_call_left(lib: Any) -> Any:
    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    def add(number: int, *, previous: int | None = None) -> Any:
        total = (previous or 0) + number
        return lib.entrypoint.final(value=previous, save=total) if number > 1 else total

    other = {"configurable": {"thread_id": "two"}}
    return [add.invoke(number, CONFIG) for number in (1, 2, 3, 1)], add.invoke(5, other), add.get_state(CONFIG).values


@PROGRAMS.add
def tasks_run_side_by_side(lib: Any) -> Any:
    @lib.task
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return number * 2

    @lib.entrypoint()
    async def flow(numbers: list[int]) -> Any:
        return await asyncio.gather(*(double(number) for number in numbers))

    async def updates() -> list[Any]:
        return [chunk async for chunk in flow.astream([1, 2, 3])]

    return asyncio.run(flow.ainvoke([3, 4])), sorted(asyncio.run(updates()), key=repr)


@PROGRAMS.add
def a_failing_task_runs_again(lib: Any) -> Any:
    ran: list[str] = []

    @lib.task
    def steady() -> str:
        ran.append("steady")
        return "ok"

    @lib.task(retry_policy=lib.RetryPolicy(retry_on=ValueError, initial_interval=0, jitter=False))
    def flaky(*, fails: int) -> str:
        ran.append("flaky")
        if ran.count("flaky") <= fails:
            raise ValueError("down")
        return "up"

    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    def flow(fails: int) -> Any:
        return steady().result(), flaky(fails=fails).result()

    return attempt(lambda: flow.invoke(4, CONFIG)), flow.invoke(None, CONFIG), ran


@PROGRAMS.add
def workflows_and_graphs_call_each_other(lib: Any) -> Any:
    @lib.task
    def ask(what: str) -> Any:
        return lib.interrupt(what)

    @lib.entrypoint()
    def inner(given: dict[str, Any]) -> Any:
        return {"inner": ask(given["what"]).result()}

    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    def outer(what: str) -> Any:
        return [inner.invoke({"what": what}), inner.invoke({"what": what * 2})]

    said = [outer.invoke("a", CONFIG)["__interrupt__"][0].value]  # there, the question is listed twice
    said.append(outer.invoke(lib.Command(resume="A"), CONFIG)["__interrupt__"][0].value)
    said.append(outer.invoke(lib.Command(resume="AA"), CONFIG))
    builder = lib.StateGraph(State)
    builder.add_node("node", lambda state: {"log": [ask("node?").result()]})
    builder.add_edge("__start__", "node")
    graph = builder.compile(checkpointer=lib.InMemorySaver())
    return [*said, graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="yes"), CONFIG)]


@PROGRAMS.add
def what_a_workflow_left_may_be_written_by_hand(lib: Any) -> Any:
    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    def flow(given: str, *, previous: Any = None) -> Any:
        return [previous, lib.interrupt(given)]

    flow.update_state(CONFIG, "before the first call")
    said = [flow.get_state(CONFIG).values, flow.invoke("a?", CONFIG)]
    flow.update_state(CONFIG, "instead of an answer")
    said += [flow.get_state(CONFIG).values, flow.get_state(CONFIG).next]
    return [*said, flow.invoke("b?", CONFIG), flow.invoke(lib.Command(resume="B"), CONFIG)]


@PROGRAMS.add
def what_tasks_say_while_they_run(lib: Any) -> Any:
    model = GenericFakeChatModel(messages=iter([AIMessage("one two", id="a"), AIMessage("three", id="b")]))

    @lib.task
    def speak(number: int) -> str:
        lib.get_stream_writer()({"number": number})
        return str(model.invoke("hi").content)

    @lib.task
    def outer(number: int) -> Any:
        return speak(number).result()

    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    def flow(given: Any) -> Any:
        return [speak(1).result(), lib.interrupt("?"), outer(2).result()]

    options: Any = {"stream_mode": ["messages", "custom", "updates"]}
    for given in ("go", lib.Command(resume="on")):
        for mode, chunk in flow.stream(given, CONFIG, **options):
            yield [mode, (chunk[0].content, chunk[1]["langgraph_node"]) if mode == "messages" else chunk]


@PROGRAMS.add
def what_a_workflow_may_ask_for(lib: Any) -> Any:
    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    async def flow(given: Any, config: RunnableConfig) -> Any:
        lib.get_stream_writer()("hello")
        return given, config["configurable"]["thread_id"], lib.get_runtime().context

    async def chunks() -> list[Any]:
        found = flow.astream({"a": 1}, CONFIG, context="c", stream_mode=["custom", "updates"])
        return [chunk async for chunk in found]

    return asyncio.run(chunks())


@PROGRAMS.add
def tasks_of_any_callable_have_a_name(lib: Any) -> Any:
    class Thing:
        def method(self, value: str) -> str:
            return f"{value} method"

        async def __call__(self, value: str) -> str:
            return f"{value} call"

    async def pair(left: str, right: str) -> str:
        return f"{left} {right}"

    method, partly = lib.task(Thing().method, name="method"), lib.task(functools.partial(pair, "left"))
    named, thing = lib.task(functools.partial(pair, "named"), name="own"), lib.task(Thing(), name="thing")

    @lib.entrypoint(checkpointer=lib.InMemorySaver())
    async def flow(value: str, runtime: Any) -> Any:
        return runtime.previous, await thing(await named(await partly(await method(value))))

    async def updates() -> Any:
        return [chunk for value in "ab" async for chunk in flow.astream(value, CONFIG)]

    return asyncio.run(updates())


class Order(BaseModel):
    price: int


@PROGRAMS.add
def what_workflows_take_and_return(lib: Any) -> Any:
    def plain(numbers: list[int]) -> str: ...  # type: ignore[empty-body]  # never called

    bare: Any = lambda given: given  # noqa: E731 - has no annotations
    bare.__name__ = "bare"

    def saves(order: Order) -> lib.entrypoint.final[int, str]: ...

    def saves_something(order: Order) -> lib.entrypoint.final: ...

    async def models(order: Order) -> Order: ...  # type: ignore[empty-body]

    flows = [lib.entrypoint()(function) for function in (plain, bare, saves, saves_something, models)]
    return [(flow.get_input_jsonschema(), flow.get_output_jsonschema()) for flow in flows]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
