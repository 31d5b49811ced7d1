"""Approving in one go what is still open of a run: which questions that may be, the modal that lists them, what it did.

Only plain approvals count: one click that nobody wants to be asked about twice, of what the agent proposed itself.
"""

from collections.abc import Sequence
from typing import Any

from handlers.cards import ids, words
from handlers.cards.literal import Block, excerpt, plain_text, rich_text, run, section
from handlers.cards.model import Action, Card
from handlers.cards.payloads import card_of
from runtime.requests.records import Request, RequestStatus, Verdict

LISTED = 60
"""So many at once; a modal holds a hundred blocks, and its metadata so many ids."""


def plain_approval(request: Request) -> tuple[Card, Action] | None:
    """The one action that approves this as it is; None where that takes more than a click, or more than one would."""
    if request.status is not RequestStatus.OPEN or request.proposal is not None:
        return None
    card = card_of(request)
    approving = [action for action in card.actions if action.verdict is Verdict.APPROVED]
    if len(approving) != 1 or approving[0].ask or approving[0].confirm or approving[0].style == "danger":
        return None
    return card, approving[0]


def approvable(requests: Sequence[Request]) -> list[tuple[Request, Card]]:
    """Those that may be approved together, with their cards."""
    found = ((request, plain_approval(request)) for request in requests[: 2 * LISTED])
    return [(request, plain[0]) for request, plain in found if plain][:LISTED]


def rest_view(requests: Sequence[Request]) -> dict[str, Any]:
    """The modal that asks before they are approved: `requests` are all that are open."""
    listed = approvable(requests)
    left = len(requests) - len(listed)
    lines = [_line(card.title) for _, card in listed]
    return {
        "type": "modal",
        "callback_id": ids.REST,
        "private_metadata": ids.rest_ref([request.id for request, _ in listed]),
        "title": plain_text(words.REST_TITLE, 24),
        "submit": plain_text(words.approve_so_many(len(listed)), 24),
        "close": plain_text(words.BACK, 24),
        "blocks": [_text(words.APPROVES_THESE), *lines, *([_text(words.left_out(left))] if left else [])],
    }


def progress_view(text: str) -> dict[str, Any]:
    """What stands in its place while it is done, and when there was nothing to do."""
    return _told([_text(text)])


def done_view(approved: int, refused: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What became of it. `refused`: titles with the reason in mrkdwn."""
    count = approved + len(refused)
    lines = [
        block
        for title, why in refused
        for block in (_line(title), {"type": "section", "text": {"type": "mrkdwn", "text": why, "verbatim": True}})
    ]
    return _told([_text(words.approved_so_many(approved, count)), *lines[:90]])


def _told(blocks: list[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": ids.NOTICE,
        "title": plain_text(words.REST_TITLE, 24),
        "close": plain_text(words.CLOSE, 24),
        "blocks": blocks,
    }


def _text(text: str) -> Block:
    return {"type": "section", "text": plain_text(text, 300)}


def _line(title: str) -> Block:
    return rich_text(
        {"type": "rich_text_list", "style": "bullet", "elements": [section(run(excerpt(title, 600, lines=4).text))]}
    )
