"""What the callbacks of a call's config are told: when the graph begins and ends, its nodes, and what they call.

Callbacks are LangChain's: they count tokens, log, and send traces to where people look at them. The graph is a chain to
them, and so is each node, with the graph or the node above it as its parent; models and tools that a node calls find
the node's callbacks by LangChain's own context variable. Imported only where a call has callbacks: it loads LangChain.
"""

from asyncio import CancelledError
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.callbacks import CallbackManager
from langchain_core.callbacks.manager import CallbackManagerForChainRun
from langchain_core.tracers._streaming import _StreamingCallbackHandler

from runtime.engine.frames import child_namespace
from runtime.engine.interrupts import GraphInterrupt, TaskContext
from runtime.types import NOTHING

if TYPE_CHECKING:
    from runtime.engine.run import Run
    from runtime.graph.compiled import CompiledGraph

NOWHERE: Final = cast("dict[str, Any]", None)
"""What a chain would be loaded from, if it could be, as LangGraph says it."""


class Traces:
    """The chain runs of one call."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._nodes: dict[str, CallbackManagerForChainRun] = {}
        """Those of tasks under way, by the namespace that their subgraphs have."""
        self._root: CallbackManagerForChainRun | None = None

    async def told(self, graph: "CompiledGraph", given: Any, going: Awaitable[bool]) -> bool:
        """Tell of the whole call, from its input to its end or pause."""
        name = "LangGraph" if graph.name == "graph" else graph.name  # programs look for the name it had there
        root = self._root = self._begun(name, given)
        try:
            finished = await going
        except BaseException as error:
            root.on_chain_error(error)
            raise
        if self._run.drained is not None:
            await self._run.drained()  # the end comes after the last chunk
        root.on_chain_end(graph.output_of(self._run.journal.frames[""].live_values(graph.channels)))
        return finished

    def _begun(self, name: str, given: Any) -> CallbackManagerForChainRun:
        config, thread_id = self._run.config, self._run.journal.thread_id
        metadata = {**({"thread_id": thread_id} if thread_id else {}), **(config.get("metadata") or {})}
        manager = CallbackManager.configure(
            config["callbacks"], inheritable_tags=config.get("tags"), inheritable_metadata=metadata
        )
        return manager.on_chain_start(NOWHERE, given, name=config.get("run_name") or name, run_id=config.get("run_id"))

    def callbacks_at(self, place: str) -> Any:
        """Return what a task hands on to what it calls."""
        node = self._nodes.get(place)
        return self._run.config["callbacks"] if node is None else node.get_child()

    def enter(self, context: TaskContext, metadata: dict[str, Any]) -> Callable[[], None]:
        """Tell that a task begins; what is returned tells how it came to rest."""
        parent = self._nodes.get(context.ns, self._root)
        if parent is None:
            return lambda: None
        place, frame = child_namespace(context.ns, context.task), context.run.journal.frames[context.ns]
        manager = parent.get_child(f"graph:step:{frame.step + 1}")
        manager.add_metadata(metadata)
        given = dict(frame.values) if context.task.arg is NOTHING else context.task.arg
        node = self._nodes[place] = manager.on_chain_start(NOWHERE, given, name=context.task.name)

        def leave() -> None:
            del self._nodes[place]
            if context.task.done and context.error is None:
                written = dict(context.task.written())
                for handler in node.handlers:
                    if isinstance(handler, _StreamingCallbackHandler):
                        deque(handler.tap_output_iter(node.run_id, iter([written])), maxlen=0)
                node.on_chain_end(written)
            else:
                node.on_chain_error(context.error or (GraphInterrupt() if context.paused else CancelledError()))

        return leave
