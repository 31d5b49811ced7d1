"""The `messages` stream: what chat models say token by token, and the messages that nodes write.

Chunks are `(message, metadata)`. Tokens come from LangChain's chat models, wherever they are called in a node: their
callbacks find the run by LangChain's own context variable. Without LangChain the stream has the nodes' messages only.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from runtime.engine.frames import parent_of, shown_place
from runtime.engine.injected import config_of
from runtime.engine.interrupts import TaskContext, require_context
from runtime.messages import as_message
from runtime.streams.hearing import available, listening
from runtime.types import NOTHING, Config

if TYPE_CHECKING:
    from runtime.engine.run import Run
    from runtime.graph.compiled import CompiledGraph
    from runtime.streams.traces import Traces

METADATA_NS = "langgraph_checkpoint_ns"


class Speech:
    """What is said in one run, each message once; of subgraphs only when their chunks are read."""

    tapped = False
    """Whether a node's code reads what its subgraph says, beside who reads the run."""

    def __init__(self, run: "Run", *, subgraphs: bool, traced: bool = False) -> None:
        """`traced`: the config has callbacks, which are told of every node."""
        self._run = run
        self._subgraphs = subgraphs
        self._traces = self._tracing() if traced else None
        self._said: set[tuple[bool, str]] = set()
        """Ids of messages, and whether they were out of sight of who reads the run."""
        self._handler = self._listener()

    def _tracing(self) -> "Traces":
        from runtime.streams.traces import Traces  # noqa: PLC0415 - loads LangChain

        return Traces(self._run)

    @property
    def _heard(self) -> bool:
        """Whether somebody reads what is said, rather than what callbacks are told."""
        return self.tapped or "messages" in self._run.modes

    async def told(self, graph: "CompiledGraph", given: Any, going: Awaitable[bool]) -> bool:
        """Tell callbacks of the whole call, if there are any."""
        return await (going if self._traces is None else self._traces.told(graph, given, going))

    def _listener(self) -> Any:
        if not available():
            return None
        from runtime.streams.tokens import TokenHandler  # noqa: PLC0415 - loads LangChain

        return TokenHandler(self.token)

    def say(self, message: Any, metadata: Mapping[str, Any], *, again: bool = True) -> None:
        """Send a message or a part of one; not `again`: unless some of it was sent before."""
        ns = shown_place(parent_of(metadata[METADATA_NS]) or "")
        hidden = bool(ns) and not self._subgraphs
        if (hidden and not self.tapped) or ((hidden, message.id) in self._said and not again):
            return
        message.id = message.id or str(uuid4())
        self._said.add((hidden, message.id))
        self._run.send(ns, "messages", (message, dict(metadata)))

    def token(self, message: Any, metadata: Mapping[str, Any], *, again: bool) -> None:
        """Send what a chat model said, if it was called by one of this run's nodes."""
        if METADATA_NS in metadata:
            self.say(message, metadata, again=again)

    def wrote(self, context: TaskContext, pairs: Sequence[tuple[str, Any]]) -> None:
        """Send the messages that a node wrote, except what it said before or was given."""
        for _, value in pairs if self._heard else ():
            for message in _messages(value):
                self.say(message, {"ls_integration": "langgraph", **config_of(context)["metadata"]}, again=False)

    def listen(self, context: TaskContext) -> Callable[[], None] | None:
        """Note what a task is given, and have LangChain's calls in it report here until what is returned is called."""
        hidden = bool(shown_place(context.ns)) and not self._subgraphs
        if self._heard and (self.tapped or not hidden):
            task = context.task
            given = context.run.journal.frames[context.ns].values if task.arg is NOTHING else task.arg
            messages = (message for value in _values(given) for message in _messages(value) if message.id)
            self._said |= {(hidden, message.id) for message in messages}
        if self._handler is None:
            return None
        leave = None if self._traces is None else self._traces.enter(context, config_of(context)["metadata"])
        stop = listening(config_of(context))

        def deafen() -> None:
            stop()
            if leave is not None:
                leave()

        return deafen

    def callbacks(self, config: Config, metadata: Mapping[str, Any]) -> Any:
        """Return LangChain's callbacks with this one among them, and with tags and metadata that calls add to."""
        if self._handler is None:
            return config.get("callbacks")
        from langchain_core.callbacks import CallbackManager  # noqa: PLC0415 - loads LangChain

        above = config.get("callbacks") if self._traces is None else self._traces.callbacks_at(metadata[METADATA_NS])
        manager = CallbackManager.configure(
            above, inheritable_tags=config.get("tags"), inheritable_metadata=dict(metadata)
        )
        if self._heard:
            manager.add_handler(self._handler, inherit=True)
        return manager


def push_message(message: Any, *, state_key: str | None = "messages") -> Any:
    """Send a message to the `messages` stream now, and write it to the state when the node returns.

    The message needs an id. `state_key`: where it is written; None: nowhere. Returns it as a message object.
    """
    context = require_context("push_message()")
    message = as_message(message)
    if message.id is None:
        raise ValueError("push_message() needs a message with an id")
    if context.run.speech is not None:
        context.run.speech.say(message, config_of(context)["metadata"])
    if state_key is not None:
        context.pushed.append((state_key, message))
    return message


def _values(given: Any) -> Sequence[Any]:
    return list(given.values() if isinstance(given, Mapping) else getattr(given, "__dict__", {}).values())


def _messages(value: Any) -> list[Any]:
    """Return the message objects in a value of the state."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return [item for item in items if all(hasattr(item, name) for name in ("id", "type", "content"))]
