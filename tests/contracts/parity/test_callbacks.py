"""What LangChain's callbacks of a call are told, in both libraries."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler, CallbackManager
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.runnables import RunnableConfig, RunnableLambda

from tests.contracts.parity.kit import CONFIG, START, Programs, attempt, fails, saved

PROGRAMS = Programs()


class Told:
    """What a handler was told: what began under what, and how it came to rest."""

    def __init__(self) -> None:
        self.names: dict[UUID | None, str] = {None: "nobody"}
        self.said: list[Any] = []

    def begun(self, name: str, run_id: UUID, about: dict[str, Any]) -> None:
        self.names[run_id] = name
        tags = sorted(tag for tag in about["tags"] or () if not tag.startswith("seq:"))
        known = about["metadata"].keys() & {"langgraph_node", "thread_id", "m"}
        metadata = {key: about["metadata"][key] for key in sorted(known)}
        self.said.append((name, self.names[about["parent_run_id"]], tags, metadata))

    def rested(self, run_id: UUID, how: str) -> None:
        self.said.append((self.names[run_id], how))


class Hears(BaseCallbackHandler):
    def __init__(self) -> None:
        self.told = Told()

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, name: str = "", **about: Any) -> None:
        self.told.begun(name, run_id, about)

    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **about: Any) -> None:
        self.told.begun("model", run_id, about)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        self.told.rested(run_id, ",".join(outputs))

    def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
        self.told.rested(run_id, response.generations[0][0].text)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self.told.rested(run_id, type(error).__name__)


class HearsLater(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.told = Told()

    async def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, name: str = "", **about: Any) -> None:
        self.told.begun(name, run_id, about)

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        self.told.rested(run_id, ",".join(outputs))


def speaks(state: Any) -> Any:
    return {"messages": [GenericFakeChatModel(messages=iter(["a b"])).invoke(state["messages"])]}


def of(*handlers: Any, **more: Any) -> Any:
    return {**CONFIG, "callbacks": list(handlers), "run_name": "mine", "tags": ["t"], "metadata": {"m": 1}, **more}


def asking(lib: Any) -> Any:
    def asks(state: Any) -> Any:
        return {"messages": [("user", lib.interrupt("?"))]}

    builder = lib.StateGraph(lib.MessagesState).add_sequence([speaks, asks])
    return saved(lib, builder.add_edge(START, "speaks"))


@PROGRAMS.add
def models_in_nodes_and_a_question(lib: Any) -> Any:
    graph, hears = asking(lib), Hears()
    graph.invoke({"messages": "hi"}, of(hears))
    list(graph.stream(lib.Command(resume="yes"), of(hears), stream_mode="messages"))
    return hears.told.said


@PROGRAMS.add
def handlers_that_are_async_or_bound_or_in_a_manager(lib: Any) -> Any:
    graph, later, bound, managed = asking(lib), HearsLater(), Hears(), Hears()
    asyncio.run(graph.ainvoke({"messages": "hi"}, of(later)))
    graph.with_config(callbacks=[bound]).invoke(lib.Command(resume="yes"), of())
    graph.invoke({"messages": "hi"}, of(callbacks=CallbackManager([managed])))
    return later.told.said, bound.told.said, managed.told.said


@PROGRAMS.add
def failures_and_chains_that_a_node_calls(lib: Any) -> Any:
    def calls(state: Any, config: RunnableConfig) -> Any:
        inner: Any = RunnableLambda(lambda text: {"text": text}).with_config(run_name="inner")
        return {"messages": [inner.invoke("x")["text"], inner.invoke("y", config)["text"]]}

    hears = Hears()
    builder = lib.StateGraph(lib.MessagesState).add_sequence([calls, fails]).add_edge(START, "calls")
    return attempt(lambda: saved(lib, builder).invoke({"messages": []}, of(hears))), hears.told.said


async def happened(graph: Any, given: Any, **options: Any) -> list[Any]:
    seen = []
    async for event in graph.astream_events(given, of(), version="v2", **options):
        tags = sorted(tag for tag in event["tags"] if not tag.startswith("seq:"))
        node = event["metadata"].get("langgraph_node")
        depth = len(event["parent_ids"])
        seen.append((event["event"], event["name"], tags, node, sorted(event["data"]), depth))
    return seen


@PROGRAMS.add
def events_of_a_run_with_a_question(lib: Any) -> Any:
    graph = asking(lib)

    async def run() -> Any:
        resumed = lib.Command(resume="yes")
        return [*await happened(graph, {"messages": "hi"}), *await happened(graph, resumed, include_names=["asks"])]

    return asyncio.run(run())


@PROGRAMS.add
def events_of_chunks_of_several_modes(lib: Any) -> Any:
    async def run() -> Any:
        told = asking(lib).astream_events({"messages": []}, CONFIG, version="v2", stream_mode=["values", "updates"])
        return [
            event["data"]["chunk"][0]
            async for event in told
            if event["name"] == "LangGraph" and "chunk" in event["data"]
        ]

    return asyncio.run(run())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
