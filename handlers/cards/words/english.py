"""Every sentence people read, in one place: sentence case, what happened and what to do next, no words of the trade."""

from collections.abc import Sequence

from runtime.requests.progress import StepState
from runtime.requests.records import Verdict

APPROVE, EDIT, REJECT, ANSWER, DECLINE = "Approve", "Edit", "Reject", "Answer", "Decline"
FILL_IN, CHOOSE = "Fill in", "Choose"
RESPOND, IGNORE = "Respond", "Ignore"
APPROVE_ALL, REJECT_ALL, DECIDE_EACH = "Approve all", "Reject all", "Decide each"
ARGUMENTS = "Arguments"
YES, NO = "Yes", "No"
BACK, CLOSE, SEND = "Back", "Close", "Send"
SUBMIT = "Submit"
VIEW_EVERYTHING, STOP_RUN, RETRY = "View everything", "Stop the run", "Try again"
TRIED_AGAIN = "🔁 Tried again after this."
EVERYTHING = "Everything"
REVEAL = "Reveal what is hidden"
CONTINUE = "Continue"
NEXT, PREVIOUS = "Next page", "Previous page"

UNTITLED = "The agent asks for your approval"
UNTITLED_QUESTION = "The agent asks for an answer"
VALUE = "Value"
WHY = "Why"

EDIT_TITLE = "Edit and approve"
APPROVE_WITH_CHANGES = "Approve with changes"
SURE = "Are you sure?"

YOUR_ANSWER = "Your answer"
REASON, OWN_WORDS = "Reason", "In your own words"
GIVE_A_REASON = "Give a reason."
ONE_OF_BOTH = "Choose a reason or write one."
NOTE, NOTE_TOLD = "Note", "Note to the agent"
REASON_TOLD, REASON_UNTOLD = "The agent will read this.", "Everybody in this conversation can read this."
LINES_HINT = "One per line."
JSON_HINT = "Structured data (JSON). Keep the quotes, brackets and commas."
HIDDEN_KEPT = "Hidden. Leave empty to keep it as it is."
HIDDEN_PARTS = "Parts are hidden and stay as they are where you leave the dots."

STOP_TITLE = "Stop this run?"
STOP_TEXT = "The agent stops here and all of its open questions are withdrawn. This cannot be undone."

# Verdicts: mark and words; "by @somebody" follows.
VERDICTS = {
    Verdict.APPROVED: ("✅", "Approved"),
    Verdict.EDITED: ("✏️", "Approved with changes"),
    Verdict.REJECTED: ("⛔", "Rejected"),
    Verdict.ANSWERED: ("💬", "Answered"),
}

REPLACED = "↪️ Withdrawn: a newer message took this question's place."
EMPTY = "empty"

PASSING_ON = "⏳ Passing the answer on…"
WENT_ON = "▶️ The agent is working on it…"
ASKED_AGAIN = "▶️ The agent went on and is waiting for another answer."
FINISHED = "🏁 Finished."
FAILED = "❌ The run failed after this answer."

WORKING = "⏳ Working…"
WAITING_FOR_ONE = "✋ Waiting for an answer"
RUN_FINISHED = "🏁 Finished"
RUN_FAILED = "❌ Failed"


THINKING = "thinking"
STEP_MARKS = {StepState.RUNNING: "▸ Under way:", StepState.DONE: "✓ Done:", StepState.FAILED: "✕ Failed:"}


def step(name: str, done: int, total: int) -> str:
    """One step of a plan; of several at once, how many are done."""
    return f"{name} ({done} of {total})" if total > 1 else name


def is_doing(what: str) -> str:
    """What stands after the bot's name while an agent works."""
    return f"is working: {what}"


ASK_AN_AGENT, START, AGENT = "Ask an agent", "Start", "Agent"
PROMPT = "What should it do?"
PROMPT_HINT = "This is what the message says. Change it as you like."
CHOOSE_AGENT, WRITE_PROMPT = "Choose an agent.", "Write what the agent should do."
STOPPED_WATCHING = (
    "That stopped what I was writing here, and not the run. To stop the run, write `!stop` in its thread or choose "
    "*Stop the run* on a card."
)
NO_AGENTS = "There are no agents yet. Add one to `andon.toml` and start me again."
NOT_BEGUN = "not begun yet"


