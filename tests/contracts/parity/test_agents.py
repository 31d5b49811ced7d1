"""Agents of a model and tools, and what programs remember beside their threads, in both libraries."""

# mypy: disallow-untyped-decorators=False, disallow-any-decorated=False
# The decorators are those of whichever library a program runs with.

import asyncio
from functools import partial
from typing import Annotated, Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import InjectedToolCallId, tool
from langgraph import prebuilt as langgraph_prebuilt
from pydantic import BaseModel

import runtime
from runtime import BaseStore, prebuilt
from tests.contracts.parity.kit import CONFIG, Programs, State, attempt, chain, saved, unordered, where

PROGRAMS = Programs()


class Trip(BaseModel):
    city: str
    nights: int = 1


class Model(GenericFakeChatModel):
    """Says what it was told to, knows every tool, and puts its answer into a form by itself."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def with_structured_output(self, schema: Any, **_: Any) -> Runnable[Any, Any]:
        return RunnableLambda(lambda messages: schema(city=f"{len(messages)} from {messages[0].type}"))


def parts(lib: Any) -> Any:
    return prebuilt if lib is runtime else langgraph_prebuilt


def model(*said: Any) -> Model:
    return Model(messages=iter([AIMessage(one) if isinstance(one, str) else calls(*one) for one in said]))


def calls(*names: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": {"x": name}, "id": name} for name in names])


def tools(lib: Any) -> list[Any]:
    @tool
    def book(x: str) -> str:
        """Book."""
        return f"booked {lib.interrupt(f'book {x}?')}"

    @tool(return_direct=True)
    def show(x: str) -> str:
        """Show."""
        return f"shown {x}"

    return [book, show]


def run(lib: Any, agent: Any, resume: Any) -> Any:
    chunks = list(agent.stream({"messages": [HumanMessage("go")]}, CONFIG))
    chunks += agent.stream(lib.Command(resume=resume), CONFIG) if agent.get_state(CONFIG).next else []
    fresh = [chunk for chunk in chunks if "__metadata__" not in chunk]  # there, what was known is announced again
    return unordered(fresh), where(agent)


@PROGRAMS.add
def an_answer_in_a_form(lib: Any) -> Any:
    hooks: list[Any] = [None, lambda state: {"messages": []}]
    for form in (Trip, ("Be brief", Trip)):
        for hook in hooks:
            agent = parts(lib).create_react_agent(
                model(["book"], "done"),
                tools(lib),
                prompt="Book.",
                response_format=form,
                post_model_hook=hook,
                checkpointer=lib.InMemorySaver(),
            )
            yield run(lib, agent, "Rome")


@PROGRAMS.add
def tools_that_answer_for_the_model(lib: Any) -> Any:
    for called in (["show"], ["show", "book"], ["book"]):
        agent = parts(lib).create_react_agent(
            model(called, "over"), tools(lib), checkpointer=lib.InMemorySaver(), response_format=Trip
        )
        yield run(lib, agent, "Rome")


@PROGRAMS.add
def hooks_and_commands_of_an_agent(lib: Any) -> Any:
    @tool
    def note(x: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Note."""
        said = ToolMessage(lib.interrupt(x), tool_call_id=tool_call_id)
        return lib.Command(update={"messages": [said]})

    agent = parts(lib).create_react_agent(
        model(["note"], "over"),
        [note],
        pre_model_hook=lambda state: {"llm_input_messages": state["messages"][-2:]},
        checkpointer=lib.InMemorySaver(),
    )
    yield run(lib, agent, "noted")
    yield [message.name for message in agent.get_state(CONFIG).values["messages"]]


@PROGRAMS.add
def everybody_gets_the_store(lib: Any) -> Any:
    memory = lib.InMemoryStore()

    def by_name(state: State, store: "BaseStore") -> None:
        store.put(("users", "ana"), "likes", {"food": "pizza"})

    def by_call(state: State) -> State:
        found = lib.get_store().get(("users", "ana"), "likes")
        lib.get_runtime().store.put(("users", "ana"), "likes", {"food": lib.interrupt(found.value)})
        return {"log": [str(lib.get_store().get(("users", "ben"), "likes"))]}

    async def by_call_async(state: State) -> State:
        found = await lib.get_store().asearch(("users",), filter={"food": "fish"})
        await lib.get_store().adelete(("users", "ana"), "likes")
        return {"log": [str((one.namespace, one.key, one.value)) for one in found]}

    @tool
    def recall(x: str, store: Annotated[Any, parts(lib).InjectedStore()]) -> str:
        """Recall."""
        return f"{x} {store is memory}"

    @lib.task
    def step() -> Any:
        return lib.get_store() is memory

    @lib.entrypoint(checkpointer=lib.InMemorySaver(), store=memory)
    def flow(given: Any, *, store: "BaseStore") -> Any:
        return store is memory, step().result()

    inner = chain(lib, by_call=by_call).compile()
    graph = saved(lib, chain(lib, by_name=by_name, child=inner), store=memory)
    said = [graph.invoke({}, CONFIG), graph.invoke(lib.Command(resume="fish"), CONFIG)]
    agent = parts(lib).create_react_agent(model(["recall"], "over"), [recall], store=memory)
    said += [agent.invoke({"messages": [HumanMessage("go")]}), flow.invoke(1, CONFIG)]
    without = chain(lib, a=lambda state: {"log": [str(lib.get_store()), str(lib.get_runtime().store)]}).compile()
    said += [asyncio.run(chain(lib, last=by_call_async).compile(store=memory).ainvoke({})), without.invoke({})]
    return [*said, memory.get(("users", "ana"), "likes")]


@PROGRAMS.add
def items_of_a_store(lib: Any) -> Any:
    store = lib.InMemoryStore()
    for namespace, key, value in [
        (("u", "1"), "b", {"n": 1, "d": {"e": 2}}),
        (("u", "1"), "a", {"n": 2}),
        (("u", "2"), "c", {"n": 3}),
        (("ux",), "z", {"n": 5}),
        (("u", "1"), "b", {"n": 9, "d": {"e": 2}}),
        (("u", "3"), "gone", {"n": 0}),
        (("u", "3"), "here", {"n": 0}),
    ]:
        store.put(namespace, key, value)
    store.put(("u", "3"), "gone", None)
    store.delete(("u", "3"), "nobody")
    filters: list[Any] = [
        {},
        {"n": 2},
        {"n": {"$gt": 2}},
        {"n": {"$gte": 3, "$lt": 9}},
        {"d": {"e": 2}},
        {"n": {"$ne": 2}},
    ]
    pages: list[Any] = [{"limit": 1}, {"offset": 1, "limit": 2}, {"query": "anything"}]
    found = [store.search(("u",), **options) for options in [*({"filter": one} for one in filters), *pages]]
    seen = [[(item.namespace, item.key, item.value, item.score) for item in items] for items in found]
    listed: list[Any] = [
        {},
        {"prefix": ("u",)},
        {"suffix": ("1",)},
        {"max_depth": 1},
        {"prefix": ("*", "2")},
        {"limit": 1},
    ]
    wrong: list[Any] = [(), ("a.b",), ("",), (1,), ("langgraph",)]
    return (
        seen,
        [store.list_namespaces(**options) for options in listed],
        store.get(("u", "1"), "a").dict().keys(),
        store.get(("u",), "a"),
        [attempt(partial(store.put, namespace, "k", {})) is None for namespace in wrong],
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
