"""What is put before people, whatever the payload looked like: a card with fields and a few actions.

Every payload compiles to a `Card` and every answer goes through an `Action`, so that Slack's side knows one shape only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from handlers.cards import words
from handlers.cards.masking import hides, mask_text, masked, secret_names
from runtime.requests.records import Change, Decision, Person, Verdict

INSIDE = " / "
"""Between the keys that lead to a nested value, as people read them."""
UNANSWERED = "unanswered"
"""Key of the action that stands for no answer, where no other says no."""
Style = Literal["primary", "danger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a person gave with an action, who and when."""

    values: dict[str, Any] | None = None
    """A form's values as the person left them, the ones nobody touched included."""
    text: str | None = None
    """A free-text answer."""
    note: str | None = None
    """A rejection's reason or a note beside a form."""
    by: Person
    at: float
    """Seconds since the epoch."""
    timed_out: bool = False
    """Nobody gave it, because time was up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReason:
    """Ask why."""

    told: bool
    """Whether the agent gets to read it, or only the people in the thread."""
    reasons: tuple[str, ...] = ()
    """Reasons to choose from, beside one's own words."""
    required: bool = False
    """Whether somebody has to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskText:
    """Ask for a text in the person's own words."""

    FIELD: ClassVar[str] = "answer"
    """What the text is called among a decision's changes."""

    placeholder: str | None = None
    multiline: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForm:
    """Ask for values: one input for each property of the schema."""

    schema: dict[str, Any]
    """JSON Schema of an object; checked by `schemas.usable`."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What to start from; keys the schema does not know are kept as they are."""
    title: str
    submit: str
    note: AskReason | None = None
    """Whether there is a last input for a note, and who reads it."""


Ask = AskReason | AskText | AskForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One way to answer."""

    key: str
    """Unique in its card."""
    label: str
    """What the button says, without the ellipsis of a button that asks for more."""
    verdict: Verdict
    resume: Callable[[Reply], Any]
    """Makes what `interrupt()` returns."""
    style: Style | None = None
    confirm: str | None = None
    """A question to answer before the click counts."""
    ask: Ask | None = None
    """What the person has to give; None: the click is the answer."""
    summary: Callable[[Reply], tuple[Change, ...]] | None = None
    """What the card and the audit tell of a reply, where that is not what changed in a form; secrets masked."""

    def changes(self, reply: Reply) -> tuple[Change, ...]:
        """What the person typed or changed, for the card and the audit; secrets masked."""
        if self.summary is not None:
            return self.summary(reply)
        match self.ask:
            case AskText():
                return (Change(field=AskText.FIELD, before=None, after=masked(reply.text or "")),)
            case AskForm(values=before):
                return tuple(differences(before, reply.values or {}, self.ask.schema))
            case _:
                return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One question, ready to be drawn."""

    title: str
    """What will happen or what is asked; any length."""
    why: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What it is about, by key; unmasked."""
    schema: dict[str, Any] = field(default_factory=dict)
    """JSON Schema of the fields, for titles and for what is secret; may be empty."""
    actions: tuple[Action, ...]
    unanswered: Action | None = None
    """How it ends when nobody answers, where none of the actions says no."""
    text_action: str | None = None
    """Key of the action that a plain reply in the thread may take."""

    def action(self, key: str) -> Action | None:
        """The action called `key`, if the card has it."""
        return next((action for action in self.actions if action.key == key), None)


def decide(action: Action, reply: Reply) -> Decision:
    """The decision that a reply to an action is."""
    return Decision(
        action=action.key,
        verdict=action.verdict,
        label=words.in_english(action.label),
        value=action.resume(reply),
        reason=mask_text(reply.note) if reply.note else reply.note,
        changes=action.changes(reply),
        given=reply.text if reply.values is None else reply.values,
        by=reply.by,
        at=reply.at,
        timed_out=reply.timed_out,
    )


def decide_as_proposed(card: Card, action: Action, proposal: Decision | None, by: Person, at: float) -> Decision:
    """The decision that a click is: a plain approval of what somebody else edited approves it as edited."""
    if proposal is None or proposal.verdict is not Verdict.EDITED or action.verdict is not Verdict.APPROVED:
        return decide(action, Reply(by=by, at=at))
    edited = card.action(proposal.action) or action
    return decide(edited, Reply(values=proposal.given, note=proposal.reason, by=by, at=at))


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], schema: Mapping[str, Any], *path: str
) -> Iterator[Change]:
    """What is not the same any more, value by value, secrets masked. `path`: keys that lead to both."""
    return _differences(before, after, secret_names(schema), *path)


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets: frozenset[str], *path: str
) -> Iterator[Change]:
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict) and not hides(new, key=key, secrets=secrets):
            yield from _differences(old, new, secrets, *path, key)
            continue
        yield Change(
            field=INSIDE.join((*path, key)),
            before=masked(old, key=key, secrets=secrets),
            after=masked(new, key=key, secrets=secrets),
        )


def _same(one: object, other: object) -> bool:
    """Equal and of one type: `True` is not 1, 25 is not 25.0."""
    return one is other or (type(one) is type(other) and one == other)
