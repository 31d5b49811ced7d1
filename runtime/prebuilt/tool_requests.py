"""What stands around the calls of a tools' node: a function that may change a call, run it, or answer it itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from runtime.engine import sync
from runtime.engine.injected import get_runtime
from runtime.engine.interrupts import current
from runtime.prebuilt.tools import without_blocking
from runtime.surroundings import Runtime
from runtime.types import Config

if TYPE_CHECKING:
    from runtime.prebuilt.injected import ToolRuntime


@dataclass
class ToolCallRequest:
    """A call that is about to be carried out."""

    tool_call: dict[str, Any]
    """`{"name", "args", "id"}`."""
    tool: Any
    """What was given for it; None for a tool that the node does not have."""
    state: Any
    runtime: "ToolRuntime[Any, Any]"

    def override(self, **changes: Any) -> "ToolCallRequest":
        """Return the same with another `tool_call`, `tool`, `state` or `runtime`."""
        return replace(self, **changes)


ToolCallWrapper: TypeAlias = Callable[[ToolCallRequest, Callable[[ToolCallRequest], Any]], Any]
"""Gets a request and what carries it out, any number of times; returns a tool's message or a command."""
AsyncToolCallWrapper: TypeAlias = Callable[
    [ToolCallRequest, Callable[[ToolCallRequest], Awaitable[Any]]], Awaitable[Any]
]


def without_waiting(wrap: ToolCallWrapper) -> AsyncToolCallWrapper:
    """Return a sync wrapper as an async one."""

    async def around(request: ToolCallRequest, carry_out: Callable[[ToolCallRequest], Awaitable[Any]]) -> Any:
        def carried_out(asked: ToolCallRequest) -> Any:
            async def call() -> Any:
                return await carry_out(asked)

            return sync.run(call)

        return await without_blocking(lambda: wrap(request, carried_out))

    return around


def runtime_for(call: Mapping[str, Any], state: Any, config: Config, tools: Sequence[Any]) -> "ToolRuntime[Any, Any]":
    """Return what the tool of a call may ask for; `state` None: the state of the graph."""
    from runtime.prebuilt.injected import ToolRuntime  # noqa: PLC0415 - only where somebody asks

    context = current.get()
    if context is None:
        return ToolRuntime(
            state={} if state is None else state,
            tool_call_id=call["id"],
            config=config,
            stream_writer=lambda _: None,
            tools=tools,
        )
    around: Runtime[Any] = get_runtime()
    frame = context.run.journal.frames[context.ns]
    return ToolRuntime(
        state=context.node.schema.view(frame.values) if state is None else state,
        tool_call_id=call["id"],
        config=config,
        context=around.context,
        stream_writer=around.stream_writer,
        execution_info=around.execution_info,
        store=around.store,
        tools=tools,
    )
