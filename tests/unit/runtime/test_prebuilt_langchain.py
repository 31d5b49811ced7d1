"""LangChain's chat models, tools and messages in one agent with ours."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import InjectedToolCallId, tool as langchain_tool

from runtime import Command, InMemorySaver, InvalidGraphError, MessagesState, SqliteSaver, interrupt
from runtime.prebuilt import InjectedState, add_human_in_the_loop, create_react_agent, tool
from runtime.types import Config

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}
STAY = {"messages": [HumanMessage("book a stay")]}


class ChatModel(FakeMessagesListChatModel):
    """LangChain's own fake, which says its responses in turn; this one notes what it is given."""

    seen: list[Any] = []  # noqa: RUF012 - a pydantic field
    bound: list[Any] = []  # noqa: RUF012

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        self.bound.append(list(tools))
        return self.bind(tools=tools)

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(messages)
        return super()._generate(messages, *args, **kwargs)


def chat_model(*responses: Any) -> ChatModel:
    return ChatModel(responses=list(responses), seen=[], bound=[])


def says(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    numbered = [{"name": name, "args": args, "id": f"c{place}"} for place, (name, args) in enumerate(calls, start=1)]
    return AIMessage("", tool_calls=numbered)


@langchain_tool
def book_hotel(hotel_name: str) -> str:
    """Book a hotel"""
    return f"Booked {hotel_name}."


@langchain_tool
async def whose(name: str, config: RunnableConfig) -> str:
    """Whose thread is it?"""
    return f"{name}: {config['configurable']['thread_id']}"


def weather(city: str) -> str:
    """Look up the weather."""
    return f"{city}: sunny"


def shown(result: Any) -> list[tuple[str, str]]:
    return [(message.type, message.content) for message in result["messages"]]


async def test_a_chat_model_and_tools_of_both_kinds_work_together() -> None:
    model = chat_model(
        says(("book_hotel", {"hotel_name": "X"}), ("weather", {"city": "Rome"}), ("whose", {"name": "a"})),
        AIMessage("done"),
    )
    agent = create_react_agent(model, [book_hotel, weather, whose], prompt="Be kind.", checkpointer=InMemorySaver())
    result = await agent.ainvoke(STAY, CONFIG)
    assert shown(result)[2:] == [("tool", "Booked X."), ("tool", "Rome: sunny"), ("tool", "a: one"), ("ai", "done")]
    assert [type(message) for message in result["messages"]] == [
        HumanMessage,
        AIMessage,
        ToolMessage,
        ToolMessage,
        ToolMessage,
        AIMessage,
    ]


async def test_the_model_gets_messages_and_tools_of_its_own_kind() -> None:
    model = chat_model(says(("weather", {"city": "Rome"})), AIMessage("done"))
    await create_react_agent(model, [weather, book_hotel], prompt="Be kind.").ainvoke({"messages": "go"})
    ours, theirs = model.bound[0]
    assert (ours.name, ours.description, list(ours.args)) == ("weather", "Look up the weather.", ["city"])
    assert theirs.name == "book_hotel"
    assert [type(message) for message in model.seen[1]] == [SystemMessage, HumanMessage, AIMessage, ToolMessage]
    answer = model.seen[1][-1]
    assert (answer.content, answer.tool_call_id, answer.status) == ("Rome: sunny", "c1", "success")


async def test_a_model_that_is_bound_to_tools_is_not_bound_again() -> None:
    model = chat_model(AIMessage("done"))
    bound = model.bind_tools([{"type": "function", "function": {"name": "weather"}}])
    await create_react_agent(bound, [weather]).ainvoke(STAY)
    assert len(model.bound) == 1


def test_sync_calls_work_too() -> None:
    model = chat_model(says(("book_hotel", {"hotel_name": "X"})), AIMessage("done"))
    assert shown(create_react_agent(model, [book_hotel]).invoke(STAY))[2:] == [("tool", "Booked X."), ("ai", "done")]


@pytest.mark.parametrize("given", [book_hotel, whose])
async def test_a_tool_of_langchains_may_be_reviewed_and_survives_a_restart(given: Any, tmp_path: Path) -> None:
    name = given.name
    args, edited = ({"hotel_name": "X"}, {"hotel_name": "Y"}) if given is book_hotel else ({"name": "a"}, {"name": "b"})
    async with SqliteSaver(tmp_path / "andon.sqlite") as store:
        agent = create_react_agent(chat_model(says((name, args))), [add_human_in_the_loop(given)], checkpointer=store)
        (question,) = (await agent.ainvoke(STAY, CONFIG))["__interrupt__"]
        assert question.value[0]["action_request"] == {"action": name, "args": args}
    async with SqliteSaver(tmp_path / "andon.sqlite") as store:
        agent = create_react_agent(chat_model(AIMessage("done")), [add_human_in_the_loop(given)], checkpointer=store)
        result = await agent.ainvoke(Command(resume=[{"type": "edit", "args": {"args": edited}}]), CONFIG)
    assert shown(result)[2:] == [("tool", "Booked Y." if given is book_hotel else "b: one"), ("ai", "done")]
    assert result["messages"][1] == says((name, args)).model_copy(update={"id": result["messages"][1].id})


async def test_a_tool_that_is_told_its_calls_id_may_command_the_graph() -> None:
    @langchain_tool
    def human_assistance(query: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Ask a human."""
        answer = interrupt({"query": query})
        return Command(update={"messages": [ToolMessage(answer, tool_call_id=tool_call_id)]})

    model = chat_model(says(("human_assistance", {"query": "who?"})), AIMessage("done"))
    agent = create_react_agent(model, [human_assistance], checkpointer=InMemorySaver())
    (question,) = (await agent.ainvoke(STAY, CONFIG))["__interrupt__"]
    assert question.value == {"query": "who?"}
    result = await agent.ainvoke(Command(resume="Ana"), CONFIG)
    assert shown(result)[2:] == [("tool", "Ana"), ("ai", "done")]


async def test_a_tool_may_ask_for_the_state_by_the_class_of_it() -> None:
    @langchain_tool
    def count(state: Annotated[MessagesState, InjectedState]) -> str:
        """Count the messages."""
        return str(len(state["messages"]))

    model = chat_model(says(("count", {})), AIMessage("done"))
    result = await create_react_agent(model, [count]).ainvoke(STAY)
    assert shown(result)[2:] == [("tool", "2"), ("ai", "done")]


@pytest.mark.parametrize("model", [chat_model(AIMessage("done")), lambda _, __: "done"], ids=["langchain", "ours"])
async def test_an_agent_that_has_a_name_signs_what_it_says(model: Any) -> None:
    agent = create_react_agent(model, [], name="booking")
    assert ((await agent.ainvoke(STAY))["messages"][-1].name, agent.name) == ("booking", "booking")


async def test_what_a_tool_lists_is_text_for_the_model() -> None:
    @langchain_tool
    def search(query: str) -> list[str]:
        """Search."""
        return [query, "é"]

    model = chat_model(says(("search", {"query": "x"})), AIMessage("done"))
    result = await create_react_agent(model, [search]).ainvoke(STAY)
    assert shown(result)[2] == ("tool", '["x", "é"]')


async def test_wrong_arguments_go_back_to_the_model() -> None:
    model = chat_model(says(("book_hotel", {"hotel": "X"})), AIMessage("sorry"))
    result = await create_react_agent(model, [book_hotel]).ainvoke(STAY)
    told, said = shown(result)[2:]
    assert "'book_hotel' with kwargs {'hotel': 'X'} with error:\n hotel_name: Field required\n" in told[1]
    assert said == ("ai", "sorry")


@pytest.mark.parametrize("create_tool", [langchain_tool, tool], ids=["langchain", "ours"])
def test_the_guides_own_wrapper_may_keep_langchains_imports(create_tool: Any) -> None:
    def call_tool_with_interrupt(config: RunnableConfig, **tool_input: Any) -> Any:
        response = interrupt([{"action_request": {"action": book_hotel.name, "args": tool_input}, "config": {}}])[0]
        if response["type"] == "edit":
            tool_input = response["args"]["args"]
        return book_hotel.invoke(tool_input, config)

    described = {"description": book_hotel.description, "args_schema": book_hotel.args_schema}
    reviewed = create_tool(book_hotel.name, **described)(call_tool_with_interrupt)
    model = chat_model(says(("book_hotel", {"hotel_name": "X"})), AIMessage("done"))
    agent = create_react_agent(model, [reviewed], checkpointer=InMemorySaver())
    agent.invoke(STAY, CONFIG)
    result = agent.invoke(Command(resume=[{"type": "edit", "args": {"args": {"hotel_name": "Y"}}}]), CONFIG)
    assert shown(result)[2:] == [("tool", "Booked Y."), ("ai", "done")]


def test_our_tools_take_langchains_config() -> None:
    @tool
    def ours(config: Config, also: RunnableConfig) -> bool:
        """Ours."""
        return config is also

    assert ours.schema["properties"] == {}
    assert ours.invoke({}) is True


# Models by name.


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package `langchain` with the one function that is asked of it, in place of the real one if that is there."""
    (tmp_path / "langchain").mkdir()
    (tmp_path / "langchain" / "__init__.py").touch()
    (tmp_path / "langchain" / "chat_models.py").write_text(
        "from langchain_core.language_models.fake_chat_models import FakeListChatModel\n"
        "def init_chat_model(name):\n"
        "    return FakeListChatModel(responses=[f'I am {name}'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    real = forget_langchain()
    yield
    forget_langchain()
    sys.modules.update(real)


def forget_langchain() -> dict[str, ModuleType]:
    """Take the package and its modules out of `sys.modules`; give what was there."""
    names = [name for name in sys.modules if name == "langchain" or name.startswith("langchain.")]
    return {name: sys.modules.pop(name) for name in names}


@pytest.mark.usefixtures("installed")
async def test_a_model_may_be_named() -> None:
    agent = create_react_agent("anthropic:claude", [])
    assert shown(await agent.ainvoke(STAY))[-1] == ("ai", "I am anthropic:claude")


def test_without_langchain_a_named_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("langchain.")]:
        monkeypatch.delitem(sys.modules, name)  # an earlier test may have loaded it
    monkeypatch.setitem(sys.modules, "langchain", None)
    with pytest.raises(
        InvalidGraphError, match=r"'anthropic:claude' needs LangChain: pip install 'andon\[langchain\]'"
    ):
        create_react_agent("anthropic:claude", [])
