"""The message that shows a request: the question while it is open, the same with its outcome afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from handlers.cards import ids, words
from handlers.cards.approvers import approvers, vote_count
from handlers.cards.asks import property_label
from handlers.cards.body import BUTTON, INLINE, Body, body, show
from handlers.cards.handing import handed_blocks, handed_lines
from handlers.cards.literal import Block, context, excerpt, plain_text, quote, rich_text, run, section
from handlers.cards.model import UNANSWERED, Action, AskText, Card
from handlers.cards.text import date_token, escape, mention
from handlers.cards.words import english
from runtime.policy.times import length
from runtime.requests.records import (
    NOBODY,
    Change,
    Decision,
    Request,
    RequestStatus,
    Thread,
    ThreadStatus,
    Verdict,
    Vote,
)

MAX_CHANGES = 10
PLAIN_LABELS = frozenset(
    {
        *(english.APPROVE, english.EDIT, english.REJECT, english.ANSWER),
        *(english.DECLINE, english.FILL_IN, english.CHOOSE, english.RESPOND),
    }
)
"""Labels that say no more than the verdict does."""


@dataclass(frozen=True, slots=True)
class Message:
    """What `chat.postMessage` and `chat.update` take."""

    text: str
    """All that notifications and screen readers get."""
    blocks: list[dict[str, Any]]


def card_message(
    card: Card, request: Request, thread: Thread, *, agent_title: str, fork_link: str = "", home_link: str = ""
) -> Message:
    """The card as it is to look now, whatever its status.

    `fork_link`: to where it is answered differently. `home_link`: to its run's conversation, for a card elsewhere.
    """
    if request.status is RequestStatus.OPEN:
        blocks = open_card(card, request, agent_title)
    else:
        top = body(card)
        forked = [context(words.answered_differently(fork_link))] if request.forked_to else []
        blocks = [*top.blocks, *handed_blocks(request), *outcome(request, thread), *forked, *_afterwards(request, top)]
    if home_link:
        blocks.append(context(words.in_its_conversation(home_link)))
    return Message(_sentence(card, request, thread, agent_title), blocks)


def open_card(card: Card, request: Request, agent_title: str, *, in_thread: bool = True) -> list[Block]:
    """The blocks of a card that waits for an answer. `in_thread`: whether one can reply to it where it is."""
    top = body(card)
    problem = [_problem(request.problem)] if request.problem else []
    about = _about(card, request, agent_title, in_thread=in_thread)
    return [
        *top.blocks,
        *problem,
        *_proposed(request),
        about,
        *handed_blocks(request),
        *_votes(request),
        _buttons(card, request, top),
    ]


def verdict_line(decision: Decision, votes: Sequence[Vote] = (), deadline: float | None = None) -> str:
    """Who decided what, as mrkdwn: "✅ *Approved* by @ben". `votes`: of those who had to agree."""
    verdict = decision.verdict
    if verdict is Verdict.EDITED and not decision.changes:
        verdict = Verdict.APPROVED
    mark, word = words.VERDICTS[verdict]
    if decision.timed_out:
        return words.no_answer_by(date_token(deadline or decision.at), _then(decision))
    if decision.by == NOBODY:
        return words.automatically(mark, word, escape(excerpt(decision.rule, INLINE).text))
    label = (
        "" if decision.label in PLAIN_LABELS else f": {escape(excerpt(words.translated(decision.label), BUTTON).text)}"
    )
    label = f": {escape(decision.rule)}" if decision.rule else label
    people = [mention(vote.by) for vote in votes] if verdict is not Verdict.REJECTED else []
    return f"{words.decided(mark, word, people or [mention(decision.by)])}{label}"


def outcome_line(request: Request, thread: Thread) -> str:
    """How a question ended, in one line of mrkdwn."""
    if request.status is RequestStatus.REPLACED:
        return words.REPLACED
    decision = request.decision
    return verdict_line(decision, request.votes, request.deadline) if decision else _end(request, thread)


def _about(card: Card, request: Request, agent_title: str, *, in_thread: bool) -> Block:
    parts = [words.requested_by(mention(request.asked_for)), escape(agent_title), *_step(request, agent_title)]
    if who := approvers(request.terms):
        parts.append(words.may_answer(who))
    if request.deadline is not None:
        parts.append(words.answer_by(date_token(request.deadline), otherwise(card, request)))
    if request.terms.no_self_approval:
        parts.append(words.SOMEBODY_ELSE)
    if card.text_action and in_thread:
        parts.append(words.REPLY_HERE)
    return context(" · ".join(parts))


def _step(request: Request, agent_title: str) -> list[str]:
    """Where in the agent's work this is asked, unless the agent is all there is to it."""
    step = property_label(request.step, None) if request.step else ""
    return [escape(excerpt(step, INLINE).text)] if step and step.lower() != agent_title.lower() else []


