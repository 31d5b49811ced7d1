"""The Home tab: what waits for somebody, with its buttons, what they started, what was decided, how to start something.

Slack takes a hundred blocks, so what waits comes in pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from handlers.cards import ids, words
from handlers.cards.blocks import open_card, verdict_line
from handlers.cards.folds import unfolded
from handlers.cards.literal import Block, context, excerpt, plain_text
from handlers.cards.payloads import card_of
from handlers.cards.runs import run_status
from handlers.cards.text import date_token, escape
from runtime.requests.agents import Agent
from runtime.requests.records import Request, Thread, ThreadId, ThreadStatus

PER_PAGE: Final = 6
"""Questions on one page: a card can take seven blocks."""
MOST_AGENTS: Final = 10
_UNDER_WAY = {ThreadStatus.RUNNING, ThreadStatus.WAITING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What one person's tab shows."""

    waiting: Sequence[Request]
    """All that waits for them, oldest first."""
    more: bool = False
    """Whether there may be more than was looked through."""
    page: int = 0
    started: Sequence[Thread]
    decided: Sequence[Request]
    links: dict[ThreadId, str]
    """To the conversations that have a place."""
    notice: str = ""
    """Why what they pressed here changed nothing, as mrkdwn."""

    @property
    def shown(self) -> Sequence[Request]:
        """The questions of the page."""
        return self.waiting[self.first : self.first + PER_PAGE]

    @property
    def first(self) -> int:
        """Number of the page's first question; past the end, the last page is shown."""
        last_page = max(0, len(self.waiting) - 1) // PER_PAGE
        return min(max(self.page, 0), last_page) * PER_PAGE


def home_view(home: Home, agents: Mapping[str, Agent]) -> dict[str, Any]:
    """The tab."""
    return {
        "type": "home",
        "blocks": [*_waiting(home, agents), *_started(home, agents), *_decided(home), *_how(agents)],
    }


def _waiting(home: Home, agents: Mapping[str, Agent]) -> Iterator[Block]:
    count = f"{len(home.waiting)}{'+' if home.more else ''}"
    yield _heading(f"{words.WAITING_FOR_YOU} ({count})")
    if home.notice:
        yield _mrkdwn(f"⚠️ {home.notice}")
    for request in home.shown:
        yield from unfolded(open_card(card_of(request), request, _title(request, agents), in_thread=False))
        if link := home.links.get(request.thread_id):
            yield context(words.in_its_conversation(link))
        yield {"type": "divider"}
    if not home.waiting:
        yield _line(words.NOTHING_WAITS)
    yield from _pages(home)


def _pages(home: Home) -> Iterator[Block]:
    """Where in the list one is, and the ways on and back."""
    if len(home.waiting) <= PER_PAGE:
        return
    here, last = home.first, home.first + len(home.shown)
    ways = ((words.PREVIOUS, here > 0, -1), (words.NEXT, last < len(home.waiting), 1))
    yield context(words.range_of(here + 1, last, len(home.waiting)))
    yield {
        "type": "actions",
        "elements": [
            _button(f"{ids.HOME_PAGE}:{step}", str(here // PER_PAGE + step), label)
            for label, there, step in ways
            if there
        ],
    }


def _started(home: Home, agents: Mapping[str, Agent]) -> Iterator[Block]:
    if home.started:
        yield _heading(words.STARTED_BY_YOU)
    for thread in home.started:
        agent = agents.get(thread.agent)
        about = f"*{escape(agent.title if agent else thread.agent)}* · {run_status(thread, ())}"
        link = home.links.get(thread.id)
        yield _row(f"{_text(thread.prompt)}\n{about}", link)
        if thread.status in _UNDER_WAY:
            yield {"type": "actions", "elements": [_button(ids.STOP_RUN, thread.id, words.STOP_RUN)]}


def _decided(home: Home) -> Iterator[Block]:
    if home.decided:
        yield _heading(words.DECIDED_LATELY)
    for request in home.decided:
        if request.decision is not None:
            title = _text(card_of(request).title)
            line = f"{verdict_line(request.decision, request.votes)} · {date_token(request.decision.at)}"
            yield _row(f"{title}\n{line}", home.links.get(request.thread_id))


def _how(agents: Mapping[str, Agent]) -> Iterator[Block]:
    yield {"type": "divider"}
    yield _line(words.START_SOMETHING)
    for name, agent in list(agents.items())[:MOST_AGENTS]:
        yield context(f"*{escape(agent.title)}* · `/agent {name} {escape(agent.example)}`")
    if len(agents) > MOST_AGENTS:
        yield context(words.more_agents(len(agents) - MOST_AGENTS))


def _title(request: Request, agents: Mapping[str, Agent]) -> str:
    agent = agents.get(request.agent)
    return agent.title if agent else request.agent


def _text(text: str) -> str:
    return escape(excerpt(text, 300, lines=3).text)


def _heading(text: str) -> Block:
    return {"type": "header", "text": plain_text(text, 150)}


def _line(text: str) -> Block:
    return {"type": "section", "text": plain_text(text, 300)}


def _mrkdwn(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _row(mrkdwn: str, link: str | None) -> Block:
    return _mrkdwn(mrkdwn) | ({"accessory": _link(link)} if link else {})


def _button(action_id: str, value: str, label: str) -> Block:
    return {"type": "button", "action_id": action_id, "value": value, "text": plain_text(label, 75)}


def _link(url: str) -> Block:
    return {"type": "button", "action_id": ids.LINK, "text": plain_text(words.OPEN, 75), "url": url}
