"""The page and its own API under /sandbox: the state, a stream of changes, and one POST per thing a person does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from importlib import resources
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web

from bot.sandbox import cast, gestures
from bot.sandbox.changes import Change
from bot.sandbox.errors import NotPossibleError, RefusalError
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.interactions import Interactions
from bot.sandbox.methods_live import stop_as_person
from bot.sandbox.modals import Modals
from bot.sandbox.page_state import heard_by, state_of
from bot.sandbox.site import Site
from bot.sandbox.traffic import Traffic

Json = dict[str, Any]

_FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    '<rect width="16" height="16" rx="4" fill="#e0a729"/><circle cx="8" cy="8" r="4" fill="#fff"/></svg>'
)


class ProcessControl(Protocol):
    """The bot's process, when the embedding program runs it."""

    def state(self) -> Json:
        """`{"state": "running" | "stopped", "pid": int | None}`."""

    async def kill(self) -> None: ...

    async def start(self) -> None: ...


class PageApi:
    def __init__(
        self,
        site: Site,
        interactions: Interactions,
        modals: Modals,
        *,
        faults: Faults,
        traffic: Traffic,
        connected: Callable[[], int],
        process: ProcessControl | None,
    ) -> None:
        self._site = site
        self._interactions = interactions
        self._modals = modals
        self._faults = faults
        self._traffic = traffic
        self._connected = connected
        self._process = process
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.AbstractRouteDef]:
        acts: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "say": self._say,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "action": self._action,
            "submit": self._submit,
            "close": self._close,
            "shortcut": self._shortcut,
            "stop_stream": self._stop_stream,
            "home": self._home,
            "locale": self._locale,
            "faults": self._inject,
            "process": self._control,
        }
        return [
            web.get("/", self._page),
            web.get("/favicon.ico", self._favicon),
            web.get("/sandbox/state", self._state),
            web.get("/sandbox/events", self._events),
            web.get("/sandbox/traffic", self._traffic_after),
            web.get("/sandbox/faults", self._waiting_faults),
            *(web.post(f"/sandbox/{name}", _answering(act)) for name, act in acts.items()),
        ]

    async def close(self) -> None:
        for socket in tuple(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    def bot_changed(self) -> None:
        """Tell the pages that a bot connected, went away, was started or killed."""
        body = {"connected": self._connected(), "process": self._process_state()}
        self._site.changes.publish(Change(kind="bot", body=body))

    # --- reading -------------------------------------------------------------------------------------------

    async def _page(self, _request: web.Request) -> web.Response:
        html = resources.files("bot.sandbox").joinpath("page.html").read_text("utf-8")
        return web.Response(text=html, content_type="text/html")

    async def _favicon(self, _request: web.Request) -> web.Response:
        return web.Response(text=_FAVICON, content_type="image/svg+xml")

    async def _state(self, request: web.Request) -> web.Response:
        user = request.query.get("user", cast.PEOPLE[0].id)
        try:
            state = state_of(self._site, user, connected=self._connected(), process=self._process_state())
            return web.json_response(state)
        except RefusalError as refusal:
            return web.json_response(refusal.answer())

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        """The changes this person can notice, from now on."""
        if _from_elsewhere(request):
            raise web.HTTPForbidden
        user = request.query.get("user", "")
        mine = {channel.id for channel in self._site.workspace.channels_of(user)}
        queue: asyncio.Queue[Json] = asyncio.Queue()

        def notice(change: Change) -> None:
            event = heard_by(user, mine, change)
            if event is not None:
                queue.put_nowait(event)

        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._sockets.add(socket)
        self._site.changes.subscribe(notice)
        sender = asyncio.create_task(_pump(queue, socket))
        try:
            async for _frame in socket:
                pass  # the page only listens
        finally:
            sender.cancel()
            self._site.changes.unsubscribe(notice)
            self._sockets.discard(socket)
        return socket

    async def _traffic_after(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        return web.json_response({"entries": self._traffic.after(int(after) if after.isdigit() else 0)})

    async def _waiting_faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "faults": [asdict(fault) for fault in self._faults.waiting()]})

    # --- what people do ------------------------------------------------------------------------------------

    async def _say(self, body: Json) -> Json:
        user, channel = body["user"], body["channel"]
        return {"message": await self._interactions.enter(user, channel, body["text"], body.get("thread_ts"))}

    async def _edit(self, body: Json) -> Json:
        return {"message": self._interactions.edit(body["user"], body["channel"], body["ts"], body["text"])}

    async def _delete(self, body: Json) -> Json:
        self._interactions.delete(body["user"], body["channel"], body["ts"])
        return {}

    async def _react(self, body: Json) -> Json:
        self._interactions.react(body["user"], body["channel"], body["ts"], body["name"])
        return {}

    async def _action(self, body: Json) -> Json:
        user, state = body["user"], body.get("state") or {}
        surface = self._surface(body)
        block, element = gestures.find(surface.get("blocks", []), body["block_id"], body["action_id"])
        made = gestures.action(block, element, gestures.choice_in(body))
        state = gestures.with_choice(state, made)
        on_view = "view_id" in body
        act = self._interactions.act_on_view if on_view else self._interactions.act_on_message
        return _outcome(await act(user, surface, made, state))

    def _surface(self, body: Json) -> Json:
        """The view or message on which the person acts."""
        if "view_id" in body:
            return self._site.views.find(body["view_id"])[1]
        channel, ts = body["message"]["channel"], body["message"]["ts"]
        whispered = (m for m in self._site.workspace.ephemerals(body["user"], channel) if m["ts"] == ts)
        return next(whispered, None) or self._site.workspace.message(channel, ts)

    async def _submit(self, body: Json) -> Json:
        errors = await self._modals.submit(body["user"], body["view_id"], body.get("values") or {})
        return {"errors": errors} if errors else {}

    async def _close(self, body: Json) -> Json:
        self._modals.close(body["user"], body["view_id"], everything=bool(body.get("all")))
        return {}

    async def _shortcut(self, body: Json) -> Json:
        user, callback_id = body["user"], body["callback_id"]
        return _outcome(await self._interactions.shortcut(user, callback_id, body.get("channel"), body.get("ts")))

    async def _stop_stream(self, body: Json) -> Json:
        stop_as_person(self._site, self._site.workspace.channel(body["channel"]).id, body["ts"])
        return {}

    async def _home(self, body: Json) -> Json:
        self._interactions.open_home(self._site.workspace.member(body["user"]).id)
        return {}

    async def _locale(self, body: Json) -> Json:
        member = self._site.workspace.member(body["user"])
        self._site.workspace.change_member(replace(member, locale=body["locale"]))
        return {}

    async def _inject(self, body: Json) -> Json:
        self._faults.inject(Fault.parse({name: value for name, value in body.items() if name != "user"}))
        return {}

    async def _control(self, body: Json) -> Json:
        if self._process is None:
            raise NotPossibleError("The sandbox does not run the bot's process; start and stop it yourself.")
        await (self._process.kill() if body["do"] == "kill" else self._process.start())
        self.bot_changed()
        return {"process": self._process_state()}

    def _process_state(self) -> Json | None:
        return None if self._process is None else self._process.state()


def _answering(act: Callable[[Json], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that runs an act on the request's JSON and answers in words when it is not possible."""

    async def handle(request: web.Request) -> web.Response:
        if _from_elsewhere(request):
            return web.json_response({"ok": False, "error": "Only the sandbox's own page may act here."})
        try:
            body = await request.json()
            return web.json_response({"ok": True, **await act(body)})
        except (NotPossibleError, ValueError) as error:
            return web.json_response({"ok": False, "error": str(error)})
        except RefusalError as refusal:
            return web.json_response({"ok": False, "error": f"That is not possible ({refusal.code})."})
        except KeyError as error:
            return web.json_response({"ok": False, "error": f"The request needs the field {error}."})

    return handle


def _from_elsewhere(request: web.Request) -> bool:
    """Whether another site's page, open in the same browser, sent this. Programs send no Origin."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _outcome(warning: str | None) -> Json:
    if warning is not None:
        raise NotPossibleError(warning)
    return {}


async def _pump(queue: asyncio.Queue[Json], socket: web.WebSocketResponse) -> None:
    while not socket.closed:
        await socket.send_str(json.dumps(await queue.get()))
