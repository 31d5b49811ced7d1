"""`make chaos`: a great many runs over every store, and what came of them.

    python -m tests.chaos --runs 1000                 # over each store
    python -m tests.chaos --only mongodb/sigkill/17   # one run again
    python -m tests.chaos --mutant claim --runs 100   # with a bug put in on purpose

Prints the counts of each store. Every violation comes with the name of its run; the exit code is 1 when there is one.
"""

import argparse
import asyncio
import logging
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from math import ceil
from typing import Final

from tests.chaos.kinds import run, write_seed
from tests.chaos.mutants import MUTANTS, mutated
from tests.chaos.runs import Result

STORES: Final = ("memory", "sqlite", "mongodb")
AT_ONCE: Final = 6
"""Runs that one process has under way: they wait a lot."""
PATIENCE: Final = 300.0
"""Seconds after which people give up: the others keep the machine busy."""
BATCH: Final = 24
MOST_WRITES: Final = 90
"""More than the short story has: the last ones find nobody dying."""
SHARES: Final = {
    "memory": {"current": 0.8, "halfway": 0.05, "race": 0.05, "stall": 0.1},
    "sqlite": {"current": 0.55, "halfway": 0.05, "race": 0.05, "stall": 0.05, "sigkill": 0.25, "outage": 0.05},
    "mongodb": {"current": 0.5, "halfway": 0.05, "race": 0.05, "stall": 0.1, "sigkill": 0.25, "outage": 0.05},
}
"""Of the runs that are left when the bot has died at every write."""
COUNTS: Final = ("runs", "kills", "stalls", "outages", "faults", "requests", "decisions", "attempts", "deliveries")


def names(store: str, runs: int) -> Iterator[str]:
    """So many runs over a store, or a few more, half of them at most the deaths at every write."""
    writes = [
        write_seed(write, landed=landed, stopped=stopped)
        for write in range(1, MOST_WRITES)
        for landed in (False, True)
        for stopped in (False, True)
    ][: runs // 2]
    yield from (f"{store}/write/{seed}" for seed in writes)
    for kind, share in SHARES[store].items():
        yield from (f"{store}/{kind}/{seed}" for seed in range(ceil((runs - len(writes)) * share)))


def batch(names: Sequence[str], mutant: str = "", patience: float = PATIENCE) -> list[Result]:
    """Do some runs in this process, a few at a time."""
    logging.disable()
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)  # killed before it began

    async def together() -> list[Result]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> Result:
            async with gate:
                try:
                    return await run(name, patience=patience)
                except Exception as error:  # noqa: BLE001 - told by its name, and the other runs go on
                    broken_off = "".join(traceback.format_exception(error))
                    return Result(name=name, violations=[f"broke off: {broken_off}"], counts=Counter(runs=1))

        return await asyncio.gather(*map(one, names))

    with mutated(mutant):
        return asyncio.run(together())


def main() -> int:
    """Run the command line; the exit code."""
    asked = _arguments()
    todo = [asked.only] if asked.only else list(chain.from_iterable(names(store, asked.runs) for store in asked.stores))
    began, counts, violations = time.monotonic(), {store: Counter[str]() for store in asked.stores}, 0
    with ProcessPoolExecutor(asked.jobs) as pool:
        batches = [pool.submit(batch, todo[at : at + BATCH], asked.mutant) for at in range(0, len(todo), BATCH)]
        for done in batches:
            for result in done.result():
                counts.setdefault(result.name.partition("/")[0], Counter()).update(result.counts)
                violations += bool(result.violations)
                for violation in result.violations:
                    print(f"{result.name}: {violation}", flush=True)
    for store, count in counts.items():
        print(f"{store:8}", *(f"{count[what]:,} {what}" for what in COUNTS), sep="  ")
    print(f"{len(todo):,} runs in {time.monotonic() - began:.0f} s, {violations:,} of them with a violation")
    return 1 if violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make chaos", description="Kill bots, and see that nothing is lost or doubled."
    )
    parser.add_argument("--runs", type=int, default=1000, help="over each store (default: 1000)")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--only", metavar="STORE/KIND/SEED", help="one run again, by its name")
    parser.add_argument("--mutant", choices=MUTANTS, default="", help="with a bug put in on purpose")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
