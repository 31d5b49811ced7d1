"""What somebody left in the inputs of a form, put where it belongs among the values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.cards import schemas
from handlers.cards.ids import INPUT, NOTE
from handlers.cards.inputs import MISSING, Field
from handlers.cards.layout import Group, Row
from handlers.cards.model import INSIDE
from handlers.cards.plain import plain
from handlers.cards.reading import InvalidInputError, read_value
from handlers.cards.schemas import Fault, Schema
from handlers.cards.text import label

Values = dict[str, Any]
Errors = dict[str, str]
"""Words by block id, as Slack shows them beside the inputs."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A page's inputs, read."""

    values: Values
    """All of the form; where an input holds none for its field, the one from before."""
    errors: Errors
    branched: bool
    """Whether something was chosen that other fields follow from than are there."""


def element(state: Mapping[str, Any], block_id: str) -> object:
    """Slack's state of the one element in a block."""
    block = state.get(block_id)
    return block.get(INPUT) if isinstance(block, dict) else None


def fill(values: Mapping[str, Any], rows: Sequence[Row], state: Mapping[str, Any]) -> Filled:
    """The values with what a page's inputs hold. `state`: the view's `state.values`."""
    filled, errors, left = dict(values), dict[str, str](), set[tuple[str, ...]]()
    for row in rows:
        if any(row.path[: len(path)] == path for path in left):
            continue
        if isinstance(row, Group):
            filled = filled if row.loose else _begun(filled, row)
        elif row.fits:
            try:
                value = read_value(row, element(state, row.block_id))
            except InvalidInputError as error:
                errors[row.block_id] = str(error)
                continue
            if row.branch and value != row.initial:  # what follows on the page belongs to another variant
                left.add(row.path[:-1])
                filled = _put(filled, row.path[:-1], {row.name: value})
            elif not row.branch:
                filled = _put(filled, row.path, value)
    for row in rows:  # a group that is there now has everything it must have, also what was left empty
        if row.loose and isinstance(_get(filled, row.path[:-1]), dict):
            filled = _begun(filled, row)
    return Filled(filled, errors, branched=bool(left))


def _begun(values: Values, row: Row) -> Values:
    return _put(values, row.path, row.start) if _get(values, row.path) is MISSING else values


def faults(schema: Schema, values: Values, inputs: Sequence[Field], *, last: bool) -> Errors:
    """What the schema says about the values as a whole, at the inputs concerned."""
    return _beside(schemas.faults(schema, plain(values)), inputs, last=last)


def own_faults(schema: Schema, values: Values, inputs: Sequence[Field]) -> Errors:
    """What the validators of the schema's type say about values that fit it, at the inputs of the last page."""
    return _beside(schemas.own_faults(schema, values), inputs, last=True)


def _beside(found: Iterable[Fault], inputs: Sequence[Field], *, last: bool) -> Errors:
    """Each fault in words at the input concerned.

    What concerns none of them is said at the first one of the `last` page; before that, its page is still to come.
    """
    errors: Errors = {}
    for fault in found:
        exact = next((field for field in inputs if fault.path[: len(field.path)] == field.path), None)
        if exact is not None:
            errors.setdefault(exact.block_id, fault.words(len(exact.path)))
        elif last:
            first = _first_involved(fault, inputs)
            errors.setdefault(
                first.block_id if first else next((f.block_id for f in inputs), NOTE), _told(fault, first)
            )
    return errors


def _told(fault: Fault, beside: Field | None) -> str:
    """Words for a fault that has no input of its own: they say where it is, unless its rule names what is beside."""
    said = fault.words(len(fault.path))
    about = INSIDE.join(label(str(step)) for step in fault.path)
    return said if not about or (beside is not None and fault.involved) else f"{about}: {said}"


def _first_involved(fault: Fault, inputs: Sequence[Field]) -> Field | None:
    """The first input of the group that the fault is about, by preference one that the broken rule names."""
    depth = len(fault.path)
    inside = [field for field in inputs if field.path[:depth] == fault.path]
    return next((field for field in inside if field.path[depth] in fault.involved), next(iter(inside), None))


def _get(values: Any, path: Sequence[str]) -> Any:
    for key in path:
        values = values.get(key, MISSING) if isinstance(values, dict) else MISSING
    return values


def _put(values: Values, path: Sequence[str], value: Any) -> Values:
    """A copy with the value in its place; `MISSING` takes away what is there."""
    key, *rest = path
    if rest:
        inner = values.get(key)
        if not isinstance(inner, dict) and value is MISSING:
            return values
        value = _put(inner if isinstance(inner, dict) else {}, rest, value)
    if value is MISSING:
        return {name: item for name, item in values.items() if name != key}
    return {**values, key: value}
