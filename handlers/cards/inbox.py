"""The payload of Agent Inbox: a list of `HumanInterrupt`, answered by a list with a `HumanResponse` for each."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from handlers.cards.model import Card
from handlers.cards.reviews import MAX_CALLS, Call, Dialect, Way, review
from handlers.cards.schemas import Schema
from handlers.cards.words import english
from runtime.prebuilt.review import ALLOWED_BY, EDITED_ARGS
from runtime.requests.records import Verdict


class _ActionRequest(BaseModel):
    action: str
    args: dict[str, Any]


class _Config(BaseModel):
    allow_accept: bool = False
    allow_edit: bool = False
    allow_respond: bool = False
    allow_ignore: bool = False


class _Interrupt(BaseModel):
    action_request: _ActionRequest
    config: _Config
    description: str | None = None


_KEYS = {"response": "respond"}
"""Actions whose key is not the type of their response."""
_INTERRUPTS = TypeAdapter(Annotated[list[_Interrupt], Field(min_length=1, max_length=MAX_CALLS)])


def inbox(payload: Any, answers: dict[str, Any] | None) -> Card | None:
    """The card of tool calls to review; None for anything else, also for calls that nobody could answer."""
    try:
        asked = _INTERRUPTS.validate_python(payload)
    except ValidationError:
        return None
    schema = _tool_schema(answers) if len(asked) == 1 else None
    return review([_call(one, schema) for one in asked], _DIALECT)


def _call(one: _Interrupt, schema: Schema | None) -> Call:
    allowed = (_KEYS.get(kind, kind) for kind, key in ALLOWED_BY.items() if getattr(one.config, key))
    return Call(
        tool=one.action_request.action,
        args=one.action_request.args,
        description=one.description,
        allowed=frozenset(allowed),
        schema=schema,
    )


def _tool_schema(answers: dict[str, Any] | None) -> Schema | None:
    """The schema of a tool's arguments, where the schema of the answers brings it (`runtime.prebuilt.review`)."""
    definitions = (answers or {}).get("$defs")
    found = definitions.get(EDITED_ARGS) if isinstance(definitions, dict) else None
    if answers is None or not isinstance(found, dict) or not isinstance(found.get("properties"), dict):
        return None
    return found | {key: answers[key] for key in ("$defs", "definitions") if key in answers}


def _spell(way: Way, call: Call, args: dict[str, Any], text: str | None) -> dict[str, Any]:
    match way.key:
        case "edit":
            return {"type": "edit", "args": {"action": call.tool, "args": args}}
        case "respond":
            return {"type": "response", "args": text}
        case kind:
            return {"type": kind, "args": None}


_DIALECT = Dialect(
    ways=(
        Way(key="accept", label=english.APPROVE, verdict=Verdict.APPROVED),
        Way(key="edit", label=english.EDIT, verdict=Verdict.EDITED, asks="args"),
        Way(key="respond", label=english.RESPOND, verdict=Verdict.ANSWERED, asks="text"),
        Way(key="ignore", label=english.IGNORE, verdict=Verdict.REJECTED, asks="reason"),
    ),
    spell=_spell,
)
