"""The bot asked to stop, as by Ctrl-C or a redeploy: what is in hand is finished, and nothing is done twice."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.faults.test_sigkill import Site, site_in


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
async def test_a_node_at_work_is_let_finish(tmp_path: Path, number: signal.Signals) -> None:
    async with site_in(tmp_path) as site:
        gate = site.book.with_name("gate")
        os.mkfifo(gate)
        await site.command()
        await site.approve()
        await _at_work(site)
        pid = site.process.state()["pid"]
        os.kill(pid, number)
        await asyncio.to_thread(lambda: gate.open("w").close())
        async with asyncio.timeout(15):
            while site.process.state()["state"] == "running":  # noqa: ASYNC110 - the end of a process that others watch
                await asyncio.sleep(0.02)
        gate.unlink()
        await site.start()
        await site.ends_well("order-7")
        assert site.book.read_text().count("run order-7") == 1


async def _at_work(site: Site) -> None:
    async with asyncio.timeout(10):
        while "run order-7" not in site.book.read_text():  # noqa: ASYNC110 - a file of another process has no event
            await asyncio.sleep(0.01)


async def test_a_bot_at_rest_ends_at_once_and_in_peace(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site:
        environ = site.process._environ
        await site.process.kill()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", env=dict(environ), stderr=asyncio.subprocess.PIPE
        )
        await site.office.sandbox.until(lambda: site.office.sandbox.connections == 1, timeout=20)
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), 15)
        assert process.returncode == 0
        assert "Traceback" not in said.decode()
