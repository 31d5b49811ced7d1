"""Whole programs with people in them, of the kinds that LangGraph's guides and courses show, in words of our own."""

# mypy: disallow-untyped-decorators=False, disallow-any-decorated=False
# The decorators are those of whichever library a program runs with.

from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool

from tests.contracts.parity.kit import CONFIG, END, START, Programs, plain, unordered
from tests.contracts.parity.test_agents import model, parts
from tests.contracts.parity.test_tools import calls

PROGRAMS = Programs()


def script(*lines: Any) -> Any:
    """A model that says one line after the other."""
    left = iter(lines)
    return lambda _messages: next(left)


def scripted(*lines: Any) -> Any:
    """Make the same of LangChain's."""
    made = model()
    made.messages = iter(lines)
    return made


def conversation(state: Any) -> Any:
    return [
        (one.type, one.content, [call["args"] for call in getattr(one, "tool_calls", [])]) for one in state["messages"]
    ]


def seen(graph: Any, given: Any, *, config: Any = CONFIG) -> Any:
    """What a user sees of a turn: chunks, then where the thread stands."""
    chunks = [plain(chunk) for chunk in graph.stream(given, config, stream_mode="updates")]
    state = graph.get_state(config)
    fresh = [chunk for chunk in chunks if "__metadata__" not in chunk]
    return fresh, state.next, [unordered(task.interrupts) for task in state.tasks], conversation(state.values)


@tool
def weather(city: str) -> str:
    """Look the weather up."""
    return f"sunny in {city}"


@PROGRAMS.add
def calls_of_a_model_are_reviewed_between_it_and_its_tools(lib: Any) -> Any:
    """The reviewer goes on, changes the call in the model's own message, or gives the model feedback."""

    def graph_of(say: Any) -> Any:
        def model(state: Any) -> Any:
            return {"messages": [say(state["messages"])]}

        def review(state: Any) -> Any:
            said = state["messages"][-1]
            call = said.tool_calls[-1]
            answer = lib.interrupt({"question": "Is this right?", "tool_call": call["args"]})
            match answer["action"]:
                case "continue":
                    return lib.Command(goto="run")
                case "update":
                    changed = AIMessage(said.content, id=said.id, tool_calls=[{**call, "args": answer["data"]}])
                    return lib.Command(goto="run", update={"messages": [changed]})
                case _:
                    told = ToolMessage(answer["data"], name=call["name"], tool_call_id=call["id"])
                    return lib.Command(goto="model", update={"messages": [told]})

        def run(state: Any) -> Any:
            return {
                "messages": [
                    ToolMessage(weather.invoke(call["args"]), name=call["name"], tool_call_id=call["id"])
                    for call in state["messages"][-1].tool_calls
                ]
            }

        def route(state: Any) -> str:
            return "review" if state["messages"][-1].tool_calls else END

        builder = lib.StateGraph(lib.MessagesState)
        builder.add_node("model", model).add_node("review", review, destinations=("run", "model")).add_node("run", run)
        builder.add_edge(START, "model").add_conditional_edges("model", route, ["review", END]).add_edge("run", "model")
        return builder.compile(checkpointer=lib.InMemorySaver())

    answers: list[Any] = [
        {"action": "continue"},
        {"action": "update", "data": {"city": "Rome, Italy"}},
        {"action": "feedback", "data": "Say the country, too."},
    ]
    for answer in answers:
        again = [calls(weather={"city": "Rome, Italy"})] if answer["action"] == "feedback" else []
        graph = graph_of(script(calls(weather={"city": "Rome"}), *again, AIMessage("done")))
        yield seen(graph, {"messages": [HumanMessage("How is Rome?")]})
        yield seen(graph, lib.Command(resume=answer))
        if graph.get_state(CONFIG).next:
            yield seen(graph, lib.Command(resume={"action": "continue"}))


@PROGRAMS.add
def people_talk_with_several_agents(lib: Any) -> Any:
    """A node waits for what a person says next, and hands it to the agent that spoke last."""

    def agent(name: str, say: Any) -> Any:
        def node(state: Any) -> Any:
            said = say(state["messages"])
            if said.tool_calls:
                (call,) = said.tool_calls
                told = ToolMessage("handed over", name=call["name"], tool_call_id=call["id"])
                return lib.Command(goto=call["args"]["to"], update={"messages": [said, told]})
            return lib.Command(goto="person", update={"messages": [AIMessage(said.content, name=name)]})

        return node

    def person(state: Any) -> Any:
        words = lib.interrupt("What next?")
        if words == "bye":
            return lib.Command(goto=END)
        last = next(one.name for one in reversed(state["messages"]) if one.type == "ai" and one.name)
        return lib.Command(goto=last, update={"messages": [HumanMessage(words)]})

    travel = script(AIMessage("Rome is nice."), calls(hand={"to": "hotels"}))
    hotels = script(AIMessage("There is the Ritz."), AIMessage("Booked."))
    builder = lib.StateGraph(lib.MessagesState)
    builder.add_node("travel", agent("travel", travel), destinations=("hotels", "person"))
    builder.add_node("hotels", agent("hotels", hotels), destinations=("travel", "person"))
    builder.add_node("person", person, destinations=("travel", "hotels", END)).add_edge(START, "travel")
    graph = builder.compile(checkpointer=lib.InMemorySaver())
    yield seen(graph, {"messages": [HumanMessage("Where to?")]})
    for words in ("And to sleep?", "Book it.", "bye"):
        yield seen(graph, lib.Command(resume=words))


