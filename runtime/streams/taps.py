"""Streams of subgraphs that a node's code reads, beside the stream of the whole run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runtime.engine.frames import is_below

if TYPE_CHECKING:
    from runtime.engine.run import Run

Emit = Callable[[str, str, Any], None]


class Taps:
    """Hands each chunk of a run to its own reader, and to those who read a part of it."""

    def __init__(self, emit: Emit | None, modes: frozenset[str]) -> None:
        self._emit = emit
        self._modes = modes
        self.readers: list[tuple[str, Sequence[str], Emit]] = []

    def __call__(self, ns: str, mode: str, chunk: Any) -> None:
        """Hand over one chunk."""
        if self._emit is not None and mode in self._modes:
            self._emit(ns, mode, chunk)
        for above, modes, put in tuple(self.readers):
            if mode in modes and (ns == above or is_below(ns, above)):
                put(ns, mode, chunk)


@contextmanager
def tap(run: "Run", ns: str, modes: Sequence[str], put: Emit) -> Iterator[None]:
    """Let somebody read what happens at a namespace and below."""
    if not isinstance(run.emit, Taps):
        run.emit = Taps(run.emit, run.modes)
    readers, reader = run.emit.readers, (ns, modes, put)
    readers.append(reader)
    if "messages" in modes:
        _overhear(run)
    run.modes |= frozenset(modes)
    try:
        yield
    finally:
        readers.remove(reader)


def _overhear(run: "Run") -> None:
    from runtime.streams.speech import Speech  # noqa: PLC0415 - most programs read other streams

    run.speech = run.speech or Speech(run, subgraphs=False)
    run.speech.tapped = True
