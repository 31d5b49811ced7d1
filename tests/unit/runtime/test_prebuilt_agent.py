"""The loop of a model and its tools, with models that follow a script."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from runtime import (
    Command,
    CompiledGraph,
    InMemorySaver,
    InvalidAnswerError,
    InvalidGraphError,
    InvalidUpdateError,
    Message,
    MessagesState,
    SqliteSaver,
    add_messages,
    interrupt,
)
from runtime.prebuilt import Tool, ToolNode, add_human_in_the_loop, create_react_agent, tool
from runtime.types import Config

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
STAY = {"messages": [{"role": "user", "content": "book a stay at McKittrick hotel"}]}
ACCEPT = [{"type": "accept"}]


@pytest.fixture(autouse=True)
def _without_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that has not loaded LangChain, whatever other tests have."""
    monkeypatch.delitem(sys.modules, "langchain_core.messages", raising=False)


def says(*calls: tuple[str, dict[str, Any]]) -> Message:
    """What a model says to call tools."""
    numbered = [{"name": name, "args": args, "id": f"c{place}"} for place, (name, args) in enumerate(calls, start=1)]
    return Message(type="ai", content="", tool_calls=numbered)


@dataclass
class Script:
    """A model that says these things in turn, and notes what it got to read."""

    lines: Sequence[Any]
    read: list[list[Any]] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)

    async def __call__(self, messages: list[Any], tools: list[Tool]) -> Any:
        self.read.append(messages)
        self.tools = tools
        return self.lines[len(self.read) - 1]


def agent_of(tools: Sequence[Any], *lines: Any, **options: Any) -> CompiledGraph:
    return create_react_agent(Script(lines), tools, **{"checkpointer": InMemorySaver(), **options})


def shown(result: Any) -> list[tuple[str, str]]:
    return [(message.type, message.content) for message in result["messages"]]


def book_hotel(hotel_name: str) -> str:
    """Book a hotel"""
    return f"Successfully booked a stay at {hotel_name}."


def check_weather(city: str) -> str:
    """Look up the weather."""
    return f"{city}: sunny"


BOOK = says(("book_hotel", {"hotel_name": "McKittrick hotel"}))


# The guide's examples.


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"type": "accept"}, "Successfully booked a stay at McKittrick hotel."),
        (
            {"type": "edit", "args": {"hotel_name": "McKittrick Hotel"}},
            "Successfully booked a stay at McKittrick Hotel.",
        ),
    ],
)
def test_a_tool_may_ask_by_itself(answer: Any, outcome: str) -> None:
    def book_hotel(hotel_name: str) -> str:
        """Book a hotel"""
        response = interrupt(f"Trying to call `book_hotel` with args {{'hotel_name': {hotel_name}}}.")
        if response["type"] == "edit":
            hotel_name = response["args"]["hotel_name"]
        elif response["type"] != "accept":
            raise ValueError(f"Unknown response type: {response['type']}")
        return f"Successfully booked a stay at {hotel_name}."

    agent = agent_of([book_hotel], BOOK, "done")
    chunks = list(agent.stream(STAY, CONFIG))
    assert [list(chunk) for chunk in chunks] == [["agent"], ["__interrupt__"]]
    chunks = list(agent.stream(Command(resume=answer), CONFIG))
    assert [list(chunk) for chunk in chunks] == [["tools"], ["agent"]]
    assert shown(chunks[0]["tools"]) == [("tool", outcome)]
    assert shown(chunks[1]["agent"]) == [("ai", "done")]


@pytest.mark.parametrize(
    ("answer", "hotel"),
    [
        ([{"type": "accept"}], "McKittrick hotel"),
        ([{"type": "edit", "args": {"args": {"hotel_name": "McKittrick Hotel"}}}], "McKittrick Hotel"),
    ],
)
def test_any_tool_may_be_made_to_ask(answer: Any, hotel: str) -> None:
    agent = agent_of([add_human_in_the_loop(book_hotel)], BOOK, "done")
    for _ in agent.stream(STAY, CONFIG):
        pass
    (question,) = agent.get_state(CONFIG).interrupts
    assert question.value[0]["action_request"] == {"action": "book_hotel", "args": {"hotel_name": "McKittrick hotel"}}
    first, _ = agent.stream(Command(resume=answer), CONFIG)
    assert shown(first["tools"]) == [("tool", f"Successfully booked a stay at {hotel}.")]


