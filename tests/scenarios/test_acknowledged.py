"""A click is acknowledged as soon as it is decided, whatever else the bot has in hand; and what all of it costs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.slack_side import WRITES
from bot.agents import AgentSpec
from bot.app import Application, application
from bot.manifest import load_manifest
from bot.sandbox import Sandbox
from bot.serve import http
from bot.settings import load_settings
from handlers.live import Pace
from runtime import Command, InMemorySaver
from runtime.requests.leases import LEASES
from runtime.requests.records import RequestStatus
from runtime.requests.slots import AT_ONCE
from runtime.store import Collection, Document, Log
from tests.office import OpenOffice, asking, is_open


class Stuck:
    """An agent whose state cannot be read for now: a drive that wants to stands still, and is at work all the same."""

    def __init__(self) -> None:
        self.checkpointer = InMemorySaver()
        self._graph = asking({"question": "Send 40 EUR?", "amount": 40}).compile(checkpointer=self.checkpointer)
        self.free, self.all_held = asyncio.Event(), asyncio.Event()
        self.held = 0

    def astream(self, given: Any, config: Any, *, stream_mode: Any) -> Any:
        given = Command(resume=given.resume) if hasattr(given, "resume") else given  # the bot takes it for LangGraph's
        return self._graph.astream(given, config, stream_mode=stream_mode)

    async def aget_state(self, config: Any) -> Any:
        if not self.free.is_set():
            self.held += 1
            if self.held == AT_ONCE:
                self.all_held.set()
            await self.free.wait()
        return await self._graph.aget_state(config)


async def test_a_click_is_acknowledged_while_more_runs_than_may_be_at_work_wait(open_office: OpenOffice) -> None:
    stuck = Stuck()
    stuck.free.set()
    async with open_office({"refund": stuck}) as office:
        ana, ben = office.person("ana"), office.person("ben")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        stuck.free.clear()
        for number in range(AT_ONCE + 2):
            await ana.command(f"/agent refund order {number}", channel="refunds")
        async with asyncio.timeout(20):
            await stuck.all_held.wait()
        assert await ben.press(card, "Approve") is None
        (decided,) = await office.bot.desk.ledger.requests_by_status(RequestStatus.DECIDED, limit=2)
        assert decided.decision is not None
        assert stuck.held == AT_ONCE
        stuck.free.set()
        assert "Got True for order 7." in str(await office.outcome())


class Counted(InMemorySaver):
    """A store that counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()

    def count_anew(self) -> None:
        self.reads.clear()
        self.writes.clear()

    async def load(self, thread_id: str, **how: Any) -> Log:
        self.reads["log"] += 1
        return await super().load(thread_id, **how)

    async def append(self, thread_id: str, *entry: Any, **how: Any) -> None:
        self.writes["log"] += 1
        await super().append(thread_id, *entry, **how)

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        self.reads[collection.name] += 1
        return await super().get(collection, document_id)

    async def find(self, collection: Collection, *where: Any, **how: Any) -> list[Document]:
        self.reads[collection.name] += 1
        return await super().find(collection, *where, **how)

    async def insert(self, collection: Collection, document: Document) -> bool:
        self.writes[collection.name] += 1
        return await super().insert(collection, document)

    async def update(self, collection: Collection, document_id: str, **how: Any) -> Document | None:
        self.writes[collection.name] += 1
        return await super().update(collection, document_id, **how)


@asynccontextmanager
async def counted_office(port: int) -> AsyncIterator[tuple[Sandbox, Application, Counted]]:
    """A bot that counts, however slow the machine: no run of it takes so long that it is shown while it goes on."""
    store, spec = (
        Counted(),
        AgentSpec(name="refund", graph="t:t", search_path=(), title="R", input={"request": "$text"}),
    )
    async with Sandbox(manifest=load_manifest(), request_url=f"http://127.0.0.1:{port}/slack/events") as sandbox:
        variables = {"SLACK_BOT_TOKEN": sandbox.bot_token, "SLACK_API_URL": sandbox.api_url, "PORT": str(port)}
        settings = load_settings(variables | {"SLACK_SIGNING_SECRET": sandbox.signing_secret})
        graphs, pace = {"refund": asking({"question": "Send 40 EUR?", "amount": 40})}, Pace(soon=3600.0, first=3600.0)
        async with application(settings, [spec], graphs, store, pace=pace) as app, http(settings, app):
            yield sandbox, app, store


async def rest(app: Application) -> None:
    async with asyncio.timeout(20):
        while app.runner.busy:
            await asyncio.gather(*app.runner.busy)


async def asked(sandbox: Sandbox, app: Application) -> Any:
    """A card, and a bot that knows Ben."""
    await sandbox.person("ben").press(await card_for("order 7", sandbox, app), "Approve")
    await rest(app)
    return await card_for("order 8", sandbox, app)


async def card_for(text: str, sandbox: Sandbox, app: Application) -> Any:
    await sandbox.person("ana").command(f"/agent refund {text}", channel="refunds")
    card = await sandbox.until(lambda: next(m for m in sandbox.messages("refunds") if is_open(m)))
    await rest(app)
    return card


async def test_before_its_acknowledgement_a_click_is_decided_and_noted_and_nothing_else(unused_tcp_port: int) -> None:
    async with counted_office(unused_tcp_port) as (sandbox, app, store):
        card = await asked(sandbox, app)
        ((request,), called) = await app.desk.ledger.open_requests(2), len(sandbox.calls)
        taken: Document = {"id": request.thread_id, "created_at": 0.0, "times": (), "holder": "another process"}
        await store.delete_document(LEASES, request.thread_id)
        await store.insert(LEASES, taken | {"expires_at": 1e12, "due": 1e12})  # so that nothing follows
        store.count_anew()
        assert await sandbox.person("ben").press(card, "Approve") is None
        await rest(app)
        del store.reads["leases"], store.writes["leases"]
        assert store.reads == {"requests": 1}
        assert store.writes == {"requests": 1, "audit": 1}
        assert len(sandbox.calls) == called


async def test_what_a_click_costs_until_everything_is_told(unused_tcp_port: int) -> None:
    async with counted_office(unused_tcp_port) as (sandbox, app, store):
        card, called = await asked(sandbox, app), len(sandbox.calls)
        store.count_anew()
        assert await sandbox.person("ben").press(card, "Approve") is None
        await rest(app)
        assert [call.method for call in sandbox.calls[called:]] == ["chat.update", "chat.update", "chat.postMessage"]
        assert store.writes == {
            "requests": 2,  # decided, delivered
            "audit": 1,
            "leases": 2,  # taken, given back
            "log": 1,  # the graph's own step
            "threads": 1,  # finished
            "turns": 2,  # ended, told
            "posts": 4,  # that each shows what it does; of the new one also that it is about to be posted
        }
        assert store.writes.total() == WRITES
        assert store.reads == {"requests": 3, "threads": 2, "turns": 2, "log": 3, "posts": 4, "drafts": 1}
