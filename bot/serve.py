"""How Slack reaches the bot: Socket Mode, or signed HTTP with a guard in front of Bolt.

Bolt parses a body before it checks the signature, and answers 500 to much that is not Slack's. So over HTTP the raw
bytes are checked here first: text, time, signature, kind; only what Slack really signed gets further.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.app import Application
from bot.manifest import EVENTS_PATH
from bot.metrics import CONTENT_TYPE
from bot.settings import Settings
from runtime import StoreError
from runtime.requests.records import ThreadId

logger = logging.getLogger(__name__)
MAX_BODY = 1024 * 1024
HEALTH_SECONDS = 2.0
"""How long the database may take to answer."""
KINDS = frozenset({"application/json", "application/x-www-form-urlencoded"})


async def serve(settings: Settings, app: Application, stop: asyncio.Event) -> None:
    """Let Slack in until `stop` is set; what another process has left and what is due is done meanwhile."""
    way_in = socket_mode(settings, app) if settings.socket_mode else http(settings, app)
    async with way_in, asyncio.TaskGroup() as group:
        watching = group.create_task(app.runner.watch())
        await stop.wait()
        watching.cancel()


def settle_in() -> None:
    """Have the garbage collector pass over what is there by now: a click would wait 50 ms while that is looked through.

    For a process that does nothing else, since what is there stays for good.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def socket_mode(settings: Settings, app: Application) -> AsyncIterator[None]:
    """Hold a Socket Mode connection. `SLACK_API_URL` counts here too: Bolt opens it with the bot's own client."""
    assert settings.app_token is not None  # noqa: S101 - narrows the type; the caller has looked
    handler = AsyncSocketModeHandler(app.bolt, settings.app_token.get_secret_value())
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt annotates it nowhere
    logger.info("connected to Slack in Socket Mode")
    try:
        if settings.is_watched:
            async with _listening(settings, _watching(app, handler.client.is_connected)):
                yield
        else:
            yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


@asynccontextmanager
async def http(settings: Settings, app: Application) -> AsyncIterator[str]:
    """Listen on `PORT`: `/slack/events` for Slack, the rest for whoever watches. Gives the base URL."""
    assert settings.signing_secret is not None  # noqa: S101 - narrows the type; the settings have looked
    application = _watching(app, _always)
    application.add_routes([web.post(EVENTS_PATH, _events(settings.signing_secret.get_secret_value(), app))])
    async with _listening(settings, application) as url:
        yield url


async def _always() -> bool:
    """Over HTTP it is for Slack to come."""
    return True


@asynccontextmanager
async def _listening(settings: Settings, application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port)
    await site.start()
    host, port = runner.addresses[0][:2]
    logger.info("listening on http://%s:%s", host, port)
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def _watching(app: Application, connected: Callable[[], Awaitable[bool]]) -> web.Application:
    """Make the routes for whoever watches: `/healthz` (200 or 503) and `/metrics`."""

    async def health(_: web.Request) -> web.Response:
        found = {"database": await _database_answers(app), "slack": await connected()}
        well = all(found.values())
        return web.json_response(
            {"ok": well, **found}, status=HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        )

    async def metrics(_: web.Request) -> web.Response:
        text = await app.metrics.text(app.desk.ledger)
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    application = web.Application(client_max_size=MAX_BODY)
    application.add_routes([web.get("/healthz", health), web.get("/metrics", metrics)])
    return application


async def _database_answers(app: Application) -> bool:
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            await app.desk.ledger.thread(ThreadId("healthz"))
    except (StoreError, TimeoutError):
        return False
    return True


def _events(signing_secret: str, app: Application) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """What Slack sends, verified."""
    verifier = SignatureVerifier(signing_secret)

    async def events(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        refused = _refused(verifier, request, body)
        if refused is not None:
            return refused
        headers: dict[str, str | Sequence[str]] = {
            name: [value] for name, value in request.headers.items() if not name.lower().startswith("x-slack-bolt")
        }
        try:
            bolt_request = AsyncBoltRequest(body=body.decode(), query=request.query_string, headers=headers)
        except Exception as error:  # noqa: BLE001 - Bolt parses here, and a body can be wrong in any way
            logger.warning("refused a signed body that cannot be read: %s", type(error).__name__)
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        return await to_aiohttp_response(await app.bolt.async_dispatch(bolt_request))

    return events


def _refused(verifier: SignatureVerifier, request: web.Request, body: bytes) -> web.Response | None:
    """Refuse what Slack did not sign just now, before anything reads it."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return web.Response(status=HTTPStatus.BAD_REQUEST)
    signed = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and signature.isascii()
    if not signed or not verifier.is_valid(body=text, timestamp=timestamp, signature=signature):
        logger.warning("refused a request that Slack did not sign")
        return web.Response(status=HTTPStatus.UNAUTHORIZED)
    return None if request.content_type in KINDS else web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def stop_on_signals() -> asyncio.Event:
    """Return an event that Ctrl-C and SIGTERM set; a second Ctrl-C ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        logger.info("finishing what is in hand")
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    return stop
