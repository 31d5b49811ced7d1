"""What an import costs: a fresh interpreter, and the names that a program with a question and a memory store needs."""

from functools import partial

from benchmarks.harness import Contender, Figure, Sample, Target, Workload, in_fresh_process

ANDON = "from runtime import Command, InMemorySaver, StateGraph, interrupt"
LANGGRAPH = """
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.types import Command, interrupt
"""
PROGRAM = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
{imports}
seconds = time.perf_counter() - start
names = {{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names
packages = sorted(name for name in names if not name.startswith("_"))
print(json.dumps({{"seconds": seconds, "modules": len(set(sys.modules) - before), "packages": packages}}))
"""


async def run(imports: str, _: int) -> Sample:
    seen = await in_fresh_process("-c", PROGRAM.format(imports=imports))
    return Sample({"seconds": seen["seconds"], "modules": seen["modules"]}, "imported", ", ".join(seen["packages"]))


WORKLOADS = (
    Workload(
        figures=(
            Figure("seconds", "import", target=Target(at_most=0.09)),
            Figure("modules", "import, modules loaded", "count"),
        ),
        ours=Contender("Andon", partial(run, ANDON)),
        reference=Contender("LangGraph", partial(run, LANGGRAPH)),
        sizes=(1, 1, 1),
    ),
)
