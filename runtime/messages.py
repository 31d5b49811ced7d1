"""A light message type, and what else is taken for a message.

Anything that looks like a message is taken: our own `Message`, a dict with `role` or `type`, a `(role, text)` pair, a
string, or an object with `type` and `content` such as LangChain's (kept as it is). In a program that has loaded
LangChain's messages everything becomes one of those, since its models and `isinstance` know nothing else; a key that is
annotated `list[Message]` keeps ours.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias
from uuid import uuid4

from runtime.errors import InvalidUpdateError

ROLES: Final = {"user": "human", "assistant": "ai", "system": "system", "tool": "tool", "remove": "remove"}


@dataclass(slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    type: str
    """`human`, `ai`, `system` or `tool`."""
    content: Any
    """Text, or a list of content blocks."""
    id: str | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    """`{"name", "args", "id"}` each; only on messages of a model."""
    tool_call_id: str | None = None
    """The call that a `tool` message answers."""
    status: str | None = None
    """`success` or `error`, on tool messages."""

    @staticmethod
    def columns(messages: "Sequence[Message]") -> dict[str, list[Any]]:
        """Return the values of each field, those fields left out that have their default in all messages."""
        columns = {name: list(map(attrgetter(name), messages)) for name in Message.__slots__}
        return {name: column for name, column in columns.items() if not _is_unset(name, column)}

    @staticmethod
    def of_columns(**columns: list[Any]) -> "list[Message]":
        """Make messages of the values of their fields; those that are not given have their default."""
        made = []
        new = object.__new__  # a third of the constructor's time, and there may be thousands
        rows = zip(*[columns.get(name) or _DEFAULTS[name] for name in Message.__slots__], strict=False)
        for kind, content, own_id, name, tool_calls, tool_call_id, status in rows:
            message = new(Message)
            message.type, message.content, message.id, message.name = kind, content, own_id, name
            message.tool_calls, message.tool_call_id, message.status = tool_calls, tool_call_id, status
            made.append(message)
        return made

    @property
    def role(self) -> str:
        """The type as chat APIs name it: `user`, `assistant`, `system`, `tool`."""
        return next((role for role, kind in ROLES.items() if kind == self.type), self.type)

    @property
    def text(self) -> str:
        """What it says, the text blocks of a list of content blocks together."""
        if isinstance(self.content, str):
            return self.content
        return "".join(block if isinstance(block, str) else str(block.get("text", "")) for block in self.content)

    def pretty_repr(self) -> str:
        """Return it under a heading, as LangChain shows messages."""
        lines = [f" {self.type.title()} Message ".center(80, "=")]
        lines += [f"Name: {self.name}"] if self.name else []
        lines += ["", str(self.content)]
        lines += ["Tool Calls:"] if self.tool_calls else []
        for call in self.tool_calls:
            lines += [f"  {call['name']} ({call.get('id')})", f" Call ID: {call.get('id')}", "  Args:"]
            lines += [f"    {name}: {value}" for name, value in call["args"].items()]
        return "\n".join(lines)

    def pretty_print(self) -> None:
        """Print it under a heading."""
        print(self.pretty_repr())  # noqa: T201 - that is what it is for

    def model_dump(self) -> dict[str, Any]:
        """Return it as a dict."""
        return asdict(self)


_DEFAULTS: Final[Mapping[str, Iterable[Any]]] = {
    "id": repeat(None),
    "name": repeat(None),
    "tool_calls": iter(list, None),  # a new one each time
    "tool_call_id": repeat(None),
    "status": repeat(None),
}
"""As many as are wanted, of the fields that have one."""


def _is_unset(name: str, column: list[Any]) -> bool:
    if name not in _DEFAULTS:
        return False
    default = type(next(iter(_DEFAULTS[name])))
    return set(map(type, column)) == {default} and not any(column)


def copies(messages: Iterable[Any]) -> list[Any]:
    """Return equal messages that share nothing that can be changed."""
    made = []
    new = object.__new__  # twice as fast as the constructor, and there may be thousands
    for message in messages:
        if type(message) is not Message:
            made.append(deepcopy(message))
            continue
        copy = new(Message)
        copy.type, copy.id, copy.name = message.type, message.id, message.name
        copy.tool_call_id, copy.status = message.tool_call_id, message.status
        content, calls = message.content, message.tool_calls
        copy.content = content if type(content) is str else deepcopy(content)
        copy.tool_calls = deepcopy(calls) if calls else []
        made.append(copy)
    return made


class _Kind(type):
    """Makes a class of messages of one type: to call it makes a `Message`, and LangChain's are instances, too."""

    kind: str

    def __call__(cls, content: Any = "", **fields: Any) -> Any:
        return Message(type=cls.kind, content=content, **fields)

    def __instancecheck__(cls, instance: Any) -> bool:
        return getattr(instance, "type", None) == cls.kind and hasattr(instance, "content")