@pytest.mark.parametrize("answer", [ACCEPT, [{"type": "edit", "args": {"args": {"hotel_name": "McKittrick hotel"}}}]])
def test_the_guides_own_wrapper_works_with_its_imports_swapped(answer: Any) -> None:
    def with_review(given: Callable[..., Any] | Tool) -> Tool:
        wrapped = given if isinstance(given, Tool) else tool(given)

        @tool(wrapped.name, description=wrapped.description, args_schema=wrapped.args_schema)
        def call_tool_with_interrupt(config: Config, **tool_input: Any) -> Any:
            request = {"action_request": {"action": wrapped.name, "args": tool_input}, "config": {"allow_accept": True}}
            response = interrupt([request])[0]
            if response["type"] == "edit":
                tool_input = response["args"]["args"]
            return wrapped.invoke(tool_input, config)

        return call_tool_with_interrupt

    agent = agent_of([with_review(book_hotel)], BOOK, "done")
    agent.invoke(STAY, CONFIG)
    result = agent.invoke(Command(resume=answer), CONFIG)
    assert shown(result)[-2:] == [("tool", "Successfully booked a stay at McKittrick hotel."), ("ai", "done")]


# Calls side by side.

TWO = says(
    ("book_hotel", {"hotel_name": "A"}), ("check_weather", {"city": "Rome"}), ("book_hotel", {"hotel_name": "B"})
)


def reviewed_and_counted(runs: list[str]) -> list[Any]:
    def counted_hotel(hotel_name: str) -> str:
        """Book a hotel"""
        runs.append(hotel_name)
        return book_hotel(hotel_name)

    def counted_weather(city: str) -> str:
        """Look up the weather."""
        runs.append(city)
        return check_weather(city)

    return [
        add_human_in_the_loop(tool("book_hotel")(counted_hotel)),
        tool("check_weather")(counted_weather),
    ]


def ids_by_hotel(result: Any) -> dict[str, str]:
    return {
        question.value[0]["action_request"]["args"]["hotel_name"]: question.id for question in result["__interrupt__"]
    }


OUTCOME = [
    ("tool", "Successfully booked a stay at A."),
    ("tool", "Rome: sunny"),
    ("tool", "Successfully booked a stay at B."),
    ("ai", "done"),
]


async def test_parallel_calls_ask_in_parallel_and_one_map_answers_them() -> None:
    runs: list[str] = []
    agent = agent_of(reviewed_and_counted(runs), TWO, "done")
    asked = ids_by_hotel(await agent.ainvoke(STAY, CONFIG))
    result = await agent.ainvoke(Command(resume=dict.fromkeys(asked.values(), ACCEPT)), CONFIG)
    assert shown(result)[2:] == OUTCOME
    assert sorted(runs) == ["A", "B", "Rome"]


@pytest.mark.parametrize("order", ["AB", "BA"])
async def test_answers_may_come_one_by_one_with_restarts_between(order: str, tmp_path: Path) -> None:
    """Each call runs once, after its own answer, and the messages keep the order of the calls."""
    runs: list[str] = []

    def started(store: SqliteSaver, *lines: Any) -> CompiledGraph:
        return agent_of(reviewed_and_counted(runs), *lines, checkpointer=store)

    async with SqliteSaver(tmp_path / "andon.sqlite") as store:
        asked = ids_by_hotel(await started(store, TWO).ainvoke(STAY, CONFIG))
    async with SqliteSaver(tmp_path / "andon.sqlite") as store:
        left = await started(store).ainvoke(Command(resume={asked[order[0]]: ACCEPT}), CONFIG)
        assert list(ids_by_hotel(left)) == [order[1]]
    async with SqliteSaver(tmp_path / "andon.sqlite") as store:
        result = await started(store, "done").ainvoke(Command(resume=ACCEPT), CONFIG)
    assert shown(result)[2:] == OUTCOME
    assert runs == ["Rome", *order]


async def test_calls_run_side_by_side() -> None:
    met = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        """Meet."""
        await met.wait()
        return name

    agent = agent_of([meet], says(("meet", {"name": "a"}), ("meet", {"name": "b"})), "done")
    async with asyncio.timeout(5):
        result = await agent.ainvoke(STAY, CONFIG)
    assert shown(result)[2:4] == [("tool", "a"), ("tool", "b")]


# What goes wrong.


def broken(city: str) -> str:
    """Break."""
    raise LookupError(f"no such city: {city}")


async def test_the_model_may_mend_its_calls_and_what_else_it_is_told_of() -> None:
    script = Script([says(("broken", {"city": "X"}), ("broken", {"town": "X"}), ("brokn", {})), "sorry"])
    result = await create_react_agent(script, ToolNode([broken], handle_tool_errors=True)).ainvoke(STAY)
    answers = result["messages"][2:5]
    assert [message.status for message in answers] == ["error"] * 3
    assert answers[0].content == "Error: LookupError('no such city: X')\n Please fix your mistakes."
    assert "'broken' with kwargs {'town': 'X'} with error:\\n city: Field required\\ntown: Extra" in answers[1].content
    assert answers[2].content == "Error: brokn is not a valid tool, try one of [broken]."
    assert [message.tool_call_id for message in answers] == ["c1", "c2", "c3"]
    assert script.read[1] == result["messages"][:5]