def where_it_stands(what: str) -> str:
    """Title of a picture of a run."""
    return f"Where the run stands: {what}"


def wants_to_use(tools: Sequence[str]) -> str:
    """What a card for calls of these tools is about."""
    return f"The agent wants to use {_listed(tools)}"


def decision_on(call: str) -> str:
    """What is asked about one call of several."""
    return f"Decision on {call}"


def stopped(who: str | None) -> str:
    """The line of a stopped run; `who` as a mention."""
    return f"🛑 Run stopped by {who}" if who else "🛑 Run stopped"


def answered(done: int, total: int) -> str:
    """How far a run with several questions is."""
    return f"✋ {done} of {total} answered"


def shown_in_part(label: str, cut: str) -> str:
    """The label of a value that was cut."""
    return f"{label} ({cut})"


def more_fields(hidden: int) -> str:
    """What stands under a card that leaves fields out."""
    return f"{hidden} more {'field' if hidden == 1 else 'fields'} not shown here."


CHANNEL_MEMBERS = "members of this channel"
REQUESTER = "whoever asked"
WITHDRAW = "Take back my approval"
VOTED_ALREADY = "You approved this already."
NOT_VOTED = "There is no approval of yours to take back."
SOMEBODY_ELSE = "not by whoever asked"


def members_of(channel: str) -> str:
    """Whoever is in another channel."""
    return f"members of {channel}"


def any_of(names: Sequence[str], hidden: int) -> str:
    """Some of several people and groups."""
    *first, last = [*names, f"{hidden} more"] if hidden else names
    return f"{', '.join(first)} or {last}" if first else last


TIMED_OUT = "⌛"
REJECTED_BY_SILENCE, APPROVED_BY_SILENCE = "rejected automatically", "approved automatically"
ENDED_BY_SILENCE, STOPPED_BY_SILENCE = "the agent goes on without an answer", "the run stops"


def no_answer_by(when: str, then: str) -> str:
    """What became of a question that nobody answered. `when` as mrkdwn."""
    return f"{TIMED_OUT} *No answer by {when}*: {then}"


def answer_by(when: str, otherwise: str) -> str:
    """Until when people can answer, and what happens then."""
    return f"answer by {when}, otherwise {otherwise}"


def by_when(when: str) -> str:
    """Until when, as a sentence."""
    return f"Answer by {when}."


def expired(when: str) -> str:
    """For somebody who comes too late."""
    return f"This expired: {when}. {UNDECIDED}"


def still_waiting(agent: str, who: str) -> str:
    """A reminder in the conversation; `who` may answer, or nothing."""
    return f"⏰ *{agent}* is still waiting for an answer{f' of {who}' if who else ''}"


def waits_for_you(agent: str, asker: str) -> str:
    """A reminder to those who may answer."""
    return f"⏰ *{agent}* is waiting for an answer: you can give it. Requested by {asker}"


def may_answer_too(who: str) -> str:
    """Others may answer from now on."""
    return f"⏫ Nobody has answered yet, so {who} may answer too"


REMINDED, ESCALATED = "⏰ A reminder was given here.", "⏫ Others could answer too from here on."
OPEN_QUESTION = "Open the question"
NOTHING_TO_ANSWER = "Nothing is left to answer here."


NO_SUCH_GRANT = "Nothing like that is approved. `/agent status <run>` lists what is."
GRANT = "Approve the same for this run"


def what_is_granted(tools: str, how_long: str) -> str:
    """What somebody approves for the rest of a run."""
    return (
        f"In this run the agent may then use {tools} for {how_long} without asking, with any values. You can end that."
    )


def granted(who: str, tools: str, until: str, grant_id: str) -> str:
    """One line of a list of what was granted, as mrkdwn."""
    return f"{who} approved `{tools}` for this run until {until}. To end that: `/agent revoke {grant_id}`"


def revoked(tools: str) -> str:
    """To whoever ended a grant."""
    return f"The agent asks again before it uses `{tools}`."


DATE_AND_TIME = "{date_short_pretty} at {time}"
"""In a date token: what stands in braces, Slack fills in."""
DEEPER = "… (nested deeper than can be shown)"


def characters_of(shown: int, total: int) -> str:
    """How much of a text is shown."""
    return f"{shown:,} of {total:,} characters"


