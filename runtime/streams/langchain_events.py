"""`astream_events`: what happens in a run as LangChain tells it, event by event. Imported only when asked for.

LangChain makes the events of what it tells callbacks, so all this adds is a graph in the form of one of its runnables.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManager
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tracers._streaming import _StreamingCallbackHandler

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


class AsRunnable(Runnable[Any, Any]):
    """A graph that LangChain can listen to."""

    def __init__(self, graph: "CompiledGraph") -> None:
        self.name = graph.name
        self._graph = graph

    def invoke(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any:  # noqa: A002 - LangChain's
        """Run to the next pause or the end."""
        return self._graph.invoke(input, config, **options)

    async def astream(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **options: Any,
    ) -> AsyncIterator[Any]:
        """Yield the graph's chunks, and show them to the handlers that make events of them."""
        said: dict[str, Any] = {**(config or {})}
        chunks: AsyncIterator[Any] = self._graph.astream(input, said, **options)
        for handler in CallbackManager.configure(said.get("callbacks")).handlers:
            if isinstance(handler, _StreamingCallbackHandler):
                chunks = handler.tap_output_aiter(said["run_id"], chunks)
        async for chunk in chunks:
            yield chunk
