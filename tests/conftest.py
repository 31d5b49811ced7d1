"""The office that scenario and fault tests drive."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.agents import AgentSpec
from bot.manifest import load_manifest
from bot.sandbox import Sandbox
from bot.settings import load_settings
from handlers.live import DEFAULT_PACE, Pace
from tests.office import Json, Office, OpenOffice


@pytest.fixture
def open_office(tmp_path: Path, unused_tcp_port_factory: Callable[[], int]) -> OpenOffice:
    """Open an office over a database of its own."""

    @asynccontextmanager
    async def opened(
        graphs: Mapping[str, object],
        *,
        transport: str = "socket mode",
        specs: Mapping[str, Json] | None = None,
        environ: Mapping[str, str] | None = None,
        pace: Pace = DEFAULT_PACE,
        **more: Any,
    ) -> AsyncIterator[Office]:
        port = unused_tcp_port_factory()
        url = None if transport == "socket mode" else f"http://127.0.0.1:{port}/slack/events"
        async with Sandbox(manifest=load_manifest(), request_url=url, **more) as sandbox:
            variables = {
                "SLACK_BOT_TOKEN": sandbox.bot_token,
                "SLACK_API_URL": sandbox.api_url,
                "ANDON_DATA_DIR": str(tmp_path),
                **({"SLACK_APP_TOKEN": sandbox.app_token} if url is None else {}),
                **({} if url is None else {"SLACK_SIGNING_SECRET": sandbox.signing_secret, "PORT": str(port)}),
                **(environ or {}),
            }
            office = Office(
                sandbox=sandbox,
                settings=load_settings(variables),
                specs=[_spec(name, (specs or {}).get(name, {})) for name in graphs],
                graphs=dict(graphs),
                pace=pace,
            )
            await office.start_bot()
            try:
                yield office
            finally:
                await office.stop_bot()
            assert office.wrongly_shaped() == []

    return opened


def _spec(name: str, more: Json) -> AgentSpec:
    fields: Json = {"title": name.capitalize(), "example": "order 7", "input": {"request": "$text"}, **more}
    return AgentSpec(name=name, graph=f"tests:{name}", search_path=(), **fields)
