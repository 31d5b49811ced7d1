"""Whose answer is it, and does it fit? Checked before anything is written.

An answer belongs to one pending question. What is not certain is refused with the ids that could be meant.
"""

from collections.abc import Mapping
from typing import Any

from runtime.engine.frames import Question
from runtime.errors import InvalidAnswerError, UnknownInterruptError
from runtime.types import NOTHING

_HEX = frozenset("0123456789abcdef")


def addressed(resume: Any, pending: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of a `Command(resume=…)` by question id. Raises `UnknownInterruptError`."""
    ids = list(pending)
    if resume is NOTHING:
        return {}
    if _is_map(resume):
        if not resume:
            raise UnknownInterruptError("empty_map", (), ids)
        if unknown := [key for key in resume if key not in pending]:
            raise UnknownInterruptError("not_pending", unknown, ids)
        return dict(resume)
    if len(ids) != 1:
        raise UnknownInterruptError("ambiguous" if ids else "nothing_pending", (), ids)
    return {ids[0]: resume}


def _is_map(resume: Any) -> bool:
    return isinstance(resume, dict) and all(
        isinstance(key, str) and len(key) == 32 and set(key) <= _HEX for key in resume
    )


def check(question: Question, answer: Any) -> None:
    """Hold an answer against its question's JSON Schema. Raises `InvalidAnswerError`; the question stays open."""
    if question.schema is None or question.typed:
        return
    if problems := problems_in(question.schema, answer):
        raise InvalidAnswerError(question.id, problems)


def problems_in(schema: dict[str, Any], value: Any) -> dict[str, str]:
    """Hold a value against a JSON Schema, and say by field what is wrong."""
    import jsonschema  # noqa: PLC0415 - only for questions that have a schema

    errors = jsonschema.validators.validator_for(schema)(schema).iter_errors(value)
    return {".".join(map(str, error.absolute_path)): error.message for error in errors}


def received(answer: Any, value: Any, schema: Any) -> Any:
    """Return what the node gets for an answer to the question `value`. Raises one of `refusals()`."""
    if schema is None:
        receive = getattr(value, "receive", None)
        return receive(answer) if callable(receive) else answer
    if isinstance(schema, dict):
        return answer  # `check` has seen it
    from pydantic import TypeAdapter  # noqa: PLC0415 - only for questions that have a type

    return TypeAdapter(schema).validate_python(answer)


def storable(value: Any) -> Any:
    """Return what is kept and shown of a question: a typed one may hold on to things of this process."""
    return value.storable() if hasattr(value, "storable") else value


def question_of(value: Any, digest: str, schema: Any, supersedes: str | None = None) -> Question:
    """Make a question, its type as JSON Schema; the id comes later."""
    if schema is None or isinstance(schema, dict):
        return Question("", digest, value, schema, supersedes)
    from runtime.named_types import schema_of  # noqa: PLC0415 - only for questions that have a type

    return Question("", digest, value, schema_of(schema), supersedes, typed=True)


def refusals() -> tuple[type[Exception], ...]:
    """Errors by which an answer is refused."""
    import pydantic  # noqa: PLC0415 - looked up only when something was raised

    return (pydantic.ValidationError,)


def problems_of(error: Any) -> dict[str, str]:
    """Say by field what is wrong, in a validator's own words where it has any."""
    from runtime.named_types import problems_of as told  # noqa: PLC0415 - only where there are any

    return {".".join(map(str, problem.path)): problem.words for problem in told(error)}
