"""A graph that runs as part of another graph's task, in the other's journal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from runtime.engine import supersteps
from runtime.engine.abandoned import abandon
from runtime.engine.frames import as_interrupt, child_namespace, memory_of
from runtime.engine.injected import as_context
from runtime.engine.inputs import enter
from runtime.engine.interrupts import GraphInterrupt, OrphanCommandError, ParentCommand, TaskContext
from runtime.graph.options import Options, checked, modes_of
from runtime.graph.rules import Rules
from runtime.streams.events import checkpoint_reached
from runtime.streams.reader import Reader
from runtime.streams.taps import tap

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


async def run_below(
    graph: "CompiledGraph",
    context: TaskContext,
    given: Any,
    options: Options | None = None,
    reader: Reader | None = None,
) -> Any:
    """Run as part of another graph's task, in its journal. Raises `GraphInterrupt` when it pauses.

    `options`: of a call by the node's code; None when it is the node itself. Each call of the task has a namespace
    of its own, and one that was finished before the task suspended returns what it returned then. With
    `checkpointer=True` a graph begins with the state that its last call from this place ended with. `reader`: gets to
    see what happens.
    """
    context.check_alive(f"subgraph {graph.name!r}")
    ns = child_namespace(context.ns, context.task) if options is None else context.next_call()
    if options is not None:
        options = checked(options)
        context.run.contexts |= contexts(graph, ns, options)
    if reader is None:
        return await run_at(graph, context, ns, given)
    reader.above = ns
    with tap(context.run, ns, modes_of(options or {}, "updates"), reader.put):
        return await run_at(graph, context, ns, given)


async def run_at(graph: "CompiledGraph", context: TaskContext, ns: str, given: Any) -> Any:
    """Begin or go on with the graph at a namespace."""
    journal = context.run.journal
    memory = memory_of(ns, graph.name) if graph.checkpointer is True else ""
    if memory:
        journal.keeping.add(ns)
    if ns not in journal.frames:
        if memory and memory in journal.frames:
            journal.recall(ns, memory)
        writes = [pair for pair in graph.taken(given, "the subgraph's input") if pair[0] in graph.input.channels]
        enter(graph, context.run, ns, dict(graph.checked_writes(writes, "the input")), {})
    elif context.run.modes:
        context.run.send(ns, "values", graph.shown_values(journal.frames[ns].live_values(graph.channels)))
        checkpoint_reached(context.run, graph, journal.frames[ns])
    with context.calling():
        try:
            finished = await supersteps.advance(context.run, graph, ns, context)
        except ParentCommand as command:
            command.arrived = not isinstance(command, OrphanCommandError)
            raise
    if not finished:
        context.paused = True
        raise GraphInterrupt(tuple(as_interrupt(*item) for item in journal.pending_questions(ns).values()))
    frame = journal.frames[ns]
    frame.attach(graph.channels)
    return graph.output_of(frame.values)


async def chunks_below(
    graph: "CompiledGraph", context: TaskContext, given: Any, options: Options
) -> AsyncGenerator[Any, None]:
    """Do what `run_below` does, and yield what the options ask to see."""
    reader = Reader(options, context.run.journal.shown_ns)
    going = asyncio.ensure_future(run_below(graph, context, given, options, reader))
    going.add_done_callback(reader.end)
    try:
        async with aclosing(reader.chunks()) as shown:
            async for chunk in shown:
                yield chunk
        await going
    finally:
        await abandon(going)


def contexts(graph: Rules, ns: str, options: Options) -> dict[str, Any]:
    """Return what a call passes as `context=`, for the namespace it runs in."""
    return {ns: as_context(graph.builder.context_schema, options["context"])} if "context" in options else {}
