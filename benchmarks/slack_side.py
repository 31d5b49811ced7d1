"""What a click costs: Andon beside a bare Bolt app that acknowledges it and updates one message, both over signed HTTP.

Each runs in a process of its own; this one presses, and plays a Slack that takes everything at once. Where Bolt's app
remembers nothing, ours claims the question in SQLite (an fsync), runs the agent to its end, redraws two messages and
posts a third. Full speed means 50 presses at a time, until everything is told. The floor is a Bolt app that makes as
many calls and as many durable writes, and nothing else.

`python -m benchmarks.slack_side andon API FOLDER 10` serves ten questions until its stdin is closed.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, time
from typing import Any, Final, TypedDict
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.harness import ROOT, Contender, Figure, Sample, Target, Workload
from benchmarks.parked import resident_bytes
from bot.agents import AgentSpec
from bot.app import Application, application
from bot.database import open_store
from bot.serve import http, settle_in
from bot.settings import Settings, load_settings
from runtime import START, StateGraph, interrupt
from runtime.requests.records import Person, RequestId, ThreadId
from runtime.store import Collection

SECRET: Final = "not-a-secret"  # noqa: S105 - of a Slack that is played
TOKEN: Final = "xoxb-played"  # noqa: S105 - likewise
TEAM, CHANNEL, USER = "T0BENCH", "C0BENCH", "U0ANA"
RATE: Final = 100
"""Presses a second while acknowledgements are timed."""
AT_ONCE: Final = 50
WRITES: Final = 13
"""What ours stores for a press, one after the other; `tests/scenarios/test_acknowledged.py` counts them."""
WRITTEN: Final = Collection("written")
BLOCKS: Final = [{"type": "section", "text": {"type": "mrkdwn", "text": "Approved"}}] * 4


# The Slack that is played.


@dataclass(slots=True)
class Played:
    """A Web API that says yes, and knows what it was told."""

    told: Counter[str] = field(default_factory=Counter)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: "count[int]" = field(default_factory=count)

    async def answer(self, request: web.Request) -> web.Response:
        given = await request.json() if request.content_type == "application/json" else {}
        key = str(given.get("metadata", {}).get("event_payload", {}).get("key", ""))
        self.told[f"{request.match_info['method']} {key.partition(':')[0]}".strip()] += 1
        self.changed.set()
        user = {"id": USER, "team_id": TEAM}
        who = {"team_id": TEAM, "user_id": "U0BOT", "bot_id": "B0BOT", "user": user, "url": "https://bench.example/"}
        return web.json_response({"ok": True, "channel": CHANNEL, "ts": f"{next(self.numbers)}.000001", **who})

    async def until(self, what: str, number: int) -> None:
        while self.told[what] < number:
            self.changed.clear()
            await self.changed.wait()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        app = web.Application()
        app.add_routes([web.route("*", "/api/{method}", self.answer)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
        finally:
            await runner.cleanup()


# Who presses.


async def press(session: aiohttp.ClientSession, url: str, value: str) -> float:
    """Seconds until a press of Approve was acknowledged."""
    user = {"id": USER, "team_id": TEAM}
    action = {"type": "button", "action_id": "act:approve", "block_id": "b", "value": value}
    message = {"type": "message", "ts": "1.000001", "text": ""}
    where = {"type": "message", "channel_id": CHANNEL, "message_ts": "1.000001"}
    payload: dict[str, Any] = {"type": "block_actions", "team": {"id": TEAM}, "user": user, "trigger_id": "1"}
    payload |= {"channel": {"id": CHANNEL}, "container": where, "message": message, "actions": [action]}
    body, at = urlencode({"payload": json.dumps(payload)}), str(int(time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=at, body=body) or ""
    headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    began = perf_counter()
    async with session.post(url, data=body, headers=headers) as answer:
        await answer.read()
        if not answer.ok:
            raise RuntimeError(f"a press was answered {answer.status}")
    return perf_counter() - began


async def steadily(pressing: Callable[[str], Awaitable[float]], values: Sequence[str]) -> list[float]:
    """Press so many times a second, whatever the answers take."""
    began, presses = perf_counter(), []
    for number, value in enumerate(values):
        await asyncio.sleep(max(0.0, began + number / RATE - perf_counter()))
        presses.append(asyncio.ensure_future(pressing(value)))
    return list(await asyncio.gather(*presses))


async def at_full_speed(pressing: Callable[[str], Awaitable[float]], values: Sequence[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(value: str) -> None:
        async with gate:
            await pressing(value)

    await asyncio.gather(*map(one, values))


async def clicks(name: str, done: str, size: int) -> Sample:
    """Press so often in good order, and a quarter of that at full speed. `done`: what Slack is told at last."""
    played, more = Played(), max(1, size // 4)
    async with played.listening() as api, aiohttp.ClientSession() as session:
        with TemporaryDirectory() as folder:
            async with served(name, api, folder, size + more) as (url, values):
                pressing = partial(press, session, url)
                acks = await steadily(pressing, values[:size])
                await played.until(done, size)
                began = perf_counter()
                await at_full_speed(pressing, values[size:])
                await played.until(done, size + more)
                each = (perf_counter() - began) / more
    p99 = quantiles(acks, n=100, method="inclusive")[-1] if size > 1 else acks[0]
    return Sample({"p50": median(acks), "p99": p99, "each": each}, played.told[done])


async def memory(parked: int, size: int) -> Sample:
    """A process that has just started over a database in which `parked` of `size` questions are open."""
    async with Played().listening() as api:
        with TemporaryDirectory() as folder:
            async with served("parked", api, folder, size * parked):
                pass
            async with served("resting", api, folder, 0) as (resident, _):
                return Sample({"memory": float(resident)}, None)


# Processes.


@asynccontextmanager
async def served(name: str, api: str, folder: str, number: int) -> AsyncIterator[tuple[str, list[str]]]:
    """Run one of `PROGRAMS`. Gives what it said when it was ready: where it is, and what to press."""
    arguments = ["-m", "benchmarks.slack_side", name, api, folder, str(number)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdin=pipe, stdout=pipe, limit=2**24
    )
    assert process.stdin is not None  # noqa: S101 - narrows the type
    assert process.stdout is not None  # noqa: S101 - likewise
    try:
        said = await process.stdout.readline()
        if not said:
            raise RuntimeError(f"{name} did not start; what it said is above")
        url, values = json.loads(said)
        yield url, values
    finally:
        process.stdin.close()
        await process.wait()


async def ready(where: object, values: Sequence[str] = ()) -> None:
    """Say so, and go on until nobody is interested any more."""
    sys.stdout.write(json.dumps([where, values]) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


class State(TypedDict, total=False):
    request: str
    outcome: str


async def ask(state: State) -> State:
    answer = interrupt({"question": "Send the refund?", "order": "7", "amount": 40})
    return {"outcome": f"{state['request']}: {answer}"}


def settings_for(api: str, folder: str) -> Settings:
    variables = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SECRET, "SLACK_API_URL": api, "PORT": "0"}
    return load_settings({**variables, "ANDON_DATA_DIR": folder})


@asynccontextmanager
async def andon(settings: Settings) -> AsyncIterator[Application]:
    spec = AgentSpec(
        name="refund",
        title="Refund",
        graph="benchmarks.slack_side:graph",
        search_path=(),
        example="order 7",
        input={"request": "$text"},
    )
    graphs = {"refund": StateGraph(State).add_node("ask", ask).add_edge(START, "ask")}
    async with open_store(settings) as store, application(settings, [spec], graphs, store) as app:
        yield app


async def serve_andon(api: str, folder: str, number: int) -> None:
    """Ask so many questions, and take the answers."""
    settings = settings_for(api, folder)
    async with andon(settings) as app, http(settings, app) as url:
        settle_in()
        place = {"team": TEAM, "channel": CHANNEL}
        for first in range(0, number, AT_ONCE):
            for run in range(first, min(first + AT_ONCE, number)):
                await app.runner.start("refund", f"order {run}", Person(team=TEAM, id=USER), place, str(run))
            await asyncio.gather(*app.runner.busy)
        requests = await app.desk.ledger.open_requests(number)
        await ready(f"{url}/slack/events", [request.id for request in requests])


async def park(api: str, folder: str, number: int) -> None:
    """Ask a question, and store so many more like it."""
    async with andon(settings_for(api, folder)) as app:
        ledger = app.desk.ledger
        await app.runner.start("refund", "order", Person(team=TEAM, id=USER), {"team": TEAM, "channel": CHANNEL}, "")
        await asyncio.gather(*app.runner.busy)
        (request,) = await ledger.open_requests(1)
        thread = await ledger.thread(request.thread_id)
        assert thread is not None  # noqa: S101 - narrows the type
        for name in map(str, range(number)):
            thread_id = ThreadId(f"thread {name}")
            await ledger.open_thread(replace(thread, id=thread_id, where=name))
            await ledger.open_request(replace(request, id=RequestId(f"request {name}"), thread_id=thread_id))
        await ready("")


async def rest(api: str, folder: str, _: int) -> None:
    """Start, recover, and say how much memory that takes."""
    async with andon(settings_for(api, folder)) as app:
        await app.runner.recover()
        await asyncio.gather(*app.runner.busy)
        await ready(resident_bytes())


async def serve_bolt(api: str, _: str, number: int) -> None:
    """Acknowledge a press, and update a message: as little as an app can do."""

    async def pressed(ack: Any, body: Any, client: Any) -> None:
        await ack()
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="Approved")

    await _serve_bolt(api, number, pressed)


async def serve_floor(api: str, folder: str, number: int) -> None:
    """Call Slack and write as often as ours does for a press, and do nothing else: no graph, no cards, no reading."""
    numbers = count()
    async with open_store(settings_for(api, folder)) as store:

        async def write() -> None:
            await store.insert(WRITTEN, {"id": str(next(numbers)), "created_at": 0.0, "text": "x" * 500})

        async def pressed(ack: Any, body: Any, client: Any) -> None:
            await write()
            await ack()
            channel, ts = body["channel"]["id"], body["message"]["ts"]
            for _ in range(WRITES - 1):
                await write()
            await client.chat_update(channel=channel, ts=ts, text="Approved", blocks=BLOCKS)
            await client.chat_update(channel=channel, ts=ts, text="Approved", blocks=BLOCKS)
            await client.chat_postMessage(channel=channel, thread_ts=ts, text="Done", blocks=BLOCKS)

        await _serve_bolt(api, number, pressed)


async def _serve_bolt(api: str, number: int, pressed: Callable[..., Awaitable[None]]) -> None:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_id="B0BOT", bot_user_id="U0BOT", bot_token=TOKEN)

    async with aiohttp.ClientSession() as session:
        app = AsyncApp(client=AsyncWebClient(base_url=api, session=session), authorize=authorize, signing_secret=SECRET)
        app.action(re.compile(".*"))(pressed)

        async def events(request: web.Request) -> web.StreamResponse:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        served = web.Application()
        served.add_routes([web.post("/slack/events", events)])
        runner = web.AppRunner(served, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await ready(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", [str(run) for run in range(number)])
        await runner.cleanup()


PROGRAMS: Final = {"andon": serve_andon, "bolt": serve_bolt, "floor": serve_floor, "parked": park, "resting": rest}

WORKLOADS = (
    Workload(
        figures=(
            Figure("p50", f"a press acknowledged, at {RATE} a second, median"),
            Figure("p99", f"a press acknowledged, at {RATE} a second, 99 of 100 within", target=Target(at_most=0.1)),
            Figure("each", "a press with all that follows, at full speed", target=Target(ratio=0.5)),
        ),
        ours=Contender("Andon", partial(clicks, "andon", "chat.postMessage outcome")),
        reference=Contender("a bare Bolt app", partial(clicks, "bolt", "chat.update")),
        sizes=(1_000, 200, 2),
        rounds=(1, 1),
    ),
    Workload(
        figures=(Figure("each", "a press with all that follows, at full speed"),),
        ours=Contender("Andon", partial(clicks, "andon", "chat.postMessage outcome")),
        reference=Contender(
            "a bare Bolt app that calls and writes as often", partial(clicks, "floor", "chat.postMessage")
        ),
        sizes=(400, 200, 2),
        rounds=(1, 1),
    ),
    Workload(
        figures=(Figure("memory", "a process with 10,000 open requests", "bytes", Target(ratio=0.95)),),
        ours=Contender("Andon", partial(memory, 1)),
        reference=Contender("with none open", partial(memory, 0)),
        sizes=(10_000, 1_000, 2),
        rounds=(1, 1),
    ),
)

if __name__ == "__main__":
    program, api_url, data, questions = sys.argv[1:]
    asyncio.run(PROGRAMS[program](api_url, data, int(questions)))
