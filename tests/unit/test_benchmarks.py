"""The benchmarks run, and what they compare is the same work; how long it takes is for people to look at."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import PAGE, WORKLOADS, run
from benchmarks.harness import Contender, DisagreementError, Figure, Sample, Target, Workload, measure
from benchmarks.report import BEGIN, END, tables, write


def always(seconds: float, answer: object = "same") -> Callable[[int], Awaitable[Sample]]:
    async def contender(_: int) -> Sample:
        return Sample({"work": seconds}, answer)

    return contender


def workload(theirs: Callable[[int], Awaitable[Sample]]) -> Workload:
    return Workload(
        figures=(Figure("work", "some work", target=Target(ratio=4)),),
        ours=Contender("Andon", always(0.001)),
        reference=Contender("LangGraph", theirs),
        others=(Contender("slow", always(0.5)), Contender("quick", always(0.002))),
        sizes=(3, 2, 1),
    )


@pytest.mark.timeout(300)  # some start processes, one after the other
@pytest.mark.parametrize("name", WORKLOADS)
async def test_a_workload_computes_the_same_on_all_contenders(name: str) -> None:
    results = await run([name], "smallest")
    figures = [figure for one in WORKLOADS[name] for figure in one.figures]
    assert len([row for table in tables(results) for row in table.rows[1:]]) == len(figures)


async def test_contenders_that_disagree_are_not_compared() -> None:
    with pytest.raises(DisagreementError, match="LangGraph: other"):
        await measure(workload(always(0.005, "other")), "smallest")


async def test_contenders_take_turns() -> None:
    order: list[str] = []

    def noting(name: str) -> Callable[[int], Awaitable[Sample]]:
        async def contender(_: int) -> Sample:
            order.append(name)
            return Sample({"work": 1.0}, None)

        return contender

    figures = (Figure("work", "some work"),)
    ours, theirs = Contender("A", noting("A")), Contender("B", noting("B"))
    await measure(Workload(figures=figures, ours=ours, reference=theirs, sizes=(3, 2, 1), rounds=(5, 2)), "quick")
    assert order == ["A", "B"] * 3  # the first two only warm up


async def test_the_table_shows_the_ratio_and_the_best_other_setting() -> None:
    (table,) = tables([await measure(workload(always(0.005)), "smallest")])
    ratios = ["5x (5 … 5)", "2 ms (quick)", "2x (2 … 2)", "≥ 4x: met"]
    assert table.rows[1] == ["some work", "1 ms", "5 ms", *ratios]


async def test_writing_replaces_what_is_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    results = [await measure(workload(always(0.005)), "smallest")]
    for _ in range(2):
        write(page, results)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert text.count("| some work | 1 ms |") == 1


def test_the_page_has_a_place_for_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)
