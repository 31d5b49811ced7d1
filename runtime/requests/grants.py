"""What somebody approved for the rest of a run: calls of the same tools, until a time, unless it is revoked.

A grant decides nothing by itself. Each time it would, its giver has to be somebody who may answer that very question.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

from runtime.engine.ids import derive_id
from runtime.requests.records import Person, Request, ThreadId
from runtime.store import Collection, Document, DocumentStore

GRANTS: Final = Collection("grants", ("thread_id", "agent"))
THE_SAME: Final = "the same for this run"
"""The rule that a decision by grant names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Calls of these tools need not be asked about in this run."""

    id: str
    """Short enough to be typed."""
    thread_id: ThreadId
    agent: str
    tools: str
    """Names of the tools, as `Terms.same` has them."""
    by: Person
    until: float
    revoked: bool = False
    created_at: float
    revision: int = 1


class Grants:
    """The grants in a document store."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def give(self, request: Request, by: Person, at: float) -> Grant:
        """Add what somebody approves together with a request. The same twice is one grant."""
        grant = Grant(
            id=derive_id("grant", request.id, by.id)[:12],
            thread_id=request.thread_id,
            agent=request.agent,
            tools=request.terms.same,
            by=by,
            until=at + request.terms.same_seconds,
            created_at=at,
        )
        await self._store.insert(GRANTS, asdict(grant))
        return grant

    async def grant(self, grant_id: str) -> Grant | None:
        """Read a grant."""
        document = await self._store.get(GRANTS, grant_id)
        return _grant(document) if document else None

    async def holding(self, now: float, *, thread_id: ThreadId | None = None, agent: str | None = None) -> list[Grant]:
        """The grants of a run or of an agent that hold now, oldest first."""
        given = {"thread_id": thread_id, "agent": agent}
        where = {name: value for name, value in given.items() if value is not None}
        found = map(_grant, await self._store.find(GRANTS, where))
        return [grant for grant in found if not grant.revoked and grant.until > now]

    async def revoke(self, grant: Grant) -> bool:
        """End a grant; False when it was ended before."""
        change: Document = {"revoked": True}
        return await self._store.update(GRANTS, grant.id, expect={"revoked": False}, change=change) is not None


def _grant(document: Document) -> Grant:
    fields: dict[str, Any] = dict(document)
    return Grant(**fields | {"by": Person(**fields["by"])})
