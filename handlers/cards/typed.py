"""The typed payloads of `runtime.hitl`. Every answer is the plain JSON that `hitl.Decision` reads."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from handlers.cards import asks, schemas, words
from handlers.cards.model import UNANSWERED, Action, AskForm, AskReason, AskText, Card, Reply
from handlers.cards.plain import pruned
from runtime.hitl import Approval, Choice, Form, Question
from runtime.requests.records import Verdict

_TOLD = AskReason(told=True)


def typed(payload: Any, _: dict[str, Any] | None) -> Card | None:
    """The card of a typed payload; None for anything else."""
    match payload:
        case Approval():
            return _approval(payload)
        case Question():
            return _question(payload)
        case Choice():
            return _choice(payload)
        case Form():
            return _form(payload)
        case _:
            return None


def _approval(payload: Approval) -> Card:
    schema = payload.args_schema if payload.args_schema and schemas.usable(payload.args_schema) else None
    approve = Action(
        key="approve",
        label=words.translated(payload.approve_label),
        style="danger" if payload.destructive else "primary",
        confirm=words.SURE if payload.destructive else None,
        verdict=Verdict.APPROVED,
        resume=_decision("approve", args=lambda _: payload.args),
    )
    edit = Action(
        key="edit",
        label=words.EDIT,
        verdict=Verdict.EDITED,
        ask=AskForm(
            schema=schema or schemas.guess(payload.args),
            values=payload.args,
            title=words.EDIT_TITLE,
            submit=words.APPROVE_WITH_CHANGES,
            note=_TOLD,
        ),
        resume=_decision("edit", args=lambda reply: reply.values),
    )
    editable = payload.allow_edit and (payload.args or schema) and not schemas.too_deep(payload.args)
    why = AskReason(told=True, reasons=tuple(payload.reject_reasons), required=payload.reason_required)
    return Card(
        title=payload.title,
        why=payload.description,
        fields=pruned(payload.args),
        schema=schema or {},
        actions=(approve, *((edit,) if editable else ()), _refusal("reject", words.REJECT, why)),
    )


def _question(payload: Question) -> Card:
    answer = Action(
        key="answer",
        label=words.ANSWER,
        style="primary",
        verdict=Verdict.ANSWERED,
        ask=AskText(placeholder=payload.placeholder, multiline=payload.multiline),
        resume=_decision("answer", value=lambda reply: reply.text),
    )
    return Card(
        title=payload.title,
        why=payload.description,
        actions=(answer,),
        unanswered=_unanswered(),
        text_action=answer.key,
    )


def _choice(payload: Choice) -> Card:
    if len(payload.options) > asks.FEW:
        return _long_choice(payload)
    actions = tuple(
        Action(
            key=f"option_{index}",
            label=option.label,
            verdict=Verdict.ANSWERED,
            resume=_decision(option.value, value=_always(option.value)),
        )
        for index, option in enumerate(payload.options, start=1)
    )
    described = {option.label: option.description for option in payload.options if option.description}
    return Card(
        title=payload.title, why=payload.description, fields=described, actions=actions, unanswered=_unanswered()
    )


def _long_choice(payload: Choice) -> Card:
    variants = [
        {"const": option.value, "title": option.label, "description": option.description or ""}
        for option in payload.options
    ]
    ask, chosen = asks.form({"oneOf": variants}, {}, title=words.CHOOSE)
    choose = Action(
        key="answer",
        label=words.CHOOSE,
        style="primary",
        verdict=Verdict.ANSWERED,
        ask=ask,
        resume=lambda reply: _decision(chosen(reply), value=chosen)(reply),
    )
    return Card(title=payload.title, why=payload.description, actions=(choose,), unanswered=_unanswered())


def _form(payload: Form) -> Card:
    schema = payload.json_schema if schemas.usable(payload.json_schema) else schemas.guess(payload.initial)
    ask, _ = asks.form(schema, payload.initial, title=words.FILL_IN, submit=words.translated(payload.submit_label))
    submit = Action(
        key="submit",
        label=words.FILL_IN,
        style="primary",
        verdict=Verdict.ANSWERED,
        ask=ask,
        resume=_decision("answer", args=lambda reply: reply.values),
    )
    return Card(
        title=payload.title,
        why=payload.description,
        fields=pruned(payload.initial),
        schema=schema,
        actions=(submit, _refusal("decline", words.DECLINE)),
    )


def _refusal(key: str, label: str, why: AskReason = _TOLD) -> Action:
    return Action(key=key, label=label, verdict=Verdict.REJECTED, ask=why, resume=_decision("reject", approved=False))


def _nothing(_: Reply) -> None:
    return None


def _always(value: Any) -> Callable[[Reply], Any]:
    return lambda _: value


def _decision(
    action: str,
    *,
    approved: bool = True,
    args: Callable[[Reply], Any] = _nothing,
    value: Callable[[Reply], Any] = _nothing,
) -> Callable[[Reply], dict[str, Any]]:
    """How a reply becomes the plain JSON of a `hitl.Decision`."""
    return lambda reply: {
        "approved": approved,
        "action": action,
        "args": args(reply) or {},
        "value": value(reply),
        "reason": reply.note,
        "by": reply.by.id or None,
        "at": datetime.fromtimestamp(reply.at, UTC).isoformat(),
        "timed_out": reply.timed_out,
    }


def _unanswered() -> Action:
    return _refusal(UNANSWERED, words.DECLINE)
