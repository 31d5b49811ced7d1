"""Where a run stands in its graph: which nodes it has been through in its present turn, and where it waits."""

import asyncio
from collections.abc import Mapping
from typing import Any

from handlers.cards import words
from handlers.cards.text import shorten
from handlers.pictures.graphs import END, START, Mark, picture
from handlers.slack import File
from runtime.requests.agents import Agent
from runtime.requests.records import Thread, ThreadStatus
from runtime.requests.steps import TURN

LOOKED_BACK = 200  # steps


async def draw(agent: Agent, thread: Thread) -> File:
    """Draw where a thread stands in its graph."""
    graph: Any = agent.graph
    marks = await marks_of(agent, thread)
    content = await asyncio.to_thread(picture, graph.get_graph(), marks)
    name = f"{agent.name}-{thread.id[:8]}.png"
    return File(name=name, title=words.where_it_stands(agent.title), description=_described(marks), content=content)


def _described(marks: Mapping[str, Mark]) -> str:
    steps = [f"{name}: {words.MARKS[mark]}" for name, mark in marks.items() if name not in {START, END}]
    return shorten(words.where_it_stands("; ".join(steps) or words.NOT_BEGUN), 1000).text


async def marks_of(agent: Agent, thread: Thread) -> dict[str, Mark]:
    """Mark the nodes of a thread's graph. Reads at most `LOOKED_BACK` steps of its history."""
    graph: Any = agent.graph
    config = {"configurable": {"thread_id": thread.id}}
    state = await graph.aget_state(config)
    turn = (state.metadata or {}).get(TURN)
    if not state.metadata:
        return {}
    passed = [START]
    async for earlier in graph.aget_state_history(config, limit=LOOKED_BACK):
        if (earlier.metadata or {}).get(TURN) != turn:
            break
        passed[1:1] = earlier.next
    marks = dict.fromkeys(passed, Mark.DONE)
    marks |= {task.name: _mark(task, thread) for task in state.tasks if task.result is None}
    return marks | ({} if state.next else {END: Mark.DONE})


def _mark(task: Any, thread: Thread) -> Mark:
    if task.interrupts:
        return Mark.WAITING
    return Mark.FAILED if task.error or thread.status is ThreadStatus.FAILED else Mark.RUNNING
