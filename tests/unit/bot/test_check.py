"""`andon check`: a sound deployment passes, and each thing that can be broken is named with what to do."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.check import Mark, check
from bot.manifest import load_manifest
from bot.sandbox import Fault, Sandbox
from tests.mongodb import fresh_uri
from tests.office import Json
from tests.unit.bot.test_cli import ROOT, andon

GRAPH = """
from typing import TypedDict
from runtime import START, StateGraph

class State(TypedDict, total=False):
    request: str

graph = StateGraph(State).add_node("node", lambda state: state).add_edge(START, "node")
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(manifest=load_manifest()) as running:
        yield running


@pytest.fixture
def environ(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """A sound deployment; tests break one thing of it."""
    (tmp_path / "checked_agent.py").write_text(GRAPH)
    (tmp_path / "andon.toml").write_text('[agents.refund]\ngraph = "./checked_agent.py:graph"\n')
    return {
        "SLACK_BOT_TOKEN": sandbox.bot_token,
        "SLACK_APP_TOKEN": sandbox.app_token,
        "SLACK_API_URL": sandbox.api_url,
        "ANDON_CONFIG": str(tmp_path / "andon.toml"),
        "ANDON_DATA_DIR": str(tmp_path / "data"),
    }


async def findings(environ: dict[str, str], *, late: float = 0.0) -> dict[Mark, list[str]]:
    """What is said, by mark; the machine's clock is `late` seconds behind."""
    said: dict[Mark, list[str]] = {mark: [] for mark in Mark}
    async for finding in check(environ, clock=lambda: time.time() - late):
        said[finding.mark].append(finding.text)
    return said


async def problem(environ: dict[str, str], *, late: float = 0.0) -> str:
    """The one thing that is wrong."""
    (text,) = (await findings(environ, late=late))[Mark.WRONG]
    return text


async def test_a_sound_deployment_has_no_problem_and_says_what_nobody_can_see(environ: dict[str, str]) -> None:
    said = await findings(environ)
    assert said[Mark.WRONG] == []
    about = [text.split(":")[0].split(" (")[0] for text in said[Mark.RIGHT]]
    database = f"Database {environ['ANDON_DATA_DIR']}/andon.db"
    settings = ["Settings", "Agent refund", "SLACK_BOT_TOKEN", "Scopes", "Clock", "SLACK_APP_TOKEN"]
    assert about == [*settings, database, "Indexes"]
    assert [text.split(":")[0] for text in said[Mark.UNSEEN]] == ["The app's command, events and Home tab"]


async def test_it_leaves_nothing_in_the_database(environ: dict[str, str]) -> None:
    await findings(environ)
    with closing(sqlite3.connect(f"{environ['ANDON_DATA_DIR']}/andon.db")) as connection:
        (count,) = connection.execute('SELECT count(*) FROM "checks documents"').fetchone()
    assert count == 0


async def test_over_http_the_secret_cannot_be_verified_and_that_is_said(environ: dict[str, str]) -> None:
    del environ["SLACK_APP_TOKEN"]
    said = await findings(environ | {"SLACK_SIGNING_SECRET": "s"})
    assert said[Mark.WRONG] == []
    assert said[Mark.UNSEEN][0].startswith("SLACK_SIGNING_SECRET: only a request of Slack's shows")


async def test_wrong_settings_come_all_at_once_and_agents_are_still_looked_at(environ: dict[str, str]) -> None:
    said = await findings({"PORT": "many", "ANDON_CONFIG": environ["ANDON_CONFIG"]})
    assert [text.split()[1] for text in said[Mark.WRONG]] == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "PORT"]
    assert said[Mark.RIGHT] == ["Agent refund: ./checked_agent.py:graph loads and compiles."]
    assert said[Mark.UNSEEN] == ["Slack and the database: looked at when the settings are right."]


async def test_every_agent_that_does_not_load_or_compile_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "andon.toml").write_text(
        '[agents.a]\ngraph = "nowhere:graph"\n[agents.b]\ngraph = "./checked_agent.py:State"\n'
        '[agents.c]\ngraph = "./checked_agent.py:graph"\n'
    )
    said = await findings(environ)
    assert [text.split(":")[0] for text in said[Mark.WRONG]] == ["Agent a", "Agent b"]
    assert "Agent c: ./checked_agent.py:graph loads and compiles." in said[Mark.RIGHT]


async def test_an_agents_file_that_is_missing_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "andon.toml").unlink()
    assert "andon.toml: no such file" in await problem(environ)


