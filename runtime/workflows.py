"""The graphs that workflows and their tasks are: one node, which calls the function.

Their input and their result may be of any kind.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypedDict, TypeVar, get_args, get_origin

from runtime.engine.frames import Frame, Task, shown_place
from runtime.engine.run import Run
from runtime.graph.builder import StateGraph
from runtime.graph.compiled import CompiledGraph
from runtime.graph.jsonschemas import schema_of_type
from runtime.graph.nodes import Node
from runtime.graph.options import Options
from runtime.graph.state import Writes, copied
from runtime.types import END, START, Config

T = TypeVar("T")
S = TypeVar("S")

arguments: Final[ContextVar[tuple[tuple[Any, ...], dict[str, Any]]]] = ContextVar("andon_arguments")
"""Of the call of a task. Not stored: whoever runs the workflow again calls with them again."""


class Slots(TypedDict, total=False):
    """The state of a workflow."""

    given: Any
    value: Any
    """What it returned."""
    saved: Any
    """What the next call gets as `previous`."""


class Workflow(CompiledGraph):
    """What `@entrypoint` makes of a function: called like a graph, with any value as input and as result."""

    began_by: ClassVar = START
    """What starts it, in LangGraph's words."""
    returned_as: ClassVar = END
    """What its result is under in the `tasks` stream."""

    def __init__(self, graph: StateGraph, *, takes: Any = Any, returns: Any = Any, **options: Any) -> None:
        """`takes` and `returns`: types, as the function's annotations name them."""
        super().__init__(graph, **options)
        self._takes = takes
        self._returns = (*get_args(returns), Any)[0] if Returned in (returns, get_origin(returns)) else returns
        (self.only_writer,) = graph.nodes
        self.nodes[self.only_writer].triggers = (self.began_by,)

    def _run(self, config: Config | None, options: Options, *, inline: bool) -> Run:  # noqa: ARG002
        """Run the function in a thread of its own: readers of a stream see what tasks return while it waits."""
        return super()._run(config, options, inline=False)

    def get_input_jsonschema(self, config: Config | None = None) -> dict[str, Any]:  # noqa: ARG002
        """Return the JSON Schema of what the function takes."""
        return {"title": "LangGraphInput"} | schema_of_type(self._takes)

    def get_output_jsonschema(self, config: Config | None = None) -> dict[str, Any]:  # noqa: ARG002
        """Return the JSON Schema of what it returns."""
        return {"title": "LangGraphOutput"} | schema_of_type(self._returns)

    def updated(self, update: Any, where: str) -> Writes:  # noqa: ARG002 - any value will do
        """Take a value as if the function had returned it."""
        final = update if isinstance(update, Returned) else Returned(update, update)
        return [("value", final.value), ("saved", final.save)]

    def taken(self, given: Any, where: str) -> Writes:  # noqa: ARG002 - any input will do
        """Take the input as it is."""
        return [("given", given)]

    def output_of(self, values: Mapping[str, Any]) -> Any:
        """Return what the function returned."""
        return copied(values.get("value"))

    def shown_values(self, values: Mapping[str, Any]) -> Any:
        """Show what the function returned; None before it has."""
        return self.output_of(values)

    def shows(self, writes: Writes) -> bool:
        """Whether the function has returned."""
        return any(name == "value" for name, _ in writes)

    def shown_update(self, writes: Writes) -> Any:
        """Show what the function returned."""
        return dict(writes).get("value")

    def shown_input(self, node: Node, frame: Frame, task: Task) -> Any:  # noqa: ARG002
        """Show what the function is given."""
        return frame.values["given"]

    def result_of(self, writes: Writes) -> Any:
        """Return what the function returned; of the step that takes in the input, that."""
        written = dict(writes)
        return written.get("value", written.get("given"))

    def shown_result(self, writes: Writes) -> dict[str, Any]:
        """Show what the function returned."""
        return {self.returned_as: dict(writes)["value"]} if writes else {}


class Step(Workflow):
    """One task. What it returns shows among the updates of the workflow that calls it."""

    began_by = "__pregel_push"
    returned_as = "__return__"

    def shown_input(self, node: Node, frame: Frame, task: Task) -> Any:  # noqa: ARG002
        """Show what it is called with."""
        return arguments.get()

    def shows(self, writes: Writes) -> bool:  # noqa: ARG002
        """Nobody looks into it."""
        return False

    def shown_at(self, ns: str) -> str:
        """Show it where it was called."""
        return shown_place(ns)


@dataclass(frozen=True, slots=True)
class Returned(Generic[T, S]):
    """What a workflow returns to return one value and save another."""

    value: T
    save: S
