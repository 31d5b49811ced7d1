"""What people do in modals: submit and close, and what the app's answer to a submission does."""

from __future__ import annotations

from typing import Any

from bot.sandbox import inputs, payloads
from bot.sandbox.blocks import stateful
from bot.sandbox.courier import Courier
from bot.sandbox.errors import NotPossibleError, RefusalError
from bot.sandbox.methods_views import checked_view
from bot.sandbox.site import Site
from bot.sandbox.transports import Parcel

Json = dict[str, Any]

TROUBLE = "We had some trouble connecting. Try again?"


class Modals:
    def __init__(self, site: Site, courier: Courier) -> None:
        self._site = site
        self._courier = courier

    async def submit(self, user: str, view_id: str, values: Json) -> dict[str, str]:
        """Submit the top view. Returns {block_id: error}; NotPossibleError when the app did not take it."""
        self._top(user, view_id)
        view = self._site.views.type_into(view_id, values)
        complaints = inputs.complaints(view["blocks"], view["state"]["values"])
        if complaints:
            return complaints
        body = payloads.view_submission(
            self._site.workspace.member(user),
            view,
            trigger_id=self._site.triggers.issue(user, in_modal=True),
            response_urls=self._response_urls(user, view),
        )
        answer = await self._courier.deliver(Parcel(kind="interactive", name="view_submission", payload=body))
        if answer.error:
            raise NotPossibleError(TROUBLE)
        try:
            return self._react(user, view, answer.payload)
        except RefusalError as refusal:
            reasons = refusal.extra.get("response_metadata", {}).get("messages", [])
            raise NotPossibleError("; ".join([f"{TROUBLE} ({refusal.code})", *reasons])) from refusal

    def close(self, user: str, view_id: str, *, everything: bool = False) -> None:
        """Close the top view (its Close button, or Escape), or the whole stack (the cross)."""
        view = self._top(user, view_id)
        everything = everything or view["clear_on_close"]
        closed = self._site.views.stack(user) if everything else [view]
        if everything:
            self._site.views.clear(user)
        else:
            self._site.views.close(user, view_id)
        for one in reversed(closed):
            if one["notify_on_close"]:
                member = self._site.workspace.member(user)
                body = payloads.view_closed(member, one, is_cleared=everything)
                self._courier.post_interaction("view_closed", body)

    def _top(self, user: str, view_id: str) -> Json:
        stack = self._site.views.stack(user)
        if not stack or stack[-1]["id"] != view_id:
            raise NotPossibleError("This dialog is no longer open.")
        return stack[-1]

    def _react(self, user: str, view: Json, payload: Any) -> dict[str, str]:
        """Do what the acknowledgement says; an empty one closes the view. Too late if the person closed it."""
        if all(shown["id"] != view["id"] for shown in self._site.views.stack(user)):
            return {}
        answer = payload or {}
        match answer.get("response_action"):
            case None if not answer:
                self._site.views.close(user, view["id"])
            case "errors":
                return _errors(view, answer.get("errors"))
            case "update":
                new = checked_view(answer.get("view"), ("modal",))
                self._site.views.update(view["id"], new)
            case "push":
                self._site.views.push(user, checked_view(answer.get("view"), ("modal",)))
            case "clear":
                self._site.views.clear(user)
            case _:
                raise RefusalError("invalid_response_action")
        return {}

    def _response_urls(self, user: str, view: Json) -> list[Json]:
        """One for each conversation chosen in an input with `response_url_enabled`."""
        found = []
        for block, element in stateful(view["blocks"]):
            if not element.get("response_url_enabled"):
                continue
            held = view["state"]["values"][block["block_id"]][element["action_id"]]
            channel = held.get(inputs.VALUE_KEYS[element["type"]])
            if channel:
                found.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel,
                        "response_url": self._site.response_url(self._site.responses.issue(user, channel)),
                    }
                )
        return found


def _errors(view: Json, errors: Any) -> dict[str, str]:
    """The app's errors; Slack shows a general failure unless each is for an input block of this view."""
    inputs_here = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise RefusalError("invalid_errors")
    strangers = sorted(errors.keys() - inputs_here)
    if strangers:
        lines = [f"[ERROR] {name!r} is not an input block of the view" for name in strangers]
        raise RefusalError("invalid_errors", response_metadata={"messages": lines})
    return {str(block_id): str(text) for block_id, text in errors.items()}
