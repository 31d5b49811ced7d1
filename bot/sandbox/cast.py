"""Who and what every sandbox starts with: the team, its people, channels and user groups.

Ids are fixed and readable, so that a test can name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

TEAM_ID = "T0ANDON"
TEAM_NAME = "Andon Sandbox"
TEAM_DOMAIN = "andon-sandbox"
OTHER_TEAM_ID = "T0OTHER"
BOT_USER_ID = "U0ANDON"
BOT_ID = "B0ANDON"
APP_ID = "A0ANDON"
SLACKBOT_ID = "USLACKBOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account. `color` is a hex colour without `#`, as users.info has it."""

    id: str
    name: str
    real_name: str
    color: str
    team_id: str = TEAM_ID
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_bot: bool = False
    deleted: bool = False
    locale: str = "en-US"

    def as_user(self) -> dict[str, Any]:
        """The `user` object of users.info."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "color": self.color,
            "real_name": self.real_name,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": {"real_name": self.real_name, "display_name": self.name, "team": self.team_id},
            "is_admin": False,
            "is_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_stranger": self.is_stranger,
            "updated": 0,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel, or the direct message of `user` with the bot. `members` are user ids."""

    id: str
    name: str
    kind: Literal["channel", "im"]
    members: tuple[str, ...]
    is_ext_shared: bool = False
    user: str | None = None

    @property
    def channel_type(self) -> str:
        """As message events have it."""
        return self.kind

    def as_conversation(self) -> dict[str, Any]:
        """The `channel` object of conversations.info."""
        if self.kind == "im":
            return {"id": self.id, "created": 0, "is_im": True, "is_org_shared": False, "user": self.user}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "created": 0,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": False,
            "is_archived": False,
            "is_general": self.name == "general",
            "is_member": BOT_USER_ID in self.members,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "is_org_shared": False,
            "context_team_id": TEAM_ID,
            "num_members": len(self.members),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A user group (`@handle`) and the ids of its members."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]

    def as_usergroup(self) -> dict[str, Any]:
        """The object of usergroups.list."""
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "is_external": False,
            "date_delete": 0,
            "user_count": len(self.users),
        }


PEOPLE = (
    Member(id="U0ANA", name="ana", real_name="Ana Alves", color="9f69e7"),
    Member(id="U0BEN", name="ben", real_name="Ben Baker", color="4bbe2e"),
    Member(id="U0CARLA", name="carla", real_name="Carla Cruz", color="e7392d"),
    Member(id="U0DAN", name="dan", real_name="Dan Diaz", color="3c989f", is_restricted=True),
    Member(id="U0EVE", name="eve", real_name="Eve Ek", color="674b1b", team_id=OTHER_TEAM_ID),
)
USER_GROUPS = (
    UserGroup(id="S0FINANCE", handle="finance", name="Finance", users=("U0BEN", "U0CARLA")),
    UserGroup(id="S0OPS", handle="ops", name="Operations", users=("U0CARLA",)),
)

_HOME_TEAM = tuple(person.id for person in PEOPLE if person.team_id == TEAM_ID)
CHANNELS = (
    Channel(id="C0GENERAL", name="general", kind="channel", members=(*_HOME_TEAM, BOT_USER_ID)),
    Channel(id="C0REFUNDS", name="refunds", kind="channel", members=(*_HOME_TEAM, BOT_USER_ID)),
    Channel(id="C0DEPLOYS", name="deploys", kind="channel", members=(*_HOME_TEAM, BOT_USER_ID)),
    Channel(
        id="C0SHARED",
        name="shared",
        kind="channel",
        members=(*_HOME_TEAM, "U0EVE", BOT_USER_ID),
        is_ext_shared=True,
    ),
    *(
        Channel(
            id=f"D0{person.name.upper()}",
            name=person.name,
            kind="im",
            members=(person.id, BOT_USER_ID),
            user=person.id,
        )
        for person in PEOPLE
    ),
)
