"""Two advisers plan a trip with a person, taking turns.

    /agent travel somewhere warm in the Caribbean

Shows a conversation with several agents. Each adviser is a node that answers, or hands over to the other one when it is
asked about the other's subject. Both share one `human` node, which shows what was said last, waits for the reply, and
returns to whoever is talking: the state knows, because every message of an adviser bears its name. The conversation
ends on "thanks" or "bye"; the next message after that goes on with the same adviser.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from runtime import END, Command, MessagesState, StateGraph, interrupt

Adviser = Literal["travel_adviser", "hotel_adviser"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resort:
    """A place to go to, and what the advisers know about it."""

    name: str
    wishes: frozenset[str]
    """What people say who would like it."""
    praise: str
    journey: str
    cheap: str
    fine: str


RESORTS = (
    Resort(
        name="Aruba",
        wishes=frozenset({"aruba", "caribbean", "warm", "sun", "beach", "beaches", "sea"}),
        praise="it is warm all year and the sea is calm",
        journey="Fly to Oranjestad, then it is ten minutes by bus",
        cheap="Casa Azul, from 70 EUR a night",
        fine="the Lighthouse, from 180 EUR a night",
    ),
    Resort(
        name="Zermatt",
        wishes=frozenset({"zermatt", "snow", "ski", "skiing", "mountains", "cold"}),
        praise="there is snow until May and no car drives through it",
        journey="Fly to Geneva, then take the train, which goes all the way",
        cheap="Pension Arve, from 90 EUR a night",
        fine="the Grand Chalet, from 310 EUR a night",
    ),
    Resort(
        name="Lisbon",
        wishes=frozenset({"lisbon", "city", "museums", "food", "music"}),
        praise="it has music in every street and the best custard tarts",
        journey="Fly to Lisbon, the underground leaves from the airport",
        cheap="Quarto da Ana, from 60 EUR a night",
        fine="the Palace of Stairs, from 220 EUR a night",
    ),
)
HOTELS = frozenset({"hotel", "hotels", "room", "rooms", "stay", "sleep"})
TRAVEL = frozenset({"travel", "flight", "flights", "fly", "train", "trains", "journey"})
FAREWELLS = frozenset({"thanks", "thank", "bye", "goodbye"})


def travel_adviser(state: MessagesState) -> Command[Literal["hotel_adviser", "human", "__end__"]]:
    """Suggest where to go and how to get there."""
    return advise(state, "travel_adviser", about_travel)


def hotel_adviser(state: MessagesState) -> Command[Literal["travel_adviser", "human", "__end__"]]:
    """Suggest where to stay."""
    return advise(state, "hotel_adviser", about_hotels)


def human(state: MessagesState) -> Command[Adviser]:
    """Show what the adviser said, and bring the reply to whoever is talking."""
    reply = interrupt(state["messages"][-1].content)
    return Command(update={"messages": [{"role": "user", "content": reply}]}, goto=active(state))


def active(state: MessagesState) -> Adviser:
    """Whose turn it is: the adviser who spoke last, and before anybody has spoken the one for travel."""
    names = (message.name for message in reversed(state["messages"]) if message.type == "ai")
    return next(names, "travel_adviser")


def advise(state: MessagesState, me: Adviser, answer: Callable[[str, Resort | None], str]) -> Command[Any]:
    """Hand over to the colleague whose subject it is, say goodbye, or answer and wait for a reply."""
    text = state["messages"][-1].content
    subject = asked(text)
    if subject and subject != me:
        return Command(goto=subject)
    if FAREWELLS & words(text) and "?" not in text:
        return say(me, "Have a good trip! Write here again whenever you like.", then=END)
    return say(me, answer(text, resort(state)), then="human")


def say(me: Adviser, text: str, *, then: str) -> Command[Any]:
    """Add to the conversation, under one's own name."""
    return Command(update={"messages": [{"role": "assistant", "name": me, "content": text}]}, goto=then)


def asked(text: str) -> Adviser | None:
    """Whose subject it is, if it is clearly one's."""
    if HOTELS & words(text):
        return "hotel_adviser"
    return "travel_adviser" if TRAVEL & words(text) else None


def resort(state: MessagesState) -> Resort | None:
    """The place that the person spoke of last."""
    said = (words(message.content) for message in reversed(state["messages"]) if message.type == "human")
    return next((place for spoken in said for place in RESORTS if place.wishes & spoken), None)


def words(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return set(re.findall(r"\w+", text.lower()))


def about_travel(text: str, place: Resort | None) -> str:
    """What the travel adviser says."""
    if place is None:
        return "What do you feel like: sun, snow or a city?"
    if TRAVEL & words(text):
        return f"{place.journey}. Do you need a hotel in {place.name}?"
    return f"How about {place.name}? I like that {place.praise}. Ask me about the journey, or about hotels."


def about_hotels(text: str, place: Resort | None) -> str:
    """What the hotel adviser says."""
    if place is None:
        return f"Where do you want to stay? I know {', '.join(place.name for place in RESORTS)}."
    if "cheap" in text.lower():
        return f"The best price in {place.name} is {place.cheap}. My colleague knows how to travel there."
    return f"In {place.name} I would choose {place.fine}. Something cheaper, or a word about the journey?"


graph = (
    StateGraph(MessagesState)
    .add_node(travel_adviser)
    .add_node(hotel_adviser)
    .add_node(human)
    .set_conditional_entry_point(active)
)
