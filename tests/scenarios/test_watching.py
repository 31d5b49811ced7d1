"""`/healthz` and `/metrics`: what whoever watches the bot is told, over HTTP and beside Socket Mode."""

import asyncio
import re
from collections.abc import Callable

import aiohttp
import pytest

from bot.sandbox import Fault
from tests.office import TRANSPORTS, Office, OpenOffice, asking, settle

REFUND = {"refund": asking({"question": "Send 40 EUR?", "amount": 40})}


async def ask(office: Office, path: str) -> tuple[int, str]:
    """Fetch a path of the bot's own port."""
    url = f"http://{office.settings.host}:{office.settings.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def sample(office: Office, name: str, **labels: str) -> float:
    """One number of `/metrics`; 0 when it is not there."""
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    line = re.escape(f"{name}{{{inside}}}" if inside else name)
    found = re.search(rf"^{line} (\S+)$", (await ask(office, "/metrics"))[1], re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_numbers_follow_a_run(
    open_office: OpenOffice, transport: str, unused_tcp_port_factory: Callable[[], int]
) -> None:
    port = {"PORT": str(unused_tcp_port_factory())} if transport == "socket mode" else {}
    async with open_office(REFUND, transport=transport, environ=port) as office:
        assert await sample(office, "andon_ack_seconds_count") == 0
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await settle(office)
        assert await sample(office, "andon_requests", status="open") == 1
        assert await sample(office, "andon_runs", status="waiting") == 1
        assert await sample(office, "andon_slack_requests_total", kind="command", status="200") == 1
        assert await sample(office, "andon_slack_calls_total", method="chat.postMessage", outcome="ok") == 2

        ben = office.person("ben")
        office.sandbox.inject(Fault(method="chat.update", kind="429", retry_after=0))
        office.sandbox.inject(Fault(method="chat.update", kind="500"))
        await ben.press(card, "Approve")
        await office.outcome()
        await ben.press(card, "Approve")
        await settle(office)
        assert await sample(office, "andon_requests", status="open") == 0
        assert await sample(office, "andon_runs", status="waiting") == 0
        assert await sample(office, "andon_decisions_total", verdict="approved") == 1
        assert await sample(office, "andon_refusals_total", reason="decided") == 1
        assert await sample(office, "andon_slack_calls_total", method="chat.update", outcome="ratelimited") == 1
        assert await sample(office, "andon_slack_calls_total", method="chat.update", outcome="uncertain") == 1
        acks = await sample(office, "andon_ack_seconds_count")
        assert acks == await sample(office, "andon_ack_seconds_bucket", le="+Inf")
        assert acks >= 3
        assert await sample(office, "andon_ack_seconds_sum") > 0


async def test_every_line_is_a_sample_or_says_what_it_is(open_office: OpenOffice) -> None:
    """The format's grammar, as far as it is used here."""
    async with open_office(REFUND, transport="signed http") as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card()
        _, text = await ask(office, "/metrics")
    help_or_type = r"# (HELP \w+ .+|TYPE \w+ (counter|gauge|histogram))"
    line = rf'({help_or_type}|\w+(\{{\w+="[^"\n]*"(,\w+="[^"\n]*")*\}})? [\d.e+-]+)\n'
    assert re.fullmatch(rf"({line})+", text)
    assert len(re.findall("# HELP", text)) == len(re.findall("# TYPE", text)) == len(set(re.findall("# TYPE .*", text)))


async def test_health_is_lost_with_the_database(
    open_office: OpenOffice, unused_tcp_port_factory: Callable[[], int]
) -> None:
    async with open_office(REFUND, environ={"PORT": str(unused_tcp_port_factory())}) as office:
        assert await ask(office, "/healthz") == (200, '{"ok": true, "database": true, "slack": true}')
        await office.bot.desk.ledger._store.aclose()  # type: ignore[attr-defined]  # every store has it
        assert await ask(office, "/healthz") == (503, '{"ok": false, "database": false, "slack": true}')


async def test_health_is_lost_with_the_connection_and_comes_back_with_it(
    open_office: OpenOffice, unused_tcp_port_factory: Callable[[], int]
) -> None:
    async with open_office(REFUND, environ={"PORT": str(unused_tcp_port_factory())}) as office:
        office.sandbox.inject(Fault(method="apps.connections.open", kind="429", retry_after=1, times=1000))
        await office.sandbox.lose_connections()
        await until_health(office, 503)
        assert await ask(office, "/healthz") == (503, '{"ok": false, "database": true, "slack": false}')
        office.sandbox.heal()
        await until_health(office, 200)
        await office.sandbox.connected()
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card()


async def until_health(office: Office, status: int) -> None:
    async with asyncio.timeout(30):
        while (await ask(office, "/healthz"))[0] != status:  # noqa: ASYNC110 - as whoever watches does
            await asyncio.sleep(0.02)


async def test_socket_mode_listens_nowhere_unless_asked(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        assert not office.settings.is_watched
        with pytest.raises(aiohttp.ClientError):
            await ask(office, "/healthz")
