"""How the records of the ledger are kept as documents, and in which collections. Pure.

Payloads and answers go through the codec, so any type it knows survives. A field that is missing was stored by an
earlier release, and has its default; one that is not known is a later release's, which may run beside this one. A
change stores the fields that it changes, and no others.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of, is_dataclass
from functools import cache
from typing import Any, Final, TypeVar

from runtime.codec.codec import Codec
from runtime.policy.ladder import Rung
from runtime.policy.terms import Terms
from runtime.requests.audit import AUDIT
from runtime.requests.drafts import DRAFTS
from runtime.requests.grants import GRANTS
from runtime.requests.leases import LEASES
from runtime.requests.records import (
    Change,
    Decision,
    Handover,
    Notice,
    Person,
    Post,
    Reminder,
    Request,
    RequestStatus,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
    Verdict,
    Vote,
    where_of,
)
from runtime.store import Collection, Document

R = TypeVar("R")

UNSEEN: Final = "unseen_since"
OVER: Final = "over_since"
GONE: Final = "gone_since"
THREADS: Final = Collection("threads", ("status", "agent", "team", "starter", "where", UNSEEN, OVER, GONE))
REQUESTS: Final = Collection("requests", ("status", "thread_id", "turn_id", UNSEEN))
TURNS: Final = Collection("turns", ("status", "thread_id", UNSEEN))
POSTS: Final = Collection("posts", ("thread_id", "where"))
COLLECTIONS: Final = (THREADS, REQUESTS, TURNS, POSTS, DRAFTS, AUDIT, LEASES, GRANTS)

_DECISIONS: Final = frozenset({"decision", "proposal"})
_ENCODED: Final = _DECISIONS | {"payload"}


def request_document(request: Request, codec: Codec) -> Document:
    return request_fields(_fields(request), codec)


def request_fields(given: Mapping[str, Any], codec: Codec) -> Document:
    """Return some of a request's fields as they are kept."""
    document = plain_fields({name: value for name, value in given.items() if name not in _ENCODED})
    if "payload" in given:
        document["payload"] = codec.encode(given["payload"])
    for name in _DECISIONS & given.keys():
        document[name] = decision_bytes(given[name], codec) if given[name] else None
    return document


def request_of(document: Document, codec: Codec) -> Request:
    fields: dict[str, Any] = dict(document)
    fields["payload"] = codec.decode(fields["payload"])
    for name in ("decision", "proposal"):
        fields[name] = _decision(fields[name], codec) if fields.get(name) else None
    fields["votes"] = tuple(Vote(by=Person(**vote["by"]), at=vote["at"]) for vote in fields.get("votes", ()))
    fields["asked_for"] = Person(**fields["asked_for"])
    approvers = fields.pop("approvers", None)  # all the terms there were before there was a policy
    terms = {"audiences": [approvers]} if approvers else fields.get("terms", {})
    fields["terms"] = Terms.model_validate(terms)
    fields["status"] = RequestStatus(fields["status"])
    for name in {"due", "places", "closed", "unnoted"} & fields.keys():
        fields[name] = tuple(fields[name])
    fields["notices"] = tuple(
        Notice(rung=Rung(notice["rung"]), to=notice["to"]) for notice in fields.get("notices", ())
    )
    fields["handed"] = tuple(
        _made(Handover, one | {"to": Person(**one["to"]), "by": Person(**one["by"])})
        for one in fields.get("handed", ())
    )
    fields["reminders"] = tuple(
        _made(Reminder, one | {"to": Person(**one["to"])}) for one in fields.get("reminders", ())
    )
    return _made(Request, fields)


def decision_bytes(decision: Decision, codec: Codec) -> bytes:
    fields = {
        name: getattr(decision, name)
        for name in ("action", "label", "value", "given", "reason", "said", "at", "rule", "timed_out")
    }
    changes = [[change.field, change.before, change.after] for change in decision.changes]
    more = {"verdict": str(decision.verdict), "by": _fields(decision.by), "changes": changes}
    return codec.encode(fields | more)


def _decision(stored: bytes, codec: Codec) -> Decision:
    fields = codec.decode(stored)
    fields["verdict"] = Verdict(fields["verdict"])
    fields["by"] = Person(**fields["by"])
    fields["changes"] = tuple(Change(field=name, before=old, after=new) for name, old, new in fields["changes"])
    return _made(Decision, fields)


def thread_document(thread: Thread) -> Document:
    return thread_fields(_fields(thread))


def thread_fields(given: Mapping[str, Any]) -> Document:
    """Return some of a thread's fields as they are kept: who started it also as what it is found by."""
    by = given.get("started_by")
    return plain_fields(given) | ({} if by is None else {"team": by.team, "starter": by.id})


def thread_of(document: Document) -> Thread:
    fields: dict[str, Any] = dict(document)
    fields["started_by"] = Person(**fields["started_by"])
    for name in ("stopped_by", "forked_by"):
        fields[name] = Person(**fields[name]) if fields.get(name) else None
    fields["status"] = ThreadStatus(fields["status"])
    return _made(Thread, fields)


def turn_document(turn: Turn) -> Document:
    return plain_fields(_fields(turn))


def turn_of(document: Document) -> Turn:
    fields: dict[str, Any] = dict(document)
    fields["unnoted"] = tuple(fields.get("unnoted", ()))
    fields["failures"] = tuple(fields.get("failures", ()))
    return _made(Turn, fields | {"by": Person(**fields["by"]), "status": TurnStatus(fields["status"])})


def post_document(post: Post) -> Document:
    document = post_fields(_fields(post))
    return {"id": document.pop("key"), **document}


def post_fields(given: Mapping[str, Any]) -> Document:
    """Return some of a post's fields as they are kept: its place also as the text by which it is found."""
    where: Document = {"where": where_of(given["place"] or {})} if "place" in given else {}
    return plain_fields(given) | where


def post_of(document: Document) -> Post:
    fields: dict[str, Any] = dict(document)
    return _made(Post, fields | {"key": fields["id"]})


def plain_fields(given: Mapping[str, Any]) -> Document:
    """Return fields of a record as they are kept where they need no codec."""
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Terms):
        return value.model_dump(mode="json", exclude_defaults=True)
    return plain_fields(_fields(value)) if is_dataclass(value) else value


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _names(record.__class__)}


def _made(record: Callable[..., R], given: Mapping[str, Any]) -> R:
    """Make a record of those fields that it has."""
    return record(**{name: given[name] for name in _names(record) & given.keys()})


@cache
def _names(record: Any) -> frozenset[str]:
    return frozenset(one.name for one in fields_of(record))
