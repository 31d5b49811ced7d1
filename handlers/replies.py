"""What `/agent` says back, in mrkdwn: pure functions of what there is."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from handlers.cards import words
from handlers.cards.masking import mask_text
from handlers.cards.payloads import card_of
from handlers.cards.runs import run_status
from handlers.cards.text import clean, date_token, escape, mention, one_line
from runtime.requests.agents import Agent
from runtime.requests.records import Person, Request, Thread, ThreadId

HELP = "help"
SHORT_ID = 8
MOST_AGENTS = 30
"""Listed with an example each; the names of the others follow."""
COMMANDS = (
    "list",
    "inbox",
    "status <run>",
    "graph <run>",
    "stop <run>",
    "history <run>",
    "audit <run>",
    "policy <agent>",
)


def short(thread_id: ThreadId) -> str:
    """The part of a run's id that people type."""
    return thread_id[:SHORT_ID]


def first_word(text: str) -> tuple[str, str]:
    """Split what was typed into a name or a verb, and the rest."""
    first, rest = (*text.split(maxsplit=1), "", "")[:2]
    return first.lower(), rest


def help_text(agents: Mapping[str, Agent]) -> str:
    """Every agent with one example."""
    if not agents:
        return words.NO_AGENTS
    lines = [
        f"• *{escape(agent.title)}*{_about(agent)}\n   `/agent {name} {_example(agent)}`"
        for name, agent in islice(agents.items(), MOST_AGENTS)
    ]
    more = [words.also_there(list(islice(agents, MOST_AGENTS, None)))] if len(agents) > MOST_AGENTS else []
    return "\n".join([words.START_AN_AGENT, *lines, *more, words.other_commands(COMMANDS)])


def _about(agent: Agent) -> str:
    return f": {escape(agent.description)}" if agent.description else ""


def _example(agent: Agent) -> str:
    return escape(agent.example) or "…"


def starting(agent: Agent) -> str:
    """Said to the caller at once."""
    return words.starting(escape(agent.title))


def how_to_start(agents: Mapping[str, Agent], name: str | None, text: str) -> str:
    """For words that start nothing: an agent without a task, or a name that nobody has."""
    if name is not None and name in agents:
        agent = agents[name]
        return words.tell_it_what(escape(agent.title), f"/agent {name} {_example(agent)}")
    first, _ = first_word(text)
    if first in {"", HELP}:
        return help_text(agents)
    near = get_close_matches(first, agents, n=1)
    return f"{words.no_such_agent(escape(one_line(first, 40)), *near)}\n{help_text(agents)}"


def list_text(threads: Sequence[Thread], titles: Callable[[Thread], str], link: Callable[[Thread], str]) -> str:
    """Runs that are under way."""
    if not threads:
        return words.NOTHING_RUNS
    return "\n".join(f"{_line(thread, titles(thread), link(thread))}" for thread in threads)


def inbox_text(waiting: Sequence[tuple[Request, str]], hidden: int, agents: Mapping[str, Agent], *, more: bool) -> str:
    """What waits for somebody, each with a link. `hidden`: how many are left out; `more`: perhaps more than these."""
    if not waiting:
        return words.NOTHING_WAITS
    lines = [_asks(request, link, agents) for request, link in waiting]
    rest = [words.more_in_home(hidden, more=more)] if hidden or more else []
    return "\n".join([f"*{words.WAITING_FOR_YOU}*", *lines, *rest])


def _asks(request: Request, link: str, agents: Mapping[str, Agent]) -> str:
    agent = agents.get(request.agent)
    title = escape(one_line(mask_text(clean(card_of(request).title)), 100))
    by = f" · {words.by_when(date_token(request.deadline))}" if request.deadline is not None else ""
    name = escape(agent.title if agent else request.agent)
    return f"• {f'<{link}|{title}>' if link else title} · {name} · {mention(request.asked_for)}{by}"


def _line(thread: Thread, title: str, link: str) -> str:
    where = f" · <{link}|{words.OPEN_LINK}>" if link else ""
    status = run_status(thread, ())
    return f"`{short(thread.id)}` *{escape(title)}* {_quoted(thread)} · {mention(thread.started_by)} · {status}{where}"


def _quoted(thread: Thread) -> str:
    return f"“{escape(one_line(mask_text(clean(thread.prompt)), 60))}”"


def status_text(thread: Thread, requests: Sequence[Request], title: str, link: str) -> str:
    """One run: where it stands, since when, where to look."""
    where = f"\n<{link}|{words.OPEN_CONVERSATION}>" if link else ""
    return (
        f"*{escape(title)}* {_quoted(thread)} · `{short(thread.id)}`\n{run_status(thread, requests)}\n"
        f"{words.started_by(mention(thread.started_by), date_token(thread.created_at))}{where}"
    )


def no_such_run(ref: str) -> str:
    """For an id that fits no run."""
    return words.no_such_run(escape(one_line(ref, 40)))


def several_runs(ref: str) -> str:
    """For the start of an id that fits more than one."""
    return words.several_runs(escape(one_line(ref, 40)))


def drawing(title: str, link: str) -> str:
    """Said to who asked for a picture of a run."""
    return words.drawing(escape(title), link)


def nothing_to_draw(title: str) -> str:
    """Said when a run has no graph any more, or nowhere to show it."""
    return words.nothing_to_draw(escape(title))


def asked_for_picture(by: Person) -> str:
    """Above the picture."""
    return words.asked_for_picture(mention(by))


def stopped(title: str) -> str:
    """Said to whoever stopped a run by command."""
    return words.stopped_by_command(escape(title))
