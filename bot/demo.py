"""`andon demo`: a small Slack on this machine, and the bot connected to it by the protocols of the real one.

The workspace runs here, the bot in a process of its own, so that the page can kill it with SIGKILL and start it again:
nothing is lost. Both keep what they know under the data directory, so killing everything loses nothing either.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.manifest import load_manifest
from bot.sandbox import Sandbox
from bot.serve import stop_on_signals

PORT: Final = 3333
NEXT_PORTS: Final = 20
"""How many more ports are tried when that one is taken."""
STOP_SECONDS: Final = 10.0


class BotProcess:
    """The bot as a child process. It ends by itself when this process is gone: its standard input closes."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._process: asyncio.subprocess.Process | None = None

    def state(self) -> dict[str, Any]:
        """`{"state": "running" | "stopped", "pid": int | None}`."""
        if self._process is None or self._process.returncode is not None:
            return {"state": "stopped", "pid": None}
        return {"state": "running", "pid": self._process.pid}

    async def start(self) -> None:
        """Start it, unless it runs."""
        if self.state()["state"] == "running":
            return
        command = (sys.executable, "-m", "bot", "serve", "--until-stdin-closes")
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, env=dict(self._environ)
        )

    async def kill(self) -> None:
        """Kill it as hard as a power cut."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Let it finish what is in hand, for a while."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()


async def demo(data_dir: Path, port: int | None) -> None:
    """Serve the page and keep the bot running until Ctrl-C."""
    stop = stop_on_signals()
    environ = dict(os.environ)
    bot = BotProcess(environ)
    async with await _sandbox(data_dir, port, bot) as sandbox:
        environ |= {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
            "ANDON_DATA_DIR": str(data_dir),
            "MONGODB_URI": "",  # what is only a trial goes into a file of its own
            "ANDON_LEASE_SECONDS": os.environ.get("ANDON_LEASE_SECONDS", "3"),  # the page kills it and looks on
            "ANDON_SWEEP_SECONDS": os.environ.get("ANDON_SWEEP_SECONDS", "1"),
            "ANDON_LOG": os.environ.get("ANDON_LOG", "warning"),
        }
        await bot.start()
        print(f"\n  Andon is running. Open  {sandbox.url}  and type:  /agent refund order 7\n", flush=True)  # noqa: T201
        await stop.wait()
        await bot.stop()


async def _sandbox(data_dir: Path, port: int | None, bot: BotProcess) -> Sandbox:
    """Find a port that can be had: the asked one, or the usual one or one of its neighbours."""
    for candidate in [port] if port is not None else range(PORT, PORT + NEXT_PORTS):
        if await _free(candidate):
            return Sandbox(port=candidate, manifest=load_manifest(), data_dir=data_dir, process_control=bot)
    return Sandbox(port=port or 0, manifest=load_manifest(), data_dir=data_dir, process_control=bot)


async def _free(port: int) -> bool:
    try:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    except OSError:
        return False
    server.close()
    await server.wait_closed()
    return True
