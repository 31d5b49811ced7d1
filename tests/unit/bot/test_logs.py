"""The log is read by people and kept for years: one line per event, and no secret in it however it got there."""

import io
import logging
from collections.abc import Iterator, Sequence
from typing import NoReturn

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.logs import configure_logging

TOKEN = "xoxb-1234-5678-AbCdEf"


@pytest.fixture(autouse=True)
def _logging_is_undone() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


def logged(level: str = "info", *secrets: str) -> io.StringIO:
    """Configures logging and returns what it writes to."""
    stream = io.StringIO()
    configure_logging(level, secrets=secrets, stream=stream)
    return stream


def fail(text: str) -> NoReturn:
    raise RuntimeError(text) from ValueError(TOKEN)


def test_an_event_is_one_line_with_time_level_and_source() -> None:
    stream = logged()
    logging.getLogger("handlers.actions").info("ana pressed %s", "Approve")
    when, rest = stream.getvalue().split(" ", 1)
    assert rest == "INFO    handlers.actions: ana pressed Approve\n"
    assert len(when) == len("2026-11-21T08:41:00+0100")


def test_what_a_user_wrote_cannot_pass_for_another_line() -> None:
    stream = logged()
    logging.getLogger("handlers").info("text was %s", "hi\n2026 INFO bot: all is well\r\x1b[2J\u2028ümlaut")
    assert stream.getvalue().endswith("text was hi\\n2026 INFO bot: all is well\\r\\x1b[2J\\u2028ümlaut\n")
    assert stream.getvalue().count("\n") == 1


def test_a_traceback_is_indented_below_its_line() -> None:
    stream = logged()
    try:
        fail("first\nsecond")
    except RuntimeError:
        logging.getLogger("bot").exception("it broke")
    first, *traceback = stream.getvalue().splitlines()
    assert first.endswith("bot: it broke")
    assert traceback[-1] == "  second"
    assert all(line.startswith("  ") for line in traceback)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"token={TOKEN}&x=1", "token=xoxb-***&x=1"),
        ("xapp-1-A0-123-abc", "xapp-***"),
        ("xoxe.xoxp-1-Mi0y", "xoxe-***"),
        ("POST https://hooks.slack.com/actions/T0/1/abc done", "POST https://hooks.slack.com/actions/*** done"),
        ("<https://hooks.slack.com/commands/T0/2/abc>", "<https://hooks.slack.com/commands/***>"),
        ("{'response_url': 'http://127.0.0.1:9/respond/abc', 'a': 1}", "{'response_url': '***', 'a': 1}"),
        ('{"response_url":"https:\\/\\/hooks.slack.com\\/actions\\/x"}', '{"response_url":"***"}'),
        ("response_url=https%3A%2F%2Fhooks.slack.com%2Fx&user_id=U1", "response_url=***&user_id=U1"),
        (
            "wss://wss-primary.slack.com/link/?ticket=0a1b&app_id=A1",
            "wss://wss-primary.slack.com/link/?ticket=***&app_id=A1",
        ),
        ("mongodb://ana:hunter2@db:27017/andon", "mongodb://ana:***@db:27017/andon"),
        ("mongodb+srv://ana:hun@ter2@db/andon?w=1", "mongodb+srv://ana:***@db/andon?w=1"),
        ("mongodb://db:27017/andon", "mongodb://db:27017/andon"),
        ("the boxes-and-arrows of foxb-1", "the boxes-and-arrows of foxb-1"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    stream = logged()
    logging.getLogger("bot").info(text)
    assert stream.getvalue().endswith(f"bot: {shown}\n")


def test_secrets_are_masked_wherever_they_come_in() -> None:
    stream = logged("info", "5ecret", "5ecret-longer", "")
    log = logging.getLogger("bot")
    log.info("in the message 5ecret-longer")
    log.info("in %s and %r", TOKEN, {"signing_secret": "5ecret"})
    try:
        fail("5ecret")
    except RuntimeError:
        log.exception("in an exception")
    log.info("with the stack", stack_info=True)
    assert "in the message ***\n" in stream.getvalue()
    assert "5ecret" not in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_only_the_level_asked_for_is_written() -> None:
    stream = logged("warning")
    logging.getLogger("bot").info("quiet")
    assert stream.getvalue() == ""


def test_libraries_speak_from_warning_up_only() -> None:
    stream = logged("debug")
    for name in ("slack_sdk.web.async_base_client", "aiohttp.access", "slack_bolt.App", "agents.mine"):
        logging.getLogger(name).debug("said by %s", name)
    logging.getLogger("slack_sdk.web").warning("kept")
    assert [line.split(": ", 1)[1] for line in stream.getvalue().splitlines()] == ["said by agents.mine", "kept"]


async def test_bolt_does_not_log_the_body_of_a_forged_request() -> None:
    """At INFO it would, on loggers that take their level from the root one."""
    stream = logged("debug")
    app = AsyncApp(signing_secret="5ecret", token=TOKEN)
    forged: dict[str, str | Sequence[str]] = {"x-slack-signature": "v0=0", "x-slack-request-timestamp": "1"}
    response = await app.async_dispatch(AsyncBoltRequest(body='{"type": "private words"}', headers=forged))
    assert response.status == 401
    assert "private words" not in stream.getvalue()