def lines_of(shown: int, total: int) -> str:
    """How many lines of a text are shown."""
    return f"{shown:,} of {total:,} lines"


def requested_by(who: str) -> str:
    """For whom an agent asks."""
    return f"Requested by {who}"


def run_of(agent: str, who: str) -> str:
    """What a run is, by whom it was started."""
    return f"{agent} for {who}"


def ended_for(how: str, who: str) -> str:
    """How a run ended, to whoever asked for it."""
    return f"{how} for {who}"


def decided(mark: str, word: str, people: Sequence[str]) -> str:
    """Who decided what."""
    return f"{mark} *{word}* by {all_of(people)}"


def automatically(mark: str, word: str, rule: str) -> str:
    """What policy decided in place of people, and by which of its conditions."""
    return f"{mark} *{word} automatically*: {rule}"


def all_of(names: Sequence[str]) -> str:
    """Several people who did something together."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def also_in(groups: Sequence[str]) -> str:
    """Those who are in all of several groups."""
    return " if also among ".join(reversed(groups))


def may_answer(who: str) -> str:
    """Who may decide, when not everybody may."""
    return f"Only {who} can answer"


def only_they_may_answer(who: str) -> str:
    """The same, to somebody else."""
    return f"Only {who} can answer this."


def have_to_agree(required: int) -> str:
    """How many have to approve, before anybody has."""
    return f"{required} people have to approve"


def votes(count: int, required: int, mentions: Sequence[str], among: str) -> str:
    """How far the approvals are; `among`: who may give them, or nothing."""
    missing = required - count
    more = f"{'one' if missing == 1 else missing} more{f' of {among}' if among else ''} needed"
    return " · ".join([f"{count} of {required}", *(f"{mention} ✓" for mention in mentions), more])


def approves_changes(who: str) -> str:
    """What an approval stands for, once somebody approved with changes."""
    return f"✏️ {who} changed this, and approvals count from there. Approving it approves these changes:"


def you_can_ask(mentions: Sequence[str]) -> str:
    """Who may answer instead."""
    return f"You can ask {' or '.join(mentions)}." if mentions else "There is nobody to ask instead just now."


def too_long_to_edit(label: str, length: int) -> str:
    """A value that no input can hold."""
    return f"{label} is too long to edit here ({length:,} characters) and stays as it is."


MUST, MUST_TOO = "Fill this in.", "Fill this in as well: it belongs to something else that is filled in."
WHOLE_NUMBER = "Enter a whole number, for example 3."
NUMBER = "Enter a number, for example 25.50."
DATE = "Choose a date."
NOT_JSON = "This cannot be read as structured data (JSON)."
NOT_RECEIVED = "This did not arrive. Enter it again."
HIDDEN = "A part is hidden behind dots. Leave it as it was, or replace all of it."
WRITE_ANSWER = "Write an answer."


def at_most(limit: int) -> str:
    """A text that no input could have taken."""
    return f"Write at most {limit:,} characters."


def not_json(line: int, column: int, problem: str) -> str:
    """Where a JSON text goes wrong."""
    return f"Line {line}, column {column}: {problem[:1].lower()}{problem[1:]}. Check quotes, brackets and commas."


CHANGED = "changed"
REPLY_HERE = "You can also just reply in this thread"
HOW_TO_ANSWER = "Open this message to answer."


def more_changes(hidden: int) -> str:
    """What stands under a list of changes that leaves some out."""
    return f"and {hidden} more {'change' if hidden == 1 else 'changes'}"


ASKED, OUTCOME = "Asked", "Outcome"


def in_full(title: str) -> str:
    """A file with everything that a card says in part."""
    return f"In full: {title}"


def page_of(number: int, count: int) -> str:
    """Where one is in a long text."""
    return f"Page {number:,} of {count:,}"


ASKED_AGAIN_BECAUSE = "The last answer did not fit. "
UNFIT = "This is not a value the agent can take."
RULES = {
    "minimum": "Enter {} or more.",
    "maximum": "Enter {} or less.",
    "exclusiveMinimum": "Enter more than {}.",
    "exclusiveMaximum": "Enter less than {}.",
    "multipleOf": "Enter a multiple of {}.",
    "minLength": "Write at least {} characters.",
    "maxLength": "Write at most {} characters.",
    "pattern": "This does not have the expected form: {}",
    "const": "This has to be {}.",
    "format": "This is not a valid {}.",
    "minItems": "Give at least {}.",
    "maxItems": "Give at most {}.",
    "uniqueItems": "Each entry may be there once only.",
    "additionalProperties": "There is an entry that nobody asked for.",
}
"""What is wrong, by the rule of JSON Schema that a value breaks."""
_KINDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of named values",
    "null": "empty",
}


def has_to_be(kind: str) -> str:
    """A value of the wrong type."""
    return f"This has to be {_KINDS.get(kind, 'of another kind')}."


def choose_one_of(values: Sequence[object]) -> str:
    """A value that is none of the allowed ones."""
    return f"Choose one of: {_listed(values)}."


def missing(names: Sequence[str]) -> str:
    """A group of values that lacks some."""
    return f"Something is missing: {_listed(names)}."


def _listed(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items[:8]) + (", …" if len(items) > 8 else "")


REST_TITLE = "Approve the rest"
APPROVES_THESE = "This approves, as they are:"
APPROVING = "Approving…"
NOTHING_TO_APPROVE = "Nothing is left that can be approved without a look at it."


def approve_the_rest(count: int) -> str:
    """The button that approves what is still open of a run."""
    return f"Approve the rest ({count})"


def approve_so_many(count: int) -> str:
    """What sends it."""
    return f"Approve {count}"


def left_out(count: int) -> str:
    """Open questions that need an answer of their own."""
    return "One more needs a look of its own." if count == 1 else f"{count} more need a look of their own."


def approved_so_many(done: int, count: int) -> str:
    """What became of it."""
    if done == count:
        return f"Approved all {count}."
    return f"Approved {done} of {count}. Nothing was decided about the others:"


# Answering differently.
ANSWER_DIFFERENTLY, ASK_AGAIN = "Answer differently", "Ask again"
WHAT_FORKING_DOES = "This is asked again in a conversation of its own. What the first answer led to is not undone."
CANNOT_FORK = "This agent cannot go back to a question. Start another run instead."
NOTHING_DECIDED_YET = "Nobody has answered this yet. Answer it on its card."
ASKING_AGAIN = "I am asking this again, in a conversation of its own in this channel."


def answered_differently(link: str) -> str:
    """On a card whose question was asked again elsewhere; `link` may not be there yet."""
    return f"↪️ Asked again, to be answered differently{f': <{link}|open>' if link else ''}"


def answered_differently_from(who: str, link: str) -> str:
    """On the first message of that conversation."""
    first = f"<{link}|the first answer>" if link else "the first answer"
    return f"↪️ Asked again for {who}, to be answered differently. What {first} led to is not undone."


# What was tried on a run, and what came of it.
AUDIT_TITLE, HISTORY_TITLE = "Who tried what", "History of the run"
NOTHING_YET = "Nothing has happened yet."
THE_POLICY = "The agent's policy"
_DEEDS = {
    "start": "started the run",
    "say": "wrote a message",
    "withdraw": "took their agreement back",
    "stop": "stopped the run",
    "retry": "had it tried again",
    "fork": "asked to answer differently",
    "hand_over": "asked somebody else to answer",
    "remind": "asked to be reminded",
    "reminded": "reminded people that nobody had answered",
    "escalated": "let others answer too, because nobody had",
    "grant": "approved the same for the rest of the run",
    "revoke": "ended the approval of the same for the rest of the run",
    "reveal": "looked at what was hidden",
    "forked": "began this as a copy, to answer differently",
}
_TRIED = {
    "answer": "answer",
    "withdraw": "take their agreement back",
    "stop": "stop the run",
    "retry": "have it tried again",
    "fork": "answer differently",
    "hand_over": "ask somebody else to answer",
    "remind": "be reminded",
    "grant": "approve the same for the rest of the run",
    "revoke": "end the approval of the same for the rest of the run",
    "say": "write a message",
    "start": "start a run",
}
_BECAUSE = {
    "decided": "somebody was first",
    "replaced": "a newer message had taken the question's place",
    "stopped": "the run had been stopped",
    "changed": "the question had changed",
    "not_an_approver": "they may not answer this",
    "own_request": "it was their own request",
    "not_yours": "it was not their run",
    "over": "the run had ended",
    "moved_on": "the conversation had gone on",
    "not_checked": "nobody could be asked who may answer",
    "voted": "they had agreed already",
    "not_voted": "they had not agreed",
    "invalid": "what they gave did not fit",
    "needs_buttons": "a message cannot decide it",
    "not_them": "whoever they asked could not answer",
    "cannot_let": "they could not let somebody else answer",
    "cannot_fork": "this agent cannot go back to a question",
    "undecided": "nobody had answered yet",
    "several_open": "several questions were open",
    "guest": "guests may not",
    "stranger": "people of other organisations may not",
    "deactivated": "their account is deactivated",
    "bot": "bots may not",
}


def deed(who: str, what: str, detail: str) -> str:
    """What somebody did, or tried to, in mrkdwn; `what` and `detail` as in the audit trail."""
    tried, _, refused = what.partition(" ")
    if refused:
        return f"🚫 {who} tried to {_TRIED.get(tried, 'press a button')}: {_BECAUSE.get(detail, 'nothing was changed')}"
    if tried in {"answer", "vote"}:
        mark, verdict = VERDICTS[Verdict(detail.partition(" ")[0])]
        more = ", and others have to agree" if tried == "vote" else ""
        return f"{mark} {who} {verdict[0].lower()}{verdict[1:]}{more}"
    return f"{who} {_DEEDS.get(tried, tried)}"


def wrote(who: str) -> str:
    """The beginning of a turn."""
    return f"💬 {who} wrote"


# To the one who clicked, and to nobody else.
NOT_SENT = "Not sent"
UNKNOWN_REQUEST = "This question is not known here any more, so nothing was decided."
STRANGER = "Only people of this workspace can answer its agents. Nothing was decided."
UNDECIDED = "Nothing was decided."
OWN_REQUEST = "You asked for this, so someone else has to answer it."
GUEST = f"Guests cannot answer this agent's questions. {UNDECIDED}"
DEACTIVATED = f"This account is deactivated, so it cannot answer. {UNDECIDED}"
BOT = f"Apps cannot answer an agent's questions. {UNDECIDED}"
REDRAWN = "This question changed since its card was drawn, so nothing was decided. The card is up to date now."
TRY_AGAIN = "Something went wrong on our side, so nothing was decided. Try again in a moment."
ANSWER_WITH_BUTTONS = "A message cannot decide this one. Use the buttons on its card."
WHICH_ONE = "Several questions are open. Answer on the card of the one you mean."
NOT_YOURS = "Only the person who started this run, or somebody who may answer for its agent, can do that."
GONE = "What was said here is not kept any more, so I cannot go on with it. Start a new run with `/agent`."
ALREADY_OVER = "That run has ended already."
MOVED_ON = "That was tried again already, or the conversation has gone on since."
TOO_LATE = "Slack did not wait for me to open that. Try again."


def already(who: str, verdict: Verdict, when: str) -> str:
    """For whoever came second."""
    return f"{who} {_DID[verdict]} this: {when}. Your answer was not used."


def already_by_policy(when: str) -> str:
    """For whoever came after a decision that nobody made."""
    return f"This was decided automatically, as the agent's policy says: {when}. {UNDECIDED}"


def nothing_left(end: str) -> str:
    """For whoever comes after the end."""
    return f"{end}. Nothing is left to answer."


_DID = {
    Verdict.APPROVED: "approved",
    Verdict.EDITED: "approved",
    Verdict.REJECTED: "rejected",
    Verdict.ANSWERED: "answered",
}


def not_checked(what: str) -> str:
    """Who could not be looked up, as mrkdwn: a user group, a channel, or the person themselves."""
    if not what:
        return "I could not check in time whether you may answer, so nothing was decided. Try again."
    question = f"who {what} is" if what.startswith("<@") else f"who is in {what}"
    return f"I could not check {question}, so nothing was decided. Try again."


def cannot_post(channel: str, code: str) -> str:
    """Why a run did not start: there is nowhere to talk about it."""
    why = {
        "not_in_channel": "I am not a member",
        "channel_not_found": "I am not a member",
        "is_archived": "it is archived",
    }
    return f"I could not start that in <#{channel}>: {why.get(code, code)}. Invite me with /invite and try again."


# Questions that are asked elsewhere.
OPEN_IT = "open"


def asked_in(channels: str) -> str:
    """In the run's conversation: in which channels its question is asked."""
    return f"📨 Asked in {channels}"


