"""One task, from its start to its rest: the node is called, and its routers say where to go.

Afterwards the task is done, or it has a question, or the node's exception comes out. A node that asks is suspended by
`GraphInterrupt`, which ends here and becomes a value.
"""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from runtime.engine.attempts import tried
from runtime.engine.cached import Outcome, looked_up
from runtime.engine.frames import Frame, Task
from runtime.engine.injected import injected
from runtime.engine.interrupts import GraphInterrupt, ParentCommand, TaskContext, current
from runtime.engine.plan import targets_of
from runtime.engine.run import Run
from runtime.errors import InvalidUpdateError
from runtime.graph.nodes import Branch
from runtime.graph.state import Values, merge
from runtime.streams import events
from runtime.types import NOTHING, START, CachePolicy, Command, Send

if TYPE_CHECKING:
    from runtime.graph.compiled import CompiledGraph


async def perform(run: Run, graph: "CompiledGraph", frame: Frame, task: Task, *, inline: bool) -> None:
    """Run one task: afterwards it is done, or has a question, or the node's exception is raised and noted."""
    node = graph.nodes[task.name]
    if node.name == START and not node.branches:
        task.writes = list(task.arg.items())
        return
    context = TaskContext(run, frame.ns, node, task, inline=inline)
    token = current.set(context)
    deafen = run.speech.listen(context) if run.speech is not None else None
    try:
        value = node.schema.view(frame.values) if task.arg is NOTHING or node.handles else task.arg
        if node.cache is None:
            outcome = await _run_to_rest(graph, frame, context, value)
        else:
            outcome = await _looked_up(node.cache, graph, frame, context, value)
    except Exception as error:
        task.error, context.error = repr(error), error
        _note(context)
        events.task_rests(run, graph, frame, task, error)
        if node.handler is None or context.paused:
            raise
        run.failures[task.id] = error
        task.writes, task.routes, task.question = (), (Send(node.handler.name, [task.id, task.error]),), None
        return
    else:
        task.error = None
        if outcome is None:
            _note(context)
        else:
            (task.writes, task.routes), task.question = outcome, None
    finally:
        context.over = True
        if context.under_way:
            await context.rest()
        current.reset(token)
        if deafen is not None:
            deafen()
    if run.modes:
        _tell(run, graph, frame, task, context)


def _tell(run: Run, graph: "CompiledGraph", frame: Frame, task: Task, context: TaskContext) -> None:
    """Show what a task asks or wrote to those who read it."""
    if not task.done:
        shown_at = graph.shown_at(frame.ns)
        run.announce(frame.ns, task, lambda: graph.shown_values(frame.live_values(graph.channels)), at=shown_at)
    elif task.name != START and "updates" in run.modes:
        about = {"__metadata__": {"cached": True}} if context.cached else {}
        run.send(graph.shown_at(frame.ns), "updates", {task.name: graph.shown_update(context.shown)} | about)
    events.task_rests(run, graph, frame, task, written=context.shown)


async def _looked_up(
    policy: CachePolicy, graph: "CompiledGraph", frame: Frame, context: TaskContext, value: Any
) -> Outcome | None:
    """Run a task whose outcome may be in a cache: its graph's, or that of the graph that was called."""
    cache = context.run.cache if graph.cache is None else graph.cache

    def run() -> Awaitable[Outcome | None]:
        return _run_to_rest(graph, frame, context, value)

    return await (run() if cache is None else looked_up(cache, policy, context, value, run))


async def _run_to_rest(graph: "CompiledGraph", frame: Frame, context: TaskContext, value: Any) -> Outcome | None:
    """Call the node and its routers; None for a pause, also for one that the node's code caught."""
    try:
        result = await tried(context.node, context, value)
        if not context.paused:
            return await _outcome(graph, frame, context, result)
    except GraphInterrupt as pause:
        if pause.interrupts and not context.paused:
            context.pose(pause.interrupts)
    except BaseExceptionGroup as group:
        if group.split(GraphInterrupt)[1] is not None:
            raise
    if context.under_way:
        await context.rest()
    return None


def _note(context: TaskContext) -> None:
    """Record how a task came to rest without being done."""
    fields = ("question", "stale", "superseded", "strikes", "error")
    dropped = len(context.task.answers) < context.answered
    context.run.journal.change(context.ns, context.task, *fields, *(("answers",) if dropped else ()))


async def _outcome(graph: "CompiledGraph", frame: Frame, context: TaskContext, result: Any) -> Outcome:
    """Turn what a node returned into checked writes, and ask its routers where to go."""
    node = context.node
    where = f"node {node.name!r}"
    writes = graph.checked_writes(context.pushed, where) if context.pushed else []
    routes: list[Any] = []
    shown = writes[:]
    for part in graph.parts_of(result):
        update = part
        if isinstance(part, Command):
            if part.graph == Command.PARENT:
                raise ParentCommand(part)
            routes += graph.checked_targets(node.name, targets_of(part.goto))
            update = part.update
        pairs = graph.written(update, where)
        if node.is_graph or context.called:
            pairs = graph.shared(node, pairs, context.called)
        if context.run.speech is not None:
            context.run.speech.wrote(context, pairs)
        checked = graph.checked_writes(pairs, where)
        writes += checked
        if context.run.modes:
            shown += checked if node.is_graph else map(_as_given, pairs, checked)
            context.shown = shown
    if node.branches:
        values = merge(graph.channels, frame.values, writes)
        for branch in node.branches:
            routes += await routed(graph, context, branch, values)
    return writes, tuple(routes)


def _as_given(given: tuple[str, Any], made: tuple[str, Any]) -> tuple[str, Any]:
    """Show a message in the form it was written in; an object is the one that has an id by now."""
    items = given[1] if isinstance(given[1], list) else [given[1]]
    if not all(hasattr(item, "content") for item in items):
        return given
    return made if items is given[1] or type(made[1]) is not list else (made[0], made[1][0])


async def routed(graph: "CompiledGraph", context: TaskContext, branch: Branch, values: Values) -> list[Any]:
    """Ask a router where to go."""
    name = context.task.name
    chosen: Any = branch.path(graph.router_view(name, branch, values), **injected(context, branch.asks))
    if asyncio.iscoroutine(chosen):
        chosen = await chosen
    choices = chosen if isinstance(chosen, (list, tuple)) else [chosen]
    return graph.checked_targets(name, [_end_of(name, branch, choice) for choice in choices])


def _end_of(name: str, branch: Branch, choice: Any) -> Any:
    if isinstance(choice, Send) or branch.ends is None:
        return choice
    if choice not in branch.ends:
        ends = ", ".join(map(repr, branch.ends))
        raise InvalidUpdateError(f"the router after {name!r} chose {choice!r}, which is none of its ends: {ends}")
    return branch.ends[choice]
