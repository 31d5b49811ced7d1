"""The Home tab: what waits for somebody, what they started, and how to start something."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.cards import ids, words
from handlers.cards.literal import Block, context, excerpt, plain_text
from handlers.cards.payloads import compile_card
from handlers.cards.runs import run_status
from handlers.cards.text import escape
from runtime.requests.agents import Agent
from runtime.requests.records import Request, Thread, ThreadId

LISTED = 20


def home_view(
    waiting: Sequence[Request], started: Sequence[Thread], agents: Mapping[str, Agent], links: Mapping[ThreadId, str]
) -> dict[str, Any]:
    """The tab of one person. `links`: to the conversations, by thread."""
    titles = {name: agent.title for name, agent in agents.items()}
    asked = [
        _row(compile_card(r.payload, r.response_schema).title, titles.get(r.agent, r.agent), links.get(r.thread_id))
        for r in waiting[:LISTED]
    ]
    more = [_line(words.more_waiting(len(waiting) - LISTED))] if len(waiting) > LISTED else []
    runs = [
        _row(
            thread.prompt, f"{titles.get(thread.agent, thread.agent)} · {run_status(thread, ())}", links.get(thread.id)
        )
        for thread in started
    ]
    return {
        "type": "home",
        "blocks": [
            _heading(f"{words.WAITING_FOR_YOU} ({len(waiting)})"),
            *(asked or [_line(words.NOTHING_WAITS)]),
            *more,
            *([_heading(words.STARTED_BY_YOU), *runs] if runs else []),
            {"type": "divider"},
            _line(words.START_SOMETHING),
            *(
                context(f"*{escape(agent.title)}* · `/agent {name} {escape(agent.example)}`")
                for name, agent in list(agents.items())[:30]
            ),
        ],
    }


def _heading(text: str) -> Block:
    return {"type": "header", "text": plain_text(text, 150)}


def _line(text: str) -> Block:
    return {"type": "section", "text": plain_text(text, 300)}


def _row(title: str, about: str, link: str | None) -> Block:
    text = f"{escape(excerpt(title, 300, lines=3).text)}\n_{escape(about)}_"
    row: Block = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    if link is None:
        return row
    button = {"type": "button", "action_id": ids.LINK, "text": plain_text(words.OPEN, 75), "url": link}
    return row | {"accessory": button}
