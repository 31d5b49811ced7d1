"""Approve the rest: everything still open of a run that takes a plain approval, in one go.

Every question goes through the same guards and the same claim as if its own button had been pressed, one after the
other; whoever pressed it is told how many that were, and why not the others.
"""

from handlers import home
from handlers.cards import ids, words
from handlers.cards.model import Reply, decide
from handlers.cards.payloads import card_of
from handlers.cards.rest import approvable, done_view, plain_approval, progress_view, rest_view
from handlers.desk import Desk
from handlers.payloads import Click, Submission
from runtime.requests.policy import Reason, Refusal
from runtime.requests.records import RequestId, RequestStatus, ThreadId


async def ask(desk: Desk, pressed: Click) -> None:
    """List what would be approved."""
    thread = await desk.ledger.thread(ThreadId(pressed.value))
    if thread is None or thread.started_by.team != pressed.by.team:
        text = await desk.refuse("approve the rest", Refusal(Reason.UNKNOWN), pressed.by)
        return await desk.tell(pressed.by, pressed.channel, text, pressed.thread_ts)
    waiting = await desk.ledger.requests(thread.id, RequestStatus.OPEN)
    view = rest_view(waiting) if approvable(waiting) else progress_view(words.NOTHING_TO_APPROVE)
    return await desk.show(pressed, view)


async def approve(desk: Desk, sent: Submission) -> None:
    """Approve what was listed, as far as it may be, and say what became of it."""
    results = [await _approve(desk, sent, request_id) for request_id in ids.parse_rest_ref(sent.metadata)]
    refused = [result for result in results if result is not None]
    await desk.slack.update_view(sent.view_id, done_view(len(results) - len(refused), refused))
    await home.refresh(desk, sent.by)


async def _approve(desk: Desk, sent: Submission, request_id: RequestId) -> tuple[str, str] | None:
    """Approve one; None when that is done, else its title and why not."""
    request = await desk.runner.check(request_id, sent.by)
    if isinstance(request, Refusal):
        return await _refused(desk, sent, request)
    plain = plain_approval(request)
    if plain is None:  # somebody has proposed something else since it was listed
        return await _refused(
            desk, sent, await desk.runner.refused("answer", Refusal(Reason.CHANGED, request), sent.by)
        )
    answered = await desk.runner.answer(request, decide(plain[1], Reply(by=sent.by, at=desk.clock())))
    return await _refused(desk, sent, answered) if isinstance(answered, Refusal) else None


async def _refused(desk: Desk, sent: Submission, refusal: Refusal) -> tuple[str, str]:
    request = refusal.request
    title = card_of(request).title if request else words.UNTITLED
    return title, await desk.words_for(refusal, sent.by)
