"""What LangChain's `HumanInTheLoopMiddleware` asks: one `HITLRequest` for all calls of a turn, or a question per call.

Both as LangChain 1 writes them (`name`, `args`) and as its first versions did (`action`, `arguments`); an answer
spells its edited action as the question did. Source of the shapes: `langchain.agents.middleware.human_in_the_loop`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from handlers.cards import schemas, unions
from handlers.cards.model import Card
from handlers.cards.reviews import MAX_CALLS, Call, Dialect, Way, review
from handlers.cards.schemas import Schema
from handlers.cards.words import english
from runtime.requests.records import Verdict

_ALL = ("approve", "edit", "reject", "respond")


class _Action(BaseModel):
    name: str = Field(validation_alias=AliasChoices("name", "action"))
    args: dict[str, Any] = Field(validation_alias=AliasChoices("args", "arguments"))
    description: str | None = None


class _Config(BaseModel):
    action_name: str
    allowed_decisions: list[str]
    args_schema: dict[str, Any] | None = None


class _Batch(BaseModel):
    action_requests: Annotated[list[_Action], Field(min_length=1, max_length=MAX_CALLS)]
    review_configs: list[_Config]


class _Single(_Action):
    type: Literal["tool_approval"]


def batched(payload: Any, _: dict[str, Any] | None) -> Card | None:
    """The card of an `HITLRequest`, answered by `{"decisions": […]}`; None for anything else."""
    if not isinstance(payload, dict) or "action_requests" not in payload:
        return None
    try:
        asked = _Batch.model_validate(payload)
    except ValidationError:
        return None
    configs = {config.action_name: config for config in asked.review_configs}
    calls = [_call(action, configs.get(action.name)) for action in asked.action_requests]
    return review(calls, _dialect(payload["action_requests"][0], lambda decisions: {"decisions": decisions}))


def per_call(payload: Any, answers: dict[str, Any] | None) -> Card | None:
    """The card of one call, answered by its decision; None for anything else."""
    if not isinstance(payload, dict) or payload.get("type") != "tool_approval":
        return None
    try:
        asked = _Single.model_validate(payload)
    except ValidationError:
        return None
    found = dict(_decisions(answers or {}))
    call = Call(
        tool=asked.name,
        args=asked.args,
        description=_own_words(asked.description),
        allowed=frozenset(found or _ALL),
        schema=_edited_args(found.get("edit"), answers or {}),
    )
    return review([call], _dialect(payload, lambda decisions: decisions[0]))


def _call(action: _Action, config: _Config | None) -> Call:
    schema = config.args_schema if config and schemas.usable(config.args_schema) else None
    alone = schema is not None and "properties" in schema and not any(schemas.references(schema))
    return Call(
        tool=action.name,
        args=action.args,
        description=_own_words(action.description),
        allowed=frozenset(config.allowed_decisions if config else ("approve", "edit", "reject")),
        schema=schema if alone else None,
    )


def _own_words(description: str | None) -> str | None:
    """The description without the call that LangChain repeats in it: the card shows that itself, secrets masked."""
    return (description or "").partition("\n\nTool: ")[0].strip() or None


def _decisions(answers: Schema) -> Iterator[tuple[str, Schema]]:
    """The decisions that a schema of the answers allows, by their type."""
    for variant in unions.variants(answers, answers):
        yield str(variant.value), variant.rest
    only = schemas.read(answers.get("properties", {}).get("type"), answers)[0].get("const")
    if isinstance(only, str):
        yield only, answers


def _edited_args(decision: Schema | None, answers: Schema) -> Schema | None:
    """The schema of the tool's arguments, where the one of an edit holds it."""
    action, _ = schemas.read((decision or {}).get("properties", {}).get("edited_action"), answers)
    args, _ = schemas.read(action.get("properties", {}).get("args"), answers)
    if not isinstance(args.get("properties"), dict):
        return None
    return args | {key: answers[key] for key in ("$defs", "definitions") if key in answers}


def _dialect(action: dict[str, Any], wrap: Any) -> Dialect:
    name = "name" if "name" in action else "action"
    args_key = "args" if "args" in action else "arguments"

    def spell(way: Way, call: Call, args: dict[str, Any], text: str | None) -> dict[str, Any]:
        match way.key:
            case "edit":
                return {"type": "edit", "edited_action": {name: call.tool, args_key: args}}
            case "reject" | "respond":
                return {"type": way.key} | ({"message": text} if text else {})
            case kind:
                return {"type": kind}

    return Dialect(ways=_WAYS, spell=spell, wrap=wrap)


_WAYS = (
    Way(key="approve", label=english.APPROVE, verdict=Verdict.APPROVED),
    Way(key="edit", label=english.EDIT, verdict=Verdict.EDITED, asks="args"),
    Way(key="reject", label=english.REJECT, verdict=Verdict.REJECTED, asks="reason", told=True),
    Way(key="respond", label=english.RESPOND, verdict=Verdict.ANSWERED, asks="text"),
)