def _then(decision: Decision) -> str:
    """What silence was taken for."""
    if decision.verdict is not Verdict.REJECTED:
        return words.APPROVED_BY_SILENCE
    return words.ENDED_BY_SILENCE if decision.action == UNANSWERED else words.REJECTED_BY_SILENCE


def otherwise(card: Card, request: Request) -> str:
    """What happens when nobody answers in time."""
    if request.terms.on_timeout == "approve" and any(action.verdict is Verdict.APPROVED for action in card.actions):
        return words.APPROVED_BY_SILENCE
    if any(action.verdict is Verdict.REJECTED for action in card.actions):
        return words.REJECTED_BY_SILENCE
    return words.ENDED_BY_SILENCE if card.unanswered else words.STOPPED_BY_SILENCE


def _end(request: Request, thread: Thread) -> str:
    """How a question ended that nobody decided."""
    if thread.stopped_by is None and request.deadline is not None and thread.updated_at >= request.deadline:
        return words.no_answer_by(date_token(request.deadline), words.STOPPED_BY_SILENCE)
    return words.stopped(mention(thread.stopped_by) if thread.stopped_by else None)


def _proposed(request: Request) -> list[Block]:
    """What somebody changed before approving, where others have to agree to it."""
    proposal = request.proposal
    if proposal is None or proposal.verdict is not Verdict.EDITED:
        return []
    said = _said(proposal)
    return [context(words.approves_changes(mention(proposal.by))), *([rich_text(*said)] if said else [])]


def _votes(request: Request) -> list[Block]:
    count = vote_count(request)
    return [context(count)] if count else []


def _problem(problem: str) -> Block:
    """Why this is asked again."""
    return rich_text(section(run(words.ASKED_AGAIN_BECAUSE, bold=True), run(excerpt(problem, 600, lines=6).text)))


def _buttons(card: Card, request: Request, top: Body) -> Block:
    elements = [_button(card, _as_proposed(action, request.proposal), request) for action in card.actions]
    if request.terms.same and any(plain_approvals(card)):
        elements.append(_grant_button(request))
    if not top.complete:
        elements.append(_view_button(request))
    return _actions(request, [*elements, _menu(request, top)])


def _actions(request: Request, elements: list[Block]) -> Block:
    return {"type": "actions", "block_id": ids.card_block(request.id, request.revision), "elements": elements}


def _button(card: Card, action: Action, request: Request) -> Block:
    ellipsis = "…" if action.ask else ""
    button: Block = {
        "type": "button",
        "action_id": ids.act(action.key),
        "value": request.id,
        "text": plain_text(plain_text(action.label, BUTTON - 1)["text"] + ellipsis, BUTTON),
        "accessibility_label": plain_text(f"{action.label}: {card.title}", BUTTON)["text"],
    }
    button |= {"style": action.style} if action.style else {}
    return button | ({"confirm": _confirm(card, action)} if action.confirm else {})


def _as_proposed(action: Action, proposal: Decision | None) -> Action:
    """An approval says so when it is one of what somebody changed."""
    if proposal is None or proposal.verdict is not Verdict.EDITED or action.verdict is not Verdict.APPROVED:
        return action
    return replace(action, label=words.APPROVE_WITH_CHANGES)


def _confirm(card: Card, action: Action) -> Block:
    return {
        "title": plain_text(action.confirm or words.SURE, 100),
        "text": plain_text(card.title, 300),
        "confirm": plain_text(action.label, 30),
        "deny": plain_text(words.BACK, 30),
        **({"style": action.style} if action.style else {}),
    }


def plain_approvals(card: Card) -> Iterator[Action]:
    """The card's approvals that need nothing but a click."""
    return (action for action in card.actions if action.verdict is Verdict.APPROVED and action.ask is None)


def _grant_button(request: Request) -> Block:
    about = words.what_is_granted(request.terms.same, length(request.terms.same_seconds))
    confirm = {
        "title": plain_text(words.SURE, 100),
        "text": plain_text(about, 300),
        "confirm": plain_text(words.APPROVE, 30),
        "deny": plain_text(words.BACK, 30),
    }
    button = {"type": "button", "action_id": ids.GRANT, "value": request.id, "confirm": confirm}
    return button | {"text": plain_text(words.GRANT, BUTTON)}