def asked_directly(people: str) -> str:
    """The same, of people who got it in a direct message."""
    return f"📨 Asked {people} directly"


def so_many_others(count: int) -> list[str]:
    """The end of a list of people; nothing when it is complete."""
    return [f"{count} {'other' if count == 1 else 'others'}"] if count else []


def not_asked_in(channel: str, *, here: bool) -> str:
    """Where it should have been asked, and why it is not; `here`: instead."""
    return f"⚠️ I cannot post in {channel}{_so_here(here)}. To change that, invite me there with /invite."


def not_asked_directly(who: str, *, here: bool) -> str:
    """The same, of somebody, or of all who may answer."""
    return f"⚠️ I could not write to {who or 'those who may answer'} directly{_so_here(here)}."


def _so_here(here: bool) -> str:
    return ", so this is asked here" if here else ""


# What `/agent` says back.
START_AN_AGENT = "Start an agent; it asks here when it needs somebody:"
NOTHING_RUNS = "Nothing of yours is running, and nothing here. `/agent help` shows what you can start."
OPEN_LINK, OPEN_CONVERSATION = "open", "Open the conversation"
MARKS = {"done": "done", "running": "running", "waiting for an answer": "waiting for an answer", "failed": "failed"}
"""How far a run has come at a node, for those who do not see the picture."""


