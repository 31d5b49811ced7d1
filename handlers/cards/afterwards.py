"""What became of a run, for whoever asks afterwards: its turns with their questions, and everything that was tried."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handlers.cards import ids, words
from handlers.cards.asks import property_label
from handlers.cards.blocks import verdict_line
from handlers.cards.details import paged_view
from handlers.cards.literal import Block, context, excerpt, paragraph, quote, rich_text, run, section
from handlers.cards.masking import mask_text
from handlers.cards.payloads import card_of
from handlers.cards.refusals import settled
from handlers.cards.text import date_token, mention
from runtime.requests.records import Request, RequestStatus, Thread, Turn, TurnStatus

Entry = Mapping[str, Any]
LINE = 300
WORDS = 600
"""Of a message, an outcome or a reason; the conversation and the export have all of it."""


def audit_view(thread: Thread, trail: Sequence[Entry], page: int = 0) -> dict[str, Any]:
    """Every attempt on a run, oldest first, refused ones too."""
    blocks = [block for entry in trail for block in _entry(entry)]
    ref = ids.ViewRef(thread_id=thread.id, action=ids.AUDIT)
    return paged_view(blocks or [paragraph(words.NOTHING_YET)], ref, page, title=words.AUDIT_TITLE)


def history_view(thread: Thread, turns: Sequence[Turn], requests: Sequence[Request], page: int = 0) -> dict[str, Any]:
    """The turns of a run, oldest first, each with its questions and how it ended."""
    blocks = [block for turn in turns for block in _turn(thread, turn, requests)]
    ref = ids.ViewRef(thread_id=thread.id, action=ids.HISTORY)
    return paged_view(blocks or [paragraph(words.NOTHING_YET)], ref, page, title=words.HISTORY_TITLE)


def _entry(entry: Entry) -> Iterator[Block]:
    by = entry["by"]
    who = mention(by["id"]) if by else words.THE_POLICY
    at = entry.get("at", entry["created_at"])
    yield _line(f"{words.deed(who, entry['what'], entry['detail'])} · {date_token(at)}")
    said = [_change(*change) for change in entry.get("changes") or ()]
    if entry.get("reason"):
        said.append(quote(excerpt(entry["reason"], WORDS).text))
    if said:
        yield rich_text(*said)


def _change(field: str, before: str | None, after: str | None) -> Block:
    old, new = (excerpt(value or words.EMPTY, LINE).text for value in (before, after))
    return section(run(f"{excerpt(property_label(field, None), LINE).text}: ", bold=True), run(f"{old} → {new}"))


def _turn(thread: Thread, turn: Turn, requests: Sequence[Request]) -> Iterator[Block]:
    yield _line(f"{words.wrote(mention(turn.by))} · {date_token(turn.created_at)}")
    if turn.text.strip():
        yield rich_text(quote(excerpt(turn.text, WORDS).text))
    asked = [request for request in requests if request.turn_id == turn.id]
    for request in asked:
        yield from _question(thread, request)
    if not any(request.status is RequestStatus.OPEN for request in asked):
        yield from _end(turn)


def _question(thread: Thread, request: Request) -> Iterator[Block]:
    title = card_of(request).title
    yield paragraph(excerpt(title, LINE, lines=3).text or words.UNTITLED, bold=True)
    decision = request.decision
    if request.status is RequestStatus.OPEN:
        yield context(words.WAITING_FOR_ONE)
    elif decision is None:
        yield context(settled(request, thread))
    else:
        yield context(f"{verdict_line(decision, request.votes)} · {date_token(decision.at)}")
        if decision.reason:
            yield rich_text(quote(excerpt(decision.reason, WORDS).text))


def _end(turn: Turn) -> Iterator[Block]:
    match turn.status:
        case TurnStatus.STOPPED:
            yield context(words.stopped(None))
        case TurnStatus.ENDED | TurnStatus.TOLD:
            yield context(words.RUN_FAILED if turn.failed else words.RUN_FINISHED)
            if turn.outcome:
                yield rich_text(quote(excerpt(mask_text(turn.outcome), WORDS).text))
        case _:
            yield context(words.WORKING)


def _line(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}}
