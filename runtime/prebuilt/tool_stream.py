"""The `tools` stream: when the calls of a `ToolNode` begin and end, and what their tools give before that.

Chunks are `{"event", "tool_call_id", …}`: `tool-started` with `tool_name` and `input`, `tool-output-delta` with
`delta`, `tool-finished` with `output`, `tool-error` with `message`. A call that asks a person begins once more with the
answer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from runtime.engine.frames import shown_place
from runtime.engine.interrupts import current


def tell(call_id: str | None, event: str, **about: Any) -> None:
    """Send one chunk, if anybody reads them."""
    context = current.get()
    if context is not None and "tools" in context.run.modes:
        context.run.send(shown_place(context.ns), "tools", {"event": event, "tool_call_id": call_id, **about})


@contextmanager
def telling(call: Mapping[str, Any]) -> Iterator[None]:
    """Tell that a call begins, and if it fails; whoever knows what it gave tells that it is finished."""
    tell(call["id"], "tool-started", tool_name=call["name"], input=call["args"])
    try:
        yield
    except Exception as error:
        tell(call["id"], "tool-error", message=str(error))
        raise
