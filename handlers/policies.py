"""`/agent policy`: who may answer an agent's questions, in words, and which line of its configuration says so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from handlers.cards import words
from handlers.cards.approvers import names
from handlers.cards.text import date_token, escape, mention, one_line
from runtime.policy.audience import MAX_AGE
from runtime.policy.ladder import Rung
from runtime.policy.model import Policy
from runtime.policy.names import DIRECTLY, HERE, is_conversation
from runtime.policy.terms import Terms, terms_of
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
    lines = [words.who_may_answer(escape(agent.title)), *_lines(policy, lambda key: _source(policy, key, place))]
    if people:
        lines.append(words.as_of_now(f"{', '.join(map(mention, people[:SHOWN]))}{' …' if len(people) > SHOWN else ''}"))
    elif people is None:
        lines.append(words.NOT_LOOKED_UP)
    for tool, theirs in list(policy.tools.items())[:SHOWN]:
        changed = _lines(policy.of(tool), _sources_of_tool(policy, theirs, place, tool))
        lines += [words.for_tool(escape(one_line(tool, 60))), *changed]
    lines.append(words.about_policies(length(MAX_AGE)))
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
    return words.whose_policy(known) if known else words.NO_AGENTS


def _source(policy: Policy, key: str, place: str) -> str:
    default = Policy.model_fields[key].default
    return words.BY_DEFAULT if getattr(policy, key) == default else f"`[{place}]`"


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
    yield "approvers", words.they_may_answer(names(policy.approvers) if policy.approvers else words.EVERYBODY)
    if policy.no_self_approval:
        yield "no_self_approval", words.NOT_WHOEVER_ASKED
    if policy.required > 1:
        yield "required", words.so_many_agree(policy.required)
    if policy.reason_required:
        yield "reason_required", words.REASON_REQUIRED
    yield "allow_guests", words.GUESTS_MAY if policy.allow_guests else words.GUESTS_MAY_NOT
    if not policy.may_hand_over:
        yield "may_hand_over", words.NO_HANDING_OVER
    if policy.ask_in != HERE:
        yield "ask_in", words.asked_elsewhere(_place(policy.ask_in))
    for condition in policy.auto_approve:
        yield "auto_approve", words.approved_without_asking(escape(one_line(condition, 200)))
    if policy.grants:
        yield "grants", words.grants_hold(escape(policy.grants))
    yield from _silence(policy)


def _place(ask_in: str) -> str:
    if ask_in == DIRECTLY:
        return words.DIRECT_MESSAGES
    return f"<#{ask_in}>" if is_conversation(ask_in) else escape(ask_in)


def _silence(policy: Policy) -> Iterator[tuple[str, str]]:
    terms = terms_of(policy)
    for step in terms.steps:
        yield _KEYS[step.rung], words.after(_means(step.rung, terms), length(step.after))
    if terms.steps and policy.business_hours:
        yield "business_hours", words.clock_runs(escape(policy.business_hours))


_KEYS: Final = {
    Rung.REMIND: "remind",
    Rung.MESSAGE: "direct_message",
    Rung.ESCALATE: "escalate",
    Rung.DECIDE: "deadline",
}


def _means(rung: Rung, terms: Terms) -> str:
    match rung:
        case Rung.REMIND:
            return words.REMINDER
        case Rung.MESSAGE:
            return words.MESSAGE_TO_APPROVERS
        case Rung.ESCALATE:
            return words.they_may_answer_too(names(terms.escalate_to))
        case Rung.DECIDE:
            return words.APPROVED_BY_TIME if terms.on_timeout == "approve" else words.REJECTED_BY_TIME
