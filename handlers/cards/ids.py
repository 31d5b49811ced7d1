"""The names Slack hands back to us: written by the builders, parsed by the listeners, nowhere else.

They carry references only, never authority: whoever reads one looks the record up and checks it again.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from runtime.engine.ids import derive_id
from runtime.requests.records import RequestId, ThreadId

ACT = "act"
"""Prefix of an answer button's action id: `act:<action key>`; its value is the request id."""
MORE = "more"
"""Action id of a card's overflow menu.

Its options' values are `VIEW`, `WITHDRAW`, `HAND_OVER`, `REMIND` and `STOP`.
"""
VIEW = "view"
"""Show everything: a button's action id (value: request id), or an option of `MORE`."""
VIEW_RUN = "view_run"
"""Show what a run was asked, in full: a button's action id (value: thread id)."""
VIEW_TURN = "view_turn"
"""Show how a turn ended, in full: a button's action id (value: turn id)."""
WITHDRAW = "withdraw"
"""Take one's vote back: an option of `MORE`."""
HAND_OVER = "hand_over"
"""Ask somebody else: an option of `MORE`, and the callback id of the modal that says whom."""
REMIND = "remind"
"""Be reminded later: an option of `MORE`."""
STOP = "stop"
"""Stop the run: an option of `MORE`."""
STOP_RUN = "stop_run"
"""Ask before a run is stopped: a button's action id (value: thread id)."""
HOME_PAGE = "home_page"
"""Prefix of the paging buttons' action ids on the Home tab; their value is the page to show."""
RETRY = "retry"
"""Try a failed run again: a button's action id (value: turn id)."""
FORK = "fork"
"""Answer a decided question differently: an option of `MORE`."""
AUDIT, HISTORY = "audit", "history"
"""What a view shows of a run, and the word after `/agent` that opens it."""
GRANT = "grant"
"""Approve the same for this run: a button's action id (value: request id)."""
LINK = "link"
"""Action id of buttons that only follow a link; Slack sends those clicks too."""
PAGE = "page"
"""Prefix of the paging buttons' action ids in the details view; their value is the page to show."""

FORM_BACK = "form_back"
"""Action id of the button that leads to the page before, in a form of several."""

REVEAL = "reveal"
"""Show what is hidden: a button's action id in the details view (value: request id)."""
REST = "rest"
"""Approve the rest: a button's action id (value: thread id), and the callback id of the modal that lists it."""

ANSWER = "answer"
"""Callback id of every modal that answers a request."""
START = "start"
"""Callback id of the modal that starts an agent on a message."""
ASK_AGENT = "ask_agent"
"""Callback id of the shortcut that opens it."""
NOTICE = "notice"
"""Callback id of a modal that says why something did not happen."""
DETAILS = "details"
"""Callback id of the modal that only shows."""

NOTE = "note"
"""Block id of a form's last input: a reason or a note."""
REASON = "reason"
"""Block id of a choice of reasons, above `NOTE`."""
TEXT = "text"
"""Block id of a free-text answer."""
INPUT = "value"
"""Action id of the element inside every input block."""

_CARD = "req"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRef:
    """Which request a card's buttons belong to, and which revision of it was drawn."""

    request_id: RequestId
    revision: int


def act(key: str) -> str:
    """The action id of the button for the action `key`."""
    return f"{ACT}:{key}"


def action_key(action_id: str) -> str | None:
    """The action's key; None if this is no answer button."""
    prefix, _, key = action_id.partition(":")
    return key if prefix == ACT and key else None


def card_block(request_id: RequestId, revision: int) -> str:
    """The block id of a card's buttons. Slack wants a new one whenever a message changes: the revision gives it."""
    return f"{_CARD}:{request_id}:{revision}"


def parse_card_block(block_id: str) -> CardRef | None:
    """Read `card_block` back; None if this is something else."""
    prefix, _, rest = block_id.partition(":")
    request_id, _, revision = rest.rpartition(":")
    if prefix != _CARD or not request_id or not (revision.isascii() and revision.isdigit()):
        return None
    return CardRef(request_id=RequestId(request_id), revision=int(revision[:18]))


def field_block(path: Sequence[str], branches: Sequence[str] = ()) -> str:
    """The block id of a form's input: a digest, because a field's keys may be longer than a block id can be.

    The same as long as the field is the same one, because Slack keeps by it what was typed when a form is redrawn.
    """
    return f"field:{derive_id(json.dumps([path, branches]))[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRef:
    """What a modal is about: the content of its `private_metadata`."""

    request_id: RequestId | None = None
    thread_id: ThreadId | None = None
    turn_id: str | None = None
    action: str | None = None
    page: int = 0
    revealed: bool = False
    """Whether the details show what is hidden elsewhere; whoever turns the page is checked again."""

    def dump(self) -> str:
        """As `private_metadata`: ids and the page, no arguments."""
        return json.dumps({key: value for key, value in asdict(self).items() if value})


def parse_view_ref(metadata: str) -> ViewRef | None:
    """Read `ViewRef.dump` back; None if this is something else."""
    try:
        data = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    texts = {
        key: data[key] for key in ("request_id", "thread_id", "turn_id", "action") if isinstance(data.get(key), str)
    }
    page = data.get("page")
    return ViewRef(**texts, page=page if isinstance(page, int) else 0, revealed=data.get("revealed") is True)


def rest_ref(request_ids: Sequence[RequestId]) -> str:
    """Which requests were listed to be approved together, as that modal's `private_metadata`."""
    return json.dumps(request_ids)


def parse_rest_ref(metadata: str) -> tuple[RequestId, ...]:
    """Read `rest_ref` back; nothing if this is something else."""
    try:
        data = json.loads(metadata)
    except ValueError:
        return ()
    return tuple(RequestId(item) for item in data if isinstance(item, str)) if isinstance(data, list) else ()