@PROGRAMS.add
def a_supervisor_whose_agents_ask(lib: Any) -> Any:
    """Agents are nodes; their tools ask two people at once, and each answer goes to its own call."""

    @tool
    def book(what: str) -> str:
        """Book."""
        return f"booked {what}: {lib.interrupt({'approve': what})}"

    def expert(name: str, *lines: Any) -> Any:
        return parts(lib).create_react_agent(scripted(*lines), [book], name=name)

    both = AIMessage("", tool_calls=[{"name": "book", "args": {"what": what}, "id": what} for what in ("bed", "bus")])
    builder = lib.StateGraph(lib.MessagesState)
    builder.add_node("desk", lambda state: lib.Command(goto=["hotels", "flights"]), destinations=("hotels", "flights"))
    builder.add_node("hotels", expert("hotels", both, AIMessage("hotel done")))
    builder.add_node("flights", expert("flights", calls(book={"what": "flight"}), AIMessage("flight done")))
    builder.add_node("report", lambda state: {"messages": [AIMessage(f"{len(state['messages'])} messages")]})
    builder.add_edge(START, "desk").add_edge(["hotels", "flights"], "report")
    graph = builder.compile(checkpointer=lib.InMemorySaver())
    yield unordered(graph.invoke({"messages": [HumanMessage("Plan it")]}, CONFIG)["__interrupt__"])
    while questions := graph.get_state(CONFIG).interrupts:
        chosen = min(questions, key=lambda one: str(one.value["approve"]))
        graph.invoke(lib.Command(resume={chosen.id: "yes"}), CONFIG)
        yield unordered(graph.get_state(CONFIG).interrupts)
    yield sorted(conversation(graph.get_state(CONFIG).values)[1:], key=repr)


@PROGRAMS.add
def agents_as_tools_of_an_agent(lib: Any) -> Any:
    """The question of a tool goes through the agent that is itself a tool, and its answer comes back the same way."""

    @tool
    def book(what: str) -> str:
        """Book."""
        return f"booked {lib.interrupt({'approve': what})}"

    def agent(tools: list[Any], *lines: Any, **options: Any) -> Any:
        return parts(lib).create_react_agent(scripted(*lines), tools, **options)

    inner = agent([book], calls(book={"what": "bed"}), AIMessage("slept"))

    @tool
    def travel(request: str) -> str:
        """Travel."""
        said: str = inner.invoke({"messages": [HumanMessage(request)]})["messages"][-1].content
        return said

    outer = agent([travel], calls(travel={"request": "go"}), AIMessage("done"), checkpointer=lib.InMemorySaver())
    yield seen(outer, {"messages": [HumanMessage("Go")]})
    yield seen(outer, lib.Command(resume="Ritz"))


@PROGRAMS.add
def agents_hand_over_to_each_other(lib: Any) -> Any:
    """A tool leaves its agent for another one, with all that was said; who was last active begins the next turn."""

    class Swarm(lib.MessagesState):  # type: ignore[misc]  # of whichever library
        active: str

    def hand_over(to: str) -> Any:
        @tool(f"to_{to}")
        def hand(
            state: Annotated[Any, parts(lib).InjectedState], tool_call_id: Annotated[str, InjectedToolCallId]
        ) -> Any:
            """Hand over."""
            told = ToolMessage(f"to {to}", name=f"to_{to}", tool_call_id=tool_call_id)
            said = {"messages": [*state["messages"], told], "active": to}
            return lib.Command(goto=to, graph=lib.Command.PARENT, update=said)

        return hand

    @tool
    def refund(amount: int) -> str:
        """Refund."""
        return f"refunded {amount}: {lib.interrupt({'refund': amount})}"

    builder = lib.StateGraph(Swarm)
    lines = {"ana": [calls(to_ben={})], "ben": [calls(refund={"amount": 5}), AIMessage("done"), AIMessage("bye")]}
    for name, other in (("ana", "ben"), ("ben", "ana")):
        agent = parts(lib).create_react_agent(scripted(*lines[name]), [refund, hand_over(other)], name=name)
        builder.add_node(name, agent, destinations=(other,))
    builder.add_conditional_edges(START, lambda state: state.get("active") or "ana", ["ana", "ben"])
    graph = builder.compile(checkpointer=lib.InMemorySaver())
    yield seen(graph, {"messages": [HumanMessage("Money back")]})
    yield seen(graph, lib.Command(resume="yes"))
    yield seen(graph, {"messages": [HumanMessage("Thanks")]})


