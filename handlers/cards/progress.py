"""A run that is under way: its steps ticked off and what the agent says, as a stream's chunks or as a message."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from handlers.cards import words
from handlers.cards.blocks import Message
from handlers.cards.literal import context, excerpt, paragraph, plain_text
from handlers.cards.masking import mask_text
from handlers.cards.text import clean, escape
from runtime.requests.progress import Doing, Event, Said, Step, StepState

TEXT: Final = 8000
"""Letters shown of what the agent says; the outcome shows the rest."""
STEPS: Final = 30
_LAST_WORD: Final = re.compile(r"\S*\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """The tasks of one node."""

    running: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    done: int = 0

    def after(self, step: Step) -> "Line":
        """The line once a task of its node has come that far."""
        running, failed = self.running - {step.task_id}, self.failed - {step.task_id}
        match step.state:
            case StepState.RUNNING:
                return Line(running | {step.task_id}, failed, self.done)
            case StepState.FAILED:
                return Line(running, failed | {step.task_id}, self.done)
            case StepState.DONE:
                return Line(running, failed, self.done + 1)

    @property
    def state(self) -> StepState:
        """How far the node is."""
        if self.running:
            return StepState.RUNNING
        return StepState.FAILED if self.failed else StepState.DONE


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a run that is under way."""

    lines: Mapping[str, Line] = field(default_factory=dict)
    """By node, in the order in which they began."""
    text: str = ""
    doing: str = ""

    def after(self, event: Event) -> "Progress":
        """What is known once this has been told."""
        match event:
            case Step():
                line = self.lines.get(event.node, Line()).after(event)
                return replace(self, lines={**self.lines, event.node: line})
            case Said():
                return replace(self, text=(self.text + event.text)[:TEXT])
            case Doing():
                return replace(self, doing=event.text)

    @property
    def worth_a_message(self) -> bool:
        """Whether there is more to show than what is being done just now."""
        return bool(self.text.strip()) or len(self.lines) > 1

    @property
    def visible(self) -> str:
        """What can be shown of the text: not the last word, which may be the beginning of a secret."""
        return mask_text(clean(self.text[: _LAST_WORD.search(self.text).start()]))  # type: ignore[union-attr]  # always matches

    def titled(self) -> Iterator[tuple[str, str, StepState]]:
        """The node, the words and the state of every line that is shown."""
        for node, line in list(self.lines.items())[-STEPS:]:
            total = line.done + len(line.running) + len(line.failed)
            name = plain_text(node.replace("_", " ").strip().capitalize(), 150)["text"]
            yield node, words.step(name, line.done, total), line.state


_TASK_STATES = {StepState.RUNNING: "in_progress", StepState.DONE: "complete", StepState.FAILED: "error"}


def status_line(progress: Progress) -> str:
    """What the agent is doing just now, after its name."""
    running = [title for _, title, state in progress.titled() if state is StepState.RUNNING]
    return words.is_doing(plain_text(progress.doing or ", ".join(running) or words.THINKING, 100)["text"])


def chunks(progress: Progress, *, since: Progress, title: str) -> list[dict[str, Any]]:
    """What a stream is told so that it shows this, having shown `since`."""
    before = {node: (words, state) for node, words, state in since.titled()}
    told: list[dict[str, Any]] = []
    if since.lines == {} or progress.doing != since.doing:
        told.append({"type": "plan_update", "title": plain_text(progress.doing or title, 150)["text"]})
    for node, line, state in progress.titled():
        if before.get(node) != (line, state):
            told.append({"type": "task_update", "id": node, "title": line, "status": _TASK_STATES[state]})
    if added := _added(since.visible, progress.visible):
        told.append({"type": "markdown_text", "text": escape(added)})
    return told


def _added(before: str, now: str) -> str:
    """What a stream has to be told; nothing where what it shows already has turned out to be part of a secret."""
    return now[len(before) :] if now.startswith(before) else ""


def progress_message(progress: Progress, title: str) -> Message:
    """The same as a message, to be edited."""
    lines = [f"{words.STEP_MARKS[state]} {escape(line)}" for _, line, state in progress.titled()]
    doing = escape(plain_text(progress.doing, 150)["text"]) if progress.doing else words.WORKING
    said = excerpt(progress.visible, 2500).text.strip()
    blocks = [context(f"{doing}\n" + "\n".join(lines)), *([paragraph(said)] if said else [])]
    return Message(f"{escape(title)}: {doing}", blocks)
