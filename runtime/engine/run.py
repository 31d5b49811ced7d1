"""One call of a root graph: what all of its frames share, what its readers see, and when its records are saved.

With `durability="async"` a step's results are in the store before the next step begins, unless that would slow the run
down: waiting for the store may take a tenth of the run's time. What is left over is saved while nodes run.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from runtime.engine.frames import Task, as_interrupt, parent_of
from runtime.engine.journal import Journal
from runtime.types import INTERRUPT, Config, Durability

if TYPE_CHECKING:
    from runtime.cache import BaseCache
    from runtime.streams.speech import Speech
    from runtime.surroundings import RunControl

FREE_WAIT: Final = 0.005  # seconds; enough for the first steps of any run
WAIT_SHARE: Final = 0.1
SAVE_EVERY: Final = 0.02  # seconds


@dataclass(kw_only=True, eq=False)
class Run:
    """One call of a root graph."""

    journal: Journal
    config: Config
    store: Any = None
    """What nodes remember beside their threads, where there is any."""
    cache: "BaseCache | None" = None
    """Where results are kept of nodes that have a policy for it."""
    control: "RunControl | None" = None
    """By which somebody outside may ask the run to stop."""
    recursion_limit: int
    durability: Durability = "async"
    inline: bool
    """Whether a lone sync node may block the loop: true when a sync call owns the loop."""
    is_new: bool = False
    """Whether there is nothing of the thread to read."""
    before: frozenset[str] = frozenset()
    """Nodes of the root graph to stop in front of."""
    after: frozenset[str] = frozenset()
    modes: frozenset[str] = field(default=frozenset(), init=False)
    """Stream modes that somebody reads."""
    speech: "Speech | None" = field(default=None, init=False)
    """The `messages` stream, when somebody reads it."""
    emit: Callable[[str, str, Any], None] | None = field(default=None, init=False)
    """Takes namespace, mode and chunk; from any thread."""
    drained: Callable[[], Awaitable[None]] | None = field(default=None, init=False)
    """Awaited between steps: the reader of a stream sets the pace."""
    contexts: dict[str, Any] = field(default_factory=dict)
    """What nodes get as `runtime.context`, by the namespace from which on it counts."""
    stops: dict[str, int] = field(default_factory=dict, init=False)
    """The step that a frame cannot enter any more, by namespace."""
    failures: dict[str, Exception] = field(default_factory=dict, init=False)
    """Errors that a handler is to look at, by the id of the task that failed."""
    cancelled: bool = field(default=False, init=False)
    """Whether the call was cancelled while a thread that cannot be stopped was at work."""
    _announced: set[tuple[str, str]] = field(default_factory=set, init=False)
    _thread: int = field(default=0, init=False)
    """That of the run's own loop."""
    _started: float = field(default_factory=perf_counter, init=False)
    _waited: float = field(default=0.0, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _saving: "asyncio.Future[None] | None" = field(default=None, init=False)
    """The commit under way, or the one that failed and that nobody has heard of yet."""

    def context_at(self, ns: str) -> Any:
        """Return the context of a frame: its own call's, or that of the nearest graph above it."""
        place: str | None = ns
        while place is not None and place not in self.contexts:
            place = parent_of(place)
        return None if place is None else self.contexts[place]

    # Streams.

    def send(self, ns: str, mode: str, chunk: Any) -> None:
        """Give one chunk to whoever reads that mode."""
        if self.emit is not None and mode in self.modes:
            self.emit(ns, mode, chunk)

    def announce(self, ns: str, task: Task, values: Callable[[], Any], *, at: str | None = None) -> None:
        """Show the questions that a task waits on, once each, to those who read `updates` or `values` of `at`."""
        if self.emit is None:
            return
        for where, asking, question in self.journal.questions(ns, task):
            place = ns if at is None else at
            if (place, question.id) not in self._announced:
                self._announced.add((place, question.id))
                self.send_interrupts(place, (as_interrupt(where, asking, question),), values)

    def send_interrupts(self, ns: str, shown: tuple[Any, ...], values: Callable[[], Any]) -> None:
        """Say that the run waits; for nobody's answer when `shown` is empty, as at a static breakpoint."""
        self.send(ns, "updates", {INTERRUPT: shown})
        if "values" in self.modes:
            state = values()
            self.send(ns, "values", {**(state if isinstance(state, dict) else {}), INTERRUPT: shown})

    # Saving.

    def settle(self) -> None:
        """Be at home in this thread: not always the caller's, which may have a loop of its own, as in a notebook."""
        self._thread = threading.get_ident()

    def start(self) -> None:
        """Begin to save behind the nodes' backs."""
        if self.durability == "async" and self.journal.store is not None and not self.journal.never_waits:
            self._timer = asyncio.get_running_loop().call_later(SAVE_EVERY, self._tick)

    def _tick(self) -> None:
        self.save_soon()
        self.start()

    def save_soon(self) -> None:
        """Begin to save what there is, while the run goes on."""
        self.journal.seal()
        wanted = self.journal.pending and self.durability != "exit"
        if wanted and self._saving is None and self._at_home():
            self._saving = asyncio.ensure_future(self._commit())

    async def step_ended(self, *, worked: bool) -> None:
        """Keep the promise of the durability mode, and let a stream's reader catch up.

        `worked`: nodes have finished; a step that only took in the input is not worth a write of its own.
        """
        if self._is_due(worked=worked):
            await self._timed_save()
        else:
            self.journal.seal()
        if self.drained is not None and self._at_home():
            await self.drained()

    def _at_home(self) -> bool:
        """Whether this is the run's own loop, not that of a subgraph that a sync node has called."""
        return threading.get_ident() == self._thread

    def _may_wait(self) -> bool:
        return self._waited <= FREE_WAIT + WAIT_SHARE * (perf_counter() - self._started)

    def _is_due(self, *, worked: bool) -> bool:
        if self.journal.store is None:
            return False
        if self.durability == "async":
            return worked and (self.journal.never_waits or self._may_wait())
        return self.durability == "sync"

    async def _timed_save(self) -> None:
        if self._saving is None and self.journal.never_waits:
            await self.journal.commit()
            return
        begun = perf_counter()
        if self._at_home():
            await self.save()
        elif self._saving is None:
            await self.journal.commit()
        self._waited += perf_counter() - begun

    async def save(self) -> None:
        """Put everything recorded so far into the store, even when cancelled meanwhile. Raises `StoreError`."""
        if self._saving is None and self.journal.never_waits:
            await self.journal.commit()
            return
        while self._saving is not None or self.journal.pending:
            if self._saving is None and self.journal.finishes_appends:
                await self._commit_here()
            else:
                await self._commit_apart()

    async def _commit_here(self) -> None:
        """Commit without a task of its own; others of this run that want to save wait for it."""
        done = self._saving = asyncio.get_running_loop().create_future()
        try:
            await self.journal.commit()
        except Exception as error:
            done.set_exception(error)
            done.exception()  # if nobody waits for it, there is nothing to complain of
            raise
        finally:
            self._saving = None
            if not done.done():
                done.set_result(None)

    async def _commit_apart(self) -> None:
        """Commit in a task of its own, or wait for the one under way: nobody who is cancelled takes it along."""
        saving = self._saving = self._saving or asyncio.ensure_future(self._commit())
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            await asyncio.wait({saving})
            raise
        except Exception:
            self._saving = None
            raise

    async def _commit(self) -> None:
        await self.journal.commit()
        self._saving = None

    async def end(self) -> None:
        """Save what is left, and stop saving."""
        if self._timer is not None:
            self._timer.cancel()
        if self._saving is None and not self.journal.pending:
            return
        try:
            await self.save()
        except asyncio.CancelledError:
            await self.save()
            raise
