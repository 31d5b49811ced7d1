"""What a graph takes, returns and is told, as JSON Schemas: for forms, tools and API descriptions."""

from typing import TYPE_CHECKING, Any, NotRequired, Required

from runtime.errors import InvalidGraphError
from runtime.graph.state import unwrapped

if TYPE_CHECKING:
    from runtime.graph.state import Schema


def schema_of_state(schema: "Schema") -> dict[str, Any]:
    """Return the JSON Schema of a state, an input or an output. Raises `InvalidGraphError` where a type has none."""
    if schema.is_root or not hasattr(schema.cls, "__required_keys__"):
        return schema_of_type(schema.cls)
    return schema_of_type(_typed_dict(schema))


def schema_of_type(cls: Any) -> dict[str, Any]:
    """Return the JSON Schema of any type."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, and seldom needed
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError  # noqa: PLC0415

    try:
        return TypeAdapter(cls).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise InvalidGraphError(f"there is no JSON Schema of {cls!r}: {error}") from error


def _typed_dict(schema: "Schema") -> Any:
    """Return the same TypedDict in the form that pydantic takes on every Python, without what nobody writes."""
    from typing_extensions import TypedDict  # noqa: PLC0415 - comes with pydantic

    hints = {name: unwrapped(schema.hints[name]) for name in schema.channels}
    must = schema.cls.__required_keys__
    form = {name: (Required if name in must else NotRequired)[hint] for name, hint in hints.items()}
    return TypedDict(schema.cls.__name__, form)  # type: ignore[operator]  # made here
