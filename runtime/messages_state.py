"""The state of a conversation, and a graph of one.

Apart from the messages, because few programs need what a TypedDict takes on old Pythons.
"""

import sys
from typing import Annotated, Any

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict  # pydantic takes no other in the schema of a tool

from runtime.conversation import add_messages
from runtime.graph.builder import StateGraph


class MessagesState(TypedDict):
    """State of a conversation; extend it with keys of your own."""

    messages: Annotated[list[Any], add_messages]


class MessageGraph(StateGraph):
    """A graph whose state is a list of messages and nothing else. Deprecated by LangGraph: use `MessagesState`."""

    def __init__(self) -> None:
        super().__init__(Annotated[list[Any], add_messages])
