"""`python -m bot.sandbox --port N` runs the sandbox alone and prints what a bot needs to connect to it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bot.sandbox.server import Sandbox


async def serve(arguments: argparse.Namespace) -> None:
    async with Sandbox(
        host=arguments.host,
        port=arguments.port,
        data_dir=arguments.data_dir,
        request_url=arguments.request_url,
    ) as sandbox:
        sys.stdout.write(
            f"{sandbox.url}\n"
            f"SLACK_API_URL={sandbox.api_url}\n"
            f"SLACK_BOT_TOKEN={sandbox.bot_token}\n"
            f"SLACK_APP_TOKEN={sandbox.app_token}\n"
            f"SLACK_SIGNING_SECRET={sandbox.signing_secret}\n"
        )
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--data-dir", type=Path, help="keep the workspace here (default: memory only)")
    parser.add_argument("--request-url", help="deliver by signed HTTP to this URL instead of Socket Mode")
    try:
        asyncio.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
