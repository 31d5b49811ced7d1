"""The messages about a run as a whole: its root message, its outcome, and the question before it is stopped."""

from collections.abc import Sequence
from typing import Any

from handlers.cards import ids, words
from handlers.cards.blocks import Message
from handlers.cards.literal import Block, context, excerpt, plain_text, quote, rich_text, run, section
from handlers.cards.masking import mask_text
from handlers.cards.rest import approvable
from handlers.cards.text import escape, mention
from runtime.requests.records import Request, RequestStatus, Thread, ThreadStatus, Turn

PROMPT = 1500
OUTCOME = 6000
_WITHOUT_ANSWER = {RequestStatus.REPLACED, RequestStatus.STOPPED}


def run_message(thread: Thread, requests: Sequence[Request], agent_title: str, *, origin_link: str = "") -> Message:
    """The root of a run's conversation. `requests`: those of the pause the thread is in.

    `origin_link`: to the answer that is given differently here.
    """
    prompt = excerpt(thread.prompt, PROMPT, lines=14)
    status = run_status(thread, requests)
    started = f"*{escape(agent_title)}* · {mention(thread.started_by)}"
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": started, "verbatim": True}},
        *([rich_text(quote(prompt.text))] if prompt.text.strip() else []),
        *([context(words.answered_differently_from(mention(by), origin_link))] if (by := thread.forked_by) else []),
        context(status),
        *([_actions(buttons)] if (buttons := _run_buttons(thread, requests, cut=bool(prompt.cut))) else []),
    ]
    about = words.run_of(escape(agent_title), mention(thread.started_by))
    return Message(f"{about}: {escape(excerpt(thread.prompt, 600).text)} {status}", blocks)


def pause(requests: Sequence[Request]) -> list[Request]:
    """The requests of the pause a thread is in: the open ones, and those answered while one of these was waiting."""
    since = min((request.created_at for request in requests if request.status is RequestStatus.OPEN), default=None)
    if since is None:
        return []
    for request in sorted(requests, key=lambda request: request.created_at, reverse=True):
        if request.decision is not None and request.decision.at >= since:
            since = min(since, request.created_at)
    return [request for request in requests if request.created_at >= since]


def _run_buttons(thread: Thread, requests: Sequence[Request], *, cut: bool) -> list[Block]:
    waiting = [request for request in requests if request.status is RequestStatus.OPEN]
    count = len(approvable(waiting)) if thread.status is ThreadStatus.WAITING and len(waiting) > 1 else 0
    return [
        *([_button(ids.REST, thread.id, words.approve_the_rest(count))] if count > 1 else []),
        *([_button(ids.VIEW_RUN, thread.id, words.VIEW_EVERYTHING)] if cut else []),
    ]


def run_status(thread: Thread, requests: Sequence[Request]) -> str:
    """Where the run stands, in one line of mrkdwn."""
    match thread.status:
        case ThreadStatus.RUNNING:
            return words.WORKING
        case ThreadStatus.WAITING:
            asked = [request for request in requests if request.status not in _WITHOUT_ANSWER]
            done = sum(request.status is not RequestStatus.OPEN for request in asked)
            return words.answered(done, len(asked)) if len(asked) > 1 else words.WAITING_FOR_ONE
        case ThreadStatus.FINISHED:
            return words.RUN_FINISHED
        case ThreadStatus.FAILED:
            return words.RUN_FAILED
        case ThreadStatus.STOPPED:
            return words.stopped(mention(thread.stopped_by) if thread.stopped_by else None)


def outcome_message(turn: Turn, agent_title: str, *, tried_again: bool = False) -> Message:
    """How a run ended, told once to who asked for it, in its thread. `tried_again`: that was not the end of it."""
    outcome = excerpt(mask_text(turn.outcome or ""), OUTCOME)
    mark = words.RUN_FAILED if turn.failed else words.RUN_FINISHED
    line = words.ended_for(mark, mention(turn.by))
    buttons = [
        *([_button(ids.VIEW_TURN, turn.id, words.VIEW_EVERYTHING)] if outcome.cut else []),
        *([_button(ids.RETRY, turn.id, words.RETRY)] if turn.failed and not tried_again else []),
    ]
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": line, "verbatim": True}},
        *([rich_text(section(run(outcome.text)))] if outcome.text.strip() else []),
        *([context(outcome.cut)] if outcome.cut else []),
        *([context(words.TRIED_AGAIN)] if tried_again else []),
        *([_actions(buttons)] if buttons else []),
    ]
    return Message(f"{escape(agent_title)}: {line}. {escape(excerpt(outcome.text, 600).text)}", blocks)


def stop_view(thread: Thread) -> dict[str, Any]:
    """The modal that asks before a run is stopped."""
    prompt = excerpt(thread.prompt, 300, lines=3).text
    return {
        "type": "modal",
        "callback_id": ids.STOP,
        "private_metadata": ids.ViewRef(thread_id=thread.id).dump(),
        "title": plain_text(words.STOP_TITLE, 24),
        "submit": plain_text(words.STOP_RUN, 24),
        "close": plain_text(words.BACK, 24),
        "blocks": [
            *([rich_text(quote(prompt))] if prompt.strip() else []),
            {"type": "section", "text": plain_text(words.STOP_TEXT, 300)},
        ],
    }


def _actions(buttons: list[Block]) -> Block:
    return {"type": "actions", "elements": buttons}


def _button(action_id: str, value: str, label: str) -> Block:
    return {"type": "button", "action_id": action_id, "value": value, "text": plain_text(label, 75)}
