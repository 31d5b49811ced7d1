"""The bot in a process of its own, killed with SIGKILL: after a restart every run ends as if nothing had happened."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo import BotProcess
from bot.manifest import load_manifest
from bot.sandbox import Sandbox
from bot.settings import load_settings
from runtime import SqliteSaver
from runtime.codec.process import CODEC
from runtime.requests.ledger import Ledger
from runtime.requests.records import RequestStatus
from tests.office import Json, Office, is_open, key_of, shown

AGENT = Path(__file__).with_name("killed_agent.py")


@dataclass(slots=True, kw_only=True)
class Site:
    """A workspace that stays, and a bot that comes and goes."""

    office: Office
    process: BotProcess
    book: Path

    async def start(self) -> None:
        await self.process.start()
        await self.office.sandbox.until(lambda: self.office.sandbox.connections == 1, timeout=20)

    async def kill(self) -> None:
        await self.process.kill()
        await self.office.sandbox.until(lambda: self.office.sandbox.connections == 0)

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    async def command(self, text: str = "/agent refund order-7") -> None:
        await self.office.person("ana").command(text, channel="refunds")

    async def card(self, words: str = "order-7") -> Json:
        """The open card about something, waited for."""
        return await self.office.sandbox.until(
            lambda: next(c for c in self.office.cards() if is_open(c) and words in shown(c)), timeout=20
        )

    async def approve(self) -> None:
        await self.office.person("ben").press(await self.card(), "Approve")

    async def ends_well(self, *orders: str) -> None:
        """Every order was paid once, by one decision on one card, and one committed step knows of it."""
        sandbox, office = self.office.sandbox, self.office
        await sandbox.until(lambda: len(office.outcomes()) >= len(orders), timeout=20)
        await sandbox.until(
            lambda: all("Finished" in shown(message) for message in (*office.roots(), *office.cards())), timeout=20
        )
        await self.process.stop()
        posts = [key_of(message) for message in sandbox.messages("refunds") if message.get("bot_id")]
        assert len(posts) == len(set(posts)) == 3 * len(orders)
        lines = self.book.read_text().splitlines()
        for order in orders:
            said = [shown(outcome["blocks"]) for outcome in office.outcomes()]
            assert sum(f"Sent ['{order}: True']." in words for words in said) == 1
            assert sum(line.startswith(f"paid {order} ") for line in lines) == 1
            assert len({line for line in lines if line.startswith(f"run {order} ")}) == 1
        async with SqliteSaver(str(office.settings.data_dir / "andon.db")) as store:
            ledger = Ledger(store, CODEC)
            assert await ledger.unsettled() == []
            for thread in await ledger.threads():
                (request,) = await ledger.requests(thread.id)
                assert request.status is RequestStatus.DELIVERED
                assert [entry["what"] for entry in await ledger.trail(thread.id)].count("answer") <= 1


@asynccontextmanager
async def site_in(folder: Path) -> AsyncIterator[Site]:
    book = folder / "book"
    book.touch()
    config = folder / "andon.toml"
    config.write_text(f'[agents.refund]\ngraph = "{AGENT}:graph"\ninput = {{ request = "$text" }}\n')
    async with Sandbox(manifest=load_manifest()) as sandbox:
        environ = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
            "ANDON_DATA_DIR": str(folder),
            "ANDON_CONFIG": str(config),
            "ANDON_LEASE_SECONDS": "2",
            "ANDON_SWEEP_SECONDS": "0.5",
            "ANDON_LOG": "warning",
        }
        office = Office(sandbox=sandbox, settings=load_settings(environ), specs=[], graphs={})
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SLACK_")}
        process = BotProcess({**inherited, **environ, "ANDON_TEST_BOOK": str(book)})
        site = Site(office=office, process=process, book=book)
        try:
            await site.start()
            yield site
        finally:
            await process.kill()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with site_in(tmp_path) as opened:
        yield opened


async def test_killed_between_card_and_click(site: Site) -> None:
    await site.command()
    await site.card()
    await site.restart()
    await site.approve()
    await site.ends_well("order-7")


async def test_killed_right_after_the_click_was_acknowledged(site: Site) -> None:
    await site.command()
    await site.approve()
    await site.restart()
    await site.ends_well("order-7")


async def test_killed_while_a_node_is_at_work(site: Site) -> None:
    gate = site.book.with_name("gate")
    os.mkfifo(gate)
    await site.command()
    await site.approve()
    async with asyncio.timeout(10):
        while "run order-7" not in site.book.read_text():  # noqa: ASYNC110 - a file of another process has no event
            await asyncio.sleep(0.01)
    await site.kill()
    gate.unlink()
    await site.start()
    await site.ends_well("order-7")
    assert site.book.read_text().count("run order-7") == 2


async def test_killed_right_after_the_command_was_acknowledged(site: Site) -> None:
    await site.command()
    await site.restart()
    await site.approve()
    await site.ends_well("order-7")


@pytest.mark.timeout(120)
async def test_killed_at_any_moment(site: Site) -> None:
    """After each act, as soon as Slack has seen some more calls, none included."""
    chance, sandbox = random.Random(20261121), site.office.sandbox
    orders = [f"order-{number}" for number in range(5)]

    async def killed_after(calls: int, act: str) -> None:
        target = len(sandbox.calls) + calls
        if act == "command":
            await site.command(f"/agent refund {orders[0]}")
        else:
            card = await site.card(orders[0])
            while is_open(card) and await site.office.person("ben").press(card, "Approve"):
                await site.start()
        try:
            await sandbox.until(lambda: len(sandbox.calls) >= target, timeout=1.0)
        except AssertionError:
            assert len(sandbox.calls) < target  # it was done before so many
        await site.restart()

    done = []
    while orders:
        for act in ("command", "click"):
            await killed_after(chance.randint(0, 4), act)
        done.append(orders.pop(0))
    await site.ends_well(*done)
