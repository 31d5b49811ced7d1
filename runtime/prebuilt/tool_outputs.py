"""What tools gave: each call has its one answer, and what goes on from there is put together."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from runtime.conversation import REMOVE_ALL_MESSAGES
from runtime.types import Command, Send


def answered(output: Any, call: Mapping[str, Any], key: str) -> Any:
    """Return a tool's message, command, or list of these, named after the tool.

    Raises `ValueError` where the call would stay open in this graph, or have two answers: models refuse such a
    conversation.
    """
    parts = output if isinstance(output, list) else [output]
    answers = [message for part in parts for message in _messages_in(part, key) if _answers(message, call)]
    for message in answers:
        message.name = message.name or call["name"]
    needed = isinstance(output, list) or _changes_this_graph(output, key)
    if (needed and not answers) or (isinstance(output, list) and len(answers) > 1):
        raise ValueError(
            f"tool {call['name']!r} gave {len(answers)} messages with tool_call_id={call['id']!r}: its call needs one"
            f" answer and no more, also in Command(update={{{key!r}: […]}})"
        )
    return output


def combined(parts: Iterable[Any], key: str, *, listed: bool) -> Any:
    """Return messages in the shape they came in, and commands among updates; sends to the graph above as one."""
    parts = _with_sends_joined(parts)
    if any(isinstance(part, Command) for part in parts):
        return [part if isinstance(part, Command) else _shaped([part], key, listed=listed) for part in parts]
    return _shaped(parts, key, listed=listed)


def _shaped(messages: list[Any], key: str, *, listed: bool) -> Any:
    return messages if listed else {key: messages}


def _with_sends_joined(parts: Iterable[Any]) -> list[Any]:
    """Make one of the commands that only send to the graph above: it takes one from a node."""
    kept: list[Any] = []
    sends: list[Any] = []
    for part in parts:
        (sends if _sends_above(part) else kept).append(part)
    goto = [send for command in sends for send in command.goto]
    return [*kept, replace(sends[0], goto=goto)] if sends else kept


def _sends_above(part: Any) -> bool:
    if not isinstance(part, Command) or part.graph != Command.PARENT or part.update:
        return False
    return isinstance(part.goto, list) and all(isinstance(target, Send) for target in part.goto)


def _messages_in(part: Any, key: str) -> list[Any]:
    if not isinstance(part, Command):
        return [part]
    found = part.update.get(key, []) if isinstance(part.update, Mapping) else part.update
    return found if isinstance(found, list) else []


def _answers(message: Any, call: Mapping[str, Any]) -> bool:
    return bool(getattr(message, "tool_call_id", None) == call["id"])


def _changes_this_graph(part: Any, key: str) -> bool:
    """Whether this is a command that writes here, unless what it does is to clear the conversation."""
    if not isinstance(part, Command) or part.graph is not None or not isinstance(part.update, (Mapping, list)):
        return False
    return [getattr(message, "id", None) for message in _messages_in(part, key)] != [REMOVE_ALL_MESSAGES]
