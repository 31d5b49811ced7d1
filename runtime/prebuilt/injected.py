"""What a tool gets besides the arguments that the model chose: the state, the call's id, the run.

A parameter asks by its annotation, and the model does not see it. The markers are LangChain's kind where that is
installed, so that its own `@tool` leaves such parameters out as well; it is imported for that, and only then.
"""

import inspect
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, get_args, get_origin, get_type_hints

from typing_extensions import TypeVar

from runtime.errors import InvalidGraphError
from runtime.prebuilt.tool_stream import tell
from runtime.prebuilt.tools import INJECTED, supplied
from runtime.streams.hearing import available
from runtime.surroundings import ExecutionInfo
from runtime.types import NOTHING, Config

ContextT = TypeVar("ContextT", default=Any)
StateT = TypeVar("StateT", default=dict[str, Any])

if TYPE_CHECKING or not available():
    _Marker: type = object
    _Direct: type = object
else:
    from langchain_core.tools.base import InjectedToolArg as _Marker, _DirectlyInjectedToolArg as _Direct


class InjectedState(_Marker):  # type: ignore[misc]  # chosen above
    """`Annotated[dict, InjectedState]`: the graph's state; `Annotated[str, InjectedState("key")]`: one key of it."""

    def __init__(self, field: str | None = None) -> None:
        self.field = field


class InjectedToolCallId(_Marker):  # type: ignore[misc]  # chosen above
    """`Annotated[str, InjectedToolCallId]`: the id of the call that the tool answers."""


class InjectedStore(_Marker):  # type: ignore[misc]  # chosen above
    """`Annotated[BaseStore, InjectedStore]`: what the graph was given by `compile(store=…)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRuntime(_Direct, Generic[ContextT, StateT]):  # type: ignore[misc]  # chosen above
    """`runtime: ToolRuntime`: all of it at once."""

    state: StateT
    tool_call_id: str | None
    config: Config
    context: ContextT | None = None
    """What the caller passed as `context=`."""
    stream_writer: Callable[[Any], None]
    """Sends its argument to readers of the `custom` stream."""
    execution_info: ExecutionInfo | None = None
    store: Any = None
    """What the graph was given by `compile(store=…)`."""
    tools: Sequence[Any] = field(default_factory=list)
    """All tools of the node."""

    def emit_output_delta(self, delta: Any) -> None:
        """Send a part of what the tool will give to readers of the `tools` stream."""
        tell(self.tool_call_id, "tool-output-delta", delta=delta)


def asked_for(function: Any) -> dict[str, Any]:
    """Return the parameters of a function that are filled in for it, each with the marker that says by what."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except (TypeError, NameError):
        return {}
    found = {name: _marker(hint) for name, hint in hints.items() if name != "return"}
    return {name: marker for name, marker in found.items() if marker is not None}


def optional(function: Any) -> frozenset[str]:
    """Return the parameters of a function that have a default."""
    parameters = inspect.signature(function).parameters.values() if callable(function) else ()
    return frozenset(one.name for one in parameters if one.default is not one.empty)


def supply(wanted: Mapping[str, Any], optional: Container[str]) -> dict[str, Any]:
    """Return the values for these parameters; those that are optional may be missing.

    Raises `RuntimeError` where the tool was not called by a `ToolNode`, and `InvalidGraphError` for what the graph has
    not got.
    """
    if not wanted:
        return {}
    make = supplied.get()
    if make is None:
        raise RuntimeError(f"{', '.join(wanted)}: only a tool that a ToolNode calls can be given these")
    runtime = make()
    found = {name: _value(marker, runtime) for name, marker in wanted.items()}
    if missing := [name for name, value in found.items() if value is NOTHING and name not in optional]:
        raise InvalidGraphError(
            f"a tool asks for {', '.join(missing)}: the state has no such key, or the graph has no store"
        )
    return {name: value for name, value in found.items() if value is not NOTHING}


def _marker(hint: Any) -> Any:
    """Find the marker in an annotation: by name, since programs may have LangChain's or LangGraph's."""
    for part in (hint, get_origin(hint), *getattr(hint, "__metadata__", ()), *get_args(hint)):
        if _name(part) in INJECTED:
            return part
    return None


def _name(marker: Any) -> str:
    return marker.__name__ if isinstance(marker, type) else type(marker).__name__


def _value(marker: Any, runtime: ToolRuntime[Any, Any]) -> Any:
    match _name(marker):
        case "ToolRuntime":
            return runtime
        case "InjectedToolCallId":
            return runtime.tool_call_id
        case "InjectedStore":
            return NOTHING if runtime.store is None else runtime.store
        case _:
            return _part_of(runtime.state, getattr(marker, "field", None))


def _part_of(state: Any, key: str | None) -> Any:
    """Return a state, or one key of it; a list of messages is a state of these."""
    if isinstance(state, list):
        state = {"messages": state}
    if key is None:
        return state
    return state.get(key, NOTHING) if isinstance(state, Mapping) else getattr(state, key, NOTHING)
