"""Tools' nodes in graphs of one's own: what stands around a call, what a tool may give, what becomes of its errors."""

# mypy: disallow-untyped-decorators=False, disallow-any-decorated=False
# The decorators are those of whichever library a program runs with.

import asyncio
from functools import partial
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, InjectedToolArg, InjectedToolCallId, ToolException, tool
from pydantic import BaseModel

from tests.contracts.parity.kit import CONFIG, END, START, Programs, attempt, plain, unordered, where
from tests.contracts.parity.test_agents import model, parts

PROGRAMS = Programs()


def calls(**args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": given, "id": name} for name, given in args.items()])


def graph_of(lib: Any, *tools: Any, **options: Any) -> Any:
    """A graph that begins with what a model called."""
    builder = lib.StateGraph(lib.MessagesState)
    builder.add_node("tools", parts(lib).ToolNode(tools, **options))
    builder.add_edge(START, "tools")
    return builder.compile(checkpointer=lib.InMemorySaver())


def told(result: Any) -> Any:
    return [(one.content, one.name, one.tool_call_id, one.status) for one in result["messages"] if one.type == "tool"]


def run(graph: Any, called: AIMessage) -> Any:
    return told(graph.invoke({"messages": [called]}, {"configurable": {"thread_id": called.id or str(uuid4())}}))


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


@PROGRAMS.add
def every_call_is_reviewed_by_somebody(lib: Any) -> Any:
    """A person may approve, edit or refuse each of several calls, in one answer or one by one."""

    def review(request: Any, carry_out: Any) -> Any:
        call = request.tool_call
        decision = lib.interrupt({"tool": call["name"], "args": call["args"]})
        if decision["type"] == "edit":
            request = request.override(tool_call={**call, "args": decision["args"]})
        elif decision["type"] == "respond":
            return ToolMessage(decision["text"], name=call["name"], tool_call_id=call["id"], status="error")
        return carry_out(request)

    @tool
    def pay(amount: int) -> str:
        """Pay."""
        return f"paid {amount}"

    decisions = {"send": {"type": "edit", "args": {"to": "ben"}}, "pay": {"type": "respond", "text": "too much"}}
    for first in (["send", "pay"], ["send"], ["pay"]):
        scripted = model()
        scripted.messages = iter([calls(send={"to": "ana"}, pay={"amount": 5}), AIMessage("done")])
        node = parts(lib).ToolNode([send, pay], wrap_tool_call=review)
        agent = parts(lib).create_react_agent(scripted, node, checkpointer=lib.InMemorySaver())
        yield unordered(agent.invoke({"messages": [HumanMessage("go")]}, CONFIG)["__interrupt__"]), where(agent)
        for answered in (first, ["send", "pay"]):
            questions = agent.get_state(CONFIG).interrupts
            given = {one.id: decisions[one.value["tool"]] for one in questions if one.value["tool"] in answered}
            if given:
                yield (
                    told(agent.invoke(lib.Command(resume=given), CONFIG)),
                    unordered(agent.get_state(CONFIG).interrupts),
                )
        yield where(agent), told(agent.get_state(CONFIG).values)


@PROGRAMS.add
def who_stands_around_a_call_may_do_anything(lib: Any) -> Any:
    seen: list[Any] = []

    @tool
    def flaky(times: int) -> str:
        """Fail until the third time."""
        seen.append(times)
        if seen.count(times) < times:
            raise ConnectionError("down")
        return "up"

    def again(request: Any, carry_out: Any) -> Any:
        seen.append((request.tool.name, sorted(request.state), request.runtime.tool_call_id))
        while True:
            try:
                return carry_out(request)
            except ConnectionError:
                continue

    def unknown(request: Any, carry_out: Any) -> Any:
        return carry_out(request if request.tool else request.override(tool=send))

    async def hushed(request: Any, carry_out: Any) -> Any:
        result = await carry_out(request)
        return ToolMessage(result.content.upper(), name=result.name, tool_call_id=result.tool_call_id)

    def fails(request: Any, carry_out: Any) -> Any:
        raise ValueError(request.tool_call["name"])

    yield run(graph_of(lib, flaky, wrap_tool_call=again), calls(flaky={"times": 3})), seen
    given = {"messages": [calls(send={"to": "a"}, post={"to": "b"})]}
    yield run(graph_of(lib, send, wrap_tool_call=unknown), *given["messages"])
    yield told(asyncio.run(graph_of(lib, send, awrap_tool_call=hushed).ainvoke(given, CONFIG)))
    for handled in (True, False, "sorry"):
        graph = graph_of(lib, send, wrap_tool_call=fails, handle_tool_errors=handled)
        yield attempt(partial(run, graph, *given["messages"]))


@PROGRAMS.add
def errors_of_tools(lib: Any) -> Any:
    @tool
    def wrong(amount: int) -> str:
        """Fail."""
        raise ToolException(f"no {amount}")

    def of_tools(error: ToolException) -> str:
        return f"tools: {error}"

    def of_values(error: ValueError | KeyError) -> str:
        return f"values: {error}"

    types: list[Any] = [ToolException, (ValueError, ToolException), ValueError]
    functions: list[Any] = [of_tools, of_values, lambda error: "x"]
    for options in ({}, *({"handle_tool_errors": one} for one in (True, False, "sorry", *types, *functions))):
        graph = graph_of(lib, wrong, send, **options)
        yield attempt(partial(run, graph, calls(wrong={"amount": 1})))
        yield run(graph, calls(wron={}, send={"to": "a"}))
    for options in ({}, {"handle_tool_errors": True}, {"handle_tool_errors": False}):
        graph = graph_of(lib, wrong, **options)
        said = attempt(partial(run, graph, calls(wrong={"amount": "x"})))
        yield said if isinstance(said, str) else ["Error" in said[0][0], "amount" in said[0][0], *said[0][1:]]


class Case(TypedDict, total=False):
    messages: Annotated[list[Any], lambda old, new: [*old, *new]]
    owner: str


@PROGRAMS.add
def what_tools_may_give(lib: Any) -> Any:
    @tool
    def own(x: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Give the case to somebody."""
        said = ToolMessage("given", tool_call_id=tool_call_id)
        return lib.Command(update={"owner": x, "messages": [said]}, goto="after")

    @tool
    def several(tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Give a command and a message."""
        return [lib.Command(update={"owner": "ben"}), ToolMessage("both", tool_call_id=tool_call_id)]

    @tool
    def silent() -> Any:
        """Leave the call open."""
        return lib.Command(update={"owner": "nobody"})

    @tool
    def picture() -> Any:
        """Show."""
        return [{"type": "text", "text": "a picture"}]

    def plain_function(x: int) -> Any:
        """Give a dict."""
        return {"x": x, "é": [1]}

    for called in (
        calls(own={"x": "ana"}, send={"to": "a"}),
        calls(several={}),
        calls(silent={}),
        calls(picture={}, plain_function={"x": 1}),
    ):
        builder = lib.StateGraph(Case)
        node = parts(lib).ToolNode([own, several, silent, picture, plain_function, send])
        builder.add_node("tools", node).add_node("after", lambda state: {"owner": f"{state.get('owner')}!"})
        builder.add_edge(START, "tools")
        stream = builder.compile().stream({"messages": [called]})
        yield attempt(partial(list, map(plain, stream)))


@PROGRAMS.add
def calls_that_a_node_makes_in_a_loop(lib: Any) -> Any:
    """With an id that some models use again and again, and a question afterwards."""

    @tool
    def add(x: int) -> str:
        """Add one."""
        return str(x + 1)

    node = parts(lib).ToolNode([add])

    def loop(state: Any) -> Any:
        answers = [node.invoke({"messages": [calls(add={"x": x})]})["messages"][0] for x in range(3)]
        return {"messages": [*answers, AIMessage(lib.interrupt("right?"))]}

    builder = lib.StateGraph(lib.MessagesState).add_node("loop", loop).add_edge(START, "loop")
    graph = builder.compile(checkpointer=lib.InMemorySaver())
    graph.invoke({"messages": [HumanMessage("go")]}, CONFIG)
    return told(graph.invoke(lib.Command(resume="yes"), CONFIG))


@PROGRAMS.add
def tools_for_sync_and_async_code(lib: Any) -> Any:
    class Both(BaseTool):
        name: str = "both"
        description: str = "Do it."

        def _run(self, x: str) -> str:
            return f"sync {x} {lib.interrupt(x)}"

        async def _arun(self, x: str) -> str:
            return f"async {x} {lib.interrupt(x)}"

    graph = graph_of(lib, Both())
    graph.invoke({"messages": [calls(both={"x": "1"})]}, CONFIG)
    yield told(graph.invoke(lib.Command(resume="yes"), CONFIG))

    async def run_async() -> Any:
        other = {"configurable": {"thread_id": "two"}}
        await graph.ainvoke({"messages": [calls(both={"x": "1"})]}, other)
        return told(await graph.ainvoke(lib.Command(resume="yes"), other))

    yield asyncio.run(run_async())


@PROGRAMS.add
def what_a_model_cannot_make_up(lib: Any) -> Any:
    @tool
    def look(
        x: str,
        owner: Annotated[str, parts(lib).InjectedState("owner")],
        role: Annotated[str, InjectedToolArg] = "guest",
    ) -> str:
        """Look."""
        return f"{x} {owner} {role}"

    @tool
    def lost(owner: Annotated[str | None, parts(lib).InjectedState("nobody")] = None) -> str:
        """Look for what is not there."""
        return f"found {owner}"

    class Given(BaseModel):
        x: str
        case: Annotated[Any, parts(lib).InjectedState]
        call: Annotated[str, InjectedToolCallId]

    @tool(args_schema=Given)
    def by_schema(x: str, case: Any, call: str) -> str:
        """Look, as the schema says."""
        return f"{x} {case['owner']} {call}"

    builder = lib.StateGraph(Case)
    node = parts(lib).ToolNode([look, lost, by_schema])
    builder.add_node("tools", node).add_edge(START, "tools").add_edge("tools", END)
    forged = calls(
        look={"x": "1", "owner": "me", "role": "admin"},
        lost={"owner": "me"},
        by_schema={"x": "2", "case": {"owner": "me"}, "call": "mine"},
    )
    return told(builder.compile().invoke({"messages": [forged], "owner": "ana"}))


@PROGRAMS.add
def several_agents_are_handed_to_at_once(lib: Any) -> Any:
    def hand_to(name: str) -> Any:
        @tool(f"to_{name}")
        def hand(tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
            """Hand over."""
            said = {"messages": [ToolMessage(f"to {name}", tool_call_id=tool_call_id)]}
            return lib.Command(goto=[lib.Send(name, said)], graph=lib.Command.PARENT)

        return hand

    inner = graph_of(lib, hand_to("ana"), hand_to("ben"))
    builder = lib.StateGraph(lib.MessagesState)
    builder.add_node("team", inner, destinations=("ana", "ben")).add_edge(START, "team")
    for name in ("ana", "ben"):
        builder.add_node(
            name, lambda state, name=name: {"messages": [AIMessage(f"{name} {state['messages'][0].content}")]}
        )
    result = builder.compile().invoke({"messages": [calls(to_ana={}, to_ben={})]})
    return plain(result)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
