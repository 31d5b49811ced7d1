"""The command line, as processes: exit codes and words."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]


def andon(*arguments: str, cwd: Path = ROOT, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run `andon` with this environment and nothing else of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "ANDON_", "PORT"))}
    return subprocess.run(
        (sys.executable, "-m", "bot", *arguments),
        cwd=cwd,
        env=clean | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_all_problems_of_the_configuration_come_at_once_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "andon.toml").write_text('[agents.refund]\ngraph = "nowhere:graph"\ntitle = "Refund"\n')
    ended = andon("serve", cwd=tmp_path, PORT="many", SLACK_APP_TOKEN="xoxb-secret-in-the-wrong-place")
    assert ended.returncode == 2
    for problem in ("SLACK_BOT_TOKEN is not set", "SLACK_APP_TOKEN must begin with xapp-", "PORT must be", "nowhere"):
        assert problem in ended.stderr
    assert "secret-in-the-wrong-place" not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


def test_a_demo_of_broken_agents_says_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "andon.toml").write_text('[agents.refund]\ngraph = "nowhere:graph"\ntitle = "Refund"\n')
    ended = andon("demo", cwd=tmp_path)
    assert ended.returncode == 2
    assert "nowhere" in ended.stderr


def test_the_manifest_is_printed_for_socket_mode_and_for_http() -> None:
    plain = yaml.safe_load(andon("manifest").stdout)
    assert plain["settings"]["socket_mode_enabled"] is True
    http = yaml.safe_load(andon("manifest", "--http", "https://bot.example.com").stdout)
    assert http["settings"]["socket_mode_enabled"] is False
    assert http["settings"]["interactivity"]["request_url"] == "https://bot.example.com/slack/events"


def test_an_address_slack_cannot_call_is_refused() -> None:
    ended = andon("manifest", "--http", "localhost:3000")
    assert ended.returncode == 2
    assert "localhost:3000" in ended.stderr


def test_without_a_command_the_help_is_shown() -> None:
    assert "manifest" in andon("--help").stdout


def test_a_slack_that_does_not_answer_is_named_in_words(tmp_path: Path, unused_tcp_port: int) -> None:
    (tmp_path / "andon.toml").write_text('[agents.refund]\ngraph = "examples.refund:graph"\ntitle = "Refund"\n')
    nowhere = f"http://127.0.0.1:{unused_tcp_port}/api/"
    tokens = {"SLACK_BOT_TOKEN": "xoxb-made-up", "SLACK_APP_TOKEN": "xapp-made-up"}
    ended = andon("serve", cwd=tmp_path, SLACK_API_URL=nowhere, **tokens)
    assert ended.returncode == 2
    assert f"Slack does not answer at {nowhere}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "made-up" not in ended.stderr