def also_there(names: Sequence[str]) -> str:
    """Agents that are listed without an example."""
    return f"Also there: {', '.join(names)}"


def other_commands(commands: Sequence[str]) -> str:
    """What can be typed besides. `<run>` and `<agent>` stand for what people put there."""
    return f"Also: {' · '.join(f'`/agent {command}`' for command in commands)}"


def starting(agent: str) -> str:
    """To the caller at once."""
    return f"Starting *{agent}*…"


def tell_it_what(agent: str, example: str) -> str:
    """To somebody who named an agent and nothing to do."""
    return f"Tell *{agent}* what to do, for example `{example}`."


def no_such_agent(name: str, near: str = "") -> str:
    """To somebody who named an agent that is not there; `near`: one that is called almost so."""
    return f"There is no agent called `{name}`.{f' Did you mean `/agent {near} …`?' if near else ''}"


def started_by(who: str, when: str) -> str:
    """Where a run comes from."""
    return f"Started by {who} {when}"


def no_such_run(ref: str) -> str:
    """To somebody whose id fits no run."""
    return f"I know no run `{ref}` here. `/agent list` shows those under way."


def several_runs(ref: str) -> str:
    """To somebody whose id fits more than one."""
    return f"Several runs begin with `{ref}`. Give more of the one you mean."


