"""Draft an announcement, let people work on it, and publish it when they say so.

    /agent announce the office closes at noon on Friday

Shows how people review a text in as many rounds as they like, with buttons of the agent's own: a dict with `actions`
says what each button is called, what it asks for, and what `interrupt()` returns for it; `"$value"` stands for what the
person wrote. The graph goes in a circle, from the draft to the review and back, until the text is published or
discarded.
"""

from typing import Literal, TypedDict

from examples.effects import perform
from runtime import END, START, Command, StateGraph, idempotency_key, interrupt


class State(TypedDict):
    """One announcement on its way."""

    topic: str
    feedback: str
    """What should be different in the next draft; empty for the first one."""
    draft: str
    outcome: str


def write_draft(state: State) -> dict[str, str]:
    """Write the text: where another agent would ask a language model, this one has two templates and a rule."""
    topic = state["topic"].strip().rstrip(".")
    news = f"{topic[:1].upper()}{topic[1:]}."
    if "short" in state["feedback"].lower():
        return {"draft": news}
    more = f"\n\nPlease also note: {state['feedback']}" if state["feedback"] else ""
    return {"draft": f"Hello everyone,\n\n{news}{more}\n\nAny questions? Reply right here."}


def review(state: State) -> Command[Literal["publish", "review", "write_draft", "__end__"]]:
    """Let people publish, edit, send back or discard the draft."""
    draft = state["draft"]
    action, text = interrupt(
        {
            "question": "Publish this announcement?",
            "announcement": draft,
            "actions": [
                {"label": "Publish", "style": "primary", "resume": ["publish", draft]},
                {
                    "label": "Edit text",
                    "input": {"type": "string", "title": "Announcement", "default": draft, "maxLength": 2000},
                    "resume": ["edit", "$value"],
                },
                {"label": "Ask for another draft", "input": "text", "resume": ["redraft", "$value"]},
                {"label": "Discard", "resume": ["discard", ""]},
            ],
        }
    )
    match action:
        case "publish":
            return Command(goto="publish")
        case "edit":
            return Command(update={"draft": text}, goto="review")
        case "redraft":
            return Command(update={"feedback": text}, goto="write_draft")
        case _:
            return Command(update={"outcome": "The announcement was discarded. Nothing was published."}, goto=END)


def publish(state: State) -> dict[str, str]:
    """Put it on the notice board."""
    perform("announcement", idempotency_key(), text=state["draft"])
    return {"outcome": f"Published:\n\n{state['draft']}"}


graph = (
    StateGraph(State)
    .add_node(write_draft)
    .add_node(review)
    .add_node(publish)
    .add_edge(START, "write_draft")
    .add_edge("write_draft", "review")
    .add_edge("publish", END)
)
