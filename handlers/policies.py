"""`/agent policy`: who may answer an agent's questions, in words, and which line of its configuration says so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from handlers.cards import words
from handlers.cards.approvers import names
from handlers.cards.text import date_token, escape, mention, one_line
from runtime.policy.audience import MAX_AGE
from runtime.policy.ladder import Rung
from runtime.policy.model import DIRECTLY, HERE, Policy, Terms, is_conversation, terms_of
from runtime.policy.times import length
from runtime.requests.agents import Agent
from runtime.requests.grants import Grant

SHOWN: Final = 20
"""People or tools that are named."""


def policy_text(agent: Agent, people: Sequence[str] | None) -> str:
    """The policy of an agent, and where the policies of its tools differ. `people`: who may answer as of now, by id;
    empty where that is everybody, None where nobody could be looked up.
    """
    policy, place = agent.policy, f"agents.{agent.name}.policy"
    lines = [f"*{escape(agent.title)}*: who may answer", *_lines(policy, lambda key: _source(policy, key, place))]
    if people:
        lines.append(f"As of now: {', '.join(map(mention, people[:SHOWN]))}{' …' if len(people) > SHOWN else ''}")
    elif people is None:
        lines.append("Who that is I could not look up just now.")
    for tool, theirs in list(policy.tools.items())[:SHOWN]:
        changed = _lines(policy.of(tool), _sources_of_tool(policy, theirs, place, tool))
        lines += [f"For `{escape(one_line(tool, 60))}`", *changed]
    lines.append(
        f"A question can ask for less than this, never for more. Members are looked up every {length(MAX_AGE)}, "
        "and again before anybody is refused."
    )
    return "\n".join(lines)


def grants_text(grants: Sequence[Grant]) -> str:
    """What is approved for the rest of runs, a line each."""
    return "".join(
        f"\n{words.granted(mention(one.by), escape(one_line(one.tools, 100)), date_token(one.until), one.id)}"
        for one in grants
    )


def which_agent(agents: Mapping[str, Agent]) -> str:
    """For a policy of nobody we know."""
    known = ", ".join(f"`/agent policy {name}`" for name in list(agents)[:SHOWN])
    return f"Whose policy? {known}" if known else "There are no agents yet."


def _source(policy: Policy, key: str, place: str) -> str:
    default = Policy.model_fields[key].default
    return "default" if getattr(policy, key) == default else f"`[{place}]`"


def _sources_of_tool(policy: Policy, theirs: Policy, place: str, tool: str) -> Callable[[str], str]:
    def source(key: str) -> str:
        if key in theirs.model_fields_set:
            return f"`[{place}.tools.{escape(one_line(tool, 60))}]`"
        return _source(policy, key, place)

    return source


def _lines(policy: Policy, source: Callable[[str], str]) -> list[str]:
    return [f"• {text} ({source(key)})" for key, text in _rules(policy)]


def _rules(policy: Policy) -> Iterator[tuple[str, str]]:
    """Each rule in words, with the key that sets it."""
    who = names(policy.approvers) if policy.approvers else "Everybody of this workspace who sees the question"
    yield "approvers", f"{who} may answer"
    if policy.no_self_approval:
        yield "no_self_approval", "Whoever asked may not answer"
    if policy.required > 1:
        yield "required", f"{policy.required} people have to agree; one rejection is enough"
    if policy.reason_required:
        yield "reason_required", "Whoever rejects has to say why"
    guests = "Guests may answer too" if policy.allow_guests else "Guests may not answer"
    yield "allow_guests", f"{guests}; apps, deactivated accounts and other organisations never may"
    if policy.ask_in != HERE:
        yield "ask_in", f"Asked in {_place(policy.ask_in)}, and where the run is people hear of it"
    for condition in policy.auto_approve:
        yield "auto_approve", f"Approved without asking anybody: `{escape(one_line(condition, 200))}`"
    if policy.grants:
        yield "grants", f"“Approve the same for this run” holds for calls of the same tool, {policy.grants} long"
    yield from _silence(policy)


def _place(ask_in: str) -> str:
    if ask_in == DIRECTLY:
        return "direct messages to those who may answer"
    return f"<#{ask_in}>" if is_conversation(ask_in) else escape(ask_in)


def _silence(policy: Policy) -> Iterator[tuple[str, str]]:
    terms = terms_of(policy)
    for step in terms.steps:
        yield _KEYS[step.rung], f"{_MEANS[step.rung](terms)} after {length(step.after)}"
    if terms.steps and policy.business_hours:
        yield "business_hours", f"The clock runs {escape(policy.business_hours)}"


_KEYS: Final = {
    Rung.REMIND: "remind",
    Rung.MESSAGE: "direct_message",
    Rung.ESCALATE: "escalate",
    Rung.DECIDE: "deadline",
}
_MEANS: Final[Mapping[Rung, Callable[[Terms], str]]] = {
    Rung.REMIND: lambda _: "A reminder in the conversation",
    Rung.MESSAGE: lambda _: "A direct message to those who may answer",
    Rung.ESCALATE: lambda terms: f"{names(terms.escalate_to)} may answer too",
    Rung.DECIDE: lambda terms: "Approved automatically" if terms.on_timeout == "approve" else "Rejected automatically",
}
