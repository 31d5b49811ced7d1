"""What type checkers make of programs with `runtime.prebuilt`; mypy reads this, nothing runs it."""

from collections.abc import Callable
from typing import Any, assert_type

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool

from runtime import CompiledGraph, Message
from runtime.prebuilt import HumanInterruptConfig, Tool, add_human_in_the_loop, create_react_agent, tool


def search(query: str) -> str:
    """Search."""
    return query


@tool
def bare(query: str) -> str:
    """Search."""
    return query


@tool("search", description="Search the web")
async def named(query: str) -> str:
    return query


async def model(messages: list[Any], tools: list[Tool]) -> Message:
    return Message(type="ai", content=f"{len(messages)} {len(tools)}")


def programs(chat_model: BaseChatModel, foreign: BaseTool) -> None:
    config: HumanInterruptConfig = {"allow_accept": True}
    assert_type(tool(search), Tool)
    assert_type(tool("search"), Callable[[Callable[..., Any]], Tool])
    assert_type(bare, Tool)
    assert_type(named, Tool)
    assert_type(add_human_in_the_loop(foreign, interrupt_config=config), Tool)
    assert_type(add_human_in_the_loop(search), Tool)
    assert_type(create_react_agent(model, [search, bare, foreign]), CompiledGraph)
    assert_type(create_react_agent(chat_model, [], prompt="Be kind."), CompiledGraph)
    create_react_agent(model, [1])  # type: ignore[list-item]  # no tool
    add_human_in_the_loop(search, interrupt_config={"allow_reject": True})  # type: ignore[arg-type]  # no such answer
