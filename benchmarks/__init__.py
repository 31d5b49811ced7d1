"""Andon beside LangGraph: the same programs on both, in turn. Figures to look at, not to pass.

    make bench                       all of it, within eight minutes
    python -m benchmarks --quick     a first impression, within two minutes
    python -m benchmarks pause       one workload
    python -m benchmarks --write     all of it, into docs/performance.md

A workload is a module with `WORKLOADS`; `harness` runs one, `report` shows what came out.
"""
