"""What an agent may be made of: prompts, models that are chosen, states, tools of a provider, versions, limits."""

# mypy: disallow-untyped-decorators=False, disallow-any-decorated=False
# The decorators are those of whichever library a program runs with.

from collections.abc import Iterator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.prebuilt import chat_agent_executor as langgraph_agent
from langgraph.store.base import BaseStore
from pydantic import BaseModel, Field, PrivateAttr

import runtime
from runtime import prebuilt
from tests.contracts.parity.kit import CONFIG, END, START, Programs, plain, unordered
from tests.contracts.parity.test_agents import calls, parts, run, tools
from tests.contracts.parity.test_tools import told

PROGRAMS = Programs()


class Echo(BaseChatModel):
    """Makes its scripted calls, then says what it read and which tools it knows."""

    script: list[list[str]] = Field(default_factory=list)
    knows: list[Any] = Field(default_factory=list)
    _turns: Iterator[list[str]] | None = PrivateAttr(None)

    @property
    def _llm_type(self) -> str:
        return "echo"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        names = [one.get("type") if isinstance(one, dict) else one.name for one in tools]
        return type(self)(script=self.script, knows=names)

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self._turns = self._turns or iter(self.script)
        called = next(self._turns, [])
        read = " | ".join(f"{one.type} {one.content}" for one in messages)
        said = calls(*called) if called else AIMessage(f"{self.knows}: {read}")
        return ChatResult(generations=[ChatGeneration(message=said)])


def states(lib: Any) -> Any:
    return prebuilt if lib is runtime else langgraph_agent


def said(agent: Any, *, config: Any = CONFIG, **given: Any) -> Any:
    return plain(agent.invoke({"messages": [HumanMessage("go")], **given}, config)["messages"])


@PROGRAMS.add
def prompts_of_every_kind(lib: Any) -> Any:
    memory = lib.InMemoryStore()
    memory.put(("users",), "1", {"name": "ana", "likes": "tea"})

    def remembered(state: Any, config: RunnableConfig, *, store: BaseStore) -> Any:
        (known,) = store.search(("users",), filter={"name": config["configurable"]["user"]})
        return [SystemMessage(f"Offer {known.value['likes']}."), *state["messages"]]

    def templated(state: Any) -> Any:
        return SystemMessage("Be kind.") + state["messages"]

    prompts: list[Any] = [
        None,
        "Be brief.",
        SystemMessage("Be nice."),
        remembered,
        templated,
        lambda state: f"only {state['messages'][-1].content}",
        lambda state: [{"role": "system", "content": "A dict."}, *state["messages"]],
        RunnableLambda(lambda state: [HumanMessage("other"), *state["messages"]]),
        ChatPromptTemplate.from_messages([("system", "Templates."), ("placeholder", "{messages}")]),
    ]
    for prompt in prompts:
        agent = parts(lib).create_react_agent(Echo(), tools(lib), prompt=prompt, store=memory)
        yield said(agent, config={"configurable": {"user": "ana"}})


@PROGRAMS.add
def models_and_tools_of_every_kind(lib: Any) -> Any:
    def chosen(state: Any, runtime: Any) -> Any:
        model = Echo(script=[["show"]]) if len(state["messages"]) == 1 else Echo()
        return model.bind_tools(tools(lib))

    def unbound(state: Any, _: Any) -> Any:
        return Echo()

    def plain_function(x: str) -> str:
        """Say it."""
        return x

    made: list[Any] = [
        (chosen, tools(lib)),
        (unbound, tools(lib)),
        (Echo().bind_tools(tools(lib)), tools(lib)),
        (Echo(), [{"type": "web_search"}, plain_function]),
        (Echo(), [{"type": "web_search"}]),
        (Echo(), []),
        (Echo(script=[["plain_function", "plain_function"]]), parts(lib).ToolNode([plain_function])),
    ]
    for model, given in made:
        agent = parts(lib).create_react_agent(model, given)
        yield sorted(agent.nodes.keys() - {START}), said(agent)
    formed = parts(lib).create_react_agent(Echo(), [], response_format=BaseModel)  # which Echo cannot, when it is asked
    yield sorted(formed.nodes.keys() - {START})


@PROGRAMS.add
def an_agent_that_runs_out_of_steps(lib: Any) -> Any:
    for limit in (2, 4, 6):
        agent = parts(lib).create_react_agent(Echo(script=[["plan"], ["plan"]]), [plan])
        yield said(agent, config={"recursion_limit": limit})


@tool
def plan(x: str) -> str:
    """Plan."""
    return "planned"


