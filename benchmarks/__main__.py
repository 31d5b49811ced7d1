"""`python -m benchmarks`: what there is to run, and how much of it."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence

from benchmarks import cold, conversation, fanout, parked, pause, slack_side, startup, stores, superstep
from benchmarks.harness import ROOT, Result, Scale, Workload, measure
from benchmarks.report import circumstances, tables, write

WORKLOADS = {
    module.__name__.rpartition(".")[2]: module.WORKLOADS
    for module in (superstep, pause, conversation, fanout, parked, cold, startup, stores, slack_side)
}
PAGE = ROOT / "docs" / "performance.md"


def chosen(names: Sequence[str]) -> Iterator[Workload]:
    for name in names or WORKLOADS:
        yield from WORKLOADS[name]


async def run(names: Sequence[str], scale: Scale) -> list[Result]:
    results = []
    for workload in chosen(names):
        sys.stderr.write(f"{workload.figures[0].work} …\n")
        results.append(await measure(workload, scale))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Andon beside LangGraph, in turn.")
    parser.add_argument("names", nargs="*", metavar="workload", help=f"one of {', '.join(WORKLOADS)} (all of them)")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller rounds, within two minutes")
    parser.add_argument("--smallest", action="store_true", help="only see that everything runs and agrees")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    if unknown := set(options.names) - set(WORKLOADS):
        parser.error(f"there is no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    if options.write and (options.names or options.quick or options.smallest):
        parser.error("--write takes all workloads at full size, so that the page never shows half a run")
    scale: Scale = "smallest" if options.smallest else "quick" if options.quick else "full"
    results = asyncio.run(run(options.names, scale))
    shown = [circumstances(results), *(table.as_text() for table in tables(results))]
    sys.stdout.write("\n\n".join(shown) + "\n")
    if options.write:
        write(PAGE, results)


if __name__ == "__main__":
    main()
