"""The payload of Agent Inbox: a list of `HumanInterrupt`, answered by a list with a `HumanResponse` for each.

Several in one list are one question: what is offered is what all of them allow, and the answer goes to all of them.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from handlers.cards import schemas, words
from handlers.cards.model import Action, AskForm, AskReason, AskText, Card, Reply
from handlers.cards.schemas import Schema
from runtime.prebuilt.review import EDITED_ARGS
from runtime.requests.records import Verdict

_UNTOLD = AskReason(told=False)


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


_INTERRUPTS = TypeAdapter(Annotated[list[_Interrupt], Field(min_length=1, max_length=50)])


def inbox(payload: Any, schema: dict[str, Any] | None) -> Card | None:
    """The card of tool calls to review; None for anything else, also for calls that nobody could answer together."""
    try:
        asked = _INTERRUPTS.validate_python(payload)
    except ValidationError:
        return None
    requests = [one.action_request for one in asked]
    args_schema, values = _form(requests, schema)
    edit = [_edit(requests, args_schema, values)] if args_schema["properties"] else []
    offered = {
        "allow_accept": [_accept(len(asked))],
        "allow_edit": edit,
        "allow_respond": [_respond(len(asked))],
        "allow_ignore": [_ignore(len(asked))],
    }
    actions = tuple(
        action for key, found in offered.items() if all(getattr(one.config, key) for one in asked) for action in found
    )
    if not actions:
        return None
    return Card(
        title=words.wants_to_use([request.action for request in requests]),
        why="\n".join(dict.fromkeys(one.description for one in asked if one.description)) or None,
        fields=values,
        schema=args_schema,
        actions=actions,
        text_action="respond" if actions[0].key == "respond" else None,  # a sentence approves nothing
    )


def _form(requests: list[_ActionRequest], answers: dict[str, Any] | None) -> tuple[Schema, dict[str, Any]]:
    """The schema and the values of what is asked about: the arguments, or those of each of several by their number."""
    if len(requests) == 1:
        return _tool_schema(answers) or schemas.guess(requests[0].args), requests[0].args
    names = [f"{place}. {request.action}" for place, request in enumerate(requests, start=1)]
    schema = {"type": "object", "properties": {name: {"title": name, "type": "object"} for name in names}}
    return schema, {name: request.args for name, request in zip(names, requests, strict=True)}


def _tool_schema(answers: dict[str, Any] | None) -> Schema | None:
    """The schema of a tool's arguments, where the schema of the answers brings it (`runtime.prebuilt.review`)."""
    definitions = (answers or {}).get("$defs")
    found = definitions.get(EDITED_ARGS) if isinstance(definitions, dict) else None
    if answers is None or not isinstance(found, dict) or not isinstance(found.get("properties"), dict):
        return None
    return found | {key: answers[key] for key in ("$defs", "definitions") if key in answers}


def _accept(count: int) -> Action:
    return Action(
        key="accept",
        label=words.APPROVE,
        style="primary",
        verdict=Verdict.APPROVED,
        resume=lambda _: [{"type": "accept", "args": None}] * count,
    )


def _edit(requests: list[_ActionRequest], schema: Schema, values: dict[str, Any]) -> Action:
    ask = AskForm(schema=schema, values=values, title=words.EDIT_TITLE, submit=words.APPROVE_WITH_CHANGES, note=_UNTOLD)
    return Action(key="edit", label=words.EDIT, verdict=Verdict.EDITED, ask=ask, resume=_edited(requests))


def _edited(requests: list[_ActionRequest]) -> Callable[[Reply], Any]:
    def resume(reply: Reply) -> list[dict[str, Any]]:
        values = reply.values or {}
        every = [values] if len(requests) == 1 else list(values.values())
        return [
            {"type": "edit", "args": {"action": request.action, "args": args}}
            for request, args in zip(requests, every, strict=True)
        ]

    return resume


def _respond(count: int) -> Action:
    return Action(
        key="respond",
        label=words.RESPOND,
        verdict=Verdict.ANSWERED,
        ask=AskText(),
        resume=lambda reply: [{"type": "response", "args": reply.text}] * count,
    )


def _ignore(count: int) -> Action:
    return Action(
        key="ignore",
        label=words.IGNORE,
        verdict=Verdict.REJECTED,
        ask=_UNTOLD,
        resume=lambda _: [{"type": "ignore", "args": None}] * count,
    )
