"""How a policy names people and places: members, user groups, channels, and those whom only the run tells."""

import re
from typing import Final

CHANNEL: Final = "channel"
"""Approver: whoever is a member of the conversation the question is asked in."""
REQUESTER: Final = "requester"
"""Approver: whoever started the run."""
HERE: Final = "here"
"""Where to ask: in the run's own conversation."""
DIRECTLY: Final = "dm"
"""Where to ask: each of those who may answer, in a direct message."""

_USER = re.compile(r"[UW][A-Z0-9]+")
_CONVERSATION = re.compile(r"[CG][A-Z0-9]+")
_CHANNEL_NAME = re.compile(r"#[^\s#@<>,.:;!?]{1,80}")
_GROUP = re.compile(r"S[A-Z0-9]+|@[^\s@]+")


def is_group(approver: str) -> bool:
    """Whether it names a user group, by id or handle."""
    return bool(_GROUP.fullmatch(approver))


def is_conversation(approver: str) -> bool:
    """Whether it names the members of a conversation, by its id."""
    return bool(_CONVERSATION.fullmatch(approver))


def is_channel_name(place: str) -> bool:
    """Whether it names a channel by `#name`."""
    return bool(_CHANNEL_NAME.fullmatch(place))


def is_user(approver: str) -> bool:
    """Whether it is a member's id."""
    return bool(_USER.fullmatch(approver))


def is_approver(approver: str) -> bool:
    """Whether it names anybody who could answer."""
    kinds = (is_user, is_group, is_conversation)
    return approver in {CHANNEL, REQUESTER} or any(kind(approver) for kind in kinds)