def _view_button(request: Request) -> Block:
    return {
        "type": "button",
        "action_id": ids.VIEW,
        "value": request.id,
        "text": plain_text(words.VIEW_EVERYTHING, BUTTON),
    }


def _menu(request: Request, top: Body) -> Block:
    options = [(words.VIEW_EVERYTHING, ids.VIEW)] if top.complete else []
    options += [(words.WITHDRAW, ids.WITHDRAW)] if request.votes else []
    options += [(words.ASK_SOMEBODY, ids.HAND_OVER), (words.REMIND_ME, ids.REMIND), (words.STOP_RUN, ids.STOP)]
    return {
        "type": "overflow",
        "action_id": ids.MORE,
        "options": [{"text": plain_text(text, BUTTON), "value": value} for text, value in options],
    }


def _afterwards(request: Request, top: Body) -> list[Block]:
    """What was decided stays readable in full, and can be answered differently."""
    view = [] if top.complete else [_view_button(request)]
    again = request.status is RequestStatus.DELIVERED and not request.forked_to
    fork = [_fork_button(request)] if again else []
    return [_actions(request, [*view, *fork])] if view or fork else []


def _fork_button(request: Request) -> Block:
    confirm = {
        "title": plain_text(words.ANSWER_DIFFERENTLY, 100),
        "text": plain_text(words.WHAT_FORKING_DOES, 300),
        "confirm": plain_text(words.ASK_AGAIN, 30),
        "deny": plain_text(words.BACK, 30),
    }
    button = {"type": "button", "action_id": ids.FORK, "value": request.id, "confirm": confirm}
    return button | {"text": plain_text(words.ANSWER_DIFFERENTLY, BUTTON)}


def outcome(request: Request, thread: Thread) -> list[Block]:
    """How a question ended, and what became of the answer."""
    if request.status is RequestStatus.REPLACED:
        return [context(words.REPLACED)]
    if request.decision is None:
        return [context(_end(request, thread))]
    decision = request.decision
    when = "" if decision.timed_out else f" · {date_token(decision.at)}"
    line = f"{verdict_line(decision, request.votes, request.deadline)}{when}"
    said = _said(decision)
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": line, "verbatim": True}},
        *([rich_text(*said)] if said else []),
        context(_progress(request, thread)),
    ]


def _said(decision: Decision) -> list[Block]:
    """What the person changed, answered, or gave as the reason."""
    elements = [_change(change) for change in decision.changes[:MAX_CHANGES]]
    if hidden := len(decision.changes) - len(elements):
        elements.append(section(run(words.more_changes(hidden), italic=True)))
    if decision.reason:
        elements.append(quote(excerpt(decision.reason, 600, lines=6).text))
    return elements


def _change(change: Change) -> Block:
    before, after = (excerpt(show(value).text, 300, lines=4).text for value in (change.before, change.after))
    if change.field == AskText.FIELD:
        return quote(after)
    label = run(f"{property_label(change.field, None)}: ", bold=True)
    if before == after and change.before is not None:  # both hidden
        return section(label, run(words.CHANGED, italic=True))
    return section(label, *([run(before, strike=True), run(" → ")] if change.before is not None else []), run(after))


def _progress(request: Request, thread: Thread) -> str:
    """What became of the answer: never more than what is known."""
    if thread.status is ThreadStatus.STOPPED:
        return words.stopped(mention(thread.stopped_by) if thread.stopped_by else None)
    if thread.status is ThreadStatus.FAILED:
        return words.FAILED
    if request.status is RequestStatus.DECIDED:
        return words.PASSING_ON
    match thread.status:
        case ThreadStatus.RUNNING:
            return words.WENT_ON
        case ThreadStatus.WAITING:
            return words.ASKED_AGAIN
        case ThreadStatus.FINISHED:
            return words.FINISHED
        case other:
            assert_never(other)


def _sentence(card: Card, request: Request, thread: Thread, agent_title: str) -> str:
    title, agent = escape(excerpt(card.title, 600, lines=4).text), escape(agent_title)
    match request.status:
        case RequestStatus.OPEN:
            by = f"{words.by_when(date_token(request.deadline))} " if request.deadline is not None else ""
            handed = f"{handed_lines(request)[-1]}. " if request.handed else ""
            asked = words.requested_by(mention(request.asked_for))
            return f"{agent}: {title} {asked}. {handed}{by}{words.HOW_TO_ANSWER}"
        case RequestStatus.REPLACED:
            return f"{agent}: {title} {words.REPLACED}"
        case _:
            return f"{agent}: {title} {outcome_line(request, thread)}."