@PROGRAMS.add
def states_of_every_kind(lib: Any) -> Any:
    base: Any = states(lib).AgentState
    model: Any = states(lib).AgentStatePydantic

    class Case(base):  # type: ignore[misc]  # of whichever library
        owner: str

    class CaseModel(model):  # type: ignore[misc]
        owner: str = "nobody"

    @tool
    def whose(x: str, owner: Annotated[str, parts(lib).InjectedState("owner")]) -> str:
        """Say whose it is."""
        return f"{x} {owner}"

    @tool
    def steps(x: str, state: Annotated[Any, parts(lib).InjectedState]) -> str:
        """Say what the state is."""
        return f"model {isinstance(state, BaseModel)}"

    for schema in (Case, CaseModel):
        agent = parts(lib).create_react_agent(
            Echo(script=[["whose", "steps"]]),
            [whose, steps],
            state_schema=schema,
            pre_model_hook=lambda state: {"llm_input_messages": [HumanMessage("read this")]},
            prompt=lambda state: state["messages"] if isinstance(state, dict) else state.messages,
        )
        result = agent.invoke({"messages": [HumanMessage("go")], "owner": "ana"})
        yield told(result), result["messages"][-1].content, sorted(result)


@PROGRAMS.add
def all_calls_in_one_task(lib: Any) -> Any:
    """What ran beside a question runs again there, and here it does not: the results are the same."""
    for called in (["book"], ["plan", "book"]):
        agent = parts(lib).create_react_agent(
            Echo(script=[called]), [*tools(lib), plan], version="v1", checkpointer=lib.InMemorySaver()
        )
        yield run(lib, agent, "Rome")


@PROGRAMS.add
def a_hook_reviews_what_the_model_calls(lib: Any) -> Any:
    """Some calls are refused by a person behind the model, and never reach their tools."""

    def review(state: Any) -> Any:
        open_calls = getattr(state["messages"][-1], "tool_calls", [])
        if not open_calls:
            return {}
        allowed = lib.interrupt([call["name"] for call in open_calls])
        return {
            "messages": [
                {"role": "tool", "content": "refused", "tool_call_id": call["id"], "name": call["name"]}
                for call in open_calls
                if call["name"] not in allowed
            ]
        }

    for allowed in (["plan", "book"], ["plan"], []):
        agent = parts(lib).create_react_agent(
            Echo(script=[["plan", "book"]]),
            [plan, *tools(lib)],
            post_model_hook=review,
            checkpointer=lib.InMemorySaver(),
            interrupt_before=["tools"],
        )
        agent.invoke({"messages": [HumanMessage("go")]}, CONFIG)
        yield told(agent.invoke(lib.Command(resume=allowed), CONFIG)), agent.get_state(CONFIG).next
        if agent.get_state(CONFIG).next:
            yield unordered(agent.invoke(None, CONFIG).get("__interrupt__", ())), agent.get_state(CONFIG).next
        if agent.get_state(CONFIG).interrupts:
            agent.invoke(lib.Command(resume="Rome"), CONFIG)
        yield plain(agent.get_state(CONFIG).values["messages"])


class Talk(TypedDict):
    said: list[str]


@PROGRAMS.add
def a_node_reads_what_an_agent_says(lib: Any) -> Any:
    """A node streams an agent of its own; whoever streams the whole hears it only with subgraphs."""
    inner = parts(lib).create_react_agent(Echo(script=[["plan"]]), [plan])

    def node(state: Any) -> Any:
        chunks = inner.stream({"messages": [HumanMessage("go")]}, stream_mode=["messages", "updates"])
        return {"said": [f"{mode} {sorted(one) if mode == 'updates' else one[0].content}" for mode, one in chunks]}

    graph = lib.StateGraph(Talk).add_node("node", node).add_edge(START, "node").add_edge("node", END).compile()
    yield graph.invoke({"said": []})
    inner = parts(lib).create_react_agent(Echo(script=[["plan"]]), [plan])
    yield [plain(chunk[0]) for chunk in graph.stream({"said": []}, stream_mode="messages")]
    inner = parts(lib).create_react_agent(Echo(script=[["plan"]]), [plan])
    heard = graph.stream({"said": []}, stream_mode="messages", subgraphs=True)
    yield [(len(ns), plain(chunk[0])) for ns, chunk in heard]


@PROGRAMS.add
def tools_tell_how_far_they_are(lib: Any) -> Any:
    """A call begins again when its question was answered, and ends once."""

    @tool
    def fetch(x: str, runtime: parts(lib).ToolRuntime) -> str:  # type: ignore[valid-type]  # of whichever library
        """Fetch."""
        runtime.emit_output_delta(f"half of {x}")
        return f"{x} for {lib.interrupt('whom?')}"

    agent = parts(lib).create_react_agent(Echo(script=[["fetch"]]), [fetch], checkpointer=lib.InMemorySaver())
    for given in ({"messages": [HumanMessage("go")]}, lib.Command(resume="ana")):
        for chunk in agent.stream(given, CONFIG, stream_mode="tools"):
            yield {name: plain(said) for name, said in chunk.items() if name != "input"}


@PROGRAMS.add
def a_caller_keeps_the_conversation(lib: Any) -> Any:
    """Messages that are sent again are the same ones."""
    agent = parts(lib).create_react_agent(Echo(), [], checkpointer=lib.InMemorySaver())
    history: list[Any] = []
    for text in ("one", "two"):
        history.append(HumanMessage(text))
        result = agent.invoke({"messages": history}, CONFIG)
        yield plain(result["messages"]), result["messages"][0] == history[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
