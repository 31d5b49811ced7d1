"""views.*: modals and the Home tab."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.blockkit import Problem, check_view
from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.methods import Args, Method
from bot.sandbox.outgoing import refusal_of
from bot.sandbox.site import Site

Json = dict[str, Any]

VIEW_BYTES = 250_000


def checked_view(view: Any, kinds: tuple[str, ...]) -> Json:
    """A view fit to show; raises what Slack answers to one that is not."""
    if len(json.dumps(view)) > VIEW_BYTES:
        raise RefusalError("view_too_large")
    problems = [Problem(f"/view{problem.pointer}", problem.message) for problem in check_view(view)]
    if problems:
        raise refusal_of(problems, "invalid_arguments")
    if view["type"] not in kinds:
        raise refuse_arguments(f"view type must be one of {', '.join(kinds)} here [json-pointer:/view/type]")
    return dict(view)


def open_view(site: Site, args: Args) -> Json:
    view = _view(args, ("modal",))
    user = site.triggers.exchange(_trigger(args))
    return {"view": site.views.open(user, view)}


def push(site: Site, args: Args) -> Json:
    view = _view(args, ("modal",))
    user = site.triggers.exchange(_trigger(args), from_modal=True)
    return {"view": site.views.push(user, view)}


def update(site: Site, args: Args) -> Json:
    view_id, external_id = args.text("view_id"), args.text("external_id")
    if not view_id and not external_id:
        raise refuse_arguments("one of view_id and external_id is required")
    view = _view(args, ("modal", "home"))
    _, old = site.views.find(view_id, external_id)
    if old["type"] != view["type"]:
        raise refuse_arguments(f"the view to update is a {old['type']} [json-pointer:/view/type]")
    return {"view": site.views.update(old["id"], view, expected=args.text("hash"))}


def publish(site: Site, args: Args) -> Json:
    user = site.workspace.member(args.required("user_id")).id
    return {"view": site.views.publish(user, _view(args, ("home",)), args.text("hash"))}


def _view(args: Args, kinds: tuple[str, ...]) -> Json:
    if "view" not in args:
        raise refuse_arguments("missing required field: view")
    return checked_view(args.structure("view", "invalid_arguments"), kinds)


def _trigger(args: Args) -> str:
    return args.text("trigger_id") or args.required("interactivity_pointer")


METHODS = {
    "views.open": Method(run=open_view, args=frozenset({"trigger_id", "interactivity_pointer", "view"})),
    "views.push": Method(run=push, args=frozenset({"trigger_id", "interactivity_pointer", "view"})),
    "views.update": Method(run=update, args=frozenset({"view_id", "external_id", "hash", "view"})),
    "views.publish": Method(run=publish, args=frozenset({"user_id", "hash", "view"})),
}
