"""One MongoDB client for every event loop of the process, and what goes wrong with it in words.

Both drivers bind a client to one event loop, while a store may be used from any. So a client has a home: the loop it is
used in first, or one in a thread of its own. A call from another loop is carried out at home, as is one whose caller
is cancelled: nobody can tell whether a write that was let go still arrives, so it is waited for.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from inspect import iscoroutinefunction
from threading import Event, Lock, Thread
from typing import Any, Final, Generic, Literal, TypeVar

from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DocumentTooLarge,
    ExecutionTimeout,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.uri_parser import parse_uri

from runtime.errors import StoreError

T = TypeVar("T")
D = TypeVar("D")
Driver = Literal["motor", "pymongo"]

DEFAULTS: Final[dict[str, Any]] = {"timeoutMS": 20_000, "appname": "andon"}
"""Options of a client that its URI does not set. The timeout covers a whole operation, with what the driver retries."""

UNREADABLE: Final = (
    "cannot be read; it looks like mongodb://user:password@host:27017/database, with odd characters in user and"
    " password percent-encoded"
)
_UNKNOWN: Final = "what was being written may be there or not; look before you write again"
_ADVICE: Final[Sequence[tuple[type[Exception], str]]] = (
    (
        ServerSelectionTimeoutError,
        "no server answers; is it running, and may this machine reach it? Nothing was written",
    ),
    (NetworkTimeout, f"no answer in time; {_UNKNOWN}"),
    (ExecutionTimeout, f"not done in time; {_UNKNOWN}"),
    (AutoReconnect, f"the connection was lost; {_UNKNOWN}"),
    (DocumentTooLarge, "the document is larger than MongoDB keeps (16 MB)"),
    (InvalidURI, "its address cannot be read; it looks like mongodb://user:password@host:27017/database"),
    (ConfigurationError, "its settings do not fit; look at the options of its address"),
)
_CODES: Final = {
    13: "this user may not do that; give it the role readWrite on the database",
    18: "user or password are refused; check both, and authSource",
    8000: "user or password are refused; check both, and authSource",  # Atlas
    17419: "the document is larger than MongoDB keeps (16 MB)",
    10334: "the document is larger than MongoDB keeps (16 MB)",
}


def opener(uri: str, driver: Driver) -> Callable[[], Any]:
    """How to make a client of that driver. Raises StoreError for an address that cannot be read."""
    if not is_readable(uri):
        raise StoreError(f"the connection string {UNREADABLE}")
    options = {name: value for name, value in DEFAULTS.items() if name.lower() not in uri.lower()}
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient  # noqa: PLC0415 - one driver is enough

        return lambda: AsyncIOMotorClient(uri, **options)
    return lambda: AsyncMongoClient(uri, **options)


def is_readable(uri: str) -> bool:
    """Whether this is a MongoDB connection string. Asks no name server, as one with `+srv` will when it is used."""
    try:
        parse_uri(uri.replace("mongodb+srv://", "mongodb://", 1))
    except (PyMongoError, ValueError):  # its words may repeat a password
        return False
    return True


async def close_client(client: Any) -> None:
    if iscoroutinefunction(client.close):
        await client.close()
    else:  # Motor's says goodbye to the server and waits for that
        await asyncio.to_thread(client.close)


def hosts_of(uri: str) -> str:
    """Where it is, without the password."""
    return uri.partition("://")[2].split("?")[0].rpartition("@")[2].split("/")[0]


def in_words(where: str, error: Exception) -> StoreError:
    """What went wrong with this database and what to do about it."""
    code = error.code if isinstance(error, OperationFailure) else None
    advice = _CODES.get(code or 0) or next((words for kind, words in _ADVICE if isinstance(error, kind)), None)
    return StoreError(f"{where}: {advice} ({error})" if advice else f"{where}: {error}")


class Home(Generic[D]):
    """Where a client lives, and the way to it."""

    def __init__(
        self,
        opening: Callable[[], D],
        where: str,
        *,
        own_thread: bool = False,
        close: Callable[[D], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """`opening` is called once, at home; `close` at the end, there too.

        With `own_thread` home is a thread made for it; without, the loop of the first call, which must be running
        whenever another one calls.
        """
        self._opening = opening
        self._where = where
        self._own_thread = own_thread
        self._close = close
        self._lock = Lock()
        self._closed = False
        self._busy = 0
        """Calls that are under way."""
        self._idle: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._opened: D | None = None

    def settle_here(self) -> None:
        """Make the running loop the home, unless there is one."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()

    async def run(self, work: Callable[[D], Coroutine[Any, Any, T]]) -> T:
        """Do some work with the client. Raises StoreError in words."""
        with self._lock:
            if self._closed:
                raise StoreError(f"{self._where} is closed; open it again")
            home = self._home()
            self._busy += 1
        future = _begin(home, self._carry_out(work))
        future.add_done_callback(self._done)  # what is cancelled before it begins runs no `finally` of its own
        return await _finished(future)

    def _done(self, _: asyncio.Future[Any]) -> None:
        with self._lock:
            self._busy -= 1
            if not self._busy and self._idle is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(self._idle.set)

    def _home(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = self._new_thread() if self._own_thread else asyncio.get_running_loop()
        if not self._loop.is_running():
            raise StoreError(
                f"{self._where}: the event loop that its client belongs to is not running any more;"
                " MongoDBSaver.from_conn_string(uri) can be used from any"
            )
        return self._loop

    def _new_thread(self) -> asyncio.AbstractEventLoop:
        loop, running = asyncio.new_event_loop(), Event()
        loop.call_soon(running.set)
        self._thread = Thread(target=loop.run_forever, name=self._where, daemon=True)
        self._thread.start()
        running.wait()
        return loop

    async def _carry_out(self, work: Callable[[D], Coroutine[Any, Any, T]]) -> T:
        try:
            if self._opened is None:
                self._opened = self._opening()
            return await work(self._opened)
        except (PyMongoError, BSONError) as error:
            raise in_words(self._where, error) from error

    async def aclose(self) -> None:
        """Finish what was begun, then close."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._loop is None or not self._loop.is_running():
                return
            self._idle = asyncio.Event()
            if not self._busy:
                self._idle.set()
        await _finished(_begin(self._loop, self._end(self._idle)))
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
            self._loop.close()

    async def _end(self, idle: asyncio.Event) -> None:
        await idle.wait()
        if self._close is not None and self._opened is not None:
            await self._close(self._opened)


def _begin(home: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    if home is asyncio.get_running_loop():
        return home.create_task(work)
    return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, home))


async def _finished(future: asyncio.Future[T]) -> T:
    """Its result; one who is cancelled meanwhile hears of it only when it has come to a good end."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({future})
        if future.cancelled():
            raise StoreError(f"the event loop of the MongoDB client has ended; {_UNKNOWN}") from None
        if (error := future.exception()) is not None:
            raise error from None
        raise
