"""What a Web API method is: its function, its scope, its arguments. The methods are in the `methods_*` modules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.site import Site

Json = dict[str, Any]

_TRUE = frozenset({"1", "true", True})


class Args:
    """The arguments of one call. Structures may come as JSON text, flags as `1` or `true`, as in Slack."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = {name: value for name, value in given.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, str):
            raise refuse_arguments(f"must be a string [json-pointer:/{name}]")
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise refuse_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        return self.given.get(name) in _TRUE

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise refuse_arguments(f"must be an integer [json-pointer:/{name}]") from None

    def moment(self, name: str, default: float) -> float:
        """A ts, in seconds."""
        try:
            return float(self.given.get(name) or default)
        except (TypeError, ValueError):
            raise RefusalError(f"invalid_ts_{name}") from None

    def structure(self, name: str, wrong: str) -> Any:
        """A list or an object; `wrong` is the error code when the text is no JSON."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise RefusalError(wrong) from None


Run = Callable[[Site, Args], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """`scope` may be a function of the site and the arguments, where it depends on the kind of conversation."""

    run: Run
    scope: str | Callable[[Site, Args], str] | None = None
    args: frozenset[str] | None = None
    """All arguments there are; None: not checked."""
    token: str = "bot"  # noqa: S105  the kind of token, not a token
    """`bot`, `app` or `none`."""

    def needed_scope(self, site: Site, args: Args) -> str | None:
        return self.scope(site, args) if callable(self.scope) else self.scope


def scope_by_kind(action: str) -> Callable[[Site, Args], str]:
    """`channels:history` in a channel, `im:history` in a direct message."""

    def scope(site: Site, args: Args) -> str:
        reference = args.given.get("channel")
        known = site.workspace.channels.get(str(reference))
        return f"im:{action}" if known is not None and known.kind == "im" else f"channels:{action}"

    return scope


def page_of(items: list[Json], args: Args, default: int) -> tuple[list[Json], Json]:
    """One page of a listing and the answer's paging fields. A cursor is the number of items already seen."""
    limit = args.number("limit", default) or default
    start = args.number("cursor", 0) if args.given.get("cursor") else 0
    more = start + limit < len(items)
    cursor = {"next_cursor": str(start + limit) if more else ""}
    return items[start : start + limit], {"has_more": more, "response_metadata": cursor}
