"""Reading a whole collection without holding it: a page at a time, by the age of its documents."""

from collections.abc import AsyncIterator
from math import inf, nextafter
from typing import Final

from runtime.store import Collection, Document, DocumentStore

PAGE: Final = 200


async def newest_first(store: DocumentStore, collection: Collection) -> AsyncIterator[Document]:
    """Every document that is there from beginning to end of this, newest first; each once."""
    until, read = inf, set[str]()
    while True:
        page = await store.find(collection, {}, before=("created_at", until), limit=PAGE + len(read), newest_first=True)
        fresh = [document for document in page if str(document["id"]) not in read]
        for document in fresh:
            yield document
        if not fresh:
            return
        oldest: float = fresh[-1]["created_at"]  # type: ignore[assignment]  # every document has that
        until = nextafter(oldest, inf)  # others may be as old
        read = {str(document["id"]) for document in page if document["created_at"] == oldest}
