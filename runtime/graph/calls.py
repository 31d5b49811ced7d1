"""One call of a graph, from its input to its next pause or the end, alone with the thread."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from runtime.engine import supersteps
from runtime.engine.abandoned import abandon
from runtime.engine.inputs import interrupts, take
from runtime.engine.interrupts import OrphanCommandError, ParentCommand
from runtime.engine.run import Run
from runtime.errors import GraphDrained, StaleHeadError, ThreadBusyError
from runtime.graph.options import Options, modes_of
from runtime.graph.timetravel import fork
from runtime.streams.narrowing import narrowed
from runtime.streams.reader import Reader
from runtime.types import INTERRUPT, NOTHING, Command, GraphOutput, OnPending

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph

P = ParamSpec("P")
T = TypeVar("T")
_NOWHERE: Final[Mapping[str, Any]] = MappingProxyType({})


async def whole(graph: "CompiledGraph", run: Run, given: Any, options: Options) -> Any:
    """Run, and return the state as `invoke` gives it."""
    going = alone(run, _advance, graph, run, given, options.get("on_pending", "abandon"))
    finished = await (going if run.speech is None else run.speech.told(graph, given, going))
    result: Any = graph.output_of(run.journal.frames[""].live_values(graph.channels))
    keys = options.get("output_keys")
    if keys is not None:
        result = narrowed(result, keys)
    if options.get("version") == "v2":
        return GraphOutput(result, interrupts(run.journal))
    asked = [] if finished else list(interrupts(run.journal))
    if finished or not (asked or isinstance(result, dict)):  # a value that is no dict has no room for breakpoints
        return result
    return (result if isinstance(result, dict) and not isinstance(keys, str) else {}) | {INTERRUPT: asked}


async def alone(run: Run, work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do something with a thread while nobody else does. Raises `ThreadBusyError`."""
    journal = run.journal
    if journal.heads is None:
        return await work(*args, **kwargs)
    running = journal.heads.running
    if journal.thread_id in running:
        raise ThreadBusyError(journal.thread_id)
    running.add(journal.thread_id)
    try:
        return await work(*args, **kwargs)
    except StaleHeadError as error:  # another process was faster
        raise ThreadBusyError(journal.thread_id) from error
    finally:
        running.discard(journal.thread_id)


async def _advance(graph: "CompiledGraph", run: Run, given: Any, on_pending: OnPending) -> bool:
    """Load, take the input, run, and leave everything in the store, whatever happens. False: it has paused."""
    run.settle()
    if not run.is_new:
        await run.journal.reload(graph.channels)
    try:
        if run.config.get("configurable", _NOWHERE).get("checkpoint_id") is not None:
            await _go_back(graph, run, given)
        _take(graph, run, given, on_pending)
        run.journal.seal()
        if run.config.get("callbacks") and (given is None or isinstance(given, Command)):
            await _lifecycle().resumed(run)
        if run.drained is not None:
            await run.drained()
        run.start()
        finished = await supersteps.advance(run, graph, "")
    except ParentCommand as command:
        raise OrphanCommandError(command.command) from None
    finally:
        await run.end()
    reason = None if finished or run.control is None else run.control.drain_reason
    if reason is not None and not run.journal.pending_questions():
        raise GraphDrained(reason)
    if not finished and run.config.get("callbacks"):
        await _lifecycle().paused(run)
    return finished


def _lifecycle() -> Any:
    from runtime.graph import lifecycle  # noqa: PLC0415 - most calls have no callbacks

    return lifecycle


async def _go_back(graph: "CompiledGraph", run: Run, given: Any) -> None:
    """Begin a new branch at the checkpoint that the config names."""
    durability, run.durability = run.durability, "exit"
    if await fork(graph, run) and isinstance(given, Command) and given.resume is not NOTHING:
        await supersteps.advance(run, graph, "")  # the new branch asks its own questions first
    run.durability = durability


def _take(graph: "CompiledGraph", run: Run, given: Any, on_pending: OnPending) -> None:
    """Take the input. One that is refused leaves nothing behind."""
    try:
        take(graph, run, given, on_pending)
    except BaseException:
        run.journal.discard()
        raise


async def chunks(graph: "CompiledGraph", run: Run, given: Any, options: Options) -> AsyncGenerator[Any, None]:
    """Run, and yield what the options ask to see."""
    reader = Reader(options, run.journal.shown_ns)
    run.modes = frozenset(modes_of(options, "updates"))
    run.emit, run.drained = reader.put, reader.drained
    if "messages" in run.modes:
        from runtime.streams.speech import Speech  # noqa: PLC0415 - most programs read other streams, or none

        run.speech = run.speech or Speech(run, subgraphs=options.get("subgraphs", False))
    told = _told(graph, run, given, options)
    going = asyncio.ensure_future(told if run.speech is None else run.speech.told(graph, given, told))
    going.add_done_callback(reader.end)
    try:
        async with aclosing(reader.chunks()) as shown:
            async for chunk in shown:
                yield chunk
        await going
    finally:
        await abandon(going)


async def _told(graph: "CompiledGraph", run: Run, given: Any, options: Options) -> bool:
    """Run, and at the end name every question that is open, also those of earlier calls."""
    finished = await alone(run, _advance, graph, run, given, options.get("on_pending", "abandon"))
    frame = run.journal.frames[""]

    def values() -> Any:
        return graph.shown_values(frame.live_values(graph.channels))

    for task in frame.tasks:
        run.announce("", task, values)
    if not finished and frame.finished() and "values" in run.modes:
        run.send("", "values", values())
    if not finished and not run.journal.pending_questions():
        run.send("", "updates", {INTERRUPT: ()})  # whoever reads `values` has seen where it stands
    return finished
