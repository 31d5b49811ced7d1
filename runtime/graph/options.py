"""What a call of a graph may say besides its input and config: every option once, for all four ways to call.

The default of an option is where it is used. Checked before anything runs.
"""

import warnings
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

from runtime.surroundings import RunControl
from runtime.types import All, Durability, OnPending, StreamMode

Nodes: TypeAlias = Sequence[str] | All
MODES: Final = get_args(StreamMode)
RECURSION_LIMIT: Final = 10_000
LIVE: Final = frozenset({"messages", "custom", "tools"})
DURABILITIES: Final = get_args(Durability)


class Options(TypedDict, total=False):
    """Keyword arguments of `invoke`, `ainvoke`, `stream` and `astream`."""

    context: Any
    """What nodes get as `runtime.context`: an object of the graph's `context_schema`, or a mapping to make one of. Not
    stored: a call that resumes passes it again."""
    stream_mode: StreamMode | Sequence[StreamMode] | None
    """What to yield (`astream` lists the modes); `updates` for streams, `values` for `invoke`."""
    subgraphs: bool
    """Whether a stream yields `(namespace, chunk)`, with the chunks of subgraphs too."""
    version: Literal["v1", "v2"]
    """`v2`: every chunk of a stream is a dict that says what it is, and `invoke` returns a `GraphOutput`."""
    output_keys: str | Sequence[str] | None
    """Show only these keys of the state, in results and in `values` and `updates`; a single name: its value."""
    interrupt_before: Nodes | None
    """Stop in front of these nodes instead of those named at compile time; an empty list: nowhere."""
    interrupt_after: Nodes | None
    """Stop behind these nodes instead of those named at compile time; an empty list: nowhere."""
    durability: Durability
    """When a step is on disk; `async` unless said."""
    new_thread: bool
    """Whether the caller knows that the thread is new, so that nothing has to be read: a start is then one write. Where
    it exists after all, that write is refused with `ThreadBusyError`, and the nodes before the first pause have run."""
    debug: bool | None
    """Taken and not used: nothing is printed. The stream `debug` has it all."""
    checkpoint_during: bool
    """An older spelling: True is `durability="async"`, False `"exit"`."""
    control: RunControl | None
    """By which somebody outside may ask the call to stop after the step it is in: it raises `GraphDrained`."""
    on_pending: OnPending
    """What new input does to open questions: `abandon` (and say so), or `refuse` with `PendingInterruptError`."""


_KNOWN: Final = frozenset(Options.__annotations__)


def checked(options: Options) -> Options:
    """Find misspelt options, modes and values, and understand older spellings. Raises `TypeError`, `ValueError`."""
    if not options:
        return options
    if not _KNOWN.issuperset(options):
        unknown, known = min(options.keys() - _KNOWN), ", ".join(Options.__annotations__)
        raise TypeError(f"there is no option {unknown!r}; there are {known}")
    durability = options.get("durability", "async")
    if durability not in DURABILITIES:
        raise ValueError(f"durability is 'sync', 'async' or 'exit', not {durability!r}")
    wrong = "stream_mode" in options and [name for name in modes_of(options, "values") if name not in MODES]
    if wrong:
        raise ValueError(f"there is no stream mode {wrong[0]!r}; there are {', '.join(MODES)}")
    if "checkpoint_during" not in options:
        return options
    warnings.warn("checkpoint_during is now durability", DeprecationWarning, stacklevel=4)
    durability = "async" if options["checkpoint_during"] else "exit"
    return {"durability": durability, **options}


def modes_of(options: Options, default: StreamMode) -> Sequence[StreamMode]:
    """Return the stream modes asked for."""
    mode = options.get("stream_mode") or default
    return [mode] if isinstance(mode, str) else mode


def is_live(options: Options) -> bool:
    """Whether a stream has chunks that nodes send while they are at work."""
    return options.get("subgraphs", False) or not LIVE.isdisjoint(modes_of(options, "updates"))


def is_whole(options: Options) -> bool:
    """Whether `invoke` is asked for the state at the end rather than for chunks."""
    return options.get("stream_mode") in (None, "values")
