"""Forms that somebody has begun to fill in, each known by the view it is in, until their request is settled."""

from typing import Any, Final, cast

from runtime.codec.codec import Codec
from runtime.requests.records import RequestId
from runtime.store import Collection, Document, DocumentStore

DRAFTS: Final = Collection("drafts", ("request_id",))


class Drafts:
    """The drafts in a document store."""

    def __init__(self, store: DocumentStore, codec: Codec) -> None:
        self._store = store
        self._codec = codec

    async def keep(self, view_id: str, request_id: RequestId, values: dict[str, Any], *, at: float) -> None:
        """Keep what somebody has filled in so far."""
        kept: Document = {"request_id": request_id, "values": self._codec.encode(values)}
        if await self._store.update(DRAFTS, view_id, expect={"request_id": request_id}, change=kept) is None:
            await self._store.insert(DRAFTS, kept | {"id": view_id, "created_at": at})

    async def draft(self, view_id: str, request_id: RequestId) -> dict[str, Any] | None:
        """Read what was filled in so far; None when that is nothing."""
        found = await self._store.get(DRAFTS, view_id)
        if found is None or found["request_id"] != request_id:
            return None
        values: dict[str, Any] = self._codec.decode(cast("bytes", found["values"]))
        return values

    async def drop(self, view_id: str) -> None:
        """Forget one form: it was closed or sent."""
        await self._store.delete_document(DRAFTS, view_id)

    async def drop_all(self, request_id: RequestId) -> None:
        """Forget every form of a request: nobody can send one any more."""
        for found in await self._store.find(DRAFTS, {"request_id": request_id}):
            await self.drop(str(found["id"]))