async def test_a_tool_that_fails_fails_the_run() -> None:
    agent = agent_of([broken], says(("broken", {"city": "X"})), "done")
    for given in (STAY, None):
        with pytest.raises(LookupError, match="no such city"):
            await agent.ainvoke(given, CONFIG)


async def test_a_refused_answer_is_the_callers_to_mend_and_not_the_models() -> None:
    def order(item: str) -> str:
        """Order."""
        count = interrupt(f"How many {item}?", response_schema=int)
        return f"{count} {item}"

    agent = agent_of([order], says(("order", {"item": "cups"})), "done")
    await agent.ainvoke(STAY, CONFIG)
    with pytest.raises(InvalidAnswerError):
        await agent.ainvoke(Command(resume="many"), CONFIG)
    assert shown(await agent.ainvoke(Command(resume=3), CONFIG))[2:] == [("tool", "3 cups"), ("ai", "done")]


async def test_a_tool_cannot_swallow_a_question() -> None:
    def careless(item: str) -> str:
        """Order."""
        try:
            return str(interrupt(item))
        except Exception:  # noqa: BLE001 - that is the point
            return "swallowed"

    agent = agent_of([careless], says(("careless", {"item": "cups"})), "done")
    assert (await agent.ainvoke(STAY, CONFIG))["__interrupt__"][0].value == "cups"


async def test_calls_that_people_moved_on_from_are_answered_for_the_model() -> None:
    script = Script([TWO, "fine"])
    agent = create_react_agent(script, reviewed_and_counted([]), checkpointer=InMemorySaver())
    await agent.ainvoke(STAY, CONFIG)
    result = await agent.ainvoke({"messages": "never mind"}, CONFIG)
    assert [kind for kind, _ in shown(result)] == ["human", "ai", "tool", "human", "ai"]
    read = [(message.type, message.tool_call_id) for message in script.read[1]]
    assert read == [("human", None), ("ai", None), ("tool", "c1"), ("tool", "c3"), ("tool", "c2"), ("human", None)]
    assert script.read[1][2].content == "book_hotel was not run: the conversation went on without it."


# Models.


@pytest.mark.parametrize(
    "said",
    [
        "done",
        ("assistant", "done"),
        {"role": "assistant", "content": "done"},
        Message(type="ai", content="done"),
    ],
)
async def test_a_model_may_answer_in_any_shape_of_a_message(said: Any) -> None:
    assert shown(await agent_of([], said).ainvoke(STAY, CONFIG))[-1] == ("ai", "done")


async def test_calls_may_come_as_openai_sends_them() -> None:
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "check_weather", "arguments": '{"city": "Rome"}'}},
        {"id": "c2", "type": "function", "function": {"name": "check_weather", "arguments": "{oops"}},
    ]
    agent = agent_of([check_weather], {"role": "assistant", "content": None, "tool_calls": calls}, "done")
    _, _, good, bad, _ = (await agent.ainvoke(STAY, CONFIG))["messages"]
    assert good.content == "Rome: sunny"
    assert (bad.tool_call_id, bad.status) == ("c2", "error")


async def test_calls_without_ids_get_some() -> None:
    calls = [{"name": "check_weather", "args": {"city": city}} for city in ("Rome", "Oslo")]
    script = Script([Message(type="ai", content="", tool_calls=calls), "done"])
    result = await create_react_agent(script, [check_weather]).ainvoke(STAY)
    assert shown(result)[2:4] == [("tool", "Rome: sunny"), ("tool", "Oslo: sunny")]
    assert len({message.tool_call_id for message in result["messages"][2:4]}) == 2
    assert len(script.read[1]) == 4


async def test_a_model_that_speaks_for_somebody_else_is_refused() -> None:
    with pytest.raises(InvalidUpdateError, match="'human' message"):
        await agent_of([], {"role": "user", "content": "x"}).ainvoke(STAY, CONFIG)


def test_a_sync_function_is_a_model_too_and_gets_the_tools() -> None:
    def model(messages: list[Any], tools: list[Tool]) -> str:
        return f"{len(messages)} message, {tools[0].name} {tools[0].schema['required']}"

    agent = create_react_agent(model, [book_hotel])
    assert shown(agent.invoke(STAY))[-1] == ("ai", "1 message, book_hotel ['hotel_name']")


@pytest.mark.parametrize("model", [None, 7, object()])
def test_what_is_no_model_is_refused(model: Any) -> None:
    with pytest.raises(InvalidGraphError, match="is no model: give a function"):
        create_react_agent(model, [])


# Settings.


async def moody(state: Any) -> list[Any]:
    return [("system", f"You are {state['mood']}."), *state["messages"]]


