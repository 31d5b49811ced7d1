"""Which calls a tools' node has to carry out, read from whatever it was given, and the router that leads there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.prebuilt.tools import CALL

CALL_AND_STATE = "tool_call_with_context"
"""Type of a call that was sent with the state it was made in, as agents of LangGraph's do it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a tools' node."""

    calls: list[Any]
    state: Any
    """What the tools may ask for; None: the state of the graph."""
    sent: bool
    """Whether the calls came in place of a state."""
    listed: bool = False
    """Whether messages came in place of a state, and are to come back as such."""


def turn_of(given: Any, key: str) -> Turn:
    """Read calls, a state or a list of messages. Raises `ValueError` for a conversation in which no model spoke."""
    if isinstance(given, Mapping) and given.get("__type") == CALL_AND_STATE:
        return Turn([given["tool_call"]], given["state"], sent=True)
    calls = given if isinstance(given, list) else [given]
    if calls and isinstance(calls[-1], Mapping) and calls[-1].get("type") == CALL:
        return Turn(calls, None, sent=True)
    listed = isinstance(given, list)
    messages = given if listed else messages_of(given, key)
    for message in reversed(messages):
        if message.type in {"ai", "AIMessageChunk"}:
            return Turn(calls_of(message), given, sent=False, listed=listed)
    raise ValueError(f"No AIMessage found in input: the tools' node runs what a model called in {key!r}")


def tools_condition(state: Any, messages_key: str = "messages") -> Literal["tools", "__end__"]:
    """Route to `tools` when the last message calls any, else to the end. Raises `ValueError` without a message."""
    messages = state if isinstance(state, list) else messages_of(state, messages_key)
    if not messages:
        raise ValueError(f"No messages found in input state to tool_edge: {state}")
    return "tools" if calls_of(messages[-1]) else "__end__"


def messages_of(state: Any, key: str = "messages") -> list[Any]:
    """Return the messages of a state of any shape."""
    found: list[Any] = state.get(key, []) if isinstance(state, Mapping) else getattr(state, key, [])
    return found


def calls_of(message: Any) -> list[dict[str, Any]]:
    """Return the calls of a message, each with an id: some models give none."""
    calls = getattr(message, "tool_calls", None) or []
    return [
        {"type": CALL, "name": call["name"], "args": call["args"], "id": call.get("id") or f"{message.id}:{place}"}
        for place, call in enumerate(calls)
    ]