async def test_a_wrong_bot_token_is_told_from_a_revoked_one(environ: dict[str, str], sandbox: Sandbox) -> None:
    assert "invalid_auth" in await problem(environ | {"SLACK_BOT_TOKEN": "xoxb-made-up"})
    sandbox.revoke_tokens()
    revoked = await problem(environ)
    assert revoked.startswith("SLACK_BOT_TOKEN: Slack says token_revoked")
    assert "install the app again" in revoked
    assert sandbox.bot_token not in revoked


async def test_a_wrong_app_token_is_named(environ: dict[str, str]) -> None:
    assert (await problem(environ | {"SLACK_APP_TOKEN": "xapp-made-up"})).startswith("SLACK_APP_TOKEN: Slack says")


async def test_a_slack_that_does_not_answer_is_named(environ: dict[str, str], unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/api/"
    assert (await problem(environ | {"SLACK_API_URL": url})).startswith(f"Slack does not answer at {url}")


async def test_a_slack_that_is_ill_is_named(environ: dict[str, str], sandbox: Sandbox) -> None:
    sandbox.inject(Fault(method="auth.test", kind="500"))
    assert "internal_error: try again later" in await problem(environ)


@pytest.mark.parametrize("lost", ["chat:write", "reactions:write"])
async def test_a_missing_scope_is_named_and_one_too_many_is_mentioned(environ: dict[str, str], lost: str) -> None:
    manifest: Json = load_manifest()
    scopes: list[str] = manifest["oauth_config"]["scopes"]["bot"]
    scopes.remove(lost)
    async with Sandbox(manifest=manifest) as poorer:
        theirs = {"SLACK_BOT_TOKEN": poorer.bot_token, "SLACK_APP_TOKEN": poorer.app_token}
        assert f"the bot lacks {lost}. Paste" in await problem(environ | theirs | {"SLACK_API_URL": poorer.api_url})
    scopes += [lost, "admin"]
    async with Sandbox(manifest=manifest) as richer:
        theirs = {"SLACK_BOT_TOKEN": richer.bot_token, "SLACK_APP_TOKEN": richer.app_token}
        said = await findings(environ | theirs | {"SLACK_API_URL": richer.api_url})
    assert said[Mark.WRONG] == []
    assert any("It also has admin, which it does not need." in text for text in said[Mark.RIGHT])


@pytest.mark.parametrize(("late", "words"), [(75, "behind Slack"), (-75, "ahead of Slack")])
async def test_a_clock_more_than_a_minute_off_is_a_problem(environ: dict[str, str], late: float, words: str) -> None:
    assert words in await problem(environ, late=late)
    assert (await findings(environ, late=late / 2))[Mark.WRONG] == []


async def test_where_processes_share_a_database_clocks_have_to_be_closer(environ: dict[str, str]) -> None:
    over_mongodb = environ | {"MONGODB_URI": fresh_uri(), "ANDON_LEASE_SECONDS": "30"}
    said = await findings(over_mongodb)
    assert said[Mark.WRONG] == []
    assert any(text.startswith("Database MongoDB at 127.0.0.1") for text in said[Mark.RIGHT])
    assert "processes would cut in on each other" in await problem(over_mongodb, late=10)
    assert (await findings(environ, late=10))[Mark.WRONG] == []


async def test_a_mongodb_that_does_not_answer_is_named(environ: dict[str, str], unused_tcp_port: int) -> None:
    uri = f"mongodb://user:hush@127.0.0.1:{unused_tcp_port}/andon?timeoutMS=500"
    said = await problem(environ | {"MONGODB_URI": uri})
    assert said.startswith(f"Database: MongoDB at 127.0.0.1:{unused_tcp_port}: no server answers")
    assert "hush" not in said


async def test_a_database_that_is_none_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "andon.db").write_bytes(b"no database at all" * 100)
    assert "the file is not an SQLite database" in await problem(environ)


async def test_a_data_folder_that_cannot_be_made_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert (await problem(environ)).startswith("Database: ")


async def test_an_index_that_somebody_dropped_is_made_again(environ: dict[str, str]) -> None:
    await findings(environ)
    path = f"{environ['ANDON_DATA_DIR']}/andon.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('DROP INDEX "requests by status"')
    await findings(environ)
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")]
    assert "requests by status" in names


async def test_the_command_prints_every_line_and_its_exit_code_says_whether_all_is_well(
    environ: dict[str, str],
) -> None:
    sound = await asyncio.to_thread(andon, "check", cwd=ROOT, **environ)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert "✓ Agent refund: " in sound.stdout
    broken = await asyncio.to_thread(andon, "check", cwd=ROOT, **environ | {"SLACK_APP_TOKEN": "xapp-made-up"})
    assert (broken.returncode, broken.stderr) == (1, "")
    assert "✗ SLACK_APP_TOKEN: Slack says" in broken.stdout
