"""The command line: what `andon --help` lists. The only place that configures logging.

Problems of the configuration come all at once, in words, and the exit code is 2; a database that cannot be used is 1,
and so is anything that `andon check` finds.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from dotenv import dotenv_values

from bot.agents import AgentSpec, load_agents, load_graphs
from bot.app import application
from bot.audit import Format, export as export_trail, verify as verify_trail
from bot.check import Mark, check as check_deployment
from bot.database import open_store
from bot.errors import ConfigurationError
from bot.logs import configure_logging
from bot.manifest import manifest_text
from bot.serve import serve as serve_slack, settle_in, stop_on_signals
from bot.settings import Settings, load_settings
from runtime import StoreError
from runtime.codec.process import CODEC
from runtime.requests.ledger import Ledger

T = TypeVar("T")

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with values in it could show a token
    help="AI agents pull the cord, people answer in Slack.",
)
audit = typer.Typer(no_args_is_help=True, help="The audit trail: who tried what, when, and what came of it.")
cli.add_typer(audit, name="audit")
ENV_FILE = Path(".env")
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
"""Variables that Bolt reads by itself, and that what agents start would inherit: they leave the environment first."""


@cli.command()
def serve(
    until_stdin_closes: Annotated[bool, typer.Option(hidden=True, help="End when the parent process does.")] = False,
) -> None:
    """Connect to Slack and run the agents of andon.toml, until Ctrl-C."""
    settings, specs, graphs = _configuration()
    for name in SECRETS:
        os.environ.pop(name, None)
    configure_logging(settings.log_level, secrets=_secrets(settings))
    asyncio.run(_serve(settings, specs, graphs, until_stdin_closes=until_stdin_closes))


@cli.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port of the page; 3333 or the next free one if not given.")] = None,
) -> None:
    """Try everything in a small Slack of our own, in the browser. With tokens in the environment: in your Slack."""
    if os.environ.get("SLACK_BOT_TOKEN") or dotenv_values(ENV_FILE).get("SLACK_BOT_TOKEN"):
        serve()
        return
    from bot.demo import demo as run_demo  # noqa: PLC0415 - the sandbox is only for this

    data_dir = Path(os.environ.get("ANDON_DATA_DIR") or ".andon") / "demo"
    data_dir.mkdir(parents=True, exist_ok=True)
    load_graphs(load_agents(_config_file()))
    asyncio.run(run_demo(data_dir, port))


@cli.command()
def check() -> None:
    """Verify this deployment line by line: settings, agents, Slack, clock, database. Exit code 1 on any problem."""
    raise typer.Exit(asyncio.run(_check()))


async def _check() -> int:
    marks: list[Mark] = []
    async for finding in check_deployment(os.environ, env_file=ENV_FILE):
        typer.echo(str(finding))
        marks.append(finding.mark)
    return int(Mark.WRONG in marks)


@cli.command()
def manifest(
    http: Annotated[
        str | None, typer.Option(help="Address at which Slack calls the bot, instead of Socket Mode.")
    ] = None,
) -> None:
    """Print the Slack app's manifest."""
    typer.echo(manifest_text(http), nl=False)


Run = Annotated[str | None, typer.Option(help="Only this run: its id, or how it begins.")]


@audit.command()
def export(
    run: Run = None,
    form: Annotated[Format, typer.Option("--format", help="JSON Lines, or CSV for a spreadsheet.")] = Format.JSONL,
) -> None:
    """Print every entry of the audit trail, newest run first."""
    asyncio.run(_with_ledger(lambda ledger: export_trail(ledger, sys.stdout, form, run)))


@audit.command()
def verify(
    run: Run = None,
    exported: Annotated[Path | None, typer.Option("--against", help="An export in JSON Lines of earlier.")] = None,
) -> None:
    """See whether every entry is there as it was written. Exit code 1 when one is not."""

    async def problems(ledger: Ledger) -> int:
        found = [problem async for problem in verify_trail(ledger, run, exported)]
        typer.echo("\n".join(f"✗ {problem}" for problem in found) or "✓ The audit trail is whole.")
        return int(bool(found))

    raise typer.Exit(asyncio.run(_with_ledger(problems)))


async def _with_ledger(work: Callable[[Ledger], Awaitable[T]]) -> T:
    async with open_store(load_settings(os.environ, env_file=ENV_FILE)) as store:
        return await work(Ledger(store, CODEC))


def _configuration() -> tuple[Settings, tuple[AgentSpec, ...], dict[str, object]]:
    """Read everything that can be wrong before anything starts, and say all that is wrong at once."""
    problems: list[str] = []
    settings: Settings | None = None
    specs: tuple[AgentSpec, ...] = ()
    graphs: dict[str, object] = {}
    try:
        settings = load_settings(os.environ, env_file=ENV_FILE)
    except ConfigurationError as error:
        problems += error.problems
    try:
        specs = load_agents(settings.config if settings else _config_file())
        graphs = load_graphs(specs)
    except ConfigurationError as error:
        problems += error.problems
    if settings is None or problems:
        raise ConfigurationError(problems)
    return settings, specs, graphs


def _config_file() -> Path:
    return Path(os.environ.get("ANDON_CONFIG") or "andon.toml")


async def _serve(
    settings: Settings,
    specs: Sequence[AgentSpec],
    graphs: Mapping[str, object],
    *,
    until_stdin_closes: bool,
) -> None:
    stop = stop_on_signals()
    if until_stdin_closes:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _read_until_closed, stop.set)
    async with (
        open_store(settings) as store,
        application(settings, specs, graphs, store) as app,
    ):
        settle_in()
        await serve_slack(settings, app, stop)


def _read_until_closed(closed: Callable[[], None]) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        closed()


def _secrets(settings: Settings) -> list[str]:
    held = (settings.bot_token, settings.app_token, settings.signing_secret, settings.mongodb_uri)
    return [secret.get_secret_value() for secret in held if secret is not None]


def main() -> None:
    """Run the command line."""
    try:
        cli()
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except StoreError as error:
        typer.echo(f"The database cannot be used: {error}", err=True)
        sys.exit(1)
