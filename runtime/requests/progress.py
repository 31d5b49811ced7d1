"""What a graph does while it runs, as events a surface can show: read from streams that LangGraph's graphs have too."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias


class StepState(StrEnum):
    """How far one node is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """A node began, or came to rest."""

    task_id: str
    node: str
    state: StepState


@dataclass(frozen=True, slots=True)
class Said:
    """The agent said some more."""

    text: str


@dataclass(frozen=True, slots=True)
class Doing:
    """What the agent says it is doing: `get_stream_writer()({"status": "Looking up the order"})`."""

    text: str


Event: TypeAlias = Step | Said | Doing
Tell: TypeAlias = Callable[[Event], None]
"""Takes an event. Returns at once and never raises: a run does not wait for those who watch it."""


def modes() -> list[Any]:
    """The stream modes to run a graph with.

    Tokens only where a chat model may be: listening for them loads LangChain, which takes half a second.
    """
    return ["tasks", "custom", *(["messages"] if "langchain_core" in sys.modules else [])]


def events(mode: str, chunk: Any) -> Iterator[Event]:
    """Read a chunk of a stream. What is of no known shape tells nothing."""
    match mode, chunk:
        case "tasks", {"id": str(task_id), "name": str(node)}:
            yield Step(task_id, node, _state(chunk))
        case "custom", {"status": str(text)}:
            yield Doing(text)
        case "messages", (message, _):
            if text := _spoken(message):
                yield Said(text)
        case _:
            pass


def _state(task: Mapping[str, Any]) -> StepState:
    if task.get("error"):
        return StepState.FAILED
    return StepState.DONE if "result" in task and not task.get("interrupts") else StepState.RUNNING


def _spoken(message: Any) -> str:
    """The text of a message, or of a part of one, of a model."""
    kind = str(getattr(message, "type", "")).lower()
    text = getattr(message, "text", "")
    return str(text() if callable(text) and not isinstance(text, str) else text) if kind.startswith("ai") else ""
