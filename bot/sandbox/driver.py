"""People in tests: `ana.press(message, "Approve")`. Everything goes through the code the page uses.

Elements are found by what a person reads on them. Messages and views are passed as the dictionaries a test got
before, so a press on an old copy is a late click. Each act returns once the bot has acknowledged it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox import cast, gestures
from bot.sandbox.blocks import elements
from bot.sandbox.errors import NotPossibleError
from bot.sandbox.form import fill
from bot.sandbox.interactions import Interactions
from bot.sandbox.methods_live import stop_as_person
from bot.sandbox.modals import Modals
from bot.sandbox.site import Site

Json = dict[str, Any]


class Person:
    def __init__(self, member: cast.Member, site: Site, interactions: Interactions, modals: Modals) -> None:
        self.id = member.id
        self.name = member.name
        self._site = site
        self._interactions = interactions
        self._modals = modals

    # --- words ---------------------------------------------------------------------------------------------

    async def command(self, text: str, channel: str = "general") -> Json | None:
        """Run a slash command. Returns the answer only this person sees, or None."""
        return await self._interactions.command(self.id, self._channel(channel), text)

    async def say(self, text: str, channel: str = "general", thread_ts: str | None = None) -> Json:
        """Post a message. `channel` is a name, an id, or `dm` for the direct message with the bot."""
        return self._interactions.say(self.id, self._channel(channel), text, thread_ts)

    async def edit(self, message: Json, text: str) -> Json:
        return self._interactions.edit(self.id, self._place(message), message["ts"], text)

    async def delete(self, message: Json) -> None:
        self._interactions.delete(self.id, self._place(message), message["ts"])

    async def react(self, message: Json, name: str) -> None:
        """Add a reaction, or take it back."""
        self._interactions.react(self.id, self._place(message), message["ts"], name)

    def ephemerals(self, channel: str | None = None) -> list[Json]:
        """What only this person sees, oldest first."""
        return self._site.workspace.ephemerals(self.id, None if channel is None else self._channel(channel))

    # --- buttons and menus ---------------------------------------------------------------------------------

    def button(self, surface: Json, label: str, nth: int | None = None) -> Json:
        """The button with this label on a message or view; AssertionError names the labels there are.

        With the same label more than once (a Home tab), `nth` says which, from 0.
        """
        return self._button(surface, label, nth)[1]

    async def press(self, surface: Json, label: str, *, confirm: bool = True, nth: int | None = None) -> str | None:
        """Press a button. `confirm` answers its confirm dialog, if it has one. Returns what went wrong."""
        block, element = self._button(surface, label, nth)
        if "confirm" in element and not confirm:
            return None
        value = {"value": element["value"]} if "value" in element else {}
        return await self._act(surface, block, element, value)

    async def choose(self, surface: Json, label: str, *, confirm: bool = True) -> str | None:
        """Choose an option, by its label, of an overflow menu, select, radio group or checkboxes."""
        found = [
            (block, element, option)
            for block, element in elements(surface.get("blocks", []))
            for option in gestures.options_of(element)
            if option["text"]["text"] == label
        ]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} options are called {label!r}; there are {_options(surface)}")
        block, element, option = found[0]
        if "confirm" in element and not confirm:
            return None
        many = element["type"] in {"checkboxes", "multi_static_select"}
        choice = {"selected_options": [option]} if many else {"selected_option": option}
        return await self._act(surface, block, element, choice)

    async def shortcut(self, callback_id: str, message: Json | None = None) -> str | None:
        """Use a message shortcut, or a global one without a message. Returns what went wrong."""
        if message is None:
            return await self._interactions.shortcut(self.id, callback_id, None, None)
        return await self._interactions.shortcut(self.id, callback_id, self._place(message), message["ts"])

    def stop_stream(self, message: Json) -> None:
        """Press Slack's own stop button beside what is being written."""
        stop_as_person(self._site, self._place(message), message["ts"])

    # --- modals and the Home tab ---------------------------------------------------------------------------

    @property
    def modal(self) -> Json | None:
        """The modal on top, or None."""
        stack = self._site.views.stack(self.id)
        return stack[-1] if stack else None

    @property
    def views(self) -> list[Json]:
        """All open modals, bottom first."""
        return self._site.views.stack(self.id)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Type into the top modal without submitting it."""
        view = self._open_modal()
        self._site.views.type_into(view["id"], fill(view, values, self._site.workspace))

    async def submit(self, values: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Fill in (by label or block_id) and submit the top modal. Returns {label: error}.

        A general failure, where Slack shows no field, comes under the key "".
        """
        self.fill(values or {})
        view = self._open_modal()
        labels = {block["block_id"]: block["label"]["text"] for block in view["blocks"] if block["type"] == "input"}
        try:
            errors = await self._modals.submit(self.id, view["id"], view["state"]["values"])
        except NotPossibleError as error:
            return {"": str(error)}
        return {labels[block_id]: text for block_id, text in errors.items()}

    async def close_modal(self, *, everything: bool = False) -> None:
        self._modals.close(self.id, self._open_modal()["id"], everything=everything)

    async def open_home(self) -> None:
        self._interactions.open_home(self.id)

    @property
    def home(self) -> Json | None:
        """The Home tab as published last, or None."""
        return self._site.views.home(self.id)

    # --- inside --------------------------------------------------------------------------------------------

    async def _act(self, surface: Json, block: Json, element: Json, choice: Json) -> str | None:
        made = gestures.action(block, element, choice)
        if surface["type"] in {"modal", "home"}:
            typed = self._site.views.find(surface["id"])[1]["state"]["values"]
            return await self._interactions.act_on_view(self.id, surface, made, gestures.with_choice(typed, made))
        message = {**surface, "channel": self._place(surface)}
        return await self._interactions.act_on_message(self.id, message, made, gestures.with_choice({}, made))

    def _button(self, surface: Json, label: str, nth: int | None) -> tuple[Json, Json]:
        buttons = list(_buttons(surface))
        found = [(block, element) for text, block, element in buttons if text == label]
        if not found:
            raise AssertionError(f"no button {label!r}; there are {[text for text, *_ in buttons]}")
        if len(found) > 1 and nth is None:
            raise AssertionError(f"{len(found)} buttons are called {label!r}; say which with nth=")
        return found[nth or 0]

    def _open_modal(self) -> Json:
        if self.modal is None:
            raise AssertionError(f"{self.name} has no modal open")
        return self.modal

    def _channel(self, reference: str) -> str:
        return channel_id(self._site, reference, self.id)

    def _place(self, message: Json) -> str:
        return self._site.workspace.channel_of(message["ts"]).id


