"""What is MongoDB's own: commands per call, what dies or gets lost in between, event loops, and errors in words."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypedDict, get_args

import bson
import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    DocumentTooLarge,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from runtime import START, Command, MongoDBSaver, StateGraph, interrupt
from runtime.codec.process import CODEC
from runtime.errors import StaleHeadError, StoreError, ThreadBusyError
from runtime.requests.ledger import Ledger
from runtime.requests.records import Decision, Person, Request, RequestId, RequestStatus, ThreadId, Verdict
from runtime.store import Collection, Log, Mark
from runtime.stores.mongodb_client import Driver, close_client, in_words
from tests.mongodb import fresh_uri
from tests.wire import Wire, wire_to

DRIVERS = get_args(Driver)
NOTES = Collection("notes", ("kind",))
TURN = bytes(2048)


class State(TypedDict, total=False):
    answer: str


class Commands(CommandListener):
    """The names of the commands sent, those of the driver itself left out."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in {"hello", "ismaster", "ping", "endSessions"}:
            self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def since_last(self) -> list[str]:
        names, self.names = self.names, []
        return names


def open_client(driver: str, uri: str, **options: Any) -> Any:
    return (AsyncIOMotorClient if driver == "motor" else AsyncMongoClient)(uri, **options)


@pytest.fixture
def uri() -> str:
    return fresh_uri()


@pytest.fixture
def database(uri: str) -> Iterator[Database[dict[str, Any]]]:
    """What is really there."""
    with MongoClient[dict[str, Any]](uri) as client:
        yield client.get_default_database()


@pytest.fixture
async def store(uri: str) -> AsyncIterator[MongoDBSaver]:
    async with MongoDBSaver.from_conn_string(uri) as saver:
        yield saver


@pytest.fixture
async def wire(uri: str) -> AsyncIterator[Wire]:
    async with wire_to(uri) as wire:
        yield wire


def graph_over(store: MongoDBSaver) -> Any:
    def ask(state: State) -> State:
        return {"answer": interrupt("Why?")}

    return StateGraph(State).add_node(ask).add_edge(START, "ask").compile(store)


# Commands.


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_start_is_one_write_and_a_resume_one_read_and_one_write(driver: str, uri: str) -> None:
    commands = Commands()
    client = open_client(driver, uri, event_listeners=[commands])
    graph = graph_over(MongoDBSaver(client))
    config = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({}, config, new_thread=True)
    started = commands.since_last()
    await graph.ainvoke(Command(resume="because"), config)
    resumed = commands.since_last()
    await graph.ainvoke({}, {"configurable": {"thread_id": "perhaps there"}})
    looked = commands.since_last()
    await close_client(client)
    assert (started, resumed) == (["insert"], ["find", "findAndModify"])
    assert looked == ["find", "insert"]


