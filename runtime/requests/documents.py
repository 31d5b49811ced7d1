"""How the records of the ledger are kept as documents, and in which collections. Pure.

Payloads and answers go through the codec, so any type it knows survives. A field that is missing was stored by an
earlier release, and has its default; one that is not known is a later release's, which may run beside this one.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields as fields_of, replace
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


def request_document(request: Request, codec: Codec) -> Document:
    document = asdict(replace(request, payload=None, decision=None, proposal=None, terms=Terms()))
    document |= {"payload": codec.encode(request.payload), "status": str(request.status)}
    for name, decision in (("decision", request.decision), ("proposal", request.proposal)):
        document[name] = decision_bytes(decision, codec) if decision else None
    return document | {"terms": request.terms.model_dump(mode="json", exclude_defaults=True)}


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
    more = {"verdict": str(decision.verdict), "by": asdict(decision.by), "changes": changes}
    return codec.encode(fields | more)


def _decision(stored: bytes, codec: Codec) -> Decision:
    fields = codec.decode(stored)
    fields["verdict"] = Verdict(fields["verdict"])
    fields["by"] = Person(**fields["by"])
    fields["changes"] = tuple(Change(field=name, before=old, after=new) for name, old, new in fields["changes"])
    return _made(Decision, fields)


def thread_document(thread: Thread) -> Document:
    document = asdict(thread) | {"status": str(thread.status)}
    return document | {"team": thread.started_by.team, "starter": thread.started_by.id}


def thread_of(document: Document) -> Thread:
    fields: dict[str, Any] = dict(document)
    fields["started_by"] = Person(**fields["started_by"])
    for name in ("stopped_by", "forked_by"):
        fields[name] = Person(**fields[name]) if fields.get(name) else None
    fields["status"] = ThreadStatus(fields["status"])
    return _made(Thread, fields)


def turn_document(turn: Turn) -> Document:
    return asdict(turn) | {"status": str(turn.status)}


def turn_of(document: Document) -> Turn:
    fields: dict[str, Any] = dict(document)
    fields["unnoted"] = tuple(fields.get("unnoted", ()))
    fields["failures"] = tuple(fields.get("failures", ()))
    return _made(Turn, fields | {"by": Person(**fields["by"]), "status": TurnStatus(fields["status"])})


def post_document(post: Post) -> Document:
    document = asdict(post)
    return {"id": document.pop("key"), **document, "where": where_of(post.place or {})}


def post_of(document: Document) -> Post:
    fields: dict[str, Any] = dict(document)
    return _made(Post, fields | {"key": fields["id"]})


def _made(record: Callable[..., R], given: Mapping[str, Any]) -> R:
    """Make a record of those fields that it has."""
    return record(**{name: given[name] for name in _names(record) & given.keys()})


@cache
def _names(record: Any) -> frozenset[str]:
    return frozenset(one.name for one in fields_of(record))
