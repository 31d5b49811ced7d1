"""The Web API over HTTP: reads a call, checks token, scope and arguments, runs the method, records it all.

Errors are HTTP 200 with `ok: false`, as in Slack; only injected faults and floods use other status codes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from aiohttp import web

from bot.sandbox import methods_chat, methods_directory, methods_files, methods_live, methods_views
from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.methods import Args, Method
from bot.sandbox.responses import respond
from bot.sandbox.site import Site
from bot.sandbox.traffic import Call, Traffic

Json = dict[str, Any]

METHODS: dict[str, Method] = {
    **methods_chat.METHODS,
    **methods_live.METHODS,
    **methods_views.METHODS,
    **methods_directory.METHODS,
    **methods_files.METHODS,
}


@dataclass(slots=True, kw_only=True)
class Tokens:
    """The app's credentials. Revoked, the bot token is still known, and refused as such."""

    bot: str
    app: str
    revoked: bool = False


class WebApi:
    def __init__(
        self, site: Site, *, tokens: Tokens, socket_url: Callable[[], str], faults: Faults, traffic: Traffic
    ) -> None:
        self._site = site
        self._tokens = tokens
        self._faults = faults
        self._traffic = traffic
        self._methods = {
            **METHODS,
            "apps.connections.open": Method(
                run=lambda _site, _args: {"url": socket_url()},
                token="app",  # noqa: S106  the kind of token
            ),
        }

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.route("*", "/api/{method}", self._api),
            web.post("/response/{key}", self._response),
            web.post("/upload/{file}", self._upload),
            web.get("/files/{file}/{name}", self._file),
        ]

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        return await self._run(
            request, method, lambda given, token: self._call(method, given, token) | _warnings(request)
        )

    async def _response(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        return await self._run(request, "response_url", lambda given, _token: respond(self._site, key, given))

    async def _run(
        self, request: web.Request, method: str, act: Callable[[Json, str | None], Json]
    ) -> web.StreamResponse:
        started = self._site.now()
        fault = self._faults.for_method(method)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        given: Json = {}
        token = None
        try:
            given, token = await _arguments(request)
            answer = _instead(fault) or act(given, token)
        except RefusalError as refusal:
            answer = refusal.answer()
        call = Call(method=method, args=given, response=answer, at=started)
        self._traffic.called(call, ms=(self._site.now() - started) * 1000)
        if fault is not None and fault.kind in {"lost_reply", "drop"}:
            return _hang_up(request)
        return _http_answer(fault, answer, self._headers(token))

    def _headers(self, token: str | None) -> dict[str, str]:
        """What Slack says beside the answer: its time, and what the token may."""
        headers = {"Date": formatdate(self._site.now(), usegmt=True)}
        if token == self._tokens.bot and self._site.profile.scopes is not None:
            headers["X-OAuth-Scopes"] = ",".join(sorted(self._site.profile.scopes))
        return headers

    def _call(self, name: str, given: Json, token: str | None) -> Json:
        args = Args(given)
        method = self._methods.get(name)
        if method is None:
            raise RefusalError("unknown_method", req_method=name)
        self._check_token(method, token)
        self._check_scope(method, args)
        if method.args is not None and (unknown := args.given.keys() - method.args):
            raise refuse_arguments(*(f"unknown argument: {one}" for one in sorted(unknown)))
        return {"ok": True, **method.run(self._site, args)}

    def _check_token(self, method: Method, token: str | None) -> None:
        if method.token == "none":  # noqa: S105  the kind of token
            return
        if not token:
            raise RefusalError("not_authed")
        if token not in {self._tokens.bot, self._tokens.app}:
            raise RefusalError("invalid_auth")
        if self._tokens.revoked:
            raise RefusalError("token_revoked")
        if token != getattr(self._tokens, method.token):
            raise RefusalError("not_allowed_token_type")

    def _check_scope(self, method: Method, args: Args) -> None:
        needed = method.needed_scope(self._site, args)
        if needed is None or self._site.profile.may(needed):
            return
        provided = ",".join(sorted(self._site.profile.scopes or ()))
        raise RefusalError("missing_scope", needed=needed, provided=provided)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        if not methods_files.receive(self._site, request.match_info["file"], content):
            return web.Response(status=404, text="unknown upload URL")
        return web.Response(text=f"OK - {len(content)}")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = methods_files.content_of(self._site, request.match_info["file"])
        if found is None:
            return web.Response(status=404, text="no such file")
        return web.Response(body=found[0], content_type=found[1])


async def _arguments(request: web.Request) -> tuple[Json, str | None]:
    """The call's own arguments, from the query and a form or JSON body, and the token."""
    given = {**request.query, **await _body(request)}
    in_body = given.pop("token", None)
    given.pop("team_id", None)  # clients of org-wide apps add it to every call
    header = request.headers.get("Authorization", "")
    return given, header.removeprefix("Bearer ").strip() or in_body


async def _body(request: web.Request) -> Json:
    if request.content_type != "application/json":
        return dict(await request.post())
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise RefusalError("invalid_json") from None
    if not isinstance(body, dict):
        raise RefusalError("json_not_object")
    return body


def _warnings(request: web.Request) -> Json:
    """What Slack has to say of a call that it takes."""
    if request.content_type != "application/json" or request.charset:
        return {}
    return {"warning": "missing_charset", "response_metadata": {"warnings": ["missing_charset"]}}


def _instead(fault: Fault | None) -> Json | None:
    """The answer of a call that has no effect, because of a fault."""
    match fault:
        case Fault(kind="429"):
            return {"ok": False, "error": "ratelimited"}
        case Fault(kind="500"):
            return {"ok": False, "error": "internal_error"}
        case Fault(kind="unknown"):
            return {"ok": False, "error": "unknown_method"}
        case Fault(kind="drop"):
            return {"ok": False, "error": "dropped"}
        case _:
            return None


def _http_answer(fault: Fault | None, answer: Json, headers: dict[str, str]) -> web.Response:
    match fault:
        case Fault(kind="429"):
            return web.json_response(answer, status=429, headers={**headers, "Retry-After": str(fault.retry_after)})
        case Fault(kind="500"):
            return web.json_response(answer, status=500, headers=headers)
        case _:
            return web.json_response(answer, headers=headers)


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
