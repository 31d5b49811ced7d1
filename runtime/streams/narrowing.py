"""`output_keys`: of what a call shows of the state, only these keys.

Of the stream `values`, a chunk that shows nothing new is left out; in `updates`, a node that wrote none of them shows
None.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from runtime.types import INTERRUPT

Keys: TypeAlias = str | Sequence[str]


def narrowed(state: Mapping[str, Any], keys: Keys) -> Any:
    """Return only these keys of a state or an update; of a single name: its value."""
    return state.get(keys) if isinstance(keys, str) else {key: state[key] for key in keys if key in state}


class Narrow:
    """What one reader gets to see of the root graph's state."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._names = {keys} if isinstance(keys, str) else set(keys)
        self._last: tuple[Any, ...] = ()

    def shown(self, mode: str, chunk: Any) -> tuple[Any, ...]:
        """Return the chunk as the reader gets it, or nothing where there is nothing to show."""
        if mode == "values":
            return self._values(chunk)
        return ({name: self._update(name, update) for name, update in chunk.items()} if mode == "updates" else chunk,)

    def _values(self, chunk: Mapping[str, Any]) -> tuple[Any, ...]:
        seen = narrowed(chunk, self._keys)
        if INTERRUPT in chunk:
            return ({**(seen if isinstance(seen, dict) else {}), INTERRUPT: chunk[INTERRUPT]},)
        if self._names.isdisjoint(chunk) or self._last == (seen,):
            return ()
        self._last = (seen,)
        return self._last

    def _update(self, name: str, update: Any) -> Any:
        if name.startswith("__") or not isinstance(update, Mapping):
            return update
        return None if self._names.isdisjoint(update) else narrowed(update, self._keys)
