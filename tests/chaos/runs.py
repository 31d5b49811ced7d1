"""One run of chaos. Everything about it follows from its name, `store/kind/seed`, so a name is enough to do it again.

A run prepares a workspace, people and a store, lets its kind (`tests.chaos.kinds`) loose on them, and then looks until
all that was promised holds.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from bot.manifest import load_manifest
from bot.sandbox import Fault, Sandbox
from tests.chaos.bots import Site, trace_tasks
from tests.chaos.databases import Database, database
from tests.chaos.evidence import Evidence, gather
from tests.chaos.invariants import HOLD_AT_REST, NEVER_BROKEN, Invariant, broken
from tests.chaos.people import Crowd

LEASE_SECONDS: Final = {"memory": 0.5, "sqlite": 1.0, "mongodb": 3.0}
"""Short, so that a thread does not wait long for a process that has died; a busy server must still renew it in time."""
NOBODY_DIES: Final = 30.0, 0.1
"""Seconds of a lease that nobody has to wait for, and between two sweeps: bots look at what the others do."""
REST_SECONDS: Final = 30.0
"""How long it may take until all is as promised once nothing happens any more."""


@dataclass(slots=True, kw_only=True)
class Run:
    """The workspace, the people and the store of one run."""

    store: str
    kind: str
    seed: int
    chance: Random
    sandbox: Sandbox
    crowd: Crowd
    site: Site
    database: Database
    never_broken: tuple[Invariant, ...] = NEVER_BROKEN
    counts: Counter[str] = field(default_factory=Counter)

    def inject(self, faults: Sequence[Fault]) -> None:
        """Have Slack misbehave."""
        for fault in faults:
            self.sandbox.inject(fault)
        self.counts["faults"] += len(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run did, and what it found broken."""

    name: str
    violations: Sequence[str]
    counts: Counter[str]


@asynccontextmanager
async def prepared(name: str, patience: float) -> AsyncIterator[Run]:
    """Make all that a run needs but its bots. `patience`: seconds after which people give everything up."""
    store, kind, seed = name.split("/")
    chance = Random(name)
    async with (
        _folder() as folder,
        database(store, folder, may_go_away=kind == "outage") as opened,
        Sandbox(manifest=load_manifest(), event_retry_delays=(0.0, 0.1, 0.3)) as sandbox,
    ):
        trace_tasks()
        lease, sweep = NOBODY_DIES if kind == "race" else (LEASE_SECONDS[store], LEASE_SECONDS[store] / 4)
        environ = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
            "ANDON_DATA_DIR": str(folder),
            "ANDON_LEASE_SECONDS": str(lease),
            "ANDON_SWEEP_SECONDS": str(sweep),
        }
        book = folder / "book"
        book.touch()
        yield Run(
            store=store,
            kind=kind,
            seed=int(seed),
            chance=chance,
            sandbox=sandbox,
            crowd=Crowd(sandbox=sandbox, channel=chance.choice(("refunds", "shared")), seed=name, patience=patience),
            site=Site(environ=environ, book=book, address=opened.address),
            database=opened,
        )


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos") as folder:
        yield Path(folder)


async def look(run: Run) -> Evidence:
    """What there is now."""
    async with run.database.inspect() as store:
        return await gather(store, run.site.book, run.crowd)


async def at_rest(run: Run) -> tuple[Evidence, list[str]]:
    """Look until nothing is wrong any more. What must never be wrong ends it at once, and so does a long wait."""
    async with run.database.inspect() as store:
        seen = await gather(store, run.site.book, run.crowd)
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                while not broken(seen, *run.never_broken) and broken(seen, *HOLD_AT_REST):
                    await asyncio.sleep(0.05)  # other processes tell nobody when they have written something
                    seen = await gather(store, run.site.book, run.crowd)
        return seen, broken(seen, *run.never_broken, *HOLD_AT_REST)


def counted(run: Run, seen: Evidence) -> Counter[str]:
    """What went on in a run, in numbers."""
    return run.counts + Counter(
        runs=1,
        requests=len(seen.requests),
        decisions=sum(request.decision is not None for request in seen.requests),
        attempts=len(run.crowd.attempts),
        deliveries=len(run.sandbox.deliveries),
    )