class _OneKind(Message, metaclass=_Kind):
    __slots__ = ()
    kind: ClassVar[str] = ""
    if TYPE_CHECKING:

        def __init__(self, content: Any = "", **fields: Any) -> None: ...


class HumanMessage(_OneKind):
    """What a person says."""

    kind = "human"


class AIMessage(_OneKind):
    """What a model says."""

    kind = "ai"


class SystemMessage(_OneKind):
    """What the program tells the model."""

    kind = "system"


class ToolMessage(_OneKind):
    """What a tool gave."""

    kind = "tool"


AnyMessage: TypeAlias = Any
"""For annotations: ours, LangChain's, or whatever else looks like a message."""


@dataclass(slots=True)
class RemoveMessage:
    """In a list of updates: delete the message with this id (`REMOVE_ALL_MESSAGES`: all that came before)."""

    id: str
    type: str = "remove"
    content: str = ""


def as_message(value: Any) -> Any:
    """Return `value` as a message object. Raises `InvalidUpdateError` for what is none."""
    match value:
        case str():
            return Message(type="human", content=value)
        case (str() as role, content) if not isinstance(value, Mapping):
            return Message(type=ROLES.get(role, role), content=content)
        case Mapping():
            return _from_mapping(value)
        case _ if hasattr(value, "type") and hasattr(value, "content"):
            return value
        case _:
            raise InvalidUpdateError(f"not a message: {type(value).__name__}; give a dict with 'role' and 'content'")


def _from_mapping(value: Mapping[str, Any]) -> Any:
    kind = value.get("type") or value.get("role")
    if not isinstance(kind, str):
        raise InvalidUpdateError(f"a message needs 'role' or 'type', got the keys {sorted(map(str, value))}")
    kind = ROLES.get(kind, kind)
    if kind == "remove":
        return RemoveMessage(str(value.get("id")))
    known = {key: value[key] for key in ("id", "name", "tool_call_id", "status") if value.get(key)}
    calls = [_call(call) for call in value.get("tool_calls") or ()]
    return Message(type=kind, content=value.get("content") or "", tool_calls=calls, **known)


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool call in our form, also from OpenAI's, whose arguments are JSON text; what is none stays text."""
    if "function" not in call:
        return dict(call)
    name, text = call["function"]["name"], call["function"]["arguments"]
    try:
        args = json.loads(text)
    except ValueError:
        args = text
    return {"name": name, "args": args, "id": call.get("id")}


def as_messages(value: Any, *, langchain: bool = False) -> list[Any]:
    """Return a list of message objects that all have an id; a lone message counts as a list of one.

    `langchain`: make them LangChain's.
    """
    alone = isinstance(value, (str, Mapping)) or (isinstance(value, tuple) and _is_pair(value))
    items: Iterable[Any] = [value] if alone or not isinstance(value, (list, tuple)) else value
    if langchain:
        return [_with_id(as_langchain(as_message(item))) for item in items]
    return [item if type(item) is Message and item.id is not None else _with_id(as_message(item)) for item in items]


def uses_langchain() -> bool:
    """Whether this program has loaded LangChain's messages."""
    return "langchain_core.messages" in sys.modules


def as_langchain(message: Any) -> Any:
    """Return LangChain's message for one of ours, and a whole one for a chunk; what it has no form for stays ours."""
    from langchain_core.messages import convert_to_messages, message_chunk_to_message  # noqa: PLC0415 - it is loaded

    if type(message) is not Message:
        return message_chunk_to_message(message) if hasattr(message, "model_copy") else message
    said = {key: part for key, part in asdict(message).items() if key == "content" or part}
    if message.tool_calls:
        said["tool_calls"] = [{**call, "id": call.get("id")} for call in message.tool_calls]
    try:
        return convert_to_messages([said])[0]
    except (ValueError, KeyError):
        return message


def _is_pair(value: Sequence[Any]) -> bool:
    return len(value) == 2 and isinstance(value[0], str) and (value[0] in ROLES or value[0] in ROLES.values())


def _with_id(message: Any) -> Any:
    """Return the same message with an id; who sends it again means the same one."""
    if message.id is None:
        message.id = str(uuid4())
    return message
