"""Runs contenders in turn, A B A B …, so that whatever else the machine does meets all of them alike.

A contender does one round and says what it measured and what the program computed. Every contender of a workload must
have computed the same: a fast wrong answer is no figure.
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TypeAlias, TypeVar

T = TypeVar("T")
Scale: TypeAlias = Literal["full", "quick", "smallest"]
Unit: TypeAlias = Literal["seconds", "bytes", "count", "times"]
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one contender."""

    figures: Mapping[str, float]
    """By name of the figure, in its unit; less is better."""
    answer: object
    """What the program computed."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who can do the work, at a given size."""

    name: str
    run: Callable[[int], Awaitable[Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What Andon is meant to reach: a ratio to the reference, or a value of its own, in the figure's unit."""

    ratio: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    work: str
    unit: Unit = "seconds"
    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The same work for several contenders: ours, the one to compare with, and that one's other settings."""

    figures: tuple[Figure, ...]
    ours: Contender
    reference: Contender
    others: tuple[Contender, ...] = ()
    sizes: tuple[int, int, int]
    """How much work a round is: full, quick, smallest."""
    rounds: tuple[int, int] = (7, 2)
    """How many rounds there are: full, quick."""

    @property
    def contenders(self) -> tuple[Contender, ...]:
        return (self.ours, self.reference, *self.others)


@dataclass(frozen=True, slots=True)
class Result:
    """All rounds of a workload, by contender's name; round n of one ran right beside round n of the others."""

    workload: Workload
    samples: Mapping[str, Sequence[Sample]]

    def values(self, contender: Contender, figure: Figure) -> list[float]:
        return [sample.figures[figure.name] for sample in self.samples[contender.name]]


class DisagreementError(Exception):
    """Two contenders computed different things, so that their times mean nothing."""

    def __init__(self, work: str, answers: Mapping[str, object]) -> None:
        said = "; ".join(f"{name}: {str(answer)[:300]}" for name, answer in answers.items())
        super().__init__(f"{work}: not the same work, compare what it computes before how fast. {said}")


async def measure(workload: Workload, scale: Scale) -> Result:
    """Run a workload, the first time at its smallest and without counting it: imports and caches are then warm."""
    full, quick, smallest = workload.sizes
    size = {"full": full, "quick": quick, "smallest": smallest}[scale]
    rounds = {"full": workload.rounds[0], "quick": workload.rounds[1], "smallest": 1}[scale]
    if scale != "smallest":
        await _round(workload, smallest)
    done = [await _round(workload, size) for _ in range(rounds)]
    return Result(workload, {name: [samples[name] for samples in done] for name in done[0]})


async def _round(workload: Workload, size: int) -> dict[str, Sample]:
    samples: dict[str, Sample] = {}
    for contender in workload.contenders:
        gc.collect()
        samples[contender.name] = await contender.run(size)
    answers = {name: sample.answer for name, sample in samples.items()}
    if any(answer != answers[workload.ours.name] for answer in answers.values()):
        raise DisagreementError(workload.figures[0].work, answers)
    return samples


async def timed(work: Awaitable[T]) -> tuple[float, T]:
    """Seconds that an awaitable took, and its result."""
    start = perf_counter()
    result = await work
    return perf_counter() - start, result


async def in_fresh_process(*arguments: str) -> Any:
    """What `python ARGUMENTS` prints, read as JSON. Bytecode is kept, as for anything that is installed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"python {' '.join(arguments)[:100]} failed; what it said is above")
    return json.loads(output)
