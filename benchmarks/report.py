"""What came out, as tables: one for each reference, as text for a terminal and as Markdown for docs/performance.md.

A figure is the median of its rounds. A ratio is that of the contenders of one round, which ran one after the other; the
median of those is shown, with the lowest and the highest. Above 1 means that Andon takes less.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from statistics import median

from benchmarks.harness import Contender, Figure, Result, Target, Unit

PACKAGES = ("langgraph", "langgraph-checkpoint-sqlite")
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text; the first row is the head."""

    rows: list[list[str]]

    def as_text(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows)
        return "\n".join(line.rstrip() for line in lines)

    def as_markdown(self) -> str:
        head, *rows = self.rows
        return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def tables(results: Sequence[Result]) -> list[Table]:
    """One table for each reference, in the order of the results."""
    by_reference = groupby(results, lambda result: result.workload.reference.name)
    return [_table(reference, list(group)) for reference, group in by_reference]


def _table(reference: str, results: Sequence[Result]) -> Table:
    head = ["", "Andon", reference, "ratio", f"best setting of {reference}", "ratio", "target"]
    rows = [_row(result, figure) for result in results for figure in result.workload.figures]
    used = [place for place, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    return Table([[row[place] for place in used] for row in [head, *rows]])


def _row(result: Result, figure: Figure) -> list[str]:
    workload = result.workload
    cells = [figure.work, _shown(result, workload.ours, figure), _shown(result, workload.reference, figure)]
    cells.append(_ratio(result, workload.reference, figure))
    best = min(workload.others, key=lambda other: median(result.values(other, figure)), default=None)
    if best is None:
        cells += ["", ""]
    else:
        cells += [f"{_shown(result, best, figure)} ({best.name})", _ratio(result, best, figure)]
    return [*cells, _verdict(result, figure)]


def _ratios(result: Result, other: Contender, figure: Figure) -> list[float]:
    pairs = zip(result.values(result.workload.ours, figure), result.values(other, figure), strict=True)
    return [theirs / ours for ours, theirs in pairs if ours]


def _ratio(result: Result, other: Contender, figure: Figure) -> str:
    ratios = _ratios(result, other, figure)
    if not ratios:
        return "-"
    return f"{_digits(median(ratios))}x ({_digits(min(ratios))} … {_digits(max(ratios))})"


def _verdict(result: Result, figure: Figure) -> str:
    match figure.target:
        case Target(ratio=float() | int() as least):
            met = median(_ratios(result, result.workload.reference, figure)) >= least
            return f"≥ {least:g}x: {'met' if met else 'missed'}"
        case Target(at_most=float() | int() as most):
            met = median(result.values(result.workload.ours, figure)) <= most
            return f"≤ {_amount(most, figure.unit)}: {'met' if met else 'missed'}"
        case _:
            return ""


def _shown(result: Result, contender: Contender, figure: Figure) -> str:
    return _amount(median(result.values(contender, figure)), figure.unit)


def _amount(value: float, unit: Unit) -> str:
    match unit:
        case "seconds":
            size, name = next(((size, name) for size, name in ((1, "s"), (1e-3, "ms")) if value >= size), (1e-6, "us"))
            return f"{_digits(value / size)} {name}"
        case "bytes":
            return f"{value:,.0f} B"
        case "times":
            return f"{_digits(value)}x"
        case "count":
            return _digits(value)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def circumstances(results: Sequence[Result]) -> str:
    """On what and with which versions it was measured, and what contenders had to say besides."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    said = [f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}."]
    for result in results:
        notes = {name: samples[-1].note for name, samples in result.samples.items() if samples[-1].note}
        said += [f"{name} loads {note}." for name, note in notes.items()]
    return "\n\n".join(said)


def write(path: Path, results: Sequence[Result]) -> None:
    """Replace what is between the markers of a Markdown file."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{path} has nothing between {BEGIN} and {END} to replace: put the two markers into it")
    parts = [circumstances(results), *(table.as_markdown() for table in tables(results))]
    path.write_text("\n\n".join([before + BEGIN, *parts, END + after]), encoding="utf-8")
