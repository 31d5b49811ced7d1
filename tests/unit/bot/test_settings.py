"""Settings say what is wrong before anything starts: all of it, in words, by variable, without the secret."""

import pickle
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import ConfigurationError
from bot.settings import VARIABLES, load_settings
from runtime.stores.mongodb_client import UNREADABLE

SOCKET = {"SLACK_BOT_TOKEN": "xoxb-bot", "SLACK_APP_TOKEN": "xapp-app"}
HTTP = {"SLACK_BOT_TOKEN": "xoxb-bot", "SLACK_SIGNING_SECRET": "5ecret"}


def problems(environ: Mapping[str, str], env_file: Path | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, env_file=env_file)
    return caught.value.problems


def test_defaults_are_slack_sqlite_and_this_machine_alone() -> None:
    settings = load_settings(HTTP)
    assert settings.api_url == "https://slack.com/api/"
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert (settings.data_dir, settings.config) == (Path(".andon"), Path("andon.toml"))
    assert settings.log_level == "info"
    assert (settings.mongodb_uri, settings.mongodb_driver) == (None, "motor")


def test_an_app_token_means_socket_mode() -> None:
    assert load_settings(SOCKET).socket_mode
    assert not load_settings(HTTP).socket_mode


def test_every_variable_is_read() -> None:
    settings = load_settings(
        SOCKET
        | {
            "SLACK_SIGNING_SECRET": "5ecret",
            "SLACK_API_URL": "http://127.0.0.1:8080/api",
            "ANDON_HOST": "0.0.0.0",
            "PORT": "0",
            "MONGODB_URI": "mongodb+srv://ana:hunter2@db.example.com/andon",
            "ANDON_MONGODB_DRIVER": "PyMongo",
            "ANDON_DATA_DIR": "/var/lib/andon",
            "ANDON_LOG": "DEBUG",
            "ANDON_CONFIG": "agents/langgraph.json",
        }
    )
    secrets = [settings.bot_token, settings.app_token, settings.signing_secret, settings.mongodb_uri]
    assert [secret and secret.get_secret_value() for secret in secrets] == [
        "xoxb-bot",
        "xapp-app",
        "5ecret",
        "mongodb+srv://ana:hunter2@db.example.com/andon",
    ]
    assert settings.mongodb_driver == "pymongo"
    assert settings.api_url == "http://127.0.0.1:8080/api/"
    assert (settings.host, settings.port, settings.log_level) == ("0.0.0.0", 0, "debug")
    assert (settings.data_dir, settings.config) == (Path("/var/lib/andon"), Path("agents/langgraph.json"))


@pytest.mark.parametrize("given", ["https://slack.com/api", "https://slack.com/api/", " https://slack.com/api// "])
def test_the_api_url_ends_with_one_slash(given: str) -> None:
    assert load_settings(HTTP | {"SLACK_API_URL": given}).api_url == "https://slack.com/api/"


def test_all_problems_come_at_once_and_name_their_variables() -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "xapp-swapped",
        "SLACK_APP_TOKEN": "xoxb-swapped",
        "SLACK_API_URL": "slack.com/api",
        "PORT": "http",
        "MONGODB_URI": "mongodb://ana:hunter2@db:port/andon",
        "ANDON_MONGODB_DRIVER": "pymango",
        "ANDON_LOG": "loud",
    }
    found = problems(wrong)
    assert [line.split()[0] for line in found] == list(wrong)
    assert "must begin with xoxb-" in found[0]
    assert "must begin with xapp-" in found[1]
    assert found[-3:] == [
        f"MONGODB_URI {UNREADABLE}.",
        "ANDON_MONGODB_DRIVER must be one of motor, pymongo.",
        "ANDON_LOG must be one of debug, info, warning, error.",
    ]


