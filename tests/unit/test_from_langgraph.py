"""The page for people who move over names what there is."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/from-langgraph.md").read_text(encoding="utf-8")
HAZARDS = (ROOT / "tests/unit/runtime/test_hazards.py").read_text(encoding="utf-8")
IMPORTS = re.findall(r"^\| `from (langgraph[\w.]*) import ([\w, ]+)", PAGE, re.MULTILINE)


def test_every_hazard_has_a_line_and_every_line_a_test() -> None:
    told = re.findall(r"\| `(\w+)` \|$", PAGE, re.MULTILINE)
    tested = re.findall(r"^(?:async )?def test_(\w+)", HAZARDS, re.MULTILINE)
    assert told == tested


@pytest.mark.parametrize(("module", "names"), IMPORTS)
def test_what_is_imported_there_can_be_imported_here(module: str, names: str) -> None:
    here = import_module("runtime.prebuilt" if module.startswith("langgraph.prebuilt") else "runtime")
    assert [name for name in re.findall(r"\w+", names) if not hasattr(here, name)] == []