class Moody(MessagesState):
    mood: str


@pytest.mark.parametrize(
    "prompt", ["You are kind.", {"role": "system", "content": "You are kind."}, ("system", "You are kind."), moody]
)
async def test_a_prompt_stands_first_and_is_not_stored(prompt: Any) -> None:
    script = Script(["hi"])
    agent = create_react_agent(script, [], prompt=prompt, state_schema=Moody)
    result = await agent.ainvoke({**STAY, "mood": "kind"})
    assert [(message.type, message.content) for message in script.read[0]][:1] == [("system", "You are kind.")]
    assert [kind for kind, _ in shown(result)] == ["human", "ai"]


def test_tools_may_command_the_graph() -> None:
    def remember(name: str) -> Command[Any]:
        """Remember."""
        told = Message(type="tool", content="noted", tool_call_id="c1")
        return Command(update={"mood": name, "messages": [told]})

    agent = agent_of([remember], says(("remember", {"name": "glad"})), "done", state_schema=Moody)
    result = agent.invoke({**STAY, "mood": "kind"}, CONFIG)
    assert (result["mood"], shown(result)[2:]) == ("glad", [("tool", "noted"), ("ai", "done")])


class ModelState(BaseModel):
    messages: Annotated[list[Any], add_messages]
    mood: str = ""


def test_the_state_may_be_a_model() -> None:
    agent = agent_of([check_weather], says(("check_weather", {"city": "Rome"})), "done", state_schema=ModelState)
    assert shown(agent.invoke(STAY, CONFIG))[2:] == [("tool", "Rome: sunny"), ("ai", "done")]


def test_a_state_without_messages_is_refused() -> None:
    class Bare(BaseModel):
        mood: str

    with pytest.raises(InvalidGraphError, match="Bare needs the key 'messages'"):
        agent_of([], state_schema=Bare)


def test_a_form_for_the_answer_needs_a_model_and_a_state_that_take_it() -> None:
    class Form(BaseModel):
        mood: str

    with pytest.raises(InvalidGraphError, match="response_format needs a LangChain chat model"):
        agent_of([], response_format=Form)
    with pytest.raises(InvalidGraphError, match="MessagesState needs the key 'structured_response'"):
        agent_of([], response_format=Form, state_schema=MessagesState)


def test_a_tool_of_ours_may_answer_for_the_model() -> None:
    direct = tool(return_direct=True)(check_weather)
    for given in (direct, add_human_in_the_loop(direct)):
        agent = agent_of([given], says(("check_weather", {"city": "Oslo"})), "never said")
        result = agent.invoke(STAY, CONFIG)
        result = agent.invoke(Command(resume=ACCEPT), CONFIG) if "__interrupt__" in result else result
        assert shown(result)[-1] == ("tool", "Oslo: sunny")


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidGraphError, match="two tools are named 'book_hotel'"):
        agent_of([book_hotel, add_human_in_the_loop(book_hotel)])


@pytest.mark.parametrize("moment", ["interrupt_before", "interrupt_after"])
def test_breakpoints_and_name_are_passed_on(moment: str) -> None:
    agent = agent_of([book_hotel], BOOK, "done", name="booker", **{moment: ["tools"]})
    assert agent.name == "booker"
    paused = agent.invoke(STAY, CONFIG)
    assert paused["__interrupt__"] == []
    assert len(paused["messages"]) == (2 if moment == "interrupt_before" else 3)
    assert shown(agent.invoke(None, CONFIG))[-1] == ("ai", "done")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_nothing_heavy_is_loaded_before_it_is_asked_for() -> None:
    assert not {"runtime.prebuilt", "pydantic"} & loaded_by("import runtime")
    assert "langchain_core" not in loaded_by("import runtime.prebuilt")


async def test_a_cancelled_call_waits_for_a_sync_tool_and_keeps_what_it_did() -> None:
    runs: list[str] = []
    started, finish = threading.Event(), threading.Event()

    def slow(item: str) -> str:
        """Order."""
        started.set()
        assert finish.wait(10)
        runs.append(item)
        return f"ordered {item}"

    agent = agent_of([slow], says(("slow", {"item": "cups"})), "done")
    running = asyncio.create_task(agent.ainvoke(STAY, CONFIG))
    await asyncio.to_thread(started.wait, 10)
    running.cancel()
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert shown(await agent.ainvoke(None, CONFIG))[2:] == [("tool", "ordered cups"), ("ai", "done")]
    assert runs == ["cups"]


def test_a_sync_call_runs_a_lone_sync_tool_in_place() -> None:
    def where() -> int:
        """Where."""
        return threading.get_ident()

    result = agent_of([where], says(("where", {})), "done").invoke(STAY, CONFIG)
    assert shown(result)[2] == ("tool", str(threading.get_ident()))
