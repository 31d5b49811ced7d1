"""What each person has open: a stack of up to three modals, and their Home tab.

Views are stored as Slack returns them. What was typed lives in the view's own `state`, so that an update keeps
the input of every element whose block_id and action_id stay the same. A stored view is never modified, only
replaced.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bot.sandbox import cast, inputs
from bot.sandbox.blocks import with_ids
from bot.sandbox.changes import Change, Changes
from bot.sandbox.errors import RefusalError
from bot.sandbox.persistence import Documents

Json = dict[str, Any]

STACK_LIMIT = 3
_ABSENT = {
    "private_metadata": "",
    "callback_id": "",
    "external_id": "",
    "submit": None,
    "close": None,
    "clear_on_close": False,
    "notify_on_close": False,
}


class Views:
    def __init__(self, documents: Documents, changes: Changes, now: Callable[[], float]) -> None:
        self._documents = documents
        self._changes = changes
        self._now = now
        self._stacks: dict[str, list[Json]] = documents.all("views")
        self._homes: dict[str, Json] = documents.all("home")

    # --- reading -------------------------------------------------------------------------------------------

    def stack(self, user: str) -> list[Json]:
        """The person's modals, bottom first."""
        return list(self._stacks.get(user, ()))

    def home(self, user: str) -> Json | None:
        return self._homes.get(user)

    def find(self, view_id: str | None, external_id: str | None = None) -> tuple[str, Json]:
        """(user, view) of an open modal or a Home tab."""
        for user, view in self._all():
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                return user, view
        raise RefusalError("not_found")

    # --- what the app does ---------------------------------------------------------------------------------

    def open(self, user: str, view: Json) -> Json:
        """Show a modal, in place of whatever the person had open."""
        built = self._build(view)
        self._stacks[user] = [built]
        return self._shown(user, built)

    def push(self, user: str, view: Json) -> Json:
        stack = self._stacks.get(user, [])
        if not stack:
            raise RefusalError("not_found")
        if len(stack) >= STACK_LIMIT:
            raise RefusalError("push_limit_reached")
        built = self._build(view) | {"root_view_id": stack[0]["id"], "previous_view_id": stack[-1]["id"]}
        stack.append(built)
        return self._shown(user, built)

    def update(
        self, view_id: str | None, view: Json, *, external_id: str | None = None, expected: str | None = None
    ) -> Json:
        """Replace an open view; `expected` is the hash the caller saw last."""
        user, old = self.find(view_id, external_id)
        self._expect(old, expected)
        built = self._build(view, old)
        if old["type"] == "home":
            return self._published(user, built)
        self._replace(user, built)
        return self._shown(user, built)

    def publish(self, user: str, view: Json, expected: str | None = None) -> Json:
        old = self._homes.get(user)
        if old is not None:
            self._expect(old, expected)
        return self._published(user, self._build(view, old))

    # --- what the person does ------------------------------------------------------------------------------

    def type_into(self, view_id: str, values: Json) -> Json:
        """Note what the person typed or chose; returns the view with it."""
        user, old = self.find(view_id)
        view = {**old, "state": {"values": inputs.merge(old["blocks"], values)}}
        self._replace(user, view)
        self._keep(user)
        return view

    def close(self, user: str, view_id: str) -> None:
        """Close one view; the one below shows again."""
        self._stacks[user] = [view for view in self._stacks[user] if view["id"] != view_id]
        self._changed(user)

    def clear(self, user: str) -> None:
        self._stacks[user] = []
        self._changed(user)

    # --- inside --------------------------------------------------------------------------------------------

    def _all(self) -> list[tuple[str, Json]]:
        open_views = [(user, view) for user, stack in self._stacks.items() for view in stack]
        return [*open_views, *self._homes.items()]

    def _build(self, view: Json, old: Json | None = None) -> Json:
        """The view as Slack stores it, with the place and the input of the one it replaces."""
        view_id = old["id"] if old else f"V{secrets.token_hex(5).upper()}"
        external_id = view.get("external_id")
        if external_id and any(v["external_id"] == external_id and v["id"] != view_id for _, v in self._all()):
            raise RefusalError("duplicate_external_id")
        blocks = with_ids(view["blocks"])
        typed = old["state"]["values"] if old else {}
        return {
            **_ABSENT,
            **view,
            "blocks": blocks,
            "id": view_id,
            "team_id": cast.TEAM_ID,
            "app_id": cast.APP_ID,
            "app_installed_team_id": cast.TEAM_ID,
            "bot_id": cast.BOT_ID,
            "hash": f"{int(self._now())}.{secrets.token_urlsafe(6)}",
            "state": {"values": inputs.merge(blocks, typed)},
            "root_view_id": old["root_view_id"] if old else view_id,
            "previous_view_id": old["previous_view_id"] if old else None,
        }

    def _replace(self, user: str, view: Json) -> None:
        """Put a newer version of an open view in its place."""
        if view["type"] == "home":
            self._homes[user] = view
        else:
            stack = self._stacks[user]
            self._stacks[user] = [view if shown["id"] == view["id"] else shown for shown in stack]

    def _expect(self, view: Json, expected: str | None) -> None:
        if expected is not None and expected != view["hash"]:
            raise RefusalError("hash_conflict")

    def _shown(self, user: str, view: Json) -> Json:
        self._changed(user)
        return view

    def _published(self, user: str, view: Json) -> Json:
        self._homes[user] = view
        self._keep(user)
        self._changes.publish(Change(kind="home", user=user, body={"view": view}))
        return view

    def _changed(self, user: str) -> None:
        self._keep(user)
        self._changes.publish(Change(kind="views", user=user, body={"views": self.stack(user)}))

    def _keep(self, user: str) -> None:
        self._documents.put("views", user, self._stacks.get(user, []))
        if user in self._homes:
            self._documents.put("home", user, self._homes[user])
