"""Bugs put in on purpose, to see that the harness finds them: each takes one guard away.

A guard that can be taken away without anybody noticing is either needless or not tested.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Final
from unittest.mock import patch

from handlers.posts import Posts
from runtime import InMemorySaver, MongoDBSaver, SqliteSaver
from runtime.errors import StaleHeadError
from runtime.requests.leases import Leases
from runtime.requests.ledger import Ledger
from runtime.requests.sweeper import Sweeper

SAVERS: Final = (InMemorySaver, SqliteSaver, MongoDBSaver)


def _claim() -> AbstractContextManager[Any]:
    """Decide a request that was read as open, without asking whether it still is."""
    change = Ledger._set

    async def changed(self: Any, collection: Any, document_id: Any, expect: Any, document: Any) -> Any:
        decides = expect == {"status": "open"} and document["status"] == "decided"
        return await change(self, collection, document_id, {} if decides else expect, document)

    return patch.object(Ledger, "_set", changed)


def _lease() -> AbstractContextManager[Any]:
    """Take or renew a lease without asking who has it."""
    hold = Leases.hold

    async def taken(self: Any, thread_id: Any, holder: str, *, expect: Mapping[str, Any]) -> Any:
        return await hold(self, thread_id, holder, expect={})

    return patch.object(Leases, "hold", taken)


def _outbox() -> AbstractContextManager[Any]:
    """Post without looking whether it is there already."""
    sent = Posts._sent

    async def blindly(self: Any, *given: Any, look_first: bool) -> str:
        return await sent(self, *given, look_first=False)

    return patch.object(Posts, "_sent", blindly)


def _sweeper() -> AbstractContextManager[Any]:
    """Leave what nobody wakes."""

    async def sweep(self: Any) -> None:
        """See nothing."""

    return patch.object(Sweeper, "sweep", sweep)


@contextmanager
def _fencing() -> Iterator[None]:
    """Append to a log wherever it ends by now, as if the writer had seen all of it."""
    with ExitStack() as patches:
        for saver in SAVERS:
            patches.enter_context(patch.object(saver, "append", _anywhere(saver.append)))
        yield


def _anywhere(append: Callable[..., Any]) -> Callable[..., Any]:
    async def appended(self: Any, thread_id: str, expected: int, entry: bytes, **more: Any) -> None:
        try:
            await append(self, thread_id, expected, entry, **more)
        except StaleHeadError:
            await appended(self, thread_id, (await self.load(thread_id)).head, entry, **more)

    return appended


MUTANTS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "": nullcontext,
    "claim": _claim,
    "lease": _lease,
    "outbox": _outbox,
    "sweeper": _sweeper,
    "fencing": _fencing,
}


def mutated(name: str) -> AbstractContextManager[Any]:
    """Have the bug of this name in all that is started meanwhile; none for an empty name."""
    return MUTANTS[name]()
