"""A dict that brings its own buttons, for any house convention of what `interrupt()` returns:

    interrupt({"task": "Review the summary", "summary": text, "actions": [
        {"label": "Looks good", "style": "primary", "resume": {"edited_summary": text}},
        {"label": "Edit", "input": {"type": "string", "default": text}, "resume": {"edited_summary": "$value"}},
        "Skip",
    ]})

`"$value"` stands for what the person gave, `"$note"` for their note. An action without `resume` returns the given
value, or its label where nothing is asked.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from handlers.cards import asks, schemas, words
from handlers.cards.heading import heading
from handlers.cards.model import Action, Ask, AskText, Card, Reply
from runtime.hitl import Reason
from runtime.requests.records import Verdict

MAX_ACTIONS = 20
APPROVERS = "approvers"
"""The key of a dict that names who alone may answer: policy, and no field of the card."""
REASONS = "reject_reasons"
"""The key of a dict that lists reasons to choose from when somebody rejects, and no field of the card."""
_NOT_GIVEN: Any = object()

_REASONS = TypeAdapter(Annotated[list[Reason], Field(max_length=10)])

_YES = re.compile(r"(approve|accept|allow|confirm|yes|ok|okay|publish|send|go|lgtm|looks good)\b", re.IGNORECASE)
_NO = re.compile(r"(reject|decline|deny|refuse|cancel|discard|abort|no|don't|do not|never)\b", re.IGNORECASE)


class _Spec(BaseModel):
    """One action as an agent writes it. An unknown key is a mistake that would otherwise change an answer unseen."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
    style: Literal["primary", "danger", "default"] | None = None
    input: Literal["text", "fields"] | dict[str, Any] | None = None
    resume: Any = _NOT_GIVEN
    confirm: str | bool | None = None


_SPECS = TypeAdapter(Annotated[list[_Spec | str], Field(min_length=1, max_length=MAX_ACTIONS)])


def with_actions(payload: Any, _: dict[str, Any] | None) -> Card | None:
    """The card of a dict with a list of actions that makes sense; None for anything else."""
    if not isinstance(payload, dict) or "actions" not in payload or not all(isinstance(key, str) for key in payload):
        return None
    try:
        specs = [
            _Spec(label=spec) if isinstance(spec, str) else spec for spec in _SPECS.validate_python(payload["actions"])
        ]
    except ValidationError:
        return None
    if not all(schemas.usable(spec.input) for spec in specs if isinstance(spec.input, dict)):
        return None
    title, fields = heading({key: value for key, value in payload.items() if key not in {"actions", APPROVERS}})
    return Card(title=title or words.UNTITLED_QUESTION, fields=fields, actions=tuple(_actions(specs, fields)))


def declared_reasons(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The reasons that a dict offers; none where they make no sense, so that they are shown as a field."""
    try:
        return tuple(_REASONS.validate_python(payload.get(REASONS, [])))
    except ValidationError:
        return ()


def _actions(specs: list[_Spec], fields: dict[str, Any]) -> list[Action]:
    made: list[Action] = []
    for spec in specs:
        key = _key(spec.label, {action.key for action in made})
        primary = spec.style == "primary" and not any(action.style == "primary" for action in made)
        made.append(_action(spec, key, fields, primary=primary))
    return made


def _action(spec: _Spec, key: str, fields: dict[str, Any], *, primary: bool) -> Action:
    ask, value = _ask(spec, fields)
    label = spec.label.strip().removesuffix("…").removesuffix("...")
    confirm = spec.confirm if isinstance(spec.confirm, str) else (words.SURE if spec.confirm else None)
    return Action(
        key=key,
        label=label,
        style="primary" if primary else "danger" if spec.style == "danger" else None,
        verdict=_verdict(spec),
        confirm=confirm,
        ask=ask,
        resume=_resume(spec, value),
    )


def _ask(spec: _Spec, fields: dict[str, Any]) -> tuple[Ask | None, Callable[[Reply], Any]]:
    """What an action asks for, and what `"$value"` then stands for."""
    match spec.input:
        case None:
            return None, lambda _: None
        case "text":
            return AskText(), lambda reply: reply.text
        case "fields":
            return asks.form(schemas.guess(fields), fields, title=spec.label)
        case schema:
            return asks.form(schema, {}, title=spec.label)


def _resume(spec: _Spec, value: Callable[[Reply], Any]) -> Callable[[Reply], Any]:
    if spec.resume is not _NOT_GIVEN:
        return lambda reply: _filled(spec.resume, {"$value": value(reply), "$note": reply.note})
    return value if spec.input is not None else lambda _: spec.label


def _filled(template: Any, given: dict[str, Any]) -> Any:
    match template:
        case str():
            return given.get(template, template)
        case dict():
            return {key: _filled(item, given) for key, item in template.items()}
        case list() | tuple():
            return [_filled(item, given) for item in template]
        case _:
            return template


def _verdict(spec: _Spec) -> Verdict:
    """What kind of answer this is, for words only. In doubt it is an answer, and the label says which."""
    if spec.resume is False or _NO.match(spec.label.strip()):
        return Verdict.REJECTED
    if spec.input is not None:
        return Verdict.EDITED if spec.input == "fields" else Verdict.ANSWERED
    if spec.resume is True or _YES.match(spec.label.strip()):
        return Verdict.APPROVED
    return Verdict.ANSWERED


def _key(label: str, taken: set[str]) -> str:
    """A readable key for the audit: the label's Latin letters, made unique."""
    stem = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40] or "action"
    return stem if stem not in taken else f"{stem}_{len(taken) + 1}"
