"""What lies in the log: frames, tasks, questions and answers as lists and dicts of the user's values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from runtime.codec.kinds import Table
from runtime.conversation import Conversation
from runtime.engine.frames import FRAME_FIELDS, Answer, Frame, Question, Scheduled, Task
from runtime.graph.state import Values
from runtime.messages import Message
from runtime.types import NOTHING, START

LEAST_ROWS: Final = 16
"""Of a table: below this it saves nothing."""
_LISTS: Final = frozenset({list, Conversation})
_TASK_FIELDS: Final = tuple(name for name in Task.__slots__ if name not in {"arg", "lent"})


def plain_frame(frame: Frame) -> list[Any]:
    """Take a frame apart; `restored_frame` puts it together."""
    fields = {name: getattr(frame, name) for name in FRAME_FIELDS}
    fields["values"] = plain_values(frame.values)
    fields["unapplied"] = [list(step) for step in frame.unapplied]
    return [fields, [_plain_task(task) for task in frame.tasks]]


def restored_frame(plain: list[Any]) -> Frame:
    """Put a frame together."""
    fields, tasks = plain
    return Frame(**fields, tasks=[_restored_task(**task) for task in tasks])


def _plain_task(task: Task) -> dict[str, Any]:
    fields = plain_fields(task, _TASK_FIELDS)
    return fields if task.arg is NOTHING else fields | {"arg": task.arg}


def _restored_task(*, id: str, name: str, **fields: Any) -> Task:  # noqa: A002 - the field's name
    task = Task(id, name)
    restore(task, fields)
    return task


def plain_fields(task: Task, names: Iterable[str]) -> dict[str, Any]:
    """Return the present value of some fields of a task."""
    fields = {name: getattr(task, name) for name in names}
    for name, plain in _PLAIN.items():
        if fields.get(name) is not None:
            fields[name] = plain(fields[name])
    return fields


def restore(task: Task, fields: Mapping[str, Any]) -> None:
    """Put what `plain_fields` made back into a task."""
    for name, value in fields.items():
        setattr(task, name, _RESTORED[name](value) if name in _RESTORED and value is not None else value)


_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "question": lambda asked: [asked.id, asked.digest, asked.value, asked.schema, asked.supersedes, asked.typed],
    "answers": lambda answers: [[answer.id, answer.digest, answer.value] for answer in answers],
    "writes": lambda writes: [[name, value] for name, value in writes],
}
_RESTORED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "question": lambda parts: Question(*parts),
    "answers": lambda answers: [Answer(*parts) for parts in answers],
}


def plain_values(values: Mapping[str, Any]) -> Values:
    """Write a state as the codec takes it."""
    return {name: plain_value(value) for name, value in values.items()}


def plain_value(value: Any) -> Any:
    """Write a value as the codec takes it: a table of many messages of our own, a list of any other conversation."""
    if type(value) not in _LISTS:
        return value
    if len(value) >= LEAST_ROWS and type(value[0]) is Message and set(map(type, value)) == {Message}:
        return Table(value)
    return value[:] if type(value) is Conversation else value


def plain_tasks(tasks: list[Scheduled]) -> list[list[Any]]:
    """Write what is to run next; the place tells the task's id."""
    return [[task[0]] if task[1] is NOTHING else [*task] for task in tasks]


def written_by(operation: list[Any]) -> Iterator[tuple[str, Any]]:
    """State keys and values that a recorded operation would store."""
    match operation:
        case ["c", _, _, _, _, _, written, dict(results), list(nexts), *_]:
            yield from (pair for _, writes in written for pair in writes)
            yield from results.items()
            yield from (pair for name, *args in nexts if name == START for arg in args for pair in arg.items())
            yield from ((f"input of {name}", arg) for name, *args in nexts for arg in args)
        case ["s", _, _, _, _, dict(given), (left, results), *_]:
            yield from [*given.items(), *left.items(), *results.items()]
        case ["b", _, _, _, _, _, _, dict(values), *_]:
            yield from values.items()
        case ["u", _, list(written), dict(results)]:
            yield from [*written, *results.items()]
        case ["t", _, _, dict(fields)]:
            yield from fields.get("writes") or ()
            yield from ((f"answer {answer[0]}", answer[2]) for answer in fields.get("answers", ()))
        case ["k", _, _, str(key), result]:
            yield key, result
        case _:
            return
