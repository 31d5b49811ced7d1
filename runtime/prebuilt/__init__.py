"""Ready-made parts of agents: tools, tools that ask first, and the loop of a model and its tools.

Loads pydantic, and LangChain only when something of LangChain's is handed in or named.
"""

from typing import TYPE_CHECKING, Any

from runtime.prebuilt.agent import create_react_agent
from runtime.prebuilt.models import Model
from runtime.prebuilt.review import (
    ActionRequest,
    HumanInterrupt,
    HumanInterruptConfig,
    HumanResponse,
    add_human_in_the_loop,
)
from runtime.prebuilt.states import (
    AgentState,
    AgentStatePydantic,
    AgentStateWithStructuredResponse,
    AgentStateWithStructuredResponsePydantic,
    StructuredResponse,
)
from runtime.prebuilt.tool_calls import tools_condition
from runtime.prebuilt.tool_errors import ToolInvocationError
from runtime.prebuilt.tool_node import ToolNode
from runtime.prebuilt.tool_requests import AsyncToolCallWrapper, ToolCallRequest, ToolCallWrapper
from runtime.prebuilt.tools import AnyTool, Tool, tool

if TYPE_CHECKING:
    from runtime.prebuilt.injected import InjectedState, InjectedStore, InjectedToolCallId, ToolRuntime

__all__ = [
    "ActionRequest",
    "AgentState",
    "AgentStatePydantic",
    "AgentStateWithStructuredResponse",
    "AgentStateWithStructuredResponsePydantic",
    "AnyTool",
    "AsyncToolCallWrapper",
    "HumanInterrupt",
    "HumanInterruptConfig",
    "HumanResponse",
    "InjectedState",
    "InjectedStore",
    "InjectedToolCallId",
    "Model",
    "StructuredResponse",
    "Tool",
    "ToolCallRequest",
    "ToolCallWrapper",
    "ToolInvocationError",
    "ToolNode",
    "ToolRuntime",
    "add_human_in_the_loop",
    "create_react_agent",
    "tool",
    "tools_condition",
]


def __getattr__(name: str) -> Any:
    if name not in {"InjectedState", "InjectedStore", "InjectedToolCallId", "ToolRuntime"}:
        raise AttributeError(f"module 'runtime.prebuilt' has no attribute {name!r}")
    from runtime.prebuilt import injected  # noqa: PLC0415 - loads LangChain where it is installed

    return getattr(injected, name)
