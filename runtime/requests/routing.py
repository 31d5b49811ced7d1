"""Where a question is put before people: in the run's own conversation, in other channels, or to people directly.

That is found out once, when it is asked, and stored with the request. A place that nobody can find, or that the surface
cannot get into, is left out and named; where none remains, the run's own conversation takes the question.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from runtime.policy.audience import Audience
from runtime.policy.directory import Directory, LookupFailedError
from runtime.policy.names import DIRECTLY, HERE, is_channel_name, is_conversation
from runtime.requests.policy import askable
from runtime.requests.records import HOME, Request

MOST_ASKED: Final = 50
"""People who get a card of one question each."""


async def routed(request: Request, directory: Directory) -> Request:
    """Return a new request with its places. What a rule approves bothers nobody elsewhere."""
    if not request.terms.ask_in or request.terms.rule:
        return request
    wanted = request.terms.ask_in
    channels = [place for place in wanted if is_conversation(place) or is_channel_name(place)]
    found = dict(zip(channels, await asyncio.gather(*(_found(place, directory) for place in channels)), strict=True))
    first = next((found[place] or place for place in channels), request.channel)
    request = replace(request, channel=first)
    people = await _people(request, directory) if DIRECTLY in wanted else ()
    ids = {DIRECTLY: people, HERE: (HOME,), **{place: (at,) if at else () for place, at in found.items()}}
    return placed(
        request,
        places=(one for place in wanted for one in ids[place]),
        closed=(place for place in wanted if not ids[place]),
    )


def without(request: Request, place: str) -> Request:
    """Return a request that could not be asked in one of its places."""
    left = (one for one in request.places if one != place)
    return placed(request, places=left, closed=(*request.closed, place))


def placed(request: Request, *, places: Iterable[str], closed: Iterable[str]) -> Request:
    """Return a request with these places, or its own conversation where there are none."""
    distinct = tuple(dict.fromkeys(places))
    return replace(request, places=distinct or (HOME,), closed=tuple(dict.fromkeys(closed)))


async def _found(place: str, directory: Directory) -> str | None:
    if is_conversation(place):
        return place
    try:
        return await directory.conversation(place)
    except LookupFailedError:
        return None


async def _people(request: Request, directory: Directory) -> Sequence[str]:
    audience = Audience(directory=directory, terms=request.terms, requester=request.asked_for, channel=request.channel)
    try:
        return await askable((await audience.people())[:MOST_ASKED], request, directory)
    except LookupFailedError:
        return ()