@PROGRAMS.add
def an_assistant_with_an_inbox(lib: Any) -> Any:
    """Calls of a model are gone through one by one in a node; some of them are put into an inbox first."""

    def inbox(call: Any) -> Any:
        config = {"allow_ignore": True, "allow_respond": True, "allow_edit": True, "allow_accept": True}
        request = {"action_request": {"action": call["name"], "args": call["args"]}, "config": config}
        return lib.interrupt([{**request, "description": f"# {call['name']}"}])[0]

    @tool
    def write_email(to: str, text: str) -> str:
        """Write."""
        return f"sent {text!r} to {to}"

    known = {one.name: one for one in (write_email, weather)}
    first = calls(weather={"city": "Rome"}, write_email={"to": "ana", "text": "hi"})
    say = script(first, calls(write_email={"to": "ben", "text": "hello"}), AIMessage("done"))

    def handle(state: Any) -> Any:
        said = state["messages"][-1]
        result: list[Any] = []
        for call in said.tool_calls:
            if call["name"] == "weather":
                result.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
                continue
            answer = inbox(call)
            match answer["type"]:
                case "accept":
                    text = known[call["name"]].invoke(call["args"])
                case "edit":
                    edited = answer["args"]["args"]
                    kept = [one if one["id"] != call["id"] else {**one, "args": edited} for one in said.tool_calls]
                    result.append(said.model_copy(update={"tool_calls": kept}))
                    text = known[call["name"]].invoke(edited)
                case "ignore":
                    told = ToolMessage("The user ignored this.", tool_call_id=call["id"])
                    return lib.Command(goto=END, update={"messages": [*result, told]})
                case _:
                    text = f"The user said: {answer['args']}"
            result.append(ToolMessage(text, tool_call_id=call["id"]))
        return lib.Command(goto="model", update={"messages": result})

    builder = lib.StateGraph(lib.MessagesState)
    builder.add_node("model", lambda state: {"messages": [say(state["messages"])]})
    builder.add_node("handle", handle, destinations=("model", END)).add_edge(START, "model")
    builder.add_conditional_edges("model", lambda state: "handle" if state["messages"][-1].tool_calls else END)
    graph = builder.compile(checkpointer=lib.InMemorySaver())
    edited = {"action": "write_email", "args": {"to": "ana", "text": "dear Ana"}}
    yield seen(graph, {"messages": [HumanMessage("mail")]})
    yield seen(graph, lib.Command(resume=[{"type": "edit", "args": edited}]))
    yield seen(graph, lib.Command(resume=[{"type": "response", "args": "shorter"}]))


@PROGRAMS.add
def a_call_is_changed_at_a_breakpoint(lib: Any) -> Any:
    """Without a question: stop in front of the tools, look, change the state, go on; or answer in the tools' place."""
    for as_node in (None, "tools"):
        say = script(calls(weather={"city": "Rome"}), AIMessage("done"))
        builder = lib.StateGraph(lib.MessagesState)
        builder.add_node("model", lambda state, say=say: {"messages": [say(state["messages"])]})
        builder.add_node("tools", parts(lib).ToolNode([weather])).add_edge(START, "model").add_edge("tools", "model")
        builder.add_conditional_edges("model", parts(lib).tools_condition)
        graph = builder.compile(checkpointer=lib.InMemorySaver(), interrupt_before=["tools"])
        graph.invoke({"messages": [HumanMessage("How is it?")]}, CONFIG)
        state = graph.get_state(CONFIG)
        yield state.next, conversation(state.values)
        said = state.values["messages"][-1]
        changed: Any = said.model_copy(update={"tool_calls": [{**said.tool_calls[0], "args": {"city": "Oslo"}}]})
        if as_node:
            changed = ToolMessage("no idea", name="weather", tool_call_id=said.tool_calls[0]["id"])
        graph.update_state(CONFIG, {"messages": [changed]}, as_node=as_node)
        yield graph.get_state(CONFIG).next, conversation(graph.invoke(None, CONFIG))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_the_same_with_both_libraries(name: str) -> None:
    PROGRAMS.say_the_same(name)
