"""From whatever a graph passed to `interrupt()` to a card: one function for each shape, tried in order.

A shape that does not fit its function (an `actions` list that makes no sense, a schema that is none) falls through to
the next, and the last one takes everything and shows all of it: no payload fails to become a card.
"""

from collections.abc import Callable
from dataclasses import is_dataclass, replace
from typing import Any

from pydantic import BaseModel

from handlers.cards import asks, schemas, words
from handlers.cards.declared import APPROVERS, REASONS, declared_reasons, with_actions
from handlers.cards.heading import heading
from handlers.cards.inbox import inbox
from handlers.cards.middleware import batched, per_call
from handlers.cards.model import Action, AskForm, AskReason, AskText, Card, Reply
from handlers.cards.plain import plain, pruned
from handlers.cards.typed import typed
from runtime.policy.terms import Terms
from runtime.requests.records import Request, Verdict

Compiler = Callable[[Any, dict[str, Any] | None], Card | None]


def compile_card(payload: object, response_schema: dict[str, Any] | None = None) -> Card:
    """The card for a payload; `response_schema` is what the graph demands of the answer. Never raises."""
    if schemas.too_deep(payload):
        return _anything(pruned(payload), None)
    schema = response_schema if schemas.usable(response_schema) else None
    return next(card for compiler in COMPILERS if (card := compiler(payload, schema)))


def _by_schema(payload: Any, schema: dict[str, Any] | None) -> Card | None:
    """Whatever is asked, the answer is what the graph's schema demands."""
    if schema is None:
        return None
    title, fields = heading(_without_policy(payload))
    if few := asks.buttons(schema):
        actions = tuple(
            Action(key=f"option_{index}", label=option.label, verdict=Verdict.ANSWERED, resume=_always(option.value))
            for index, option in enumerate(few, start=1)
        )
        return Card(title=title or words.UNTITLED_QUESTION, fields=fields, actions=actions)
    known = schema.get("properties", {})
    ask, resume = asks.form(schema, {key: value for key, value in fields.items() if key in known})
    answer = Action(key="answer", label=words.ANSWER, verdict=Verdict.ANSWERED, ask=ask, resume=resume, style="primary")
    return Card(
        title=title or words.UNTITLED_QUESTION,
        fields=fields,
        actions=(answer,),
        text_action=answer.key if _can_be_typed(schema) else None,
    )


def _can_be_typed(schema: dict[str, Any]) -> bool:
    """Whether a plain message can be the answer."""
    found, _ = schemas.read(schema, schema)
    return found.get("type") in {"string", "integer", "number"} and not {"format", "enum", "const"} & found.keys()


def _question(payload: Any, _: dict[str, Any] | None) -> Card | None:
    """A text is a question; the answer is a text."""
    if not isinstance(payload, str):
        return None
    answer = Action(
        key="answer",
        label=words.ANSWER,
        style="primary",
        verdict=Verdict.ANSWERED,
        ask=AskText(),
        resume=lambda reply: reply.text,
    )
    return Card(title=payload.strip() or words.UNTITLED_QUESTION, actions=(answer,), text_action=answer.key)


def _approval(payload: Any, _: dict[str, Any] | None) -> Card | None:
    """A dict is approved (`True`), edited (its fields as a dict) or rejected (`False`)."""
    payload = plain(payload) if isinstance(payload, BaseModel) or is_dataclass(payload) else payload
    if not isinstance(payload, dict) or not all(isinstance(key, str) for key in payload):
        return None
    reasons = declared_reasons(payload)
    title, fields = heading(
        {key: value for key, value in _without_policy(payload).items() if not (reasons and key == REASONS)}
    )
    edit = (_edit(fields),) if fields else ()
    return Card(title=title or words.UNTITLED, fields=fields, actions=(_approve(), *edit, _reject(reasons)))


def _anything(payload: Any, _: dict[str, Any] | None) -> Card:
    """Approve or reject what is shown as it is."""
    fields = payload if isinstance(payload, dict) else {words.VALUE: payload}
    return Card(
        title=words.UNTITLED, fields={str(key): value for key, value in fields.items()}, actions=(_approve(), _reject())
    )


def card_of(request: Request) -> Card:
    """The card of a request: its payload's, and what its policy asks of whoever says no."""
    card = compile_card(request.payload, request.response_schema)
    terms = request.terms
    if not (terms.reason_required or terms.reject_reasons):
        return card
    return replace(card, actions=tuple(_with_reason(action, terms) for action in card.actions))


def _with_reason(action: Action, terms: Terms) -> Action:
    ask = action.ask or AskReason(told=False)
    if action.verdict is not Verdict.REJECTED or not isinstance(ask, AskReason):
        return action
    reasons, required = ask.reasons or terms.reject_reasons, ask.required or terms.reason_required
    return replace(action, ask=replace(ask, reasons=reasons, required=required))


def _without_policy(payload: Any) -> Any:
    if not isinstance(payload, dict):
        return payload
    return {key: value for key, value in payload.items() if key != APPROVERS}


def _approve() -> Action:
    return Action(key="approve", label=words.APPROVE, style="primary", verdict=Verdict.APPROVED, resume=_always(True))


def _reject(reasons: tuple[str, ...] = ()) -> Action:
    why = AskReason(told=False, reasons=reasons)
    return Action(key="reject", label=words.REJECT, verdict=Verdict.REJECTED, ask=why, resume=_always(False))


def _edit(fields: dict[str, Any]) -> Action:
    ask = AskForm(
        schema=schemas.guess(fields),
        values=fields,
        title=words.EDIT_TITLE,
        submit=words.APPROVE_WITH_CHANGES,
        note=AskReason(told=False),
    )
    return Action(key="edit", label=words.EDIT, verdict=Verdict.EDITED, ask=ask, resume=lambda reply: reply.values)


def _always(value: Any) -> Callable[[Reply], Any]:
    return lambda _: value


COMPILERS: tuple[Compiler, ...] = (
    typed,
    with_actions,
    inbox,
    batched,
    per_call,
    _by_schema,
    _question,
    _approval,
    _anything,
)
"""In order of how much a payload says itself about its answers. A new shape is one more function here."""
