"""What a tool gets besides the arguments that the model chose: the state, the call's id, the run.

A parameter asks by its annotation, and the model does not see it. The markers are LangChain's kind where that is
installed, so that its own `@tool` leaves such parameters out as well; it is imported for that, and only then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from runtime.engine.injected import ExecutionInfo
from runtime.prebuilt.tools import INJECTED, supplied
from runtime.types import Config

ContextT = TypeVar("ContextT")
StateT = TypeVar("StateT")

if TYPE_CHECKING or find_spec("langchain_core") is None:
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


def asked_for(function: Any) -> dict[str, Any]:
    """Return the parameters of a function that are filled in for it, each with the marker that says by what."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except (TypeError, NameError):
        return {}
    found = {name: _marker(hint) for name, hint in hints.items() if name != "return"}
    return {name: marker for name, marker in found.items() if marker is not None}


def supply(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for these parameters. Raises `RuntimeError` where the tool was not called by a `ToolNode`."""
    if not wanted:
        return {}
    make = supplied.get()
    if make is None:
        raise RuntimeError(f"{', '.join(wanted)}: only a tool that a ToolNode calls can be given these")
    runtime = make()
    return {name: _value(marker, runtime) for name, marker in wanted.items()}


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
            return runtime.store
        case _:
            field = getattr(marker, "field", None)
            if field is None:
                return runtime.state
            return runtime.state[field] if isinstance(runtime.state, Mapping) else getattr(runtime.state, field)
