"""What docs/operations.md, the Dockerfile and compose.yaml speak of is there: commands, settings, metrics, paths."""

import json
import re
import shlex
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from bot.cli import cli
from bot.manifest import EVENTS_PATH
from bot.metrics import HELP
from bot.settings import VARIABLES, load_settings

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
BOT: dict[str, Any] = COMPOSE["services"]["bot"]


def commands() -> set[str]:
    command: Any = get_command(cli)
    return set(command.commands)


def instructions(name: str) -> list[str]:
    """Arguments of the Dockerfile's instructions of this name."""
    return re.findall(rf"^\s*{name} +(.+)$", DOCKERFILE, re.MULTILINE)


def image_environ() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))


def test_every_setting_is_documented_and_every_one_that_is_named_exists() -> None:
    table = GUIDE[GUIDE.index("## Settings") : GUIDE.index("## Before it serves")]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == set(VARIABLES)
    named = set(re.findall(r"\b(?:SLACK|ANDON|MONGODB)_[A-Z_]+\b", GUIDE))
    assert named <= set(VARIABLES)


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:`|/|bot )andon (\w+)", GUIDE))
    assert {"serve", "check", "manifest"} <= named <= commands()


def test_every_metric_is_documented_and_every_one_that_is_named_exists() -> None:
    assert set(re.findall(r"\bandon_[a-z_]+", GUIDE)) == set(HELP)


def test_what_it_links_to_exists() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)]+)\)", GUIDE)
    lines = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    headings = {re.sub(r"[^\w-]", "", line.lower().replace(" ", "-")) for line in lines}
    for target in targets:
        path, _, heading = target.partition("#")
        assert (ROOT / "docs" / path).exists(), target
        assert not heading or heading in headings, target


def test_the_unit_starts_a_command_that_exists_with_settings_that_exist() -> None:
    (text,) = re.findall(r"```ini\n(.*?)```", GUIDE, re.DOTALL)
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    unit.read_string(text)
    program, command = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program) == Path(unit["Service"]["WorkingDirectory"]) / ".venv" / "bin" / "andon"
    assert command in commands()
    variable, _, folder = unit["Service"]["Environment"].partition("=")
    assert variable in VARIABLES
    assert folder == f"/var/lib/{unit['Service']['StateDirectory']}"


def test_the_image_is_made_of_files_in_git_that_docker_gets_to_see() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    seen = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert copied == seen
    for source in copied:
        assert any(path == source or path.startswith(f"{source}/") for path in tracked), source


def test_the_image_has_what_the_package_is_built_from() -> None:
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks"}
    assert packages | {"pyproject.toml", "README.md", "LICENSE", "manifest.yml", "requirements.lock"} <= copied


def test_the_image_runs_a_command_as_nobody_special() -> None:
    (entry,), (command,), (user,) = instructions("ENTRYPOINT"), instructions("CMD"), instructions("USER")
    assert json.loads(entry) == ["andon"]
    assert set(json.loads(command)) <= commands()
    assert f"useradd --create-home {user}" in DOCKERFILE
    assert DOCKERFILE.index("USER") > DOCKERFILE.rindex("RUN")


@pytest.mark.parametrize("token", ["SLACK_APP_TOKEN=xapp-1", "SLACK_SIGNING_SECRET=s"])
def test_the_image_listens_where_its_health_is_looked_for(token: str) -> None:
    environ = image_environ()
    assert set(environ) <= set(VARIABLES)
    settings = load_settings({"SLACK_BOT_TOKEN": "xoxb-1", **dict([token.split("=")]), **environ})
    assert settings.is_watched
    assert instructions("EXPOSE") == [str(settings.port)]
    (health,) = instructions("HEALTHCHECK")
    python = json.loads(health[health.index("[") :])
    assert f"http://127.0.0.1:{settings.port}/healthz" in python[2]
    compile(python[2], "healthcheck", "exec")
    assert str(settings.data_dir) in instructions("VOLUME")


def test_two_bots_wait_for_a_replica_set() -> None:
    assert BOT["deploy"]["replicas"] == 2
    assert (ROOT / BOT["build"] / "Dockerfile").exists()
    assert set(BOT["environment"]) <= set(VARIABLES)
    database = COMPOSE["services"]["mongodb"]
    name = database["command"][database["command"].index("--replSet") + 1]
    assert BOT["environment"]["MONGODB_URI"] == f"mongodb://mongodb:27017/andon?replicaSet={name}"
    check = database["healthcheck"]["test"][-1]
    assert f'_id: "{name}"' in check
    assert 'host: "mongodb:27017"' in check
    assert BOT["depends_on"] == {"mongodb": {"condition": "service_healthy"}}
    assert {volume.split(":")[0] for volume in database["volumes"]} == set(COMPOSE["volumes"])


def test_the_files_say_where_slack_calls() -> None:
    assert f"`https://your.host{EVENTS_PATH}`" in GUIDE
