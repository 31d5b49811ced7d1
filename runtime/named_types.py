"""JSON Schemas that name the type they were made of, so that its own validators can be asked before an answer counts.

A name is looked up among the modules that are loaded and never imported: it may have come from a store. Where it leads
nowhere (a class made within a function, another program), or to a class that describes something else by now, the
schema alone speaks, and whoever asked checks the answer once more in any case.
"""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

TYPE: Final = "x-python-type"
"""The keyword that names the type: `module:Class`."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a validator has against a value."""

    path: tuple[str | int, ...]
    """Where; empty for the value as a whole. May name the variant of a union on the way."""
    words: str


def schema_of(kind: Any) -> dict[str, Any]:
    """Describe a type, with its name where that leads back to it."""
    schema = TypeAdapter(kind).json_schema()
    name = f"{kind.__module__}:{kind.__qualname__}" if isinstance(kind, type) else ""
    return {**schema, TYPE: name} if name and _type_called(name) is kind else schema


def problems(schema: Mapping[str, Any], value: object) -> list[Problem]:
    """Ask the type that a schema names; nothing where there is none or it breaks. Runs code of the agent's program."""
    kind = _type_called(schema.get(TYPE))
    try:
        if kind is not None and schema_of(kind) == schema:
            TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return problems_of(error)
    except Exception:  # the program's own mistake, which the run tells when it makes it
        logger.exception("the validators of %s raised", schema.get(TYPE))
    return []


def problems_of(error: ValidationError) -> list[Problem]:
    """Say what is wrong in a validator's own words, where it has any."""
    return [Problem(tuple(problem["loc"]), _in_words(problem["msg"])) for problem in error.errors()]


def _in_words(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _type_called(name: object) -> type | None:
    """Find a loaded model or dataclass."""
    module, _, path = name.partition(":") if isinstance(name, str) else ("", "", "")
    found: object = sys.modules.get(module)
    for step in path.split("."):
        found = getattr(found, "__dict__", {}).get(step)
    if not isinstance(found, type):
        return None
    return found if issubclass(found, BaseModel) or is_dataclass(found) else None
