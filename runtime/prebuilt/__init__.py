"""Ready-made parts of agents: tools, tools that ask first, and the loop of a model and its tools.

Loads pydantic, and LangChain only when something of LangChain's is handed in or named.
"""

from runtime.prebuilt.agent import create_react_agent
from runtime.prebuilt.models import Model
from runtime.prebuilt.review import (
    ActionRequest,
    HumanInterrupt,
    HumanInterruptConfig,
    HumanResponse,
    add_human_in_the_loop,
)
from runtime.prebuilt.tool_node import ToolNode, tools_condition
from runtime.prebuilt.tools import AnyTool, Tool, tool

__all__ = [
    "ActionRequest",
    "AnyTool",
    "HumanInterrupt",
    "HumanInterruptConfig",
    "HumanResponse",
    "Model",
    "Tool",
    "ToolNode",
    "add_human_in_the_loop",
    "create_react_agent",
    "tool",
    "tools_condition",
]
