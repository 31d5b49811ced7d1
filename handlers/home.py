"""The Home tab: what waits for you, with its buttons, what you started, what was decided, and how to start something.

It is drawn anew whenever it is opened, and when its owner answers something, here or elsewhere.
"""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from handlers.cards.homes import Home, home_view
from handlers.desk import Desk
from handlers.payloads import opened_home
from runtime.requests.records import Person, Request, RequestStatus

LOOKED_THROUGH: Final = 1000
"""Open requests that are looked through for what waits for somebody, oldest first."""
STARTED: Final = 6
DECIDED: Final = 5
DECIDED_AMONG: Final = 100
"""Requests that are looked through for what somebody decided, newest first."""
OPEN_TABS: Final = 1000
"""Tabs that are remembered, to be kept up to date."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Publish the tab whenever somebody opens it."""

    @app.event("app_home_opened")
    async def opened(body: Mapping[str, Any]) -> None:
        person = opened_home(body)
        if person is not None and person.team == desk.team:
            desk.later(publish(desk, person), person)


async def publish(desk: Desk, person: Person, page: int = 0, notice: str = "") -> None:
    """Draw somebody's tab."""
    desk.homes.pop(person, None)
    desk.homes[person] = page
    for oldest in list(desk.homes)[:-OPEN_TABS]:
        del desk.homes[oldest]
    home = await _home(desk, person, page, notice)
    await desk.speak_to(person.id)
    await desk.slack.publish_home(person.id, home_view(home, desk.agents))


async def refresh(desk: Desk, person: Person, notice: str = "", *, opened: bool = False) -> None:
    """Draw somebody's tab again, if they have looked at it; `opened`: they have, but perhaps in an earlier process."""
    if opened or person in desk.homes:
        await publish(desk, person, desk.homes.get(person, 0), notice)


async def waiting_for(desk: Desk, person: Person) -> tuple[list[Request], bool]:
    """The questions that wait for somebody, oldest first, and whether there may be more than was looked through."""
    requests = await desk.ledger.open_requests(LOOKED_THROUGH)
    return await desk.runner.waiting_for(person, requests), len(requests) == LOOKED_THROUGH


async def _home(desk: Desk, person: Person, page: int, notice: str) -> Home:
    waiting, more = await waiting_for(desk, person)
    started = await desk.ledger.threads(team=person.team, starter=person.id, limit=STARTED)
    lately = await desk.ledger.requests_by_status(RequestStatus.DECIDED, RequestStatus.DELIVERED, limit=DECIDED_AMONG)
    decided = [request for request in lately if _concerns(request, person)][:DECIDED]
    home = Home(
        waiting=waiting,
        more=more,
        page=page,
        started=started,
        decided=decided,
        links={thread.id: desk.link(thread.place) for thread in started if thread.where},
        notice=notice,
    )
    for request in (*home.shown, *decided):
        thread = None if request.thread_id in home.links else await desk.ledger.thread(request.thread_id)
        if thread is not None and thread.where:
            home.links[thread.id] = desk.link(thread.place)
    return home


def _concerns(request: Request, person: Person) -> bool:
    """Whether somebody decided a request, or asked for what it was about."""
    return request.asked_for == person or (request.decision is not None and request.decision.by == person)
