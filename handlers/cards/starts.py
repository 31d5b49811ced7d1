"""The modal that starts an agent on a message."""

import json
from collections.abc import Mapping
from typing import Any, Final

from handlers.cards import words
from handlers.cards.elements import labelled, text_input
from handlers.cards.filling import element
from handlers.cards.ids import START
from handlers.cards.literal import Block, plain_text
from handlers.cards.reading import InvalidInputError, read_text
from runtime.requests.agents import Agent

AGENT, PROMPT = "agent", "prompt"
"""Block ids of its inputs."""
MOST_AGENTS: Final = 100
LONGEST: Final = 3000


def start_view(agents: Mapping[str, Agent], text: str, place: Mapping[str, str]) -> dict[str, Any]:
    """The modal. `text`: what the message says; `place`: the conversation that the run will have."""
    return {
        "type": "modal",
        "callback_id": START,
        "private_metadata": json.dumps(dict(place)),
        "title": plain_text(words.ASK_AN_AGENT, 24),
        "submit": plain_text(words.START, 24),
        "close": plain_text(words.BACK, 24),
        "blocks": [
            labelled(AGENT, words.AGENT, _choice(agents)),
            labelled(PROMPT, words.PROMPT, text_input(text[:LONGEST], multiline=True), hint=words.PROMPT_HINT),
        ],
    }


def _choice(agents: Mapping[str, Agent]) -> Block:
    options: list[Block] = [
        {"text": plain_text(agent.title, 75), "value": name} for name, agent in list(agents.items())[:MOST_AGENTS]
    ]
    only = {"initial_option": options[0]} if len(options) == 1 else {}
    return {"type": "static_select", "options": options, "placeholder": plain_text(words.CHOOSE, 150), **only}


def read_start(values: Mapping[str, Any], agents: Mapping[str, Agent]) -> tuple[str, str] | dict[str, str]:
    """The agent and its task, or errors by block id."""
    given: Any = element(values, AGENT)
    option = given.get("selected_option") if isinstance(given, dict) else None
    name = str(option.get("value")) if isinstance(option, dict) else ""
    try:
        text = read_text(element(values, PROMPT))
    except InvalidInputError as error:
        return {PROMPT: str(error)}
    if name not in agents:
        return {AGENT: words.CHOOSE_AGENT}
    return (name, text) if text else {PROMPT: words.WRITE_PROMPT}


def read_place(metadata: str) -> dict[str, str]:
    """Read the place back; empty if it is none."""
    try:
        place = json.loads(metadata)
    except ValueError:
        return {}
    known = isinstance(place, dict) and all(isinstance(place.get(name), str) for name in ("team", "channel"))
    return {name: str(value) for name, value in place.items()} if known else {}