async def test_a_thread_that_is_not_new_after_all_keeps_what_it_has(store: MongoDBSaver) -> None:
    graph, config = graph_over(store), {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({}, config)
    with pytest.raises(ThreadBusyError):
        await graph.ainvoke({"answer": "mine"}, config, new_thread=True)
    assert await graph.ainvoke(Command(resume="because"), config) == {"answer": "because"}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_claim_is_one_command(driver: str, uri: str) -> None:
    commands = Commands()
    client = open_client(driver, uri, event_listeners=[commands])
    ledger = Ledger(MongoDBSaver(client), CODEC)
    ana = Person(team="T1", id="U1")
    await ledger.open_request(
        Request(
            id=RequestId("r"),
            thread_id=ThreadId("t"),
            interrupt_id="i",
            agent="refund",
            payload="Why?",
            digest="",
            asked_for=ana,
            status=RequestStatus.OPEN,
            created_at=1.0,
        )
    )
    assert commands.since_last() == ["createIndexes", "insert"]
    decision = Decision(action="a", verdict=Verdict.ANSWERED, label="Answer", value="because", by=ana, at=2.0)
    assert await ledger.claim(RequestId("r"), decision)
    claimed = commands.since_last()
    await close_client(client)
    assert claimed == ["findAndModify"]


async def test_what_a_turn_costs_stays_the_same(store: MongoDBSaver, database: Database[dict[str, Any]]) -> None:
    async def append(first: int, last: int) -> None:
        for number in range(first, last):
            await store.append("t", number, TURN)

    def stored() -> int:
        collections = [database["log_heads"], database["log_parts"]]
        return sum(len(bson.encode(document)) for collection in collections for document in collection.find())

    await append(0, 100)
    few = stored()
    await append(100, 300)
    assert (stored() - few) / 200 < 1.05 * len(TURN)
    head = database["log_heads"].find_one()
    assert head is not None
    assert len(bson.encode(head)) < 80_000


async def test_indexes_are_made_once_and_stay(uri: str, database: Database[dict[str, Any]]) -> None:
    async with MongoDBSaver.from_conn_string(uri) as first:
        await first.insert(NOTES, {"id": "a", "created_at": 1.0, "kind": "x"})
        await first.delete("nobody")
    before = [database[name].index_information() for name in ("notes", "log_parts")]
    async with MongoDBSaver.from_conn_string(uri, driver="pymongo") as second:
        await second.get(NOTES, "a")
        await second.delete("nobody")
    assert before == [database[name].index_information() for name in ("notes", "log_parts")]
    assert [index["key"] for index in before[0].values()] == [
        [("_id", 1)],
        [("created_at", 1), ("id", 1)],
        [("kind", 1), ("created_at", 1), ("id", 1)],
    ]


# What dies or gets lost.


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("what", ["request", "reply"])
@pytest.mark.parametrize("size", [10, 100_000], ids=["small", "large"])
async def test_an_append_that_lost_its_connection_is_there_once(
    driver: Driver, what: str, size: int, wire: Wire
) -> None:
    entry = bytes(size)
    async with MongoDBSaver.from_conn_string(wire.uri, driver=driver) as store:
        for number, command in enumerate((b"insert", b"findAndModify")):
            wire.lose(what, command)
            await store.append("t", number, entry)
        assert wire.lost == 2
        assert (await store.load("t")).entries == (entry, entry)


async def test_an_append_that_lost_its_connection_does_not_take_anothers_for_its_own(wire: Wire, uri: str) -> None:
    """The same bytes from another writer are another entry."""
    async with MongoDBSaver.from_conn_string(wire.uri) as store, MongoDBSaver.from_conn_string(uri) as other:
        await store.append("t", 0, b"one")
        await other.append("t", 1, b"two")
        wire.lose("reply", b"findAndModify")
        with pytest.raises(StaleHeadError):
            await store.append("t", 1, b"two")
        assert (await store.load("t")).head == 2


async def test_an_append_of_which_nobody_knows_is_not_said_to_have_failed(wire: Wire, uri: str) -> None:
    async with MongoDBSaver.from_conn_string(f"{wire.uri}?timeoutMS=500") as store:
        await store.append("t", 0, b"one")
        wire.stays_broken = True
        wire.lose("reply", b"findAndModify")
        with pytest.raises(StoreError, match="may be there or not"):
            await store.append("t", 1, b"two")
    async with MongoDBSaver.from_conn_string(uri) as other:
        assert (await other.load("t")).entries == (b"one", b"two")


async def test_an_update_that_lost_its_reply_is_not_said_to_have_failed(wire: Wire) -> None:
    async with MongoDBSaver.from_conn_string(wire.uri) as store:
        await store.insert(NOTES, {"id": "a", "created_at": 1.0, "kind": "open"})
        wire.lose("reply", b"findAndModify")
        with pytest.raises(StoreError, match="may be there or not"):
            await store.update(NOTES, "a", expect={"kind": "open"}, change={"kind": "done"})
        assert (await store.get(NOTES, "a") or {})["kind"] == "done"


async def test_a_deletion_that_died_is_finished_by_whoever_comes_next(
    wire: Wire, database: Database[dict[str, Any]]
) -> None:
    async with MongoDBSaver.from_conn_string(wire.uri) as store:
        for begin_again in (False, True):
            await store.append("t", 0, bytes(100_000))
            wire.lose("request", b"delete")
            with pytest.raises(StoreError):
                await store.delete("t")
            assert (await store.load("t")).head == 0
            assert database["log_parts"].count_documents({}) == 1
            if begin_again:
                await store.append("t", 0, b"new")
                assert (await store.load("t")).entries == (b"new",)
            await store.delete("t")
            assert [database[name].count_documents({}) for name in ("log_heads", "log_parts")] == [0, 0]


async def test_who_loses_a_race_leaves_nothing_behind(store: MongoDBSaver, database: Database[dict[str, Any]]) -> None:
    large = bytes(100_000)
    for number in range(3):
        outcomes = await asyncio.gather(
            *(store.append("t", number, large, snapshot=large) for _ in range(8)), return_exceptions=True
        )
        assert outcomes.count(None) == 1
    assert database["log_parts"].count_documents({}) == 3 + 1  # each entry, and the last snapshot


async def test_a_log_that_lost_a_part_is_not_read_as_if_it_had_not(
    store: MongoDBSaver, database: Database[dict[str, Any]]
) -> None:
    await store.append("t", 0, bytes(100_000))
    database["log_parts"].delete_many({})
    with pytest.raises(StoreError, match=r"'t' is damaged: .* restore it from a backup"):
        await store.load("t")


async def test_a_reader_in_the_middle_of_a_log_needs_no_more_than_its_end(
    store: MongoDBSaver, database: Database[dict[str, Any]]
) -> None:
    for number in range(200):
        await store.append("t", number, b"%d" % number)
    database["log_parts"].delete_many({})
    news = await store.load("t", since=Mark(199, b"198"))
    assert news == Log(head=200, snapshot_at=199, snapshot=None, entries=(b"199",))


# Event loops.


async def test_a_call_that_was_cancelled_before_it_began_keeps_no_store_open(uri: str) -> None:
    store = MongoDBSaver.from_conn_string(uri)
    async with store:
        known = asyncio.all_tasks()
        call = asyncio.create_task(store.load("t"))
        await asyncio.sleep(0)  # its work is a task by now, and has not begun
        for begun in asyncio.all_tasks() - known - {call}:
            begun.cancel()
        with pytest.raises(StoreError, match="has ended"):
            await call


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_given_client_serves_other_loops_from_its_own(driver: str, uri: str) -> None:
    client = open_client(driver, uri)
    store = MongoDBSaver(client)
    await store.append("t", 0, b"here")
    await asyncio.to_thread(asyncio.run, store.append("t", 1, b"there"))
    assert (await store.load("t")).entries == (b"here", b"there")
    await store.aclose()
    await client.admin.command("ping")  # the client is the caller's to close
    await close_client(client)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_client_whose_loop_has_ended_says_so(driver: str, uri: str) -> None:
    async def first() -> MongoDBSaver:
        client = open_client(driver, uri)
        store = MongoDBSaver(client)
        await store.append("t", 0, b"one")
        await close_client(client)
        return store

    store = asyncio.run(first())
    with pytest.raises(StoreError, match=r"not running any more; MongoDBSaver.from_conn_string"):
        asyncio.run(store.load("t"))
    store.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_sync_programs_use_it_from_any_thread(driver: Driver, uri: str) -> None:
    with MongoDBSaver.from_conn_string(uri, driver=driver) as store:
        graph = graph_over(store)
        config = {"configurable": {"thread_id": "t"}}
        graph.invoke({}, config)
        done = asyncio.run(asyncio.to_thread(graph.invoke, Command(resume="because"), config))
        assert done["answer"] == "because"
    with pytest.raises(StoreError, match="closed"):
        graph.get_state(config)


# Words.


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_server_that_is_not_there_is_named_without_the_password(
    driver: Driver, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"mongodb://ana:hunter2@127.0.0.1:{unused_tcp_port}/andon?timeoutMS=200"
    async with MongoDBSaver.from_conn_string(uri, driver=driver) as store:
        with pytest.raises(StoreError, match="no server answers; is it running") as caught:
            await store.append("t", 0, b"one")
    assert str(caught.value).startswith(f"MongoDB at 127.0.0.1:{unused_tcp_port}: ")
    assert "hunter2" not in f"{caught.value} {caught.value!r} {store!r} {caplog.text}"


@pytest.mark.parametrize("uri", ["", "localhost", "mongodb://", "mongodb://ana:hun@ter2@db", "mongodb://db:port"])
def test_an_address_that_cannot_be_read_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(StoreError, match="it looks like mongodb://user:password@host") as caught:
        MongoDBSaver.from_conn_string(uri)
    assert not uri or uri not in str(caught.value).replace("mongodb://user", "")
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationFailure("Authentication failed.", 18), "user or password are refused"),
        (OperationFailure("bad auth", 8000), "user or password are refused"),
        (OperationFailure("not authorized on andon", 13), "give it the role readWrite"),
        (ServerSelectionTimeoutError("no servers"), "is it running"),
        (NetworkTimeout("timed out"), "no answer in time; what was being written may be there or not"),
        (AutoReconnect("connection closed"), "the connection was lost; what was being written may be there or not"),
        (OperationFailure("size", 17419), "larger than MongoDB keeps"),
        (DocumentTooLarge("size"), "larger than MongoDB keeps"),
        (OperationFailure("something new", 4711), "something new"),
    ],
)
def test_what_goes_wrong_is_told_in_words(error: Exception, words: str) -> None:
    assert words in str(in_words("MongoDB at db", error))


async def test_a_document_that_is_too_large_is_refused_in_words(store: MongoDBSaver) -> None:
    with pytest.raises(StoreError, match="larger than MongoDB keeps"):
        await store.insert(NOTES, {"id": "a", "created_at": 1.0, "body": bytes(17 * 1024 * 1024)})
