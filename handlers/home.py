"""The Home tab: what waits for you, what you started, and how to start something."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers.cards.homes import LISTED, home_view
from handlers.desk import Desk
from handlers.payloads import opened_home
from runtime.requests.records import Person

LOOKED_THROUGH = 1000
STARTED = 10


def register(app: AsyncApp, desk: Desk) -> None:
    """Publish the tab whenever somebody opens it."""

    @app.event("app_home_opened")
    async def opened(body: Mapping[str, Any]) -> None:
        person = opened_home(body)
        if person is not None and person.team == desk.team:
            desk.later(_publish(desk, person), person)


async def _publish(desk: Desk, person: Person) -> None:
    requests = await desk.ledger.open_requests(LOOKED_THROUGH)
    waiting = [request for request in requests if await desk.runner.waits_for(request, person)]
    threads = {request.thread_id: await desk.ledger.thread(request.thread_id) for request in waiting[:LISTED]}
    started = await desk.ledger.threads(team=person.team, starter=person.id, limit=STARTED)
    links = {thread.id: desk.link(thread.place) for thread in (*threads.values(), *started) if thread and thread.where}
    await desk.slack.publish_home(person.id, home_view(waiting, started, desk.agents, links))
