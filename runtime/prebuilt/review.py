"""Tools that ask a person first, in the shapes of Agent Inbox.

The question is a list with one `HumanInterrupt`, its answer a list with one `HumanResponse`. Sources of both shapes:
https://github.com/langchain-ai/agent-inbox and `langgraph.prebuilt.interrupt` (as of LangGraph 1.2). The question
carries a schema of the answers that its config allows, so any other is refused and leaves it open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from runtime.engine.interrupts import interrupt
from runtime.errors import InvalidGraphError
from runtime.prebuilt.langchain import as_tool
from runtime.prebuilt.tools import AnyTool, Tool, validated
from runtime.types import Config


class ActionRequest(TypedDict):
    """A tool's name and the arguments to call it with."""

    action: str
    args: dict[str, Any]


class HumanInterruptConfig(TypedDict, total=False):
    """Which answers a person may give; what is not named is not allowed."""

    allow_ignore: bool
    allow_respond: bool
    allow_edit: bool
    allow_accept: bool


class HumanInterrupt(TypedDict):
    """What is put before a person."""

    action_request: ActionRequest
    config: HumanInterruptConfig
    description: str | None


class HumanResponse(TypedDict):
    """What the person answered."""

    type: Literal["accept", "ignore", "response", "edit"]
    args: str | ActionRequest | None
    """None for `accept` and `ignore`, the words of a `response`, the changed request of an `edit`."""


ALLOWED_BY: Final = {
    "accept": "allow_accept",
    "edit": "allow_edit",
    "response": "allow_respond",
    "ignore": "allow_ignore",
}
"""The key of the config that allows each type of response."""
EDITED_ARGS: Final = "EditedArgs"
"""Name, in the definitions of an answer's schema, of the schema of the tool's arguments."""
DEFAULT: Final[HumanInterruptConfig] = {"allow_accept": True, "allow_edit": True, "allow_respond": True}


def add_human_in_the_loop(
    tool: AnyTool | Callable[..., Any], *, interrupt_config: HumanInterruptConfig | None = None
) -> Tool:
    """Wrap a tool so that a person reviews every call before it runs.

    `accept` runs the tool, `edit` runs it with the person's arguments, a `response` goes to the model in place of a
    result, `ignore` tells the model that the tool was not run. Arguments that do not fit the tool are refused before a
    person is asked. Raises `InvalidGraphError` for a config that nobody could answer.
    """
    reviewed = as_tool(tool)
    config = _complete(DEFAULT if interrupt_config is None else interrupt_config)
    return _ReviewedTool(
        name=reviewed.name,
        description=reviewed.description,
        args_schema=reviewed.args_schema,
        return_direct=reviewed.return_direct,
        reviewed=reviewed,
        config=config,
        answers=_answers_schema(reviewed, config),
    )


@dataclass(frozen=True, kw_only=True)
class _ReviewedTool(Tool):
    reviewed: Tool
    config: HumanInterruptConfig
    answers: dict[str, Any]
    """JSON Schema of what may be answered."""

    def run(self, call: Mapping[str, Any], config: Config) -> Any:
        args = self._ask(call)
        return args if isinstance(args, str) else self.reviewed.invoke(_with_args(call, args), config)

    async def arun(self, call: Mapping[str, Any], config: Config) -> Any:
        args = self._ask(call)
        return args if isinstance(args, str) else await self.reviewed.ainvoke(_with_args(call, args), config)

    def _ask(self, call: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return the arguments to run the tool with, or what to say in place of running it."""
        validated(self.args_schema, call["args"])
        args = dict(call["args"])
        request: HumanInterrupt = {
            "action_request": {"action": self.name, "args": args},
            "config": self.config,
            "description": "Please review the tool call",
        }
        match interrupt([request], response_schema=self.answers)[0]:
            case {"type": "accept"}:
                return args
            case {"type": "edit", "args": {"args": dict() as edited}}:
                return edited
            case {"type": "response", "args": str() as words}:
                return words
            case _:
                return f"{self.name} was not run: the person who was asked chose to ignore this call."


def _with_args(call: Mapping[str, Any], args: dict[str, Any]) -> dict[str, Any]:
    return args if call["id"] is None else {**call, "args": args}


def _complete(config: HumanInterruptConfig) -> HumanInterruptConfig:
    """Name every key, as Agent Inbox expects."""
    if unknown := set(config) - set(ALLOWED_BY.values()):
        raise InvalidGraphError(f"interrupt_config has no {', '.join(sorted(unknown))}; it has {_KEYS}")
    if not any(config.values()):
        raise InvalidGraphError(f"interrupt_config allows no answer at all: set one of {_KEYS}")
    return {"allow_ignore": False, "allow_respond": False, "allow_edit": False, "allow_accept": False, **config}


_KEYS: Final = ", ".join(ALLOWED_BY.values())


def _answers_schema(tool: Tool, config: HumanInterruptConfig) -> dict[str, Any]:
    """Describe the answers that a config allows. What refers to definitions finds them at the top, as it expects."""
    args = dict(tool.schema)
    definitions: dict[str, Any] = {key: args.pop(key) for key in ("$defs", "definitions") if key in args}
    edited = {"action": {"const": tool.name}, "args": {"$ref": f"#/$defs/{EDITED_ARGS}"}}
    response = {
        "type": "object",
        "properties": {"type": {"enum": [kind for kind, key in ALLOWED_BY.items() if config.get(key)]}},
        "required": ["type"],
        "allOf": [
            _where("edit", {"type": "object", "properties": edited, "required": ["args"]}),
            _where("response", {"type": "string"}),
        ],
    }
    definitions["$defs"] = {**definitions.get("$defs", {}), EDITED_ARGS: args}
    return {"type": "array", "items": response, "minItems": 1, "maxItems": 1, **definitions}


def _where(kind: str, args: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
        "then": {"properties": {"args": args}, "required": ["args"]},
    }
