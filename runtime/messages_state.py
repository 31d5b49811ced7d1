"""The state of a conversation, apart from the messages: few programs need what a TypedDict takes on old Pythons."""

import sys
from typing import Annotated, Any

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict  # pydantic takes no other in the schema of a tool

from runtime.conversation import add_messages


class MessagesState(TypedDict):
    """State of a conversation; extend it with keys of your own."""

    messages: Annotated[list[Any], add_messages]