def drawing(agent: str, link: str) -> str:
    """To who asked for a picture of a run."""
    return f"Drawing where *{agent}* stands; the picture comes to <{link}|its conversation>."


def nothing_to_draw(agent: str) -> str:
    """When a run has no graph any more, or nowhere to show it."""
    return f"There is nothing to draw for *{agent}*: its agent is gone, or its conversation is."


def asked_for_picture(who: str) -> str:
    """Above the picture."""
    return f"{who} asked where the run stands."


def stopped_by_command(agent: str) -> str:
    """To whoever stopped a run by command."""
    return f"Stopped *{agent}*."


# A policy in words.
NOT_LOOKED_UP = "Who that is I could not look up just now."
BY_DEFAULT = "default"
EVERYBODY = "Everybody of this workspace who sees the question"
NOT_WHOEVER_ASKED = "Whoever asked may not answer"
GUESTS_MAY = "Guests may answer too; apps, deactivated accounts and other organisations never may"
GUESTS_MAY_NOT = "Guests may not answer; apps, deactivated accounts and other organisations never may"
REMINDER, MESSAGE_TO_APPROVERS = "A reminder in the conversation", "A direct message to those who may answer"
NO_HANDING_OVER = "Nobody can let somebody else answer"
REASON_REQUIRED = "Whoever rejects has to say why"
DIRECT_MESSAGES = "direct messages to those who may answer"
APPROVED_BY_TIME, REJECTED_BY_TIME = "Approved automatically", "Rejected automatically"


