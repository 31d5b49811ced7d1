"""Settings: the environment and `.env`, read once, before anything is built.

A variable that is set but empty counts as not set, and the environment wins over `.env`. Agents are not settings:
`bot.agents` reads them.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import ConfigurationError, in_words
from handlers.cards.words import Language

LogLevel = Literal["debug", "info", "warning", "error"]
MongoDBDriver = Literal["motor", "pymongo"]

_BOT_PLACE = "OAuth & Permissions in your Slack app's settings shows it as Bot User OAuth Token"
_APP_PLACE = "Basic Information in your Slack app's settings makes one with the scope connections:write"
_SIGNING_PLACE = "Basic Information in your Slack app's settings shows it"


def _token(prefix: str, place: str) -> AfterValidator:
    def check(token: SecretStr) -> SecretStr:
        if not token.get_secret_value().startswith(prefix):
            raise ValueError(f"must begin with {prefix}; {place}")
        return token

    return AfterValidator(check)


def _api_url(text: str) -> str:
    if not re.fullmatch(r"https?://([\w.-]+|\[[\da-f:]+\])(:\d+)?(/[^\s?#]*)?", text, re.ASCII | re.IGNORECASE):
        raise ValueError("must be a web address such as https://slack.com/api/")
    return text.rstrip("/") + "/"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise ValueError("must be a number from 0 to 65535, for example 3000")
    return int(text)


def _one_of(words: Any) -> Callable[[str], str]:
    def check(text: str) -> str:
        if (word := text.lower()) not in get_args(words):
            raise ValueError(f"must be one of {', '.join(get_args(words))}")
        return word

    return check


def _mongodb_uri(uri: SecretStr) -> SecretStr:
    from runtime.stores.mongodb_client import UNREADABLE, is_readable  # noqa: PLC0415 - loads a driver

    if not is_readable(uri.get_secret_value()):
        raise ValueError(UNREADABLE)
    return uri


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise ValueError("must be a number of seconds from 0.1 to 3600, for example 15")
    return seconds


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= 36_500:
        raise ValueError("must be a number of days, for example 90; not set means for ever")
    return days


class Settings(BaseSettings):
    """What the program was told. Frozen; a secret shows as `**********` until `get_secret_value()` is called on it."""

    bot_token: Annotated[SecretStr, _token("xoxb-", _BOT_PLACE)] = Field(alias="SLACK_BOT_TOKEN")
    """What the bot calls Slack with."""
    app_token: Annotated[SecretStr, _token("xapp-", _APP_PLACE)] | None = Field(default=None, alias="SLACK_APP_TOKEN")
    """Set means Socket Mode, not set means HTTP."""
    signing_secret: SecretStr | None = Field(default=None, alias="SLACK_SIGNING_SECRET", validate_default=True)
    """What Slack signs its HTTP requests with; set whenever `app_token` is not."""
    api_url: Annotated[str, AfterValidator(_api_url)] = Field(default="https://slack.com/api/", alias="SLACK_API_URL")
    """Base of every Web API call, those of Socket Mode too; ends with a slash."""
    host: str = Field(default="127.0.0.1", alias="ANDON_HOST")
    """Address to listen on. This machine alone unless asked: Slack comes through a proxy that ends HTTPS, and a
    container sets 0.0.0.0. Not named HOST, because conda and csh export a HOST that means something else."""
    port: Annotated[int, BeforeValidator(_port)] = Field(default=3000, alias="PORT")
    """0 to 65535; 0 lets the system choose. In Socket Mode only listened on when it was given, for who watches."""
    mongodb_uri: Annotated[SecretStr, AfterValidator(_mongodb_uri)] | None = Field(default=None, alias="MONGODB_URI")
    """The database; None means SQLite in `data_dir`."""
    mongodb_driver: Annotated[MongoDBDriver, BeforeValidator(_one_of(MongoDBDriver))] = Field(
        default="motor", alias="ANDON_MONGODB_DRIVER"
    )
    data_dir: Path = Field(default=Path(".andon"), alias="ANDON_DATA_DIR")
    """Folder of the SQLite file; need not exist."""
    log_level: Annotated[LogLevel, BeforeValidator(_one_of(LogLevel))] = Field(default="info", alias="ANDON_LOG")
    lease_seconds: Annotated[float, BeforeValidator(_seconds)] = Field(default=30.0, alias="ANDON_LEASE_SECONDS")
    """How long a thread may rest whose process has died: then another one takes it over. Clocks of machines may differ
    by a sixth of it."""
    sweep_seconds: Annotated[float, BeforeValidator(_seconds)] = Field(default=15.0, alias="ANDON_SWEEP_SECONDS")
    """Between two looks for what is due or was left by another process, give or take a third."""
    retention_days: Annotated[float, BeforeValidator(_days)] | None = Field(default=None, alias="ANDON_RETENTION_DAYS")
    """How long a run is kept after it is over; None means for ever."""
    audit_retention_days: Annotated[float, BeforeValidator(_days)] | None = Field(
        default=None, alias="ANDON_AUDIT_RETENTION_DAYS"
    )
    """The same for its audit trail, which outlives the run or goes with it."""
    language: Annotated[Language, BeforeValidator(_one_of(Language))] = Field(default="en", alias="ANDON_LANGUAGE")
    """For what many read; people are answered in their own where there are words for it."""
    config: Path = Field(default=Path("andon.toml"), alias="ANDON_CONFIG")
    """The agents: an andon.toml, or a LangGraph project's langgraph.json."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        validate_default=False,
    )

    @property
    def socket_mode(self) -> bool:
        return self.app_token is not None

    @property
    def is_watched(self) -> bool:
        """Whether Socket Mode, which needs no port, is to have one all the same: `PORT` was given."""
        return "port" in self.model_fields_set

    @field_validator("signing_secret")
    @classmethod
    def _slack_can_reach_us(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # An app token that failed its own check is absent from info.data: Socket Mode was meant, nothing is missing.
        if secret is None and info.data.get("app_token", "refused") is None:
            raise ValueError(
                f"is not set, and neither is SLACK_APP_TOKEN. For Socket Mode set SLACK_APP_TOKEN ({_APP_PLACE}); "
                f"for HTTP set SLACK_SIGNING_SECRET ({_SIGNING_PLACE})"
            )
        return secret

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names of these arguments are not ours
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment that `load_settings` passes on, then `.env`; no second look at the process's own."""
        return init_settings, dotenv_settings


VARIABLES = tuple(field.alias for field in Settings.model_fields.values() if field.alias)
"""Every environment variable that is read."""


def load_settings(environ: Mapping[str, str], *, env_file: Path | None = None) -> Settings:
    """The settings in `environ`, completed from `env_file` (which need not exist).

    Raises ConfigurationError with all problems at once; each names its variable and none shows a value.
    """
    given: dict[str, Any] = {name: environ[name] for name in VARIABLES if environ.get(name, "").strip()}
    try:
        return Settings(_env_file=env_file, **given)  # type: ignore[call-arg]  # read by BaseSettings, typed nowhere
    except ValidationError as error:
        problems = [_sentence(details) for details in error.errors()]
    except UnicodeDecodeError:
        problems = [f"{env_file} is not UTF-8 text. Save it as UTF-8, or remove it."]
    # Raised out here so that no traceback can carry the values along as its context.
    raise ConfigurationError(problems)


def _sentence(details: ErrorDetails) -> str:
    name = str(details["loc"][0])  # the variable, but the field where a default was refused
    variable = Settings.model_fields[name].alias if name in Settings.model_fields else name
    # Only the bot token has no default.
    words = f"is not set; {_BOT_PLACE}" if details["type"] == "missing" else in_words(details)
    return f"{variable} {words}."
