"""The card for calls of tools that a person reviews, however the agent's library spells the question and its answer.

One call is approved, edited, rejected or answered in place of the tool. Several are one card with a row for each: all
of them at once where all allow the same, or each by itself in one form that is sent together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from handlers.cards import schemas, words
from handlers.cards.model import Action, Ask, AskForm, AskReason, AskText, Card, Reply, differences
from handlers.cards.schemas import Schema
from runtime.requests.records import Change, Verdict

MAX_CALLS = 50
_DECISION, _ARGS, _TEXT = "decision", "args", "text"
"""Keys of what the form for several calls asks about each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to answer a call."""

    key: str
    label: str
    """In English, as it is stored."""
    verdict: Verdict
    asks: Literal["nothing", "args", "reason", "text"] = "nothing"
    told: bool = False
    """Whether the agent reads the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call under review."""

    tool: str
    args: dict[str, Any]
    description: str | None
    allowed: frozenset[str]
    """Keys of the ways that it may be answered in."""
    schema: Schema | None = None
    """JSON Schema of the arguments, if the question brings one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a library spells answers."""

    ways: tuple[Way, ...]
    """In the order of the buttons."""
    spell: Callable[[Way, Call, dict[str, Any], str | None], Any]
    """The answer to one call, from its edited arguments or a text."""
    wrap: Callable[[list[Any]], Any] = list
    """What `interrupt()` returns, from the answers to all calls in their order."""


def review(calls: Sequence[Call], dialect: Dialect) -> Card | None:
    """The card for these calls; None where nobody could answer them."""
    if not calls or not all(_offered(call, dialect) for call in calls):
        return None
    return _one(calls[0], dialect) if len(calls) == 1 else _several(calls, dialect)


def _offered(call: Call, dialect: Dialect) -> list[Way]:
    return [way for way in dialect.ways if way.key in call.allowed and (way.asks != "args" or call.args)]


def _one(call: Call, dialect: Dialect) -> Card:
    actions = tuple(_alone(call, way, dialect) for way in _offered(call, dialect))
    first = actions[0]
    return Card(
        title=words.wants_to_use([call.tool]),
        why=call.description,
        fields=call.args,
        schema=_schema(call),
        actions=actions,
        text_action=first.key if isinstance(first.ask, AskText) else None,  # a sentence approves nothing
    )


def _alone(call: Call, way: Way, dialect: Dialect) -> Action:
    def resume(reply: Reply) -> Any:
        text = reply.note if way.asks == "reason" else reply.text
        return dialect.wrap([dialect.spell(way, call, reply.values or {}, text)])

    return Action(
        key=way.key,
        label=words.translated(way.label),
        style="primary" if way.verdict is Verdict.APPROVED else None,
        verdict=way.verdict,
        ask=_ask(call, way),
        resume=resume,
    )


def _ask(call: Call, way: Way) -> Ask | None:
    match way.asks:
        case "nothing":
            return None
        case "text":
            return AskText()
        case "reason":
            return AskReason(told=way.told)
        case "args":
            return AskForm(
                schema=_schema(call),
                values=call.args,
                title=words.EDIT_TITLE,
                submit=words.APPROVE_WITH_CHANGES,
                note=AskReason(told=way.told),
            )


def _schema(call: Call) -> Schema:
    return call.schema or schemas.guess(call.args)


def _several(calls: Sequence[Call], dialect: Dialect) -> Card:
    rows = {f"{place}. {call.tool}": call for place, call in enumerate(calls, start=1)}
    each = Action(
        key="each",
        label=words.DECIDE_EACH,
        verdict=Verdict.ANSWERED,
        ask=_form(rows, dialect),
        resume=lambda reply: dialect.wrap([_spelled(call, given, dialect) for call, given in _given(rows, reply)]),
        summary=lambda reply: tuple(_summary(rows, reply, dialect)),
    )
    return Card(
        title=words.wants_to_use([call.tool for call in calls]),
        why=_why(rows),
        fields={row: call.args for row, call in rows.items()},
        schema={"properties": {row: {"title": row} for row in rows}},
        actions=(*_together(calls, dialect), each),
    )


def _why(rows: Mapping[str, Call]) -> str | None:
    """Why the agent wants all this, in one sentence or, where it gives several, by call."""
    said = {row: call.description for row, call in rows.items() if call.description}
    if len(said) == len(rows) and len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "\n".join(f"{row}: {description}" for row, description in said.items()) or None


def _together(calls: Sequence[Call], dialect: Dialect) -> Iterator[Action]:
    """Approve or reject all calls, where all of them allow it."""

    def every(way: Way) -> Callable[[Reply], Any]:
        return lambda reply: dialect.wrap([dialect.spell(way, call, {}, reply.note) for call in calls])

    labels = {Verdict.APPROVED: words.APPROVE_ALL, Verdict.REJECTED: words.REJECT_ALL}
    for way in dialect.ways:
        if way.verdict in labels and all(way.key in call.allowed for call in calls):
            yield Action(
                key=way.key,
                label=labels[way.verdict],
                style="primary" if way.verdict is Verdict.APPROVED else None,
                verdict=way.verdict,
                ask=AskReason(told=way.told) if way.asks == "reason" else None,
                resume=every(way),
            )


# The form for several calls: for each a union of what its answers ask for, told apart by the decision.


def _form(rows: Mapping[str, Call], dialect: Dialect) -> AskForm:
    properties = {row: _union(row, call, dialect) for row, call in rows.items()}
    schema = {"type": "object", "properties": properties, "required": list(rows)}
    return AskForm(schema=schema, title=words.DECIDE_EACH, submit=words.SEND)


def _union(row: str, call: Call, dialect: Dialect) -> Schema:
    variants = [_variant(row, call, way) for way in _offered(call, dialect)]
    return {"title": row, "oneOf": variants, "discriminator": {"propertyName": _DECISION}}


def _variant(row: str, call: Call, way: Way) -> Schema:
    properties: Schema = {_DECISION: {"const": way.label, "title": words.decision_on(row)}}
    match way.asks:
        case "args":
            properties[_ARGS] = {**_schema(call), "title": words.ARGUMENTS, "default": call.args}
        case "reason" | "text" as asked:
            title = words.YOUR_ANSWER if asked == "text" else words.REASON
            properties[_TEXT] = {"type": "string", "title": title, "maxLength": 3000}
        case "nothing":
            pass
    required = [key for key in properties if key != _TEXT or way.asks == "text"]
    return {"type": "object", "properties": properties, "required": required}


def _given(rows: Mapping[str, Call], reply: Reply) -> Iterator[tuple[Call, dict[str, Any]]]:
    for row, call in rows.items():
        yield call, (reply.values or {}).get(row, {})


def _way(given: Mapping[str, Any], dialect: Dialect) -> Way:
    return next(way for way in dialect.ways if way.label == given.get(_DECISION))


def _spelled(call: Call, given: Mapping[str, Any], dialect: Dialect) -> Any:
    return dialect.spell(_way(given, dialect), call, given.get(_ARGS, {}), given.get(_TEXT))


def _summary(rows: Mapping[str, Call], reply: Reply, dialect: Dialect) -> Iterator[Change]:
    """What was decided about each call, and what was changed in it."""
    for row, (call, given) in zip(rows, _given(rows, reply), strict=True):
        way, said = _way(given, dialect), given.get(_TEXT)
        yield Change(field=row, before=None, after=f"{way.label}: {said}" if said else way.label)
        if way.asks == "args":
            yield from differences(call.args, given.get(_ARGS, {}), _schema(call), row)