def channel_id(site: Site, reference: str, user: str | None = None) -> str:
    """By name (`refunds`, `#refunds`), id, `@ana` for a direct message with the bot, or `dm` for one's own."""
    if reference == "dm" and user is not None:
        return site.workspace.im_of(user).id
    for channel in site.workspace.channels.values():
        names = (f"@{channel.name}",) if channel.kind == "im" else (channel.name, f"#{channel.name}")
        if reference in (channel.id, *names):
            return channel.id
    raise AssertionError(f"no channel {reference!r}; there are {sorted(site.workspace.channels)}")


def _buttons(surface: Json) -> list[tuple[str, Json, Json]]:
    """(label, block, element); a pair of feedback buttons counts as two, each with its own value."""
    found = []
    for block, element in elements(surface.get("blocks", [])):
        if element["type"] == "feedback_buttons":
            sides = (element["positive_button"], element["negative_button"])
            found += [(side["text"]["text"], block, {**element, "value": side["value"]}) for side in sides]
        elif element["type"] in {"button", "icon_button", "workflow_button"}:
            found.append((element["text"]["text"], block, element))
    return found


def _options(surface: Json) -> list[str]:
    return [
        option["text"]["text"]
        for _, element in elements(surface.get("blocks", []))
        for option in gestures.options_of(element)
    ]