def test_without_tokens_both_ways_to_connect_are_offered() -> None:
    bot_token, secret = problems({})
    assert bot_token.startswith("SLACK_BOT_TOKEN is not set; OAuth & Permissions")
    assert "For Socket Mode set SLACK_APP_TOKEN" in secret
    assert "for HTTP set SLACK_SIGNING_SECRET" in secret


def test_a_wrong_app_token_is_one_problem_not_a_missing_signing_secret_too() -> None:
    (problem,) = problems({"SLACK_BOT_TOKEN": "xoxb-bot", "SLACK_APP_TOKEN": "app"})
    assert problem.startswith("SLACK_APP_TOKEN must begin with xapp-")


@pytest.mark.parametrize("port", ["-1", "65536", "3000.0", "1e3", "٣٠٠٠", "9" * 5000])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert problems(HTTP | {"PORT": port}) == ["PORT must be a number from 0 to 65535, for example 3000."]


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "a year"])
def test_a_time_that_is_none_deletes_nothing(days: str) -> None:
    assert load_settings(HTTP).retention_days is None
    assert load_settings(HTTP | {"ANDON_RETENTION_DAYS": " 90 "}).retention_days == 90
    assert problems(HTTP | {"ANDON_RETENTION_DAYS": days}) == [
        "ANDON_RETENTION_DAYS must be a number of days, for example 90; not set means for ever."
    ]


@pytest.mark.parametrize(
    "url", ["https://", "ftp://slack.com/api", "https://slack.com/api?x=1", "https://sl ack/", "http://[x"]
)
def test_an_api_url_that_is_no_web_address_is_refused(url: str) -> None:
    assert problems(HTTP | {"SLACK_API_URL": url}) == [
        "SLACK_API_URL must be a web address such as https://slack.com/api/."
    ]


def test_secrets_show_neither_in_the_repr_nor_in_a_problem_nor_in_its_traceback() -> None:
    settings = load_settings(
        SOCKET | {"SLACK_SIGNING_SECRET": "5ecret", "MONGODB_URI": "mongodb://ana:hunter2@db/andon"}
    )
    assert not any(secret in f"{settings!r} {settings}" for secret in ("xoxb-bot", "xapp-app", "5ecret", "hunter2"))
    wrong = {"SLACK_BOT_TOKEN": "hunter2", "SLACK_APP_TOKEN": "hunter2", "MONGODB_URI": "mongodb://ana:hunter2@db@"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(wrong)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings(HTTP).port = 1


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = load_settings(HTTP | {"SLACK_APP_TOKEN": "", "PORT": " ", "MONGODB_URI": ""})
    assert (settings.socket_mode, settings.port) == (False, 3000)


def test_dotenv_completes_the_environment_and_yields_to_it(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "SLACK_BOT_TOKEN='xoxb-file'\nPORT=1234\nANDON_LOG=\nOPENAI_API_KEY=not-ours\n", encoding="utf-8"
    )
    settings = load_settings({"SLACK_SIGNING_SECRET": "5ecret", "PORT": "4321"}, env_file=env_file)
    assert settings.bot_token.get_secret_value() == "xoxb-file"
    assert (settings.port, settings.log_level) == (4321, "info")


def test_a_missing_dotenv_is_fine_and_one_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    assert load_settings(HTTP, env_file=tmp_path / ".env").port == 3000
    (tmp_path / ".env").write_bytes(b"SLACK_BOT_TOKEN=\xff")
    (problem,) = problems(HTTP, env_file=tmp_path / ".env")
    assert problem.endswith(".env is not UTF-8 text. Save it as UTF-8, or remove it.")


def test_the_process_environment_is_not_read_behind_the_callers_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "7")
    assert load_settings(HTTP).port == 3000


def test_the_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(ConfigurationError(["PORT is wrong.", "ANDON_LOG is wrong."])))
    assert error.problems == ["PORT is wrong.", "ANDON_LOG is wrong."]
    assert str(error) == "PORT is wrong.\nANDON_LOG is wrong."
