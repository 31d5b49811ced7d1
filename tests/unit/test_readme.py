"""The README's code runs as pasted, and its tables name what there is."""

import re
from pathlib import Path

import pytest

from bot.settings import VARIABLES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_python_runs_as_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out == "Refund $40 for order 7?\nRefunded $25.50.\n"


def test_every_setting_is_in_the_table() -> None:
    table = README[README.index("## Settings") : README.index("## What holds")]
    assert {name for name in VARIABLES if f"`{name}`" in table} == set(VARIABLES)


def test_what_it_links_to_exists() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (Path(__file__).parents[2] / target).exists()] == []