def who_may_answer(agent: str) -> str:
    """The title of an agent's policy."""
    return f"*{agent}*: who may answer"


def as_of_now(people: str) -> str:
    """Who that is."""
    return f"As of now: {people}"


def for_tool(tool: str) -> str:
    """The title of what is different for a tool."""
    return f"For `{tool}`"


def about_policies(every: str) -> str:
    """What holds for every policy."""
    return (
        f"A question can ask for less than this, never for more. Members are looked up every {every}, "
        "and again before anybody is refused."
    )


def whose_policy(commands: str) -> str:
    """To somebody who named no agent that is there."""
    return f"Whose policy? {commands}"


def they_may_answer(who: str) -> str:
    """Who may answer."""
    return f"{who} may answer"


def they_may_answer_too(who: str) -> str:
    """Who may answer once nobody has for a while."""
    return f"{who} may answer too"


def so_many_agree(required: int) -> str:
    """How many have to approve."""
    return f"{required} people have to agree; one rejection is enough"


def asked_elsewhere(place: str) -> str:
    """Where questions are asked, if not in the run's conversation."""
    return f"Asked in {place}, and where the run is people hear of it"


def approved_without_asking(condition: str) -> str:
    """What policy approves by itself."""
    return f"Approved without asking anybody: `{condition}`"


def grants_hold(how_long: str) -> str:
    """How long people can approve the same for the rest of a run."""
    return f"“{GRANT}” holds for calls of the same tool, {how_long} long"


def after(what: str, how_long: str) -> str:
    """What happens when nobody answers."""
    return f"{what} after {how_long}"


def clock_runs(hours: str) -> str:
    """When time counts."""
    return f"The clock runs {hours}"


# Asking somebody else, and being reminded.
ASK_SOMEBODY, REMIND_ME = "Ask someone else…", "Remind me in 1 hour"
ASK_SOMEBODY_TITLE, ASK = "Ask someone else", "Ask"
WHOM = "Who should answer this?"
WHOM_HINT = "They get the question in a direct message. You can still answer it yourself, if you may."
NOTE_HINT = "Everybody who sees the question can read this."
CHOOSE_SOMEBODY_ELSE = "Choose somebody else."
CANNOT_LET = "They may not answer this, and you cannot let them. Ask somebody who may."


def not_them(reason: str) -> str:
    """Somebody whom nobody can let answer; `reason` as in the audit trail."""
    return f"They cannot answer this: {_BECAUSE.get(reason, 'they may not')}."


def handed_to(by: str, to: str, note: str) -> str:
    """On the card: somebody may answer because of whoever asked them to."""
    return f"↪️ Handed to {to} by {by}{f': {note}' if note else ''}"


def asks_to_answer(by: str, to: str, note: str) -> str:
    """On the card: somebody who may answer was asked to."""
    return f"↪️ {by} asks {to} to answer this{f': {note}' if note else ''}"


def will_remind(when: str) -> str:
    """To whoever wants to be reminded."""
    return f"I will remind you if this is still open then: {when}."


def you_wanted_to_know(agent: str, asker: str) -> str:
    """The reminder."""
    return f"⏰ You asked me to remind you: *{agent}* is still waiting for an answer. {requested_by(asker)}"


# The Home tab.
WAITING_FOR_YOU = "Waiting for you"
STARTED_BY_YOU = "Started by you"
NOTHING_WAITS = "Nothing is waiting for you."
START_SOMETHING = "Start an agent with /agent in any channel I am in, or write to me here:"
OPEN = "Open"
DECIDED_LATELY = "Decided lately"


def more_in_home(hidden: int, *, more: bool) -> str:
    """The end of a list of what waits for somebody."""
    return f"and {hidden}{' or more' if more else ''} more: open my Home tab"


def in_its_conversation(link: str) -> str:
    """The way to where a question was asked."""
    return f"<{link}|Open its conversation>"


def range_of(first: int, last: int, total: int) -> str:
    """Where in a list one is."""
    return f"{first} to {last} of {total}"


def more_agents(hidden: int) -> str:
    """What stands under a list of agents that leaves some out."""
    return f"and {hidden} more: `/agent help`"


UNKNOWN_COMMAND = "I do not know that command. Try /agent help."
